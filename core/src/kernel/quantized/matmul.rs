//! Products of two quantized matrices.

use crate::{
    kernel::samples_mut,
    quantized::{Integer, MatmulDims, MatmulParameters, Rounding, int16::Accumulator, limit},
};

/// Row `i` of the first factor, or column `i` of the second, one element after the other.
#[inline(always)]
fn line<T: Copy>(x: &[T], along: bool, [lines, len]: [usize; 2], i: usize) -> impl Iterator<Item = T> {
    let (start, step) = if along { (i * len, 1) } else { (i, lines) };
    x.get(start..).unwrap_or_default().iter().step_by(step.max(1)).take(len).copied()
}

/// `y[i][j] = finish(Σ_k add(a[i][k], b[k][j]))`.
#[inline(always)]
fn products<T: Copy, A: Copy>(
    dims: MatmulDims,
    a: &[T],
    b: &[T],
    y: &mut [T],
    start: A,
    add: impl Fn(A, T, T) -> A,
    finish: impl Fn(A) -> T,
) {
    let ([rows, inner, columns], [a_turned, b_turned]) = (dims.sizes, dims.transposed);
    for (i, y) in samples_mut(y, columns).enumerate() {
        for (j, y) in y.iter_mut().enumerate() {
            let (a, b) = (line(a, !a_turned, [rows, inner], i), line(b, b_turned, [columns, inner], j));
            *y = finish(a.zip(b).fold(start, |sum, (a, b)| add(sum, a, b)));
        }
    }
}

#[inline(never)]
pub(super) fn matmul_i8<R: Rounding>(
    dims: MatmulDims,
    a: &[i8],
    b: &[i8],
    parameters: &MatmulParameters,
    y: &mut [i8],
) {
    let [a_zero, b_zero] = parameters.zero;
    let add = |sum: i32, a: i8, b: i8| sum.wrapping_add((i32::from(a) - a_zero) * (i32::from(b) - b_zero));
    let finish = |sum| {
        let y = parameters.scale.scale::<R>(sum).wrapping_add(parameters.output_zero);
        limit(Integer::ALL, y.max(parameters.min).min(parameters.max))
    };
    products(dims, a, b, y, 0, add, finish);
}

#[inline(never)]
pub(super) fn matmul_i16(dims: MatmulDims, a: &[i16], b: &[i16], parameters: &MatmulParameters, y: &mut [i16]) {
    let add = |sum: i64, a: i16, b: i16| sum.wrapping_add(i64::from(i32::from(a) * i32::from(b)));
    let finish =
        |sum: i64| limit(Integer::ALL, sum.requantize(parameters.scale).max(parameters.min).min(parameters.max));
    products(dims, a, b, y, 0, add, finish);
}
