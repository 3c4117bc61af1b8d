//! Attention: layers against their doubles, operations and masks against the formula and its finite
//! differences.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    AdditiveAttention, Gelu, Kernels, LastStep, LayerNorm, Linear, Matrix, MeanStep, Module, MultiheadAttention,
    NoBias, NormFirstEncoderLayer, Parameter, Path, Relu, Residual, Tensor, TransformerEncoderLayer, Visitor,
    layer::{Attended, AttentionMask},
    ops::{self, Attention, Mask},
    random,
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{
        attention::{self as reference, Multihead},
        sample::Sequence,
        wide,
    },
    tolerance,
};

use crate::gradients;

type Block = NormFirstEncoderLayer<4, 2, 6, Gelu, false, Sequence>;

gradients! {
    multihead_attention: Matrix<4, 6> => MultiheadAttention<6, 2>;
    multihead_attention_causal: Matrix<5, 6> => MultiheadAttention<6, 3, true>;
    multihead_attention_one_head: Matrix<3, 4> => MultiheadAttention<4, 1, true>;
    multihead_attention_no_bias: Matrix<3, 4> => MultiheadAttention<4, 2, false, NoBias>;
    multihead_attention_output_bias: Matrix<3, 4> => MultiheadAttention<4, 2, true, NoBias, [f32; 4]>;
    multihead_attention_with_dropout: Matrix<4, 6> => MultiheadAttention<6, 2, false, [f32; 6], [f32; 6], Sequence>
        = MultiheadAttention { dropout: 0.3, ..Module::ZERO };
    multihead_attention_causal_with_dropout: Matrix<5, 4> => MultiheadAttention<4, 2, true, NoBias, [f32; 4], Sequence>
        = MultiheadAttention { dropout: 0.5, ..Module::ZERO };
    encoder_layer: Matrix<4, 6> => TransformerEncoderLayer<6, 2, 9, Relu, false, Sequence>;
    encoder_layer_causal: Matrix<3, 4> => TransformerEncoderLayer<4, 2, 5, Gelu, true, Sequence>;
    norm_first_encoder_layer: Matrix<4, 6> => NormFirstEncoderLayer<6, 3, 5, Relu, false, Sequence>;
    norm_first_encoder_layer_causal: Matrix<3, 4> => NormFirstEncoderLayer<4, 1, 7, Gelu, true, Sequence>;
    encoder_of_two_layers: Matrix<3, 2> =>
        (Linear<2, 4>, (Block, (Block, (LayerNorm<[f32; 4]>, (MeanStep, Linear<4, 2>)))));
    multihead_attention_one_step: Matrix<1, 4> => (Linear<4, 6>, (MultiheadAttention<6, 2>, Linear<6, 2>));
    multihead_attention_in_a_network: Matrix<4, 3> =>
        (Linear<3, 4>, (Residual<MultiheadAttention<4, 2, true>>, (LastStep, Linear<4, 2>)));
}

const H: f64 = 1e-5;

fn uniform(rng: &mut Xoshiro128PlusPlus, n: usize) -> Vec<f32> {
    (0..n).map(|_| 3.0 * random::uniform(rng) - 1.5).collect()
}

/// Compares with a row of the table of tolerances; errors are relative to the largest element.
#[track_caller]
fn near(what: &str, row: &str, got: &[f32], expected: &[f64]) {
    let largest = expected.iter().filter(|x| x.is_finite()).fold(0.0, |max: f64, x| max.max(x.abs()));
    if let Err(message) = tolerance::of(row).compare(got, expected, &vec![largest; expected.len()]) {
        panic!("{what}: {message}");
    }
}

