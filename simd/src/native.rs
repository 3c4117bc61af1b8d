//! The instruction set that a build is for.

/// The token of the widest instruction set that every processor of this build's target has:
/// [`Portable`](tensorlet::Portable), unless the target has vectors always (64-bit Arm has
/// NEON) or the compiler was told of more (`-C target-cpu`, `-C target-feature`).
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// assert_eq!(tensorlet_simd::NATIVE.sum(&[1.0, 2.0]), 3.0);
/// ```
pub type Native = imp::Native;

/// The token [`Native`].
pub const NATIVE: Native = imp::NATIVE;

/// The order of weights that the kernels of this build's target are made for, on hosts whatever the instruction set:
/// [`ForDsp`](tensorlet::quantized::ForDsp) and [`ForMve`](tensorlet::quantized::ForMve) where [`Native`] is `Dsp` or
/// `Mve`, [`ForHost`](tensorlet::quantized::ForHost) on x86-64, 64-bit Arm and WebAssembly, otherwise
/// [`RowMajor`](tensorlet::quantized::RowMajor).
///
/// ```
/// use tensorlet::quantized::Linear;
/// /// Packed for the processor that this is built for.
/// type Classifier = Linear<64, 10, tensorlet_simd::NativePacking>;
/// # let _: Option<Classifier> = None;
/// ```
pub type NativePacking = imp::NativePacking;

mod imp {
    core::cfg_select! {
        dsp => {
            pub(super) use tensorlet::quantized::ForDsp as NativePacking;
        }
        mve => {
            pub(super) use tensorlet::quantized::ForMve as NativePacking;
        }
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "wasm32") => {
            pub(super) use tensorlet::quantized::ForHost as NativePacking;
        }
        _ => {
            pub(super) use tensorlet::quantized::RowMajor as NativePacking;
        }
    }

    core::cfg_select! {
        all(
            target_arch = "x86_64",
            target_feature = "avx512f",
            target_feature = "avx512vl",
            target_feature = "avx512dq",
            target_feature = "avx512bw"
        ) => {
            pub(super) use crate::Avx512 as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma") => {
            pub(super) use crate::Avx2 as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        all(target_arch = "aarch64", target_feature = "neon") => {
            pub(super) use crate::Neon as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        all(target_arch = "wasm32", target_feature = "simd128") => {
            pub(super) use crate::Simd128 as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        dsp => {
            pub(super) use crate::Dsp as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        mve => {
            pub(super) use crate::Mve as Native;
            pub(super) const NATIVE: Native = Native::native();
        }
        _ => {
            pub(super) use tensorlet::Portable as Native;
            pub(super) const NATIVE: Native = Native;
        }
    }
}
