//! Kernels without weights: sums by tables, softmax.

use core::arch::naked_asm;

use tensorlet::{
    kernel::SoftmaxScale,
    quantized::{AddTables, Scale},
};

/// What [`add_twice`] and [`add_once`] work on. The offsets of the fields stand in the assembly.
#[repr(C)]
struct Sum {
    /// The operands, and where their sums go.
    a: *const i8,
    b: *const i8,
    y: *mut i8,
    /// How many, at least 1.
    n: u32,
    /// What each byte of an operand adds.
    tables: [*const i32; 2],
    /// The scale of the sums.
    multiplier: i32,
    addend: i32,
    /// Bits to the left, negative.
    shift: i32,
}

/// A function that adds: `name, [the high words of the products], [what their sign adds]`.
macro_rules! sums {
    ($(#[$doc:meta])* $name:ident, $high:literal, [$($sign:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// There are so many operands, room for so many sums, and tables of 256 numbers.
        // SAFETY of the assembly: `r4` to `r7`, `lr` and `q4` (`d8` and `d9`) are saved and restored, the stack is as
        // before at the end, and flags, `r0` to `r3` and `q0` to `q3` belong to the callee. In each round it reads four
        // bytes of `a` and of `b`, the entry of each table that a byte, 0 to 255, counts to, and then writes four
        // bytes; the last round only those that are left. `ldm`, `ldrd` and gathered words see addresses of words.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(sum: *const Sum) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r7, lr}}",
                "vpush {{d8-d9}}",
                "ldm r0, {{r1, r2, r3, lr}}",
                "ldrd r4, r5, [r0, #16]",
                "ldrd r6, r7, [r0, #24]",
                "ldr r0, [r0, #32]",
                "vdup.32 q4, r6",
                "dlstp.32 lr, lr",
                "2:",
                "vldrb.u32 q0, [r1], #4",
                "vldrb.u32 q1, [r2], #4",
                "vldrw.u32 q2, [r4, q0, uxtw #2]",
                "vldrw.u32 q3, [r5, q1, uxtw #2]",
                "vadd.i32 q0, q2, q3",
                $high,
                $($sign,)*
                "vadd.i32 q0, q0, r7",
                "vshl.s32 q0, r0",
                "vqmovnb.s32 q0, q0",
                "vqmovnb.s16 q0, q0",
                "vstrb.32 q0, [r3], #4",
                "letp lr, 2b",
                "vpop {{d8-d9}}",
                "pop {{r4-r7, pc}}",
            )
        }
    };
}

sums!(
    /// Adds, and rounds twice.
    add_twice, "vrmulh.s32 q0, q0, q4", ["vshr.s32 q1, q0, #31", "vadd.i32 q0, q0, q1"]);
sums!(
    /// Adds, and rounds once.
    add_once, "vmulh.s32 q0, q0, q4", []);

/// Adds, or returns false for operands that are repeated or otherwise not as many as the sums, for none at all, and for
/// a scale that is not folded or has a bias that is not doubled: its shift is negative.
pub(super) fn add(twice: bool, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) -> bool {
    let n = y.len();
    let b = match b {
        Some(b) if b.len() == n => b.as_ptr(),
        Some(_) => return false,
        None => y.as_ptr(),
    };
    let Scale { multiplier, addend, shift, folded, .. } = add.scale;
    if a.len() != n || n == 0 || !folded || shift < 0 {
        return false;
    }
    let tables = add.tables.map(|table| table.as_ptr());
    let sum =
        Sum { a: a.as_ptr(), b, y: y.as_mut_ptr(), n: n as u32, tables, multiplier, addend, shift: -i32::from(shift) };
    // SAFETY: both operands have `n` elements, as `y` has. Where `y` is one of them, each of its elements is read before
    // it is written. The tables have 256 numbers by their type.
    unsafe { if twice { add_twice(&sum) } else { add_once(&sum) } }
    super::clamp(y, n, add.clamp);
    true
}

/// The largest of `n` bytes, at least 1.
///
/// # Safety
/// There are `n` bytes.
// SAFETY of the assembly: `r7` and `lr` are saved and restored, the stack is as before at the end, and flags, `r0` to
// `r3` and `q0` belong to the callee. It reads `n` bytes, of the last vector only what is left.
#[unsafe(naked)]
unsafe extern "C" fn max(x: *const i8, n: u32) -> i32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "mvn r2, #127",
        "dlstp.8 lr, r1",
        "2:",
        "vldrb.u8 q0, [r0], #16",
        "vmaxv.s8 r2, q0",
        "letp lr, 2b",
        "mov r0, r2",
        "pop {{r7, pc}}",
    )
}

