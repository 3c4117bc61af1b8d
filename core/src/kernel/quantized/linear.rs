//! Products with a matrix of int8.

use crate::{
    kernel::{samples, samples_mut},
    quantized::{Order, Requantize, Rounding},
};

/// The sum of the products of two rows.
#[inline(always)]
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
    // 16 bits hold a product.
    a.iter().zip(b).fold(0, |sum: i32, (&a, &b)| sum.wrapping_add(i32::from(i16::from(a) * i16::from(b))))
}

/// The sum of the products of `x` with row `o` of so many rows.
#[inline(always)]
pub(super) fn row(order: Order, weight: &[i8], rows: usize, o: usize, x: &[i8]) -> i32 {
    match order {
        Order::Dsp => {
            let weight = |i| i32::from(order.get(weight, rows, x.len(), o, i));
            x.iter().enumerate().fold(0, |sum, (i, &x)| sum.wrapping_add(i32::from(x) * weight(i)))
        }
        Order::Host => fours(weight, rows, [o, 0], x.len(), x),
        Order::RowMajor | Order::Mve => dot(x, weight.get(o * x.len()..).unwrap_or_default()),
    }
}

/// The sum of the products of `x` with the weights of row `o` from `i` on, a multiple of four, of rows of so many
/// weights in the order of hosts. Unless it reaches the row's end, `x` is a multiple of four long.
#[inline(always)]
pub(super) fn fours(weight: &[i8], rows: usize, [o, i]: [usize; 2], len: usize, x: &[i8]) -> i32 {
    let (whole, rest) = x.as_chunks::<4>();
    let from = weight.get(i * rows + 4 * o..).unwrap_or_default();
    let fours = from.chunks(4 * rows.max(1)).map(|fours| fours.get(..4).unwrap_or_default());
    let sum = whole.iter().zip(fours).fold(0_i32, |sum, (x, weight)| sum.wrapping_add(dot(x, weight)));
    let tail = (len & !3) * rows + o * rest.len();
    sum.wrapping_add(dot(rest, weight.get(tail..).unwrap_or_default()))
}

#[inline(never)]
pub(super) fn linear<R: Rounding>(
    order: Order,
    [inputs, outputs]: [usize; 2],
    x: &[i8],
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
) {
    for (x, y) in samples(x, inputs).zip(samples_mut(y, outputs)) {
        for (o, y) in y.iter_mut().enumerate() {
            *y = requantize.apply::<R>(o, row(order, weight, outputs, o, x));
        }
    }
}
