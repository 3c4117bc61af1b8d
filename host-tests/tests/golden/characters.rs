//! Recurrent networks on characters, with a state that goes on from step to step.

use std::marker::PhantomData;

use tensorlet::{
    Linear, Matrix, Train,
    loss::{CrossEntropyLoss, PerStep},
};

use super::{Job, Runner, Training, case::Case};

/// Letters and the space, and one more that is never used.
const LETTERS: usize = 28;
/// Characters of a step.
const STEPS: usize = 8;

type Text = Matrix<STEPS, LETTERS>;

/// Characters `in.tokens`, one-hot, and those that follow, `in.targets`: eight columns in each step,
/// through a recurrent layer `Cell` of width `H`.
pub(crate) struct Characters<Cell, const H: usize>(PhantomData<Cell>);

impl<Cell, const H: usize> Job for Characters<Cell, H>
where
    (Cell, Linear<H, LETTERS>): Train<Text, Out = Text>,
{
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(&[("0", "rnn"), ("1", "linear")]);
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
        let training = Training::new(&PerStep(CrossEntropyLoss), &batches);
        runner.train::<Text, (Cell, Linear<H, LETTERS>), [u8; STEPS], _>(case, &training);
    }
}
