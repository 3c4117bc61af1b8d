//! Steps of optimisers.

use proptest::{collection::vec, prelude::*};
use tensorlet::kernel::{AdamStep, Kernels, SgdStep};
use tensorlet_host::{
    framed::Framed,
    reference::{update, wide},
    tolerance,
};

use super::property::{Outcome, any_length, numbers, property, worst};

/// Weights and as many of each of three more.
fn weights() -> BoxedStrategy<[Vec<f32>; 4]> {
    any_length()
        .prop_flat_map(|w| {
            let n = w.len();
            (Just(w), numbers(n), numbers(n), vec(0.0_f32..4.0, n))
        })
        .prop_map(|(w, g, m, v)| [w, g, m, v])
        .boxed()
}

fn step() -> BoxedStrategy<SgdStep> {
    (1e-3_f32..1.0, 0.0_f32..0.99, prop_oneof![Just(0.0_f32), 1e-4_f32..0.5])
        .prop_map(|(lr, momentum, weight_decay)| SgdStep { lr, momentum, weight_decay })
        .boxed()
}

fn reference(step: SgdStep) -> update::Sgd {
    update::Sgd { lr: step.lr.into(), momentum: step.momentum.into(), weight_decay: step.weight_decay.into() }
}

/// The same formula with every term by its absolute value.
fn magnitude(step: SgdStep) -> update::Sgd {
    update::Sgd { lr: -f64::from(step.lr), ..reference(step) }
}

pub(crate) fn sgd<T: Kernels>(k: T) -> Outcome {
    property((weights(), step()).boxed(), &|([w, g, ..], step)| {
        let (mut got, fg) = (Framed::new(&w), Framed::new(&g));
        k.sgd(step, got.get_mut(), fg.get());
        let each =
            |f: &dyn Fn(f64, f64) -> f64| wide(&w).into_iter().zip(wide(&g)).map(|(w, g)| f(w, g)).collect::<Vec<_>>();
        tolerance::of("sgd").compare(
            got.get(),
            &each(&|w, g| reference(step).plain(w, g)),
            &each(&|w, g| magnitude(step).plain(w.abs(), g.abs())),
        )
    })
}

pub(crate) fn sgd_momentum<T: Kernels>(k: T) -> Outcome {
    property((weights(), step()).boxed(), &|([w, g, b, _], step)| {
        let (mut got_w, fg, mut got_b) = (Framed::new(&w), Framed::new(&g), Framed::new(&b));
        k.sgd_momentum(step, got_w.get_mut(), fg.get(), got_b.get_mut());
        let each = |i: usize, f: &dyn Fn(f64, f64, f64) -> [f64; 2]| {
            wide(&w).into_iter().zip(wide(&g)).zip(wide(&b)).map(|((w, g), b)| f(w, g, b)[i]).collect::<Vec<_>>()
        };
        let value = |w, g, b| reference(step).momentum(w, g, b);
        let size = |w: f64, g: f64, b: f64| magnitude(step).momentum(w.abs(), g.abs(), b.abs());
        let row = tolerance::of("sgd_momentum");
        worst([
            row.compare(got_w.get(), &each(0, &value), &each(0, &size)),
            row.compare(got_b.get(), &each(1, &value), &each(1, &size)),
        ])
    })
}

/// The kernel's numbers for step `t`, and the reference with the same rounded numbers.
fn adam_step() -> BoxedStrategy<(AdamStep, i32, update::Adam)> {
    let decay = prop_oneof![Just(0.0_f32), 1e-4_f32..0.5];
    (1e-3_f32..0.1, 0.5_f32..0.95, 0.9_f32..0.999, decay, 1..100)
        .prop_map(|(lr, beta1, beta2, weight_decay, t)| {
            let adam = update::Adam {
                lr: lr.into(),
                betas: [beta1.into(), beta2.into()],
                eps: f64::from(1e-6_f32),
                weight_decay: weight_decay.into(),
            };
            let correction = |beta: f32| 1.0 - f64::from(beta).powi(t);
            let step = AdamStep {
                step_size: (adam.lr / correction(beta1)) as f32,
                beta1,
                one_minus_beta1: (1.0 - f64::from(beta1)) as f32,
                beta2,
                one_minus_beta2: (1.0 - f64::from(beta2)) as f32,
                rsqrt_correction2: correction(beta2).sqrt().recip() as f32,
                eps: 1e-6,
                weight_decay,
            };
            (step, t, adam)
        })
        .boxed()
}

pub(crate) fn adam<T: Kernels>(k: T) -> Outcome {
    property((weights(), adam_step()).boxed(), &|([w, g, m, v], (step, t, adam))| {
        let fg = Framed::new(&g);
        let [mut got_w, mut got_m, mut got_v] = [&w, &m, &v].map(|x| Framed::new(x));
        k.adam(step, got_w.get_mut(), fg.get(), got_m.get_mut(), got_v.get_mut());

        let (mut value, mut size) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
        for i in 0..w.len() {
            let [w, g, m, v] = [&w, &g, &m, &v].map(|x| f64::from(x[i]));
            let after = adam.step(t, w, g, [m, v]);
            // Terms by absolute value. The step is the mean by the root of v: it can be off by what
            // the mean can be off.
            let [_, mean, square] = adam.step(t, w.abs(), g.abs(), [m.abs(), v]);
            let moved = adam.lr * mean
                / (1.0 - adam.betas[0].powi(t))
                / ((after[2] / (1.0 - adam.betas[1].powi(t))).sqrt() + adam.eps);
            for (to, x) in value.iter_mut().zip(after) {
                to.push(x);
            }
            for (to, x) in size.iter_mut().zip([w.abs() + moved * (square / after[2]).sqrt(), mean, square]) {
                to.push(x);
            }
        }
        let row = tolerance::of("adam");
        worst([got_w, got_m, got_v].iter().enumerate().map(|(i, got)| row.compare(got.get(), &value[i], &size[i])))
    })
}
