//! The optimisers' updates of every instruction set against `f64`.

mod common;

use common::{Memory, PLACES, Place, close, generator, lengths, randoms};
use tensorlet::{
    Portable,
    kernel::{AdadeltaStep, AdagradStep, AdamStep, Kernels, RmsPropStep, SgdStep},
};

/// Weights, gradients and two more slices; the last is positive.
fn state(n: usize, place: Place) -> [Memory; 4] {
    let mut rng = generator(n as u64);
    let [w, g, a] = [(); 3].map(|()| Memory::new(place, &randoms(&mut rng, n)));
    let positive: Vec<f32> = randoms(&mut rng, n).into_iter().map(|x| x * x).collect();
    [w, g, a, Memory::new(place, &positive)]
}

#[test]
fn sgd() {
    fn check<K: Kernels>(k: K) {
        let step = SgdStep { lr: 0.1, momentum: 0.9, gain: 0.75, nesterov: true, weight_decay: 0.01 };
        let [lr, momentum, decay] = [step.lr, step.momentum, step.weight_decay].map(f64::from);
        for (n, place) in lengths().flat_map(|n| PLACES.map(|place| (n, place))) {
            let what = format!("{} sgd of {n}, {place:?}", K::NAME);
            let [mut w, g, mut b, _] = state(n, place);
            let (w0, b0) = (w.get().to_vec(), b.get().to_vec());
            k.sgd(step, w.get_mut(), g.get());
            for i in 0..n {
                let (w0, g) = (f64::from(w0[i]), f64::from(g.get()[i]));
                close(w.checked()[i], w0 - lr * (g + decay * w0), 2e-7, 1e-7, &what);
            }

            w.get_mut().copy_from_slice(&w0);
            k.sgd_momentum(step, w.get_mut(), g.get(), b.get_mut());
            for i in 0..n {
                let (w0, g, b0) = (f64::from(w0[i]), f64::from(g.get()[i]), f64::from(b0[i]));
                let g = g + decay * w0;
                let new = momentum * b0 + f64::from(step.gain) * g;
                close(b.checked()[i], new, 2e-7, 3e-7, &what);
                close(w.checked()[i], w0 - lr * (g + momentum * new), 2e-7, 1e-7, &what);
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn adam() {
    fn check<K: Kernels>(k: K) {
        let step = AdamStep {
            step_size: 0.01,
            beta1: 0.9,
            one_minus_beta1: 0.1,
            beta2: 0.999,
            one_minus_beta2: 0.001,
            rsqrt_correction2: 3.0,
            eps: 1e-8,
            weight_decay: 0.01,
        };
        let f = f64::from;
        for (n, place) in lengths().flat_map(|n| PLACES.map(|place| (n, place))) {
            let what = format!("{} adam of {n}, {place:?}", K::NAME);
            let [mut w, g, mut m, mut v] = state(n, place);
            let [w0, m0, v0] = [&w, &m, &v].map(|x| x.get().to_vec());
            k.adam(step, w.get_mut(), g.get(), m.get_mut(), v.get_mut());
            for i in 0..n {
                let g = f(g.get()[i]) + f(step.weight_decay) * f(w0[i]);
                let m1 = f(step.beta1) * f(m0[i]) + f(step.one_minus_beta1) * g;
                let v1 = f(step.beta2) * f(v0[i]) + f(step.one_minus_beta2) * g * g;
                let want = f(w0[i]) - f(step.step_size) * m1 / (v1.sqrt() * f(step.rsqrt_correction2) + f(step.eps));
                close(m.checked()[i], m1, 2e-7, 1e-7, &what);
                close(v.checked()[i], v1, 4e-7, 1e-8, &what);
                close(w.checked()[i], want, 2e-6, 1e-6, &what);
            }
        }
    }
    on_every_isa!(check);
}

#[test]
fn the_shortest_slice_counts() {
    fn check<K: Kernels>(k: K) {
        let step = SgdStep { lr: 1.0, momentum: 0.5, gain: 1.0, nesterov: false, weight_decay: 0.0 };
        let (mut w, mut b) = ([1.0; 40], [0.0; 33]);
        k.sgd(step, &mut w, &[0.5; 21]);
        assert_eq!((w[20], w[21]), (0.5, 1.0));
        k.sgd_momentum(step, &mut w, &[0.25; 35], &mut b);
        assert_eq!((w[20], w[32], w[33], b[32]), (0.25, 0.75, 1.0, 0.25));
    }
    on_every_isa!(check);
}

const ADAM: AdamStep = AdamStep {
    step_size: 0.01,
    beta1: 0.9,
    one_minus_beta1: 0.1,
    beta2: 0.99,
    one_minus_beta2: 0.01,
    rsqrt_correction2: 3.0,
    eps: 1e-3,
    weight_decay: 0.01,
};

/// Updates slices of the same length, the first of them weights, the second gradients, the rest states.
trait Rule: Copy {
    fn update<K: Kernels>(self, k: K, slices: [&mut [f32]; 5]);
}

/// Checks a rule against the portable kernel, which the tests of the host compare with `f64`.
#[track_caller]
fn as_portable<K: Kernels>(k: K, name: &str, rule: impl Rule) {
    for (n, place) in lengths().flat_map(|n| PLACES.map(|place| (n, place))) {
        let what = format!("{} {name} of {n}, {place:?}", K::NAME);
        let rng = &mut generator(n as u64);
        let [mut w, mut g, mut a, mut b, mut c] = [(); 5].map(|()| randoms(rng, n));
        [&mut a, &mut b, &mut c].into_iter().flatten().for_each(|x| *x *= *x);
        if n > 20 {
            (g[7], b[11], c[13]) = (f32::NAN, f32::NAN, f32::INFINITY);
        }
        let mut got = [&w, &g, &a, &b, &c].map(|x| Memory::new(place, x));
        rule.update(k, got.each_mut().map(Memory::get_mut));
        rule.update(Portable, [&mut w, &mut g, &mut a, &mut b, &mut c]);
        for (got, want) in got.iter().zip([w, g, a, b, c]) {
            for (&got, want) in got.checked().iter().zip(want) {
                if !(got.is_nan() && want.is_nan() || got == want) {
                    close(got, f64::from(want), 2e-6, 1e-6, &what);
                }
            }
        }
    }
}

macro_rules! rules {
    ($($name:ident: |$k:ident, $w:ident, $g:ident, $a:ident, $b:ident, $c:ident| $update:expr;)+) => {$(
        #[test]
        fn $name() {
            #[derive(Clone, Copy)]
            struct Update;
            impl Rule for Update {
                fn update<K: Kernels>(self, $k: K, [$w, $g, $a, $b, $c]: [&mut [f32]; 5]) {
                    let _ = (&$a, &$b, &$c);
                    $update
                }
            }
            fn check<K: Kernels>(k: K) {
                as_portable(k, stringify!($name), Update);
            }
            on_every_isa!(check);
        }
    )+};
}

const RMSPROP: RmsPropStep =
    RmsPropStep { lr: 0.1, alpha: 0.9, one_minus_alpha: 0.1, eps: 1e-2, momentum: 0.5, weight_decay: 0.01 };

rules! {
    adam_amsgrad: |k, w, g, a, b, c| k.adam_amsgrad(ADAM, w, g, a, b, c);
    nadam: |k, w, g, a, b, c| k.nadam(ADAM, 0.02, w, g, a, b);
    adamax: |k, w, g, a, b, c| k.adamax(ADAM, w, g, a, b);
    rmsprop: |k, w, g, a, b, c| k.rmsprop(RMSPROP, w, g, a, &mut [], &mut []);
    rmsprop_centered: |k, w, g, a, b, c| k.rmsprop(RMSPROP, w, g, a, b, &mut []);
    rmsprop_with_momentum: |k, w, g, a, b, c| k.rmsprop(RMSPROP, w, g, a, &mut [], c);
    rmsprop_centered_with_momentum: |k, w, g, a, b, c| k.rmsprop(RMSPROP, w, g, a, b, c);
    adagrad: |k, w, g, a, b, c| {
        k.adagrad(AdagradStep { lr: 0.1, initial: 0.5, eps: 1e-2, weight_decay: 0.01 }, w, g, a);
    };
    adadelta: |k, w, g, a, b, c| {
        let step = AdadeltaStep { lr: 0.5, rho: 0.9, one_minus_rho: 0.1, eps: 1e-2, weight_decay: 0.01 };
        k.adadelta(step, w, g, a, b);
    };
}
