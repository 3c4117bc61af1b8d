//! Additive attention.

use rand_core::Rng;

use crate::{
    Error, Index, Module, Tensor,
    description::{Layout, ParameterInfo},
    init,
    kernel::{Kernels, samples, samples_mut},
    layer::attention::whole_workspace,
    memory::split,
    module::visit_parameters,
    ops::attention::head::Head,
    shape::Shape,
};

/// Additive attention (Bahdanau et al., 2015), d2l's `AdditiveAttention`: queries of `Q` numbers, keys of
/// `KEY`, compared in `H` hidden numbers: `score = w_v · tanh(W_q q + W_k k)`, without biases.
///
/// ```
/// use tensorlet::{AdditiveAttention, Module, Portable};
/// type Attention = AdditiveAttention<2, 3, 4>;
/// let (queries, keys, values) = ([[[1.0; 2]]], [[[1.0; 3]; 3]], [[[2.0], [4.0], [100.0]]]);
/// let mut workspace = [0.0; Attention::workspace(1, 3)];
/// let (mut weights, mut y) = ([[[0.0; 3]]], [[[0.0]]]);
/// // Two of the three keys are valid.
/// let inputs = (&queries[..], &keys[..], &values[..], &[2_u8][..]);
/// Attention::ZERO.attend(Portable, inputs, &mut weights, &mut workspace, &mut y)?;
/// assert_eq!((weights, y), ([[[0.5, 0.5, 0.0]]], [[[3.0]]]));
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct AdditiveAttention<const Q: usize, const KEY: usize, const H: usize> {
    /// The weights of the queries, stored `[Q][H]`.
    pub w_q: [[f32; H]; Q],
    /// The weights of the keys, stored `[KEY][H]`.
    pub w_k: [[f32; H]; KEY],
    /// What makes a score of the hidden numbers.
    pub w_v: [f32; H],
}

/// What masked scores are set to, as in "Dive into Deep Learning": a row without any valid key gives
/// equal weights and not NaN.
const MASKED: f32 = -1e6;

/// Queries, keys, values, and for each sample how many of its keys are valid, or for each query of each
/// sample; all are without one.
pub type AdditiveInputs<'a, const Q: usize, const KEY: usize, const L: usize, const S: usize, const V: usize, I> =
    (&'a [[[f32; Q]; L]], &'a [[[f32; KEY]; S]], &'a [[[f32; V]; S]], &'a [I]);

impl<const Q: usize, const KEY: usize, const H: usize> Module for AdditiveAttention<Q, KEY, H> {
    const ZERO: Self = Self { w_q: [[0.0; H]; Q], w_k: [[0.0; H]; KEY], w_v: [0.0; H] };
    const PARAMETERS: usize = H * (Q + KEY + 1);

    /// Each as PyTorch draws those of a linear layer.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let [q, key, v] = [Q, KEY, H].map(init::default_bound);
        init::uniform(&mut self.w_q, -q, q, rng);
        init::uniform(&mut self.w_k, -key, key, rng);
        init::uniform(&mut self.w_v, -v, v, rng);
    }

    visit_parameters!(
        w_q: ParameterInfo { name: "W_q.weight", shape: Shape::new(&[H, Q]), layout: Layout::Transposed },
        w_k: ParameterInfo { name: "W_k.weight", shape: Shape::new(&[H, KEY]), layout: Layout::Transposed },
        w_v: ParameterInfo { name: "w_v.weight", shape: Shape::new(&[1, H]), layout: Layout::RowMajor },
    );
}

/// Sizes of additive attention.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    queries: usize,
    keys: usize,
    hidden: usize,
    value: usize,
}

impl Sizes {
    const fn head(&self) -> Head {
        Head { queries: self.queries, keys: self.keys, width: self.hidden, values: self.value }
    }

