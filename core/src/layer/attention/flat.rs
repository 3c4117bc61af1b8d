//! Multi-head attention on flat slices: one copy of this code serves all shapes.

use crate::{
    kernel::{Epilogue, Kernels, samples, samples_mut},
    layer::bias::add_rows,
    memory::{self, split},
    ops::attention::head::Head,
};

/// Sizes of multi-head attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Queries of a sample.
    pub(super) queries: usize,
    /// Keys, and values, of a sample.
    pub(super) keys: usize,
    /// Numbers of each.
    pub(super) embed: usize,
    /// Heads.
    pub(super) heads: usize,
    /// Numbers of each in a head.
    pub(super) width: usize,
}

impl Sizes {
    /// Words per sample of the projected queries, keys and values.
    pub(super) const fn projected(&self) -> usize {
        (self.queries + 2 * self.keys) * self.embed
    }

    /// Words per sample of what all heads attended to: the context.
    pub(super) const fn context(&self) -> usize {
        self.queries * self.embed
    }

    /// Scores of a head.
    const fn scores(&self) -> usize {
        self.queries * self.keys
    }

    /// Words of scratch of a forward pass: a head's queries, keys, values and context, and its scores.
    pub(super) const fn scratch(&self) -> usize {
        2 * (self.queries + self.keys) * self.width + self.scores()
    }

    /// Words of scratch of a backward pass: the same, the gradient of the scores, and one row of weights.
    pub(super) const fn backward_scratch(&self) -> usize {
        self.scratch() + self.scores() + self.keys
    }

    const fn head(&self) -> Head {
        Head { queries: self.queries, keys: self.keys, width: self.width, values: self.width }
    }
}

/// The parameters: three projections and one, weights stored `[in][out]`; biases may be empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    pub(super) project: &'a [f32],
    pub(super) project_bias: &'a [f32],
    pub(super) out: &'a [f32],
    pub(super) out_bias: &'a [f32],
}

/// Queries, keys and values of all samples.
pub(super) type Inputs<'a> = [&'a [f32]; 3];

/// Masks the scores of a sample and head, both counted.
pub(super) type Masking<'a> = &'a dyn Fn(usize, usize, &mut [f32]);

/// Drops out some of the weights, head after head: each of the two does the same once, so that a backward pass
/// can do it twice.
pub(super) type Dropping<'a> = Option<[&'a mut dyn FnMut(&mut [f32]); 2]>;

/// `y ← x W + b`.
fn linear<K: Kernels>(k: K, sizes: [usize; 2], x: &[f32], (w, b): (&[f32], &[f32]), y: &mut [f32]) {
    k.linear_flat(sizes, x, w, b, Epilogue::Identity, y);
}

/// Copies a head's columns of rows of `embed` numbers.
fn gather(rows: &[f32], embed: usize, head: usize, width: usize, to: &mut [f32]) {
    for (row, to) in samples(rows, embed).zip(samples_mut(to, width)) {
        for (to, from) in to.iter_mut().zip(row.iter().skip(head * width)) {
            *to = *from;
        }
    }
}

/// The other way.
fn scatter(from: &[f32], rows: &mut [f32], embed: usize, head: usize, width: usize) {
    for (row, from) in samples_mut(rows, embed).zip(samples(from, width)) {
        for (to, from) in row.iter_mut().skip(head * width).zip(from) {
            *to = *from;
        }
    }
}

/// Parts of a slice of these lengths, one behind the other.
fn parts<const N: usize>(words: &mut [f32], lengths: [usize; N]) -> [&mut [f32]; N] {
    let mut rest = words;
    lengths.map(|len| {
        let (part, others) = split(core::mem::take(&mut rest), len);
        rest = others;
        part
    })
}

