//! Functions of one element, means, and what brings floats to integers and back.

use proptest::prelude::*;
use tensorlet::{
    Kernels,
    quantized::{
        Clamp, Dequantize, Mean, Once, Quantization, Quantize, QuantizedLayer, Relu, Relu6, Rescale, Rounding, Twice,
        ZeroPoints, int16,
    },
};
use tensorlet_host::{
    framed::{Framed, FramedIntegers},
    reference::quantized::{Scale, elementwise as reference},
};

use super::{
    super::property::{Outcome, any_length, property, worst},
    Element, ends, integers, lengths, limits, multiplier, same, scale, wide, zero,
};

/// A scale and zero point.
fn quantization() -> BoxedStrategy<Quantization> {
    (1e-3_f32..1.0, any::<i8>()).prop_map(|(scale, zero)| Quantization::new(scale, zero.into())).boxed()
}

/// The output of a layer of one element each.
fn applied<T: Element, K: Kernels, L: QuantizedLayer<T, Out = T>>(k: K, layer: &L, x: &[T]) -> FramedIntegers<T> {
    let (x, mut y) = (FramedIntegers::new(x), FramedIntegers::poisoned(x.len()));
    layer.apply(k, x.get(), y.get_mut(), &mut []);
    y
}

/// Zero points and limits of int8.
fn zero_points() -> BoxedStrategy<ZeroPoints> {
    (any::<i8>(), any::<i8>(), limits()).prop_map(|(input, output, clamp)| ZeroPoints { input, output, clamp }).boxed()
}

fn wide_zeros(zero: ZeroPoints) -> [i64; 2] {
    [zero.input.into(), zero.output.into()]
}

pub(crate) fn lookup_i8<K: Kernels>(k: K) -> Outcome {
    fn rounded<K: Kernels, R: Rounding>(k: K) -> Outcome {
        let values = (multiplier(-20..=20), zero_points(), lengths().prop_flat_map(integers::<i8>));
        property(values.boxed(), &|(by, zero, x)| {
            let layer = Rescale::<R>::from_multiplier(by, zero).map_err(|error| error.to_string())?;
            let want = |&x: &i64| reference::rescale(x, scale(by), wide_zeros(zero), ends(zero.clamp), R::TWICE);
            same(&applied(k, &layer, &x), &wide(&x).iter().map(want).collect::<Vec<_>>())
        })
    }
    let values = (quantization(), quantization(), lengths().prop_flat_map(integers::<i8>));
    let scaled = property(values.boxed(), &|(from, to, x)| {
        let text = |error: tensorlet::quantized::QuantizeError| error.to_string();
        let zero = [from.zero_point.into(), to.zero_point.into()];
        let of = |scale: Scale, limits: [i64; 2]| {
            let one = |&x: &i64| reference::rescale(x, scale, zero, limits, true);
            wide(&x).iter().map(one).collect::<Vec<_>>()
        };
        let ratio = Scale::nearest(f64::from(from.scale) / f64::from(to.scale));
        same(&applied(k, &Rescale::<Twice>::from_scales(from, to).map_err(text)?, &x), &of(ratio, [-128, 127]))?;
        // These divide in single precision.
        let ratio = Scale::nearest(f64::from(from.scale / to.scale));
        let six = reference::quantize(6.0, to.scale, zero[1], [-128, 127]);
        same(&applied(k, &Relu::<Twice>::from_scales(from, to).map_err(text)?, &x), &of(ratio, [zero[1], 127]))?;
        same(&applied(k, &Relu6::<Twice>::from_scales(from, to).map_err(text)?, &x), &of(ratio, [zero[1], six]))
    });
    worst([rounded::<K, Twice>(k), rounded::<K, Once>(k), scaled])
}

pub(crate) fn rescale_i16<K: Kernels>(k: K) -> Outcome {
    fn rounded<K: Kernels, R: Rounding>(k: K) -> Outcome {
        let values = (multiplier(-20..=16), limits(), lengths().prop_flat_map(integers::<i16>));
        property(values.boxed(), &|(by, clamp, x)| {
            let layer = int16::Rescale::<R>::from_multiplier(by, clamp).map_err(|error| error.to_string())?;
            let want = |&x: &i64| reference::rescale(x, scale(by), [0; 2], ends(clamp), R::TWICE);
            same(&applied(k, &layer, &x), &wide(&x).iter().map(want).collect::<Vec<_>>())
        })
    }
    let values = (1e-3_f32..1.0, 1e-3_f32..1.0, lengths().prop_flat_map(integers::<i16>));
    let scaled = property(values.boxed(), &|(from, to, x)| {
        let text = |error: tensorlet::quantized::QuantizeError| error.to_string();
        let of = |scale: Scale, limits: [i64; 2]| {
            let one = |&x: &i64| reference::rescale(x, scale, [0; 2], limits, true);
            wide(&x).iter().map(one).collect::<Vec<_>>()
        };
        let (least, most) = (i16::MIN.into(), i16::MAX.into());
        let ratio = Scale::nearest(f64::from(from) / f64::from(to));
        let rescale = int16::Rescale::<Twice>::from_scales(from, to).map_err(text)?;
        same(&applied(k, &rescale, &x), &of(ratio, [least, most]))?;
        // These divide in single precision.
        let ratio = Scale::nearest(f64::from(from / to));
        let six = reference::quantize(6.0, to, 0, [least, most]);
        let relu = int16::Relu::<Twice>::from_scales(from, to).map_err(text)?;
        same(&applied(k, &relu, &x), &of(ratio, [0, most]))?;
        let relu6 = int16::Relu6::<Twice>::from_scales(from, to).map_err(text)?;
        same(&applied(k, &relu6, &x), &of(ratio, [0, six]))
    });
    worst([rounded::<K, Twice>(k), rounded::<K, Once>(k), scaled])
}

