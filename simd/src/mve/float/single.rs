//! Windows of three by three weights of one channel by itself, as in depthwise convolutions: the nine weights stay in
//! registers while a vector of columns is gone through row by row.

use core::arch::naked_asm;

/// What the core works on: rows of the output whose windows lie within the rows of the input.
#[repr(C)]
pub(super) struct Job {
    /// What the first column sees by the window's outermost column on the left, in the first row.
    pub(super) x: *const f32,
    /// Bytes from one row of the input to the next.
    pub(super) row: usize,
    pub(super) y: *mut f32,
    /// Bytes from one row of the output to the next.
    pub(super) y_row: usize,
    /// At least one.
    pub(super) rows: usize,
    pub(super) bias: f32,
    /// The bytes of vectors that exist, as bits, for each column of the window from the left.
    pub(super) masks: [u32; 3],
    /// Those of the output.
    pub(super) mask: u32,
    pub(super) weights: [f32; 9],
}

/// The products of a row of the window, with weights in these registers.
macro_rules! row {
    ($w0:literal $w1:literal $w2:literal) => {
        concat!(
            ".if {masked}\n",
            "vldr p0, [r0, #24]\n",
            "vpst\n",
            "vldrwt.u32 q1, [r1]\n",
            "vldr p0, [r0, #28]\n",
            "vpst\n",
            "vldrwt.u32 q2, [r1, #4]\n",
            "vfma.f32 q0, q1, ",
            $w0,
            "\n",
            "vldr p0, [r0, #32]\n",
            "vpst\n",
            "vldrwt.u32 q1, [r1, #8]\n",
            ".else\n",
            "vldrw.u32 q1, [r1]\n",
            "vldrw.u32 q2, [r1, #4]\n",
            "vfma.f32 q0, q1, ",
            $w0,
            "\n",
            "vldrw.u32 q1, [r1, #8]\n",
            ".endif\n",
            "vfma.f32 q0, q2, ",
            $w1,
            "\n",
            "vfma.f32 q0, q1, ",
            $w2,
            "\n",
        )
    };
}

/// A vector of columns of all rows.
///
/// # Safety
/// The outputs of the job are there, and what the masks have of the inputs; unless `MASKED`, all.
// SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `p0`, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. For each of `rows` it reads three vectors, a number
// apart, of each of three rows of the input, and writes one; `MASKED`, only bytes that the masks have are read and
// written. All are words, aligned by their types.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rows<const MASKED: bool>(job: *const Job) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "ldr r4, [r0, #20]",
        "vdup.32 q3, r4",
        "ldr r1, [r0]",
        "ldrd r3, r2, [r0, #4]",
        "ldr lr, [r0, #16]",
        "add r12, r0, #40",
        "ldm r12, {{r4-r12}}",
        "dls lr, lr",
        "2:",
        "vmov q0, q3",
        row!["r4" "r5" "r6"],
        "add r1, r1, r3",
        row!["r7" "r8" "r9"],
        "add r1, r1, r3",
        row!["r10" "r11" "r12"],
        "sub r1, r1, r3",
        ".if {masked}",
        "vldr p0, [r0, #36]",
        "vpst",
        "vstrwt.32 q0, [r2]",
        ".else",
        "vstrw.32 q0, [r2]",
        ".endif",
        "ldr r12, [r0, #12]",
        "add r2, r2, r12",
        "ldr r12, [r0, #72]",
        "le lr, 2b",
        "pop {{r4-r11, pc}}",
        masked = const MASKED as usize,
    )
}
