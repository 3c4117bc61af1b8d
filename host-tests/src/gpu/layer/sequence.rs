//! Sequences: positions that are added, and one vector for all time steps.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    shader::Word,
    weights::aligned,
};

/// `x + weight`, the same for each sample.
#[derive(Debug)]
pub(in crate::gpu) struct LearnedPositions;

/// Sines and cosines of the position added.
#[derive(Debug)]
pub(in crate::gpu) struct PositionalEncoding;

/// One vector of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gpu) enum OneStep {
    /// The last one.
    Last,
    /// The mean of all.
    Mean,
}

/// Most partial sums of a gradient, and fewest samples of one.
const MOST_PARTS: u32 = 64;
const LEAST_SAMPLES: u32 = 16;

impl Operation for LearnedPositions {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        graph.parameter(&mut shader, node, "weight");
        graph.output(&mut shader, node);
        let body = format!("store_y(i, x_at(i) + weight_at(i % {}u));", node.input());
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let (rows, len) = (node.rows, node.input());
        let parts = (rows / LEAST_SAMPLES).clamp(1, MOST_PARTS);
        if let Some(to) = graph.parameter_gradient(node, "weight", parts) {
            let mut shader = graph.shader(node, "gradient of weight");
            shader.reads("dy_at", dy);
            shader.writes("set_dweight", to);
            let body = format!(
                "let j = i % {len}u;\nlet piece = i / {len}u;\nvar sum = 0.0;\n\
                 for (var r = piece * {each}u; r < min({rows}u, (piece + 1u) * {each}u); r++) {{ sum += dy_at(r * {len}u + j); }}\n\
                 set_dweight(piece * {}u + j, sum);",
                aligned(len),
                each = rows.div_ceil(parts)
            );
            graph.kernels.push(shader.each(len * parts, &body));
        }
        graph.pass_on(node.x, dy, &node.path);
        Ok(())
    }
}

impl Operation for PositionalEncoding {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let base = graph.planned_setting(node, "base");
        let table = graph.buffer_of("positions", Word::Float, node.input(), true);
        graph.uploads.push((table, encoding(base, node).iter().map(|x| x.to_bits()).collect()));
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("position_at", table);
        graph.output(&mut shader, node);
        let body = format!("store_y(i, x_at(i) + position_at(i % {}u));", node.input());
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        if let Some(dy) = graph.gradient(node.y) {
            graph.pass_on(node.x, dy, &node.path);
        }
        Ok(())
    }
}

/// What is added to a sample, as the host computes it.
fn encoding(base: f32, node: &Node) -> Vec<f32> {
    use tensorlet::math::{cos, pow, sin};
    let [steps, features] = [0, 1].map(|axis| node.info.input.dim(axis));
    let number = |i: usize| {
        let (t, j) = (i / features, i % features);
        let angle = t as f32 * pow(base, -((j - j % 2) as f32 / features as f32));
        if j.is_multiple_of(2) { sin(angle) } else { cos(angle) }
    };
    (0..steps * features).map(number).collect()
}

impl Operation for OneStep {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let (len, steps) = (node.output(), node.input() / node.output());
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        graph.output(&mut shader, node);
        let body = match self {
            Self::Last => format!("store_y(i, x_at((i / {len}u * {steps}u + {}u) * {len}u + i % {len}u));", steps - 1),
            Self::Mean => format!(
                "var sum = 0.0;\n\
                 for (var t = 0u; t < {steps}u; t++) {{ sum += x_at((i / {len}u * {steps}u + t) * {len}u + i % {len}u); }}\n\
                 store_y(i, sum * {:?});",
                1.0 / steps as f32
            ),
        };
        graph.kernels.push(shader.each(node.rows * len, &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let (len, all) = (node.output(), node.input());
        let steps = all / len;
        let mut shader = graph.shader(node, "backward");
        shader.reads("dy_at", dy);
        if graph.gradient_of(&mut shader, node.x) {
            let dy = format!("dy_at(i / {all}u * {len}u + i % {len}u)");
            let body = match self {
                Self::Last => format!("store_dx(i, select(0.0, {dy}, i / {len}u % {steps}u == {}u));", steps - 1),
                Self::Mean => format!("store_dx(i, {dy} * {:?});", 1.0 / steps as f32),
            };
            graph.kernels.push(shader.each(node.rows * all, &body));
        }
        Ok(())
    }
}
