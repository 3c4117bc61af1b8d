//! Sampling layers, with noise that both sides know.

use tensorlet::{
    layer::{Noise, Pass},
    random::Generator,
};

use super::softmax;

/// Noise that is the same in every pass, in 0 to 1: what a second implementation needs to compute the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence;

impl Noise for Sequence {
    const NEW: Self = Self;

    fn numbers(&self, _: &Pass, _: fn(&mut Generator) -> f32) -> impl Iterator<Item = f32> {
        (0..).map(number)
    }
}

/// Number `i` of [`Sequence`]: the fractional parts of multiples of the golden ratio.
#[must_use]
pub fn number(i: usize) -> f32 {
    ((i + 1) as f32 * 0.618_034).fract()
}

/// `μ + σ ε` for a batch of samples `[μ, p]`, `σ` being a function of `p`; `μ` where there is no noise.
#[must_use]
pub fn gaussian(batch: &[Vec<f64>], sigma: fn(f64) -> f64, noise: bool) -> Vec<Vec<f64>> {
    let mut i = 0;
    let mut eps = || {
        i += 1;
        if noise { f64::from(number(i - 1)) } else { 0.0 }
    };
    let mut sample = |x: &Vec<f64>| -> Vec<f64> {
        let (mean, parameter) = x.split_at(x.len() / 2);
        mean.iter().zip(parameter).map(|(mean, p)| mean + sigma(*p) * eps()).collect()
    };
    batch.iter().map(&mut sample).collect()
}

/// Runs of `run` numbers that are 0 where the noise is below `p`, else `1 / (1 - p)` times themselves; unchanged
/// where there is no noise.
#[must_use]
pub fn dropout(batch: &[Vec<f64>], run: usize, p: f64, noise: bool) -> Vec<Vec<f64>> {
    let factor = |i: usize| match noise {
        true if f64::from(number(i)) < p => 0.0,
        true => 1.0 / (1.0 - p),
        false => 1.0,
    };
    let runs = |x: &[f64]| x.len() / run;
    let sample = |(n, x): (usize, &Vec<f64>)| -> Vec<f64> {
        x.iter().enumerate().map(|(i, x_i)| x_i * factor(n * runs(x) + i / run)).collect()
    };
    batch.iter().enumerate().map(sample).collect()
}

/// `softmax((x + g) / τ)` over a dimension for a batch of samples, or one-hot where that is largest; without
/// noise, `g = 0`.
#[must_use]
pub fn gumbel_softmax(
    batch: &[Vec<f64>],
    (dims, axis): (&[usize], usize),
    (tau, hard): (f64, bool),
    noise: bool,
) -> Vec<Vec<f64>> {
    let (len, stride) = (dims[axis], dims[axis + 1..].iter().product::<usize>());
    let mut samples = Vec::new();
    for (s, x) in batch.iter().enumerate() {
        let mut y = vec![0.0; x.len()];
        for line in 0..x.len() / len {
            let at = |i: usize| line / stride * stride * len + line % stride + i * stride;
            let logit = |i: usize| {
                let u = f64::from(number(s * x.len() + at(i)));
                (x[at(i)] + if noise { gumbel(u) } else { 0.0 }) / tau
            };
            let logits: Vec<f64> = (0..len).map(logit).collect();
            let mut soft = softmax::softmax(&logits);
            if hard {
                let largest = super::reduce::argmax(&soft);
                soft.iter_mut().enumerate().for_each(|(i, y)| *y = if i == largest { 1.0 } else { 0.0 });
            }
            soft.into_iter().enumerate().for_each(|(i, soft)| y[at(i)] = soft);
        }
        samples.push(y);
    }
    samples
}

/// `-ln(-ln(u + 10⁻²⁰) + 10⁻²⁰)`
#[must_use]
pub fn gumbel(u: f64) -> f64 {
    -(-(u + 1e-20).ln() + 1e-20).ln()
}

/// `e^(p/2)`
#[must_use]
pub fn from_log_variance(p: f64) -> f64 {
    (p / 2.0).exp()
}

/// `ln(1 + eᵖ)`
#[must_use]
pub fn softplus(p: f64) -> f64 {
    p.max(0.0) + (-p.abs()).exp().ln_1p()
}
