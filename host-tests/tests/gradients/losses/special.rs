//! Losses where numbers are extreme or nothing counts.

use tensorlet::{
    Error, Portable, Tensor,
    loss::{
        BceLoss, BceWithLogitsLoss, CategoricalKl, CrossEntropyLoss, FocalLoss, GaussianKl, L1Loss, Loss,
        MaskedSoftmaxCeLoss, MseLoss, NllLoss, PerStep, Sum, UniformKl,
    },
};

/// Value and gradient of the sum are finite.
#[track_caller]
fn finite<Y: Tensor<Elem = f32>, T, L: Loss<Y, T>>(loss: L, y: Y, target: T) {
    let mut y = [y];
    let value = Sum(loss).mean(Portable, &mut y, &[target]);
    assert!(value.is_finite() && Y::flat(&y).iter().all(|y| y.is_finite()), "{value}, {:?}", Y::flat(&y));
}

#[test]
fn extreme_logits_give_numbers() {
    let y = [1e4, -1e4, 0.0];
    for label in 0..3_u8 {
        finite(CrossEntropyLoss, y, label);
        finite(CrossEntropyLoss.label_smoothing(0.5).weight([0.0, 1.0, 2.0]), y, label);
        finite(CrossEntropyLoss, y.map(|y| [y; 2]), [label; 2]);
    }
    finite(CrossEntropyLoss, y, [0.25, 0.75, 0.0]);
    for t in [0.0, 0.5, 1.0] {
        finite(BceWithLogitsLoss::NEW, y, [t; 3]);
        finite(FocalLoss::NEW, y, [t; 3]);
        finite(FocalLoss { gamma: 0.5, alpha: -1.0 }, y, [t; 3]);
        finite(BceLoss::NEW, [0.0, 1.0, 0.5], [t; 3]);
    }
    finite(CategoricalKl, [y, [-1e4, 1e4, 0.0]], ());
    finite(UniformKl, y, ());
    finite(GaussianKl, [[1e4, -1e4], [80.0, -1e4]], ());
}

#[test]
fn infinite_logits_are_impossible_classes() {
    let mut y = [[0.0, f32::NEG_INFINITY, 0.0]];
    let value = CrossEntropyLoss.mean(Portable, &mut y, &[0]);
    assert!((value - 2.0_f32.ln()).abs() < 1e-6);
    assert_eq!(y, [[-0.5, 0.0, 0.5]]);
    let mut y = [[0.0, f32::NEG_INFINITY, 0.0]];
    assert_eq!(CrossEntropyLoss.mean(Portable, &mut y, &[1]), f32::INFINITY);
    let mut y = [[f32::NAN, 0.0]];
    assert!(CrossEntropyLoss.mean(Portable, &mut y, &[1]).is_nan());
}

#[test]
fn nothing_that_counts() {
    let labels = [-100_i8, -100];
    let logits = [[1.0, 2.0], [3.0, 4.0]];
    for smoothing in [0.0, 0.5] {
        let loss = CrossEntropyLoss.label_smoothing(smoothing);
        let mut y = logits;
        assert!(loss.mean(Portable, &mut y, &labels).is_nan());
        assert_eq!(y, [[0.0; 2]; 2]);
        assert_eq!(Sum(loss).mean(Portable, &mut logits.clone(), &labels), 0.0);
    }
    let mut y = logits;
    assert!(CrossEntropyLoss.mean(Portable, &mut y, &labels).is_nan());
    assert_eq!(y, [[0.0; 2]; 2]);
    assert!(NllLoss::NEW.mean(Portable, &mut logits.clone(), &labels).is_nan());
    assert_eq!(Sum(NllLoss::NEW).mean(Portable, &mut logits.clone(), &labels), 0.0);
}

#[test]
fn wrong_labels_are_named() {
    let error = |index, label| Err(Error::LabelOutOfRange { index, label, classes: 3 });
    assert_eq!(Loss::<[f32; 3], _>::check(&CrossEntropyLoss, &[0, -100, 2]), Ok(()));
    assert_eq!(Loss::<[f32; 3], _>::check(&CrossEntropyLoss, &[0, -1]), error(1, -1));
    assert_eq!(Loss::<[[f32; 2]; 3], _>::check(&CrossEntropyLoss, &[[0_u8, 2], [1, 3]]), error(3, 3));
    assert_eq!(Loss::<[[f32; 3]; 2], _>::check(&PerStep(CrossEntropyLoss), &[[0_u8, 2], [7, 1]]), error(2, 7));
    assert_eq!(Loss::<[f32; 3], _>::check(&NllLoss::NEW.ignore_index(255), &[255_u8, 4]), error(1, 4));
    assert_eq!(Loss::<[f32; 3], _>::check(&CrossEntropyLoss.ignore_index(7), &[7, -100]), error(1, -100));
    let masked = [([0, 9], 1), ([1, 3], 2)];
    assert_eq!(Loss::<[[f32; 3]; 2], _>::check(&MaskedSoftmaxCeLoss, &masked), error(3, 3));
}

#[test]
fn targets_have_the_negative_gradient() {
    let mut y = [[1.0, -2.0], [0.5, 4.0]];
    MseLoss.mean(Portable, &mut y, &[[0.0, 1.0], [0.5, -1.0]]);
    let mut dt = [[1.0; 2]; 2];
    MseLoss.target_gradient(&y, &mut dt);
    assert_eq!(dt, y.map(|row| row.map(|dy| 1.0 - dy)));
    let mut y = [[1.0, 1.0]];
    assert_eq!(L1Loss.mean(Portable, &mut y, &[[1.0, 3.0]]), 1.0);
    assert_eq!(y, [[0.0, -0.5]]);
}
