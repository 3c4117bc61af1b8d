//! Recurrent layers: plain, GRU and LSTM; several layers, both directions.
//!
//! What the time steps do not wait for are matrix products over all of them at once: the input's part of the gates'
//! sums, and behind the loop over time the gradients of weights and input ([`products`]). The loop itself is one
//! kernel for each layer, forward and backward ([`scan`]): samples and directions know nothing of each other, so each
//! has a workgroup, which keeps the hidden state in its own memory.
//!
//! The gates of all time steps lie in one buffer of a layer, `[samples][steps][directions][gates][H]`. They hold the
//! input's sums, then the gates, then the derivatives with respect to those sums. A second one,
//! `[samples][steps][directions][H]`, keeps the cell state of an LSTM, or the hidden side's part of a GRU's new gate.

mod products;
mod scan;

use tensorlet::description::{Cell, LayerInfo, Recurrence};

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation, unsupported},
    shader::{Region, Shader},
};

/// A stack of recurrent layers over sequences, or a single step of one.
#[derive(Debug)]
pub(in crate::gpu) struct Recurrent {
    sizes: Sizes,
    /// Whether it is a cell, whose parameters' names say neither layer nor direction.
    single: bool,
    layers: Vec<Memory>,
}

/// The sizes of a stack.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    cell: Cell,
    steps: u32,
    inputs: u32,
    hidden: u32,
    layers: usize,
    directions: u32,
}

/// What a layer keeps for the backward pass.
#[derive(Clone, Copy, Debug)]
struct Memory {
    gates: Region,
    kept: Region,
    /// The hidden states of all time steps.
    y: Region,
}

/// Bytes of workgroup memory that every GPU of the last ten years has; WebGPU promises half of it.
const WORKGROUP_BYTES: u32 = 32_768;

impl Sizes {
    const fn gate_count(&self) -> u32 {
        match self.cell {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Gru => 3,
            Cell::Lstm => 4,
        }
    }

    /// Gates of a direction: the columns of its weights.
    const fn gates(&self) -> u32 {
        self.gate_count() * self.hidden
    }

    /// Gates of all directions.
    const fn all_gates(&self) -> u32 {
        self.directions * self.gates()
    }

    /// An output row.
    const fn row(&self) -> u32 {
        self.directions * self.hidden
    }

    /// An input row of a layer.
    const fn width(&self, layer: usize) -> u32 {
        if layer == 0 { self.inputs } else { self.row() }
    }
}

impl Recurrent {
    /// # Errors
    /// A hidden state that is too large for a workgroup.
    pub(in crate::gpu) fn new(
        Recurrence { cell, hidden, layers, directions }: Recurrence,
        info: &LayerInfo,
        path: &str,
    ) -> Result<Self, OffloadError> {
        let dims = info.input.dims();
        let inputs = dims.last().copied().unwrap_or(1);
        let steps = info.input.numel() / inputs.max(1);
        let sizes = Sizes {
            cell,
            steps: steps as u32,
            inputs: inputs as u32,
            hidden: hidden as u32,
            layers,
            directions: directions as u32,
        };
        if 4 * scan::workgroup_words(&sizes) > WORKGROUP_BYTES {
            let reason = format!("a hidden state of {hidden} numbers does not fit into the memory of a workgroup");
            return Err(unsupported(info, path, &reason));
        }
        Ok(Self { sizes, single: dims.len() == 1, layers: Vec::new() })
    }

    /// The name of a parameter of a layer and direction.
    fn name(&self, name: &str, layer: usize, direction: u32) -> String {
        let reverse = if direction == 1 { "_reverse" } else { "" };
        if self.single { name.to_owned() } else { format!("{name}_l{layer}{reverse}") }
    }

