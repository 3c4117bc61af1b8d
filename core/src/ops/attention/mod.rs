//! Scaled dot-product attention (Vaswani et al., 2017).

pub(crate) mod head;
mod mask;

pub use mask::{Mask, MaskElement};

use super::{Gradient, nest::gradient};
use crate::{
    Shape, Tensor,
    kernel::{Kernels, samples, samples_mut},
    math,
    message::{Part, fail},
};
use head::{Head, softmax_or_zero};

/// The settings of attention; by default those of PyTorch's `scaled_dot_product_attention`.
///
/// ```
/// use tensorlet::ops::Attention;
/// let attention = Attention { causal: true, ..Attention::new() };
/// assert_eq!(attention.scale, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attention {
    /// What the products of queries and keys are multiplied by; `1/√width` unless given.
    pub scale: Option<f32>,
    /// Keeps the scores within `±c`, as `c · tanh(score / c)`.
    pub softcap: Option<f32>,
    /// Query `i` attends to no key behind key `i + past`: PyTorch's `is_causal=True`.
    pub causal: bool,
    /// The number of keys that stand before those of the first query: those of a cache.
    pub past: usize,
    /// Query `i` attends to no key more than so many before key `i + past`, and no key more than so many
    /// behind it.
    pub window: [Option<usize>; 2],
}

impl Attention {
    /// No mask, the usual scale.
    #[must_use]
    pub const fn new() -> Self {
        Self { scale: None, softcap: None, causal: false, past: 0, window: [None; 2] }
    }

    /// Limits the keys of each query.
    fn limit(&self, head: Head, scores: &mut [f32]) {
        let [before, behind] = self.window;
        if !self.causal && before.is_none() && behind.is_none() {
            return;
        }
        let behind = if self.causal { Some(0) } else { behind };
        let place = |i: usize| i + self.past;
        let to = |i: usize| behind.map_or(usize::MAX, |behind| place(i).saturating_add(behind).saturating_add(1));
        head.only(scores, |i| before.map_or(0, |before| place(i).saturating_sub(before)), to);
    }
}

/// Heads of queries, and how many of them share a head of keys and values.
#[derive(Clone, Copy, Debug)]
struct Heads {
    head: Head,
    shared: usize,
}

/// All dimensions but the last two.
const fn leading(shape: Shape) -> Shape {
    Shape::new(shape.dims().split_at(shape.rank().saturating_sub(2)).0)
}

/// Dimension `i` from the end.
const fn last(shape: Shape, i: usize) -> usize {
    shape.dim(shape.rank() - 1 - i)
}

/// The heads of queries `Q` and keys `X`, and the scores `W` between them. Fails to compile unless the
/// shapes fit.
const fn heads<Q: Tensor, X: Tensor, W: Tensor>() -> Heads {
    let (q, x, w) = (Q::SHAPE, X::SHAPE, W::SHAPE);
    let mut fit = q.rank() >= 2 && x.rank() == q.rank() && w.rank() == q.rank();
    let mut shared = 1;
    if fit {
        fit = last(q, 0) == last(x, 0) && last(w, 1) == last(q, 1) && last(w, 0) == last(x, 1);
        let (rank, mut i) = (q.rank() - 2, 0);
        while i < rank {
            fit = fit && w.dim(i) == q.dim(i);
            if i + 1 < rank {
                fit = fit && x.dim(i) == q.dim(i);
            } else {
                fit = fit && q.dim(i).is_multiple_of(x.dim(i));
                shared = q.dim(i) / x.dim(i);
            }
            i += 1;
        }
    }
    if !fit {
        fail(&[
            Part::Text("shape mismatch: attention of queries of shape "),
            Part::Shape(q),
            Part::Text(" to keys of shape "),
            Part::Shape(x),
            Part::Text(" has no scores of shape "),
            Part::Shape(w),
            Part::Text(": they are [heads, queries, width], [heads, keys, width] and [heads, queries, keys]"),
        ]);
    }
    let head = Head { queries: last(q, 1), keys: last(x, 1), width: last(q, 0), values: 0 };
    Heads { head, shared }
}

