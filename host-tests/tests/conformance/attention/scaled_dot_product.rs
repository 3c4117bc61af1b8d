//! PyTorch's `scaled_dot_product_attention`.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Attention},
};

use super::FromValues;
use crate::{
    Adapter,
    case::Case,
    movement::{compare, load, zeros},
};

/// Queries, keys, values, weights, the result, and the mask.
pub(crate) struct ScaledDotProduct<Q, X, V, W, Y, M>(PhantomData<(Q, X, V, W, Y, M)>);

impl<Q, X, V, W, Y, M> Adapter for ScaledDotProduct<Q, X, V, W, Y, M>
where
    Q: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem = f32>,
    W: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
    M: FromValues,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let (query, key, value) = (load::<Q>(case, "in.q"), load::<X>(case, "in.k"), load::<V>(case, "in.v"));
        let scale = case.number("scale").map(|scale| scale as f32);
        let settings = Attention { scale, causal: case.flag("causal"), ..Attention::new() };
        let values = if case.has("in.mask") { case.doubles("in.mask") } else { Vec::new() };
        let (mut weights, mut y) = (zeros::<W>(), zeros::<Y>());
        M::with(&values, |mask| {
            let inputs = (&*query, &*key, &*value);
            ops::scaled_dot_product_attention(k, inputs, mask, &settings, &mut *weights, &mut *y);
        });
        compare(case, "out.y", &*y);
        if !case.has("in.gy.y") {
            return;
        }
        let (dy, mut dweights) = (load::<Y>(case, "in.gy.y"), zeros::<W>());
        let (mut dquery, mut dkey, mut dvalue) = (zeros::<Q>(), zeros::<X>(), zeros::<V>());
        ops::scaled_dot_product_attention_backward(
            k,
            (&*query, &*key, &*value),
            &*weights,
            &settings,
            &*dy,
            &mut *dweights,
            (&mut *dquery, &mut *dkey, &mut *dvalue),
        );
        compare(case, "out.grad.q", &*dquery);
        compare(case, "out.grad.k", &*dkey);
        compare(case, "out.grad.v", &*dvalue);
    }
}