/// The forward pass of `n` samples. The projections go to `projected`; the context goes to `context`, or
/// takes the place of the projected queries if that is empty. `weights` of all heads are given out
/// unless empty.
pub(super) fn forward<K: Kernels>(
    k: K,
    (sizes, n): (Sizes, usize),
    parameters: Weights<'_>,
    (inputs, masking, mut dropping): (Inputs<'_>, Masking<'_>, Dropping<'_>),
    [projected, context, scratch]: [&mut [f32]; 3],
    weights: &mut [f32],
    y: &mut [f32],
) {
    let Sizes { queries, keys, embed, heads, width } = sizes;
    let all = parts(projected, [queries, keys, keys].map(|rows| n * rows * embed));
    let bias = parameters.project_bias;
    for (i, ((x, w), y)) in inputs.into_iter().zip(samples(parameters.project, embed * embed)).zip(all).enumerate() {
        linear(k, [embed, embed], x, (w, bias.get(i * embed..(i + 1) * embed).unwrap_or_default()), y);
    }
    let [q, keys_all, v] = parts(projected, [queries, keys, keys].map(|rows| n * rows * embed));
    let head = sizes.head();
    let [qh, yh, kh, vh, scores] =
        parts(scratch, [queries * width, queries * width, keys * width, keys * width, sizes.scores()]);
    let mut weights = samples_mut(weights, sizes.scores());
    let samples_of = samples_mut(q, queries * embed).zip(samples(keys_all, keys * embed)).zip(samples(v, keys * embed));
    let mut contexts = samples_mut(context, queries * embed);
    for (sample, ((q, key), value)) in samples_of.enumerate() {
        let mut context = contexts.next();
        for h in 0..heads {
            gather(q, embed, h, width, qh);
            gather(key, embed, h, width, kh);
            gather(value, embed, h, width, vh);
            head.scores(k, head.scale(), qh, kh, scores);
            masking(sample, h, scores);
            for row in samples_mut(scores, keys) {
                k.softmax(row);
            }
            if let Some(weights) = weights.next() {
                copy(weights, scores);
            }
            if let Some([drop, _]) = &mut dropping {
                drop(scores);
            }
            head.attend(k, scores, vh, yh);
            scatter(yh, context.as_deref_mut().unwrap_or(q), embed, h, width);
        }
    }
    drop(contexts);
    let context = if context.is_empty() { q } else { context };
    linear(k, [embed, embed], context, (parameters.out, parameters.out_bias), y);
}

fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The backward pass: what [`forward`] left in `projected` becomes the gradients of the projections, the
/// context its gradient. Adds to `grad` unless that is empty. The gradient of the inputs comes from
/// [`input_gradient`].
pub(super) fn backward<K: Kernels>(
    k: K,
    (sizes, n): (Sizes, usize),
    parameters: Weights<'_>,
    (inputs, masking, mut dropping): (Inputs<'_>, Masking<'_>, Dropping<'_>),
    [projected, context, scratch]: [&mut [f32]; 3],
    [dy, dweights]: [&[f32]; 2],
    grad: &mut [f32],
) {
    let Sizes { queries, keys, embed, heads, width } = sizes;
    let (project, project_bias) = (parameters.project.len(), parameters.project_bias.len());
    let [g_project, g_bias, g_out, g_out_bias] =
        parts(grad, [project, project_bias, parameters.out.len(), parameters.out_bias.len()]);
    if !g_out.is_empty() {
        k.matmul_tn_flat([embed, embed], context, dy, g_out);
        add_rows(k, dy, g_out_bias);
    }
    context.fill(0.0);
    k.matmul_nt_flat([embed, embed], dy, parameters.out, context);

    let head = sizes.head();
    let scores = sizes.scores();
    let [qh, yh, kh, vh, weights, gradient, row] =
        parts(scratch, [queries * width, queries * width, keys * width, keys * width, scores, scores, keys]);
    let mut dweights = samples(dweights, scores);
    let [q, keys_all, v] = parts(projected, [queries, keys, keys].map(|rows| n * rows * embed));
    let all = samples_mut(q, queries * embed).zip(samples_mut(keys_all, keys * embed));
    let all = all.zip(samples_mut(v, keys * embed)).zip(samples(context, queries * embed));
    for (sample, (((q, key), value), dcontext)) in all.enumerate() {
        for h in 0..heads {
            gather(q, embed, h, width, qh);
            gather(key, embed, h, width, kh);
            gather(value, embed, h, width, vh);
            gather(dcontext, embed, h, width, yh);
            head.scores(k, head.scale(), qh, kh, weights);
            masking(sample, h, weights);
            for row in samples_mut(weights, keys) {
                k.softmax(row);
            }
            gradient.fill(0.0);
            if let Some(given) = dweights.next() {
                copy(gradient, given);
            }
            head.weights_gradient(k, yh, vh, gradient);
            // From here on the values' place is their gradient's; then those of context and keys follow.
            vh.fill(0.0);
            if let Some([first, second]) = &mut dropping {
                first(gradient);
                for (weights, dy) in samples(weights, keys).zip(samples(yh, width)) {
                    copy(row, weights);
                    second(row);
                    k.matmul_tn_flat([keys, width], row, dy, vh);
                }
            } else {
                head.value_gradient(k, weights, yh, vh);
            }
            for (weights, gradient) in samples_mut(weights, keys).zip(samples(gradient, keys)) {
                k.softmax_backward(weights, gradient);
            }
            k.scale(weights, head.scale());
            yh.fill(0.0);
            head.query_gradient(k, weights, kh, yh);
            kh.fill(0.0);
            head.key_gradient(k, weights, qh, kh);
            scatter(yh, q, embed, h, width);
            scatter(kh, key, embed, h, width);
            scatter(vh, value, embed, h, width);
        }
    }
    if g_project.is_empty() {
        return;
    }
    let gradients = [&*q, &*keys_all, &*v];
    let mut biases = samples_mut(g_bias, embed);
    for ((x, d), g) in inputs.into_iter().zip(gradients).zip(samples_mut(g_project, embed * embed)) {
        k.matmul_tn_flat([embed, embed], x, d, g);
        add_rows(k, d, biases.next().unwrap_or_default());
    }
}

/// Adds the gradients of queries, keys and values, from those of the projections that [`backward`] left.
/// An empty slice takes none.
pub(super) fn input_gradient<K: Kernels>(
    k: K,
    (sizes, n): (Sizes, usize),
    project: &[f32],
    projected: &mut [f32],
    gradients: [&mut [f32]; 3],
) {
    let Sizes { queries, keys, embed, .. } = sizes;
    let all = parts(projected, [queries, keys, keys].map(|rows| n * rows * embed));
    for ((d, w), dx) in all.into_iter().zip(samples(project, embed * embed)).zip(gradients) {
        if !dx.is_empty() {
            k.matmul_nt_flat([embed, embed], d, w, dx);
        }
    }
}

/// The gradient of an input that is queries, keys and values at once, in its place.
pub(super) fn self_gradient<K: Kernels>(
    k: K,
    (sizes, n): (Sizes, usize),
    project: &[f32],
    projected: &[f32],
    dx: &mut [f32],
) {
    let Sizes { queries, embed, .. } = sizes;
    dx.fill(0.0);
    for (d, w) in samples(projected, n * queries * embed).zip(samples(project, embed * embed)) {
        k.matmul_nt_flat([embed, embed], d, w, dx);
    }
}

/// Leaves to each query the keys up to its own place.
pub(super) fn causal(sizes: Sizes, scores: &mut [f32]) {
    sizes.head().only(scores, |_| 0, |i| i + 1);
}

/// The areas of a workspace: projections, context, scratch.
pub(super) fn areas(sizes: Sizes, n: usize, workspace: &mut [f32]) -> [&mut [f32]; 3] {
    let (projected, rest) = split(workspace, n * sizes.projected());
    let (context, scratch) = memory::split(rest, n * sizes.context());
    [projected, context, scratch]
}
