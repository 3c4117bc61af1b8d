//! Schedules in closed form against PyTorch's way from one rate to the next, in double precision.

use std::f64::consts::PI;

use tensorlet::optim::schedule::{
    Anneal, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, CyclicMode, ExponentialLR, LinearLR,
    MultiStepLR, OneCycleLR, PolynomialLR, Schedule, StepLR,
};

/// Compares with `next(t, rate before)` for `t = 1, 2, …`, which begins with `first`.
#[track_caller]
fn follows(schedule: impl Schedule, first: f64, steps: u32, next: impl Fn(f64, f64) -> f64) {
    let mut rate = first;
    for t in 0..steps {
        if t > 0 {
            rate = next(t.into(), rate);
        }
        let got = f64::from(schedule.lr(t));
        assert!((got - rate).abs() <= 1e-7 + 1e-5 * rate.abs(), "step {t}: {got}, PyTorch has {rate}");
    }
}

#[test]
fn rates_that_fall() {
    follows(StepLR::new(0.5, 3).gamma(0.3), 0.5, 40, |t, lr| if t % 3.0 == 0.0 { 0.3 * lr } else { lr });
    let falls = [4.0, 7.0, 7.0, 30.0];
    follows(MultiStepLR::new(0.5, [4, 7, 7, 30]).gamma(0.5), 0.5, 40, |t, lr| {
        lr * 0.5_f64.powi(falls.iter().filter(|fall| **fall == t).count() as i32)
    });
    follows(ExponentialLR::new(2.0, 0.97), 2.0, 300, |_, lr| 0.97 * lr);
    follows(ConstantLR::new(0.5, 0.25, 4), 0.125, 9, |t, lr| if t == 4.0 { lr / 0.25 } else { lr });
    follows(LinearLR::new(0.5, 0.1, 1.0, 6), 0.05, 12, |t, lr| {
        if t > 6.0 { lr } else { lr * (1.0 + (1.0 - 0.1) / (6.0 * 0.1 + (t - 1.0) * (1.0 - 0.1))) }
    });
    follows(PolynomialLR::new(0.5, 20, 1.7), 0.5, 25, |t, lr| {
        if t > 20.0 { lr } else { lr * ((1.0 - t / 20.0) / (1.0 - (t - 1.0) / 20.0)).powf(1.7) }
    });
}

#[test]
fn rates_along_a_cosine() {
    let (least, length) = (0.01, 7.0);
    follows(CosineAnnealingLR::new(0.5, 7).eta_min(0.01), 0.5, 40, |t, lr| {
        if (t - 1.0 - length) % (2.0 * length) == 0.0 {
            return lr + (0.5 - least) * (1.0 - (PI / length).cos()) / 2.0;
        }
        (1.0 + (PI * t / length).cos()) / (1.0 + (PI * (t - 1.0) / length).cos()) * (lr - least) + least
    });
    // PyTorch counts the steps since the restart.
    for (length, factor) in [(5_u32, 1_u32), (3, 2), (1, 3), (4, 5)] {
        let (mut since, mut cycle) = (0, length);
        let schedule = CosineAnnealingWarmRestarts::new(0.5, length).t_mult(factor).eta_min(0.01);
        for t in 0..100 {
            let rate = least + (0.5 - least) * (1.0 + (PI * f64::from(since) / f64::from(cycle)).cos()) / 2.0;
            let got = f64::from(schedule.lr(t));
            assert!((got - rate).abs() <= 1e-7 + 1e-5 * rate, "step {t}: {got}, PyTorch has {rate}");
            since += 1;
            if since >= cycle {
                (since, cycle) = (0, cycle * factor);
            }
        }
    }
    // The last step of a long schedule is tiny, and has all its digits.
    let last = f64::from(CosineAnnealingLR::new(1.0, 100_000).lr(99_999));
    let exact = (PI / 200_000.0).sin().powi(2);
    assert!((last - exact).abs() < 1e-6 * exact, "{last:e}, {exact:e}");
}

#[test]
fn one_cycle() {
    for (strategy, three_phase, steps, part) in [
        (Anneal::Cos, false, 30, 0.3),
        (Anneal::Linear, false, 31, 0.25),
        (Anneal::Cos, true, 40, 0.4),
        (Anneal::Linear, true, 17, 0.3),
    ] {
        let schedule = OneCycleLR::new(0.5, steps).pct_start(part).anneal_strategy(strategy).final_div_factor(100.0);
        let schedule = if three_phase { schedule.three_phase() } else { schedule };
        let (first, top, last) = (0.5 / 25.0, 0.5, 0.5 / 25.0 / 100.0);
        let (part, steps) = (f64::from(part), f64::from(steps));
        let phases = if three_phase {
            vec![(part * steps - 1.0, first, top), (2.0 * part * steps - 2.0, top, first), (steps - 1.0, first, last)]
        } else {
            vec![(part * steps - 1.0, first, top), (steps - 1.0, top, last)]
        };
        let rate = |t: f64, _| {
            let mut start = 0.0;
            for (i, &(end, from, to)) in phases.iter().enumerate() {
                if t <= end || i + 1 == phases.len() {
                    let part = (t - start) / (end - start);
                    return match strategy {
                        Anneal::Cos => to + (from - to) / 2.0 * (1.0 + (PI * part).cos()),
                        Anneal::Linear => (to - from) * part + from,
                    };
                }
                start = end;
            }
            unreachable!("the last phase takes all");
        };
        follows(schedule, rate(0.0, 0.0), steps as u32, rate);
    }
}

#[test]
fn cycles() {
    for (up, down) in [(4, 4), (3, 7), (1, 2)] {
        for mode in [CyclicMode::Triangular, CyclicMode::Triangular2, CyclicMode::ExpRange(0.95)] {
            let (length, ratio) = (f64::from(up + down), f64::from(up) / f64::from(up + down));
            let rate = |t: f64, _| {
                let cycle = (1.0 + t / length).floor();
                let x = 1.0 + t / length - cycle;
                let height = if x <= ratio { x / ratio } else { (x - 1.0) / (ratio - 1.0) };
                let scale = match mode {
                    CyclicMode::Triangular => 1.0,
                    CyclicMode::Triangular2 => 0.5_f64.powf(cycle - 1.0),
                    CyclicMode::ExpRange(gamma) => f64::from(gamma).powf(t),
                };
                0.1 + 0.4 * height * scale
            };
            follows(CyclicLR::new(0.1, 0.5, up).step_size_down(down).mode(mode), 0.1, 50, rate);
        }
    }
}

#[test]
fn nothing_divides_by_zero() {
    for step in [0, 1, u32::MAX] {
        let rates = [
            StepLR::new(1.0, 0).lr(step),
            LinearLR::new(1.0, 0.5, 1.0, 0).lr(step),
            PolynomialLR::new(1.0, 0, 1.0).lr(step),
            CosineAnnealingLR::new(1.0, 0).lr(step),
            CosineAnnealingWarmRestarts::new(1.0, 0).t_mult(2).lr(step),
            OneCycleLR::new(1.0, 0).lr(step),
            OneCycleLR::new(1.0, 1).three_phase().lr(step),
            CyclicLR::new(0.5, 1.0, 0).lr(step),
        ];
        assert!(rates.iter().all(|rate| rate.is_finite()), "step {step}: {rates:?}");
    }
}
