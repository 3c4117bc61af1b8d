//! From a float network to one of integers: post-training quantization.
//!
//! | step | call |
//! |---|---|
//! | watch the activations of the float network over data | [`calibrate`] with an [`Observer`] for each |
//! | give each a scale and a zero point | [`Observer::quantization`] |
//! | make the layers of integers | [`quantize`] |
//!
//! Quantization-aware training goes on from there, with [`FakeQuantize`](crate::FakeQuantize) layers in the network
//! of floats where integers will be stored:
//!
//! | step | call |
//! |---|---|
//! | begin with the quantizations observed | [`FakeQuantize::new`](crate::FakeQuantize::new) |
//! | take the gradients of a copy with the weights of integers | [`fake_quantize_weights`] |
//! | take the quantizations learned | [`learned_ranges`] |

mod dynamic;
mod fake;
mod layers;
mod observer;
mod percentile;
mod recipe;

pub use dynamic::DynamicFakeQuantize;
pub use fake::{Ranges, fake_quantize_weights, learned_ranges};
pub use layers::ToIntegers;
pub(super) use layers::{rounded_bias, rounded_weight, symmetric_scale};
pub use observer::{MinMaxObserver, MovingAverageMinMaxObserver, Observer};
pub use percentile::PercentileObserver;
pub use recipe::{Recipe, RecipeVisitor};

use super::{Fused, Quantization, QuantizeError};
use crate::{
    Error, Layer, Path, Tensor,
    kernel::Kernels,
    memory::{self, End, Input, max},
};

/// A float layer on inputs `X` that has a counterpart of integers, prepared for an instruction set by `P`.
///
/// [`network!`](crate::network) implements it for `struct Net: Input as Int8Net`, and makes the type `Int8Net`,
/// whose layers have the same names.
#[diagnostic::on_unimplemented(
    message = "the layer `{Self}` on an input of shape `{X}` has no counterpart of integers",
    note = "those that have one are listed at `tensorlet::quantized::Quantizable`"
)]
pub trait Quantizable<X: Tensor, P>: Layer<X> {
    /// The type of one input of integers: images are `[rows][columns][channels]`.
    type Input: Tensor<Elem = i8>;

    /// The layer of integers.
    type Quantized: Layer<Self::Input>;

    /// The number of tensors whose range has to be known: outputs that do not have their input's.
    const RANGES: usize;

    /// The activation that a layer before this one takes over.
    const FUSED: Fused = Fused::Identity;

    /// Runs the layer as [`Layer::infer`] does, and shows each output that has a range of its own to its observer.
    fn observe<K: Kernels, O: Observer>(
        &self,
        k: K,
        input: Input<'_, X>,
        arena: &mut [f32],
        observers: &mut Observers<'_, O>,
    ) -> End {
        let n = input.n();
        let at = self.infer(k, input, &mut [], arena);
        if Self::RANGES > 0 {
            let (y, _) = memory::cut(arena, at, n * Self::Out::WORDS);
            observers.next(y);
        }
        at
    }

    /// Sets the quantizations that the layer has learned. `ranges` is at the input's, and is left at the output's.
    fn learned(&self, ranges: &mut Ranges<'_>) {
        ranges.skip(Self::RANGES);
    }

    /// The layer of integers. `scheme` knows the input's quantization, and is left with the output's.
    ///
    /// # Errors
    /// [`QuantizeError`]: a sum can overflow, or a scale is out of range.
    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError>;
}

/// The observers that have not seen their tensor in this pass.
#[derive(Debug)]
pub struct Observers<'a, O>(&'a mut [O]);

impl<O: Observer> Observers<'_, O> {
    /// Shows values to the next observer.
    pub fn next(&mut self, values: &[f32]) {
        let observers = core::mem::take(&mut self.0);
        if let Some((first, rest)) = observers.split_first_mut() {
            first.observe(values);
            self.0 = rest;
        }
    }
}

/// What is known on the way through a network: the quantization of the tensor at hand, and those to come.
#[derive(Clone, Copy, Debug)]
pub struct Scheme<'a> {
    /// The quantization of the tensor at hand.
    pub at: Quantization,
    /// The quantizations of the tensors to come.
    ranges: &'a [Quantization],
    /// The activation behind this layer.
    next: Fused,
    /// The activation at hand, if the layer before has taken it over.
    taken: bool,
    /// Channels and elements of a channel, if a flattened image is at hand: floats have the channels first.
    flattened: Option<[usize; 2]>,
}