/// The derivatives of a number with respect to each of some numbers.
fn differences(x: &[f64], f: &dyn Fn(&[f64]) -> f64) -> Vec<f64> {
    let at = |i: usize, h: f64| {
        let mut x = x.to_vec();
        x[i] += h;
        f(&x)
    };
    (0..x.len()).map(|i| (at(i, H) - at(i, -H)) / (2.0 * H)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scores of so many heads with a mask: what the mask of a pair of head, query and key does.
type Masked<'a> = &'a dyn Fn(usize, usize, usize, f64) -> f64;

/// Queries of `QH` heads and keys of `KH`: weights, result and all gradients, also that of the weights.
fn check<
    K: Kernels,
    M: Mask,
    const QH: usize,
    const KH: usize,
    const L: usize,
    const S: usize,
    const D: usize,
    const V: usize,
>(
    k: K,
    settings: &Attention,
    mask: &M,
    masked: Masked<'_>,
) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(5);
    let [q, key, v] = [QH * L * D, KH * S * D, KH * S * V].map(|len| uniform(&mut rng, len));
    let (dy, dw) = (uniform(&mut rng, QH * L * V), uniform(&mut rng, QH * L * S));
    let query = <[[[f32; D]; L]; QH]>::view(&q)[0];
    let (keys, values) = (<[[[f32; D]; S]; KH]>::view(&key)[0], <[[[f32; V]; S]; KH]>::view(&v)[0]);
    let (mut weights, mut y) = ([[[0.0; S]; L]; QH], [[[0.0; V]; L]; QH]);
    ops::scaled_dot_product_attention(k, (&query, &keys, &values), mask, settings, &mut weights, &mut y);

    let scale = settings.scale.map_or(1.0 / (D as f64).sqrt(), f64::from);
    let adjust = |head: usize, i: usize, j: usize, score: f64| {
        let score = settings.softcap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh());
        let place = i + settings.past;
        let hidden = (settings.causal && j > place)
            || settings.window[0].is_some_and(|before| j + before < place)
            || settings.window[1].is_some_and(|behind| j > place + behind);
        if hidden { f64::NEG_INFINITY } else { masked(head, i, j, score) }
    };
    let forward = |q: &[f64], key: &[f64], v: &[f64]| -> [Vec<f64>; 2] {
        let mut all = [Vec::new(), Vec::new()];
        for head in 0..QH {
            let shared = head / (QH / KH);
            let inputs = [&q[head * L * D..][..L * D], &key[shared * S * D..][..S * D], &v[shared * S * V..][..S * V]];
            let of_head = reference::attention(inputs, [L, S], scale, |i, j, s| adjust(head, i, j, s), 0.0);
            all.iter_mut().zip(of_head).for_each(|(all, part)| all.extend(part));
        }
        all
    };
    let [q, key, v] = [wide(&q), wide(&key), wide(&v)];
    let mut scores = [[[0.0; S]; L]; QH];
    ops::attention_scores(k, &query, &keys, mask, settings, &mut scores);
    let score = |at: usize| {
        let (head, i, j) = (at / (L * S), at / S % L, at % S);
        let (query, key) = (&q[(head * L + i) * D..][..D], &key[(head / (QH / KH) * S + j) * D..][..D]);
        adjust(head, i, j, scale * dot(query, key))
    };
    near("scores", "forward", scores.elements(), &(0..QH * L * S).map(score).collect::<Vec<_>>());
    let [expected_weights, expected] = forward(&q, &key, &v);
    near("weights", "forward", weights.elements(), &expected_weights);
    near("result", "forward", y.elements(), &expected);

    let upstream = (wide(&dy), wide(&dw));
    let loss = |q: &[f64], key: &[f64], v: &[f64]| {
        let [weights, y] = forward(q, key, v);
        dot(&y, &upstream.0) + dot(&weights, &upstream.1)
    };
    let mut dweights = <[[[f32; S]; L]; QH]>::view(&dw)[0];
    // Gradients are added.
    let (mut dq, mut dk, mut dv) = ([[[1.0; D]; L]; QH], [[[1.0; D]; S]; KH], [[[1.0; V]; S]; KH]);
    ops::scaled_dot_product_attention_backward(
        k,
        (&query, &keys, &values),
        &weights,
        settings,
        &<[[[f32; V]; L]; QH]>::view(&dy)[0],
        &mut dweights,
        (&mut dq, &mut dk, &mut dv),
    );
    let less = |x: &[f32]| x.iter().map(|x| x - 1.0).collect::<Vec<_>>();
    near("queries", "gradient", &less(dq.elements()), &differences(&q, &|q| loss(q, &key, &v)));
    near("keys", "gradient", &less(dk.elements()), &differences(&key, &|key| loss(&q, key, &v)));
    near("values", "gradient", &less(dv.elements()), &differences(&v, &|v| loss(&q, &key, v)));
}

const NONE: Masked<'static> = &|_, _, _, score| score;

/// A score, or `-∞` where a truth value is 0.
fn if_true(truth: u8, score: f64) -> f64 {
    if truth == 0 { f64::NEG_INFINITY } else { score }
}

