//! Samples of distributions as functions of their parameters.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim},
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::reduce::{along, argmax, logsumexp},
};

use super::{A5, A34, A235, begun, gradients, numbers, poison, shape, value};

/// A sample from mean, parameter and noise; the noise has no gradient.
fn gaussian<K: Kernels, X: Tensor<Elem = f32>>(
    k: K,
    forward: impl Fn(K, &X, &X, &X, &mut X),
    backward: impl Fn(K, &X, &X, &X, &mut X, &mut X),
    sigma: fn(f64) -> f64,
) {
    let [mean, parameter, eps, dy] = [1, 2, 3, 4].map(|seed| numbers::<X>(seed, -2.0, 2.0));
    let (mut y, mut dmean, mut dparameter) = (poison(), begun(), begun());
    forward(k, &mean, &parameter, &eps, &mut y);
    backward(k, &parameter, &eps, &dy, &mut dmean, &mut dparameter);
    let formula = |inputs: &[Vec<f64>]| -> Vec<f64> {
        let noise = inputs[1].iter().zip(eps.elements()).map(|(parameter, eps)| sigma(*parameter) * f64::from(*eps));
        inputs[0].iter().zip(noise).map(|(mean, noise)| mean + noise).collect()
    };
    let inputs = [mean.elements(), parameter.elements()];
    value("a sample", &inputs, y.elements(), &formula);
    gradients("a sample", &inputs, dy.elements(), &[dmean.elements(), dparameter.elements()], &formula);
}

#[test]
fn gaussian_reparam() {
    fn on<K: Kernels>(k: K) {
        let sigma = |log_variance: f64| (log_variance / 2.0).exp();
        gaussian::<K, A5>(k, ops::gaussian_reparam, ops::gaussian_reparam_backward, sigma);
        gaussian::<K, A235>(k, ops::gaussian_reparam, ops::gaussian_reparam_backward, sigma);
    }
    on_every_instruction_set!(on);
}

#[test]
fn gaussian_sigma_reparam() {
    fn on<K: Kernels>(k: K) {
        let sigma = |rho: f64| rho.exp().ln_1p();
        gaussian::<K, A5>(k, ops::gaussian_sigma_reparam, ops::gaussian_sigma_reparam_backward, sigma);
        gaussian::<K, A235>(k, ops::gaussian_sigma_reparam, ops::gaussian_sigma_reparam_backward, sigma);
    }
    on_every_instruction_set!(on);
}

#[test]
fn gumbel_softmax() {
    fn one<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, dim: usize, tau: f32) {
        let (x, u, dy) = (numbers::<X>(1, -2.0, 2.0), numbers::<X>(2, 0.05, 0.95), numbers::<X>(3, -1.0, 1.0));
        let (mut y, mut dx, mut hard) = (poison::<X>(), begun::<X>(), poison::<X>());
        ops::gumbel_softmax(k, &x, &u, Dim::<D>, tau, &mut y);
        ops::gumbel_softmax_backward(k, &y, &dy, Dim::<D>, tau, &mut dx);
        let formula = |inputs: &[Vec<f64>]| -> Vec<f64> {
            let noise = u.elements().iter().map(|u| -(-f64::from(*u).ln()).ln());
            let scores: Vec<f64> = inputs[0].iter().zip(noise).map(|(x, g)| (x + g) / f64::from(tau)).collect();
            let softmax = |x: &[f64]| x.iter().map(|y| (y - logsumexp(x)).exp()).collect();
            along(&scores, shape::<X>(), &[dim], &softmax)
        };
        value("gumbel_softmax", &[x.elements()], y.elements(), &formula);
        gradients("gumbel_softmax", &[x.elements()], dy.elements(), &[dx.elements()], &formula);

        ops::one_hot_max(k, &y, Dim::<D>, &mut hard);
        let expected =
            along(&formula(&[x.elements().iter().map(|x| f64::from(*x)).collect()]), shape::<X>(), &[dim], &|x| {
                (0..x.len()).map(|i| f64::from(u8::from(i == argmax(x)))).collect()
            });
        value("one_hot_max", &[], hard.elements(), &|_| expected.clone());
    }
    fn on<K: Kernels>(k: K) {
        one::<K, A5, 0>(k, 0, 1.0);
        one::<K, A34, -1>(k, 1, 0.5);
        one::<K, A235, 1>(k, 1, 2.0);
    }
    on_every_instruction_set!(on);
}

#[test]
fn epsilon_greedy() {
    fn on<K: Kernels>(k: K) {
        let (x, mut y, mut best) = (numbers::<[[f32; 5]; 200]>(1, -1.0, 1.0), poison(), poison());
        ops::one_hot_max(k, &x, Dim::<1>, &mut best);
        let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
        ops::epsilon_greedy(k, &x, Dim::<1>, 0.0, &mut rng, &mut y);
        assert_eq!(y, best);
        ops::epsilon_greedy(k, &x, Dim::<1>, 0.5, &mut rng, &mut y);
        assert!(y.iter().all(|row| row.iter().sum::<f32>() == 1.0 && row.iter().all(|y| *y == 0.0 || *y == 1.0)));
        // Half of the rows explore, of which a fifth finds the largest element all the same.
        let kept = y.iter().zip(&best).filter(|(y, best)| y == best).count();
        assert!((100..140).contains(&kept), "{kept} of 200");
    }
    on_every_instruction_set!(on);
}