    /// The areas of a workspace: projected queries and keys; the hidden numbers of one query with all
    /// keys, the gradient of a sample's projected keys, and that of its scores.
    fn areas<'a>(&self, n: usize, workspace: &'a mut [f32]) -> [&'a mut [f32]; 5] {
        let (queries, rest) = split(workspace, n * self.queries * self.hidden);
        let (keys, rest) = split(rest, n * self.keys * self.hidden);
        let (hidden, rest) = split(rest, self.keys * self.hidden);
        let (dkeys, rest) = split(rest, self.keys * self.hidden);
        [queries, keys, hidden, dkeys, split(rest, self.queries * self.keys).0]
    }

    /// `tanh(query + key)` of one query with all keys.
    fn compare<K: Kernels>(&self, k: K, query: &[f32], keys: &[f32], hidden: &mut [f32]) {
        for (hidden, key) in samples_mut(hidden, self.hidden).zip(samples(keys, self.hidden)) {
            for ((hidden, query), key) in hidden.iter_mut().zip(query).zip(key) {
                *hidden = query + key;
            }
        }
        k.tanh(hidden);
    }

    /// The attention weights of a sample.
    fn weigh<K: Kernels>(
        &self,
        k: K,
        w_v: &[f32],
        [queries, keys]: [&[f32]; 2],
        (hidden, valid): (&mut [f32], impl Iterator<Item = usize>),
        weights: &mut [f32],
    ) {
        for ((query, weights), valid) in samples(queries, self.hidden).zip(samples_mut(weights, self.keys)).zip(valid) {
            self.compare(k, query, keys, hidden);
            for (j, (weight, hidden)) in weights.iter_mut().zip(samples(hidden, self.hidden)).enumerate() {
                *weight = if j < valid { k.dot(w_v, hidden) } else { MASKED };
            }
            k.softmax(weights);
        }
    }

    /// From the gradient of a sample's scores those of its projected queries and keys, in their place,
    /// and that of `w_v`, added to `g_v`.
    fn compare_backward<K: Kernels>(
        &self,
        k: K,
        w_v: &[f32],
        [queries, keys]: [&mut [f32]; 2],
        [hidden, dkeys]: [&mut [f32]; 2],
        dscores: &[f32],
        g_v: &mut [f32],
    ) {
        dkeys.fill(0.0);
        for (query, dscores) in samples_mut(queries, self.hidden).zip(samples(dscores, self.keys)) {
            self.compare(k, query, keys, hidden);
            if !g_v.is_empty() {
                k.matmul_flat([self.keys, self.hidden], dscores, hidden, g_v);
            }
            query.fill(0.0);
            let rows = samples_mut(hidden, self.hidden).zip(samples_mut(dkeys, self.hidden));
            for ((hidden, dkey), dscore) in rows.zip(dscores) {
                for (hidden, w_v) in hidden.iter_mut().zip(w_v) {
                    *hidden = dscore * w_v * (1.0 - *hidden * *hidden);
                }
                k.add(query, hidden);
                k.add(dkey, hidden);
            }
        }
        for (key, dkey) in keys.iter_mut().zip(dkeys) {
            *key = *dkey;
        }
    }
}

/// The number of samples, if all slices have as many.
fn check<const Q: usize, const KEY: usize, const L: usize, const S: usize, const V: usize, I>(
    (query, key, value, valid): &AdditiveInputs<'_, Q, KEY, L, S, V, I>,
    others: [usize; 2],
) -> Result<usize, Error> {
    let n = query.len();
    if n == 0 {
        return Err(Error::EmptyBatch);
    }
    let valid = if valid.is_empty() || valid.len() == n * L { n } else { valid.len() };
    let [weights, y] = others;
    for targets in [key.len(), value.len(), valid, weights, y] {
        if targets != n {
            return Err(Error::BatchMismatch { inputs: n, targets });
        }
    }
    Ok(n)
}

/// How many keys are valid, for each query of each of `n` samples: all where nothing is said.
fn lengths<I: Index>(valid: &[I], n: usize, queries: usize) -> impl Iterator<Item = impl Iterator<Item = usize>> {
    let said = samples(valid, if valid.len() == n { 1 } else { queries });
    said.chain(core::iter::repeat(&[][..])).map(|said| {
        let length = |valid: &I| valid.position(usize::MAX).unwrap_or(0);
        let others = said.first().map_or(usize::MAX, length);
        said.iter().map(length).chain(core::iter::repeat(others))
    })
}

impl<const Q: usize, const KEY: usize, const H: usize> AdditiveAttention<Q, KEY, H> {
    const fn sizes(queries: usize, keys: usize, value: usize) -> Sizes {
        Sizes { queries, keys, hidden: H, value }
    }

    /// Words per sample of the workspace of [`attend`](Self::attend) with so many queries and keys, and of
    /// [`attend_backward`](Self::attend_backward) after it.
    #[must_use]
    pub const fn workspace(queries: usize, keys: usize) -> usize {
        (queries + 3 * keys) * H + queries * keys
    }