#[test]
fn scaled_dot_product_attention() {
    let plain = Attention::new();
    on_every_instruction_set!(check::<_, _, 1, 1, 3, 5, 4, 2>, &plain, &(), NONE);
    on_every_instruction_set!(check::<_, _, 3, 3, 1, 1, 1, 1>, &plain, &(), NONE);
    on_every_instruction_set!(check::<_, _, 2, 2, 7, 9, 17, 3>, &plain, &(), NONE);
    let scaled = Attention { scale: Some(0.3), ..plain };
    on_every_instruction_set!(check::<_, _, 4, 2, 3, 4, 3, 5>, &scaled, &(), NONE);
    on_every_instruction_set!(check::<_, _, 3, 1, 2, 3, 2, 2>, &Attention { softcap: Some(0.7), ..plain }, &(), NONE);
}

#[test]
fn attention_with_limits() {
    let causal = Attention { causal: true, ..Attention::new() };
    on_every_instruction_set!(check::<_, _, 2, 2, 5, 5, 3, 2>, &causal, &(), NONE);
    on_every_instruction_set!(check::<_, _, 2, 1, 3, 5, 3, 2>, &Attention { past: 2, ..causal }, &(), NONE);
    let window = Attention { window: [Some(1), Some(2)], ..Attention::new() };
    on_every_instruction_set!(check::<_, _, 2, 2, 6, 6, 3, 2>, &window, &(), NONE);
    let local = Attention { window: [Some(1), None], past: 1, softcap: Some(2.0), ..causal };
    on_every_instruction_set!(check::<_, _, 2, 2, 4, 5, 3, 2>, &local, &(), NONE);
}

#[test]
fn attention_with_masks() {
    let plain = Attention::new();
    // For all heads and queries; for all heads, with a query that sees nothing; for each head.
    let keys = [1_u8, 0, 1, 1];
    on_every_instruction_set!(check::<_, _, 2, 2, 3, 4, 3, 2>, &plain, &keys, &|_, _, j, s| if_true(keys[j], s));
    let pairs = [[1_u8, 0, 1, 1], [0; 4], [0, 0, 0, 1]];
    on_every_instruction_set!(check::<_, _, 2, 2, 3, 4, 3, 2>, &plain, &pairs, &|_, i, j, s| if_true(pairs[i][j], s));
    let heads = [[[0.5_f32, -1.0, f32::NEG_INFINITY]; 2], [[f32::NEG_INFINITY, 0.0, 3.0]; 2]];
    on_every_instruction_set!(check::<_, _, 2, 1, 2, 3, 3, 2>, &plain, &heads, &|h, i, j, s| {
        s + f64::from(heads[h][i][j])
    });
    let one_each = [[[1_u8, 0, 1]], [[1, 1, 0]]];
    on_every_instruction_set!(check::<_, _, 2, 2, 2, 3, 3, 2>, &plain, &one_each, &|h, _, j, s| {
        if_true(one_each[h][0][j], s)
    });
}

/// The parameters of a module in PyTorch's order, by path, and where each lies in the gradient.
fn parameters<M: Module>(module: &M) -> Vec<(String, Vec<f64>, Vec<usize>)> {
    struct Collect(Vec<(String, Vec<f64>, Vec<usize>)>, usize);
    impl Visitor for Collect {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            let positions: Vec<usize> = (0..values.len()).map(|i| parameter.position(i)).collect();
            let ordered = positions.iter().map(|&at| f64::from(values[at])).collect();
            let places = positions.iter().map(|at| self.1 + at).collect();
            self.0.push((parameter.path.to_string(), ordered, places));
            self.1 += values.len();
        }
    }
    let mut collect = Collect(Vec::new(), 0);
    module.parameters(Path::ROOT, &mut collect);
    collect.0
}

const E: usize = 6;
const HEADS: usize = 2;
const L: usize = 3;
const S: usize = 4;
const N: usize = 3;

type Net = MultiheadAttention<E, HEADS>;

