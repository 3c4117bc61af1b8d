//! Softmax and cross-entropy of every instruction set against `f64`.

mod common;

use common::{Memory, PLACES, close, generator, lengths, randoms};
use tensorlet::{
    Portable,
    kernel::{Kernels, SoftmaxKernels},
};

/// The maximum, the sum of the shifted exponentials, and the softmax.
fn exact(x: &[f32]) -> (f64, f64, Vec<f64>) {
    let max = x.iter().fold(f64::NEG_INFINITY, |max, &x| max.max(f64::from(x)));
    let e: Vec<f64> = x.iter().map(|&x| (f64::from(x) - max).exp()).collect();
    let sum = e.iter().sum();
    (max, sum, e.into_iter().map(|e| e / sum).collect())
}

/// The shift is rounded to an `f32`, which changes the exponential by up to `|x - max|` units.
fn relative(x: f32, max: f64, n: usize) -> f64 {
    f64::from(f32::EPSILON) * (4.0 + n as f64 / 4.0 + (f64::from(x) - max).abs())
}

#[test]
fn softmax() {
    fn check<K: Kernels>(k: K) {
        for (n, range) in lengths().skip(1).flat_map(|n| [1.0, 30.0, 1e4].map(|range| (n, range))) {
            for place in PLACES {
                let x: Vec<f32> = randoms(&mut generator(n as u64), n).into_iter().map(|x| x * range).collect();
                let mut y = Memory::new(place, &x);
                k.softmax(y.get_mut());
                let (max, _, want) = exact(&x);
                for ((&got, want), x) in y.checked().iter().zip(want).zip(x) {
                    close(got, want, relative(x, max, n), 1e-37, format_args!("{} softmax of {n}, {place:?}", K::NAME));
                }
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn cross_entropy() {
    fn check<K: Kernels>(k: K) {
        for (n, range) in lengths().skip(1).flat_map(|n| [1.0, 30.0, 1e4].map(|range| (n, range))) {
            for (place, target) in PLACES.into_iter().flat_map(|place| [0, n / 2, n - 1].map(|t| (place, t))) {
                let x: Vec<f32> = randoms(&mut generator(n as u64), n).into_iter().map(|x| x * range).collect();
                let mut y = Memory::new(place, &x);
                let what = format!("{} cross-entropy of {n}, range {range}, target {target}, {place:?}", K::NAME);
                let loss = k.cross_entropy(y.get_mut(), target, 0.25);
                let (max, sum, softmax) = exact(&x);
                let logit = f64::from(x[target]);
                close(loss, sum.ln() - (logit - max), 3e-7, 1e-6, &what);
                for (i, ((&got, p), x)) in y.checked().iter().zip(softmax).zip(x).enumerate() {
                    let hit = f64::from(u8::from(i == target));
                    let relative = relative(x, max, n);
                    close(got, 0.25 * (p - hit), relative, 1e-37 + relative * p + 1e-7 * hit, &what);
                }
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn special_values_do_as_the_portable_kernels() {
    fn check<K: Kernels>(k: K) {
        const INF: f32 = f32::INFINITY;
        for special in [&[f32::NAN][..], &[INF], &[-INF], &[INF, INF], &[INF, -INF], &[-INF; 40]] {
            for n in [1, 3, 8, 16, 17, 40] {
                let x: Vec<f32> = special.iter().copied().chain(std::iter::repeat(0.5)).take(n).collect();
                let (mut got, mut want) = (x.clone(), x.clone());
                k.softmax(&mut got);
                Portable.softmax(&mut want);
                same(&got, &want, K::NAME, &x);
                let (mut got, mut want) = (x.clone(), x.clone());
                let (loss, wanted) = (k.cross_entropy(&mut got, 0, 1.0), Portable.cross_entropy(&mut want, 0, 1.0));
                same(&got, &want, K::NAME, &x);
                same(&[loss], &[wanted], K::NAME, &x);
            }
        }
        assert!(k.cross_entropy(&mut [0.0; 3], 3, 1.0).is_nan());
        assert!(k.cross_entropy(&mut [], 0, 1.0).is_nan());
        k.softmax(&mut []);
    }
    on_every_isa!(check);
}

#[track_caller]
fn same(got: &[f32], want: &[f32], name: &str, x: &[f32]) {
    for (got, want) in got.iter().zip(want) {
        let close = (got - want).abs() <= 1e-6;
        assert!(got == want || close || got.is_nan() && want.is_nan(), "{name}: {got} instead of {want} from {x:?}");
    }
}
