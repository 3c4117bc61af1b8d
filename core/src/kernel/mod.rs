//! What is computed: one trait per family of kernels, with portable bodies.
//!
//! A kernel is a method of a *token*, a zero-sized value `k` that is passed into every call. Holding
//! a token proves that the processor has its instructions, so the methods need no check and no
//! `unsafe` at the call. [`Portable`] is the token of this crate: its bodies run anywhere and give
//! the same bits on every target. Another token overrides what its instruction set does better.
//!
//! The bodies index nothing: they walk zipped iterators and checked sub-slices, so that no panic is
//! reachable at any optimisation level.

pub(crate) mod conv;
pub(crate) mod descent;
mod elementwise;
mod epilogue;
mod function;
pub(crate) mod lp_pool;
mod matmul;
pub(crate) mod norm;
pub(crate) mod pool;
mod quantized;
mod recurrent;
mod reduce;
mod softmax;
pub(crate) mod unfold;
mod update;
mod window;

pub use conv::{Conv2dDims, Conv2dShape, ConvKernels};
pub use elementwise::ElementwiseKernels;
pub use epilogue::Epilogue;
pub use function::Function;
pub use matmul::MatmulKernels;
pub use norm::{NormKernels, RowNorm, Standard};
pub use pool::{Pool2dDims, Pool2dShape, PoolKernels};
pub use quantized::{IntegerKernels, LOGISTIC, QuantizedKernels, SoftmaxScale};
pub use recurrent::RecurrentKernels;
pub use reduce::ReduceKernels;
pub use softmax::SoftmaxKernels;
pub use update::{AdadeltaStep, AdagradStep, AdamStep, RmsPropStep, SgdStep, UpdateKernels};

/// All families together: what a network asks of its token.
pub trait Kernels:
    MatmulKernels
    + ConvKernels
    + PoolKernels
    + ElementwiseKernels
    + RecurrentKernels
    + ReduceKernels
    + SoftmaxKernels
    + NormKernels
    + UpdateKernels
    + QuantizedKernels
    + IntegerKernels
    + Send
    + Sync
    + 'static
{
    /// The instruction set's name as a person would say it: `portable`, `avx2+fma`.
    const NAME: &'static str;
}

/// The token of the portable bodies: plain Rust, no assumption about the processor.
///
/// ```
/// use tensorlet::kernel::{Kernels, ReduceKernels};
/// use tensorlet::Portable;
/// assert_eq!(Portable.sum(&[1.0, 2.0, 3.0]), 6.0);
/// assert_eq!(Portable::NAME, "portable");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl MatmulKernels for Portable {}
impl ConvKernels for Portable {}
impl PoolKernels for Portable {}
impl ElementwiseKernels for Portable {}
impl RecurrentKernels for Portable {}
impl ReduceKernels for Portable {}
impl SoftmaxKernels for Portable {}
impl NormKernels for Portable {}
impl UpdateKernels for Portable {}
impl QuantizedKernels for Portable {}
impl IntegerKernels for Portable {}

impl Kernels for Portable {
    const NAME: &'static str = "portable";
}

/// Sizes that a body works with: those of a type, so that all of it, closures included, is compiled for
/// constants, or a reference to any, so that one copy serves all.
pub(crate) trait Known<D>: Copy {
    fn sizes(self) -> D;
}

impl<D: Copy> Known<D> for &D {
    #[inline(always)]
    fn sizes(self) -> D {
        *self
    }
}

/// Pieces of `len` elements, such as the samples of a batch; what is left at the end is not seen.
///
/// The standard library's `chunks_exact` divides by the length, and so can panic where the optimiser
/// does not see that it is not zero.
#[inline(always)]
pub(crate) fn samples<T>(x: &[T], len: usize) -> impl Iterator<Item = &[T]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = if len == 0 { None } else { rest.split_at_checked(len) }?;
        rest = others;
        Some(first)
    })
}

/// [`samples`], mutably.
#[inline(always)]
pub(crate) fn samples_mut<T>(x: &mut [T], len: usize) -> impl Iterator<Item = &mut [T]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = if len == 0 { None } else { core::mem::take(&mut rest).split_at_mut_checked(len) }?;
        rest = others;
        Some(first)
    })
}

/// Pieces of `len` elements, the last one shorter where they do not come out even.
#[inline(always)]
pub(crate) fn pieces(x: &[f32], len: usize) -> impl Iterator<Item = &[f32]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = rest.split_at_checked(len.min(rest.len()))?;
        rest = others;
        (!first.is_empty()).then_some(first)
    })
}

/// [`pieces`], mutably.
#[inline(always)]
pub(crate) fn pieces_mut(x: &mut [f32], len: usize) -> impl Iterator<Item = &mut [f32]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = crate::memory::split(core::mem::take(&mut rest), len);
        rest = others;
        (!first.is_empty()).then_some(first)
    })
}
