//! Functions of each element of every instruction set against `f64`.

mod common;

use common::{Memory, PLACES, close, generator, lengths, random, randoms};
use tensorlet::{
    Celu, Elu, Gelu, GeluTanh, Hardswish, LeakyRelu, LogSigmoid, Mish, Portable, Selu, Sigmoid, Silu, Softplus,
    Softsign, Swish, Tanh, Tanhshrink,
    kernel::{ElementwiseKernels, Function, Kernels},
};

/// Numbers of all magnitudes, with special ones strewn in.
fn values(n: usize) -> Vec<f32> {
    const SPECIAL: [f32; 10] =
        [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e4, -1e4, 1e-40, f32::MAX, f32::MIN];
    let mut rng = generator(n as u64);
    let mut value = |i: usize| if i % 3 == 1 { SPECIAL[i / 3 % 10] } else { random(&mut rng) * 12.0 };
    (0..n).map(&mut value).collect()
}

/// Checks one kernel that works in place on `y` and reads `x`.
#[track_caller]
fn check_binary<K: Kernels>(
    name: &str,
    kernel: impl Fn(&mut [f32], &[f32]),
    want: impl Fn(f64, f64) -> f64,
    relative: f64,
) {
    for n in lengths() {
        for place in PLACES {
            let mut rng = generator(n as u64);
            let (y0, x) = (randoms(&mut rng, n), Memory::new(place, &randoms(&mut rng, n)));
            let mut y = Memory::new(place, &y0);
            kernel(y.get_mut(), x.get());
            for ((&got, y), &x) in y.checked().iter().zip(y0).zip(x.get()) {
                let want = want(f64::from(y), f64::from(x));
                close(got, want, relative, 1e-7, format_args!("{} {name}, n = {n}, {place:?}", K::NAME));
            }
        }
    }
}

/// Checks one kernel that works in place on values of all kinds.
#[track_caller]
fn check_unary<K: Kernels>(name: &str, kernel: impl Fn(&mut [f32]), want: impl Fn(f64) -> f64, relative: f64) {
    for n in lengths() {
        for place in PLACES {
            let x = values(n);
            let mut y = Memory::new(place, &x);
            kernel(y.get_mut());
            for (&got, x) in y.checked().iter().zip(x) {
                let want = want(f64::from(x));
                let same = f64::from(got) == want || got.is_nan() && want.is_nan();
                if !same {
                    close(got, want, relative, 2e-45, format_args!("{} {name}({x}), n = {n}, {place:?}", K::NAME));
                }
            }
        }
    }
}

#[test]
fn relu() {
    fn check<K: Kernels>(k: K) {
        check_unary::<K>("relu", |x| k.relu(x), |x| if x <= 0.0 { 0.0 } else { x }, 0.0);
    }
    on_every_isa!(check);
}

