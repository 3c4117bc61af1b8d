//! Normalisation of every instruction set against `f64`.

mod common;

use common::{Exact, Memory, PLACES, close, generator, lengths, random, randoms};
use tensorlet::{
    Portable,
    kernel::{Kernels, NormKernels, RowNorm, Standard},
};

/// Mean and one over the deviation, in `f64`.
fn standard(x: &[f64], centered: bool, eps: f64) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = if centered { x.iter().sum::<f64>() / n } else { 0.0 };
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, 1.0 / (variance + eps).sqrt())
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Lengths of rows and their numbers around the vectors and the groups.
fn cases() -> impl Iterator<Item = (usize, usize)> {
    let lengths = (1..=18).chain([31, 32, 33, 48, 64, 65, 100, 384]);
    lengths.flat_map(|len| [0, 1, 2, 3, 4, 5, 9].map(|rows| (len, rows)))
}

#[test]
fn rows_both_ways() {
    fn check<K: Kernels>(k: K) {
        for (i, (len, rows)) in cases().enumerate() {
            let (place, centered) = (PLACES[i % 4], i % 3 != 0);
            let (weighted, biased, elsewhere) = (i % 2 == 0, i % 5 != 0, i % 7 < 3);
            let what = format!("{} {rows} rows of {len}, case {i}, {place:?}", K::NAME);
            let rng = &mut generator(i as u64);
            // What is left behind the last row stays; each row has a mean and a spread of its own.
            let n = rows * len + len / 3;
            let offset: Vec<f32> = (0..=rows).map(|_| 20.0 * random(rng)).collect();
            let x: Vec<f32> = (0..n).map(|i| offset[i / len] + random(rng)).collect();
            let (weight, bias) =
                (randoms(rng, if weighted { len } else { 0 }), randoms(rng, if biased { len } else { 0 }));
            let (weight, bias) = (Memory::new(place, &weight), Memory::new(place, &bias));
            let norm = RowNorm { len, centered, eps: 1e-3, weight: weight.get(), bias: bias.get() };
            let of = |values: &Memory, i: usize, or: f64| values.get().get(i).map_or(or, |&x| x.into());

            let source = Memory::new(place, &x);
            let mut y = Memory::new(place, &if elsewhere { vec![7.0; n] } else { x.clone() });
            k.layer_norm_rows(norm, elsewhere.then(|| source.get()), y.get_mut());
            let dy = Memory::new(place, &randoms(rng, n));
            let mut dx = Memory::new(place, &x);
            let [mut dw, mut db] = [(); 2].map(|()| Memory::new(place, &vec![0.5; if i % 4 == 1 { 0 } else { len }]));
            k.layer_norm_rows_backward(norm, dx.get_mut(), dy.get(), dw.get_mut(), db.get_mut());

            let (mut want_dw, mut want_db) = (vec![0.5; len], vec![0.5; len]);
            for row in 0..rows {
                let range = row * len..(row + 1) * len;
                let (x, dy) = (wide(&x[range.clone()]), wide(&dy.get()[range.clone()]));
                let (mean, rstd) = standard(&x, centered, 1e-3);
                // The rounding of numbers that lie off 0 shows in the deviation.
                let off = 1.0 + rstd * f64::from(offset[row].abs());
                let standard: Vec<f64> = x.iter().map(|x| (x - mean) * rstd).collect();
                let g: Vec<f64> = dy.iter().enumerate().map(|(i, dy)| dy * of(&weight, i, 1.0)).collect();
                let sum = if centered { g.iter().sum::<f64>() / len as f64 } else { 0.0 };
                let dot = g.iter().zip(&standard).map(|(g, x)| g * x).sum::<f64>() / len as f64;
                for (i, at) in range.enumerate() {
                    let want = standard[i] * of(&weight, i, 1.0) + of(&bias, i, 0.0);
                    close(y.checked()[at], want, 1e-6 * off, 1e-6 * off, &what);
                    let want = rstd * (g[i] - sum - standard[i] * dot);
                    close(dx.checked()[at], want, 0.0, 1e-6 * off * rstd * (1.0 + standard[i].abs()), &what);
                    want_dw[i] += dy[i] * standard[i];
                    want_db[i] += dy[i];
                }
                for (i, (&dw, &db)) in dw.checked().iter().zip(db.checked()).enumerate().filter(|_| row + 1 == rows) {
                    let most = offset.iter().fold(1.0, |most, x| f32::max(most, x.abs()));
                    close(dw, want_dw[i], 1e-6, 1e-5 * f64::from(most) * rows as f64, &what);
                    close(db, want_db[i], 1e-6, 1e-6 * rows as f64, &what);
                }
            }
            assert_eq!(dx.checked()[rows * len..], x[rows * len..], "{what}");
        }
    }
    on_every_isa!(check);
}

