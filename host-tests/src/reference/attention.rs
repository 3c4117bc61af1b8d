//! Attention.

use tensorlet::description::LayerInfo;

use super::{
    matmul::{linear, matmul, transpose},
    network::{Network, join},
    sample,
    softmax::softmax,
};

/// `weights = softmax(adjust(i, j, scale · q_i · k_j))`, `y = weights · v`, with `queries` and `keys` rows; a row
/// without any score above `-∞` has the weight `empty` everywhere.
#[must_use]
pub fn attention(
    [query, key, value]: [&[f64]; 3],
    [queries, keys]: [usize; 2],
    scale: f64,
    adjust: impl Fn(usize, usize, f64) -> f64,
    empty: f64,
) -> [Vec<f64>; 2] {
    dropped([query, key, value], [queries, keys], scale, adjust, empty, |_, _| 1.0)
}

/// [`attention`] whose weights are then multiplied by factors: those of dropout.
fn dropped(
    [query, key, value]: [&[f64]; 3],
    [queries, keys]: [usize; 2],
    scale: f64,
    adjust: impl Fn(usize, usize, f64) -> f64,
    empty: f64,
    factor: impl Fn(usize, usize) -> f64,
) -> [Vec<f64>; 2] {
    let width = query.len() / queries;
    let products = matmul(query, &transpose(key, [keys, width]), [queries, width, keys]);
    let mut weights = Vec::new();
    for i in 0..queries {
        let row: Vec<f64> = (0..keys).map(|j| adjust(i, j, scale * products[i * keys + j])).collect();
        let masked = row.iter().all(|score| *score == f64::NEG_INFINITY);
        weights.extend(if masked { vec![empty; keys] } else { softmax(&row) });
    }
    weights.iter_mut().enumerate().for_each(|(at, weight)| *weight *= factor(at / keys, at % keys));
    let y = matmul(&weights, value, [queries, keys, value.len() / keys]);
    [weights, y]
}

/// The parameters of multi-head attention in PyTorch's order; biases may be empty.
#[derive(Clone, Copy, Debug)]
pub struct Multihead<'a> {
    /// `[3 E, E]`.
    pub in_proj_weight: &'a [f64],
    /// `[3 E]`.
    pub in_proj_bias: &'a [f64],
    /// `[E, E]`.
    pub out_weight: &'a [f64],
    /// `[E]`.
    pub out_bias: &'a [f64],
    /// The number of heads.
    pub heads: usize,
}

impl Multihead<'_> {
    /// The attention weights of all heads, and the result, of one sample. `masked(head, i, j, score)` is
    /// the score with masks, `factor(head, i, j)` what dropout multiplies the weight by.
    #[must_use]
    pub fn forward(
        &self,
        inputs: [&[f64]; 3],
        [queries, keys]: [usize; 2],
        masked: impl Fn(usize, usize, usize, f64) -> f64,
        factor: impl Fn(usize, usize, usize) -> f64,
    ) -> [Vec<f64>; 2] {
        let embed = inputs[0].len() / queries;
        let width = embed / self.heads;
        let of = |bias: &[f64]| if bias.is_empty() { vec![0.0; embed] } else { bias.to_vec() };
        let part =
            |x: &[f64], i: usize, len: usize| if x.is_empty() { Vec::new() } else { x[i * len..][..len].to_vec() };
        let projected: Vec<Vec<f64>> = (0..3)
            .map(|i| {
                let w = part(self.in_proj_weight, i, embed * embed);
                let b = of(&part(self.in_proj_bias, i, embed));
                inputs[i].chunks(embed).flat_map(|x| linear(x, &w, &b)).collect()
            })
            .collect();
        let (mut weights, mut context) = (Vec::new(), vec![0.0; queries * embed]);
        for head in 0..self.heads {
            let columns = |x: &[f64]| -> Vec<f64> {
                x.chunks(embed).flat_map(|row| row[head * width..][..width].to_vec()).collect()
            };
            let [q, k, v] = [0, 1, 2].map(|i| columns(&projected[i]));
            let scale = 1.0 / (width as f64).sqrt();
            let [w, y] = dropped(
                [&q, &k, &v],
                [queries, keys],
                scale,
                |i, j, s| masked(head, i, j, s),
                f64::NAN,
                |i, j| factor(head, i, j),
            );
            weights.extend(w);
            for (row, y) in context.chunks_mut(embed).zip(y.chunks(width)) {
                row[head * width..][..width].copy_from_slice(y);
            }
        }
        let bias = of(self.out_bias);
        [weights, context.chunks(embed).flat_map(|x| linear(x, self.out_weight, &bias)).collect()]
    }
}

/// Additive attention of one sample: `w_q` is `[hidden, query]`, `w_k` `[hidden, key]`, `w_v` `[hidden]`;
/// of each query the keys from `valid` on have the score -10⁶.
#[must_use]
pub fn additive(
    [w_q, w_k, w_v]: [&[f64]; 3],
    [query, key, value]: [&[f64]; 3],
    [queries, keys]: [usize; 2],
    valid: &[usize],
) -> [Vec<f64>; 2] {
    let hidden = w_v.len();
    let zeros = vec![0.0; hidden];
    let rows = |x: &[f64], n: usize, w: &[f64]| -> Vec<Vec<f64>> {
        x.chunks(x.len() / n).map(|x| linear(x, w, &zeros)).collect()
    };
    let (q, k) = (rows(query, queries, w_q), rows(key, keys, w_k));
    let mut weights = Vec::new();
    for (q, &valid) in q.iter().zip(valid) {
        let score = |k: &[f64]| (0..hidden).map(|h| w_v[h] * (q[h] + k[h]).tanh()).sum::<f64>();
        let row: Vec<f64> = k.iter().enumerate().map(|(j, k)| if j < valid { score(k) } else { -1e6 }).collect();
        weights.extend(softmax(&row));
    }
    let y = matmul(&weights, value, [queries, keys, value.len() / keys]);
    [weights, y]
}

impl Network {
    /// Multi-head attention of sequences to themselves; in training with dropout.
    pub(super) fn self_attention(
        &self,
        info: &LayerInfo,
        path: &str,
        x: &[Vec<f64>],
        (heads, causal): (usize, bool),
        training: bool,
    ) -> Vec<Vec<f64>> {
        let of = |name: &str| {
            let path = join(path, name);
            self.parameters.iter().find(|parameter| parameter.path == path).map_or(&[][..], |found| &found.values)
        };
        let attention = Multihead {
            in_proj_weight: of("in_proj_weight"),
            in_proj_bias: of("in_proj_bias"),
            out_weight: of("out_proj.weight"),
            out_bias: of("out_proj.bias"),
            heads,
        };
        let (steps, p) = (info.input.dim(0), self.setting(path, "dropout"));
        let masked = |_, i: usize, j: usize, score: f64| if causal && j > i { f64::NEG_INFINITY } else { score };
        let one = |(sample, x): (usize, &Vec<f64>)| {
            let factor = |head: usize, i: usize, j: usize| {
                let at = ((sample * heads + head) * steps + i) * steps + j;
                match training && p > 0.0 {
                    true if f64::from(sample::number(at)) < p => 0.0,
                    true => 1.0 / (1.0 - p),
                    false => 1.0,
                }
            };
            let [_, y] = attention.forward([x; 3], [steps; 2], masked, factor);
            y
        };
        x.iter().enumerate().map(one).collect()
    }
}
