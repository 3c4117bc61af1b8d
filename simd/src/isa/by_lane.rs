//! Memory one lane at a time, for instruction sets of four lanes that cannot leave lanes out.

/// The numbers `from[index[i]]` of the lanes `i` in `bits`, 0 in the others.
///
/// # Safety
/// For each lane `i` in `bits`, `from + index[i]` is valid for a read.
#[inline(always)]
pub(super) unsafe fn read(from: *const f32, index: [i32; 4], bits: u32) -> [f32; 4] {
    let mut lanes = [0.0; 4];
    for (lane, (x, at)) in lanes.iter_mut().zip(index).enumerate() {
        if bits >> lane & 1 == 1 {
            // SAFETY: the lane is in `bits`, so the caller vouches for its place.
            *x = unsafe { *from.wrapping_offset(at as isize) };
        }
    }
    lanes
}

/// Writes the lanes `i` in `bits` to `to + i`.
///
/// # Safety
/// For each lane `i` in `bits`, `to + i` is valid for a write.
#[inline(always)]
pub(super) unsafe fn write(to: *mut f32, bits: u32, lanes: [f32; 4]) {
    for (lane, x) in lanes.into_iter().enumerate() {
        if bits >> lane & 1 == 1 {
            // SAFETY: the lane is in `bits`, so the caller vouches for its place.
            unsafe { *to.wrapping_add(lane) = x };
        }
    }
}
