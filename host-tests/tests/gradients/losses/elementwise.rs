//! Losses with one element for each number of the output.

use tensorlet::{
    Tensor,
    loss::{BceLoss, BceWithLogitsLoss, FocalLoss, HuberLoss, KlDivLoss, L1Loss, Loss, MseLoss, SmoothL1Loss},
};
use tensorlet_host::reference::{loss, wide};

use super::{Check, generator, numbers};

/// Checks a loss of outputs in `y` and targets in `t`, whose element `i` of a sample is `f(i, y, t)`.
#[track_caller]
fn check<Y: Tensor<Elem = f32>, L: Loss<Y, Y> + Copy>(
    loss: L,
    [y, t]: [[f32; 2]; 2],
    f: impl Fn(usize, f64, f64) -> f64,
) {
    for n in [1, 3] {
        let mut rng = generator(n);
        let outputs = numbers(&mut rng, n * Y::LEN, y[0], y[1]);
        let targets = numbers(&mut rng, n * Y::LEN, t[0], t[1]);
        let wide_targets = wide(&targets);
        let elements = |y: &[f64]| -> Vec<f64> {
            y.iter().zip(&wide_targets).enumerate().map(|(i, (y, t))| f(i % Y::LEN, *y, *t)).collect()
        };
        let divisor = (n * Y::LEN) as f64;
        Check { loss, y: Y::view(&outputs), targets: Y::view(&targets), elements: &elements, divisor }.run();
    }
}

type Matrix = [[f32; 5]; 3];
const ANY: [[f32; 2]; 2] = [[-2.0, 2.0]; 2];
const LOGITS: [[f32; 2]; 2] = [[-5.0, 5.0], [0.0, 1.0]];

#[test]
fn mse_loss() {
    check::<Matrix, _>(MseLoss, ANY, |_, y, t| loss::squared(y, t));
    check::<f32, _>(MseLoss, ANY, |_, y, t| loss::squared(y, t));
}

#[test]
fn l1_loss() {
    check::<Matrix, _>(L1Loss, ANY, |_, y, t| loss::absolute(y, t));
}

#[test]
fn smooth_l1_loss() {
    check::<Matrix, _>(SmoothL1Loss::NEW, ANY, |_, y, t| loss::smooth_l1(y, t, 1.0));
    check::<[f32; 19], _>(SmoothL1Loss { beta: 0.25 }, ANY, |_, y, t| loss::smooth_l1(y, t, 0.25));
    check::<[f32; 19], _>(SmoothL1Loss { beta: 0.0 }, ANY, |_, y, t| loss::absolute(y, t));
}

#[test]
fn huber_loss() {
    check::<Matrix, _>(HuberLoss::NEW, ANY, |_, y, t| loss::huber(y, t, 1.0));
    check::<[f32; 19], _>(HuberLoss { delta: 0.25 }, ANY, |_, y, t| loss::huber(y, t, 0.25));
}

#[test]
fn bce_loss() {
    let probabilities = [[0.05, 0.95], [0.0, 1.0]];
    check::<Matrix, _>(BceLoss::NEW, probabilities, |_, y, t| loss::bce(y, t, 1.0));
    let weight = [0.5, 2.0, 0.0, 1.0, 3.0];
    check::<Matrix, _>(BceLoss::NEW.weight(weight), probabilities, |i, y, t| loss::bce(y, t, weight[i % 5].into()));
}

#[test]
fn bce_with_logits_loss() {
    check::<Matrix, _>(BceWithLogitsLoss::NEW, LOGITS, |_, y, t| loss::bce_with_logits(y, t, 1.0, 1.0));
    let (weight, pos_weight) = ([[0.5], [2.0], [0.25]], [0.5, 2.0, 4.0, 1.0, 3.0]);
    let both = BceWithLogitsLoss::NEW.weight(weight).pos_weight(pos_weight);
    check::<Matrix, _>(both, LOGITS, |i, y, t| {
        loss::bce_with_logits(y, t, weight[i / 5][0].into(), pos_weight[i % 5].into())
    });
    let channels = [[[2.0]], [[0.5]]];
    check::<[[[f32; 2]; 3]; 2], _>(BceWithLogitsLoss::NEW.pos_weight(channels), LOGITS, |i, y, t| {
        loss::bce_with_logits(y, t, 1.0, channels[i / 6][0][0].into())
    });
}

#[test]
fn focal_loss() {
    check::<Matrix, _>(FocalLoss::NEW, LOGITS, |_, y, t| loss::focal(y, t, 2.0, 0.25));
    for (gamma, alpha) in [(0.0, 0.5), (0.5, 0.75), (3.5, -1.0)] {
        check::<Matrix, _>(FocalLoss { gamma, alpha }, LOGITS, |_, y, t| loss::focal(y, t, gamma.into(), alpha.into()));
    }
}

#[test]
fn kl_div_loss() {
    check::<Matrix, _>(KlDivLoss::NEW, [[-4.0, 0.0], [0.0, 1.0]], |_, y, t| loss::kl_div(y, t, false));
    check::<Matrix, _>(KlDivLoss { log_target: true }, [[-4.0, 0.0]; 2], |_, y, t| loss::kl_div(y, t, true));
}
