//! A network's description, made into kernels for a batch.
//!
//! The description is walked once: every layer becomes a [`Node`] with its input and output *values*. An
//! activation whose derivative follows from its value becomes part of the node before it, and so does the sum
//! of a residual. Then the kernels are written: forward in order, backward in reverse.
//!
//! The gradient of a value is written by those who use the value, one after the other in reverse order: the
//! first puts, the others add, and the last multiplies by the derivative of the activation that the value
//! came through. What begins as a copy of another gradient, as in a residual, is read from there.

mod access;
mod walk;

use tensorlet::{Description, description::LayerInfo, layer::Pass};

use walk::Context;

use super::{
    OffloadError,
    activation::Function,
    shader::{BufferId, Kernel, Region, Shader, Word},
    weights::{Weights, aligned},
};

/// A value by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gpu) struct ValueId(pub(in crate::gpu) usize);

/// What a layer gives for a batch.
#[derive(Debug)]
pub(in crate::gpu) struct Value {
    pub(in crate::gpu) region: Region,
    /// Words of the whole batch.
    pub(in crate::gpu) words: u32,
    /// Whether its gradient is wanted: something before it is trained.
    pub(in crate::gpu) wanted: bool,
    /// Who uses it and has not yet added to its gradient.
    uses: u32,
    /// The function that it came through last.
    function: Option<Function>,
    gradient: Gradient,
}

/// What is known of a value's gradient so far.
#[derive(Clone, Copy, Debug)]
enum Gradient {
    Nothing,
    /// It equals what lies there, which belongs to another value.
    Alias(Region),
    /// It lies there.
    Own(Region),
}

/// A layer of the network.
#[derive(Debug)]
pub(in crate::gpu) struct Node {
    pub(in crate::gpu) info: &'static LayerInfo,
    pub(in crate::gpu) path: String,
    pub(in crate::gpu) x: ValueId,
    pub(in crate::gpu) y: ValueId,
    /// What is added to the layer's output, before its function.
    add: Option<ValueId>,
    function: Option<Function>,
    /// Samples of the layer in a batch: more than those of the network where it is applied at each time step.
    pub(in crate::gpu) rows: u32,
    pub(in crate::gpu) training: bool,
    pub(in crate::gpu) trained: bool,
    /// Where its random numbers come from.
    pub(in crate::gpu) seed: Seed,
    operation: Option<Box<dyn Operation>>,
}

impl Node {
    /// Words of an input sample.
    pub(in crate::gpu) fn input(&self) -> u32 {
        self.info.input.numel() as u32
    }

    /// Words of an output sample.
    pub(in crate::gpu) fn output(&self) -> u32 {
        self.info.output.numel() as u32
    }
}

/// What a layer computes.
pub(in crate::gpu) trait Operation: std::fmt::Debug {
    /// Writes the kernels of the forward pass.
    ///
    /// # Errors
    /// What the layer cannot do on a device.
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError>;

    /// Writes those of the backward pass: gradients of parameters, and of the input by one call of
    /// [`Graph::gradient_of`].
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError>;

    /// Whether the backward pass reads the output as the layer gave it, so that no function may be put behind.
    fn reads_output(&self) -> bool {
        false
    }
}

/// How the seed of a layer follows from that of a step: `a · seed + b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gpu) struct Seed {
    a: u64,
    b: u64,
}

impl Seed {
    const STEP: Self = Self { a: 1, b: 0 };

    /// The map that [`Pass::first`] and [`Pass::behind`] apply.
    fn then(self, f: impl Fn(Pass) -> Pass) -> Self {
        let at = |seed: u64| f(Pass { seed, ..Pass::NEW }).seed;
        let (b, a) = (at(0), at(1).wrapping_sub(at(0)));
        Self { a: a.wrapping_mul(self.a), b: a.wrapping_mul(self.b).wrapping_add(b) }
    }

    fn first(self) -> Self {
        self.then(Pass::first)
    }

    fn behind(self) -> Self {
        self.then(Pass::behind::<tensorlet::layer::Identity>)
    }

    /// The seed of a layer in the step with this one.
    pub(in crate::gpu) fn of(self, step: u64) -> u64 {
        self.a.wrapping_mul(step).wrapping_add(self.b)
    }
}

