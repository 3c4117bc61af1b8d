//! Tables of vectors, one for each token.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation, unsupported},
    shader::Word,
    weights::aligned,
};

/// The row of a table for each token.
#[derive(Debug)]
pub(in crate::gpu) struct Embedding;

/// Most partial sums of the table's gradient, and fewest tokens of one.
const MOST_PARTS: u32 = 16;
const LEAST_TOKENS: u32 = 64;
/// Invocations that are enough for a GPU.
const ENOUGH: u32 = 1 << 16;

impl Operation for Embedding {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let tokens = graph.values[node.x.0].region;
        if tokens.word != Word::Integer {
            return Err(unsupported(node.info, &node.path, "its tokens are not the inputs of the network"));
        }
        let len = node.output() / node.input();
        let mut shader = graph.shader(node, "forward");
        shader.reads("token_at", tokens);
        graph.parameter(&mut shader, node, "weight");
        graph.output(&mut shader, node);
        let body = format!("store_y(i, weight_at(token_at(i / {len}u) * {len}u + i % {len}u));");
        graph.kernels.push(shader.each(node.rows * node.output(), &body));
        Ok(())
    }

    /// Each number of the table looks for its token, so that the order of the sum is always the same.
    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let (tokens, len) = (node.rows * node.input(), node.output() / node.input());
        let words = node.info.parameters.iter().map(|parameter| parameter.shape.numel() as u32).sum::<u32>();
        let parts = (ENOUGH / words.max(1)).min(tokens / LEAST_TOKENS).clamp(1, MOST_PARTS);
        let Some(to) = graph.parameter_gradient(node, "weight", parts) else { return Ok(()) };
        let mut shader = graph.shader(node, "gradient of weight");
        shader.reads("token_at", graph.values[node.x.0].region);
        shader.reads("dy_at", dy);
        shader.writes("set_dweight", to);
        graph.setting(&mut shader, &node.path, "padding_idx");
        let each = tokens.div_ceil(parts);
        let body = format!(
            "let j = i % {words}u;\nlet piece = i / {words}u;\nlet token = j / {len}u;\nvar sum = 0.0;\n\
             if f32(token) != padding_idx() {{\n\
             for (var t = piece * {each}u; t < min({tokens}u, (piece + 1u) * {each}u); t++) {{\n\
             if token_at(t) == token {{ sum += dy_at(t * {len}u + j % {len}u); }}\n}}\n}}\n\
             set_dweight(piece * {}u + j, sum);",
            aligned(words)
        );
        graph.kernels.push(shader.each(words * parts, &body));
        Ok(())
    }
}
