//! ONNX's operator `Attention`: heads of three or four dimensions, caches, lengths, and the scores at
//! several stages as an output.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Attention, Dim},
};

use super::FromValues;
use crate::{
    Adapter,
    case::Case,
    movement::{compare, load, zeros},
};

/// The keys and values before those of the call.
pub(crate) trait Before<X, V> {
    /// Keys and values with those of the cache in front of them.
    fn present(case: &Case) -> (Box<X>, Box<V>);
}

/// None.
pub(crate) struct NoCache;

impl<X: Tensor<Elem = f32>, V: Tensor<Elem = f32>> Before<X, V> for NoCache {
    fn present(case: &Case) -> (Box<X>, Box<V>) {
        (heads::<X>(case, "in.K"), heads::<V>(case, "in.V"))
    }
}

/// A cache: keys of it and of the call, values of it and of the call.
pub(crate) struct Cache<PX, NX, PV, NV>(PhantomData<(PX, NX, PV, NV)>);

impl<PX, NX, PV, NV, X, V> Before<X, V> for Cache<PX, NX, PV, NV>
where
    PX: Tensor<Elem = f32>,
    NX: Tensor<Elem = f32>,
    PV: Tensor<Elem = f32>,
    NV: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem = f32>,
{
    fn present(case: &Case) -> (Box<X>, Box<V>) {
        let (mut key, mut value) = (zeros::<X>(), zeros::<V>());
        let (past, new) = (load::<PX>(case, "in.past_key"), heads::<NX>(case, "in.K"));
        ops::cat((&*past, &*new), Dim::<2>, &mut *key);
        let (past, new) = (load::<PV>(case, "in.past_value"), heads::<NV>(case, "in.V"));
        ops::cat((&*past, &*new), Dim::<2>, &mut *value);
        (key, value)
    }
}

/// `[batch, heads, length, width]`, also from `[batch, length, heads · width]`.
fn heads<X: Tensor<Elem = f32>>(case: &Case, name: &str) -> Box<X> {
    let mut x = zeros::<X>();
    let values = case.floats(name);
    if case.shape(name).len() == 4 {
        x.elements_mut().copy_from_slice(&values);
    } else {
        each(X::SHAPE.dims(), |four, three| x.elements_mut()[four] = values[three]);
    }
    x
}

/// The positions of each number in `[batch, heads, length, width]` and in `[batch, length, heads · width]`.
fn each(dims: &[usize], mut f: impl FnMut(usize, usize)) {
    let [batch, heads, length, width] = *dims else { panic!("four dimensions") };
    for b in 0..batch {
        for h in 0..heads {
            for l in 0..length {
                for w in 0..width {
                    f(((b * heads + h) * length + l) * width + w, ((b * length + l) * heads + h) * width + w);
                }
            }
        }
    }
}

