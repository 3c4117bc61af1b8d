//! Losses of distributions: several outputs stacked in one.

use tensorlet::{
    Tensor,
    loss::{BceWithLogitsLoss, CategoricalKl, GaussianKl, GaussianNllLoss, Loss, MseLoss, UniformKl, VaeLoss},
};
use tensorlet_host::reference::{loss, wide};

use super::{Check, generator, numbers};

type X = [[f32; 3]; 2];

/// Checks a loss of outputs `Y` without targets, from -2 to 2, with `per_sample` elements of each.
#[track_caller]
fn free<Y: Tensor<Elem = f32>, L: Loss<Y, ()> + Copy>(
    loss: L,
    per_sample: usize,
    elements: impl Fn(&[f64]) -> Vec<f64>,
) {
    for n in [1, 3] {
        let y = numbers(&mut generator(n), n * Y::LEN, -2.0, 2.0);
        let all = |y: &[f64]| -> Vec<f64> { y.chunks(Y::LEN).flat_map(&elements).collect() };
        let divisor = (n * per_sample) as f64;
        Check { loss, y: Y::view(&y), targets: &vec![(); n], elements: &all, divisor }.run();
    }
}

/// The numbers at place `i` of the stacked tensors.
fn at<const N: usize>(sample: &[f64], i: usize) -> [f64; N] {
    let len = sample.len() / N;
    core::array::from_fn(|part| sample[part * len + i])
}

#[test]
fn gaussian_nll_loss() {
    for full in [false, true] {
        for n in [1, 3] {
            let mut rng = generator(n);
            let (means, targets) = (numbers(&mut rng, n * 6, -2.0, 2.0), numbers(&mut rng, n * 6, -2.0, 2.0));
            let variances = numbers(&mut rng, n * 6, 0.25, 3.0);
            let stacked = means.chunks(6).zip(variances.chunks(6)).flat_map(|(m, v)| [m, v].concat());
            let y: Vec<f32> = stacked.collect();
            let wide_targets = wide(&targets);
            let elements = |y: &[f64]| -> Vec<f64> {
                let sample = |(y, t): (&[f64], &[f64])| -> Vec<f64> {
                    t.iter().enumerate().map(|(i, t)| loss::gaussian_nll(at(y, i), *t, full, 1e-6)).collect()
                };
                y.chunks(12).zip(wide_targets.chunks(6)).flat_map(sample).collect()
            };
            let loss = GaussianNllLoss { full, ..GaussianNllLoss::NEW };
            let divisor = (n * 6) as f64;
            Check { loss, y: <[X; 2]>::view(&y), targets: X::view(&targets), elements: &elements, divisor }.run();
        }
    }
}

#[test]
fn gaussian_kl() {
    free::<[X; 2], _>(GaussianKl, 6, |y| (0..6).map(|i| loss::gaussian_kl(at(y, i), [0.0, 0.0])).collect());
    free::<[X; 4], _>(GaussianKl, 6, |y| {
        let element = |i| {
            let [m1, v1, m2, v2] = at(y, i);
            loss::gaussian_kl([m1, v1], [m2, v2])
        };
        (0..6).map(element).collect()
    });
}

#[test]
fn gaussian_kl_from_a_given_distribution() {
    let mut rng = generator(5);
    let (y, targets) = (numbers(&mut rng, 3 * 12, -2.0, 2.0), numbers(&mut rng, 3 * 12, -2.0, 2.0));
    let wide_targets = wide(&targets);
    let elements = |y: &[f64]| -> Vec<f64> {
        let pairs = y.chunks(12).zip(wide_targets.chunks(12));
        pairs.flat_map(|(y, t)| (0..6).map(|i| loss::gaussian_kl(at(y, i), at(t, i))).collect::<Vec<_>>()).collect()
    };
    let (y, targets) = (<[X; 2]>::view(&y), <[X; 2]>::view(&targets));
    Check { loss: GaussianKl, y, targets, elements: &elements, divisor: 18.0 }.run();
}

#[test]
fn categorical_kl() {
    free::<[X; 2], _>(CategoricalKl, 2, |y| {
        let (a, b) = y.split_at(6);
        a.chunks(3).zip(b.chunks(3)).map(|(a, b)| loss::categorical_kl(a, b)).collect()
    });
    let mut rng = generator(6);
    let (y, targets) = (numbers(&mut rng, 12, -2.0, 2.0), numbers(&mut rng, 12, -2.0, 2.0));
    let wide_targets = wide(&targets);
    let elements = |y: &[f64]| -> Vec<f64> {
        y.chunks(3).zip(wide_targets.chunks(3)).map(|(a, b)| loss::categorical_kl(a, b)).collect()
    };
    Check { loss: CategoricalKl, y: X::view(&y), targets: X::view(&targets), elements: &elements, divisor: 4.0 }.run();
}

#[test]
fn uniform_kl() {
    free::<X, _>(UniformKl, 2, |y| y.chunks(3).map(|row| loss::categorical_kl(row, &[0.0; 3])).collect());
}

/// A reconstruction of 4 numbers and latent parameters of 6, with the divergence of one sample.
#[track_caller]
fn autoencoder<L: Loss<[f32; 10], [f32; 4]> + Copy>(
    loss: L,
    error: fn(f64, f64) -> f64,
    divergence: impl Fn(&[f64]) -> f64,
) {
    for n in [1, 3] {
        let mut rng = generator(n);
        let (y, targets) = (numbers(&mut rng, n * 10, -2.0, 2.0), numbers(&mut rng, n * 4, 0.0, 1.0));
        let wide_targets = wide(&targets);
        let elements = |y: &[f64]| -> Vec<f64> {
            let sample = |(y, t): (&[f64], &[f64])| -> f64 {
                let reconstruction: f64 = y.iter().zip(t).map(|(y, t)| error(*y, *t)).sum();
                reconstruction + divergence(&y[4..])
            };
            y.chunks(10).zip(wide_targets.chunks(4)).map(sample).collect()
        };
        let (y, targets) = (<[f32; 10]>::view(&y), <[f32; 4]>::view(&targets));
        Check { loss, y, targets, elements: &elements, divisor: n as f64 }.run();
    }
}

#[test]
fn vae_loss() {
    let gaussian = |latent: &[f64]| -> f64 { (0..3).map(|i| loss::gaussian_kl(at(latent, i), [0.0, 0.0])).sum() };
    let bce = |y, t| loss::bce_with_logits(y, t, 1.0, 1.0);
    autoencoder(VaeLoss::<[[f32; 3]; 2]>::new(), bce, gaussian);
    let loss = VaeLoss::<[[f32; 3]; 2], _, _>::with(MseLoss, GaussianKl).beta(0.25);
    autoencoder(loss, loss::squared, |latent| 0.25 * gaussian(latent));
    let categorical = VaeLoss::<[[f32; 3]; 2], _, _>::with(BceWithLogitsLoss::NEW, UniformKl);
    autoencoder(categorical, bce, |latent| latent.chunks(3).map(|row| loss::categorical_kl(row, &[0.0; 3])).sum());
}
