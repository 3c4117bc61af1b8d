//! Layers with int16 activations.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Layer, Sliding, Tensor,
    quantized::{
        Clamp, Multiplier, QuantizeError,
        int16::{Conv2d, ConvTranspose2d, DepthwiseConv2d, Linear},
    },
};

use super::{bytes, compare, integer, multipliers, small};
use crate::{Adapter, case::Case};

/// A layer that is made of weights and multipliers, whatever the type of its bias.
pub(crate) trait Weighted: Sized {
    fn of(w: &[i8], b: &[i64], scales: &[Multiplier], clamp: Clamp<i16>) -> Result<Self, QuantizeError>;
}

macro_rules! weighted {
    ($([$($generics:tt)*] $name:ident<$($arg:ident),*> [$($last:ident)?]);+ $(;)?) => {
        $(weighted!(@ i32, [$($generics)*] $name<$($arg,)* i32 $(, $last)?>);)+
        $(weighted!(@ i64, [$($generics)*] $name<$($arg,)* i64 $(, $last)?>);)+
    };
    (@ $bias:ty, [$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> Weighted for $layer {
            fn of(w: &[i8], b: &[i64], scales: &[Multiplier], clamp: Clamp<i16>) -> Result<Self, QuantizeError> {
                let b: Vec<$bias> = b.iter().map(|&b| b.try_into().expect("a bias")).collect();
                Self::from_multipliers(w, &b, scales, clamp)
            }
        }
    };
}

weighted!(
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, const PER_GROUP: usize
    ] Conv2d<IN, OUT, KH, KW, OH, OW, S> [PER_GROUP];
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding
    ] DepthwiseConv2d<IN, OUT, KH, KW, OH, OW, S> [];
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding
    ] ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S> [];
    [const IN: usize, const OUT: usize, const N: usize] Linear<IN, OUT> [N];
);

/// A layer `L` on inputs `X`.
pub(crate) struct Wide<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = i16>, L: Weighted + Layer<X, Out: Tensor<Elem = i16>>> Adapter for Wide<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let bias = if case.has("in.bias") { case.integers("in.bias") } else { Vec::new() };
        let clamp = Clamp {
            min: small(case, "out_activation_min").expect("a limit"),
            max: small(case, "out_activation_max").expect("a limit"),
        };
        for offset in ["input_offset", "output_offset"] {
            assert!(integer(case, offset).is_none_or(|offset| offset == 0), "int16 has no zero points");
        }
        let layer = L::of(&bytes(case, "in.weight"), &bias, &multipliers(case), clamp);
        let layer = Box::new(layer.unwrap_or_else(|error| panic!("{error}")));
        let x: Vec<i16> = case.integers("in.x").into_iter().map(|x| x.try_into().expect("an int16")).collect();
        let x = X::view(&x);
        let mut arena = vec![0.0; L::PEAK * x.len()];
        compare(case, "out.y", layer.forward(k, x, &mut arena).expect("all is large enough"));
    }
}
