//! Multi-head and additive attention.

use std::marker::PhantomData;

use tensorlet::{
    AdditiveAttention, Kernels, Module, MultiheadAttention, Tensor,
    layer::{Attended, AttentionMask, recurrent::GateBias},
};

use crate::{Adapter, case::Case};

/// Swaps the first two of three dimensions.
fn swapped(x: &[f32], [a, b, c]: [usize; 3]) -> Vec<f32> {
    let row = |i: usize, j: usize| x[(i * b + j) * c..][..c].to_vec();
    (0..b).flat_map(|j| (0..a).flat_map(move |i| row(i, j))).collect()
}

/// PyTorch's `nn.MultiheadAttention` with tensors `[length, batch, E]`.
pub(crate) struct Multihead<B, const E: usize, const HEADS: usize, const L: usize, const S: usize>(PhantomData<B>);

impl<B: GateBias<E>, const E: usize, const HEADS: usize, const L: usize, const S: usize> Adapter
    for Multihead<B, E, HEADS, L, S>
{
    fn run<K: Kernels>(k: K, case: &Case) {
        type Net<B, const E: usize, const HEADS: usize> = MultiheadAttention<E, HEADS, false, B>;
        let mut net = Box::new(<Net<B, E, HEADS> as Module>::ZERO);
        case.load(&mut *net, "in.");
        let n = case.shape("in.q")[1];
        let load = |name: &str, len: usize| swapped(&case.floats(name), [len, n, E]);
        let (query, key, value) = (load("in.q", L), load("in.k", S), load("in.v", S));
        let bytes = |name: &str| -> Vec<u8> {
            if case.has(name) { case.flags(name).into_iter().map(u8::from).collect() } else { Vec::new() }
        };
        let (padding, truth) = (bytes("in.key_padding_mask"), case.is_bool("in.attn_mask"));
        let mask_bytes = if truth { bytes("in.attn_mask") } else { Vec::new() };
        let mask_floats = if case.has("in.attn_mask") && !truth { case.floats("in.attn_mask") } else { Vec::new() };
        let inputs = Attended::<E, L, S> {
            query: <_>::view(&query),
            key: <_>::view(&key),
            value: <_>::view(&value),
            key_padding_mask: (!padding.is_empty()).then(|| <_>::view(&padding)),
            attn_mask: match (mask_bytes.is_empty(), mask_floats.is_empty()) {
                (true, true) => AttentionMask::None,
                (false, _) => AttentionMask::Boolean(<_>::view(&mask_bytes)),
                _ => AttentionMask::Additive(<_>::view(&mask_floats)),
            },
        };
        let mut workspace = vec![f32::NAN; n * Net::<B, E, HEADS>::workspace(L, S)];
        let (mut weights, mut y) = (vec![0.0; n * HEADS * L * S], vec![0.0; n * L * E]);
        net.attend(k, &inputs, <_>::view_mut(&mut weights), &mut workspace, <_>::view_mut(&mut y)).expect("it fits");
        case.compare("out.y", &swapped(&y, [n, L, E]));
        if case.has("out.attn") {
            case.compare("out.attn", &weights);
        }
        if !case.has("in.gy.y") {
            return;
        }
        let dy = load("in.gy.y", L);
        let dweights = if case.has("in.gy.attn") { case.floats("in.gy.attn") } else { Vec::new() };
        let (mut dquery, mut grad) = (vec![0.0; n * L * E], vec![0.0; Net::<B, E, HEADS>::GRAD]);
        let [mut dkey, mut dvalue] = [(); 2].map(|()| vec![0.0; n * S * E]);
        net.attend_backward(
            k,
            &inputs,
            (<_>::view(&dy), <_>::view(&dweights)),
            &mut workspace,
            (<_>::view_mut(&mut dquery), <_>::view_mut(&mut dkey), <_>::view_mut(&mut dvalue)),
            &mut grad,
        )
        .expect("it fits");
        case.compare("out.grad.q", &swapped(&dquery, [n, L, E]));
        case.compare("out.grad.k", &swapped(&dkey, [n, S, E]));
        case.compare("out.grad.v", &swapped(&dvalue, [n, S, E]));
        case.compare_gradients(&*net, "out.grad.", &grad);
    }
}

