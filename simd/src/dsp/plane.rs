//! The inner loops of a depthwise convolution: windows over the lines of a plane, two outputs at a time.

use core::arch::naked_asm;

use tensorlet::kernel::Conv2dDims;

use super::asm::{arch, requantize};

/// What the functions of this module work on: the windows of one channel over some lines. Steps are bytes.
#[repr(C)]
pub(super) struct Lines {
    /// The first line that the first window sees, aligned to a word; the weights are doubled, so that the sums are.
    pub(super) x: *const i16,
    /// From the first line of a window to that of the next; a multiple of 4, as the next one.
    pub(super) x_step: usize,
    /// From one line of a window to its next.
    pub(super) line: usize,
    /// The weights: words of two taps, line by line.
    pub(super) weight: *const u32,
    /// The first output.
    pub(super) y: *mut i8,
    /// Whether an output is left after the pairs.
    pub(super) odd: usize,
    /// From one line of outputs to the next.
    pub(super) y_step: usize,
    /// Lines of outputs, at least one.
    pub(super) lines: usize,
    /// What `x` goes on by over the whole pairs of outputs of a line.
    pub(super) pairs: usize,
    /// The bias.
    pub(super) bias: i32,
    /// The scale.
    pub(super) multiplier: i32,
    /// As it stands there.
    pub(super) addend: i32,
    /// As it stands there.
    pub(super) shift: i32,
    /// From one output along the line to the next.
    pub(super) y_along: usize,
    /// From one output's first input to that of the next: [`any_twice`] and [`any_once`] alone see this and what
    /// follows.
    pub(super) stride: usize,
    /// From the end of a line of the window to its next.
    pub(super) skip: isize,
    /// Lines of the window.
    pub(super) window: usize,
    /// A quarter of the words of weights in a line of the window, rounded up.
    pub(super) rounds: usize,
    /// With how many words the first round begins: 1 to 4.
    pub(super) entry: usize,
    /// Room for the loop.
    pub(super) now: usize,
}

/// A function of this module.
pub(super) type LinesFn = unsafe extern "C" fn(&Lines);

/// Which function, which one where outputs are rectified, and whether they want the weights of three taps as the words
/// `(0, 1)` and `(1, 2)`.
#[derive(Clone, Copy)]
pub(super) struct Core {
    pub(super) run: LinesFn,
    pub(super) rectified: LinesFn,
    pub(super) three: bool,
}

/// The function for a convolution.
pub(super) const fn core(d: &Conv2dDims, twice: bool) -> Core {
    let (kernel, options) = (d.window.kernel, &d.window.options);
    let along = tensorlet::quantized::Plane::of(d).along;
    let three = kernel[0] == 3 && kernel[1] == 3 && options.dilation[along] == 1;
    let (run, rectified): (LinesFn, LinesFn) = match (three, options.stride[along], twice) {
        (true, 1, true) => (three_twice, three_rectified),
        (true, 1, false) => (three_once, three_once),
        (true, 2, true) => (three_by_two_twice, three_by_two_rectified),
        (true, 2, false) => (three_by_two_once, three_by_two_once),
        (_, _, true) => (any_twice, any_rectified),
        (_, _, false) => (any_once, any_once),
    };
    Core { run, rectified, three: three && matches!(options.stride[along], 1 | 2) }
}

/// A line of three taps for two outputs beside each other, the weights in `$a` (0, 1) and `$b` (1, 2).
macro_rules! beside {
    ($x:literal $a:literal $b:literal) => {
        concat!(
            "ldrd r3, r12, [",
            $x,
            "], #4\n",
            "smlad r10, r3, ",
            $a,
            ", r10\n",
            "smlabt r10, r12, ",
            $b,
            ", r10\n",
            "smlatb r11, r3, ",
            $a,
            ", r11\n",
            "smlad r11, r12, ",
            $b,
            ", r11\n",
        )
    };
}

/// The same for outputs two elements apart.
macro_rules! apart {
    ($x:literal $a:literal $b:literal) => {
        concat!(
            "ldrd r3, r12, [",
            $x,
            "], #8\n",
            "smlad r10, r3, ",
            $a,
            ", r10\n",
            "smlabt r10, r12, ",
            $b,
            ", r10\n",
            "ldr r3, [",
            $x,
            "]\n",
            "smlad r11, r12, ",
            $a,
            ", r11\n",
            "smlabt r11, r3, ",
            $b,
            ", r11\n",
        )
    };
}

