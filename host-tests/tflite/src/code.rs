//! The network in Rust.

use std::fmt::{self, Write as _};

use crate::{
    Options, Rust, float_layers,
    graph::Graph,
    layers::{Layer, Quantized, image, layers, tensor},
    names,
    operator::{Float, Kind},
    plan::Plan,
};

/// Writes a network.
pub(crate) fn write(graph: &Graph<'_>, options: &Options<'_>, source: &str) -> Rust {
    let plan = Plan::new(graph);
    let mut bytes = Vec::new();
    let layers = layers(graph, options, &mut bytes);
    let mut code = String::new();
    let result = Writer { graph, options, plan: &plan, layers: &layers, bytes: bytes.len() }.write(&mut code, source);
    // Writing to a string cannot fail.
    debug_assert!(result.is_ok());
    Rust { code, static_name: names::screaming(options.name), weights: bytes, words: plan.words, macs: macs(graph) }
}

/// Multiplications of all layers with weights.
fn macs(graph: &Graph<'_>) -> u64 {
    let of = |step: &crate::graph::Step<'_>| match &step.kind {
        Kind::Conv2d { weights, .. } | Kind::DepthwiseConv2d { weights, .. } => {
            let [rows, columns, _] = image(&graph.activations[step.output].shape);
            (rows * columns * weights.weight.len()) as u64
        }
        Kind::ConvTranspose2d { weights, .. } => {
            let [rows, columns, _] = image(&graph.activations[step.inputs[0]].shape);
            (rows * columns * weights.weight.len()) as u64
        }
        Kind::Linear { weights } => weights.weight.len() as u64,
        Kind::Float(Float::Conv2d { weights, .. }) => {
            let [rows, columns, _] = image(&graph.activations[step.output].shape);
            (rows * columns * weights.weight.len()) as u64
        }
        Kind::Float(Float::Linear { weights }) => weights.weight.len() as u64,
        _ => 0,
    };
    graph.steps.iter().map(of).sum()
}

struct Writer<'w, 'a> {
    graph: &'w Graph<'a>,
    options: &'w Options<'w>,
    plan: &'w Plan,
    layers: &'w [Layer],
    /// In the file of constants.
    bytes: usize,
}

impl Writer<'_, '_> {
    fn write(&self, code: &mut String, source: &str) -> fmt::Result {
        self.head(code, source)?;
        self.constants(code)?;
        for layer in self.layers {
            let Layer { alias, written, about, .. } = layer;
            writeln!(code, "\n/// {about}\npub type {alias} = {written};")?;
        }
        self.network(code)
    }

    fn head(&self, code: &mut String, source: &str) -> fmt::Result {
        let Options { packing, weights, .. } = self.options;
        write!(
            code,
            "// Made by tensorlet-tflite {} from {source}. Do not edit: generate it anew.\n\n\
             #[allow(unused_imports, reason = \"not every network needs all\")]\n\
             use tensorlet::{{\n    Error, Kernels, Slide,\n    \
             ops,\n    quantized::{{self, Arena, Fused, Quantization}},\n    sliding,\n}};\n\n\
             /// The instruction set for which the weights lie in flash.\npub type Packing = {packing};\n\n",
            env!("CARGO_PKG_VERSION"),
        )?;
        if self.bytes > 0 {
            write!(
                code,
                "/// All weights, biases and scales; only the compiler reads them.\n\
                 const BYTES: &[u8] = include_bytes!({weights:?});\n\n"
            )?;
        }
        Ok(())
    }

    fn constants(&self, code: &mut String) -> fmt::Result {
        let (graph, name) = (self.graph, self.options.name);
        for (what, number) in [("Input", graph.input), ("Output", graph.output)] {
            let activation = &graph.activations[number];
            let (made, tensor) = (names::comment(&activation.name), tensor(activation));
            let (lower, upper) = (what.to_lowercase(), what.to_uppercase());
            writeln!(code, "/// The {lower}, `{made}`.\npub type {what} = {tensor};")?;
            if let Some(quantization) = activation.quantization.map(Quantized) {
                writeln!(code, "/// What the integers of the {lower} stand for.")?;
                writeln!(code, "pub const {upper}: Quantization = {quantization};")?;
            }
            writeln!(code)?;
        }
        writeln!(code, "/// Words of the activations, wherever they live at the same time.")?;
        writeln!(code, "pub const ACTIVATION_WORDS: usize = {};", self.plan.words)?;
        writeln!(code, "/// Words of the arena: the activations, and behind them the scratch of each layer.")?;
        writeln!(code, "pub const ARENA_WORDS: usize = quantized::arena_words(&[\n    ACTIVATION_WORDS,")?;
        for layer in self.layers {
            let (step, alias) = (&graph.steps[layer.step], &layer.alias);
            if !matches!(step.kind, Kind::Two { .. } | Kind::Concat { .. } | Kind::Float(_)) {
                let (input, scratch) = (self.shape(step.inputs[0]), self.plan.scratch[layer.step]);
                writeln!(code, "    quantized::end_of_scratch::<{input}, {alias}>({scratch}),")?;
            }
        }
        write!(
            code,
            "]);\n/// Bytes of the arena.\npub const ARENA_BYTES: usize = 4 * ARENA_WORDS;\n\
             /// Bytes of flash for weights, biases, scales and tables.\n\
             pub const FLASH_BYTES: usize = size_of::<{name}>();\n\
             /// Multiplications of weights for one output.\npub const MACS: usize = {};\n",
            macs(graph)
        )
    }