/// The mask's values, those of a mask of all scores if there are lengths or the mask is shorter than the
/// keys. Whether it says all, the causal mask and the window too.
fn mask<W: Tensor>(case: &Case, settings: &Attention) -> (Vec<f64>, bool) {
    let given = case.has("in.attn_mask").then(|| (case.doubles("in.attn_mask"), case.shape("in.attn_mask")));
    let [batch, heads, queries, keys] = *W::SHAPE.dims() else { panic!("four dimensions") };
    let lengths = case.has("in.nonpad_kv_seqlen").then(|| case.integers("in.nonpad_kv_seqlen"));
    let whole = given.as_ref().is_none_or(|(_, shape)| shape.last() == Some(&keys));
    if lengths.is_none() && whole {
        return (given.map_or(Vec::new(), |(values, _)| values), false);
    }
    let truth = case.is_bool("in.attn_mask");
    let mut all = vec![0.0; batch * heads * queries * keys];
    for (i, value) in all.iter_mut().enumerate() {
        let place = [i / (heads * queries * keys), i / (queries * keys) % heads, i / keys % queries, i % keys];
        let [b, _, query, key] = place;
        if let Some((values, shape)) = &given {
            // Aligned at the last dimension; repeated where it is 1.
            let skip = 4 - shape.len();
            let at = shape.iter().enumerate().try_fold(0, |at, (d, &len)| {
                let place = if len == 1 && d + 1 < shape.len() { 0 } else { place[skip + d] };
                (place < len).then_some(at * len + place)
            });
            *value = match at.map(|at| values[at]) {
                Some(given) if truth && given == 0.0 => f64::NEG_INFINITY,
                Some(_) if truth => 0.0,
                Some(given) => given,
                None => f64::NEG_INFINITY,
            };
        }
        if let Some(lengths) = &lengths {
            // The queries are the last ones of so many keys.
            let at = query as i64 + lengths[b] - queries as i64;
            let [before, behind] = settings.window.map(|window| window.map(|window| window as i64));
            let key = key as i64;
            let hidden = key >= lengths[b]
                || (settings.causal && key > at)
                || before.is_some_and(|before| at - key > before)
                || behind.is_some_and(|behind| key - at > behind);
            if hidden {
                *value = f64::NEG_INFINITY;
            }
        }
    }
    (all, lengths.is_some())
}

/// Queries, keys and values with those of the cache, weights, the result, the mask and the cache.
pub(crate) struct Onnx<Q, X, V, W, Y, M, C>(PhantomData<(Q, X, V, W, Y, M, C)>);

impl<Q, X, V, W, Y, M, C> Adapter for Onnx<Q, X, V, W, Y, M, C>
where
    Q: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem = f32>,
    W: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
    M: FromValues,
    C: Before<X, V>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let query = heads::<Q>(case, "in.Q");
        let (key, value) = C::present(case);
        let positive = |name: &str| case.number(name).filter(|&x| x > 0.0).map(|x| x as f32);
        let side = |name: &str| case.number(name).filter(|&size| size >= 0.0).map(|size| size as usize);
        let mut settings = Attention {
            scale: case.number("scale").map(|scale| scale as f32),
            softcap: positive("softcap"),
            causal: case.flag("is_causal"),
            past: if case.has("in.past_key") { case.shape("in.past_key")[2] } else { 0 },
            window: [side("left_window_size"), side("right_window_size")],
        };
        let (values, whole) = mask::<W>(case, &settings);
        if whole {
            settings = Attention { causal: false, window: [None; 2], ..settings };
        }
        let (mut weights, mut y) = (zeros::<W>(), zeros::<Y>());
        let (mut raw, mut masked) = (zeros::<W>(), zeros::<W>());
        let unlimited = Attention { causal: false, window: [None; 2], ..settings };
        let mode = case.number("qk_matmul_output_mode").unwrap_or(0.0) as usize;
        let plain = Attention { softcap: if mode == 0 { None } else { settings.softcap }, ..unlimited };
        ops::attention_scores(k, &*query, &*key, &(), &plain, &mut *raw);
        M::with(&values, |mask| {
            ops::attention_scores(k, &*query, &*key, mask, &settings, &mut *masked);
            let inputs = (&*query, &*key, &*value);
            ops::scaled_dot_product_attention(k, inputs, mask, &settings, &mut *weights, &mut *y);
        });
        if case.shape("out.Y").len() == 4 {
            compare(case, "out.Y", &*y);
        } else {
            let mut three = vec![0.0; Y::LEN];
            each(Y::SHAPE.dims(), |from, to| three[to] = y.elements()[from]);
            case.compare("out.Y", &three);
        }
        if case.has("out.qk_matmul_output") {
            let stage = match mode {
                0 | 1 => raw,
                2 => masked,
                _ => weights,
            };
            compare(case, "out.qk_matmul_output", &*stage);
        }
        if case.has("out.present_key") {
            compare(case, "out.present_key", &*key);
            compare(case, "out.present_value", &*value);
        }
    }
}
