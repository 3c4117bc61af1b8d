//! Layers that move elements.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Layer, Module, Tensor,
    ops::Pads,
    quantized::{ConstantPad, Integer, QuantizedLayer},
};

use super::{compare, elements, small};
use crate::{Adapter, case::Case};

/// A layer without parameters on inputs `X`.
pub(crate) struct Moved<X, L>(PhantomData<(X, L)>);

impl<X, L> Adapter for Moved<X, L>
where
    X: Tensor<Elem: TryFrom<i64>>,
    L: Module + QuantizedLayer<X> + Layer<X, Out = <L as QuantizedLayer<X>>::Out>,
    <L as QuantizedLayer<X>>::Out: Tensor<Elem: Into<i64>>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        run::<K, X, L>(k, case, &L::ZERO);
    }
}

/// A margin around inputs `X`.
pub(crate) struct Padded<X, L>(PhantomData<(X, L)>);

impl<T, X, Y, P> Adapter for Padded<X, ConstantPad<Y, P>>
where
    T: Integer + TryFrom<i64> + TryFrom<i32> + Into<i64>,
    X: Tensor<Elem = T>,
    Y: Tensor<Elem = T>,
    P: Pads + Default,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let value = small(case, "pad_value").expect("a value");
        run::<K, X, _>(k, case, &ConstantPad::<Y, P>::new(value));
    }
}

/// As a layer, and as a part of a network that lays out its own memory.
fn run<K: Kernels, X, L>(k: K, case: &Case, layer: &L)
where
    X: Tensor<Elem: TryFrom<i64>>,
    L: QuantizedLayer<X> + Layer<X, Out = <L as QuantizedLayer<X>>::Out>,
    <L as QuantizedLayer<X>>::Out: Tensor<Elem: Into<i64>>,
{
    let x = elements(case, "in.x");
    let x = X::view(&x);
    let mut arena = vec![0.0; L::PEAK * x.len()];
    compare(case, "out.y", layer.forward(k, x, &mut arena).expect("all is large enough"));
    let mut y = vec![<L as QuantizedLayer<X>>::Out::ZERO; x.len()];
    layer.apply(k, x, &mut y, &mut []);
    compare(case, "out.y", &y);
}
