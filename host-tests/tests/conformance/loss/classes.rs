//! Losses over classes.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    loss::{CrossEntropyLoss, Loss, MaskedSoftmaxCeLoss, NllLoss, WeightedCrossEntropyLoss},
};

use super::{number, reduce};
use crate::{Adapter, case::Case};

/// The first of these tensors that the case has: PyTorch's and ONNX's names.
fn named<'a>(case: &Case, names: &[&'a str]) -> Option<&'a str> {
    names.iter().copied().find(|name| case.has(name))
}

/// Scores, targets and the loss of a case by name.
struct Names {
    scores: &'static str,
    target: &'static str,
    weight: Option<&'static str>,
    loss: &'static str,
}

impl Names {
    fn of(case: &Case) -> Self {
        // ONNX calls the target `y` beside the scores `x`.
        let scores = named(case, &["in.x", "in.input", "in.scores"]).expect("scores");
        Self {
            scores,
            target: named(case, &["in.target", "in.y", "in.labels"]).expect("targets"),
            weight: named(case, &["in.weight", "in.w", "in.weights"]),
            loss: named(case, &["out.y", "out.loss", "out.z", "out.output"]).expect("a loss"),
        }
    }
}

/// Labels of a case, or probabilities.
pub(crate) trait Target: Tensor {
    fn read(case: &Case, name: &str) -> Vec<Self::Elem>;
}

impl<T: Tensor<Elem: FromCase>> Target for T {
    fn read(case: &Case, name: &str) -> Vec<T::Elem> {
        T::Elem::read(case, name)
    }
}

/// Numbers of a case.
pub(crate) trait FromCase: Sized {
    fn read(case: &Case, name: &str) -> Vec<Self>;
}

impl FromCase for f32 {
    fn read(case: &Case, name: &str) -> Vec<Self> {
        case.floats(name)
    }
}

impl FromCase for i32 {
    fn read(case: &Case, name: &str) -> Vec<Self> {
        case.integers(name).into_iter().map(|label| label.try_into().expect("a label")).collect()
    }
}

/// Without an attribute no label is ignored in ONNX; PyTorch's cases state theirs.
fn ignore_index(case: &Case) -> i64 {
    case.number("ignore_index").map_or(i64::MIN, |label| label as i64)
}

/// Scores `[Z; C]` with targets `T`.
pub(crate) struct CrossEntropy<Z, const C: usize, T>(PhantomData<(Z, T)>);

impl<Z: Tensor<Elem = f32>, T: Target, const C: usize> Adapter for CrossEntropy<Z, C, T>
where
    CrossEntropyLoss: Loss<[Z; C], T>,
    WeightedCrossEntropyLoss: Loss<[Z; C], T>,
    WeightedCrossEntropyLoss<[f32; C]>: Loss<[Z; C], T>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let names = Names::of(case);
        let (y, targets) = (case.floats(names.scores), T::read(case, names.target));
        let (y, targets) = (<[Z; C]>::view(&y), T::view(&targets));
        let smoothing = number(case, "label_smoothing", 0.0);
        let (reduction, ignored) = (case.reduction(), ignore_index(case));
        let options = CrossEntropyLoss.ignore_index(ignored).label_smoothing(smoothing);
        let gradient = if let Some(weight) = names.weight {
            let weight = <[f32; C]>::view(&case.floats(weight))[0];
            reduce(k, case, (&options.weight(weight), reduction), (y, targets), names.loss)
        } else {
            if smoothing == 0.0 && ignored == -100 {
                reduce(k, case, (&CrossEntropyLoss, reduction), (y, targets), names.loss);
            }
            reduce(k, case, (&options, reduction), (y, targets), names.loss)
        };
        if case.has("out.grad.x") {
            case.compare("out.grad.x", &gradient);
        }
        super::seed::compare_log_softmax(k, case, y);
    }
}

/// Log-probabilities `[Z; C]` with targets `T`.
pub(crate) struct Nll<Z, const C: usize, T>(PhantomData<(Z, T)>);

impl<Z: Tensor<Elem = f32>, T: Target, const C: usize> Adapter for Nll<Z, C, T>
where
    NllLoss: Loss<[Z; C], T>,
    NllLoss<[f32; C]>: Loss<[Z; C], T>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let names = Names::of(case);
        let (y, targets) = (case.floats(names.scores), T::read(case, names.target));
        let (y, targets) = (<[Z; C]>::view(&y), T::view(&targets));
        let loss = NllLoss::NEW.ignore_index(ignore_index(case));
        let gradient = if let Some(weight) = names.weight {
            let weight = <[f32; C]>::view(&case.floats(weight))[0];
            reduce(k, case, (&loss.weight(weight), case.reduction()), (y, targets), names.loss)
        } else {
            reduce(k, case, (&loss, case.reduction()), (y, targets), names.loss)
        };
        if case.has("out.grad.x") {
            case.compare("out.grad.x", &gradient);
        }
    }
}

/// Sequences of `T` steps with `C` classes.
pub(crate) struct MaskedSoftmaxCe<const C: usize, const T: usize>;

impl<const C: usize, const T: usize> Adapter for MaskedSoftmaxCe<C, T> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (y, labels) = (case.floats("in.x"), <i32 as FromCase>::read(case, "in.target"));
        let lengths =
            case.integers("in.valid_len").into_iter().map(|length| usize::try_from(length).expect("a length"));
        let targets: Vec<_> = <[i32; T]>::view(&labels).iter().copied().zip(lengths).collect();
        let y = <[[f32; C]; T]>::view(&y);
        let reduction = case.text("reduction").unwrap_or("none");
        let gradient = reduce(k, case, (&MaskedSoftmaxCeLoss, reduction), (y, &targets), "out.y");
        case.compare("out.grad.x", &gradient);
    }
}
