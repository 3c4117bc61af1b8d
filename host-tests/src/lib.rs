//! What proves `tensorlet` on a host, and what carries its networks in and out.
//!
//! - [`reference`](mod@reference): every formula once more, in float64 and naively, and [`tolerance`]: how far a
//!   kernel may be from it
//! - [`weights`]: safetensors files under PyTorch's names
//! - [`flash`]: networks of floats, made into Rust for networks of integers
//! - [`tflite`]: models of TensorFlow Lite, made into Rust
//! - with the feature `tools`: building the firmware, running it in the emulator and measuring it
//!   (`cortex_m`), for `cargo xtask`

#![forbid(unsafe_code)]

#[cfg(feature = "tools")]
pub mod cortex_m;
pub mod damage;
#[cfg(feature = "tools")]
pub mod device;
#[cfg(feature = "tools")]
pub mod emulator;
pub mod file;
#[cfg(feature = "tools")]
pub mod firmware;
pub mod flash;
pub mod framed;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod instruction_sets;
pub mod json;
pub mod networks;
pub mod operations;
pub mod reference;
#[cfg(feature = "tools")]
pub mod size;
pub mod survey;
pub mod tolerance;
pub mod weights;

pub use tensorlet_tflite as tflite;
