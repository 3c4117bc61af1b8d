//! The forward pass of a planned training alone, with its weights.

use std::collections::HashMap;

use tensorlet::{Element, Layer, Tensor};

use super::{
    Gpu, OffloadError,
    engine::{Engine, fetch},
    graph::{Graph, Mode},
    plan::{Plan, Recording},
    shader::{BufferId, Strides, Word},
};

/// The forward pass alone.
pub(super) struct Inference {
    plan: Plan,
    input: BufferId,
    output: BufferId,
    /// Words of an output of a batch, and of that of one network's.
    pub(super) words: u32,
    pub(super) stride: u32,
}

/// The words of a tensor on the device.
pub(super) fn words_of<X: Tensor>(x: &[X]) -> Vec<u32> {
    X::flat(x).iter().map(encode_element).collect()
}

/// A number as a word: floats as they are, integers as `u32`.
fn encode_element<E: Element>(x: &E) -> u32 {
    match bytemuck::bytes_of(x) {
        [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
        [a, b] => u32::from(u16::from_le_bytes([*a, *b])),
        [a] => u32::from(*a),
        _ => 0,
    }
}

/// The type of a tensor's words.
pub(super) fn word_of<X: Tensor>() -> Word {
    if <X::Elem as Element>::NAME == "F32" { Word::Float } else { Word::Integer }
}

impl Inference {
    pub(super) fn new<X: Tensor, N: Layer<X>>(gpu: &Gpu, engine: &Engine) -> Result<Self, OffloadError> {
        let mode = Mode { training: false, given_noise: false };
        let input = (word_of::<X>(), X::LEN as u32);
        let mut graph =
            Graph::new(const { &N::DESCRIPTION }, &engine.weights, (engine.copies, engine.batch), input, mode)?;
        graph.forward()?;
        let [parameters, settings] = engine.shared();
        let given = HashMap::from([(graph.fixed.parameters, parameters), (graph.fixed.settings, settings)]);
        let plan = Plan::new(gpu, &graph.buffers, &graph.kernels, (engine.copies, Strides::default()), &given)?;
        for (region, words) in &graph.uploads {
            gpu.queue.write_buffer(&plan.buffers[region.buffer.0], 0, bytemuck::cast_slice(words));
        }
        let (input, output) = (&graph.values[graph.input.0], &graph.values[graph.output.0]);
        Ok(Self {
            plan,
            input: input.region.buffer,
            output: output.region.buffer,
            words: output.words,
            stride: output.region.stride,
        })
    }

    /// The outputs of all networks for a batch, or for a part of one.
    pub(super) fn run(&self, gpu: &Gpu, x: &[u32], copies: u32) -> Result<Vec<f32>, OffloadError> {
        gpu.check()?;
        gpu.queue.write_buffer(&self.plan.buffers[self.input.0], 0, bytemuck::cast_slice(x));
        gpu.scoped("a forward pass", || {
            let encoder = self.plan.recorded(gpu, 1, Recording::OnePass);
            gpu.queue.submit([encoder.finish()])
        })?;
        fetch(gpu, &self.plan.buffers[self.output.0], 0, self.stride * copies)
    }
}