/// The sum of the exponentials of `x - max`, rounded to 19 bits behind the point, of `n` bytes, at least 1.
///
/// # Safety
/// There are `n` bytes, none of them above `max`, and 256 exponentials.
// SAFETY of the assembly: `r4` and `lr` are saved and restored, the stack is as before at the end, and flags, `r0` to
// `r3`, `q0` and `q1` belong to the callee. It reads `n` bytes, four at a time, and for each the exponential `max - x`,
// one of 0 to 255; the last round only for those that are left. Gathered words see addresses of words.
#[unsafe(naked)]
unsafe extern "C" fn sum_of_exponentials(x: *const i8, n: u32, max: i32, exponentials: *const i32) -> i32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4, lr}}",
        "mov r4, #0",
        "dlstp.32 lr, r1",
        "2:",
        "vldrb.s32 q0, [r0], #4",
        "vsub.i32 q0, q0, r2",
        "vneg.s32 q0, q0",
        "vldrw.u32 q1, [r3, q0, uxtw #2]",
        "vrshr.s32 q1, q1, #12",
        "vaddva.s32 r4, q1",
        "letp lr, 2b",
        "mov r0, r4",
        "pop {{r4, pc}}",
    )
}

/// What [`shares`] works on.
#[repr(C)]
struct Shares {
    x: *const i8,
    y: *mut i8,
    /// How many, at least 1.
    n: u32,
    /// The largest `x`.
    max: i32,
    exponentials: *const i32,
    /// One over the sum of all exponentials.
    multiplier: i32,
    /// Bits to the left, negative.
    shift: i32,
}

/// `y = exponential · multiplier >> shift`, rounded, less 128.
///
/// # Safety
/// There are so many `x`, none of them above `max`, room for as many `y`, and 256 exponentials.
// SAFETY of the assembly: `r4` to `r7` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `r0` to `r3`, `q0` and `q1` belong to the callee. In each round it reads four bytes of `x`, for each the exponential
// `max - x`, one of 0 to 255, and then writes four bytes; the last round only those that are left. `ldrd` and gathered
// words see addresses of words.
#[unsafe(naked)]
unsafe extern "C" fn shares(shares: *const Shares) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r7, lr}}",
        "ldrd r1, r2, [r0]",
        "ldrd lr, r3, [r0, #8]",
        "ldrd r4, r5, [r0, #16]",
        "ldr r6, [r0, #24]",
        "mov r7, #128",
        "dlstp.32 lr, lr",
        "2:",
        "vldrb.s32 q0, [r1], #4",
        "vsub.i32 q0, q0, r3",
        "vneg.s32 q0, q0",
        "vldrw.u32 q1, [r4, q0, uxtw #2]",
        "vqrdmulh.s32 q1, q1, r5",
        "vrshl.s32 q1, r6",
        "vsub.i32 q1, q1, r7",
        "vqmovnb.s32 q1, q1",
        "vqmovnb.s16 q1, q1",
        "vstrb.32 q1, [r2], #4",
        "letp lr, 2b",
        "pop {{r4-r7, pc}}",
    )
}

/// Softmax of rows.
pub(super) fn softmax(row: usize, x: &[i8], exponentials: &[i32; 256], y: &mut [i8]) {
    let rows = x.len().min(y.len()).checked_div(row).unwrap_or(0);
    for i in 0..rows {
        let (Some(x), Some(y)) = (x.get(i * row..(i + 1) * row), y.get_mut(i * row..(i + 1) * row)) else { return };
        let (n, exponentials) = (row as u32, exponentials.as_ptr());
        // SAFETY: a row has `row` elements, at least 1, since a number could be divided by it; `x - max` is 0 to -255.
        unsafe {
            let max = max(x.as_ptr(), n);
            let SoftmaxScale { multiplier, shift } =
                SoftmaxScale::of(sum_of_exponentials(x.as_ptr(), n, max, exponentials));
            let shift = -(shift.min(64) as i32);
            shares(&Shares { x: x.as_ptr(), y: y.as_mut_ptr(), n, max, exponentials, multiplier, shift });
        }
    }
}