    /// The call of a layer of floats.
    fn float(&self, code: &mut String, field: &str, number: usize, float: &Float) -> fmt::Result {
        let (step, places) = (&self.graph.steps[number], &self.plan.places);
        let to = places[step.output];
        let input = float_layers::input(&self.graph.activations[step.inputs[0]], float);
        match step.inputs[..] {
            [_, b] if self.plan.in_place[number] => {
                writeln!(code, "        arena.sum_onto::<{}, {to}, {input}>(k, &self.{field});", places[b])
            }
            [a, b] => {
                let [a, b] = [a, b].map(|input| places[input]);
                writeln!(code, "        arena.sum::<{a}, {b}, {to}, {input}>(k, &self.{field});")
            }
            [from] => writeln!(code, "        arena.layer::<{}, {to}, {input}>(k, &self.{field});", places[from]),
            _ => Ok(()),
        }
    }

    fn shape(&self, activation: usize) -> String {
        tensor(&self.graph.activations[activation])
    }

    fn network(&self, code: &mut String) -> fmt::Result {
        let (name, graph, plan) = (self.options.name, self.graph, self.plan);
        let upper = names::screaming(name);
        write!(
            code,
            "\n/// The network: its layers in the order in which they are computed.\n\
             #[derive(Clone, Copy, Debug, PartialEq)]\n\
             #[allow(missing_docs, reason = \"the types of the layers say what they are\")]\npub struct {name} {{\n"
        )?;
        for Layer { field, alias, .. } in self.layers {
            writeln!(code, "    pub {field}: {alias},")?;
        }
        write!(
            code,
            "}}\n\n/// The network, prepared by the compiler.\npub static {upper}: {name} = {name}::NEW;\n\n\
             impl {name} {{\n    /// The network with the weights of the file.\n    \
             #[allow(long_running_const_eval, reason = \"the compiler packs all weights and proves all sums\")]\n    \
             pub const NEW: Self = Self {{\n"
        )?;
        for Layer { field, value, .. } in self.layers {
            writeln!(code, "        {field}: {value},")?;
        }
        let (input, output) = (plan.places[graph.input], plan.places[graph.output]);
        write!(
            code,
            "    }};\n\n    /// Where [`run`](Self::run) finds the input.\n    ///\n    /// # Errors\n    \
             /// [`Error::WorkspaceTooSmall`]: the arena has fewer than [`ARENA_WORDS`].\n    \
             #[inline]\n    pub fn input(arena: &mut [f32]) -> Result<&mut Input, Error> {{\n        \
             Arena::<ARENA_WORDS>::new(arena)?.into_mut::<{input}, Input>()\n    }}\n\n    \
             /// The output for an input, which is copied into the arena.\n    ///\n    /// # Errors\n    \
             /// [`Error::WorkspaceTooSmall`]: the arena has fewer than [`ARENA_WORDS`].\n    #[inline]\n    \
             pub fn infer<'a, K: Kernels>(&self, k: K, input: &Input, arena: &'a mut [f32]) -> Result<&'a Output, Error> {{\n        \
             *Self::input(arena)? = *input;\n        self.run(k, arena)\n    }}\n\n    \
             /// The output for the input that is in the arena already, and does not stay there.\n    ///\n    \
             /// # Errors\n    /// [`Error::WorkspaceTooSmall`]: the arena has fewer than [`ARENA_WORDS`].\n    \
             pub fn run<'a, K: Kernels>(&self, k: K, arena: &'a mut [f32]) -> Result<&'a Output, Error> {{\n        \
             let mut arena = Arena::<ARENA_WORDS>::new(arena)?;\n"
        )?;
        for Layer { field, step: number, .. } in self.layers {
            let step = &graph.steps[*number];
            let (to, scratch) = (plan.places[step.output], plan.scratch[*number]);
            let inputs: Vec<_> = step.inputs.iter().map(|&input| (plan.places[input], self.shape(input))).collect();
            if let Kind::Float(float) = &step.kind {
                self.float(code, field, *number, float)?;
                continue;
            }
            match &inputs[..] {
                [(a, first), (b, _)] if plan.in_place[*number] => {
                    debug_assert_eq!(*a, to);
                    writeln!(code, "        arena.step_onto::<{b}, {to}, {first}>(k, &self.{field});")?;
                }
                parts if matches!(step.kind, Kind::Concat { .. }) => {
                    let places: String = parts.iter().map(|(place, _)| format!("{place}, ")).collect();
                    let types: String = parts.iter().map(|(_, shape)| format!("{shape}, ")).collect();
                    let (count, made) = (parts.len(), self.shape(step.output));
                    writeln!(
                        code,
                        "        arena.concat{count}::<{places}{to}, {types}{made}, _, _, _>(k, &self.{field});"
                    )?;
                }
                [(a, first), (b, second)] => {
                    let made = self.shape(step.output);
                    writeln!(
                        code,
                        "        arena.step2::<{a}, {b}, {to}, {first}, {second}, {made}>(k, &self.{field});"
                    )?;
                }
                [(from, shape), ..] => {
                    writeln!(code, "        arena.step::<{from}, {to}, {scratch}, {shape}>(k, &self.{field});")?;
                }
                [] => {}
            }
        }
        let fields: Vec<&str> = self.layers.iter().map(|layer| &layer.field[..]).collect();
        write!(
            code,
            "        arena.into_ref::<{output}, Output>()\n    }}\n}}\n\n\
             tensorlet::quantized_network!(\n    {name} {{\n        {},\n    }}: Input => Output,\n    \
             ARENA_WORDS,\n    MACS\n);\n",
            fields.join(",\n        ")
        )
    }
}
