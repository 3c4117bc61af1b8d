//! Normalisation inside a sample: of its last dimensions, of groups of channels, of each channel.

use tensorlet::description::LayerInfo;

use super::{SIZE, Sets};
use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    shader::Region,
    weights::aligned,
};

/// Sets of numbers that follow each other.
#[derive(Debug)]
pub(in crate::gpu) struct LayerNorm {
    form: Form,
    centered: bool,
    moments: Option<Region>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// Rows of so many numbers, each with its own weight.
    Rows(u32),
    /// The channels of each of so many groups; each channel has a weight.
    Groups(u32),
}

/// Most partial sums of a parameter's gradient, and fewest rows of one.
const MOST_PARTS: u32 = 64;
const LEAST_ROWS: u32 = 16;

impl LayerNorm {
    /// So many last dimensions of a sample, with their mean taken off or not.
    pub(in crate::gpu) fn rows(info: &LayerInfo, dims: usize, centered: bool) -> Self {
        let rank = info.input.rank();
        let len = (rank - dims..rank).map(|axis| info.input.dim(axis) as u32).product();
        Self { form: Form::Rows(len), centered, moments: None }
    }

    /// So many groups of channels.
    pub(in crate::gpu) const fn groups(groups: usize) -> Self {
        Self { form: Form::Groups(groups as u32), centered: true, moments: None }
    }

    fn sets(&self, node: &Node) -> Sets {
        let (len, weight) = match self.form {
            Form::Rows(len) => (len, "e".to_owned()),
            Form::Groups(groups) => {
                let channels = node.info.input.dim(0) as u32;
                let (own, plane) = (channels / groups, node.input() / channels);
                (node.input() / groups, format!("s % {groups}u * {own}u + e / {plane}u"))
            }
        };
        let count = node.rows * node.input() / len;
        Sets { count, len, place: format!("s * {len}u + e"), weight, centered: self.centered }
    }

    /// Writes the kernel of the gradients of weight and bias: sums over all numbers that share one.
    fn parameter_gradients(&self, graph: &mut Graph<'_>, node: &Node, (dy, moments): (Region, Region)) {
        // The parameters, the numbers of each, where those lie and in which set.
        let sets = self.sets(node);
        let (count, terms, place, set) = match self.form {
            Form::Rows(len) => (len, sets.count, format!("t * {len}u + j"), "t".to_owned()),
            Form::Groups(groups) => {
                let channels = node.info.input.dim(0) as u32;
                let (own, plane) = (channels / groups, node.input() / channels);
                let place = format!("(t / {plane}u * {channels}u + j) * {plane}u + t % {plane}u");
                (channels, node.rows * plane, place, format!("t / {plane}u * {groups}u + j / {own}u"))
            }
        };
        let (alone, least) = match self.form {
            // Neighbouring invocations have neighbouring numbers of a row.
            Form::Rows(_) => (true, LEAST_ROWS),
            // The numbers of a channel follow each other.
            Form::Groups(_) => (false, LEAST_ROWS * SIZE),
        };
        let parts = (terms / least).clamp(1, MOST_PARTS);
        let (each, step) = (terms.div_ceil(parts), aligned(count));
        let mut shader = graph.shader(node, "gradients of weight and bias");
        let (mut sums, mut totals, mut stores) = (String::new(), String::new(), String::new());
        for (name, term) in
            [("weight", "dy_at(i) * (x_at(i) - moment_at(2u * s)) * moment_at(2u * s + 1u)"), ("bias", "dy_at(i)")]
        {
            if let Some(to) = graph.parameter_gradient(node, name, parts) {
                shader.writes(&format!("set_d{name}"), to);
                sums += &format!("d{name} += {term};\n");
                totals += &format!("d{name} = total(lane, d{name});\n");
                stores += &format!("set_d{name}(piece * {step}u + j, d{name});\n");
            }
        }
        if stores.is_empty() {
            return;
        }
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("dy_at", dy);
        shader.reads("moment_at", moments);
        let add = format!("let i = {place};\nlet s = {set};\n{sums}");
        let begin = |item: &str| {
            format!(
                "let j = {item} % {count}u;\nlet piece = {item} / {count}u;\nvar dweight = 0.0;\nvar dbias = 0.0;\n\
                 let end = min({terms}u, (piece + 1u) * {each}u);\n"
            )
        };
        graph.kernels.push(if alone {
            let body = format!("{}for (var t = piece * {each}u; t < end; t++) {{\n{add}}}\n{stores}", begin("i"));
            shader.each(count * parts, &body)
        } else {
            let body = format!(
                "{}for (var t = piece * {each}u + lane; t < end; t += {SIZE}u) {{\n{add}}}\n\
                 {totals}if lane == 0u {{\n{stores}}}",
                begin("row")
            );
            shader.each_group(SIZE, count * parts, &body)
        });
    }
}

impl Operation for LayerNorm {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let shader = graph.shader(node, "forward");
        self.moments = Some(self.sets(node).forward(graph, node, shader, ""));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let (Some(dy), Some(moments)) = (graph.gradient(node.y), self.moments) else { return Ok(()) };
        self.parameter_gradients(graph, node, (dy, moments));
        self.sets(node).backward(graph, node, (dy, moments));
        Ok(())
    }
}
