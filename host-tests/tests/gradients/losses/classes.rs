//! Losses over classes.

use rand_xoshiro::Xoshiro128PlusPlus;
use tensorlet::{
    Tensor,
    loss::{
        ClassWeights, CrossEntropyLoss, Labels, Loss, MaskedSoftmaxCeLoss, NllLoss, PerStep, WeightedCrossEntropyLoss,
    },
    random,
};
use tensorlet_host::reference::loss::{self, Classes};

use super::{Check, generator, numbers};

/// Labels below `classes`; about one in four is the ignored one.
fn labels(rng: &mut Xoshiro128PlusPlus, n: usize, classes: usize, ignored: Option<i32>) -> Vec<i32> {
    let mut label = |_| match ignored {
        Some(ignored) if random::below(4, rng) == 0 => ignored,
        _ => random::below(classes as u32, rng) as i32,
    };
    (0..n).map(&mut label).collect()
}

fn wide(labels: &[i32]) -> Vec<i64> {
    labels.iter().map(|&label| label.into()).collect()
}

/// The options of a loss for the oracle.
#[derive(Clone, Copy)]
struct Options<W> {
    weight: W,
    ignore_index: i64,
    label_smoothing: f32,
}

const PLAIN: Options<()> = Options { weight: (), ignore_index: -100, label_smoothing: 0.0 };
const WEIGHTED: Options<[f32; 4]> = Options { weight: [0.5, 1.0, 2.0, 0.25], ignore_index: 1, label_smoothing: 0.0 };
const ALL: Options<[f32; 4]> = Options { label_smoothing: 0.25, ..WEIGHTED };

impl<W> Options<W> {
    fn oracle<const C: usize>(&self, places: usize) -> Classes
    where
        W: ClassWeights<C>,
    {
        Classes {
            weight: (0..C).map(|class| self.weight.of(class).into()).collect(),
            ignore_index: self.ignore_index,
            label_smoothing: self.label_smoothing.into(),
            places,
        }
    }
}

type Elements = fn(&Classes, &[f64], &[i64]) -> Vec<f64>;

/// Checks a loss of scores `[Z; C]` with labels `T`.
#[track_caller]
fn labelled<Z, T, L, W, const C: usize>(loss: L, options: &Options<W>, elements: Elements)
where
    Z: Tensor<Elem = f32>,
    T: Labels<Z> + Tensor<Elem = i32>,
    L: Loss<[Z; C], T> + Copy,
    W: ClassWeights<C>,
{
    let oracle = options.oracle::<C>(Z::LEN);
    for n in [1, 5] {
        let mut rng = generator(n + 8);
        let y = numbers(&mut rng, n * C * Z::LEN, -4.0, 4.0);
        let ignored = (n > 1).then_some(options.ignore_index as i32);
        let mut labels = labels(&mut rng, n * Z::LEN, C, ignored);
        labels[0] = 0;
        let targets = wide(&labels);
        let divisor = oracle.weight_of(&targets);
        let elements = |y: &[f64]| elements(&oracle, y, &targets);
        Check { loss, y: <[Z; C]>::view(&y), targets: T::view(&labels), elements: &elements, divisor }.run();
    }
}

/// Checks a loss of four classes with scores of one place, of some and of a grid.
#[track_caller]
fn every_shape<L, W: ClassWeights<4>>(loss: L, options: &Options<W>, elements: Elements)
where
    L: Copy + Loss<[f32; 4], i32> + Loss<[[f32; 3]; 4], [i32; 3]> + Loss<[[[f32; 3]; 2]; 4], [[i32; 3]; 2]>,
{
    labelled::<f32, i32, L, W, 4>(loss, options, elements);
    labelled::<[f32; 3], [i32; 3], L, W, 4>(loss, options, elements);
    labelled::<[[f32; 3]; 2], [[i32; 3]; 2], L, W, 4>(loss, options, elements);
}

