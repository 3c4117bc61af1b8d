//! Cases whose instructions are counted: run in a function that callgrind knows by its name.

use std::hint::black_box;

use tensorlet_simd::Isa;

use crate::{
    Result,
    case::Case,
    contestant::Contestant,
    inputs,
    ours::{self, Token},
};

/// Whose instructions are counted: each family of kernels, and whole networks.
pub const CASES: &[&str] = &[
    "matmul 16",
    "matmul 64",
    "matmul 1x784x256",
    "matmul 32x256x10",
    "conv LeNet-1 x1",
    "conv LeNet-2 x1",
    "conv depthwise 3x3 64x56x56",
    "conv gradients LeNet-1",
    "conv gradients LeNet-2",
    "max pool 2x2 16x28x28",
    "cross-entropy 32x10",
    "layer norm 32x384",
    "layer norm 32x384, both ways",
    "gumbel soft 128x64",
    "LSTM step x1",
    "GRU step x1",
    "LeNet-5 inference x1",
    "MLP inference x1",
];
/// Runs of each, so that little is counted that is not a run.
pub const RUNS: usize = 8;

/// Runs a case in `counted`.
///
/// # Errors
/// A case that is none.
pub fn run(isa: Isa, name: &str) -> Result<()> {
    let cases = Case::select(&[name.to_owned()])?;
    let case = cases.iter().find(|case| case.name == name).ok_or_else(|| format!("no case `{name}`"))?;
    let contestant = ours::contestant(case, &inputs::of(case), Token::Chosen(isa));
    let mut contestant = contestant.ok_or("no shape of tensorlet's")?;
    contestant.run(1);
    counted(&mut *contestant);
    Ok(())
}

/// What callgrind counts.
#[inline(never)]
fn counted(contestant: &mut dyn Contestant) {
    black_box(contestant).run(RUNS);
}