/// Queries, keys and values that differ, with masks and a gradient of the weights.
fn cross<K: Kernels>(k: K, padding: Option<&[[u8; S]]>, mask: AttentionMask<'_, L, S>) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(9);
    let mut net = Net::ZERO;
    net.init(&mut rng);
    let [q, key, v] = [L, S, S].map(|len| uniform(&mut rng, N * len * E));
    let (dy, dw) = (uniform(&mut rng, N * L * E), uniform(&mut rng, N * HEADS * L * S));
    let inputs = Attended {
        key_padding_mask: padding,
        attn_mask: mask,
        ..Attended::<E, L, S>::new(<_>::view(&q), <_>::view(&key), <_>::view(&v))
    };
    let mut workspace = vec![f32::NAN; N * Net::workspace(L, S)];
    let (mut weights, mut y) = ([[[[0.0; S]; L]; HEADS]; N], [[[0.0; E]; L]; N]);
    net.attend(k, &inputs, &mut weights, &mut workspace, &mut y).expect("it fits");

    let hidden = |sample: usize, head: usize, i: usize, j: usize, score: f64| {
        let of = |masks: usize| if masks == 1 { 0 } else { sample * HEADS + head };
        let score = match mask {
            AttentionMask::None => score,
            AttentionMask::Boolean(masks) => if_true(1 - masks[of(masks.len())][i][j], score),
            AttentionMask::Additive(masks) => score + f64::from(masks[of(masks.len())][i][j]),
        };
        if padding.is_some_and(|padding| padding[sample][j] != 0) { f64::NEG_INFINITY } else { score }
    };
    // Parameters in PyTorch's order, then queries, keys and values, as one vector.
    let found = parameters(&net);
    let mut all: Vec<f64> = found.iter().flat_map(|(_, values, _)| values.clone()).collect();
    let count = all.len();
    [&q, &key, &v].into_iter().for_each(|x| all.extend(wide(x)));
    let forward = |all: &[f64]| -> [Vec<f64>; 2] {
        let (mut parts, mut rest) = (Vec::new(), all);
        let lengths = found.iter().map(|(_, values, _)| values.len()).chain([N * L * E, N * S * E, N * S * E]);
        for len in lengths {
            let (part, behind) = rest.split_at(len);
            parts.push(part);
            rest = behind;
        }
        let [in_proj_weight, in_proj_bias, out_weight, out_bias, q, key, v] = parts[..] else { panic!("seven parts") };
        let net = Multihead { in_proj_weight, in_proj_bias, out_weight, out_bias, heads: HEADS };
        let mut results = [Vec::new(), Vec::new()];
        for n in 0..N {
            let inputs = [&q[n * L * E..][..L * E], &key[n * S * E..][..S * E], &v[n * S * E..][..S * E]];
            let of_sample =
                net.forward(inputs, [L, S], |head, i, j, score| hidden(n, head, i, j, score), |_, _, _| 1.0);
            results.iter_mut().zip(of_sample).for_each(|(all, part)| all.extend(part));
        }
        results
    };
    let [expected_weights, expected] = forward(&all);
    near("weights", "forward", Tensor::flat(&weights), &expected_weights);
    near("result", "forward", Tensor::flat(&y), &expected);
    if expected.iter().any(|y| y.is_nan()) {
        return;
    }

    let upstream = (wide(&dy), wide(&dw));
    let loss = |all: &[f64]| {
        let [weights, y] = forward(all);
        dot(&y, &upstream.0) + dot(&weights, &upstream.1)
    };
    let expected = differences(&all, &loss);
    let (mut dq, mut dk, mut dv) = ([[[0.0; E]; L]; N], [[[0.0; E]; S]; N], [[[0.0; E]; S]; N]);
    let mut grad = vec![0.0; Net::GRAD];
    net.attend_backward(
        k,
        &inputs,
        (<_>::view(&dy), <_>::view(&dw)),
        &mut workspace,
        (&mut dq, &mut dk, &mut dv),
        &mut grad,
    )
    .expect("it fits");
    let (expected, of_inputs) = expected.split_at(count);
    let mut expected = expected;
    for (path, values, places) in &found {
        let (part, behind) = expected.split_at(values.len());
        expected = behind;
        near(path, "gradient", &places.iter().map(|&at| grad[at]).collect::<Vec<_>>(), part);
    }
    let got = [Tensor::flat(&dq), Tensor::flat(&dk), Tensor::flat(&dv)].concat();
    near("inputs", "gradient", &got, of_inputs);
}

#[test]
fn attention_to_others() {
    let padding = [[0, 0, 0, 1], [0, 1, 0, 1], [0; 4]];
    let pairs = [[[0, 1, 0, 0], [0; 4], [1, 0, 0, 0]]];
    on_every_instruction_set!(cross, None, AttentionMask::None);
    on_every_instruction_set!(cross, Some(&padding), AttentionMask::None);
    on_every_instruction_set!(cross, Some(&padding), AttentionMask::Boolean(&pairs));
    let each: [[[u8; S]; L]; N * HEADS] = core::array::from_fn(|m| {
        core::array::from_fn(|i| core::array::from_fn(|j| u8::from((m + i + 2 * j) % 3 == 1)))
    });
    on_every_instruction_set!(cross, None, AttentionMask::Boolean(&each));
    let numbers: [[[f32; S]; L]; N * HEADS] = each.map(|m| m.map(|row| row.map(|x| f32::from(x) - 0.5)));
    on_every_instruction_set!(cross, Some(&padding), AttentionMask::Additive(&numbers));
    // A sample that is padding only is NaN, as in PyTorch.
    on_every_instruction_set!(cross, Some(&[[0; 4], [1; 4], [0; 4]]), AttentionMask::None);
}

