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

/// Numbers of rows around those that kernels take at once.
const ROWS: [usize; 9] = [0, 1, 2, 3, 4, 5, 8, 17, 33];

/// Lengths of rows: one vector and less, two, more, and so long that rows go one by one.
fn row_lengths() -> impl Iterator<Item = usize> {
    (1..=35).chain([64, 65, 100, 1025])
}

#[test]
fn rows_at_once_are_rows_one_by_one() {
    fn check<K: Kernels>(k: K) {
        for ((len, rows), place) in
            row_lengths().flat_map(|len| ROWS.map(|rows| (len, rows))).zip(PLACES.iter().cycle())
        {
            let what = format!("{} {rows} rows of {len}, {place:?}", K::NAME);
            let mut rng = generator((len * 64 + rows) as u64);
            // What is left behind the last row stays.
            let x: Vec<f32> = randoms(&mut rng, rows * len + len / 2).into_iter().map(|x| x * 8.0).collect();
            let (mut got, mut want) = (Memory::new(*place, &x), x.clone());
            k.softmax_rows(got.get_mut(), len);
            Portable.softmax_rows(&mut want, len);
            agree(got.checked(), &want, &what);

            let targets: Vec<usize> = (0..rows).map(|row| row * 7 % (len + len / 9)).collect();
            let mut losses = Memory::new(*place, &randoms(&mut rng, rows));
            let (mut got, mut want, mut wanted) = (Memory::new(*place, &x), x, losses.get().to_vec());
            k.cross_entropy_rows(got.get_mut(), len, &targets, losses.get_mut());
            Portable.cross_entropy_rows(&mut want, len, &targets, &mut wanted);
            agree(got.checked(), &want, &what);
            agree(losses.checked(), &wanted, &what);
        }
        // The shortest counts; rows of nothing are none.
        let (mut x, mut losses) = ([1.0; 12], [1.0; 4]);
        k.cross_entropy_rows(&mut x, 3, &[0, 1, 2], &mut losses);
        assert_eq!((x[9..].to_vec(), losses[3]), (vec![1.0; 3], 1.0));
        k.cross_entropy_rows(&mut x, 0, &[0], &mut losses);
        k.softmax_rows(&mut x, 0);
        assert_eq!(x[9..], [1.0; 3]);
    }
    on_every_isa!(check);
}

#[track_caller]
fn agree(got: &[f32], want: &[f32], what: &str) {
    for (&got, &want) in got.iter().zip(want) {
        if !(got.is_nan() && want.is_nan()) {
            close(got, f64::from(want), 2e-6, 1e-6, what);
        }
    }
}

#[test]
fn logarithm_and_gradients() {
    fn check<K: Kernels>(k: K) {
        for (n, place) in lengths().skip(1).flat_map(|n| PLACES.map(|place| (n, place))) {
            let what = format!("{} row of {n}, {place:?}", K::NAME);
            let mut rng = generator(n as u64);
            let x: Vec<f32> = randoms(&mut rng, n).into_iter().map(|x| x * 10.0).collect();
            let dy = Memory::new(place, &randoms(&mut rng, n));
            let (max, sum, softmax) = exact(&x);
            let total: f64 = dy.get().iter().map(|&dy| f64::from(dy)).sum();
            let inner: f64 = dy.get().iter().zip(&softmax).map(|(&dy, y)| f64::from(dy) * y).sum();

            let mut y = Memory::new(place, &x);
            k.log_softmax(y.get_mut());
            for (&y, x) in y.checked().iter().zip(&x) {
                close(y, f64::from(*x) - max - sum.ln(), 3e-7, 1e-6, &what);
            }
            k.log_softmax_backward(y.get_mut(), dy.get());
            for ((&dx, &dy), y) in y.checked().iter().zip(dy.get()).zip(&softmax) {
                close(dx, f64::from(dy) - y * total, 1e-6, 1e-6 * n as f64 * y + 1e-6, &what);
            }

            let mut y = Memory::new(place, &softmax.iter().map(|&y| y as f32).collect::<Vec<_>>());
            k.softmax_backward(y.get_mut(), dy.get());
            for ((&dx, &dy), y) in y.checked().iter().zip(dy.get()).zip(&softmax) {
                close(dx, y * (f64::from(dy) - inner), 1e-6, 1e-6 * y, &what);
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
                let (mut got, mut want) = (x.repeat(5), x.repeat(5));
                k.softmax_rows(&mut got, n);
                Portable.softmax_rows(&mut want, n);
                same(&got, &want, K::NAME, &x);
                let (mut got, mut want) = (x.clone(), x.clone());
                k.log_softmax(&mut got);
                Portable.log_softmax(&mut want);
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