/// Means of images of `H` rows, `W` columns and `C` channels.
fn means<T: Element, K: Kernels, R: Rounding, const N: usize, const H: usize, const W: usize, const C: usize>(
    k: K,
) -> Outcome {
    let x = (1_usize..=2).prop_flat_map(|n| integers::<T>(n * H * W * C));
    // There are no zero points on int16.
    let zero = if T::MOST == 127 { zero_points() } else { Just(ZeroPoints::new(0, 0)).boxed() };
    property((multiplier(-8..=4), zero, x).boxed(), &|(by, zero, x)| {
        let zero = ZeroPoints { clamp: Clamp::<i8>::NONE, ..zero };
        let layer = Mean::<N, R, T>::from_multiplier(by, zero).map_err(|error| error.to_string())?;
        let mut want = Vec::new();
        for x in wide(&x).chunks(H * W * C) {
            for c in 0..C {
                let channel: Vec<i64> = x.iter().skip(c).step_by(C).copied().collect();
                want.push(reference::mean(&channel, scale(by), wide_zeros(zero), ends(T::ALL), R::TWICE));
            }
        }
        let (x, mut y) = (FramedIntegers::new(&x), FramedIntegers::poisoned(want.len()));
        let images = x.get().as_chunks::<C>().0.as_chunks::<W>().0.as_chunks::<H>().0;
        layer.apply(k, images, y.get_mut().as_chunks_mut::<C>().0, &mut []);
        same(&y, &want)
    })
}

fn all_means<T: Element, K: Kernels>(k: K) -> Outcome {
    worst([
        means::<T, K, Twice, 1, 1, 1, 5>(k),
        means::<T, K, Twice, 6, 2, 3, 1>(k),
        means::<T, K, Twice, 16, 4, 4, 17>(k),
        means::<T, K, Twice, 35, 7, 5, 40>(k),
        means::<T, K, Once, 16, 4, 4, 17>(k),
        means::<T, K, Once, 35, 7, 5, 40>(k),
    ])
}

pub(crate) fn mean_i8<K: Kernels>(k: K) -> Outcome {
    all_means::<i8, K>(k)
}

pub(crate) fn mean_i16<K: Kernels>(k: K) -> Outcome {
    all_means::<i16, K>(k)
}

macro_rules! floats {
    ($quantize:ident, $dequantize:ident, $t:ty) => {
        pub(crate) fn $quantize<K: Kernels>(k: K) -> Outcome {
            property((quantization(), any_length()).boxed(), &|(to, x)| {
                let layer = Quantize::<$t>::new(to).map_err(|error| error.to_string())?;
                // Halves, and what does not fit.
                let halves = [0.5, -0.5, 1.5, -2.5, 1e30, -1e30].map(|steps| steps * to.scale);
                let x = [&x[..], &halves].concat();
                let limits = ends(<$t as tensorlet::quantized::Integer>::ALL);
                let want: Vec<i64> =
                    x.iter().map(|&x| reference::quantize(x, to.scale, to.zero_point.into(), limits)).collect();
                let (x, mut y) = (Framed::new(&x), FramedIntegers::poisoned(want.len()));
                layer.apply(k, x.get(), y.get_mut(), &mut []);
                same(&y, &want)
            })
        }

        pub(crate) fn $dequantize<K: Kernels>(k: K) -> Outcome {
            let values = (1e-3_f32..1.0, zero::<$t>(), lengths().prop_flat_map(integers::<$t>));
            property(values.boxed(), &|(scale, zero, x)| {
                let layer =
                    Dequantize::<f32>::new(Quantization::new(scale, zero)).map_err(|error| error.to_string())?;
                let want: Vec<f32> = wide(&x).iter().map(|&x| reference::dequantize(x, scale, zero.into())).collect();
                let (x, mut y) = (FramedIntegers::new(&x), Framed::poison(want.len()));
                layer.apply(k, x.get(), y.get_mut(), &mut []);
                if y.get() == want { Ok(0.0) } else { Err(format!("{:?}, not {want:?}", y.get())) }
            })
        }
    };
}

floats!(quantize_i8, dequantize_i8, i8);
floats!(quantize_i16, dequantize_i16, i16);