/// Random numbers of a layer.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct Noise {
    pub(in crate::gpu) path: String,
    pub(in crate::gpu) seed: Seed,
    pub(in crate::gpu) region: Region,
    pub(in crate::gpu) words: u32,
    /// The place of its generator's state among the numbers of a step, in noises.
    pub(in crate::gpu) number: u32,
}

/// A buffer that a plan has to make.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct BufferSpec {
    pub(in crate::gpu) what: String,
    /// Words of one network.
    pub(in crate::gpu) words: u32,
    /// Whether all networks share it.
    pub(in crate::gpu) shared: bool,
}

/// Where a part of the gradient of a parameter lies: `count` sums one behind the other, that have to be added up.
#[derive(Clone, Copy, Debug)]
pub(in crate::gpu) struct Run {
    pub(in crate::gpu) slot: usize,
    pub(in crate::gpu) offset: u32,
    pub(in crate::gpu) count: u32,
}

/// What kernels take for granted of a setting, of every network.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct Premise {
    pub(in crate::gpu) place: u32,
    /// The value that it has; any number if there is none.
    pub(in crate::gpu) value: Option<f32>,
    /// What else there is to say.
    pub(in crate::gpu) otherwise: OffloadError,
}

impl Premise {
    /// Whether these settings of a network are so.
    ///
    /// # Errors
    /// [`OffloadError::Unsupported`] where they are not.
    pub(in crate::gpu) fn check(&self, settings: &[f32]) -> Result<(), OffloadError> {
        let given = settings.get(self.place as usize).copied().unwrap_or(f32::NAN);
        let holds = self.value.map_or(!given.is_nan(), |value| value.to_bits() == given.to_bits());
        if holds { Ok(()) } else { Err(self.otherwise.clone()) }
    }
}

/// The buffers that every plan has.
#[derive(Clone, Copy, Debug)]
pub(in crate::gpu) struct Fixed {
    pub(in crate::gpu) parameters: BufferId,
    pub(in crate::gpu) settings: BufferId,
    pub(in crate::gpu) gradients: BufferId,
    /// What changes from step to step: see [`update`](super::update).
    pub(in crate::gpu) numbers: BufferId,
    /// `[steps begun, steps ended]`
    pub(in crate::gpu) control: BufferId,
}

/// What a network's kernels are for.
#[derive(Clone, Copy, Debug)]
pub(in crate::gpu) struct Mode {
    pub(in crate::gpu) training: bool,
    /// Whether random numbers come from the host.
    pub(in crate::gpu) given_noise: bool,
}

/// A network as kernels, while they are written.
#[derive(Debug)]
pub(in crate::gpu) struct Graph<'a> {
    pub(in crate::gpu) weights: &'a Weights,
    pub(in crate::gpu) copies: u32,
    pub(in crate::gpu) batch: u32,
    pub(in crate::gpu) fixed: Fixed,
    pub(in crate::gpu) buffers: Vec<BufferSpec>,
    pub(in crate::gpu) values: Vec<Value>,
    nodes: Vec<Node>,
    pub(in crate::gpu) kernels: Vec<Kernel>,
    pub(in crate::gpu) runs: Vec<Run>,
    /// Words of all gradients.
    pub(in crate::gpu) gradient_words: u32,
    pub(in crate::gpu) noises: Vec<Noise>,
    /// Whether random numbers come from the host.
    pub(in crate::gpu) given_noise: bool,
    /// What buffers hold from the beginning.
    pub(in crate::gpu) uploads: Vec<(Region, Vec<u32>)>,
    /// Running statistics: the number of the parameter, and the place of the setting that is the share of a batch.
    pub(in crate::gpu) running: Vec<(usize, u32)>,
    /// What kernels take for granted of settings.
    pub(in crate::gpu) premises: Vec<Premise>,
    pub(in crate::gpu) input: ValueId,
    pub(in crate::gpu) output: ValueId,
}

