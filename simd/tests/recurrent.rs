//! The gates of recurrent cells of every instruction set against plain `f64` formulas.

mod common;

use common::{Memory, PLACES, Place, close, generator, lengths, randoms};
use tensorlet::kernel::Kernels;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Random slices of so many times the hidden size each.
fn memories<const N: usize>(place: Place, hidden: usize, times: [usize; N]) -> [Memory; N] {
    let mut rng = generator(hidden as u64);
    times.map(|times| Memory::new(place, &randoms(&mut rng, times * hidden)))
}

#[track_caller]
fn compare(got: &Memory, want: impl Fn(usize) -> f64, what: &str) {
    for (i, &got) in got.checked().iter().enumerate() {
        close(got, want(i), 1e-6, 1e-6, format_args!("{what} {i}"));
    }
}

fn each_size(check: impl Fn(usize, Place)) {
    for place in PLACES {
        lengths().filter(|n| *n < 100).for_each(|hidden| check(hidden, place));
    }
}

#[test]
fn lstm() {
    fn check<K: Kernels>(k: K) {
        each_size(|n, place| {
            for sides in [4, 0] {
                let [mut gates, side, mut c, mut h] = memories(place, n, [4, sides, 1, 1]);
                let before: Vec<f64> = c.get().iter().map(|&c| f64::from(c)).collect();
                let sums: Vec<f64> = gates.get().iter().map(|&x| f64::from(x)).collect();
                let sums: Vec<f64> = sums
                    .iter()
                    .enumerate()
                    .map(|(i, x)| x + side.get().get(i).map_or(0.0, |&s| f64::from(s)))
                    .collect();
                let gate = |i: usize| if i / n == 2 { sums[i].tanh() } else { sigmoid(sums[i]) };
                let next = |j: usize| gate(n + j) * before[j] + gate(j) * gate(2 * n + j);
                k.lstm_gates(gates.get_mut(), side.get(), c.get_mut(), h.get_mut());
                compare(&gates, gate, "gates");
                compare(&c, next, "c");
                compare(&h, |j| gate(3 * n + j) * next(j).tanh(), "h");
            }

            let [mut gates, before, tanh_c, dh, mut dc] = memories(place, n, [4, 1, 1, 1, 1]);
            let old = [&gates, &before, &tanh_c, &dh, &dc].map(|x| x.get().to_vec());
            let [g, c, t, h, d] = [0, 1, 2, 3, 4].map(|part| {
                let part = &old[part];
                move |i: usize| f64::from(part[i])
            });
            let d = |j: usize| d(j) + h(j) * g(3 * n + j) * (1.0 - t(j) * t(j));
            let slope = |i: usize| g(i) * (1.0 - g(i));
            k.lstm_gates_backward(gates.get_mut(), before.get(), tanh_c.get(), dh.get(), dc.get_mut());
            let derivative = |i: usize| {
                let j = i % n;
                match i / n {
                    0 => d(j) * g(2 * n + j) * slope(i),
                    1 => d(j) * c(j) * slope(i),
                    2 => d(j) * g(j) * (1.0 - g(i) * g(i)),
                    _ => h(j) * t(j) * slope(i),
                }
            };
            compare(&gates, derivative, "derivatives");
            compare(&dc, |j| d(j) * g(n + j), "dc");
        });
    }
    on_every_isa!(check);
}

#[test]
fn gru() {
    fn check<K: Kernels>(k: K) {
        each_size(|n, place| {
            let [mut gates, side, mut h] = memories(place, n, [3, 3, 1]);
            let old = [&gates, &side, &h].map(|x| x.get().to_vec());
            let [a, b, before] = [0, 1, 2].map(|part| {
                let part = &old[part];
                move |i: usize| f64::from(part[i])
            });
            let gate = |i: usize| match i / n {
                2 => (a(i) + sigmoid(a(i - 2 * n) + b(i - 2 * n)) * b(i)).tanh(),
                _ => sigmoid(a(i) + b(i)),
            };
            k.gru_gates(gates.get_mut(), side.get(), h.get_mut());
            compare(&gates, gate, "gates");
            compare(&h, |j| gate(2 * n + j) + gate(n + j) * (before(j) - gate(2 * n + j)), "h");

            let [mut gates, mut side_new, before, mut dh] = memories(place, n, [3, 1, 1, 1]);
            let old = [&gates, &side_new, &before, &dh].map(|x| x.get().to_vec());
            let [g, b, h, d] = [0, 1, 2, 3].map(|part| {
                let part = &old[part];
                move |i: usize| f64::from(part[i])
            });
            let dn = |j: usize| d(j) * (1.0 - g(n + j)) * (1.0 - g(2 * n + j) * g(2 * n + j));
            let slope = |i: usize| g(i) * (1.0 - g(i));
            k.gru_gates_backward(gates.get_mut(), side_new.get_mut(), before.get(), dh.get_mut());
            let derivative = |i: usize| {
                let j = i % n;
                match i / n {
                    0 => dn(j) * b(j) * slope(i),
                    1 => d(j) * (h(j) - g(2 * n + j)) * slope(i),
                    _ => dn(j),
                }
            };
            compare(&gates, derivative, "derivatives");
            compare(&side_new, |j| dn(j) * g(j), "side");
            compare(&dh, |j| d(j) * g(n + j), "dh");
        });
    }
    on_every_isa!(check);
}

#[test]
fn slices_that_contradict_each_other_do_as_the_portable_kernels() {
    fn check<K: Kernels>(k: K) {
        let (mut gates, mut c, mut h) = ([0.0; 10], [1.0; 3], [0.0; 2]);
        k.lstm_gates(&mut gates, &[1.0; 5], &mut c, &mut h);
        k.lstm_gates_backward(&mut gates, &[1.0], &[1.0; 3], &[1.0; 3], &mut c);
        k.gru_gates(&mut gates, &[1.0; 5], &mut c);
        k.gru_gates_backward(&mut gates, &mut h, &[1.0; 3], &mut c);
    }
    on_every_isa!(check);
}
