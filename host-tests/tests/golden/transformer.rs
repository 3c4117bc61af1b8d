//! A transformer that guesses the next token.

use tensorlet::{
    Embedding, Gelu, LayerNorm, Linear, MultiheadAttention, NoBias, Residual, Vector,
    loss::{CrossEntropyLoss, PerStep},
};

use super::{Job, Runner, Training, case::Case};

/// The tokens of each sequence but the last, and but the first.
fn shifted<const T: usize>(case: &Case) -> [Vec<[u8; T]>; 2] {
    let tokens: Vec<u8> = case.integers("in.tokens").into_iter().map(|token| token as u8).collect();
    [0, 1].map(|from| tokens.chunks(T + 1).map(|row| std::array::from_fn(|i| row[from + i])).collect())
}

/// A layer whose input is added to its output.
type Around<A, B> = Residual<(A, B)>;
type Heads<const E: usize> = MultiheadAttention<E, 2, true, NoBias, Vector<E>>;
/// `V` tokens as `E` numbers each, and `F` hidden numbers between.
type Layers<const V: usize, const E: usize, const F: usize> = (
    Embedding<V, E>,
    (
        Around<LayerNorm<Vector<E>>, Heads<E>>,
        (Around<LayerNorm<Vector<E>>, (Linear<E, F>, (Gelu, Linear<F, E>))>, Linear<E, V>),
    ),
);

/// `train_transformer`: every token but the first is what the `T` before it are to guess.
pub(crate) struct NextToken<const V: usize, const E: usize, const F: usize, const T: usize>;

impl<const V: usize, const E: usize, const F: usize, const T: usize> Job for NextToken<V, E, F, T> {
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(&[
            ("0", "emb"),
            ("1.0.0", "ln1"),
            ("1.0.1.in_proj_weight", "qkv.weight"),
            ("1.0.1.out_proj", "proj"),
            ("1.1.0.0", "ln2"),
            ("1.1.0.1.0", "ff1"),
            ("1.1.0.1.1.1", "ff2"),
            ("1.1.1", "head"),
        ]);
        let [x, next] = shifted::<T>(case);
        let batches = [(&x[..], &next[..])];
        runner.train::<_, Layers<V, E, F>, _, _>(case, &Training::new(&PerStep(CrossEntropyLoss), &batches));
    }
}