impl Scheme<'_> {
    /// Says which activation stands behind the next layer. Whoever combines layers calls this before each.
    pub fn before(&mut self, activation: Fused) {
        self.next = activation;
    }

    /// Where each input of a linear layer of integers lies among those of floats: integers have the channels of each
    /// place together, floats the places of each channel.
    pub(super) fn order(&mut self) -> impl Fn(usize) -> usize + use<> {
        let flattened = self.flattened.take();
        move |i| flattened.map_or(i, |[channels, plane]| i % channels * plane + i / channels)
    }

    /// The quantization of the next output, and the activation that it includes.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] where there are fewer ranges than the network needs.
    pub(super) fn output(&mut self) -> Result<(Quantization, Fused), QuantizeError> {
        let missing = QuantizeError::Length { what: "ranges", needed: 1, given: 0 };
        let (&first, rest) = self.ranges.split_first().ok_or(missing)?;
        self.ranges = rest;
        let fused = core::mem::take(&mut self.next);
        self.taken = fused != Fused::Identity;
        if !self.taken {
            return Ok((first, fused));
        }
        // The range is that behind the activation, which is left without one.
        let (&second, rest) = self.ranges.split_first().ok_or(missing)?;
        self.ranges = rest;
        Ok((second, fused))
    }

    /// Whether the activation at hand has been taken over by the layer before it; if not, takes its range.
    fn activation(&mut self) -> bool {
        let taken = core::mem::take(&mut self.taken);
        if !taken {
            self.ranges = self.ranges.split_first().map_or(&[][..], |(_, rest)| rest);
        }
        taken
    }
}

/// Runs a float network over a batch and shows its input to the first observer, and each output that needs a range
/// to one of the others.
///
/// # Errors
/// [`Error::WorkspaceTooSmall`] as [`Layer::forward`]; [`Error::BatchMismatch`] with other than
/// `RANGES + 1` observers.
pub fn calibrate<P, X, L, K, O>(k: K, net: &L, x: &[X], observers: &mut [O], arena: &mut [f32]) -> Result<(), Error>
where
    X: Tensor<Elem = f32>,
    L: Quantizable<X, P>,
    K: Kernels,
    O: Observer,
{
    if observers.len() != L::RANGES + 1 {
        return Err(Error::BatchMismatch { inputs: L::RANGES + 1, targets: observers.len() });
    }
    let (needed, given) = (x.len().saturating_mul(max(L::PEAK_GIVEN, L::PEAK)), arena.len());
    if given < needed {
        return Err(Error::WorkspaceTooSmall { needed, given });
    }
    let mut observers = Observers(observers);
    observers.next(X::flat(x));
    net.observe(k, Input::Given(x), arena, &mut observers);
    Ok(())
}

/// The network of integers: from the float network and the quantizations of its input and of the outputs that
/// [`calibrate`] has observed, in the same order.
///
/// # Errors
/// [`QuantizeError`]: another number of ranges, a sum that can overflow, a scale out of range.
pub fn quantize<P, X, L>(net: &L, ranges: &[Quantization]) -> Result<L::Quantized, QuantizeError>
where
    X: Tensor<Elem = f32>,
    L: Quantizable<X, P>,
{
    quantize_and_show(net, ranges, &mut ())
}

/// As [`quantize`], and shows every layer's weights and scales to a visitor, such as one that writes them down.
///
/// # Errors
/// As [`quantize`].
pub fn quantize_and_show<P, X, L, V>(
    net: &L,
    ranges: &[Quantization],
    visitor: &mut V,
) -> Result<L::Quantized, QuantizeError>
where
    X: Tensor<Elem = f32>,
    L: Quantizable<X, P>,
    V: RecipeVisitor,
{
    let needed = L::RANGES + 1;
    match ranges.split_first() {
        Some((&at, rest)) if rest.len() == L::RANGES => {
            let mut scheme = Scheme { at, ranges: rest, next: Fused::Identity, taken: false, flattened: None };
            net.quantize(Path::ROOT, &mut scheme, visitor)
        }
        _ => Err(QuantizeError::Length { what: "ranges", needed, given: ranges.len() }),
    }
}
