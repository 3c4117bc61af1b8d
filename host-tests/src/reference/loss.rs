//! Losses: the elements that PyTorch gives with `reduction="none"`.

use super::softmax::log_sum_exp;

/// Options of losses over classes.
#[derive(Clone, Debug)]
pub struct Classes {
    /// The weight of each class.
    pub weight: Vec<f64>,
    /// The label that counts nowhere.
    pub ignore_index: i64,
    /// The share of the probability that all classes get evenly.
    pub label_smoothing: f64,
    /// Places of a sample: the product of the dimensions behind the classes.
    pub places: usize,
}

impl Classes {
    /// The scores of each place, one sample after the other: element `[sample][class][place]`.
    fn lines(&self, y: &[f64]) -> Vec<Vec<f64>> {
        let classes = self.weight.len();
        let mut lines = Vec::new();
        for sample in y.chunks(classes * self.places) {
            for place in 0..self.places {
                lines.push((0..classes).map(|c| sample[c * self.places + place]).collect());
            }
        }
        lines
    }

    fn log_softmax(&self, y: &[f64]) -> Vec<Vec<f64>> {
        let logs = |line: Vec<f64>| {
            let shift = log_sum_exp(&line);
            line.into_iter().map(|y| y - shift).collect()
        };
        self.lines(y).into_iter().map(logs).collect()
    }

    /// Softmax cross-entropy with labels.
    #[must_use]
    pub fn cross_entropy(&self, y: &[f64], labels: &[i64]) -> Vec<f64> {
        let (smoothing, classes) = (self.label_smoothing, self.weight.len() as f64);
        let element = |(line, &label): (Vec<f64>, &i64)| {
            if label == self.ignore_index {
                return 0.0;
            }
            let nll = -self.weight[label as usize] * line[label as usize];
            let even: f64 = line.iter().zip(&self.weight).map(|(log, w)| -w * log).sum();
            (1.0 - smoothing) * nll + smoothing / classes * even
        };
        self.log_softmax(y).into_iter().zip(labels).map(element).collect()
    }

    /// Softmax cross-entropy with probabilities, which lie as the scores do.
    #[must_use]
    pub fn cross_entropy_of_probabilities(&self, y: &[f64], probabilities: &[f64]) -> Vec<f64> {
        let (smoothing, classes) = (self.label_smoothing, self.weight.len() as f64);
        let element = |(logs, p): (Vec<f64>, Vec<f64>)| {
            let terms = logs.iter().zip(&p).zip(&self.weight);
            terms.map(|((log, p), w)| -w * (p * (1.0 - smoothing) + smoothing / classes) * log).sum()
        };
        self.log_softmax(y).into_iter().zip(self.lines(probabilities)).map(element).collect()
    }

    /// The negative log-likelihood of labels.
    #[must_use]
    pub fn nll(&self, y: &[f64], labels: &[i64]) -> Vec<f64> {
        let element = |(line, &label): (Vec<f64>, &i64)| {
            if label == self.ignore_index { 0.0 } else { -self.weight[label as usize] * line[label as usize] }
        };
        self.lines(y).into_iter().zip(labels).map(element).collect()
    }

    /// The sum of the weights of the labels that count.
    #[must_use]
    pub fn weight_of(&self, labels: &[i64]) -> f64 {
        labels.iter().filter(|label| **label != self.ignore_index).map(|&label| self.weight[label as usize]).sum()
    }
}

/// `ln(1 + eˣ)`
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `(y - t)²`
#[must_use]
pub fn squared(y: f64, t: f64) -> f64 {
    (y - t).powi(2)
}

/// `|y - t|`
#[must_use]
pub fn absolute(y: f64, t: f64) -> f64 {
    (y - t).abs()
}

/// PyTorch's `smooth_l1_loss`.
#[must_use]
pub fn smooth_l1(y: f64, t: f64, beta: f64) -> f64 {
    let d = (y - t).abs();
    if d < beta { d * d / (2.0 * beta) } else { d - beta / 2.0 }
}

/// PyTorch's `huber_loss`.
#[must_use]
pub fn huber(y: f64, t: f64, delta: f64) -> f64 {
    let d = (y - t).abs();
    if d <= delta { d * d / 2.0 } else { delta * (d - delta / 2.0) }
}

/// Binary cross-entropy of a probability.
#[must_use]
pub fn bce(y: f64, t: f64, weight: f64) -> f64 {
    -weight * (t * y.ln().max(-100.0) + (1.0 - t) * (-y).ln_1p().max(-100.0))
}

/// Binary cross-entropy of a logit.
#[must_use]
pub fn bce_with_logits(y: f64, t: f64, weight: f64, pos_weight: f64) -> f64 {
    weight * (pos_weight * t * softplus(-y) + (1.0 - t) * softplus(y))
}

/// Focal loss of a logit; a negative `alpha` means none.
#[must_use]
pub fn focal(y: f64, t: f64, gamma: f64, alpha: f64) -> f64 {
    let p = (-softplus(-y)).exp();
    let right = p * t + (1.0 - p) * (1.0 - t);
    let share = if alpha < 0.0 { 1.0 } else { alpha * t + (1.0 - alpha) * (1.0 - t) };
    share * (1.0 - right).powf(gamma) * bce_with_logits(y, t, 1.0, 1.0)
}

/// `t (ln t - y)`, or `eᵗ (t - y)`.
#[must_use]
pub fn kl_div(y: f64, t: f64, log_target: bool) -> f64 {
    if log_target {
        t.exp() * (t - y)
    } else if t == 0.0 {
        0.0
    } else {
        t * (t.ln() - y)
    }
}

/// The negative log-likelihood of `t` under a normal distribution.
#[must_use]
pub fn gaussian_nll([mean, variance]: [f64; 2], t: f64, full: bool, eps: f64) -> f64 {
    let variance = variance.max(eps);
    let constant = if full { (2.0 * std::f64::consts::PI).ln() / 2.0 } else { 0.0 };
    (variance.ln() + (t - mean).powi(2) / variance) / 2.0 + constant
}

/// The divergence of one normal distribution, `[mean, log-variance]`, from another.
#[must_use]
pub fn gaussian_kl([m1, v1]: [f64; 2], [m2, v2]: [f64; 2]) -> f64 {
    (v2 - v1 + (v1.exp() + (m1 - m2).powi(2)) / v2.exp() - 1.0) / 2.0
}

/// The divergence of one categorical distribution from another, both as logits.
#[must_use]
pub fn categorical_kl(a: &[f64], b: &[f64]) -> f64 {
    let (shift_a, shift_b) = (log_sum_exp(a), log_sum_exp(b));
    a.iter().zip(b).map(|(a, b)| (a - shift_a).exp() * ((a - shift_a) - (b - shift_b))).sum()
}

/// The cross-entropies of the first `valid` of the steps, over the number of all of them.
#[must_use]
pub fn masked_cross_entropy(steps: &[f64], labels: &[i64], valid: usize) -> f64 {
    let classes = steps.len() / labels.len();
    let step = |(y, label): (&[f64], &i64)| log_sum_exp(y) - y[*label as usize];
    steps.chunks(classes).zip(labels).take(valid).map(step).sum::<f64>() / labels.len() as f64
}
