//! Memory as arithmetic on constants, and the splitting of arenas.
//!
//! *Inference* runs in one arena with two ends: a layer reads its input at one end and writes its
//! output at the other; a layer that works in place leaves it where it is. So a chain needs the
//! maximum over its layers of what each needs, [`Layer::PEAK`].
//!
//! *Training* keeps every activation that a derivative needs on a flat tape, [`Train::TAPE`] words
//! per sample behind the input. On the way back the slot of an activation takes its gradient.
//!
//! All sizes are in 32-bit words and linear in the number of samples, so that they are plain
//! constants, and can stand in `const _: () = assert!(…)`.

use crate::{Element, Layer, Module, Tensor, Train, optim::Optimizer};

/// How training uses the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Mode {
    /// Gradients of all parameters are kept, summed over batches, and applied in one step.
    Accumulate,
    /// Every layer is updated as soon as its gradient is known; at most one layer's is kept.
    Fused,
}

/// Words of the arena that inference of `n` samples needs.
#[must_use]
pub const fn inference_words<X: Tensor, N: Layer<X>>(n: usize) -> usize {
    n * N::PEAK
}

/// Words that training on batches of at most `n` samples needs beside the parameters: the
/// optimiser's state, the gradient or scratch, the input and the tape.
///
/// ```
/// use tensorlet::memory::{training_words, Mode};
/// use tensorlet::{optim::{Adam, Sgd}, Linear, Relu};
/// type Mlp = (Linear<784, 10>, (Relu, Linear<10, 10>));
/// const SGD: usize = training_words::<[f32; 784], Mlp, Sgd>(Mode::Fused, 1);
/// // input, hidden activations, one word of ReLU's mask, logits, one word of scratch.
/// assert_eq!(SGD, 784 + 10 + 1 + 10 + 1);
/// const ADAM: usize = training_words::<[f32; 784], Mlp, Adam>(Mode::Accumulate, 1);
/// assert_eq!(ADAM, SGD - 1 + 3 * (785 * 10 + 11 * 10));
/// ```
#[must_use]
pub const fn training_words<X: Tensor, N: Train<X>, O: Optimizer>(mode: Mode, n: usize) -> usize {
    gradient_words::<X, N>(mode, n) + O::STATES * N::GRAD + n * (X::WORDS + N::TAPE_LEAF)
}

/// Words for gradients: all of them, or the scratch of the layer that needs most.
#[must_use]
pub const fn gradient_words<X: Tensor, N: Train<X>>(mode: Mode, n: usize) -> usize {
    match mode {
        Mode::Accumulate => N::GRAD,
        Mode::Fused => N::FUSED + n * N::FUSED_PER_SAMPLE,
    }
}

/// Bytes of flash (or RAM, when trained) that the parameters take.
#[must_use]
pub const fn parameter_bytes<N: Module>() -> usize {
    size_of::<N>()
}

/// The larger of two sizes.
#[must_use]
pub const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// An end of an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The start of the slice.
    Low,
    /// The end of the slice.
    High,
}

impl End {
    /// The other end.
    #[inline(always)]
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// Where a layer finds its input at inference.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, X> {
    /// Outside the arena: the caller's data, in flash perhaps.
    Given(&'a [X]),
    /// `n` samples at one end of the arena.
    Arena {
        /// The number of samples.
        n: usize,
        /// Where they lie.
        at: End,
    },
}

impl<X> Input<'_, X> {
    /// The number of samples.
    #[inline(always)]
    #[must_use]
    pub const fn n(&self) -> usize {
        match self {
            Self::Given(x) => x.len(),
            Self::Arena { n, .. } => *n,
        }
    }
}

/// Cuts `words` words off one end of an arena; returns them and the rest.
///
/// A shorter arena gives what it has; entry points check sizes, so that never happens.
#[inline(always)]
pub fn cut(arena: &mut [f32], at: End, words: usize) -> (&mut [f32], &mut [f32]) {
    let words = words.min(arena.len());
    match at {
        End::Low => split(arena, words),
        End::High => {
            let middle = arena.len() - words;
            let (rest, cut) = split(arena, middle);
            (cut, rest)
        }
    }
}

