//! Element by element.

use tensorlet::quantized::{AddScales, AddTables, Integer, MulScales, Once, Twice};

use super::Rounds;

/// Elements that are done at once.
const LEN: usize = 32;

/// Elements of an operand from `i` on, or one for all; what is missing is filled up.
#[inline(always)]
fn part<T: Integer>(x: &[T], i: usize) -> [T; LEN] {
    if let [one] = x {
        return [*one; LEN];
    }
    let rest = x.get(i..).unwrap_or_default();
    match rest.first_chunk() {
        Some(part) => *part,
        None => {
            let mut part = [T::ALL.min; LEN];
            part.iter_mut().zip(rest).for_each(|(part, x)| *part = *x);
            part
        }
    }
}

/// `y = f(a, b)`. An operand of one element counts for all of `y`; without a `b` that operand is what `y` holds.
#[inline(always)]
fn zip<T: Integer>(a: &[T], b: Option<&[T]>, y: &mut [T], f: impl Fn([T; LEN], [T; LEN]) -> [T; LEN]) {
    let whole = |x: &[T]| if x.len() == 1 { usize::MAX } else { x.len() };
    let len = y.len().min(whole(a)).min(b.map_or(usize::MAX, whole));
    let mut i = 0;
    while let Some(y) = y.get_mut(i..len).filter(|y| !y.is_empty()) {
        // Of `y` these elements, even if there is but one.
        let b = b.map_or_else(|| y.first_chunk().copied().unwrap_or_else(|| part(y, 0)), |b| part(b, i));
        let outputs = f(part(a, i), b);
        match y.first_chunk_mut() {
            Some(y) => *y = outputs,
            None => y.iter_mut().zip(outputs).for_each(|(y, output)| *y = output),
        }
        i += LEN;
    }
}

/// Limits numbers.
#[inline(always)]
fn limit<T: Integer>([min, max]: [T; 2], y: [i32; LEN]) -> [T; LEN] {
    let (min, max): (i32, i32) = (min.into(), max.into());
    y.map(|y| T::truncate(y.max(min).min(max)))
}

#[inline(always)]
pub(crate) fn add_i8<V>(_: V, rounds: Rounds, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
    let [first, second] = add.tables;
    zip(a, b, y, |a, b| {
        let mut sums = [0; LEN];
        for i in 0..LEN {
            sums[i] = first[usize::from(a[i] as u8)].wrapping_add(second[usize::from(b[i] as u8)]);
        }
        limit([add.clamp.min, add.clamp.max], rounds.apply(&add.scale, &[0; LEN], &sums))
    });
}

#[inline(always)]
pub(crate) fn compact_add<V, T: Integer>(
    _: V,
    rounds: Rounds,
    a: &[T],
    b: Option<&[T]>,
    add: &AddScales<T>,
    y: &mut [T],
) {
    zip(a, b, y, |a, b| {
        let mut sums = [0_i32; LEN];
        for (input, x) in [a, b].into_iter().enumerate() {
            for i in 0..LEN {
                let x = x[i].into();
                let addend = if rounds.twice { add.addend::<Twice>(input, x) } else { add.addend::<Once>(input, x) };
                sums[i] = sums[i].wrapping_add(addend);
            }
        }
        limit([add.clamp.min, add.clamp.max], rounds.apply(&add.output, &[0; LEN], &sums))
    });
}

#[inline(always)]
pub(crate) fn mul<V, T: Integer>(_: V, rounds: Rounds, a: &[T], b: Option<&[T]>, mul: &MulScales<T>, y: &mut [T]) {
    let [first, second] = mul.zero;
    zip(a, b, y, |a, b| {
        let mut products = [0; LEN];
        for i in 0..LEN {
            let (a, b): (i32, i32) = (a[i].into(), b[i].into());
            products[i] = a.wrapping_sub(first).wrapping_mul(b.wrapping_sub(second));
        }
        limit([mul.clamp.min, mul.clamp.max], rounds.apply(&mul.output, &products, &[0; LEN]))
    });
}

#[inline(always)]
pub(crate) fn minimum<V, T: Integer>(_: V, a: &[T], b: Option<&[T]>, y: &mut [T]) {
    zip(a, b, y, |mut a, b| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (*a).min(b));
        a
    });
}

#[inline(always)]
pub(crate) fn maximum<V, T: Integer>(_: V, a: &[T], b: Option<&[T]>, y: &mut [T]) {
    zip(a, b, y, |mut a, b| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (*a).max(b));
        a
    });
}
