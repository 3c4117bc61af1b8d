//! Constants of a network in the bytes of a file, for `include_bytes!`: little-endian, one after the other.

/// `N` weights from byte `at` on.
///
/// ```
/// use tensorlet::quantized;
/// const FILE: &[u8] = &[1, 0xff, 7, 0, 0, 0];
/// const WEIGHTS: [i8; 2] = quantized::stored_i8(FILE, 0);
/// const BIAS: [i32; 1] = quantized::stored_i32(FILE, 2);
/// assert_eq!((WEIGHTS, BIAS), ([1, -1], [7]));
/// ```
///
/// # Panics
/// When the file ends before; in a constant, so compilation stops.
#[must_use]
pub const fn stored_i8<const N: usize>(file: &[u8], at: usize) -> [i8; N] {
    // All at once: a network has hundreds of thousands, and the compiler interprets a loop step by step.
    match file.split_at(at).1.first_chunk::<N>() {
        Some(bytes) => bytemuck::must_cast(*bytes),
        None => panic!("the file ends before"),
    }
}

/// `N` numbers of 32 bits from byte `at` on.
///
/// # Panics
/// As [`stored_i8`].
#[must_use]
pub const fn stored_i32<const N: usize>(file: &[u8], at: usize) -> [i32; N] {
    let (mut numbers, mut i) = ([0; N], 0);
    while i < N {
        let place = at + 4 * i;
        numbers[i] = i32::from_le_bytes([file[place], file[place + 1], file[place + 2], file[place + 3]]);
        i += 1;
    }
    numbers
}

/// `N` real numbers from byte `at` on.
///
/// # Panics
/// As [`stored_i8`].
#[must_use]
pub const fn stored_f32<const N: usize>(file: &[u8], at: usize) -> [f32; N] {
    let (mut numbers, mut i) = ([0.0; N], 0);
    let bits: [i32; N] = stored_i32(file, at);
    while i < N {
        numbers[i] = f32::from_bits(bits[i] as u32);
        i += 1;
    }
    numbers
}
