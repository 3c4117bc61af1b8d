//! Pooling.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Layer, Sliding, Tensor,
    quantized::{AvgPool2d, Clamp, Fused, Integer, MaxPool2d, Quantization, QuantizeError},
};

use super::{compare, elements, fused, limits, quantization};
use crate::{Adapter, case::Case};

/// A layer with limits on its output.
pub(crate) trait Limited<T>: Sized + PartialEq {
    fn of_limits(clamp: Clamp<T>) -> Self;

    fn of_scales(y: Quantization, fused: Fused) -> Result<Self, QuantizeError>;
}

macro_rules! limited {
    ($($name:ident $t:ty),+) => {$(
        impl<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding> Limited<$t>
            for $name<KH, KW, OH, OW, S, $t>
        {
            fn of_limits(clamp: Clamp<$t>) -> Self {
                Self::with_clamp(clamp)
            }

            fn of_scales(y: Quantization, fused: Fused) -> Result<Self, QuantizeError> {
                Self::from_scales(y, fused)
            }
        }
    )+};
}

limited!(AvgPool2d i8, AvgPool2d i16, MaxPool2d i8, MaxPool2d i16);

/// A layer on inputs `X`.
pub(crate) struct Pooling<X, L>(PhantomData<(X, L)>);

impl<X, L> Adapter for Pooling<X, L>
where
    X: Tensor<Elem: Integer + TryFrom<i64> + TryFrom<i32>>,
    L: Layer<X, Out: Tensor<Elem: Into<i64>>> + Limited<X::Elem>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let layer = L::of_limits(limits(case, ["activation_min", "activation_max"]));
        if let (Some(y), Some(fused)) = (quantization(case, "out"), fused(case)) {
            assert!(L::of_scales(y, fused).is_ok_and(|same| same == layer), "the scales give other limits");
        }
        let x = elements(case, "in.x");
        let x = X::view(&x);
        let mut arena = vec![0.0; L::PEAK * x.len()];
        compare(case, "out.y", layer.forward(k, x, &mut arena).expect("all is large enough"));
    }
}