    /// Gives the text `NAME(direction, i)`, which reads a parameter of a layer; 0 for a bias that there is not.
    fn parameter(&self, graph: &Graph<'_>, shader: &mut Shader, node: &Node, name: &str, layer: usize) {
        let regions = (0..self.sizes.directions)
            .filter_map(|direction| graph.parameter_region(node, &self.name(name, layer, direction)));
        let mut body = "return 0.0;".to_owned();
        for (direction, region) in regions.enumerate() {
            shader.reads(&format!("{name}_{direction}"), region);
            let all = format!("return {name}_{direction}(i);");
            body = if direction == 0 { all } else { format!("if direction == 1u {{ {all} }} {body}") };
        }
        shader.push(format!("fn {name}(direction: u32, i: u32) -> f32 {{ {body} }}"));
    }

    /// The same of four words at once.
    fn parameter4(&self, graph: &Graph<'_>, shader: &mut Shader, node: &Node, name: &str, layer: usize) {
        let mut body = String::new();
        for direction in (0..self.sizes.directions).rev() {
            if let Some(region) = graph.parameter_region(node, &self.name(name, layer, direction)) {
                shader.reads4(&format!("{name}4_{direction}"), region);
                let guard = if direction == 0 { "" } else { "if direction == 1u " };
                body = format!("{body}{guard}{{ return {name}4_{direction}(i); }} ");
            }
        }
        shader.push(format!("fn {name}4(direction: u32, i: u32) -> vec4<f32> {{ {body}}}"));
    }
}

impl Operation for Recurrent {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let sizes = self.sizes;
        let rows = node.rows * sizes.steps;
        let mut x = graph.values[node.x.0].region;
        for layer in 0..sizes.layers {
            let gates = graph.buffer(&format!("the gates of `{}`", node.path), rows * sizes.all_gates());
            let kept = match sizes.cell {
                Cell::Tanh | Cell::Relu => gates,
                _ => graph.buffer(&format!("the states of `{}`", node.path), rows * sizes.row()),
            };
            let last = layer + 1 == sizes.layers;
            let y = if last {
                graph.values[node.y.0].region
            } else {
                graph.buffer(&format!("the output of a layer of `{}`", node.path), rows * sizes.row())
            };
            let memory = Memory { gates, kept, y };
            products::input_sums(self, graph, node, (layer, x, gates));
            scan::forward(self, graph, node, layer, &memory);
            self.layers.push(memory);
            x = y;
        }
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(mut dy) = graph.gradient(node.y) else { return Ok(()) };
        let sizes = self.sizes;
        let rows = node.rows * sizes.steps;
        for (layer, memory) in self.layers.iter().enumerate().rev() {
            let x = match layer.checked_sub(1) {
                None => graph.values[node.x.0].region,
                Some(before) => self.layers[before].y,
            };
            scan::backward(self, graph, node, (layer, dy), memory);
            products::hidden_gradients(self, graph, node, layer, memory);
            products::input_weight_gradients(self, graph, node, (layer, x), memory);
            let mut shader = graph.shader(node, "backward");
            if layer > 0 {
                dy = graph.buffer(&format!("a gradient inside `{}`", node.path), rows * sizes.row());
                shader.writes("store_dx", dy);
            } else if !graph.gradient_of(&mut shader, node.x) {
                return Ok(());
            }
            products::input_gradient(self, graph, node, layer, memory, shader);
        }
        Ok(())
    }

    /// The hidden states of the last layer are read again.
    fn reads_output(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use tensorlet::{
        Shape,
        description::{Cell, LayerInfo, Op, Recurrence},
    };

    use super::Recurrent;

    #[test]
    fn a_hidden_state_that_does_not_fit_is_refused_by_name() {
        let of = |hidden| {
            let recurrence = Recurrence { cell: Cell::Lstm, hidden, layers: 1, directions: 1 };
            let (input, output) = (Shape::new(&[5, 3]), Shape::new(&[5, hidden]));
            let info = LayerInfo { op: Op::Recurrent(recurrence), input, output, parameters: &[], macs: 0 };
            Recurrent::new(recurrence, &info, "encoder.lstm")
        };
        // 10 words for each number: the state, its cell, and twice four gates.
        assert!(of(819).is_ok());
        let error = of(820).expect_err("too large").to_string();
        assert!(error.contains("`encoder.lstm` (LSTM)") && error.contains("820 numbers"), "{error}");
    }
}