/// [`heads`] with values `V` and the result `Y`.
const fn heads_of_values<Q: Tensor, X: Tensor, V: Tensor, W: Tensor, Y: Tensor>() -> Heads {
    let Heads { head, shared } = heads::<Q, X, W>();
    let (v, y) = (V::SHAPE, Y::SHAPE);
    let fit = v.rank() == X::SHAPE.rank() && y.rank() == v.rank();
    let fit = fit && leading(v).equals(&leading(X::SHAPE)) && last(v, 1) == head.keys;
    let fit = fit && leading(y).equals(&leading(Q::SHAPE)) && last(y, 1) == head.queries && last(y, 0) == last(v, 0);
    if !fit {
        fail(&[
            Part::Text("shape mismatch: attention of queries of shape "),
            Part::Shape(Q::SHAPE),
            Part::Text(" to values of shape "),
            Part::Shape(v),
            Part::Text(" has no result of shape "),
            Part::Shape(y),
            Part::Text(": they are [heads, queries, width], [heads, keys, values] and [heads, queries, values]"),
        ]);
    }
    Heads { head: Head { values: last(v, 0), ..head }, shared }
}

/// The scores of attention before the softmax: `scale · query keyᵀ`, kept within the softcap, with masks.
///
/// Shapes and masks as in [`scaled_dot_product_attention`].
///
/// ```
/// use tensorlet::{Portable, ops::{self, Attention}};
/// let mut scores = [[0.0; 2]];
/// ops::attention_scores(Portable, &[[1.0, 2.0]], &[[1.0, 1.0], [0.0, 1.0]], &[10.0, 20.0], &Attention {
///     scale: Some(1.0),
///     ..Attention::new()
/// }, &mut scores);
/// assert_eq!(scores, [[13.0, 22.0]]);
/// ```
#[inline]
pub fn attention_scores<K: Kernels, Q, X, M: Mask, W>(
    k: K,
    query: &Q,
    key: &X,
    mask: &M,
    settings: &Attention,
    scores: &mut W,
) where
    Q: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    W: Tensor<Elem = f32>,
{
    let heads = const { heads::<Q, X, W>() };
    raw_scores(k, heads, settings, query.elements(), key.elements(), scores.elements_mut());
    mask.apply(scores);
    for scores in samples_mut(scores.elements_mut(), heads.head.queries * heads.head.keys) {
        settings.limit(heads.head, scores);
    }
}

/// The products of queries and keys, scaled and capped.
fn raw_scores<K: Kernels>(k: K, heads: Heads, settings: &Attention, query: &[f32], key: &[f32], scores: &mut [f32]) {
    let Heads { head, shared } = heads;
    let scale = settings.scale.unwrap_or_else(|| head.scale());
    let query = samples(query, head.queries * head.width);
    let key = samples(key, head.keys * head.width).flat_map(|key| core::iter::repeat_n(key, shared));
    for ((query, key), scores) in query.zip(key).zip(samples_mut(scores, head.queries * head.keys)) {
        head.scores(k, scale, query, key, scores);
    }
    if let Some(cap) = settings.softcap {
        k.scale(scores, 1.0 / cap);
        k.tanh(scores);
        k.scale(scores, cap);
    }
}

/// Attention: `weights = softmax(scale · query keyᵀ + mask)`, `y = weights · value`.
/// PyTorch's `F.scaled_dot_product_attention`.
///
/// Queries are `[…, L, D]`, keys `[…, S, D]`, values `[…, S, V]`, weights `[…, L, S]` and `y` `[…, L, V]`,
/// where `…` are batches and heads, or nothing. A head of keys and values may serve several heads of
/// queries, one behind the other (`enable_gqa` in PyTorch): then the last of these dimensions is a
/// multiple of the keys'. The mask is broadcast to the weights; see [`Mask`]. A query that may attend to
/// no key gets zeros.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Attention}};
/// let (query, key) = ([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]);
/// let value = [[2.0], [4.0], [100.0]];
/// let (mut weights, mut y) = ([[0.0; 3]], [[0.0]]);
/// let may_attend = [1_u8, 1, 0];
/// let settings = Attention::new();
/// let inputs = (&query, &key, &value);
/// ops::scaled_dot_product_attention(Portable, inputs, &may_attend, &settings, &mut weights, &mut y);
/// assert_eq!((weights, y), ([[0.5, 0.5, 0.0]], [[3.0]]));
/// ```
#[inline]
pub fn scaled_dot_product_attention<K: Kernels, Q, X, V, M: Mask, W, Y>(
    k: K,
    (query, key, value): (&Q, &X, &V),
    mask: &M,
    settings: &Attention,
    weights: &mut W,
    y: &mut Y,
) where
    Q: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem = f32>,
    W: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
{
    let heads = const { heads_of_values::<Q, X, V, W, Y>() };
    attention_scores(k, query, key, mask, settings, weights);
    attend(k, heads, weights.elements_mut(), value.elements(), y.elements_mut());
}