/// The same for one output.
macro_rules! alone {
    ($x:literal $a:literal $b:literal) => {
        concat!("ldrd r3, r12, [", $x, "]\n", "smlad r10, r3, ", $a, ", r10\n", "smlabt r10, r12, ", $b, ", r10\n",)
    };
}

macro_rules! three {
    ($(#[$doc:meta])* $name:ident $pair:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Lines`] says, with three lines of the plane for each line of outputs, and six
        /// words of weights.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. A pair of outputs reads two words (three, if they
        // are apart) from its place in each of three lines, the last alone two: what `Plane` has room for. All of
        // them are aligned, since steps and places are multiples of 4. It writes the outputs, one byte each.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(lines: &Lines) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "sub sp, #60",
                "ldm r0!, {{r1-r8}}",
                "stm sp, {{r1-r8}}",
                "ldm r0, {{r1-r6}}",
                "add r0, sp, #32",
                "stm r0, {{r1-r6}}",
                "ldr r3, [sp, #12]",
                "ldm r3, {{r4-r9}}",
                // The next line; r3 becomes the end of its pairs.
                "2: ldr r0, [sp]",
                "ldrd r1, r3, [sp, #4]",
                "add r1, r0",
                "str r1, [sp]",
                "adds r1, r0, r3",
                "adds r2, r1, r3",
                "ldr lr, [sp, #16]",
                "ldr r3, [sp, #32]",
                "add r3, r0",
                "str r3, [sp, #56]",
                "cmp r0, r3",
                "beq 4f",
                // The next pair.
                "3: ldr r10, [sp, #36]",
                "mov r11, r10",
                $pair!("r0" "r4" "r5"),
                $pair!("r1" "r6" "r7"),
                $pair!("r2" "r8" "r9"),
                "ldrd r3, r12, [sp, #40]",
                three!(@ $rounding "r10" "r11"),
                "strb r10, [lr]",
                "strb r11, [lr, r12]",
                "add lr, lr, r12, lsl #1",
                "ldr r3, [sp, #56]",
                "cmp r0, r3",
                "bne 3b",
                "4: ldr r3, [sp, #20]",
                "cbz r3, 5f",
                "ldr r10, [sp, #36]",
                alone!("r0" "r4" "r5"),
                alone!("r1" "r6" "r7"),
                alone!("r2" "r8" "r9"),
                "ldrd r3, r12, [sp, #40]",
                three!(@ $rounding "r10"),
                "strb r10, [lr]",
                "5: ldr r0, [sp, #16]",
                "ldrd r1, r2, [sp, #24]",
                "add r0, r1",
                "str r0, [sp, #16]",
                "subs r2, #1",
                "str r2, [sp, #28]",
                "bne 2b",
                "add sp, #60",
                "pop {{r4-r11, pc}}",
            )
        }
    };
    // Multiplier and addend make room for the shift and the step of outputs.
    (@ Twice $($r:literal)*) => {
        concat!(
            $("smmulr ", $r, ", ", $r, ", r3\n",)*
            $("add ", $r, ", ", $r, ", ", $r, ", asr #31\n",)*
            $("add ", $r, ", r12\n",)*
            three!(@ $($r)*)
        )
    };
    (@ Rectified $($r:literal)*) => {
        concat!($("smmlar ", $r, ", ", $r, ", r3, r12\n",)* three!(@ $($r)*))
    };
    (@ Once $($r:literal)*) => {
        concat!($("smmla ", $r, ", ", $r, ", r3, r12\n",)* three!(@ $($r)*))
    };
    (@ $($r:literal)*) => {
        concat!(
            "ldrd r3, r12, [sp, #48]\n",
            $("asr ", $r, ", r3\n",)*
            $("ssat ", $r, ", #8, ", $r, "\n",)*
        )
    };
}

