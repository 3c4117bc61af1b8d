//! What the kernels do, written once over [`Vector`](crate::vector::Vector).
//!
//! Every function is `#[inline(always)]`: it becomes code of the instruction set of the entry that
//! calls it. In builds with debug assertions, which are rarely optimised, the largest tiles are functions of
//! their own: without optimisation all that is inlined adds its variables to the frame, which would need
//! megabytes of stack. Closures over vectors are avoided, since the compiler would not inline the
//! instructions into them.

pub(crate) mod conv;
pub(crate) mod elementwise;
pub(crate) mod epilogue;
mod gumbel;
pub(crate) mod matmul;
pub(crate) mod norm;
mod pixels;
pub(crate) mod pool;
pub(crate) mod quantized;
pub(crate) mod recurrent;
pub(crate) mod reduce;
mod sizes;
pub(crate) mod softmax;
pub(crate) mod update;

pub(crate) use sizes::{Matrix, Of, Sizes};
