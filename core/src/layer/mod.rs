//! How kernels make a network.
//!
//! Three traits, each adding to the one before:
//!
//! | trait | says | needs |
//! |---|---|---|
//! | [`Module`] | parameters, their names, their initialisation | nothing |
//! | [`Layer<X>`](Layer) | inference on inputs of type `X` | the input's shape |
//! | [`Train<X>`](Train) | forward on a tape, backward, both training modes | the same |
//!
//! The input type is a *parameter* of the trait: one layer type takes every input that fits it, and a
//! wrong shape is one missing implementation, which the compiler reports with the layer and the shape.
//!
//! A layer that combines others is a layer: pairs `(A, B)` run one after the other, [`Residual`] adds
//! its input, [`Concat`] puts two outputs side by side, [`Frozen`] is not trained, [`network!`](crate::network) gives names.
#![doc = ""]
#![doc = include_str!("README.md")]

mod activation;
mod adaptive_pool;
pub mod attention;
pub(crate) mod bias;
mod causal_conv;
#[doc(hidden)]
pub mod chain;
mod concat;
mod conv;
mod conv_transpose;
pub(crate) mod dropout;
mod embedding;
mod embedding_bag;
mod fake_quantize;
mod flatten;
mod frozen;
mod gaussian;
mod glu;
mod gumbel;
mod identity;
mod linear;
mod lora;
mod noise;
mod norm;
mod partly_trained;
mod pool;
mod positions;
mod prelu;
pub mod recurrent;
mod repeat;
mod residual;
mod softmax;
mod tied;
mod time;
mod unfold;
mod view;
mod windowed;

pub use crate::sliding::{Slide, Sliding};
pub use activation::{
    Celu, Elu, Gelu, GeluTanh, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, LogSigmoid, Mish, Relu, Relu6,
    Selu, Shrink, Sigmoid, Silu, Softplus, Softshrink, Softsign, Swish, Tanh, Tanhshrink, Threshold,
};
pub use adaptive_pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, GlobalAvgPool1d, GlobalAvgPool2d,
    GlobalMaxPool1d, GlobalMaxPool2d,
};
pub use attention::{
    AdditiveAttention, Attended, AttentionMask, MultiheadAttention, NormFirstEncoderLayer, TransformerEncoderLayer,
};
pub use bias::{Bias, NoBias};
pub use causal_conv::CausalConv1d;
pub use concat::Concat;
pub(crate) use conv::dims as conv_dims;
pub use conv::{Conv1d, Conv2d, DepthwiseConv2d};
pub(crate) use conv_transpose::mirrored;
pub use conv_transpose::{ConvTranspose1d, ConvTranspose2d};
pub use dropout::{ChannelDropout, Dropout, Dropout1d, Dropout2d};
pub use embedding::{Embedding, Tokens};
pub use embedding_bag::{BagMode, EmbeddingBag};
pub use fake_quantize::FakeQuantize;
pub use flatten::Flatten;
pub use frozen::Frozen;
pub use gaussian::{GaussianReparam, GaussianSigmaReparam};
pub use glu::{GatedLinear, Glu, SwiGlu};
pub use gumbel::{Annealing, GumbelSoftmax};
pub use identity::Identity;
pub use linear::Linear;
pub use lora::Lora;
pub use noise::{Drawn, Given, Noise};
pub use norm::{
    Affine, BatchNorm, BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm,
    LocalResponseNorm, NoWeight, NotTracked, RmsNorm, Running, RunningStatistics,
};
pub use partly_trained::{BiasOnly, ChannelGradients, Channels, OutputChannels};
pub(crate) use pool::dims as pool_dims;
pub use pool::{AvgPool1d, AvgPool2d, LpPool1d, LpPool2d, MaxPool1d, MaxPool2d};
pub use positions::{LearnedPositions, PositionalEncoding, RotaryEmbedding};
pub use prelu::PRelu;
pub use recurrent::{Bidirectional, Gru, GruCell, Lstm, LstmCell, Rnn, RnnCell, Unidirectional};
pub use repeat::Repeat;
pub use residual::Residual;
pub use softmax::{LogSoftmax, Softmax, Softmin};
pub use tied::TiedEmbedding;
pub use time::{LastStep, MeanStep, TimeDistributed};
pub use unfold::{Fold, Unfold};
pub use view::View;

