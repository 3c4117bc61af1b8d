//! Values as they are: the node of a sum, and two values side by side.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation, ValueId},
};

/// The same words; what is added to them the node knows.
#[derive(Debug)]
pub(in crate::gpu) struct Copy {
    pub(in crate::gpu) words: u32,
}

impl Operation for Copy {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "copy");
        shader.reads("x_at", graph.values[node.x.0].region);
        graph.output(&mut shader, node);
        graph.kernels.push(shader.each(self.words, "store_y(i, x_at(i));"));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        if let Some(dy) = graph.gradient(node.y) {
            graph.pass_on(node.x, dy, &node.path);
        }
        Ok(())
    }
}

/// Each sample of the first value, then that of the second.
#[derive(Debug)]
pub(in crate::gpu) struct Concat {
    pub(in crate::gpu) second: ValueId,
    /// Words of both in a batch.
    pub(in crate::gpu) words: [u32; 2],
}

impl Concat {
    /// For both: the value, words of a sample, and where they begin in a joined sample of so many words.
    fn parts(&self, node: &Node) -> [(ValueId, u32, u32); 2] {
        let [first, second] = self.words.map(|words| words / node.rows);
        [(node.x, first, 0), (self.second, second, first)]
    }
}

impl Operation for Concat {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let [(_, a, _), (_, b, _)] = self.parts(node);
        let mut shader = graph.shader(node, "concat");
        shader.reads("first_at", graph.values[node.x.0].region);
        shader.reads("second_at", graph.values[self.second.0].region);
        graph.output(&mut shader, node);
        let body = format!(
            "let s = i / {both}u;\nlet j = i % {both}u;\n\
             if j < {a}u {{ store_y(i, first_at(s * {a}u + j)); }} else {{ store_y(i, second_at(s * {b}u + j - {a}u)); }}",
            both = a + b
        );
        graph.kernels.push(shader.each(self.words[0] + self.words[1], &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let parts = self.parts(node);
        let both = parts[0].1 + parts[1].1;
        for (value, words, from) in parts {
            let mut shader = graph.shader(node, "split");
            shader.reads("dy_at", dy);
            if graph.gradient_of(&mut shader, value) {
                let body = format!("store_dx(i, dy_at(i / {words}u * {both}u + {from}u + i % {words}u));");
                graph.kernels.push(shader.each(node.rows * words, &body));
            }
        }
        Ok(())
    }
}
