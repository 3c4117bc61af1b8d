//! Metrics against their definitions.

use tensorlet::{
    Error, Kernels, Tensor,
    metrics::{
        Accuracy, ConfusionMatrix, Mean, MeanAbsoluteError, MeanSquaredError, Perplexity, R2Score, TopKAccuracy,
    },
    random,
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{metrics as reference, wide},
};

use super::{compare, judge, rng, uniform};

const C: usize = 7;

fn classes(seed: u64, n: usize) -> (Vec<[f32; C]>, Vec<u8>) {
    let mut rng = rng(seed);
    let outputs = <[f32; C]>::view(&uniform(seed, n * C, -1.0, 1.0)).to_vec();
    (outputs, (0..n).map(|_| random::below(C as u32, &mut rng) as u8).collect())
}

fn check_classes<K: Kernels>(k: K) {
    for (seed, n) in [(1, 1), (2, 37), (3, 400)] {
        let (outputs, labels) = classes(seed, n);
        let wide_outputs: Vec<Vec<f64>> = outputs.iter().map(|y| wide(y)).collect();
        let wide_labels: Vec<usize> = labels.iter().map(|&label| label.into()).collect();
        let (mut accuracy, mut best, mut three) = (Accuracy::NEW, TopKAccuracy::<1>::NEW, TopKAccuracy::<3>::NEW);
        let mut confusion = ConfusionMatrix::<C>::NEW;
        for (outputs, labels) in outputs.chunks(16).zip(labels.chunks(16)) {
            accuracy.update(k, outputs, labels).expect("labels");
            best.update(outputs, labels).expect("labels");
            three.update(outputs, labels).expect("labels");
            confusion.update(k, outputs, labels).expect("labels");
        }
        let exact = |got: f32, expected: f64| assert!((f64::from(got) - expected).abs() < 1e-7, "{got} {expected}");
        exact(accuracy.value(), reference::accuracy(&wide_outputs, &wide_labels, 1));
        exact(best.value(), reference::accuracy(&wide_outputs, &wide_labels, 1));
        exact(three.value(), reference::accuracy(&wide_outputs, &wide_labels, 3));
        exact(confusion.accuracy(), reference::accuracy(&wide_outputs, &wide_labels, 1));

        let pairs: Vec<_> =
            wide_outputs.iter().zip(&wide_labels).map(|(y, &label)| (label, reference::ranking(y)[0])).collect();
        let mut sums = [0.0; 3];
        let mut weighted = 0.0;
        for class in 0..C {
            let [precision, recall, f1] = reference::precision_recall_f1(&pairs, class);
            exact(confusion.precision(class), precision);
            exact(confusion.recall(class), recall);
            exact(confusion.f1(class), f1);
            sums = [sums[0] + precision, sums[1] + recall, sums[2] + f1];
            weighted += precision * wide_labels.iter().filter(|&&label| label == class).count() as f64 / n as f64;
            for other in 0..C {
                let expected = pairs.iter().filter(|pair| **pair == (class, other)).count();
                assert_eq!(confusion.counts[class][other] as usize, expected);
            }
        }
        exact(confusion.macro_average(ConfusionMatrix::precision), sums[0] / C as f64);
        exact(confusion.macro_average(ConfusionMatrix::recall), sums[1] / C as f64);
        exact(confusion.macro_average(ConfusionMatrix::f1), sums[2] / C as f64);
        exact(confusion.weighted_average(ConfusionMatrix::precision), weighted);
    }
    let mut accuracy = Accuracy::NEW;
    let bad = accuracy.update(k, &[[0.0; C]; 2], &[3_i8, -1]);
    assert_eq!(bad, Err(Error::LabelOutOfRange { index: 1, label: -1, classes: C }));
    assert_eq!(accuracy.update(k, &[[0.0; C]; 2], &[3_u8]), Err(Error::BatchMismatch { inputs: 2, targets: 1 }));
    let mut confusion = ConfusionMatrix::<C>::NEW;
    assert!(confusion.update(k, &[[0.0; C]], &[7_u8]).is_err());
    assert_eq!(accuracy, Accuracy::NEW);
}

