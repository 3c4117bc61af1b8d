//! Learning rates, and clipping of gradients.

use tensorlet::{
    Kernels,
    optim::{clip_grad_norm, clip_grad_value, grad_clipping},
};

use crate::{
    Adapter,
    case::Case,
    golden::schedule::{Settings, schedule},
};

/// `out.lr[t]`, the rate used at step `t`.
pub(crate) struct Rates;

impl Adapter for Rates {
    fn run<K: Kernels>(_: K, case: &Case) {
        let settings = Settings(case.attributes());
        let lr = case.number("lr").expect("a base rate") as f32;
        let rates = schedule(case, &settings, lr, settings.count("steps", 0));
        case.compare("out.lr", &rates);
    }
}

/// Tensors `in.g0`, `in.g1` … clipped together: `out.g0`, `out.g1` …
fn clipped(case: &Case, clip: impl FnOnce(&mut [f32])) {
    let parts: Vec<Vec<f32>> =
        (0..).map(|i| format!("in.g{i}")).take_while(|name| case.has(name)).map(|name| case.floats(&name)).collect();
    let mut all = parts.concat();
    clip(&mut all);
    let mut rest = &all[..];
    for (i, part) in parts.iter().enumerate() {
        let (clipped, behind) = rest.split_at(part.len());
        case.compare(&format!("out.g{i}"), clipped);
        rest = behind;
    }
}

/// Clipping by norm: PyTorch's rule with `max_norm`, "Dive into Deep Learning"'s with `theta`.
pub(crate) struct ClipNorm;

impl Adapter for ClipNorm {
    fn run<K: Kernels>(k: K, case: &Case) {
        clipped(case, |gradients| {
            let norm = match (case.number("max_norm"), case.number("theta")) {
                (Some(norm), _) => clip_grad_norm(k, gradients, norm as f32),
                (None, theta) => grad_clipping(k, gradients, theta.expect("a largest norm") as f32),
            };
            if case.has("out.norm") {
                case.compare("out.norm", &[norm]);
            }
        });
    }
}

/// Clipping by value.
pub(crate) struct ClipValue;

impl Adapter for ClipValue {
    fn run<K: Kernels>(_: K, case: &Case) {
        clipped(case, |gradients| clip_grad_value(gradients, case.number("clip_value").expect("a limit") as f32));
    }
}
