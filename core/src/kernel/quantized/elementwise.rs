//! Element by element.

use crate::quantized::{AddScales, AddTables, Clamp, Integer, MulScales, Multiplier, Quantization, Rounding, limit};

/// `y = f(a, b)`. An operand of one element counts for all of `y`; without a `b` that operand is what `y` holds.
#[inline(always)]
fn zip<T: Copy>(a: &[T], b: Option<&[T]>, y: &mut [T], f: impl Fn(T, T) -> T) {
    if let Some(b) = b
        && a.len() == y.len()
        && b.len() == y.len()
    {
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = f(*a, *b);
        }
        return;
    }
    let place = |operand: &[T], i: usize| if operand.len() == 1 { 0 } else { i };
    for (i, y) in y.iter_mut().enumerate() {
        let b = match b {
            Some(b) => b.get(place(b, i)),
            None => Some(&*y),
        };
        if let (Some(a), Some(b)) = (a.get(place(a, i)), b) {
            *y = f(*a, *b);
        }
    }
}

#[inline(never)]
pub(super) fn add_tables<R: Rounding>(a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
    let [first, second] = add.tables;
    let entry = |table: &[i32; 256], x: i8| table.get(usize::from(x as u8)).copied().unwrap_or_default();
    zip(a, b, y, |a, b| {
        let sum = entry(first, a).wrapping_add(entry(second, b));
        add.clamp.apply(add.scale.apply::<R>(0, sum))
    });
}

#[inline(always)]
pub(super) fn add_scaled<T: Integer, R: Rounding>(a: &[T], b: Option<&[T]>, add: &AddScales<T>, y: &mut [T]) {
    zip(a, b, y, |a, b| {
        let sum = add.addend::<R>(0, a.into()).wrapping_add(add.addend::<R>(1, b.into()));
        limit(add.clamp, add.output.apply::<R>(0, sum))
    });
}

#[inline(always)]
pub(super) fn mul<T: Integer, R: Rounding>(a: &[T], b: Option<&[T]>, mul: &MulScales<T>, y: &mut [T]) {
    let [first, second] = mul.zero;
    zip(a, b, y, |a, b| {
        let (a, b): (i32, i32) = (a.into(), b.into());
        let product = a.wrapping_sub(first).wrapping_mul(b.wrapping_sub(second));
        limit(mul.clamp, mul.output.apply::<R>(product, 0))
    });
}

#[inline(always)]
pub(super) fn minimum<T: Integer>(a: &[T], b: Option<&[T]>, y: &mut [T]) {
    zip(a, b, y, T::min);
}

#[inline(always)]
pub(super) fn maximum<T: Integer>(a: &[T], b: Option<&[T]>, y: &mut [T]) {
    zip(a, b, y, T::max);
}

#[inline(never)]
pub(super) fn lookup(x: &[i8], table: &[i8; 256], y: &mut [i8]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = table.get(usize::from(*x as u8)).copied().unwrap_or_default();
    }
}

#[inline(never)]
pub(super) fn rescale<R: Rounding>(x: &[i16], scale: Multiplier, clamp: Clamp<i16>, y: &mut [i16]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = clamp.apply(scale.scale::<R>((*x).into()));
    }
}

#[inline(never)]
pub(super) fn quantize<T: Integer>(x: &[f32], to: Quantization, y: &mut [T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = T::truncate(to.quantize_to(*x, T::LEAST, T::MOST));
    }
}

#[inline(never)]
pub(super) fn dequantize<T: Integer>(x: &[T], from: Quantization, y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = from.dequantize((*x).into());
    }
}
