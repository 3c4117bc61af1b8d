//! A transformer that guesses the next token.

use tensorlet::{
    Embedding, Gelu, Kernels, LayerNorm, Linear, Matrix, MultiheadAttention, NoBias, Residual, Vector,
    loss::{CrossEntropyLoss, PerStep},
    network,
};

use super::train;
use crate::{Adapter, case::Case};

/// Tokens of a sequence that have a next one.
const STEPS: usize = 6;

network! {
    /// `proj(attention(qkv(ln1 x)))`
    pub struct Attention: Matrix<STEPS, 8> {
        ln1 = LayerNorm<Vector<8>>,
        heads = MultiheadAttention<8, 2, true, NoBias, Vector<8>>,
    }
}

network! {
    /// `ff2(gelu(ff1(ln2 x)))`
    pub struct FeedForward: Matrix<STEPS, 8> {
        ln2 = LayerNorm<Vector<8>>,
        ff1 = Linear<8, 16>,
        gelu = Gelu,
        ff2 = Linear<16, 8>,
    }
}

network! {
    /// The network of `train_transformer`.
    pub struct Transformer: [u8; STEPS] {
        emb = Embedding<11, 8>,
        attention = Residual<Attention>,
        feed = Residual<FeedForward>,
        head = Linear<8, 11>,
    }
}

/// Where the parameters stand in PyTorch's network.
const NAMES: &[(&str, &str)] = &[
    ("attention.ln1", "ln1"),
    ("attention.heads.in_proj_weight", "qkv.weight"),
    ("attention.heads.out_proj", "proj"),
    ("feed.ln2", "ln2"),
    ("feed.ff1", "ff1"),
    ("feed.ff2", "ff2"),
];

/// `train_transformer`: every token but the first is what the ones before it are to guess.
pub(crate) struct NextToken;

impl Adapter for NextToken {
    fn run<K: Kernels>(k: K, case: &Case) {
        case.rename(NAMES);
        let tokens: Vec<u8> = case.integers("in.tokens").into_iter().map(|token| token as u8).collect();
        let (rows, _) = tokens.as_chunks::<{ STEPS + 1 }>();
        let part = |from: usize| -> Vec<[u8; STEPS]> {
            rows.iter().map(|row| std::array::from_fn(|i| row[from + i])).collect()
        };
        let (x, next) = (part(0), part(1));
        train::<K, _, Transformer, _, _>(k, case, &PerStep(CrossEntropyLoss), &[(&x, &next)]);
    }
}
