//! Losses that compare each number of the output with one of the target.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    loss::{
        BceLoss, BceWithLogitsLoss, ElementWeights, FocalLoss, HuberLoss, KlDivLoss, L1Loss, Loss, MseLoss,
        SmoothL1Loss,
    },
};

use super::{number, reduce};
use crate::{Adapter, case::Case};

/// The loss of a case.
pub(crate) trait Setup<Y> {
    type Loss: Loss<Y, Y> + Copy
    where
        Y: Tensor;

    fn loss(case: &Case) -> Self::Loss
    where
        Y: Tensor;

    /// Adds the gradient with respect to the targets, for losses that have one.
    fn target_gradient(loss: &Self::Loss, dy: &[Y], dt: &mut [Y])
    where
        Y: Tensor<Elem = f32>,
    {
        let _ = (loss, dy, dt);
    }
}

/// Outputs and targets of type `Y`.
pub(crate) struct Elementwise<Y, S>(PhantomData<(Y, S)>);

impl<Y: Tensor<Elem = f32>, S: Setup<Y>> Adapter for Elementwise<Y, S> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (y, targets) = (case.floats("in.x"), case.floats("in.target"));
        let loss = S::loss(case);
        let (y, targets) = (Y::view(&y), Y::view(&targets));
        let gradient = reduce(k, case, (&loss, case.reduction()), (y, targets), "out.y");
        if case.has("out.grad.x") {
            case.compare("out.grad.x", &gradient);
        }
        if case.has("out.grad.target") {
            let mut dt = vec![0.0; gradient.len()];
            S::target_gradient(&loss, Y::view(&gradient), Y::view_mut(&mut dt));
            case.compare("out.grad.target", &dt);
        }
    }
}

macro_rules! differences {
    ($($name:ident, $loss:ty: |$case:ident| $new:expr;)+) => {$(
        pub(crate) struct $name;

        impl<Y: Tensor<Elem = f32>> Setup<Y> for $name {
            type Loss = $loss;

            fn loss($case: &Case) -> $loss {
                $new
            }

            fn target_gradient(loss: &$loss, dy: &[Y], dt: &mut [Y]) {
                loss.target_gradient(dy, dt);
            }
        }
    )+};
}

differences! {
    Mse, MseLoss: |_case| MseLoss;
    L1, L1Loss: |_case| L1Loss;
    SmoothL1, SmoothL1Loss: |case| SmoothL1Loss { beta: number(case, "beta", 1.0) };
    Huber, HuberLoss: |case| HuberLoss { delta: number(case, "delta", 1.0) };
}

pub(crate) struct KlDiv;

impl<Y: Tensor<Elem = f32>> Setup<Y> for KlDiv {
    type Loss = KlDivLoss;

    fn loss(case: &Case) -> KlDivLoss {
        KlDivLoss { log_target: case.flag("log_target") }
    }
}

pub(crate) struct Focal;

impl<Y: Tensor<Elem = f32>> Setup<Y> for Focal {
    type Loss = FocalLoss;

    fn loss(case: &Case) -> FocalLoss {
        FocalLoss { gamma: number(case, "gamma", 2.0), alpha: number(case, "alpha", 0.25) }
    }
}

/// Weights of a case: a tensor or none.
pub(crate) trait Weights {
    type Weights: ElementWeights + Copy;

    fn read(case: &Case, name: &str) -> Self::Weights;
}

/// No weights.
pub(crate) struct Even;

impl Weights for Even {
    type Weights = ();

    fn read(_: &Case, _: &str) {}
}

/// A tensor of weights.
pub(crate) struct Weight<W>(PhantomData<W>);

impl<W: Tensor<Elem = f32>> Weights for Weight<W> {
    type Weights = W;

    fn read(case: &Case, name: &str) -> W {
        W::view(&case.floats(name))[0]
    }
}

pub(crate) struct Bce<W>(PhantomData<W>);

impl<Y: Tensor<Elem = f32>, W: Weights> Setup<Y> for Bce<W> {
    type Loss = BceLoss<W::Weights>;

    fn loss(case: &Case) -> Self::Loss {
        BceLoss::NEW.weight(W::read(case, "in.weight"))
    }
}

pub(crate) struct BceWithLogits<W, P>(PhantomData<(W, P)>);

impl<Y: Tensor<Elem = f32>, W: Weights, P: Weights> Setup<Y> for BceWithLogits<W, P> {
    type Loss = BceWithLogitsLoss<W::Weights, P::Weights>;

    fn loss(case: &Case) -> Self::Loss {
        BceWithLogitsLoss::NEW.weight(W::read(case, "in.weight")).pos_weight(P::read(case, "in.pos_weight"))
    }
}
