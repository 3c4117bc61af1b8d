//! Kernels of [`tensorlet`] for the vector units of processors: one token per instruction set.
//!
//! A token is a zero-sized value, and having one proves that the processor has the instructions. It
//! implements all families of [`tensorlet::kernel`], and goes wherever
//! [`Portable`](tensorlet::Portable) goes.
//!
//! | | chosen | by |
//! |---|---|---|
//! | host, feature `std` | once per program, at run time | [`Isa::best`] or [`Isa::by_name`], and [`dispatch!`] or [`Isa::run`] |
//! | `no_std` | when the crate is built | [`NATIVE`] |
//!
//! With the feature `rayon`, the module `parallel` trains and runs networks on all cores.
//!
//! ```
//! use tensorlet::{Layer, Linear};
//! let net = Linear::<2, 1> { weight: [[1.0], [10.0]], bias: [0.5] };
//! let mut arena = [0.0; 3];
//! let y = tensorlet_simd::dispatch!(|k| net.forward(k, &[[3.0, 4.0]], &mut arena))?;
//! assert_eq!(y, [[43.5]]);
//! # Ok::<(), tensorlet::Error>(())
//! ```
//!
//! # How it is made
//! A file in `isa` has a token and what the bodies ask of a vector unit (`Vector`), one expression
//! of intrinsics each. The bodies are written once over that trait and know sizes and tiles; the
//! instruction sets know neither. `kernels` joins the two: each kernel is a function compiled for
//! the instruction set, into which its body is inlined.
//!
//! All `unsafe` of the library is in this crate, each with its reason.

#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(target_arch = "x86_64")]
mod body;
mod choice;
mod isa;
#[cfg(target_arch = "x86_64")]
mod kernels;
mod native;
#[cfg(feature = "rayon")]
pub mod parallel;
#[cfg(target_arch = "x86_64")]
mod vector;

pub use choice::{Isa, UnsupportedIsa, WithKernels};
#[cfg(target_arch = "x86_64")]
pub use isa::{Avx2, Avx512};
pub use native::{NATIVE, Native};