/// Additive attention as "Dive into Deep Learning" has it: `Q` and `KEY` numbers compared in `H`, `L`
/// queries and `S` keys with values of `V` numbers.
pub(crate) struct Additive<
    const Q: usize,
    const KEY: usize,
    const H: usize,
    const L: usize,
    const S: usize,
    const V: usize,
>;

impl<const Q: usize, const KEY: usize, const H: usize, const L: usize, const S: usize, const V: usize> Adapter
    for Additive<Q, KEY, H, L, S, V>
{
    fn run<K: Kernels>(k: K, case: &Case) {
        type Net<const Q: usize, const KEY: usize, const H: usize> = AdditiveAttention<Q, KEY, H>;
        let mut net = Net::<Q, KEY, H>::ZERO;
        // The case names the weights otherwise.
        let (w_q, w_k) = (case.floats("in.wq"), case.floats("in.wk"));
        net.w_q.as_flattened_mut().iter_mut().enumerate().for_each(|(i, w)| *w = w_q[i % H * Q + i / H]);
        net.w_k.as_flattened_mut().iter_mut().enumerate().for_each(|(i, w)| *w = w_k[i % H * KEY + i / H]);
        net.w_v.copy_from_slice(&case.floats("in.wv"));
        let (query, key, value) = (case.floats("in.q"), case.floats("in.k"), case.floats("in.v"));
        let valid: Vec<i32> = if case.has("in.valid_len") {
            case.integers("in.valid_len").into_iter().map(|len| len as i32).collect()
        } else {
            Vec::new()
        };
        let n = query.len() / (L * Q);
        let inputs = (<_>::view(&query), <_>::view(&key), <_>::view(&value), &valid[..]);
        let mut workspace = vec![f32::NAN; n * Net::<Q, KEY, H>::workspace(L, S)];
        let (mut weights, mut y) = (vec![0.0; n * L * S], vec![0.0; n * L * V]);
        let result: Result<(), _> = net.attend::<K, L, S, V, i32>(
            k,
            inputs,
            <_>::view_mut(&mut weights),
            &mut workspace,
            <_>::view_mut(&mut y),
        );
        result.expect("it fits");
        case.compare("out.y", &y);
        if case.has("out.attn") {
            case.compare("out.attn", &weights);
        }
        if !case.has("in.gy.y") {
            return;
        }
        let dy = case.floats("in.gy.y");
        let [mut dquery, mut dkey, mut dvalue] = [&query, &key, &value].map(|x| vec![0.0; x.len()]);
        let mut grad = vec![0.0; Net::<Q, KEY, H>::GRAD];
        let result = net.attend_backward::<K, L, S, V, i32>(
            k,
            inputs,
            (<_>::view(&weights), <_>::view(&dy)),
            &mut workspace,
            (<_>::view_mut(&mut dquery), <_>::view_mut(&mut dkey), <_>::view_mut(&mut dvalue)),
            &mut grad,
        );
        result.expect("it fits");
        case.compare("out.grad.q", &dquery);
        case.compare("out.grad.k", &dkey);
        case.compare("out.grad.v", &dvalue);
        let turned =
            |g: &[f32], inputs: usize| -> Vec<f32> { (0..g.len()).map(|i| g[i % inputs * H + i / inputs]).collect() };
        let (g_q, rest) = grad.split_at(Q * H);
        let (g_k, g_v) = rest.split_at(KEY * H);
        case.compare("out.grad.wq", &turned(g_q, Q));
        case.compare("out.grad.wk", &turned(g_k, KEY));
        case.compare("out.grad.wv", g_v);
    }
}
