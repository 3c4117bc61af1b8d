//! Metrics, from their definitions.

/// Places of the outputs from the largest down, the first of equal ones first.
#[must_use]
pub fn ranking(y: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|&a, &b| y[b].total_cmp(&y[a]));
    order
}

/// The part of samples whose class is among the `k` largest outputs.
#[must_use]
pub fn accuracy(outputs: &[Vec<f64>], labels: &[usize], k: usize) -> f64 {
    let right = outputs.iter().zip(labels).filter(|(y, label)| ranking(y)[..k].contains(label)).count();
    right as f64 / labels.len() as f64
}

/// Precision, recall and F1 of a class from pairs of class and prediction.
#[must_use]
pub fn precision_recall_f1(pairs: &[(usize, usize)], class: usize) -> [f64; 3] {
    let count = |label: bool, predicted: bool| {
        pairs.iter().filter(|(l, p)| (*l == class) == label && (*p == class) == predicted).count() as f64
    };
    let (hit, missed, wrong) = (count(true, true), count(true, false), count(false, true));
    let part = |of: f64, all: f64| if all == 0.0 { 0.0 } else { of / all };
    [part(hit, hit + wrong), part(hit, hit + missed), part(2.0 * hit, 2.0 * hit + missed + wrong)]
}

/// The coefficient of determination of one output.
#[must_use]
pub fn r2(outputs: &[f64], targets: &[f64]) -> f64 {
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let residual: f64 = outputs.iter().zip(targets).map(|(y, t)| (y - t).powi(2)).sum();
    let total: f64 = targets.iter().map(|t| (t - mean).powi(2)).sum();
    1.0 - residual / total
}