/// Additive attention with so many valid keys in each sample, or for each query of each.
fn additive<K: Kernels, const V: usize>(k: K, valid: &[i32]) {
    const Q: usize = 2;
    const KEY: usize = 3;
    const HIDDEN: usize = 5;
    type Net = AdditiveAttention<Q, KEY, HIDDEN>;
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(3);
    let mut net = Net::ZERO;
    net.init(&mut rng);
    let [q, key, v] = [L * Q, S * KEY, S * V].map(|len| uniform(&mut rng, N * len));
    let dy = uniform(&mut rng, N * L * V);
    let inputs = (<_>::view(&q), <_>::view(&key), <[[f32; V]; S]>::view(&v), valid);
    let mut workspace = vec![f32::NAN; N * Net::workspace(L, S)];
    let (mut weights, mut y) = ([[[0.0; S]; L]; N], [[[0.0; V]; L]; N]);
    net.attend::<K, L, S, V, i32>(k, inputs, &mut weights, &mut workspace, &mut y).expect("it fits");

    let found = parameters(&net);
    let mut all: Vec<f64> = found.iter().flat_map(|(_, values, _)| values.clone()).collect();
    let count = all.len();
    [&q, &key, &v].into_iter().for_each(|x| all.extend(wide(x)));
    let forward = |all: &[f64]| -> [Vec<f64>; 2] {
        let (mut parts, mut rest) = (Vec::new(), all);
        for len in [HIDDEN * Q, HIDDEN * KEY, HIDDEN, N * L * Q, N * S * KEY, N * S * V] {
            let (part, behind) = rest.split_at(len);
            parts.push(part);
            rest = behind;
        }
        let mut results = [Vec::new(), Vec::new()];
        for n in 0..N {
            let of = |part: usize, len: usize| &parts[part][n * len..][..len];
            let inputs = [of(3, L * Q), of(4, S * KEY), of(5, S * V)];
            let at = |query: usize| if valid.len() == N { n } else { n * L + query };
            let length = |query| valid.get(at(query)).map_or(S, |&valid| usize::try_from(valid).unwrap_or(0));
            let lengths: Vec<usize> = (0..L).map(length).collect();
            let of_sample = reference::additive([parts[0], parts[1], parts[2]], inputs, [L, S], &lengths);
            results.iter_mut().zip(of_sample).for_each(|(all, part)| all.extend(part));
        }
        results
    };
    let [expected_weights, expected] = forward(&all);
    near("weights", "forward", Tensor::flat(&weights), &expected_weights);
    near("result", "forward", Tensor::flat(&y), &expected);

    let upstream = wide(&dy);
    let expected = differences(&all, &|all| dot(&forward(all)[1], &upstream));
    let (mut dq, mut dk, mut dv) = ([[[0.0; Q]; L]; N], [[[0.0; KEY]; S]; N], [[[0.0; V]; S]; N]);
    let mut grad = vec![0.0; Net::GRAD];
    net.attend_backward::<K, L, S, V, i32>(
        k,
        inputs,
        (&weights, <_>::view(&dy)),
        &mut workspace,
        (&mut dq, &mut dk, &mut dv),
        &mut grad,
    )
    .expect("it fits");
    let places: Vec<usize> = found.iter().flat_map(|(_, _, places)| places.clone()).collect();
    near("parameters", "gradient", &places.iter().map(|&at| grad[at]).collect::<Vec<_>>(), &expected[..count]);
    let got = [Tensor::flat(&dq), Tensor::flat(&dk), Tensor::flat(&dv)].concat();
    near("inputs", "gradient", &got, &expected[count..]);
}

#[test]
fn additive_attention() {
    on_every_instruction_set!(additive::<_, 2>, &[]);
    on_every_instruction_set!(additive::<_, 2>, &[4, 1, 3]);
    on_every_instruction_set!(additive::<_, 2>, &[4, 1, 3, 0, 2, 4, 1, 1, 3]);
    // Nothing valid: equal weights, whose scores have no gradient.
    on_every_instruction_set!(additive::<_, 1>, &[2, 0, 4]);
}