#[test]
fn numbers_far_from_0_and_close_together() {
    fn check<K: Kernels>(k: K) {
        for (len, rows) in cases().filter(|&(len, _)| len > 2) {
            let rng = &mut generator(len as u64);
            let x: Vec<f32> = (0..rows * len).map(|_| 30_000.0 + (random(rng) * 64.0).round() / 64.0).collect();
            let norm = RowNorm { len, centered: true, eps: 0.0, weight: &[], bias: &[] };
            let mut y = x.clone();
            k.layer_norm_rows(norm, None, &mut y);
            for (y, x) in y.chunks(len).zip(x.chunks(len)) {
                let x = wide(x);
                let (mean, rstd) = standard(&x, true, 0.0);
                for (&y, x) in y.iter().zip(x) {
                    // The mean is an f32: it is off by half a unit in its last place, 1/1024.
                    close(y, (x - mean) * rstd, 1e-4, 1.1 / 1024.0 * rstd, format_args!("{} {len}", K::NAME));
                }
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn runs() {
    fn check<K: Kernels>(k: K) {
        for (n, place) in lengths().flat_map(|n| PLACES.map(|place| (n, place))) {
            let what = format!("{} run of {n}, {place:?}", K::NAME);
            let rng = &mut generator(n as u64);
            let [x, dy] = [(); 2].map(|()| Memory::new(place, &randoms(rng, n)));
            let mean = 0.25;
            let (mut off, mut square, mut dot) = (Exact::default(), Exact::default(), Exact::default());
            for (x, dy) in wide(x.get()).into_iter().zip(wide(dy.get())) {
                off.add(x - mean);
                square.add((x - mean) * (x - mean));
                dot.add(dy * (x - mean));
            }
            let deviations = k.deviations(x.get(), mean as f32);
            off.check(deviations[0], &what);
            square.check(deviations[1], &what);
            dot.check(k.dot_deviations(x.get(), dy.get(), mean as f32), &what);

            let mut y = Memory::new(place, x.get());
            k.standardize(y.get_mut(), mean as f32, 3.0, -0.5);
            let mut dx = Memory::new(place, x.get());
            k.standardize_backward(dx.get_mut(), dy.get(), mean as f32, [2.0, -3.0, 0.5]);
            for (i, (x, g)) in wide(x.get()).into_iter().zip(wide(dy.get())).enumerate() {
                close(y.checked()[i], (x - mean) * 3.0 - 0.5, 1e-6, 1e-6, &what);
                close(dx.checked()[i], 2.0 * g - 3.0 * (x - mean) + 0.5, 1e-6, 1e-6, &what);
            }

            let (standard, weight) = (Standard { mean: 0.25, rstd: 1.5 }, randoms(rng, n));
            let (mut got, mut want) = (Memory::new(place, x.get()), x.get().to_vec());
            k.layer_norm(got.get_mut(), standard, &weight, dy.get());
            Portable.layer_norm(&mut want, standard, &weight, dy.get());
            agree(got.checked(), &want, &what);
            let (mut got, mut want) = (Memory::new(place, x.get()), x.get().to_vec());
            let (mut dw, mut want_dw) = (Memory::new(place, &weight), weight.clone());
            k.layer_norm_backward(got.get_mut(), dy.get(), standard, n % 2 == 0, &weight, dw.get_mut());
            Portable.layer_norm_backward(&mut want, dy.get(), standard, n % 2 == 0, &weight, &mut want_dw);
            agree(got.checked(), &want, &what);
            agree(dw.checked(), &want_dw, &what);
        }
    }
    on_every_isa!(check);
}

#[test]
fn special_values_and_short_slices_do_as_the_portable_kernels() {
    fn check<K: Kernels>(k: K) {
        let ordinary: Vec<f32> = (0..40).map(|i| (i * 7 % 11) as f32).collect();
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 0.0] {
            let mut x = ordinary.clone();
            (x[3], x[25]) = (special, special);
            for (len, weight) in [(5, &[][..]), (20, &ordinary[..20]), (20, &ordinary[..7]), (0, &[]), (40, &[])] {
                let norm = RowNorm { len, centered: true, eps: 1e-5, weight, bias: &[1.0] };
                let (mut got, mut want) = (x.clone(), x.clone());
                k.layer_norm_rows(norm, None, &mut got);
                Portable.layer_norm_rows(norm, None, &mut want);
                agree(&got, &want, K::NAME);
                let ([mut got, mut want], [mut dw, mut want_dw]) =
                    ([x.clone(), x.clone()], [vec![0.0; 9], vec![0.0; 9]]);
                k.layer_norm_rows_backward(norm, &mut got, &ordinary, &mut dw, &mut []);
                Portable.layer_norm_rows_backward(norm, &mut want, &ordinary, &mut want_dw, &mut []);
                agree(&got, &want, K::NAME);
                agree(&dw, &want_dw, K::NAME);
            }
        }
    }
    on_every_isa!(check);
}

#[track_caller]
fn agree(got: &[f32], want: &[f32], what: &str) {
    for (&got, &want) in got.iter().zip(want) {
        if !(got.is_nan() && want.is_nan() || got == want) {
            close(got, f64::from(want), 1e-5, 1e-5, what);
        }
    }
}