impl<'a> Graph<'a> {
    /// Walks a network with inputs of these words.
    ///
    /// # Errors
    /// The first layer that cannot be offloaded.
    pub(in crate::gpu) fn new(
        description: &'static Description,
        weights: &'a Weights,
        (copies, batch): (u32, u32),
        (word, words): (Word, u32),
        Mode { training, given_noise }: Mode,
    ) -> Result<Self, OffloadError> {
        let mut buffers = Vec::new();
        let mut fixed = |what: &str, words, shared| {
            buffers.push(BufferSpec { what: what.to_owned(), words, shared });
            BufferId(buffers.len() - 1)
        };
        let fixed = Fixed {
            parameters: fixed("all parameters", weights.words, false),
            settings: fixed("all settings", (weights.settings.len() as u32).max(1), false),
            gradients: fixed("all gradients", 0, false),
            numbers: fixed("the numbers of each step", 0, true),
            control: fixed("the number of the step", 4, true),
        };
        let inputs = walk::product("the inputs of a batch", batch, words as usize)?;
        let nothing = ValueId(0);
        let mut graph = Self {
            weights,
            copies,
            batch,
            fixed,
            buffers,
            values: Vec::new(),
            nodes: Vec::new(),
            kernels: Vec::new(),
            runs: Vec::new(),
            gradient_words: 0,
            noises: Vec::new(),
            given_noise,
            uploads: Vec::new(),
            running: Vec::new(),
            premises: Vec::new(),
            input: nothing,
            output: nothing,
        };
        let region = graph.buffer_of("the inputs", word, inputs, true);
        graph.input = graph.value(region, inputs, false);
        let context = Context { rows: batch, trained: training, training, seed: Seed::STEP };
        graph.output = graph.walk(description, "", graph.input, context)?;
        // Who comes behind the network: the loss, or the reader.
        graph.values[graph.output.0].uses += 1;
        Ok(graph)
    }

    /// A new buffer of floats for each network.
    pub(in crate::gpu) fn buffer(&mut self, what: &str, words: u32) -> Region {
        self.buffer_of(what, Word::Float, words, false)
    }

    /// A new buffer.
    pub(in crate::gpu) fn buffer_of(&mut self, what: &str, word: Word, words: u32, shared: bool) -> Region {
        let words = aligned(words.max(1));
        self.buffers.push(BufferSpec { what: what.to_owned(), words, shared });
        Region { buffer: BufferId(self.buffers.len() - 1), word, offset: 0, stride: if shared { 0 } else { words } }
    }

    fn value(&mut self, region: Region, words: u32, wanted: bool) -> ValueId {
        self.values.push(Value { region, words, wanted, uses: 0, function: None, gradient: Gradient::Nothing });
        ValueId(self.values.len() - 1)
    }

    /// A kernel for a layer, to be written.
    pub(in crate::gpu) fn shader(&self, node: &Node, what: &str) -> Shader {
        Shader::new(format!("{} {} {what}", node.path, node.info.op.name()), self.copies)
    }

    /// Writes all kernels of the forward pass.
    ///
    /// # Errors
    /// What a layer cannot do on a device.
    pub(in crate::gpu) fn forward(&mut self) -> Result<(), OffloadError> {
        self.each_node(false, |graph, operation, node| operation.forward(graph, node))
    }

    /// Writes all kernels of the backward pass; the gradient of the output is there.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub(in crate::gpu) fn backward(&mut self) -> Result<(), OffloadError> {
        self.each_node(true, |graph, operation, node| {
            if !graph.values[node.y.0].wanted {
                return Ok(());
            }
            graph.complete(node.y, &node.path);
            if let (Some(add), Some(dy)) = (node.add, graph.gradient(node.y)) {
                graph.pass_on(add, dy, &node.path);
            }
            operation.backward(graph, node)
        })
    }

    fn each_node(
        &mut self,
        reverse: bool,
        mut f: impl FnMut(&mut Self, &mut dyn Operation, &Node) -> Result<(), OffloadError>,
    ) -> Result<(), OffloadError> {
        let mut nodes = std::mem::take(&mut self.nodes);
        let mut all = Ok(());
        let mut one = |graph: &mut Self, node: &mut Node| {
            if let Some(mut operation) = node.operation.take() {
                if all.is_ok() {
                    all = f(graph, &mut *operation, node);
                }
                node.operation = Some(operation);
            }
        };
        if reverse {
            nodes.iter_mut().rev().for_each(|node| one(self, node));
        } else {
            nodes.iter_mut().for_each(|node| one(self, node));
        }
        self.nodes = nodes;
        all
    }
}

pub(in crate::gpu) fn join(path: &str, name: &str) -> String {
    if path.is_empty() || name.is_empty() { format!("{path}{name}") } else { format!("{path}.{name}") }
}

/// Why a layer cannot be offloaded.
pub(in crate::gpu) fn unsupported(info: &LayerInfo, path: &str, reason: &str) -> OffloadError {
    OffloadError::Unsupported { path: path.to_owned(), layer: info.op.name().to_owned(), reason: reason.to_owned() }
}
