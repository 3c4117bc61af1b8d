//! Fully connected layers of every instruction set against plain `f64` loops: with bias and activation, and
//! their steps of gradient descent.

mod common;

use common::{Exact, Memory, PLACES, Place, close, generator, randoms};
use tensorlet::kernel::{Epilogue, Kernels, SgdStep};

fn rows<const N: usize>(x: &[f32]) -> &[[f32; N]] {
    x.as_chunks().0
}

fn rows_mut<const N: usize>(x: &mut [f32]) -> &mut [[f32; N]] {
    x.as_chunks_mut().0
}

/// A layer on flat slices: with inputs, weight, bias, activation and outputs.
type Layer<'a> = &'a dyn Fn(&[f32], &[f32], &[f32], Epilogue, &mut [f32]);

fn check_layer(what: &str, [m, d, n]: [usize; 3], place: Place, layer: Layer<'_>) {
    let mut rng = generator((m * 1_000_003 + d * 1009 + n) as u64);
    let mut memory = |n| Memory::new(place, &randoms(&mut rng, n));
    let (x, w, bias) = (memory(m * d), memory(d * n), memory(n));
    for then in [Epilogue::Identity, Epilogue::Relu, Epilogue::Sigmoid, Epilogue::Tanh] {
        for bias in [bias.get(), &[]] {
            let mut y = Memory::new(place, &vec![f32::NAN; m * n]);
            layer(x.get(), w.get(), bias, then, y.get_mut());
            for (at, &got) in y.checked().iter().enumerate() {
                let (i, j) = (at / n, at % n);
                let mut exact = Exact::default();
                exact.add(bias.get(j).copied().map_or(0.0, f64::from));
                (0..d).for_each(|k| exact.add_product(x.get()[i * d + k], w.get()[k * n + j]));
                // The functions have slopes of at most 1.
                let bound = f64::from(f32::EPSILON) * (exact.terms as f64 + 2.0) * exact.magnitude;
                let want = match then {
                    Epilogue::Identity => exact.value,
                    Epilogue::Relu => exact.value.max(0.0),
                    Epilogue::Sigmoid => 1.0 / (1.0 + (-exact.value).exp()),
                    Epilogue::Tanh => exact.value.tanh(),
                };
                close(got, want, 3e-7, bound, format_args!("{what} {then:?} {at}"));
            }
        }
    }
}

/// The step on flat slices: with inputs, gradient of the outputs, weight, scratch, and whether the gradient of
/// the inputs is wanted.
type Step<'a> = &'a dyn Fn(SgdStep, &mut [f32], &[f32], &mut [f32], &mut [f32], bool);

fn check_step(what: &str, [m, d, n]: [usize; 3], place: Place, descend: Step<'_>) {
    let mut rng = generator((m * 1_000_003 + d * 1009 + n) as u64);
    let mut memory = |n| Memory::new(place, &randoms(&mut rng, n));
    let (x0, dy, w0) = (memory(m * d), memory(m * n), memory(d * n));
    for (input_gradient, weight_decay) in [(false, 0.0), (true, 0.25)] {
        let (mut x, mut w) = (Memory::new(place, x0.get()), Memory::new(place, w0.get()));
        let step = SgdStep { lr: 0.5, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay };
        let mut scratch = Memory::new(place, &vec![0.0; m]);
        descend(step, x.get_mut(), dy.get(), w.get_mut(), scratch.get_mut(), input_gradient);
        scratch.checked();
        for (at, &got) in w.checked().iter().enumerate() {
            let mut exact = Exact::default();
            exact.add(f64::from(w0.get()[at]) * (1.0 - 0.5 * f64::from(weight_decay)));
            (0..m).for_each(|s| exact.add_product(-0.5 * x0.get()[s * d + at / n], dy.get()[s * n + at % n]));
            exact.check(got, format_args!("{what} w {at}"));
        }
        for (at, &got) in x.checked().iter().enumerate() {
            let mut exact = Exact::default();
            if input_gradient {
                (0..n).for_each(|j| exact.add_product(dy.get()[at / d * n + j], w0.get()[at % d * n + j]));
            } else {
                exact.add(f64::from(x0.get()[at]));
            }
            exact.check(got, format_args!("{what} x {at}"));
        }
    }
}

fn case<K: Kernels, const D: usize, const N: usize>(k: K, m: usize, place: Place) {
    let what = format!("{} {m}x{D}x{N} {place:?}", K::NAME);
    check_layer(&what, [m, D, N], place, &|x, w, bias, then, y| {
        k.linear(rows::<D>(x), rows::<N>(w).first_chunk::<D>().unwrap(), bias, then, rows_mut(y));
    });
    check_layer(&what, [m, D, N], place, &|x, w, bias, then, y| k.linear_flat([D, N], x, w, bias, then, y));
    check_step(&what, [m, D, N], place, &|step, x, dy, w, scratch, input_gradient| {
        let w = rows_mut::<N>(w).first_chunk_mut::<D>().unwrap();
        k.sgd_linear(step, rows_mut(x), rows(dy), w, scratch, input_gradient);
    });
}

macro_rules! shapes {
    ($($test:ident, $samples:expr => $(($d:literal, $n:literal))*;)*) => {$(
        #[test]
        fn $test() {
            fn check<K: Kernels>(k: K) {
                for place in PLACES {
                    for m in $samples {
                        $(case::<K, $d, $n>(k, m, place);)*
                    }
                }
            }
            on_every_isa!(check);
        }
    )*};
}

shapes! {
    small, [0, 1, 2, 5, 8, 19] => (1, 1) (4, 4) (3, 7) (8, 8) (16, 16) (7, 10) (20, 1);
    around_vectors, [1, 3, 4, 13] => (70, 10) (5, 33) (32, 48) (40, 65) (129, 12);
    narrow, [1, 17] => (33, 5) (47, 7) (64, 11) (70, 15) (66, 27);
    few_inputs, [1, 9, 21] => (1, 70) (2, 300) (3, 100);
    many_samples, [130, 513] => (19, 10);
}

/// Few rows by each number of columns up to more than registers hold.
#[test]
fn few_rows_of_each_width() {
    fn check<K: Kernels>(k: K) {
        for m in [1, 2, 3] {
            for n in 60..=264 {
                let place = PLACES[n % PLACES.len()];
                let what = format!("{} {m}x9x{n} {place:?}", K::NAME);
                check_layer(&what, [m, 9, n], place, &|x, w, bias, then, y| k.linear_flat([9, n], x, w, bias, then, y));
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn a_short_bias_or_weight_writes_nothing_outside() {
    fn check<K: Kernels>(k: K) {
        let mut y = Memory::new(Place::Guarded(16), &[1.0; 6]);
        k.linear_flat([2, 3], &[1.0; 4], &[1.0; 6], &[1.0; 2], Epilogue::Relu, y.get_mut());
        k.linear_flat([2, 3], &[1.0; 4], &[1.0; 5], &[], Epilogue::Relu, y.get_mut());
        k.linear_flat([0, 3], &[], &[], &[1.0; 3], Epilogue::Relu, y.get_mut());
        k.linear_flat([2, 0], &[1.0; 4], &[], &[], Epilogue::Tanh, y.get_mut());
        y.checked();
    }
    on_every_isa!(check);
}