#[test]
fn classes_on_every_instruction_set() {
    on_every_instruction_set!(check_classes);
}

#[test]
fn ties_and_nothing() {
    let tie = [[0.5, 0.5, 0.5]];
    for (label, right) in [(0_u8, [1, 1]), (1, [0, 1]), (2, [0, 0])] {
        let (mut one, mut two) = (TopKAccuracy::<1>::NEW, TopKAccuracy::<2>::NEW);
        one.update(&tie, &[label]).expect("labels");
        two.update(&tie, &[label]).expect("labels");
        assert_eq!([one.correct, two.correct], right);
    }
    assert!(Accuracy::NEW.value().is_nan() && TopKAccuracy::<2>::NEW.value().is_nan());
    assert!(Mean::NEW.value().is_nan() && Perplexity::NEW.value().is_nan() && R2Score::<1>::NEW.value().is_nan());
    assert!(MeanSquaredError::NEW.value().is_nan() && ConfusionMatrix::<2>::NEW.accuracy().is_nan());
    let mut mean = Mean::NEW;
    mean.update(5.0, 0);
    assert_eq!((mean.count(), mean.value().is_nan()), (0, true));
}

#[test]
fn numbers() {
    let mut worst = 0.0_f64;
    for (seed, n) in [(1, 11), (2, 30), (3, 700)] {
        let (y, t) = (uniform(seed, 2 * n, -3.0, 3.0), uniform(seed + 50, 2 * n, -3.0, 3.0));
        let (outputs, targets) = (<[f32; 2]>::view(&y), <[f32; 2]>::view(&t));
        let (mut squares, mut absolute) = (MeanSquaredError::NEW, MeanAbsoluteError::NEW);
        let mut r2 = R2Score::<2>::NEW;
        for (outputs, targets) in outputs.chunks(8).zip(targets.chunks(8)) {
            squares.update(outputs, targets).expect("as many");
            absolute.update(outputs, targets).expect("as many");
            r2.update(outputs, targets).expect("as many");
        }
        let distances: Vec<f64> = wide(&y).iter().zip(wide(&t)).map(|(y, t)| y - t).collect();
        let mean = |f: &dyn Fn(f64) -> f64| distances.iter().map(|&d| f(d)).sum::<f64>() / (2 * n) as f64;
        let expected = [mean(&|d| d * d), mean(&f64::abs)];
        worst = worst.max(compare("metrics", &[squares.value(), absolute.value()], &expected, 9.0));
        let column = |x: &[f32], i: usize| -> Vec<f64> { wide(x).into_iter().skip(i).step_by(2).collect() };
        let score = (0..2).map(|i| reference::r2(&column(&y, i), &column(&t, i))).sum::<f64>() / 2.0;
        worst = worst.max(compare("metrics", &[r2.value()], &[score], score.abs().max(1.0)));
    }
    judge("metrics", worst);
    let (mut squares, mut r2) = (MeanSquaredError::NEW, R2Score::<1>::NEW);
    assert!(squares.update(&[[1.0]], &[]).is_err() && r2.update(&[], &[[1.0]]).is_err());
    let mut same = R2Score::<1>::NEW;
    same.update(&[[1.0], [1.0]], &[[1.0], [1.0]]).expect("as many");
    assert_eq!(same.value(), 1.0);
    same.update(&[[2.0]], &[[1.0]]).expect("as many");
    assert_eq!(same.value(), 0.0);
}

#[test]
fn means() {
    let losses = uniform(9, 200, 0.5, 3.5);
    let mut perplexity = Perplexity::NEW;
    let (mut sum, mut tokens) = (0.0, 0);
    for (i, &loss) in losses.iter().enumerate() {
        let n = 1 + i % 13;
        perplexity.update(loss, n);
        sum += f64::from(loss) * n as f64;
        tokens += n;
    }
    let mean = sum / tokens as f64;
    assert_eq!(perplexity.loss.count() as usize, tokens);
    compare("metrics", &[perplexity.loss.value()], &[mean], 3.5);
    compare("metrics", &[perplexity.value()], &[mean.exp()], 3.5 * mean.exp());
}