use crate::{
    Error, Module, Path, Tensor,
    description::Description,
    kernel::{Epilogue, Kernels},
    memory::{self, End, Input},
    optim::Optimizer,
};

/// A layer that takes inputs of type `X`: inference.
///
/// A new layer gives `Out`, `DESCRIPTION` and [`infer`](Self::infer), the last mostly one call of
/// [`memory::out_of_place`] or [`memory::in_place`].
#[diagnostic::on_unimplemented(
    message = "shape mismatch: layer `{Self}` cannot take an input of shape `{X}`",
    label = "this layer does not fit the input `{X}`",
    note = "a network's layers must fit each other: the output type of each is the input type of the next"
)]
pub trait Layer<X: Tensor>: Module {
    /// The type of one output sample.
    type Out: Tensor;

    /// What the layer is, with shapes, parameters and cost.
    const DESCRIPTION: Description;

    /// Words per sample of the arena that inference needs: input, output and scratch.
    const PEAK: usize = X::WORDS + Self::Out::WORDS;

    /// The same when the input lies outside the arena.
    const PEAK_GIVEN: usize = Self::Out::WORDS;

    /// Words per sample that the layer can carry from one call to the next: the hidden state of a
    /// recurrent layer. 0 for all others.
    const STATE: usize = 0;

    /// The function of each element that the layer begins with, where a layer before it can apply it to
    /// its sums while they are in registers: an activation's own.
    const LEADS_WITH: Epilogue = Epilogue::Identity;

    /// Checks the values of inputs that come from outside, where not every value is valid: the
    /// tokens of an embedding.
    ///
    /// # Errors
    /// What is wrong with the first bad value.
    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        let _ = x;
        Ok(())
    }

    /// Runs the layer on an arena and returns the end at which its output lies.
    ///
    /// The arena holds at least [`PEAK`](Self::PEAK) words per sample ([`PEAK_GIVEN`](Self::PEAK_GIVEN)
    /// for an input outside it), the state [`STATE`](Self::STATE) words per sample, or none: then the
    /// layer begins with zeros and carries nothing on. This is the method that layers implement; callers
    /// use [`forward`](Self::forward).
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End;

    /// [`infer`](Self::infer) as a part of a chain that is fused: without [`LEADS_WITH`](Self::LEADS_WITH),
    /// which the layer before has applied, and with `then` applied to the output. Layers whose kernel
    /// takes an [`Epilogue`] pass it on; those that lead with one implement this.
    #[inline(always)]
    fn infer_then<K: Kernels>(
        &self,
        k: K,
        then: Epilogue,
        input: Input<'_, X>,
        state: &mut [f32],
        arena: &mut [f32],
    ) -> End {
        let n = input.n();
        let at = self.infer(k, input, state, arena);
        then.apply(k, memory::cut(arena, at, n * Self::Out::WORDS).0);
        at
    }

    /// The network's output for a batch; intermediate results and the output lie in `arena`.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] when the arena has fewer than `x.len() · PEAK` words;
    /// [`Error::EmptyBatch`]; bad values of the input where [`check`](Self::check) finds any.
    ///
    /// ```
    /// use tensorlet::{Layer, Linear, Module, Portable, Relu};
    /// type Net = (Linear<2, 3>, (Relu, Linear<3, 1>));
    /// const PEAK: usize = <Net as Layer<[f32; 2]>>::PEAK;
    /// assert_eq!(PEAK, 2 + 3); // the largest of 2 + 3, 3 and 3 + 1 words
    ///
    /// let mut net = Net::ZERO;
    /// net.1.1.bias = [0.5];
    /// let mut arena = [0.0; PEAK];
    /// assert_eq!(net.forward(Portable, &[[1.0, 2.0]], &mut arena), Ok(&[[0.5]][..]));
    /// ```
    #[inline]
    fn forward<'a, K: Kernels>(&self, k: K, x: &[X], arena: &'a mut [f32]) -> Result<&'a [Self::Out], Error> {
        Self::check(x)?;
        run(self, k, Input::Given(x), &mut [], arena)
    }

    /// [`forward`](Self::forward) from the state that the last call left, which this call changes:
    /// PyTorch's `output, state = net(x, state)`. A stream begins with zeros.
    ///
    /// # Errors
    /// As [`forward`](Self::forward); [`Error::StateTooSmall`] when `state` has fewer than
    /// `x.len() · STATE` words.
    #[inline]
    fn forward_with_state<'a, K: Kernels>(
        &self,
        k: K,
        x: &[X],
        state: &mut [f32],
        arena: &'a mut [f32],
    ) -> Result<&'a [Self::Out], Error> {
        Self::check(x)?;
        run(self, k, Input::Given(x), whole_state(state, x.len() * Self::STATE)?, arena)
    }

    /// The network's output for `n` samples that already lie at the start of the arena, where
    /// `X::in_words_mut(arena, n)` put them: no copy of the input is needed anywhere else.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    ///
    /// ```
    /// use tensorlet::{Layer, Linear, Module, Portable, Tensor};
    /// let net = Linear::<2, 1> { weight: [[1.0], [10.0]], bias: [0.5] };
    /// let mut arena = [0.0; 3];
    /// <[f32; 2]>::in_words_mut(&mut arena, 1)[0] = [3.0, 4.0];
    /// assert_eq!(Layer::<[f32; 2]>::forward_in_arena(&net, Portable, 1, &mut arena), Ok(&[[43.5]][..]));
    /// ```
    #[inline]
    fn forward_in_arena<'a, K: Kernels>(&self, k: K, n: usize, arena: &'a mut [f32]) -> Result<&'a [Self::Out], Error> {
        Self::check(X::in_words(arena, n))?;
        run(self, k, Input::Arena { n, at: End::Low }, &mut [], arena)
    }
}

