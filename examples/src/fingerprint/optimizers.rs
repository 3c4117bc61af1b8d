//! Optimisers, schedules, clipping, early stopping.

use tensorlet::{
    Error, FusedTrainer, Linear, Module, Path, Portable, Trainer,
    loss::MseLoss,
    optim::{
        self, Adadelta, Adagrad, Adam, AdamW, Adamax, Groups, NAdam, Optimizer, RAdam, RmsProp, Sgd,
        schedule::{
            Anneal, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, CyclicMode, ExponentialLR,
            LambdaLR, LinearLR, MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, Schedule, StepLR,
        },
    },
    train::{Best, EarlyStopping, Goal, Progress},
};

use super::{Fingerprint, any, any_mut, argument::generator, cases::cases};

type Net = Linear<3, 2>;
type X = [[f32; 3]; 4];
type T = [[f32; 2]; 4];

/// Three steps in each mode.
fn steps<O: Optimizer>(optimizer: O, x: &[[f32; 3]], targets: &[[f32; 2]]) -> Result<u32, Error> {
    let (mut print, mut net, mut words) = (Fingerprint::new(), Net::ZERO, [0.0; 100]);
    net.init(&mut generator());
    let mut trainer = Trainer::new(optimizer, any_mut(&mut words))?;
    for _ in 0..3 {
        print.add(&trainer.step(Portable, &mut net, &MseLoss, x, targets)?);
    }
    let mut trainer = FusedTrainer::new(optimizer, any_mut(&mut words))?;
    for _ in 0..3 {
        print.add(&trainer.step(Portable, &mut net, &MseLoss, x, targets)?);
    }
    net.parameters(Path::ROOT, &mut print);
    Ok(print.value())
}

/// The rates of the first steps, and of one far away.
fn rates(schedule: impl Schedule) -> u32 {
    let (mut print, mut optimizer) = (Fingerprint::new(), Sgd::new(0.0));
    for step in (0..24).chain([1_000_000]) {
        schedule.set(&mut optimizer, step);
        print.add(&optimizer.lr());
    }
    print.value()
}

