//! Losses: the value with each reduction, and all gradients. Sampling with gradients.

pub(crate) mod classes;
mod elementwise;
pub(crate) mod sampling;
pub(crate) mod seed;
pub(crate) mod stacked;

pub(crate) use classes::{CrossEntropy, MaskedSoftmaxCe, Nll};
pub(crate) use elementwise::{Bce, BceWithLogits, Elementwise, Even, Focal, Huber, KlDiv, L1, Mse, SmoothL1, Weight};

use tensorlet::{
    Kernels, Tensor,
    loss::{BatchMean, Loss, Sum},
};

use crate::case::Case;

/// Compares the loss `output`; returns the gradient of the loss times its upstream gradient.
fn reduce<K: Kernels, Y: Tensor<Elem = f32>, T, L: Loss<Y, T> + Copy>(
    k: K,
    case: &Case,
    (loss, reduction): (&L, &str),
    (y, targets): (&[Y], &[T]),
    output: &str,
) -> Vec<f32> {
    loss.check(targets).expect("sound targets");
    let name = format!("in.gy.{}", output.trim_start_matches("out."));
    let upstream = if case.has(&name) { case.floats(&name) } else { Vec::new() };
    match reduction {
        "none" => {
            let mut values = vec![f32::NAN; case.floats(output).len()];
            let mut y = y.to_vec();
            loss.each(k, &mut y, targets, &upstream, &mut values);
            case.compare(output, &values);
            Y::flat(&y).to_vec()
        }
        "mean" => one(k, case, loss, (y, targets), (output, &upstream)),
        "sum" => one(k, case, &Sum(*loss), (y, targets), (output, &upstream)),
        "batchmean" => one(k, case, &BatchMean(*loss), (y, targets), (output, &upstream)),
        other => panic!("the reduction {other}"),
    }
}

fn one<K: Kernels, Y: Tensor<Elem = f32>, T, L: Loss<Y, T>>(
    k: K,
    case: &Case,
    loss: &L,
    (y, targets): (&[Y], &[T]),
    (output, upstream): (&str, &[f32]),
) -> Vec<f32> {
    case.compare(output, &[loss.mean(k, &mut y.to_vec(), targets)]);
    let mut y = y.to_vec();
    let scale = upstream.first().unwrap_or(&1.0) / loss.divisor(targets);
    loss.value_and_gradient(k, &mut y, targets, scale);
    Y::flat(&y).to_vec()
}

/// A number among the attributes, or its default.
fn number(case: &Case, attribute: &str, default: f64) -> f32 {
    case.number(attribute).unwrap_or(default) as f32
}