#[inline(always)]
fn run<'a, X: Tensor, L: Layer<X>, K: Kernels>(
    layer: &L,
    k: K,
    input: Input<'_, X>,
    state: &mut [f32],
    arena: &'a mut [f32],
) -> Result<&'a [L::Out], Error> {
    let n = input.n();
    if n == 0 {
        return Err(Error::EmptyBatch);
    }
    let (needed, given) = (n.saturating_mul(L::PEAK), arena.len());
    let Some(arena) = arena.get_mut(..needed) else {
        return Err(Error::WorkspaceTooSmall { needed, given });
    };
    let at = layer.infer(k, input, state, arena);
    let (y, _) = memory::cut(arena, at, n * L::Out::WORDS);
    Ok(L::Out::in_words(y, n))
}

/// The state of a batch, if it is all there.
#[inline(always)]
pub(crate) fn whole_state(state: &mut [f32], needed: usize) -> Result<&mut [f32], Error> {
    let given = state.len();
    state.get_mut(..needed).ok_or(Error::StateTooSmall { needed, given })
}

/// One pass over a batch in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The number of samples.
    pub n: usize,
    /// Whether the gradient with respect to the input of this layer is wanted. Where it is not, all
    /// that only this gradient needs is neither stored nor computed.
    pub input_gradient: bool,
    /// Whether layers that behave differently in training do so, such as dropout and batch
    /// normalisation: PyTorch's `nn.Module.training`. Not inside [`Frozen`], nor when only the
    /// gradient of an input is wanted.
    pub training: bool,
    /// The function whose values the slot `x` holds in place of its argument: `backward` puts the gradient of
    /// that argument there. The identity but for layers that [take a function](Train::TAKES_THROUGH).
    pub through: Epilogue,
    /// Differs from step to step and from layer to layer: what layers that draw random numbers draw
    /// them from.
    pub seed: u64,
}

impl Pass {
    /// A pass in training over no samples: what literals take the rest from.
    pub const NEW: Self = Self { n: 0, input_gradient: false, training: true, through: Epilogue::Identity, seed: 0 };

    /// The pass as the first of two parts sees it.
    #[inline(always)]
    #[must_use]
    pub const fn first(self) -> Self {
        Self { seed: self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), ..self }
    }

    /// The pass as the second of two parts sees it. The gradient of its input is wanted if the first
    /// part, `A`, is trained.
    #[inline(always)]
    #[must_use]
    pub const fn behind<A: Module>(self) -> Self {
        Self {
            input_gradient: self.input_gradient || A::GRAD > 0,
            through: Epilogue::Identity,
            seed: self.seed.wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(1),
            ..self
        }
    }
}

