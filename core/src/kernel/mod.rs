//! What is computed: one trait per family of kernels, with portable bodies.
//!
//! A kernel is a method of a *token*, a zero-sized value `k` that is passed into every call. Holding
//! a token proves that the processor has its instructions, so the methods need no check and no
//! `unsafe` at the call. [`Portable`] is the token of this crate: its bodies run anywhere and give
//! the same bits on every target. Another token overrides what its instruction set does better.
//!
//! The bodies index nothing: they walk zipped iterators and checked sub-slices, so that no panic is
//! reachable at any optimisation level.

mod conv;
mod elementwise;
mod matmul;
mod pool;
mod reduce;
mod softmax;
mod update;

pub use conv::{Conv2dDims, Conv2dShape, ConvKernels};
pub use elementwise::ElementwiseKernels;
pub use matmul::MatmulKernels;
pub use pool::{Pool2dDims, Pool2dShape, PoolKernels};
pub use reduce::ReduceKernels;
pub use softmax::SoftmaxKernels;
pub use update::{AdamStep, SgdStep, UpdateKernels};

/// All families together: what a network asks of its token.
pub trait Kernels:
    MatmulKernels
    + ConvKernels
    + PoolKernels
    + ElementwiseKernels
    + ReduceKernels
    + SoftmaxKernels
    + UpdateKernels
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
impl ReduceKernels for Portable {}
impl SoftmaxKernels for Portable {}
impl UpdateKernels for Portable {}

impl Kernels for Portable {
    const NAME: &'static str = "portable";
}

/// The samples of a batch: pieces of `len` elements.
#[inline(always)]
pub(crate) fn samples(x: &[f32], len: usize) -> core::slice::ChunksExact<'_, f32> {
    x.chunks_exact(len.max(1))
}

/// The samples of a batch, mutably.
#[inline(always)]
pub(crate) fn samples_mut(x: &mut [f32], len: usize) -> core::slice::ChunksExactMut<'_, f32> {
    x.chunks_exact_mut(len.max(1))
}
