//! Optimisers as the attributes of a case name them.

use serde_json::Value;
use tensorlet::{
    Kernels, Path,
    optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, NAdam, Optimizer, RAdam, RmsProp, Rule, Sgd, States},
};

use super::case::Case;

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

            fn rule(&self) -> Option<Rule> {
                match self {
                    $(Self::$name(optimizer) => optimizer.rule()),+
                }
            }

            fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], mut states: States<'_>) {
                match self {
                    $(Self::$name(optimizer) => optimizer.update(k, w, g, states.first::<$type>())),+
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
