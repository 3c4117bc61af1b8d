//! Softmax, its logarithm, and softmin, along any axis.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
};

/// Each line of numbers along an axis by its own sum.
#[derive(Debug)]
pub(in crate::gpu) struct Softmax {
    axis: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gpu) enum Kind {
    /// `exp(x) / Σ exp(x)`
    Share,
    /// Its logarithm.
    Logarithm,
    /// The share of the negative numbers.
    Negative,
}

/// The smallest number, less than which only `-∞` is.
pub(super) const LEAST: &str = "-3.40282347e38";

/// Most invocations for a line.
const SIZE: u32 = 256;

impl Softmax {
    pub(in crate::gpu) const fn new(axis: usize, kind: Kind) -> Self {
        Self { axis, kind }
    }

    /// Numbers of a line and from one to the next, and the number of all lines.
    fn lines(&self, node: &Node) -> [u32; 3] {
        let shape = node.info.input;
        let len = shape.dim(self.axis) as u32;
        let inner = (self.axis + 1..shape.rank()).map(|axis| shape.dim(axis) as u32).product();
        [len, inner, node.rows * node.input() / len]
    }

    /// The text of a loop over a line.
    fn each(len: u32, inner: u32, body: &str) -> String {
        format!(
            "for (var e = lane; e < {len}u; e += {}u) {{\nlet i = (row / {inner}u * {len}u + e) * {inner}u + row % {inner}u;\n{body}\n}}\n",
            lanes(len)
        )
    }
}

/// Invocations for so many numbers.
pub(super) fn lanes(numbers: u32) -> u32 {
    numbers.next_power_of_two().clamp(1, SIZE)
}

impl Operation for Softmax {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let [len, inner, count] = self.lines(node);
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        graph.output(&mut shader, node);
        let (x, y) = match self.kind {
            Kind::Share => ("x_at(i)", "exp_(x_at(i) - most) / sum"),
            Kind::Logarithm => ("x_at(i)", "x_at(i) - most - ln_(sum)"),
            Kind::Negative => ("-x_at(i)", "exp_(-x_at(i) - most) / sum"),
        };
        let body = format!(
            "var own = {LEAST};\n{}let most = largest(lane, own);\nvar part_sum = 0.0;\n{}\
             let sum = total(lane, part_sum);\n{}",
            Self::each(len, inner, &format!("own = max(own, {x});")),
            Self::each(len, inner, &format!("part_sum += exp_({x} - most);")),
            Self::each(len, inner, &format!("store_y(i, {y});"))
        );
        graph.kernels.push(shader.each_group(lanes(len), count, &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let [len, inner, count] = self.lines(node);
        let mut shader = graph.shader(node, "backward");
        if !graph.gradient_of(&mut shader, node.x) {
            return Ok(());
        }
        shader.reads("y_at", graph.values[node.y.0].region);
        shader.reads("dy_at", dy);
        let (term, dx) = match self.kind {
            Kind::Share => ("dy_at(i) * y_at(i)", "y_at(i) * (dy_at(i) - all)"),
            Kind::Logarithm => ("dy_at(i)", "dy_at(i) - exp_(y_at(i)) * all"),
            Kind::Negative => ("dy_at(i) * y_at(i)", "y_at(i) * (all - dy_at(i))"),
        };
        let body = format!(
            "var own = 0.0;\n{}let all = total(lane, own);\n{}",
            Self::each(len, inner, &format!("own += {term};")),
            Self::each(len, inner, &format!("store_dx(i, {dx});"))
        );
        graph.kernels.push(shader.each_group(lanes(len), count, &body));
        Ok(())
    }

    fn reads_output(&self) -> bool {
        true
    }
}