fn attend<K: Kernels>(k: K, Heads { head, shared }: Heads, weights: &mut [f32], value: &[f32], y: &mut [f32]) {
    softmax_or_zero(k, head.keys, weights);
    let weights = samples(weights, head.queries * head.keys);
    let value = samples(value, head.keys * head.values).flat_map(|value| core::iter::repeat_n(value, shared));
    for ((weights, value), y) in weights.zip(value).zip(samples_mut(y, head.queries * head.values)) {
        head.attend(k, weights, value, y);
    }
}

/// Adds the gradients of [`scaled_dot_product_attention`] to those of queries, keys and values, from the
/// weights that it gave. `dweights` holds the gradient of the weights, zeros if only `y` was used; it is
/// scratch afterwards.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Attention}};
/// let (query, key, value) = ([[0.0]], [[1.0], [-1.0]], [[2.0], [4.0]]);
/// let (weights, mut dweights) = ([[0.5, 0.5]], [[0.0; 2]]);
/// let (mut dquery, mut dvalue) = ([[0.0]], [[0.0]; 2]);
/// ops::scaled_dot_product_attention_backward(
///     Portable, (&query, &key, &value), &weights, &Attention::new(), &[[1.0]],
///     &mut dweights, (&mut dquery, &mut (), &mut dvalue),
/// );
/// assert_eq!((dquery, dvalue), ([[-1.0]], [[0.5], [0.5]]));
/// ```
#[inline]
pub fn scaled_dot_product_attention_backward<K: Kernels, Q, X, V, W, Y, DQ, DX, DV>(
    k: K,
    (query, key, value): (&Q, &X, &V),
    weights: &W,
    settings: &Attention,
    dy: &Y,
    dweights: &mut W,
    (dquery, dkey, dvalue): (&mut DQ, &mut DX, &mut DV),
) where
    Q: Tensor<Elem = f32>,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem = f32>,
    W: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
    DQ: Gradient,
    DX: Gradient,
    DV: Gradient,
{
    let heads = const {
        gradient::<Q, DQ>("scaled_dot_product_attention_backward");
        gradient::<X, DX>("scaled_dot_product_attention_backward");
        gradient::<V, DV>("scaled_dot_product_attention_backward");
        heads_of_values::<Q, X, V, W, Y>()
    };
    let slots = [dquery.slot(), dkey.slot(), dvalue.slot()];
    let inputs = [query.elements(), key.elements(), value.elements()];
    backward(k, heads, settings, inputs, weights.elements(), dy.elements(), dweights.elements_mut(), slots);
}

/// The same with sizes as values.
#[allow(clippy::too_many_arguments, reason = "three inputs and their gradients, weights and their gradient")]
fn backward<K: Kernels>(
    k: K,
    Heads { head, shared }: Heads,
    settings: &Attention,
    [query, key, value]: [&[f32]; 3],
    weights: &[f32],
    dy: &[f32],
    dweights: &mut [f32],
    [dquery, dkey, dvalue]: [&mut [f32]; 3],
) {
    let scale = settings.scale.unwrap_or_else(|| head.scale());
    let (query_words, score_words) = (head.queries * head.width, head.queries * head.keys);
    let (key_words, value_words) = (head.keys * head.width, head.keys * head.values);
    let mut dquery = samples_mut(dquery, query_words);
    let (mut dkey, mut dvalue) = (samples_mut(dkey, key_words), samples_mut(dvalue, value_words));
    let mut of_query = samples(query, query_words)
        .zip(samples(weights, score_words))
        .zip(samples(dy, head.queries * head.values))
        .zip(samples_mut(dweights, score_words));
    for (key, value) in samples(key, key_words).zip(samples(value, value_words)) {
        // No slice where a gradient is not wanted.
        let (dkey, dvalue) = (dkey.next().unwrap_or_default(), dvalue.next().unwrap_or_default());
        for (((query, weights), dy), gradient) in of_query.by_ref().take(shared) {
            head.weights_gradient(k, dy, value, gradient);
            if !dvalue.is_empty() {
                head.value_gradient(k, weights, dy, dvalue);
            }
            head.softmax_gradient(k, weights, gradient);
            if let Some(cap) = settings.softcap {
                // The derivative of c tanh(s / c) is 1 - tanh².
                let rows = samples(query, head.width).zip(samples_mut(gradient, head.keys));
                for (query, gradient) in rows {
                    for (d, key) in gradient.iter_mut().zip(samples(key, head.width)) {
                        let tanh = math::tanh(scale * k.dot(query, key) / cap);
                        *d *= 1.0 - tanh * tanh;
                    }
                }
            }
            k.scale(gradient, scale);
            if let Some(dquery) = dquery.next() {
                head.query_gradient(k, gradient, key, dquery);
            }
            if !dkey.is_empty() {
                head.key_gradient(k, gradient, query, dkey);
            }
        }
    }
}
