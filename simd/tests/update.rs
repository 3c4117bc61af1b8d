//! The optimisers' updates of every instruction set against `f64`.

mod common;

use common::{Memory, PLACES, Place, close, generator, lengths, randoms};
use tensorlet::kernel::{AdamStep, Kernels, SgdStep};

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
