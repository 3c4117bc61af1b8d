//! Optimisers, step by step.

use tensorlet::{
    Kernels,
    kernel::{AdagradStep, AdamStep, SgdStep},
    optim::{Optimizer, States},
};

use crate::{Adapter, case::Case, golden::Any};

/// Steps with given gradients: `in.p0`, `in.g0[steps]` and so on give `out.p0[steps]`.
pub(crate) struct Steps;

impl Adapter for Steps {
    fn run<K: Kernels>(k: K, case: &Case) {
        steps(k, case, Any::of(case));
    }
}

fn steps<K: Kernels, O: Optimizer>(k: K, case: &Case, new: O) {
    for p in 0.. {
        if !case.has(&format!("in.p{p}")) {
            break;
        }
        let mut optimizer = new;
        let (mut w, gradients) = (case.floats(&format!("in.p{p}")), case.floats(&format!("in.g{p}")));
        let mut state = vec![0.0; O::STATES * w.len()];
        let mut steps = Vec::new();
        for gradient in gradients.chunks(w.len()) {
            optimizer.advance();
            optimizer.update(k, &mut w, gradient, States::new::<O>(&mut state));
            steps.extend_from_slice(&w);
        }
        case.compare(&format!("out.p{p}"), &steps);
    }
}

/// ONNX's `Momentum`, `Adam` and `Adagrad`: one step from given states, for any number of tensors.
/// Inputs: rate, number of steps before, weights, gradients, and each state; outputs: weights and states.
pub(crate) struct OnnxStep;

impl Adapter for OnnxStep {
    fn run<K: Kernels>(k: K, case: &Case) {
        let number = |name: &str, default: f64| case.number(name).unwrap_or(default);
        let scalar = |i: usize| case.doubles(&case.input(i).expect("a scalar"))[0];
        let (rate, steps) = (scalar(0), scalar(1));
        let weight_decay = number("norm_coefficient", 0.0) as f32;
        let names: Vec<String> = (2..).map_while(|i| case.input(i)).collect();
        let states = (0..).take_while(|&i| case.output(i).is_some()).count();
        // As many outputs as inputs but for the gradients.
        let tensors = names.len() - states;
        for tensor in 0..tensors {
            let part = |i: usize| case.floats(&names[i * tensors + tensor]);
            let (mut w, g) = (part(0), part(1));
            let mut kept: Vec<Vec<f32>> = (2..names.len() / tensors).map(part).collect();
            let (alpha, beta) = (number("alpha", 0.9), number("beta", 0.999));
            match &mut kept[..] {
                [v] if case.text("mode").is_some() => {
                    let gain = if steps > 0.0 { beta as f32 } else { 1.0 };
                    let nesterov = case.text("mode") == Some("nesterov");
                    let step = SgdStep { lr: rate as f32, momentum: alpha as f32, gain, nesterov, weight_decay };
                    k.sgd_momentum(step, &mut w, &g, v);
                }
                [h] => {
                    let lr = (rate / (1.0 + steps * number("decay_factor", 0.0))) as f32;
                    let eps = number("epsilon", 1e-6) as f32;
                    k.adagrad(AdagradStep { lr, initial: 0.0, eps, weight_decay }, &mut w, &g, h);
                }
                [v, h] => {
                    let corrected = (1.0 - beta.powf(steps)).sqrt() / (1.0 - alpha.powf(steps));
                    let step = AdamStep {
                        step_size: (if steps > 0.0 { rate * corrected } else { rate }) as f32,
                        beta1: alpha as f32,
                        one_minus_beta1: (1.0 - alpha) as f32,
                        beta2: beta as f32,
                        one_minus_beta2: (1.0 - beta) as f32,
                        rsqrt_correction2: 1.0,
                        eps: number("epsilon", 1e-6) as f32,
                        weight_decay,
                    };
                    k.adam(step, &mut w, &g, v, h);
                    k.scale(&mut w, (1.0 - number("norm_coefficient_post", 0.0)) as f32);
                }
                _ => panic!("no optimiser keeps so much"),
            }
            for (i, values) in std::iter::once(&w).chain(&kept).enumerate() {
                case.compare(&case.output(i * tensors + tensor).expect("an output"), values);
            }
        }
    }
}
