//! Recurrent networks on characters, with a state that goes on from step to step.

use std::marker::PhantomData;

use tensorlet::{
    Gru, Kernels, Linear, Lstm, Matrix, Rnn, Train,
    loss::{CrossEntropyLoss, PerStep},
    network,
};

use super::train;
use crate::{Adapter, case::Case};

/// Letters and the space, and one more that is never used.
const LETTERS: usize = 28;
/// Characters of a step.
const STEPS: usize = 8;

type Text = Matrix<STEPS, LETTERS>;

network! {
    /// The network of `train_char_rnn`.
    pub struct CharRnn: Matrix<STEPS, LETTERS> {
        rnn = Rnn<LETTERS, 32>,
        linear = Linear<32, LETTERS>,
    }
}

network! {
    /// The network of `train_char_gru`.
    pub struct CharGru: Matrix<STEPS, LETTERS> {
        rnn = Gru<LETTERS, 32>,
        linear = Linear<32, LETTERS>,
    }
}

network! {
    /// The network of `train_char_lstm`.
    pub struct CharLstm: Matrix<STEPS, LETTERS> {
        rnn = Lstm<LETTERS, 32>,
        linear = Linear<32, LETTERS>,
    }
}

/// Characters `in.tokens`, one-hot, and those that follow, `in.targets`: eight columns in each step.
pub(crate) struct Characters<N>(PhantomData<N>);

impl<N: Train<Text, Out = Text>> Adapter for Characters<N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let columns = case.shape("in.tokens")[1];
        // `[sequence][step][character]` as eight characters of all sequences for each step of training.
        let split = |name: &str| -> Vec<Vec<[u8; STEPS]>> {
            let tokens: Vec<u8> = case.integers(name).into_iter().map(|token| token as u8).collect();
            let rows: Vec<&[[u8; STEPS]]> = tokens.chunks(columns).map(|row| row.as_chunks().0).collect();
            (0..columns / STEPS).map(|t| rows.iter().map(|row| row[t]).collect()).collect()
        };
        let one_hot = |token: u8| -> [f32; LETTERS] { std::array::from_fn(|i| f32::from(i == usize::from(token))) };
        let tokens: Vec<Vec<Text>> =
            split("in.tokens").iter().map(|rows| rows.iter().map(|row| row.map(one_hot)).collect()).collect();
        let targets = split("in.targets");
        let batches: Vec<_> = tokens.iter().zip(&targets).map(|(x, y)| (&x[..], &y[..])).collect();
        train::<K, Text, N, [u8; STEPS], _>(k, case, &PerStep(CrossEntropyLoss), &batches);
    }
}

/// The same with a recurrent layer `R` of another width.
pub(crate) struct AnyCharacters<R, const H: usize>(PhantomData<R>);

impl<R, const H: usize> Adapter for AnyCharacters<R, H>
where
    (R, Linear<H, LETTERS>): Train<Text, Out = Text>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        case.rename(&[("0", "rnn"), ("1", "linear")]);
        Characters::<(R, Linear<H, LETTERS>)>::run(k, case);
    }
}
