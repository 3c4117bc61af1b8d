//! Instruction sets: one file each, with its token.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
pub use {avx2::Avx2, avx512::Avx512};

/// Methods that are one expression of intrinsics each, allowed by the token `self`.
#[cfg(target_arch = "x86_64")]
macro_rules! proven {
    ($(fn $name:ident($self:ident $(, $arg:ident: $type:ty)*) -> $ret:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name($self $(, $arg: $type)*) -> $ret {
            // SAFETY: `self` proves that the processor has the instruction set, and these
            // intrinsics ask for nothing else.
            unsafe { $body }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
use proven;
