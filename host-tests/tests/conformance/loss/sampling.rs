//! Sampling with gradients, as operations and as layers in training with given noise.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor, Train,
    layer::{GaussianReparam, GaussianSigmaReparam, Given, GumbelSoftmax, Pass},
    ops::{self, Dim},
    random,
};

use super::number;
use crate::{Adapter, case::Case};

/// A tensor of a case.
fn read<X: Tensor<Elem = f32>>(case: &Case, name: &str) -> X {
    X::view(&case.floats(name))[0]
}

/// A layer in training on one sample: its output, and the gradient of its input.
fn train<K: Kernels, X: Tensor, L: Train<X>>(k: K, mut layer: L, x: &[f32], dy: &[f32]) -> [Vec<f32>; 2] {
    let pass = Pass { n: 1, input_gradient: true, training: true, seed: 0, ..Pass::NEW };
    let (mut slot, mut tape) = (x.to_vec(), vec![f32::NAN; L::TAPE]);
    layer.forward_train(k, pass, &mut slot, &mut [], &mut tape);
    let out = L::out(pass, &mut slot, &mut tape);
    let y = out.to_vec();
    out.copy_from_slice(dy);
    layer.backward(k, pass, &mut slot, &mut tape, &mut []);
    [y, slot]
}

/// The Gumbel-softmax over dimension `D`.
pub(crate) struct Gumbel<X, const D: isize>(PhantomData<X>);

impl<X: Tensor<Elem = f32>, const D: isize> Adapter for Gumbel<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, u, dy): (X, X, X) = (read(case, "in.x"), read(case, "in.u"), read(case, "in.gy.y"));
        let (tau, hard) = (number(case, "tau", 1.0), case.flag("hard"));
        let noise: Vec<f32> = u.elements().iter().map(|&u| random::gumbel_quantile(u)).collect();
        case.compare("out.gumbel", &noise);

        let (mut soft, mut one_hot, mut dx) = (X::ZERO, X::ZERO, X::ZERO);
        ops::gumbel_softmax(k, &x, &u, Dim::<D>, tau, &mut soft);
        ops::one_hot_max(k, &soft, Dim::<D>, &mut one_hot);
        case.compare("out.y", if hard { one_hot.elements() } else { soft.elements() });
        if case.has("out.y_hard_value") {
            case.compare("out.y_hard_value", one_hot.elements());
        }
        ops::gumbel_softmax_backward(k, &soft, &dy, Dim::<D>, tau, &mut dx);
        case.compare("out.grad.x", dx.elements());

        let layer = GumbelSoftmax::<D, _> { tau, hard, noise: Given(u.elements()) };
        let [y, dx] = train::<K, X, _>(k, layer, x.elements(), dy.elements());
        case.compare("out.y", &y);
        case.compare("out.grad.x", &dx);
    }
}

/// What a standard deviation comes from.
pub(crate) trait Parameter {
    /// Its name in a case.
    const NAME: &'static str;

    fn sample<K: Kernels, X: Tensor<Elem = f32>>(k: K, read: [&X; 3], y: &mut X);
    fn gradients<K: Kernels, X: Tensor<Elem = f32>>(k: K, read: [&X; 3], written: [&mut X; 2]);
    fn train<K: Kernels, X: Tensor<Elem = f32>>(k: K, stacked: &[f32], eps: &X, dy: &X) -> [Vec<f32>; 2];
}

macro_rules! parameter {
    ($name:ident, $parameter:literal, $forward:ident, $backward:ident, $layer:ident) => {
        pub(crate) struct $name;

        impl Parameter for $name {
            const NAME: &'static str = $parameter;

            fn sample<K: Kernels, X: Tensor<Elem = f32>>(k: K, [mean, parameter, eps]: [&X; 3], y: &mut X) {
                ops::$forward(k, mean, parameter, eps, y);
            }

            fn gradients<K: Kernels, X: Tensor<Elem = f32>>(
                k: K,
                [parameter, eps, dy]: [&X; 3],
                [dm, dp]: [&mut X; 2],
            ) {
                ops::$backward(k, parameter, eps, dy, dm, dp);
            }

            fn train<K: Kernels, X: Tensor<Elem = f32>>(k: K, stacked: &[f32], eps: &X, dy: &X) -> [Vec<f32>; 2] {
                let layer = $layer { noise: Given(eps.elements()) };
                train::<K, [X; 2], _>(k, layer, stacked, dy.elements())
            }
        }
    };
}

parameter!(LogVariance, "logvar", gaussian_reparam, gaussian_reparam_backward, GaussianReparam);
parameter!(Sigma, "rho", gaussian_sigma_reparam, gaussian_sigma_reparam_backward, GaussianSigmaReparam);

/// A sample of a normal distribution.
pub(crate) struct Reparam<X, P>(PhantomData<(X, P)>);

impl<X: Tensor<Elem = f32>, P: Parameter> Adapter for Reparam<X, P> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (mean, parameter): (X, X) = (read(case, "in.mu"), read(case, &format!("in.{}", P::NAME)));
        let (eps, dy): (X, X) = (read(case, "in.eps"), read(case, "in.gy.y"));
        let (mut y, mut dm, mut dp) = (X::ZERO, X::ZERO, X::ZERO);
        P::sample(k, [&mean, &parameter, &eps], &mut y);
        case.compare("out.y", y.elements());
        P::gradients(k, [&parameter, &eps, &dy], [&mut dm, &mut dp]);
        let of_parameter = format!("out.grad.{}", P::NAME);
        case.compare("out.grad.mu", dm.elements());
        case.compare(&of_parameter, dp.elements());

        let [y, dx] = P::train(k, &[mean.elements(), parameter.elements()].concat(), &eps, &dy);
        case.compare("out.y", &y);
        let (dm, dp) = dx.split_at(X::LEN);
        case.compare("out.grad.mu", dm);
        case.compare(&of_parameter, dp);
    }
}
