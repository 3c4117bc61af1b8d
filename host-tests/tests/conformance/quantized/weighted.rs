//! Layers with weights: the same results whatever the instruction set that a layer is prepared for.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Layer, Sliding, Tensor,
    quantized::{
        Conv2d, ConvTranspose2d, DepthwiseConv2d, ForDsp, ForHost, ForMve, Fused, Linear, Multiplier, Once, Packing,
        Quantization, QuantizeError, Rounding, RowMajor, Twice, ZeroPoints,
    },
};

use super::{bytes, compare, fused, multipliers, quantization, words, zero_points};
use crate::{Adapter, case::Case};

/// A layer that is made of weights and scales.
pub(crate) trait Weighted: Sized + PartialEq {
    fn of_multipliers(w: &[i8], b: &[i32], scales: &[Multiplier], zero: ZeroPoints) -> Result<Self, QuantizeError>;

    fn of_scales(
        w: &[i8],
        b: &[i32],
        x: Quantization,
        scales: &[f32],
        y: Quantization,
        fused: Fused,
    ) -> Result<Self, QuantizeError>;
}

macro_rules! weighted {
    ($([$($generics:tt)*] $layer:ty),+ $(,)?) => {$(
        impl<$($generics)*> Weighted for $layer {
            fn of_multipliers(w: &[i8], b: &[i32], scales: &[Multiplier], zero: ZeroPoints) -> Result<Self, QuantizeError> {
                Self::from_multipliers(w, b, scales, zero)
            }

            fn of_scales(
                w: &[i8], b: &[i32], x: Quantization, scales: &[f32], y: Quantization, fused: Fused,
            ) -> Result<Self, QuantizeError> {
                Self::from_scales(w, b, x, scales, y, fused)
            }
        }
    )+};
}

weighted!(
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, P: Packing, R: Rounding, const PER_GROUP: usize
    ] Conv2d<IN, OUT, KH, KW, OH, OW, S, P, R, PER_GROUP>,
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, P: Packing, R: Rounding
    ] DepthwiseConv2d<IN, OUT, KH, KW, OH, OW, S, P, R>,
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, R: Rounding
    ] ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>,
    [const IN: usize, const OUT: usize, P: Packing, R: Rounding, const N: usize] Linear<IN, OUT, P, R, N>,
);

/// The layer from the case's multipliers, or, where the case has them, from its scales, which must be the same.
/// None if the layer's order of weights cannot hold them.
fn layer<L: Weighted>(case: &Case) -> Option<Box<L>> {
    let (weight, bias) = (bytes(case, "in.weight"), words(case, "in.bias"));
    let layer = match L::of_multipliers(&weight, &bias, &multipliers(case), zero_points(case)) {
        Ok(layer) => Box::new(layer),
        Err(QuantizeError::WeightOutOfRange { .. } | QuantizeError::AccumulatorOverflow { bits: 24, .. }) => {
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    if let Some((x, scales, y, fused)) = scales(case) {
        let same = L::of_scales(&weight, &bias, x, &scales, y, fused);
        assert!(same.is_ok_and(|same| same == *layer), "the scales give other multipliers");
    }
    Some(layer)
}

/// The scales of input, weight and output, and the activation, of a case that has them.
fn scales(case: &Case) -> Option<(Quantization, Vec<f32>, Quantization, Fused)> {
    let scales = case.quantization()["in1"]["scale"].as_array()?;
    let weight = scales.iter().map(|scale| Some(scale.as_f64()? as f32)).collect::<Option<_>>()?;
    Some((quantization(case, "in0")?, weight, quantization(case, "out")?, fused(case)?))
}

/// Runs the layer on the case's input.
fn run<K: Kernels, X: Tensor<Elem = i8>, L: Layer<X, Out: Tensor<Elem = i8>> + Weighted>(
    k: K,
    case: &Case,
    out: &str,
) -> bool {
    let Some(layer) = layer::<L>(case) else { return false };
    let x = bytes(case, "in.x");
    let x = X::view(&x);
    let mut arena = vec![0.0; L::PEAK * x.len()];
    compare(case, out, layer.forward(k, x, &mut arena).expect("all is large enough"));
    true
}

/// A convolution prepared for each instruction set.
pub(crate) struct Convolution<X, A, B, C, D>(PhantomData<(X, A, B, C, D)>);

impl<X: Tensor<Elem = i8>, A, B, C, D> Adapter for Convolution<X, A, B, C, D>
where
    A: Layer<X, Out: Tensor<Elem = i8>> + Weighted,
    B: Layer<X, Out: Tensor<Elem = i8>> + Weighted,
    C: Layer<X, Out: Tensor<Elem = i8>> + Weighted,
    D: Layer<X, Out: Tensor<Elem = i8>> + Weighted,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        assert!(run::<K, X, A>(k, case, "out.y"));
        run::<K, X, B>(k, case, "out.y");
        assert!(run::<K, X, C>(k, case, "out.y"));
        assert!(run::<K, X, D>(k, case, "out.y"));
    }
}

/// A product with `N` scales, rounded twice and, where the case has that result, once.
pub(crate) struct Products<const IN: usize, const OUT: usize, const N: usize>;

impl<const IN: usize, const OUT: usize, const N: usize> Adapter for Products<IN, OUT, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        fn rounded<const IN: usize, const OUT: usize, const N: usize, R: Rounding, K: Kernels>(
            k: K,
            case: &Case,
            out: &str,
        ) {
            assert!(run::<K, [i8; IN], Linear<IN, OUT, RowMajor, R, N>>(k, case, out));
            run::<K, [i8; IN], Linear<IN, OUT, ForDsp, R, N>>(k, case, out);
            assert!(run::<K, [i8; IN], Linear<IN, OUT, ForMve, R, N>>(k, case, out));
            assert!(run::<K, [i8; IN], Linear<IN, OUT, ForHost, R, N>>(k, case, out));
        }
        rounded::<IN, OUT, N, Twice, K>(k, case, "out.y");
        if case.has("out.y_single_rounding") {
            rounded::<IN, OUT, N, Once, K>(k, case, "out.y_single_rounding");
        }
    }
}

/// A transposed convolution.
pub(crate) struct Transposed<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = i8>, L: Layer<X, Out: Tensor<Elem = i8>> + Weighted> Adapter for Transposed<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        assert!(run::<K, X, L>(k, case, "out.y"));
    }
}
