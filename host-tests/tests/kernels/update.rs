//! Steps of optimisers.

use proptest::{collection::vec, prelude::*};
use tensorlet::kernel::{AdadeltaStep, AdagradStep, AdamStep, Kernels, RmsPropStep, SgdStep};
use tensorlet_host::{
    framed::Framed,
    reference::{rounded::Rounded, update},
    tolerance,
};

use super::property::{Outcome, any_length, numbers, property, worst};

/// Weights, gradients, a signed state, and two that are not negative.
type Words = [Vec<f32>; 5];

fn words() -> BoxedStrategy<Words> {
    any_length()
        .prop_flat_map(|w| {
            let n = w.len();
            (Just(w), numbers(n), numbers(n), vec(0.0_f32..4.0, n), vec(0.0_f32..4.0, n))
        })
        .prop_map(|(w, g, m, v, u)| [w, g, m, v, u])
        .boxed()
}

/// A step on weights and states, with gradients.
type Kernel<'a, S, const WORDS: usize> = dyn Fn(S, [&mut [f32]; WORDS], &[f32]) + 'a;
/// The same of a single weight.
type Formula<'a, S, const WORDS: usize> = dyn Fn(S, [Rounded; WORDS], Rounded) -> [Rounded; WORDS] + 'a;

/// Runs a step on `STATES` words, whose places among [`Words`] are given after that of the weight, and
/// compares each with what the reference makes of it.
fn check<S: Copy + std::fmt::Debug + 'static, const WORDS: usize>(
    row: &str,
    steps: BoxedStrategy<S>,
    places: [usize; WORDS],
    kernel: &Kernel<'_, S, WORDS>,
    reference: &Formula<'_, S, WORDS>,
) -> Outcome {
    property((words(), steps).boxed(), &|(words, step)| {
        let gradient = Framed::new(&words[1]);
        let mut got = places.map(|place| Framed::new(&words[place]));
        kernel(step, got.each_mut().map(Framed::get_mut), gradient.get());
        let expected: Vec<[Rounded; WORDS]> = (0..words[0].len())
            .map(|i| reference(step, places.map(|place| words[place][i].into()), words[1][i].into()))
            .collect();
        let row = tolerance::of(row);
        worst(got.iter().enumerate().map(|(word, got)| {
            let part = |f: fn(&Rounded) -> f64| expected.iter().map(|words| f(&words[word])).collect::<Vec<_>>();
            row.compare(got.get(), &part(|x| x.value), &part(|x| x.error))
        }))
    })
}

fn decay() -> BoxedStrategy<f32> {
    prop_oneof![Just(0.0_f32), 1e-4_f32..0.5].boxed()
}

fn sgd_step() -> BoxedStrategy<SgdStep> {
    (1e-3_f32..1.0, 0.0_f32..0.99, prop_oneof![Just(1.0_f32), 0.1_f32..1.0], any::<bool>(), decay())
        .prop_map(|(lr, momentum, gain, nesterov, weight_decay)| SgdStep { lr, momentum, gain, nesterov, weight_decay })
        .boxed()
}

pub(crate) fn sgd<T: Kernels>(k: T) -> Outcome {
    check("sgd", sgd_step(), [0], &|step, [w], g| k.sgd(step, w, g), &|step, [w], g| update::sgd(&step, w, g))
}

pub(crate) fn sgd_momentum<T: Kernels>(k: T) -> Outcome {
    check("sgd_momentum", sgd_step(), [0, 2], &|step, [w, b], g| k.sgd_momentum(step, w, g, b), &|step, [w, b], g| {
        update::sgd_momentum(&step, w, g, b)
    })
}

fn adam_step() -> BoxedStrategy<AdamStep> {
    (1e-3_f32..0.1, 0.5_f32..0.95, 0.9_f32..0.999, 1.0_f32..20.0, decay())
        .prop_map(|(step_size, beta1, beta2, rsqrt_correction2, weight_decay)| AdamStep {
            step_size,
            beta1,
            one_minus_beta1: 1.0 - beta1,
            beta2,
            one_minus_beta2: 1.0 - beta2,
            rsqrt_correction2,
            eps: 1e-6,
            weight_decay,
        })
        .boxed()
}

