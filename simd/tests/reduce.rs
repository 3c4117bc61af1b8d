//! Reductions of every instruction set against `f64`.

mod common;

use common::{Exact, Memory, PLACES, generator, lengths, randoms};
use rand_core::Rng;
use tensorlet::{
    Portable,
    kernel::{Kernels, ReduceKernels},
};

#[test]
fn sum_and_dot() {
    fn check<K: Kernels>(k: K) {
        for n in lengths() {
            for place in PLACES {
                let mut rng = generator(n as u64);
                let (a, b) = (randoms(&mut rng, n), randoms(&mut rng, n + 3));
                let (a, b) = (Memory::new(place, &a), Memory::new(place, &b));
                let (mut sum, mut dot) = (Exact::default(), Exact::default());
                a.get().iter().for_each(|&a| sum.add(f64::from(a)));
                a.get().iter().zip(b.get()).for_each(|(&a, &b)| dot.add_product(a, b));
                sum.check(k.sum(a.get()), format_args!("{} sum of {n}, {place:?}", K::NAME));
                dot.check(k.dot(a.get(), b.get()), format_args!("{} dot of {n}, {place:?}", K::NAME));
                dot.check(k.dot(b.get(), a.get()), format_args!("{} dot of {n}, {place:?}", K::NAME));
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn max_and_argmax_take_the_first_of_ties() {
    fn check<K: Kernels>(k: K) {
        for n in lengths() {
            for place in PLACES {
                let mut rng = generator(n as u64);
                let x: Vec<f32> = randoms(&mut rng, n).into_iter().map(|x| (x * 4.0).round() - 9.0).collect();
                let x = Memory::new(place, &x);
                let (mut max, mut at) = (f32::NEG_INFINITY, 0);
                for (i, &x) in x.get().iter().enumerate() {
                    if x > max {
                        (max, at) = (x, i);
                    }
                }
                assert_eq!(k.max(x.get()), max, "{} max of {n}, {place:?}", K::NAME);
                assert_eq!(k.argmax(x.get()), at, "{} argmax of {n}, {place:?}", K::NAME);
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn nan_is_the_largest_wherever_it_is() {
    fn check<K: Kernels>(k: K) {
        for n in lengths().skip(1) {
            let mut rng = generator(n as u64);
            let mut x = randoms(&mut rng, n);
            x[n / 3] = f32::INFINITY;
            let at = rng.next_u32() as usize % n;
            x[at] = f32::NAN;
            x[n - 1] = f32::NAN;
            assert!(k.max(&x).is_nan(), "{} max of {n} with NaN at {at}", K::NAME);
            assert_eq!(k.argmax(&x), at, "{} argmax of {n} with NaN at {at}", K::NAME);
        }
    }
    on_every_isa!(check);
}

#[test]
fn empty_and_infinite() {
    fn check<K: Kernels>(k: K) {
        assert_eq!((k.sum(&[]), k.max(&[]), k.argmax(&[])), (0.0, f32::NEG_INFINITY, 0));
        for n in lengths().skip(1) {
            let x = vec![f32::NEG_INFINITY; n];
            assert_eq!((k.max(&x), k.argmax(&x)), (f32::NEG_INFINITY, 0), "{} {n}", K::NAME);
            assert_eq!(k.sum(&x), f32::NEG_INFINITY);
        }
    }
    on_every_isa!(check);
}

#[test]
fn one_hot_maxima_of_rows() {
    fn check<K: Kernels>(k: K) {
        for (len, rows) in (1..=70).chain([100, 130]).flat_map(|len| [0, 1, 3, 4, 5, 9].map(|rows| (len, rows))) {
            let place = PLACES[(len + rows) % 4];
            let rng = &mut generator((len * 16 + rows) as u64);
            // Few different numbers: ties; in some rows NaN or nothing but -∞.
            let mut x: Vec<f32> = randoms(rng, rows * len + len / 2).into_iter().map(|x| (x * 6.0).round()).collect();
            if rows > 2 && len % 3 == 0 {
                x[len + len / 2] = f32::NAN;
                x[2 * len - 1] = f32::NAN;
            }
            if rows > 4 {
                x[4 * len..5 * len].fill(f32::NEG_INFINITY);
            }
            let (x, mut y) = (Memory::new(place, &x), Memory::new(place, &vec![7.0; rows * len + len / 2]));
            k.one_hot_max(len, x.get(), y.get_mut());
            for (i, (x, y)) in x.get().chunks(len).zip(y.checked().chunks(len)).enumerate() {
                let at = Portable.argmax(x);
                let want = |j: usize| {
                    if i == rows {
                        7.0
                    } else if j == at {
                        1.0
                    } else {
                        0.0
                    }
                };
                let wrong = y.iter().enumerate().find(|&(j, &y)| y != want(j));
                assert!(wrong.is_none(), "{} row {i} of {rows}, length {len}: {wrong:?}", K::NAME);
            }
        }
        k.one_hot_max(0, &[1.0], &mut [1.0]);
    }
    on_every_isa!(check);
}
