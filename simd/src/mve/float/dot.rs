//! Sums of products of rows: four numbers of each row at a time, whatever its length.

use core::{arch::naked_asm, ptr};

/// What the core works on.
#[repr(C)]
pub(super) struct Job {
    /// The first row.
    x: *const f32,
    /// The rows that it is multiplied by.
    rows: [*const f32; 4],
    /// Rows that follow, of each; at least one.
    count: usize,
    /// Numbers of a row, at least one.
    len: usize,
    /// Bytes from behind the last vector of a row to the next row: of `x`, and of the others.
    steps: [isize; 2],
    sums: [f32; 4],
}

impl Job {
    /// `count` rows of `len` numbers, of which each begins `steps` numbers behind the one before it.
    pub(super) fn of(rows: [*const f32; 4], [count, len]: [usize; 2], steps: [usize; 2]) -> Self {
        let vectors = len.next_multiple_of(4).cast_signed();
        let steps = steps.map(|step| (step.cast_signed() - vectors) * size_of::<f32>().cast_signed());
        Self { x: ptr::null(), rows, count, len, steps, sums: [0.0; 4] }
    }

    /// The sums of the products of the rows from `x` on with each of four, over all rows.
    ///
    /// # Safety
    /// All rows are there.
    pub(super) unsafe fn sums(&mut self, x: *const f32) -> [f32; 4] {
        self.x = x;
        // SAFETY: the caller's, passed on.
        unsafe { four(self) };
        self.sums
    }
}

/// # Safety
/// All rows of the job are there.
// SAFETY of the assembly: `r4` to `r9`, `lr`, `q4` and `q5` (`d8` to `d11`) are saved and restored, the stack is as
// before at the end, and flags, `r0` to `r3` and `q0` to `q3` belong to the callee. `count` times it reads `len`
// numbers of five rows, of the last vector only what is left, from where `steps` lead to the next; then it writes
// `sums`. All are words, aligned by their types.
#[unsafe(naked)]
unsafe extern "C" fn four(job: *mut Job) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r9, lr}}",
        "vpush {{d8-d11}}",
        "vmov.i32 q0, #0",
        "vmov.i32 q1, #0",
        "vmov.i32 q2, #0",
        "vmov.i32 q3, #0",
        "ldm r0, {{r1-r7}}",
        "ldrd r8, r9, [r0, #28]",
        "2:",
        "dlstp.32 lr, r7",
        "3:",
        "vldrw.u32 q4, [r1], #16",
        "vldrw.u32 q5, [r2], #16",
        "vfma.f32 q0, q4, q5",
        "vldrw.u32 q5, [r3], #16",
        "vfma.f32 q1, q4, q5",
        "vldrw.u32 q5, [r4], #16",
        "vfma.f32 q2, q4, q5",
        "vldrw.u32 q5, [r5], #16",
        "vfma.f32 q3, q4, q5",
        "letp lr, 3b",
        "add r1, r1, r8",
        "add r2, r2, r9",
        "add r3, r3, r9",
        "add r4, r4, r9",
        "add r5, r5, r9",
        "subs r6, r6, #1",
        "bne 2b",
        "vadd.f32 s0, s0, s1",
        "vadd.f32 s4, s4, s5",
        "vadd.f32 s8, s8, s9",
        "vadd.f32 s12, s12, s13",
        "vadd.f32 s2, s2, s3",
        "vadd.f32 s6, s6, s7",
        "vadd.f32 s10, s10, s11",
        "vadd.f32 s14, s14, s15",
        "vadd.f32 s0, s0, s2",
        "vadd.f32 s1, s4, s6",
        "vadd.f32 s2, s8, s10",
        "vadd.f32 s3, s12, s14",
        "add r0, r0, #36",
        "vstmia r0, {{s0-s3}}",
        "vpop {{d8-d11}}",
        "pop {{r4-r9, pc}}",
    )
}
