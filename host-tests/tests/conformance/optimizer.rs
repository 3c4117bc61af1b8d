//! Optimisers as the attributes of a case name them.

use serde_json::Value;
use tensorlet::{
    Kernels, Path,
    kernel::{AdagradStep, AdamStep, SgdStep},
    optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, NAdam, Optimizer, RAdam, RmsProp, Sgd, States},
};

use crate::{Adapter, case::Case};

/// Any optimiser.
macro_rules! any {
    ($($name:ident: $type:ty),+ $(,)?) => {
        /// One of all optimisers, so that a network needs one instantiation for all of them. Its memory
        /// is that of the largest.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Any {
            $($name($type)),+
        }

        impl Optimizer for Any {
            const STATES: usize = 3;

            fn lr(&self) -> f32 {
                match self {
                    $(Self::$name(optimizer) => optimizer.lr()),+
                }
            }

            fn set_lr(&mut self, lr: f32) {
                match self {
                    $(Self::$name(optimizer) => optimizer.set_lr(lr)),+
                }
            }

            fn advance(&mut self) {
                match self {
                    $(Self::$name(optimizer) => optimizer.advance()),+
                }
            }

            fn of(&self, parameter: Path<'_>) -> Self {
                match self {
                    $(Self::$name(optimizer) => Self::$name(optimizer.of(parameter))),+
                }
            }

            fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], mut states: States<'_>) {
                match self {
                    $(Self::$name(optimizer) => optimizer.update(k, w, g, states.first::<$type>())),+
                }
            }
        }

        impl Adapter for Steps {
            fn run<K: Kernels>(k: K, case: &Case) {
                match Any::of(case) {
                    $(Any::$name(optimizer) => steps(k, case, optimizer)),+
                }
            }
        }
    };
}

any! {
    Sgd: Sgd,
    Momentum: Sgd<true>,
    Adam: Adam,
    AmsGrad: Adam<true>,
    AdamW: AdamW,
    AdamWAmsGrad: AdamW<true>,
    Adamax: Adamax,
    NAdam: NAdam,
    RAdam: RAdam,
    RmsProp: RmsProp,
    RmsPropCentered: RmsProp<true>,
    RmsPropMomentum: RmsProp<false, true>,
    RmsPropCenteredMomentum: RmsProp<true, true>,
    Adagrad: Adagrad,
    Adadelta: Adadelta,
}

/// Applies a setting where the case has it.
macro_rules! set {
    ($optimizer:ident, $case:ident: $($setting:ident),* $(,)?) => {
        $(let $optimizer = match $case.number(stringify!($setting)) {
            Some(value) => $optimizer.$setting(value as f32),
            None => $optimizer,
        };)*
    };
}

/// The same for what every optimiser has.
macro_rules! common {
    ($optimizer:ident, $case:ident) => {
        set!($optimizer, $case: weight_decay);
        let $optimizer = if $case.flag("maximize") { $optimizer.maximize() } else { $optimizer };
    };
}

/// The same for Adam and its relatives.
macro_rules! moments {
    ($optimizer:ident, $case:ident) => {
        set!($optimizer, $case: eps);
        let $optimizer = match &$case.attributes()["betas"] {
            Value::Array(betas) => {
                let beta = |i: usize| betas[i].as_f64().expect("a number");
                $optimizer.betas(beta(0), beta(1))
            }
            _ => $optimizer,
        };
        common!($optimizer, $case);
    };
}

impl Any {
    /// The optimiser that the case's attributes name, with PyTorch's defaults.
    pub(crate) fn of(case: &Case) -> Self {
        let name = case.text("optimizer").expect("the case names an optimiser").to_lowercase();
        let lr = |default: f64| case.number("lr").unwrap_or(default) as f32;
        let momentum = case.number("momentum").unwrap_or(0.0) as f32;
        let (amsgrad, centered) = (case.flag("amsgrad"), case.flag("centered"));
        let decoupled = case.flag("decoupled_weight_decay");
        match name.as_str() {
            "sgd" | "momentum" | "nesterov" if momentum == 0.0 => {
                let sgd = Sgd::new(lr(1e-3));
                common!(sgd, case);
                Self::Sgd(sgd)
            }
            "sgd" | "momentum" | "nesterov" => {
                let sgd = Sgd::with_momentum(lr(1e-3), momentum);
                set!(sgd, case: dampening);
                let sgd = if case.flag("nesterov") || name == "nesterov" { sgd.nesterov() } else { sgd };
                common!(sgd, case);
                Self::Momentum(sgd)
            }
            "adam" if !decoupled => {
                let adam = Adam::new(lr(1e-3));
                moments!(adam, case);
                if amsgrad { Self::AmsGrad(adam.amsgrad()) } else { Self::Adam(adam) }
            }
            "adam" | "adamw" => {
                let adam = AdamW::new(lr(1e-3));
                let adam = if name == "adam" { adam.weight_decay(0.0) } else { adam };
                moments!(adam, case);
                if amsgrad { Self::AdamWAmsGrad(adam.amsgrad()) } else { Self::AdamW(adam) }
            }
            "adamax" => {
                let adamax = Adamax::new(lr(2e-3));
                moments!(adamax, case);
                Self::Adamax(adamax)
            }
            "nadam" => {
                let nadam = NAdam::new(lr(2e-3));
                moments!(nadam, case);
                set!(nadam, case: momentum_decay);
                let decay = case.number("weight_decay").unwrap_or(0.0) as f32;
                Self::NAdam(if decoupled { nadam.decoupled_weight_decay(decay) } else { nadam })
            }
            "radam" => {
                let radam = RAdam::new(lr(1e-3));
                moments!(radam, case);
                let decay = case.number("weight_decay").unwrap_or(0.0) as f32;
                Self::RAdam(if decoupled { radam.decoupled_weight_decay(decay) } else { radam })
            }
            "rmsprop" => {
                let rmsprop = RmsProp::new(lr(1e-2));
                set!(rmsprop, case: eps);
                let rmsprop = rmsprop.alpha(case.number("alpha").unwrap_or(0.99));
                common!(rmsprop, case);
                match (centered, momentum > 0.0) {
                    (false, false) => Self::RmsProp(rmsprop),
                    (true, false) => Self::RmsPropCentered(rmsprop.centered()),
                    (false, true) => Self::RmsPropMomentum(rmsprop.momentum(momentum)),
                    (true, true) => Self::RmsPropCenteredMomentum(rmsprop.centered().momentum(momentum)),
                }
            }
            "adagrad" => {
                let adagrad = Adagrad::new(lr(1e-2));
                set!(adagrad, case: eps, lr_decay, initial_accumulator_value);
                common!(adagrad, case);
                Self::Adagrad(adagrad)
            }
            "adadelta" => {
                let adadelta = Adadelta::new(lr(1.0));
                set!(adadelta, case: eps);
                let adadelta = adadelta.rho(case.number("rho").unwrap_or(0.9));
                common!(adadelta, case);
                Self::Adadelta(adadelta)
            }
            other => panic!("there is no optimiser {other}"),
        }
    }
}

/// Steps with given gradients: `in.p0`, `in.g0[steps]` and so on give `out.p0[steps]`.
pub(crate) struct Steps;

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
