//! Sums, products and extremes of two tensors.

use proptest::prelude::*;
use tensorlet::{
    Kernels,
    quantized::{
        Add, AddParameters, Binary, CompactAdd, Fused, Maximum, Minimum, Mul, MulParameters, Once, Operands,
        Quantization, Rounding, Twice,
    },
};
use tensorlet_host::{
    framed::FramedIntegers,
    reference::quantized::{
        Scale,
        elementwise::{Product, Sum},
    },
};

use super::{
    super::property::{Outcome, property, worst},
    Element, ends, integers, lengths, limits, multiplier, same, scale, wide, zero,
};

/// Two operands of one length.
fn operands<T: Element>() -> BoxedStrategy<(Vec<T>, Vec<T>)> {
    lengths().prop_flat_map(|n| (integers(n), integers(n))).boxed()
}

/// A layer on all forms of operands: both elsewhere, one in place, one of a single element.
fn check<T: Element, L: Binary<T>, K: Kernels>(
    k: K,
    layer: &L,
    (a, b): (&[T], &[T]),
    reference: &dyn Fn([i64; 2]) -> i64,
) -> Outcome {
    let (wide_a, wide_b) = (wide(a), wide(b));
    let (fa, fb) = (FramedIntegers::new(a), FramedIntegers::new(b));
    let want: Vec<i64> = wide_a.iter().zip(&wide_b).map(|(&a, &b)| reference([a, b])).collect();
    let mut y = FramedIntegers::poisoned(a.len());
    layer.rows(k, Operands::Both(fa.get(), fb.get()), y.get_mut());
    same(&y, &want)?;
    let mut y = fb.clone();
    layer.rows(k, Operands::First(fa.get()), y.get_mut());
    same(&y, &want)?;
    let mut y = fa.clone();
    layer.rows(k, Operands::Second(fb.get()), y.get_mut());
    same(&y, &want)?;
    if let (Some(&one_a), Some(&one_b)) = (wide_a.first(), wide_b.first()) {
        let want: Vec<i64> = wide_b.iter().map(|&b| reference([one_a, b])).collect();
        let mut y = FramedIntegers::poisoned(a.len());
        layer.rows(k, Operands::Both(&fa.get()[..1], fb.get()), y.get_mut());
        same(&y, &want)?;
        let want: Vec<i64> = wide_a.iter().map(|&a| reference([a, one_b])).collect();
        let mut y = fa.clone();
        layer.rows(k, Operands::Second(&fb.get()[..1]), y.get_mut());
        same(&y, &want)?;
    }
    Ok(0.0)
}

/// Parameters of a sum; the first shift is that of the inputs.
fn sums<T: Element>(left_shift: u32, shift: i32) -> BoxedStrategy<AddParameters> {
    let inputs = [multiplier(-8..=shift), multiplier(-8..=shift)];
    (inputs, [zero::<T>(), zero::<T>(), zero::<T>()], multiplier(-26..=-8), limits::<T>())
        .prop_map(move |(inputs, [a, b, output_zero], output, clamp)| AddParameters {
            left_shift,
            zero: if left_shift == 20 { [a, b] } else { [0, 0] },
            inputs,
            output,
            output_zero: if left_shift == 20 { output_zero } else { 0 },
            min: clamp.min.into(),
            max: clamp.max.into(),
        })
        .boxed()
}

fn sum(of: &AddParameters) -> Sum {
    Sum {
        left_shift: of.left_shift,
        zero: of.zero.map(i64::from),
        inputs: of.inputs.map(scale),
        output: scale(of.output),
        output_zero: of.output_zero.into(),
        limits: [of.min.into(), of.max.into()],
    }
}

/// Scales that differ by less than a factor of 1000, with zero points.
fn scales() -> BoxedStrategy<[Quantization; 3]> {
    let one = || (1e-2_f32..10.0, any::<i8>()).prop_map(|(scale, zero)| Quantization::new(scale, zero.into()));
    [one(), one(), one()].boxed()
}

fn pair(of: Quantization) -> (f32, i64) {
    (of.scale, of.zero_point.into())
}

