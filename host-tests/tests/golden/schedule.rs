//! Learning rates as the attributes of a case name them.

use serde_json::{Map, Value};
use tensorlet::{
    optim::{
        Sgd,
        schedule::{
            Anneal, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, CyclicMode, ExponentialLR,
            LinearLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, Schedule, StepLR,
        },
    },
    train::{Best, Goal},
};

use super::case::Case;

/// Settings of a schedule.
pub(crate) struct Settings<'a>(pub(crate) &'a Value);

impl Settings<'_> {
    fn number(&self, name: &str, default: f64) -> f32 {
        self.0[name].as_f64().unwrap_or(default) as f32
    }

    pub(crate) fn count(&self, name: &str, default: u32) -> u32 {
        self.0[name].as_f64().map_or(default, |count| count as u32)
    }

    fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or(false)
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn counts(&self, name: &str) -> Vec<u32> {
        let counts = self.0[name].as_array().into_iter().flatten();
        counts.map(|count| count.as_u64().expect("a count") as u32).collect()
    }
}

/// The rates of `steps` steps.
fn rates(steps: u32, schedule: &impl Schedule) -> Vec<f32> {
    (0..steps).map(|step| schedule.lr(step)).collect()
}

/// `[u32; N]` from so many milestones.
fn multi_step(s: &Settings<'_>, lr: f32, steps: u32) -> Vec<f32> {
    use tensorlet::optim::schedule::MultiStepLR;
    let (milestones, gamma) = (s.counts("milestones"), s.number("gamma", 0.1));
    macro_rules! of_length {
        ($($n:literal)*) => {
            match milestones.len() {
                $($n => {
                    let milestones: [u32; $n] = milestones.try_into().expect("so many");
                    rates(steps, &MultiStepLR::new(lr, milestones).gamma(gamma))
                })*
                n => panic!("{n} milestones"),
            }
        };
    }
    of_length!(0 1 2 3 4 5 6 7 8 9 10)
}

/// The rates of a schedule that its kind and settings name, for a base rate.
pub(crate) fn schedule(case: &Case, s: &Settings<'_>, lr: f32, steps: u32) -> Vec<f32> {
    match s.text("kind") {
        "StepLR" => rates(steps, &StepLR::new(lr, s.count("step_size", 1)).gamma(s.number("gamma", 0.1))),
        "MultiStepLR" => multi_step(s, lr, steps),
        "ExponentialLR" => rates(steps, &ExponentialLR::new(lr, s.number("gamma", 0.1))),
        "ConstantLR" => rates(steps, &ConstantLR::new(lr, s.number("factor", 1.0 / 3.0), s.count("total_iters", 5))),
        "LinearLR" => {
            let [start, end] = [s.number("start_factor", 1.0 / 3.0), s.number("end_factor", 1.0)];
            rates(steps, &LinearLR::new(lr, start, end, s.count("total_iters", 5)))
        }
        "PolynomialLR" => rates(steps, &PolynomialLR::new(lr, s.count("total_iters", 5), s.number("power", 1.0))),
        "CosineAnnealingLR" => {
            rates(steps, &CosineAnnealingLR::new(lr, s.count("T_max", 1)).eta_min(s.number("eta_min", 0.0)))
        }
        "CosineAnnealingWarmRestarts" => {
            let restarts = CosineAnnealingWarmRestarts::new(lr, s.count("T_0", 1)).t_mult(s.count("T_mult", 1));
            rates(steps, &restarts.eta_min(s.number("eta_min", 0.0)))
        }
        "OneCycleLR" => {
            let total = s.count("total_steps", s.count("epochs", 0) * s.count("steps_per_epoch", 0));
            let cycle = OneCycleLR::new(s.number("max_lr", lr.into()), total)
                .pct_start(s.number("pct_start", 0.3))
                .div_factor(s.number("div_factor", 25.0))
                .final_div_factor(s.number("final_div_factor", 1e4))
                .anneal_strategy(if s.text("anneal_strategy") == "linear" { Anneal::Linear } else { Anneal::Cos });
            rates(steps, &if s.flag("three_phase") { cycle.three_phase() } else { cycle })
        }
        "CyclicLR" => {
            let up = s.count("step_size_up", 2000);
            let mode = match s.text("mode") {
                "triangular2" => CyclicMode::Triangular2,
                "exp_range" => CyclicMode::ExpRange(s.number("gamma", 1.0)),
                _ => CyclicMode::Triangular,
            };
            let cycle = CyclicLR::new(s.number("base_lr", lr.into()), s.number("max_lr", 0.0), up);
            rates(steps, &cycle.step_size_down(s.count("step_size_down", up)).mode(mode))
        }
        "ReduceLROnPlateau" => plateau(case, s, lr, steps),
        other => panic!("there is no schedule {other}"),
    }
}

/// The rates of a schedule that a text describes as PyTorch's constructor: `StepLR(step_size=3,gamma=0.5)`.
pub(crate) fn described(case: &Case, text: &str, lr: f32, steps: u32) -> Vec<f32> {
    let (kind, settings) = text.split_once('(').unwrap_or((text, ""));
    let pairs = settings.trim_end_matches(')').split(',').filter_map(|pair| pair.split_once('='));
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let mut settings: Map<_, _> = pairs.map(|(name, text)| (name.trim().to_owned(), value(text.trim()))).collect();
    settings.insert("kind".to_owned(), Value::String(kind.trim().to_owned()));
    schedule(case, &Settings(&Value::Object(settings)), lr, steps)
}

/// The rate used at each step, the measure of which is told afterwards.
fn plateau(case: &Case, s: &Settings<'_>, lr: f32, steps: u32) -> Vec<f32> {
    let measures = ["in.metrics", "in.metric", "in.loss", "in.losses", "in.values"];
    let measures = match measures.into_iter().find(|name| case.has(name)) {
        Some(name) => case.floats(name),
        None => {
            let listed = ["metrics", "metric", "losses", "values"].into_iter().find_map(|name| s.0[name].as_array());
            listed.expect("the measure of every step").iter().map(|x| x.as_f64().expect("a number") as f32).collect()
        }
    };
    let best = Best::new(if s.text("mode") == "max" { Goal::Max } else { Goal::Min });
    let threshold = s.number("threshold", 1e-4);
    let mut plateau = ReduceLROnPlateau::new();
    plateau.best = if s.text("threshold_mode") == "abs" { best.absolute(threshold) } else { best.relative(threshold) };
    plateau.patience = s.count("patience", 10);
    plateau.factor = s.number("factor", 0.1);
    plateau.cooldown = s.count("cooldown", 0);
    plateau.min_lr = s.number("min_lr", 0.0);
    plateau.eps = s.number("eps", 1e-8);
    let mut optimizer = Sgd::new(lr);
    let rate = |&measure: &f32| {
        let rate = optimizer.lr;
        plateau.step(&mut optimizer, measure);
        rate
    };
    measures.iter().take(steps as usize).map(rate).collect()
}