pub(crate) fn adam<T: Kernels>(k: T) -> Outcome {
    check("adam", adam_step(), [0, 2, 3], &|step, [w, m, v], g| k.adam(step, w, g, m, v), &|step, [w, m, v], g| {
        update::adam(&step, w, g, [m, v])
    })
}

pub(crate) fn adam_amsgrad<T: Kernels>(k: T) -> Outcome {
    check(
        "adam_amsgrad",
        adam_step(),
        [0, 2, 3, 4],
        &|step, [w, m, v, largest], g| k.adam_amsgrad(step, w, g, m, v, largest),
        &|step, [w, m, v, largest], g| update::adam_amsgrad(&step, w, g, [m, v, largest]),
    )
}

pub(crate) fn nadam<T: Kernels>(k: T) -> Outcome {
    check(
        "nadam",
        (adam_step(), 1e-3_f32..0.1).boxed(),
        [0, 2, 3],
        &|(step, size), [w, m, v], g| k.nadam(step, size, w, g, m, v),
        &|(step, size), [w, m, v], g| update::nadam(&step, size, w, g, [m, v]),
    )
}

pub(crate) fn adamax<T: Kernels>(k: T) -> Outcome {
    check("adamax", adam_step(), [0, 2, 3], &|step, [w, m, u], g| k.adamax(step, w, g, m, u), &|step, [w, m, u], g| {
        update::adamax(&step, w, g, [m, u])
    })
}

fn rmsprop_step() -> BoxedStrategy<RmsPropStep> {
    (1e-3_f32..0.1, 0.5_f32..0.999, 0.0_f32..0.95, decay())
        .prop_map(|(lr, alpha, momentum, weight_decay)| RmsPropStep {
            lr,
            alpha,
            one_minus_alpha: 1.0 - alpha,
            eps: 1e-6,
            momentum,
            weight_decay,
        })
        .boxed()
}

/// All four forms.
pub(crate) fn rmsprop<T: Kernels>(k: T) -> Outcome {
    let plain = check(
        "rmsprop",
        rmsprop_step(),
        [0, 3],
        &|step, [w, q], g| k.rmsprop(step, w, g, q, &mut [], &mut []),
        &|step, [w, q], g| update::rmsprop(&step, w, g, q),
    );
    let centered = check(
        "rmsprop",
        rmsprop_step(),
        [0, 3, 2],
        &|step, [w, q, a], g| k.rmsprop(step, w, g, q, a, &mut []),
        &|step, [w, q, a], g| update::rmsprop_centered(&step, w, g, [q, a]),
    );
    let momentum = check(
        "rmsprop",
        rmsprop_step(),
        [0, 3, 2],
        &|step, [w, q, b], g| k.rmsprop(step, w, g, q, &mut [], b),
        &|step, [w, q, b], g| update::rmsprop_momentum(&step, w, g, [q, b]),
    );
    let both = check(
        "rmsprop",
        rmsprop_step(),
        [0, 3, 2, 4],
        &|step, [w, q, a, b], g| k.rmsprop(step, w, g, q, a, b),
        &|step, [w, q, a, b], g| update::rmsprop_centered_momentum(&step, w, g, [q, a, b]),
    );
    worst([plain, centered, momentum, both])
}

pub(crate) fn adagrad<T: Kernels>(k: T) -> Outcome {
    let steps = (1e-3_f32..0.1, prop_oneof![Just(0.0_f32), 0.0_f32..2.0], decay())
        .prop_map(|(lr, initial, weight_decay)| AdagradStep { lr, initial, eps: 1e-8, weight_decay })
        .boxed();
    check("adagrad", steps, [0, 3], &|step, [w, s], g| k.adagrad(step, w, g, s), &|step, [w, s], g| {
        update::adagrad(&step, w, g, s)
    })
}

pub(crate) fn adadelta<T: Kernels>(k: T) -> Outcome {
    let steps = (0.1_f32..1.0, 0.5_f32..0.999, 1e-6_f32..1e-2, decay())
        .prop_map(|(lr, rho, eps, weight_decay)| AdadeltaStep { lr, rho, one_minus_rho: 1.0 - rho, eps, weight_decay })
        .boxed();
    check("adadelta", steps, [0, 3, 4], &|step, [w, q, d], g| k.adadelta(step, w, g, q, d), &|step, [w, q, d], g| {
        update::adadelta(&step, w, g, [q, d])
    })
}
