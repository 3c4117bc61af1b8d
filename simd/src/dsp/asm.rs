//! Pieces of assembly that several kernels have in common.
//!
//! The inner loops need more registers than the compiler leaves to an `asm!` block, so each stands in a naked
//! function of its own: it saves what the calling convention asks for, takes all of `r0` to `r12` and `lr`, and keeps
//! the rest of its state on its stack.

/// The first line of a piece of assembly: which instructions it may have. Builds for Armv8-M do not know that this
/// processor has them.
macro_rules! arch {
    () => {
        ".arch armv7e-m\n"
    };
}

/// From doubled sums with their bias to outputs, as `Scale::apply_folded` has it, in the rounding `Twice`, `Rectified` or
/// `Once`: `requantize![rounding, multiplier addend shift: registers…]`.
macro_rules! requantize {
    (Twice, $multiplier:literal $addend:literal $shift:literal: $($r:literal)*) => {
        concat!(
            $("smmulr ", $r, ", ", $r, ", ", $multiplier, "\n",)*
            $("add ", $r, ", ", $r, ", ", $r, ", asr #31\n",)*
            $("add ", $r, ", ", $addend, "\n",)*
            $crate::dsp::asm::requantize![@ $shift: $($r)*]
        )
    };
    // The addend is added to the high word in the same instruction.
    (Rectified, $multiplier:literal $addend:literal $shift:literal: $($r:literal)*) => {
        concat!(
            $("smmlar ", $r, ", ", $r, ", ", $multiplier, ", ", $addend, "\n",)*
            $crate::dsp::asm::requantize![@ $shift: $($r)*]
        )
    };
    (Once, $multiplier:literal $addend:literal $shift:literal: $($r:literal)*) => {
        concat!(
            $("smmla ", $r, ", ", $r, ", ", $multiplier, ", ", $addend, "\n",)*
            $crate::dsp::asm::requantize![@ $shift: $($r)*]
        )
    };
    (@ $shift:literal: $($r:literal)*) => {
        concat!(
            $("asr ", $r, ", ", $shift, "\n",)*
            $("ssat ", $r, ", #8, ", $r, "\n",)*
        )
    };
}

pub(super) use {arch, requantize};