#[test]
fn relu_and_its_derivative_from_bits() {
    fn check<K: Kernels>(k: K) {
        for n in lengths() {
            for place in PLACES {
                let x = values(n);
                let (mut y, mut dy) = (Memory::new(place, &x), Memory::new(place, &vec![2.0; n]));
                let mut mask = vec![u32::MAX; n.div_ceil(32)].into_boxed_slice();
                k.relu_masked(y.get_mut(), &mut mask);
                k.relu_backward(dy.get_mut(), &mask);
                for (i, x) in x.into_iter().enumerate() {
                    let alive = x > 0.0 || x.is_nan();
                    let (got, dy) = (y.checked()[i], dy.checked()[i]);
                    assert_eq!(mask[i / 32] >> (i % 32) & 1 == 1, alive, "{} bit of {x}, n = {n}", K::NAME);
                    assert!(if alive { got.to_bits() == x.to_bits() } else { got.to_bits() == 0 }, "{got} from {x}");
                    assert_eq!(dy, if alive { 2.0 } else { 0.0 }, "{} derivative at {x}", K::NAME);
                }
                let bits: u32 = mask.iter().map(|word| word.count_ones()).sum();
                assert!(bits as usize <= n, "a bit is set behind the end");
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn sigmoid() {
    fn check<K: Kernels>(k: K) {
        // Where the result is subnormal, `1 / (1 + e^-x)` may give 0.
        let want = |x: f64| 1.0 / (1.0 + (-x).exp());
        check_unary::<K>("sigmoid", |x| k.sigmoid(x), |x| if x < -88.0 { 0.0 } else { want(x) }, 4e-7);
        let backward = |y: f64, dy: f64| dy * y * (1.0 - y);
        check_binary::<K>("sigmoid_backward", |y, dy| k.sigmoid_backward(y, dy), backward, 3e-7);
    }
    on_every_isa!(check);
}

#[test]
fn tanh() {
    fn check<K: Kernels>(k: K) {
        check_unary::<K>("tanh", |x| k.tanh(x), f64::tanh, 2e-7);
        check_binary::<K>("tanh_backward", |y, dy| k.tanh_backward(y, dy), |y, dy| dy * (1.0 - y * y), 3e-7);
    }
    on_every_isa!(check);
}

#[test]
fn add_and_scale() {
    fn check<K: Kernels>(k: K) {
        check_binary::<K>("add", |y, x| k.add(y, x), |y, x| y + x, 1e-7);
        check_binary::<K>("add_scaled", |y, x| k.add_scaled(y, -0.3, x), |y, x| y - f64::from(0.3_f32) * x, 1e-7);
        check_unary::<K>("scale", |x| k.scale(x, 0.5), |x| x * 0.5, 0.0);
        let mut y = [1.0; 20];
        k.add(&mut y, &[1.0; 11]);
        assert_eq!((y[10], y[11]), (2.0, 1.0));
    }
    on_every_isa!(check);
}

#[test]
fn divide() {
    fn check<K: Kernels>(k: K) {
        check_unary::<K>("divide", |x| k.divide(x, 3.0), |x| x / 3.0, 1e-7);
    }
    on_every_isa!(check);
}

#[test]
fn gumbel_noise() {
    fn check<K: Kernels>(k: K) {
        let noise = |u: f64| -(1e-20 - (u + 1e-20).ln()).ln();
        for n in lengths() {
            for place in PLACES {
                let what = format!("{} Gumbel noise of {n}, {place:?}", K::NAME);
                let rng = &mut generator(n as u64);
                let x = randoms(rng, n);
                let mut u: Vec<f32> = randoms(rng, n + 1).into_iter().map(f32::abs).collect();
                u[n / 2] = [0.0, 1.0, 1e-30, 0.999_999_94][n % 4];
                let (u, mut y) = (Memory::new(place, &u), Memory::new(place, &x));
                k.add_gumbel(y.get_mut(), u.get());
                for ((&y, x), &u) in y.checked().iter().zip(&x).zip(u.get()) {
                    close(y, f64::from(*x) + noise(f64::from(u)), 2e-7, 3e-7, &what);
                }
            }
        }
        for u in [-0.5, 1.5, f32::NAN, f32::INFINITY] {
            let mut x = [0.0; 20];
            k.add_gumbel(&mut x, &[u; 20]);
            assert!(x.iter().all(|x| x.is_nan()), "{} noise from {u}", K::NAME);
        }
    }
    on_every_isa!(check);
}

#[test]
fn gumbel_noise_is_drawn_alike() {
    fn check<K: Kernels>(k: K) {
        // Around the blocks that are drawn side by side.
        for (seed, n) in [0, 1, 5, 16, 100, 8191, 8192, 8193, 16_384, 20_000].into_iter().enumerate() {
            for place in PLACES {
                let what = format!("{} {n} numbers, {place:?}", K::NAME);
                let x = randoms(&mut generator(n as u64), n);
                let (mut got, mut want) = (Memory::new(place, &x), x);
                k.draw_gumbel(got.get_mut(), seed as u64);
                Portable.draw_gumbel(&mut want, seed as u64);
                for (&got, want) in got.checked().iter().zip(want) {
                    close(got, f64::from(want), 3e-7, 3e-7, &what);
                }
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn functions_and_gates() {
    /// `x³`, of which no kernel knows more than this.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Cube;
    impl Function for Cube {
        fn value(self, x: f32) -> f32 {
            x * x * x
        }
        fn derivative(self, x: f32) -> f32 {
            3.0 * x * x
        }
    }
    fn one<K: Kernels, F: Function>(k: K, f: F) {
        let close = |got: f32, want: f32, what: &str| {
            let same = got == want || got.is_nan() && want.is_nan();
            // Without a fused multiplication the last bits differ; far out the exponent's rounding counts.
            assert!(same || (got - want).abs() <= 1e-6 + 4e-6 * want.abs(), "{what}: {got} instead of {want}");
        };
        for (n, place) in lengths().flat_map(|n| PLACES.map(|place| (n, place))) {
            let what = format!("{} {f:?}, n = {n}, {place:?}", K::NAME);
            let rng = &mut generator(n as u64);
            let x: Vec<f32> = values(n).into_iter().map(|x| x.clamp(-1e4, 1e4)).collect();
            let (a, dy) = (randoms(rng, n), randoms(rng, n));
            let memory = |x: &[f32]| Memory::new(place, x);
            let (mut y, mut dx, mut gated) = (memory(&x), memory(&x), memory(&a));
            let (mut da, mut db, fa, fdy) = (memory(&a), memory(&x), memory(&a), memory(&dy));
            k.map(f, y.get_mut());
            k.map_backward(f, dx.get_mut(), fdy.get());
            k.gate(f, fa.get(), memory(&x).get(), gated.get_mut());
            k.gate_backward(f, da.get_mut(), db.get_mut(), fdy.get());
            for i in 0..n {
                let (value, slope) = (f.value(x[i]), f.derivative(x[i]));
                close(y.checked()[i], value, &what);
                close(dx.checked()[i], dy[i] * slope, &what);
                close(gated.checked()[i], a[i] * value, &what);
                close(da.checked()[i], dy[i] * value, &what);
                close(db.checked()[i], dy[i] * (a[i] * slope), &what);
            }
        }
    }
    fn check<K: Kernels>(k: K) {
        one(k, Cube);
        one(k, LeakyRelu::NEW);
        one(k, Hardswish);
        one(k, Softsign);
        one(k, Sigmoid);
        one(k, Tanh);
        one(k, Elu::new(0.7));
        one(k, Selu::NEW);
        one(k, Celu::new(2.5));
        one(k, LogSigmoid);
        one(k, Softplus::NEW);
        one(k, Gelu);
        one(k, GeluTanh);
        one(k, Silu);
        one(k, Swish::new(1.7));
        one(k, Mish);
        one(k, Tanhshrink);
    }
    on_every_isa!(check);
}