/// Checks a loss of four classes with probabilities.
#[track_caller]
fn probabilities<Z, L, W>(loss: L, options: &Options<W>)
where
    Z: Tensor<Elem = f32>,
    L: Loss<[Z; 4], [Z; 4]> + Copy,
    W: ClassWeights<4>,
{
    let oracle = options.oracle::<4>(Z::LEN);
    for n in [1, 3] {
        let mut rng = generator(n);
        let y = numbers(&mut rng, n * 4 * Z::LEN, -4.0, 4.0);
        let targets = numbers(&mut rng, n * 4 * Z::LEN, 0.0, 0.5);
        let targets64 = tensorlet_host::reference::wide(&targets);
        let elements = |y: &[f64]| oracle.cross_entropy_of_probabilities(y, &targets64);
        let (y, targets, divisor) = (<[Z; 4]>::view(&y), <[Z; 4]>::view(&targets), (n * Z::LEN) as f64);
        Check { loss, y, targets, elements: &elements, divisor }.run();
    }
}

#[test]
fn cross_entropy_loss() {
    every_shape(CrossEntropyLoss, &PLAIN, Classes::cross_entropy);
    labelled::<f32, i32, _, _, 2>(CrossEntropyLoss, &PLAIN, Classes::cross_entropy);
    labelled::<f32, i32, _, _, 37>(CrossEntropyLoss, &PLAIN, Classes::cross_entropy);
    labelled::<[[[f32; 2]; 1]; 3], [[[i32; 2]; 1]; 3], _, _, 5>(CrossEntropyLoss, &PLAIN, Classes::cross_entropy);
}

#[test]
fn weighted_cross_entropy_loss() {
    let loss: WeightedCrossEntropyLoss = CrossEntropyLoss.label_smoothing(0.1);
    every_shape(loss, &Options { label_smoothing: 0.1, ..PLAIN }, Classes::cross_entropy);
    let loss = CrossEntropyLoss.ignore_index(2);
    every_shape(loss, &Options { ignore_index: 2, ..PLAIN }, Classes::cross_entropy);
    let loss = CrossEntropyLoss.weight(WEIGHTED.weight).ignore_index(1);
    every_shape(loss, &WEIGHTED, Classes::cross_entropy);
    every_shape(loss.label_smoothing(0.25), &ALL, Classes::cross_entropy);
}

#[test]
fn cross_entropy_of_probabilities() {
    probabilities::<f32, _, _>(CrossEntropyLoss, &PLAIN);
    probabilities::<[f32; 3], _, _>(CrossEntropyLoss, &PLAIN);
    let loss = CrossEntropyLoss.weight(ALL.weight).label_smoothing(0.25);
    probabilities::<f32, _, _>(loss, &ALL);
    probabilities::<[[f32; 2]; 3], _, _>(loss, &ALL);
}

#[test]
fn nll_loss() {
    every_shape(NllLoss::NEW, &PLAIN, Classes::nll);
    every_shape(NllLoss::NEW.weight(WEIGHTED.weight).ignore_index(1), &WEIGHTED, Classes::nll);
}

/// A loss at every step is that of all steps as one batch.
#[test]
fn per_step() {
    let mut rng = generator(3);
    let y = numbers(&mut rng, 2 * 3 * 4, -4.0, 4.0);
    let labels = [[0, 3, 1], [1, 2, 0]];
    let targets = wide(labels.as_flattened());
    let oracle = WEIGHTED.oracle::<4>(1);
    let loss = PerStep(CrossEntropyLoss.weight(WEIGHTED.weight).ignore_index(1));
    let elements = |y: &[f64]| oracle.cross_entropy(y, &targets);
    let divisor = oracle.weight_of(&targets);
    Check { loss, y: <[[f32; 4]; 3]>::view(&y), targets: &labels, elements: &elements, divisor }.run();
}

#[test]
fn masked_softmax_ce_loss() {
    let mut rng = generator(4);
    let y = numbers(&mut rng, 4 * 3 * 5, -4.0, 4.0);
    let targets = [([1, 4, 0], 2), ([2, 2, 2], 3), ([0, 99, 99], 1), ([3, 3, 3], 7)];
    let elements = |y: &[f64]| -> Vec<f64> {
        let sample = |(y, (labels, valid)): (&[f64], &([i32; 3], usize))| {
            let steps = (*valid).min(3);
            loss::masked_cross_entropy(y, &wide(labels), steps)
        };
        y.chunks(15).zip(&targets).map(sample).collect()
    };
    let y = <[[f32; 5]; 3]>::view(&y);
    Check { loss: MaskedSoftmaxCeLoss, y, targets: &targets, elements: &elements, divisor: 4.0 }.run();
}