/// A layer that can be trained.
///
/// The memory of a pass is two slices of words: the *slot* `x`, which holds the input, and the
/// *tape*, [`TAPE`](Self::TAPE) words per sample, which holds what the layer remembers and, in most
/// layers at its end, the output. [`out`](Self::out) tells where the output is: it is the slot of
/// the next layer. Before `backward` the output's slot holds `∂L/∂y`; after it the slot `x` holds
/// `∂L/∂x`.
pub trait Train<X: Tensor>: Layer<X> {
    /// Words of tape per sample behind the input's slot.
    const TAPE: usize = Self::Out::WORDS;

    /// The same when the gradient with respect to the input is not wanted.
    const TAPE_LEAF: usize = Self::TAPE;

    /// Words of scratch that [`backward_fused`](Self::backward_fused) needs, whatever the batch.
    const FUSED: usize = Self::GRAD;

    /// Words of scratch per sample that it needs beside these.
    const FUSED_PER_SAMPLE: usize = 0;

    /// The function of each element that the layer is, if its derivative follows from its value.
    const FROM_VALUE: Epilogue = Epilogue::Identity;

    /// Whether the layer puts into the slot `x` not its input's gradient but that of the argument of the
    /// function whose values the input is, if the [pass](Pass::through) says so. Then a layer
    /// [from whose value](Self::FROM_VALUE) its derivative follows works in place before it, and does nothing
    /// on the way back.
    const TAKES_THROUGH: bool = false;

    /// Whether `forward_train` changes the slot `x`, as a layer does that works in place.
    const OVERWRITES_X: bool = false;

    /// Whether `backward` changes `∂L/∂y`, as a layer does that works in place.
    const OVERWRITES_DY: bool = false;

    /// Whether the output in training differs from that of inference, as with dropout.
    const DIFFERS_IN_TRAINING: bool = false;

    /// The smallest batch that it can be trained on: 2 where statistics over the batch would otherwise
    /// be those of a single number.
    const MIN_BATCH: usize = 1;

    /// Forward, keeping on the tape what backward needs. The state is that of [`Layer::infer`]; no
    /// gradient flows through it into the call before (PyTorch's `state.detach()`).
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]);

    /// The slot of the output: the end of the tape, unless the layer works in place.
    #[inline(always)]
    fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        let _ = x;
        memory::cut(tape, End::High, pass.n * Self::Out::WORDS).0
    }

    /// From `∂L/∂y` in the output's slot: adds `∂L/∂parameters` to `grad`, and puts `∂L/∂x` into the
    /// slot `x` if the pass wants it. An empty `grad` means that no parameter's gradient is wanted.
    ///
    /// What a layer learns otherwise, the running statistics of batch normalisation, it takes over
    /// here and not in the forward pass: the loss is then known to be finite.
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]);

    /// [`backward`](Self::backward), then at once the optimiser's update of this layer, layer after
    /// layer: no gradient outlives its layer. `state` holds `O::STATES · GRAD` words.
    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let (grad, _) = memory::split(step.scratch, Self::GRAD);
        grad.fill(0.0);
        self.backward(k, pass, x, tape, grad);
        crate::optim::update(self, k, step.optimizer, step.path, grad, step.state);
    }
}

/// What a fused backward pass carries: the optimiser, its state for this part of the network, and
/// scratch that all layers share.
#[derive(Debug)]
pub struct Fused<'a, O> {
    /// The optimiser, already advanced to this step.
    pub optimizer: &'a O,
    /// The path of this part, under which the optimiser knows its parameters.
    pub path: Path<'a>,
    /// `O::STATES · GRAD` words.
    pub state: &'a mut [f32],
    /// At least `FUSED + n · FUSED_PER_SAMPLE` words.
    pub scratch: &'a mut [f32],
}

impl<O: Optimizer> Fused<'_, O> {
    /// The optimiser of the parameter of this name.
    #[inline(always)]
    #[must_use]
    pub fn of(&self, parameter: &str) -> O {
        self.optimizer.of(self.path.join(parameter))
    }

    /// The step of the part of this name, whose gradient has `words` words from word `start` of
    /// this part's gradient on. A part that combines others gives each its own.
    #[inline(always)]
    #[must_use]
    pub fn part<'b>(&'b mut self, name: &'b str, start: usize, words: usize) -> Fused<'b, O> {
        let (_, state) = memory::split(self.state, O::STATES * start);
        let (state, _) = memory::split(state, O::STATES * words);
        Fused { optimizer: self.optimizer, path: self.path.join(name), state, scratch: self.scratch }
    }
}
