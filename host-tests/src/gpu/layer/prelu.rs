//! The rectifier whose slope is learned.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    weights::aligned,
};

/// `max(x, 0) + weight · min(x, 0)`, one weight for each channel or one for all.
#[derive(Debug)]
pub(in crate::gpu) struct PRelu;

/// Invocations of a workgroup, fewest numbers of a partial sum, most partial sums.
const SIZE: u32 = 256;
const LEAST_NUMBERS: u32 = 16 * SIZE;
const MOST_PARTS: u32 = 64;

/// Weights, and numbers of a sample that share one.
fn sizes(node: &Node) -> [u32; 2] {
    let weights = node.info.parameters.iter().map(|parameter| parameter.shape.numel() as u32).sum::<u32>().max(1);
    [weights, node.input() / weights]
}

impl Operation for PRelu {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let [weights, plane] = sizes(node);
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        graph.parameter(&mut shader, node, "weight");
        graph.output(&mut shader, node);
        let body =
            format!("let x = x_at(i);\nstore_y(i, select(weight_at(i / {plane}u % {weights}u) * x, x, x > 0.0));");
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let [weights, plane] = sizes(node);
        let terms = node.rows * plane;
        let parts = (terms / LEAST_NUMBERS).clamp(1, MOST_PARTS);
        if let Some(to) = graph.parameter_gradient(node, "weight", parts) {
            let mut shader = graph.shader(node, "gradient of weight");
            shader.reads("x_at", graph.values[node.x.0].region);
            shader.reads("dy_at", dy);
            shader.writes("set_dweight", to);
            let body = format!(
                "let j = row % {weights}u;\nlet piece = row / {weights}u;\nvar own = 0.0;\n\
                 for (var t = piece * {each}u + lane; t < min({terms}u, (piece + 1u) * {each}u); t += {SIZE}u) {{\n\
                 let i = (t / {plane}u * {weights}u + j) * {plane}u + t % {plane}u;\n\
                 own += select(dy_at(i) * x_at(i), 0.0, x_at(i) > 0.0);\n}}\n\
                 let sum = total(lane, own);\nif lane == 0u {{ set_dweight(piece * {}u + j, sum); }}",
                aligned(weights),
                each = terms.div_ceil(parts)
            );
            graph.kernels.push(shader.each_group(SIZE, weights * parts, &body));
        }
        let mut shader = graph.shader(node, "backward");
        if graph.gradient_of(&mut shader, node.x) {
            shader.reads("x_at", graph.values[node.x.0].region);
            shader.reads("dy_at", dy);
            graph.parameter(&mut shader, node, "weight");
            let body = format!(
                "let slope = select(weight_at(i / {plane}u % {weights}u), 1.0, x_at(i) > 0.0);\n\
                 store_dx(i, dy_at(i) * slope);"
            );
            graph.kernels.push(shader.each(node.rows * node.input(), &body));
        }
        Ok(())
    }
}