/// `split_at_mut` without a panic: a position behind the end is the end.
#[inline(always)]
pub fn split(words: &mut [f32], at: usize) -> (&mut [f32], &mut [f32]) {
    let at = at.min(words.len());
    words.split_at_mut_checked(at).unwrap_or_default()
}

/// Runs a layer that writes elsewhere: `f(x, y, scratch)`. Returns the end where `y` lies.
#[inline(always)]
pub fn out_of_place<X: Tensor, Y: Tensor>(
    input: Input<'_, X>,
    arena: &mut [f32],
    f: impl FnOnce(&[X], &mut [Y], &mut [f32]),
) -> End {
    // One call of `f`, so that it is compiled once and into this place.
    let (x, rest, at) = match input {
        Input::Given(x) => (x, arena, End::Low),
        Input::Arena { n, at } => {
            let (x, rest) = cut(arena, at, n * X::WORDS);
            (X::in_words(x, n), rest, at.other())
        }
    };
    let (y, scratch) = cut(rest, at, x.len() * Y::WORDS);
    f(x, Y::in_words_mut(y, x.len()), scratch);
    at
}

/// Runs a layer that works in place on the elements of its input: `f(x)`. Returns the end where
/// they lie.
#[inline(always)]
pub fn in_place<X: Tensor>(input: Input<'_, X>, arena: &mut [f32], f: impl FnOnce(&mut [X::Elem])) -> End {
    let (n, at) = match input {
        Input::Given(x) => {
            let (slot, _) = cut(arena, End::Low, x.len() * X::WORDS);
            for (to, from) in X::in_words_mut(slot, x.len()).iter_mut().zip(x) {
                *to = *from;
            }
            (x.len(), End::Low)
        }
        Input::Arena { n, at } => (n, at),
    };
    let (slot, _) = cut(arena, at, n * X::WORDS);
    f(X::flat_mut(X::in_words_mut(slot, n)));
    at
}

/// Runs a layer that can read elsewhere than it writes: `f(x, y)`, where `y` holds the input unless there is an `x`.
/// Returns the end where `y` lies.
#[inline(always)]
pub fn from_or_in_place<X: Tensor>(
    input: Input<'_, X>,
    arena: &mut [f32],
    f: impl FnOnce(Option<&[X::Elem]>, &mut [X::Elem]),
) -> End {
    let (x, n, at) = match input {
        Input::Given(x) => (Some(X::flat(x)), x.len(), End::Low),
        Input::Arena { n, at } => (None, n, at),
    };
    let (slot, _) = cut(arena, at, n * X::WORDS);
    f(x, X::flat_mut(X::in_words_mut(slot, n)));
    at
}

/// Moves the last `words` words to the start; the two places may overlap.
#[inline(always)]
pub(crate) fn move_down(arena: &mut [f32], words: usize) {
    let start = arena.len().saturating_sub(words);
    let cells = core::cell::Cell::from_mut(arena).as_slice_of_cells();
    for (to, from) in cells.iter().zip(cells.get(start..).unwrap_or_default()) {
        to.set(from.get());
    }
}

/// Moves the first `words` words to the end; the two places may overlap.
#[inline(always)]
pub(crate) fn move_up(arena: &mut [f32], words: usize) {
    let start = arena.len().saturating_sub(words);
    let cells = core::cell::Cell::from_mut(arena).as_slice_of_cells();
    for (to, from) in cells.get(start..).unwrap_or_default().iter().zip(cells).rev() {
        to.set(from.get());
    }
}

/// A slice of arena words as `u32`, for masks of bits.
#[inline(always)]
pub(crate) fn bits(words: &mut [f32]) -> &mut [u32] {
    u32::from_words_mut(words)
}