three! {
    /// Windows of 3x3 that slide by 1, rounded twice.
    three_twice beside Twice
}
three! {
    /// Windows of 3x3 that slide by 1, rounded twice and rectified.
    three_rectified beside Rectified
}
three! {
    /// Windows of 3x3 that slide by 1, rounded once.
    three_once beside Once
}
three! {
    /// Windows of 3x3 that slide by 2, rounded twice.
    three_by_two_twice apart Twice
}
three! {
    /// Windows of 3x3 that slide by 2, rounded twice and rectified.
    three_by_two_rectified apart Rectified
}
three! {
    /// Windows of 3x3 that slide by 2, rounded once.
    three_by_two_once apart Once
}

/// A word of weights for two outputs.
macro_rules! word {
    () => {
        concat!(
            "ldr r8, [r2], #4\n",
            "ldr r9, [r0], #4\n",
            "ldr r10, [r1], #4\n",
            "smlad r4, r9, r8, r4\n",
            "smlad r5, r10, r8, r5\n",
        )
    };
}

macro_rules! any {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Lines`] says, with the lines of a window for each line of outputs, and the words
        /// of weights of all lines of a window.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. Two outputs read the words of a window from their
        // places in each of its lines, also where the second is one too many: what `Plane` has room for. `ldr` does
        // so at any address. They write one byte each; one too many is overwritten by the first.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(lines: &Lines) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "sub sp, #84",
                "ldm r0!, {{r1-r10}}",
                "stm sp, {{r1-r10}}",
                "ldm r0, {{r1-r10}}",
                "add r0, sp, #40",
                "stm r0, {{r1-r10}}",
                "ldrd r11, r12, [sp, #56]",
                // The next line: r6 goes over it, up to what [sp, #80] says; [sp, #76] is the step of outputs.
                "2: ldrd r6, r1, [sp]",
                "add r1, r6",
                "str r1, [sp]",
                "ldr lr, [sp, #16]",
                "ldr r1, [sp, #52]",
                "str r1, [sp, #76]",
                "ldr r3, [sp, #32]",
                "add r3, r6",
                "str r3, [sp, #80]",
                "cmp r6, r3",
                "beq 10f",
                // The next pair.
                "3: ldr r4, [sp, #36]",
                "mov r5, r4",
                "ldr r2, [sp, #12]",
                "mov r0, r6",
                "ldr r7, [sp, #64]",
                // The next line of the window.
                "4: add r1, r0, r11",
                "ldrd r3, r8, [sp, #68]",
                "tbb [pc, r8]",
                "5: .byte 0, (9f - 5b) / 2, (8f - 5b) / 2, (7f - 5b) / 2, (6f - 5b) / 2, 0",
                "6:",
                word!(),
                "7:",
                word!(),
                "8:",
                word!(),
                "9:",
                word!(),
                "subs r3, #1",
                "bne 6b",
                "add r0, r12",
                "subs r7, #1",
                "bne 4b",
                "ldrd r8, r9, [sp, #40]",
                "ldr r10, [sp, #48]",
                requantize![$rounding, "r8" "r9" "r10": "r4" "r5"],
                "ldr r8, [sp, #76]",
                "strb r5, [lr, r8]",
                "strb r4, [lr]",
                "add lr, lr, r8, lsl #1",
                "add r6, r6, r11, lsl #1",
                "ldr r3, [sp, #80]",
                "cmp r6, r3",
                "bne 3b",
                // What is left is a pair whose second output goes where the first one will.
                "10: ldr r0, [sp, #20]",
                "ldr r1, [sp, #76]",
                "cmp r0, #0",
                "it ne",
                "cmpne r1, #0",
                "beq 11f",
                "movs r1, #0",
                "str r1, [sp, #76]",
                "add r3, r6, r11, lsl #1",
                "str r3, [sp, #80]",
                "b 3b",
                "11: ldr r0, [sp, #16]",
                "ldrd r1, r2, [sp, #24]",
                "add r0, r1",
                "str r0, [sp, #16]",
                "subs r2, #1",
                "str r2, [sp, #28]",
                "bne 2b",
                "add sp, #84",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

any! {
    /// Windows of any size, rounded twice.
    any_twice Twice
}
any! {
    /// Windows of any size, rounded twice and rectified.
    any_rectified Rectified
}
any! {
    /// Windows of any size, rounded once.
    any_once Once
}