macro_rules! sum {
    ($name:ident, $layer:ident [$($t:ty)?], $element:ty, $left_shift:literal, $shift:literal) => {
        pub(crate) fn $name<K: Kernels>(k: K) -> Outcome {
            fn rounded<K: Kernels, R: Rounding>(k: K) -> Outcome {
                let values = (sums::<$element>($left_shift, $shift), operands::<$element>()).boxed();
                property(values, &|(parameters, (a, b))| {
                    let layer = $layer::<$($t,)? R>::from_multipliers(parameters).map_err(|error| error.to_string())?;
                    let reference = sum(&parameters);
                    check(k, &layer, (&a, &b), &|x| reference.of(x, R::TWICE))
                })
            }
            let scaled = property((scales(), operands::<$element>()).boxed(), &|([mut x0, mut x1, mut y], (a, b))| {
                if $left_shift == 15 {
                    (x0.zero_point, x1.zero_point, y.zero_point) = (0, 0, 0);
                }
                let layer = $layer::<$($t,)? Twice>::from_scales([x0, x1], y, Fused::Identity).map_err(|error| error.to_string())?;
                let limits = ends(<$element as tensorlet::quantized::Integer>::ALL);
                let reference = Sum::of_scales($left_shift, [pair(x0), pair(x1)], pair(y), limits);
                check(k, &layer, (&a, &b), &|x| reference.of(x, true))
            });
            worst([rounded::<K, Twice>(k), rounded::<K, Once>(k), scaled])
        }
    };
}

sum!(add_i8, Add [], i8, 20, 0);
sum!(compact_add_i8, CompactAdd[i8], i8, 20, 0);
sum!(compact_add_i16, CompactAdd[i16], i16, 15, -1);

macro_rules! product {
    ($name:ident, $t:ty, $zero:literal, $shifts:expr) => {
        pub(crate) fn $name<K: Kernels>(k: K) -> Outcome {
            fn rounded<K: Kernels, R: Rounding>(k: K) -> Outcome {
                let parameters = ([zero::<i8>(), zero::<i8>(), zero::<i8>()], multiplier($shifts), limits::<$t>())
                    .prop_map(|(zero, output, clamp)| {
                        let [a, b, output_zero] = zero.map(|zero| $zero * zero);
                        let (min, max) = (clamp.min.into(), clamp.max.into());
                        MulParameters { zero: [a, b], output, output_zero, min, max }
                    });
                property((parameters, operands::<$t>()).boxed(), &|(of, (a, b))| {
                    let layer = Mul::<$t, R>::from_multiplier(of).map_err(|error| error.to_string())?;
                    let reference = Product {
                        zero: of.zero.map(i64::from),
                        output: scale(of.output),
                        output_zero: of.output_zero.into(),
                        limits: [of.min.into(), of.max.into()],
                    };
                    check(k, &layer, (&a, &b), &|x| reference.of(x, R::TWICE))
                })
            }
            let scaled = property((scales(), operands::<$t>()).boxed(), &|(mut scales, (a, b))| {
                scales.iter_mut().for_each(|of| of.zero_point *= $zero);
                let [x0, x1, y] = scales;
                let layer =
                    Mul::<$t, Twice>::from_scales([x0, x1], y, Fused::Identity).map_err(|error| error.to_string())?;
                let reference = Product {
                    zero: [x0.zero_point.into(), x1.zero_point.into()],
                    output: Scale::nearest(f64::from(x0.scale) * f64::from(x1.scale) / f64::from(y.scale)),
                    output_zero: y.zero_point.into(),
                    limits: ends(<$t as tensorlet::quantized::Integer>::ALL),
                };
                let fits = $zero == 1 || reference.output.shift <= 0;
                if fits { check(k, &layer, (&a, &b), &|x| reference.of(x, true)) } else { Ok(0.0) }
            });
            worst([rounded::<K, Twice>(k), rounded::<K, Once>(k), scaled])
        }
    };
}

product!(mul_i8, i8, 1, -24..=3);
product!(mul_i16, i16, 0, -24..=0);

macro_rules! extreme {
    ($name:ident, $layer:ident<$t:ty>, $of:ident) => {
        pub(crate) fn $name<K: Kernels>(k: K) -> Outcome {
            property(operands::<$t>(), &|(a, b)| check(k, &$layer::<$t>::NEW, (&a, &b), &|[a, b]| a.$of(b)))
        }
    };
}

extreme!(minimum_i8, Minimum<i8>, min);
extreme!(minimum_i16, Minimum<i16>, min);
extreme!(maximum_i8, Maximum<i8>, max);
extreme!(maximum_i16, Maximum<i16>, max);