cases! {
    sgd(lr: f32 = 0.01..0.1, x: X, t: T) steps(Sgd::new(*lr).weight_decay(0.1), any(x), any(t));
    sgd_momentum(lr: f32 = 0.01..0.1, x: X, t: T) steps(Sgd::with_momentum(*lr, 0.9).dampening(0.1), any(x), any(t));
    sgd_nesterov(lr: f32 = 0.01..0.1, x: X, t: T) steps(Sgd::with_momentum(*lr, 0.9).nesterov().maximize(), any(x), any(t));
    adam(lr: f32 = 0.01..0.1, x: X, t: T) steps(Adam::new(*lr).weight_decay(0.1), any(x), any(t));
    adam_amsgrad(lr: f32 = 0.01..0.1, x: X, t: T) steps(Adam::new(*lr).amsgrad(), any(x), any(t));
    adamw(lr: f32 = 0.01..0.1, x: X, t: T) steps(AdamW::new(*lr).betas(0.8, 0.95), any(x), any(t));
    adamax(lr: f32 = 0.01..0.1, x: X, t: T) steps(Adamax::new(*lr).weight_decay(0.1), any(x), any(t));
    nadam(lr: f32 = 0.01..0.1, x: X, t: T) steps(NAdam::new(*lr).decoupled_weight_decay(0.1), any(x), any(t));
    radam(lr: f32 = 0.01..0.1, x: X, t: T) steps(RAdam::new(*lr).weight_decay(0.1), any(x), any(t));
    rmsprop(lr: f32 = 0.01..0.1, x: X, t: T) steps(RmsProp::new(*lr), any(x), any(t));
    rmsprop_centered(lr: f32 = 0.01..0.1, x: X, t: T) steps(RmsProp::new(*lr).centered().momentum(0.9), any(x), any(t));
    adagrad(lr: f32 = 0.01..0.1, x: X, t: T) steps(Adagrad::new(*lr).lr_decay(0.1), any(x), any(t));
    adadelta(lr: f32 = 0.1..1.0, x: X, t: T) steps(Adadelta::new(*lr).rho(0.8), any(x), any(t));
    groups(lr: f32 = 0.01..0.1, x: X, t: T) {
        let group = |path: Path<'_>| usize::from(path.name() == "bias");
        steps(Groups::new([AdamW::new(*lr), AdamW::new(0.5 * lr)], group as fn(Path<'_>) -> usize), any(x), any(t))
    };

    clip_grad_norm(limit: f32 => g: [f32; 13]) optim::clip_grad_norm(Portable, any_mut(g), *limit);
    grad_clipping(limit: f32 => g: [f32; 13]) optim::grad_clipping(Portable, any_mut(g), *limit);
    clip_grad_value(limit: f32 = 0.5..1.0 => g: [f32; 13]) optim::clip_grad_value(any_mut(g), *limit);

    step_lr(lr: f32, n: u8) rates(StepLR::new(*lr, u32::from(*n)).gamma(0.7));
    multi_step_lr(lr: f32, n: u8) rates(MultiStepLR::new(*lr, [u32::from(*n), 7, 12]).gamma(0.7));
    exponential_lr(lr: f32, gamma: f32 = 0.5..1.0) rates(ExponentialLR::new(*lr, *gamma));
    constant_lr(lr: f32, n: u8 = 0.0..9.0) rates(ConstantLR::new(*lr, 0.25, u32::from(*n)));
    linear_lr(lr: f32, n: u8 = 0.0..9.0) rates(LinearLR::new(*lr, 0.25, 1.0, u32::from(*n)));
    polynomial_lr(lr: f32, n: u8 = 3.0..9.0) rates(PolynomialLR::new(*lr, u32::from(*n), 1.5));
    cosine_annealing_lr(lr: f32, n: u8 = 3.0..9.0) rates(CosineAnnealingLR::new(*lr, u32::from(*n)).eta_min(0.01));
    cosine_annealing_warm_restarts(lr: f32, n: u8 = 3.0..9.0)
        rates(CosineAnnealingWarmRestarts::new(*lr, u32::from(*n)).t_mult(2));
    one_cycle_lr(lr: f32, n: u8 = 12.0..20.0)
        (rates(OneCycleLR::new(*lr, u32::from(*n))),
         rates(OneCycleLR::new(*lr, u32::from(*n)).anneal_strategy(Anneal::Linear).three_phase()));
    cyclic_lr(lr: f32, n: u8 = 2.0..5.0)
        (rates(CyclicLR::new(0.1, *lr, u32::from(*n)).mode(CyclicMode::Triangular2)),
         rates(CyclicLR::new(0.1, *lr, u32::from(*n)).step_size_down(3).mode(CyclicMode::ExpRange(0.9))));
    lambda_lr(lr: f32) rates(LambdaLR { lr: *lr, lambda: |step| 1.0 / (1.0 + step as f32) });
    sequential_lr(lr: f32, n: u8 = 2.0..6.0) rates(LinearLR::new(*lr, 0.1, 1.0, 4).then(u32::from(*n), StepLR::new(*lr, 3)));
    reduce_lr_on_plateau(metrics: [f32; 40]) {
        let (mut schedule, mut optimizer, mut print) = (ReduceLROnPlateau::new(), Sgd::new(1.0), Fingerprint::new());
        for &metric in any(metrics) {
            schedule.step(&mut optimizer, metric);
            print.add(&optimizer.lr());
        }
        print.value()
    };
    early_stopping(metrics: [f32; 20]) {
        let (mut best, mut stopping) = (Best::new(Goal::Max).relative(0.1), EarlyStopping::new(Goal::Min, 3));
        let stopped = any(metrics).iter().position(|&metric| stopping.observe(metric) == Progress::Stop);
        (stopped, any(metrics).iter().filter(|&&metric| best.improved(metric)).count())
    };
}