    /// The output and the attention weights of a batch.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] when the workspace has fewer words than samples times
    /// [`workspace`](Self::workspace); [`Error::BatchMismatch`] when slices differ in length,
    /// [`Error::EmptyBatch`] when there is no sample.
    pub fn attend<K: Kernels, const L: usize, const S: usize, const V: usize, I: Index>(
        &self,
        k: K,
        inputs: AdditiveInputs<'_, Q, KEY, L, S, V, I>,
        weights: &mut [[[f32; S]; L]],
        workspace: &mut [f32],
        y: &mut [[[f32; V]; L]],
    ) -> Result<(), Error> {
        let n = check(&inputs, [weights.len(), y.len()])?;
        let (query, key, value, valid) = inputs;
        let sizes = const { Self::sizes(L, S, V) };
        let workspace = whole_workspace(workspace, n * Self::workspace(L, S))?;
        let [queries, keys, hidden, ..] = sizes.areas(n, workspace);
        queries.fill(0.0);
        k.matmul_flat([Q, H], Tensor::flat(query), self.w_q.as_flattened(), queries);
        keys.fill(0.0);
        k.matmul_flat([KEY, H], Tensor::flat(key), self.w_k.as_flattened(), keys);
        let rows = samples(queries, L * H).zip(samples(keys, S * H)).zip(weights).zip(value).zip(y);
        for (((((queries, keys), weights), value), y), valid) in rows.zip(lengths(valid, n, L)) {
            sizes.weigh(k, &self.w_v, [queries, keys], (&mut *hidden, valid), weights.elements_mut());
            sizes.head().attend(k, weights.elements(), value.elements(), y.elements_mut());
        }
        Ok(())
    }

    /// Adds the gradients of [`attend`](Self::attend), from the weights that it gave and whose workspace
    /// this is, to those of queries, keys and values (an empty slice takes none) and to that of the
    /// parameters, unless `grad` is empty.
    ///
    /// # Errors
    /// As [`attend`](Self::attend).
    #[allow(clippy::type_complexity, reason = "the gradients of three inputs")]
    pub fn attend_backward<K: Kernels, const L: usize, const S: usize, const V: usize, I: Index>(
        &self,
        k: K,
        inputs: AdditiveInputs<'_, Q, KEY, L, S, V, I>,
        (weights, dy): (&[[[f32; S]; L]], &[[[f32; V]; L]]),
        workspace: &mut [f32],
        (dquery, dkey, dvalue): (&mut [[[f32; Q]; L]], &mut [[[f32; KEY]; S]], &mut [[[f32; V]; S]]),
        grad: &mut [f32],
    ) -> Result<(), Error> {
        let n = check(&inputs, [weights.len(), dy.len()])?;
        let (query, key, value, valid) = inputs;
        let sizes = const { Self::sizes(L, S, V) };
        let workspace = whole_workspace(workspace, n * Self::workspace(L, S))?;
        let [queries, keys, hidden, dkeys, dscores] = sizes.areas(n, workspace);
        let (g_q, rest) = split(grad, Q * H);
        let (g_k, g_v) = split(rest, KEY * H);
        let head = sizes.head();
        let mut dvalue = dvalue.iter_mut();
        let rows = samples_mut(queries, L * H).zip(samples_mut(keys, S * H)).zip(weights).zip(value).zip(dy);
        for (((((queries, keys), weights), value), dy), valid) in rows.zip(lengths(valid, n, L)) {
            let (weights, dy) = (weights.elements(), dy.elements());
            dscores.fill(0.0);
            head.weights_gradient(k, dy, value.elements(), dscores);
            if let Some(dvalue) = dvalue.next() {
                head.value_gradient(k, weights, dy, dvalue.elements_mut());
            }
            head.softmax_gradient(k, weights, dscores);
            for (row, valid) in samples_mut(dscores, S).zip(valid) {
                // A masked score is a constant.
                row.iter_mut().skip(valid).for_each(|d| *d = 0.0);
            }
            sizes.compare_backward(k, &self.w_v, [queries, keys], [&mut *hidden, &mut *dkeys], dscores, g_v);
        }
        if !g_q.is_empty() {
            k.matmul_tn_flat([Q, H], Tensor::flat(query), queries, g_q);
            k.matmul_tn_flat([KEY, H], Tensor::flat(key), keys, g_k);
        }
        k.matmul_nt_flat([Q, H], queries, self.w_q.as_flattened(), Tensor::flat_mut(dquery));
        k.matmul_nt_flat([KEY, H], keys, self.w_k.as_flattened(), Tensor::flat_mut(dkey));
        Ok(())
    }
}
