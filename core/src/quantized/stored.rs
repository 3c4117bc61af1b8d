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
    let mut numbers = [0.0; N];
    fill(&mut numbers, file, at);
    numbers
}

/// The weight of a [`Linear`](crate::Linear) from byte `at` on, `[IN][OUT]` as that has it.
///
/// ```
/// use tensorlet::{Linear, quantized::{stored_f32, stored_linear}};
/// const FILE: &[u8] = &[0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64];
/// const LINEAR: Linear<2, 1> = Linear { weight: stored_linear(FILE, 0), bias: stored_f32(FILE, 8) };
/// assert_eq!(LINEAR, Linear { weight: [[1.0], [2.0]], bias: [3.0] });
/// ```
///
/// # Panics
/// As [`stored_i8`].
#[must_use]
pub const fn stored_linear<const IN: usize, const OUT: usize>(file: &[u8], at: usize) -> [[f32; OUT]; IN] {
    let mut weight = [[0.0; OUT]; IN];
    fill(weight.as_flattened_mut(), file, at);
    weight
}

/// The weight of a [`Conv2d`](crate::Conv2d) from byte `at` on, in PyTorch's order.
///
/// # Panics
/// As [`stored_i8`].
#[must_use]
pub const fn stored_conv2d<const OUT: usize, const PER_GROUP: usize, const KH: usize, const KW: usize>(
    file: &[u8],
    at: usize,
) -> [[[[f32; KW]; KH]; PER_GROUP]; OUT] {
    let mut weight = [[[[0.0; KW]; KH]; PER_GROUP]; OUT];
    fill(weight.as_flattened_mut().as_flattened_mut().as_flattened_mut(), file, at);
    weight
}

/// Fills a tensor with the real numbers from byte `at` on.
const fn fill(numbers: &mut [f32], file: &[u8], at: usize) {
    let mut i = 0;
    while i < numbers.len() {
        let place = at + 4 * i;
        numbers[i] = f32::from_le_bytes([file[place], file[place + 1], file[place + 2], file[place + 3]]);
        i += 1;
    }
}
