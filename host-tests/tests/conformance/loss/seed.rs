//! Worked examples.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    loss::{CrossEntropyLoss, KlDivLoss, Labels, Loss, MseLoss, Sum},
    math,
    ops::{self, Dim},
};

use super::classes::Target;
use crate::{Adapter, case::Case};

/// The cross-entropy with its intermediate results.
pub(crate) struct CrossEntropy<Z, const C: usize, T>(PhantomData<(Z, T)>);

impl<Z: Tensor<Elem = f32>, T: Target + Labels<Z>, const C: usize> Adapter for CrossEntropy<Z, C, T> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, targets) = (case.floats("in.x"), T::read(case, "in.target"));
        let mut y = <[Z; C]>::view(&x).to_vec();
        let value = CrossEntropyLoss.mean(k, &mut y, T::view(&targets));
        case.compare("out.y", &[value]);
        case.compare("out.y_full", &[value]);
        case.compare("out.grad.x", Tensor::flat(&y));
        compare_log_softmax(k, case, <[Z; C]>::view(&x));
    }
}

/// Compares the logarithms of the probabilities, where the case has them.
pub(super) fn compare_log_softmax<K: Kernels, Z: Tensor<Elem = f32>, const C: usize>(k: K, case: &Case, y: &[[Z; C]]) {
    for name in ["out.log_softmax", "out.log_prob"].into_iter().filter(|name| case.has(name)) {
        let mut all = vec![[Z::ZERO; C]; y.len()];
        y.iter().zip(&mut all).for_each(|(x, y)| ops::log_softmax(k, x, Dim::<0>, y));
        case.compare(name, Tensor::flat(&all));
    }
}

/// The divergence of two discrete distributions, both ways.
pub(crate) struct Discrete<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for Discrete<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (p, q) = (case.floats("in.p"), case.floats("in.q"));
        for (output, target, of) in [("out.kl", &p, &q), ("out.kl_reverse", &q, &p)] {
            let mut y: Vec<f32> = of.iter().map(|&q| math::ln(q)).collect();
            case.compare(output, &[Sum(KlDivLoss::NEW).mean(k, X::view_mut(&mut y), X::view(target))]);
        }
    }
}

/// The squared error of `w x` at many points `w`.
pub(crate) struct Grid<const W: usize, const X: usize>;

impl<const W: usize, const X: usize> Adapter for Grid<W, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (w, x, y) = (case.floats("in.w"), case.floats("in.x"), case.floats("in.y"));
        let error = |w: &f32| {
            let predicted: Vec<f32> = x.iter().map(|x| w * x).collect();
            MseLoss.mean(k, &mut <[f32; X]>::view(&predicted).to_vec(), <[f32; X]>::view(&y))
        };
        case.compare("out.mse", &w.iter().map(error).collect::<Vec<_>>());
        assert_eq!(w.len(), W);
    }
}
