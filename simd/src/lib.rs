//! Kernels of [`tensorlet`] for the vector units of processors: one token per instruction set.
//!
//! A token is a zero-sized value, and having one proves that the processor has the instructions. It
//! implements all families of [`tensorlet::kernel`], and goes wherever
//! [`Portable`](tensorlet::Portable) goes.
//!
//! | token | registers | processors |
//! |---|---|---|
//! | `Avx2` | 16 of 8 numbers | x86-64 with AVX2 and FMA |
//! | `Avx512` | 32 of 16 numbers | x86-64 with AVX-512 F, VL, DQ and BW; on integers VNNI where it is there, AVX2 where not |
//! | `Neon` | 32 of 4 numbers | 64-bit Arm, all |
//! | `Simd128` | 16 of 4 numbers | WebAssembly, built with `-C target-feature=+simd128` |
//! | `Dsp` | 13 of 2 integers, 32 of 1 number | Cortex-M4 and M7; Cortex-M33, built with the feature `dsp` |
//! | `Mve` | 8 of 16 integers or 4 numbers | Cortex-M55 and M85, built with the feature `mve` |
//!
//! Everything else, x86-64 without AVX2 among it, runs on `Portable`. The choice is made
//!
//! | | when | by |
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
//! Kernels on integers have their sizes as numbers, and one copy in a program. Products and convolutions with weights
//! [`ForHost`](tensorlet::quantized::ForHost) are tiles over two small traits, `Fours` and `Taps`; all else is plain Rust
//! in loops of fixed length, which the compiler makes vectors of.
//!
//! All `unsafe` of the library is in this crate, each with its reason.
//!
#![doc = include_str!("../SPEED.md")]
#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod body;
#[cfg(any(test, dsp, mve))]
mod bounds;
mod choice;
#[cfg(dsp)]
mod dsp;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod fours;
#[cfg(fpu)]
mod fpu;
mod isa;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod kernels;
#[cfg(mve)]
mod mve;
mod native;
#[cfg(feature = "rayon")]
pub mod parallel;
#[cfg(any(fpu, mve))]
mod pointwise;
#[cfg(any(dsp, mve))]
mod samples;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod vector;

pub use choice::{Isa, UnsupportedIsa, WithKernels};
#[allow(unused_imports, unreachable_pub, reason = "some targets have none")]
pub use isa::*;
pub use native::{NATIVE, Native, NativePacking};
