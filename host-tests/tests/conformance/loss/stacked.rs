//! Losses of several outputs of a network: distributions by their parameters.

use std::marker::PhantomData;

use tensorlet::{Kernels, Tensor, loss};

use super::{number, reduce};
use crate::{Adapter, case::Case};

/// Samples in which one sample of each tensor stands behind another.
fn stack<X: Tensor<Elem = f32>, const N: usize>(tensors: [&[f32]; N]) -> Vec<[X; N]> {
    let n = tensors[0].len() / X::LEN;
    (0..n).map(|i| tensors.map(|tensor| X::view(tensor)[i])).collect()
}

/// The reverse.
fn unstack<X: Tensor<Elem = f32>, const N: usize>(samples: &[f32]) -> [Vec<f32>; N] {
    let samples = <[X; N]>::view(samples);
    core::array::from_fn(|i| samples.iter().flat_map(|sample| sample[i].elements()).copied().collect())
}

/// Mean and variance against a target.
pub(crate) struct GaussianNll<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for GaussianNll<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (mean, variance, target) = (case.floats("in.x"), case.floats("in.var"), case.floats("in.target"));
        // One variance for several numbers belongs to the last dimensions.
        let shared = mean.len() / variance.len();
        let every: Vec<f32> = variance.iter().flat_map(|v| std::iter::repeat_n(*v, shared)).collect();
        let loss = loss::GaussianNllLoss { full: case.flag("full"), eps: number(case, "eps", 1e-6) };
        let y = stack::<X, 2>([&mean, &every]);
        let gradient = reduce(k, case, (&loss, case.reduction()), (&y, X::view(&target)), "out.y");
        let [mean, variance] = unstack::<X, 2>(&gradient);
        case.compare("out.grad.x", &mean);
        let summed: Vec<f32> = variance.chunks(shared).map(|part| part.iter().sum()).collect();
        case.compare("out.grad.var", &summed);
        if case.has("out.grad.target") {
            case.compare("out.grad.target", &mean.iter().map(|d| -d).collect::<Vec<_>>());
        }
    }
}

macro_rules! divergences {
    ($($(#[$doc:meta])* $name:ident, $loss:expr, [$($part:literal),+] = $n:literal;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name<X>(PhantomData<X>);

        impl<X: Tensor<Elem = f32>> Adapter for $name<X> {
            fn run<K: Kernels>(k: K, case: &Case) {
                let parts = [$($part),+].map(|part| case.floats(&format!("in.{part}")));
                let y = stack::<X, $n>(parts.each_ref().map(Vec::as_slice));
                let reduction = case.text("reduction").unwrap_or("sum");
                let targets = vec![(); y.len()];
                let gradient = reduce(k, case, (&$loss, reduction), (&y, &targets), "out.y");
                for (part, gradient) in [$($part),+].iter().zip(unstack::<X, $n>(&gradient)) {
                    case.compare(&format!("out.grad.{part}"), &gradient);
                }
            }
        }
    )+};
}

divergences! {
    /// From the standard normal distribution.
    GaussianKl, loss::GaussianKl, ["mu", "logvar"] = 2;
    /// Of one normal distribution from another.
    GaussianKlTwo, loss::GaussianKl, ["m1", "lv1", "m2", "lv2"] = 4;
    /// Of one categorical distribution from another.
    CategoricalKl, loss::CategoricalKl, ["a", "b"] = 2;
}
