//! Softmax cross-entropy with PyTorch's options.

use super::{
    ClassWeights, CrossEntropyLoss, Labels, Loss, Reduction,
    class::{IGNORE_INDEX, check, weight_of_labels},
};
use crate::{
    Error, Index, Tensor,
    kernel::Kernels,
    line::{Line, Lines, cells},
    math,
};

/// Softmax cross-entropy with class weights, an ignored label and label smoothing: PyTorch's
/// `nn.CrossEntropyLoss(weight, ignore_index=…, label_smoothing=…)`.
///
/// `loss = -Σ_c q_c ln softmax(y)_c` with `q_c = w_c ((1 - ε) p_c + ε/C)`, `p` being the one-hot vector of
/// the label or the given probabilities, `w` the class weights and `ε` the label smoothing. The mean
/// divides by the sum of the labels' weights, those of ignored labels left out; with probabilities, by
/// the number of places.
///
/// Made by the methods of [`CrossEntropyLoss`].
///
/// ```
/// use tensorlet::{loss::{CrossEntropyLoss, Loss}, Portable};
/// let loss = CrossEntropyLoss.weight([1.0, 3.0]);
/// let (even, mut y) = (2.0_f32.ln(), [[0.0, 0.0], [0.0, 0.0]]);
/// // (1 · ln 2 + 3 · ln 2) / (1 + 3)
/// assert!((loss.mean(Portable, &mut y, &[0, 1]) - even).abs() < 1e-6);
/// assert_eq!(y, [[-0.125, 0.125], [0.375, -0.375]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedCrossEntropyLoss<W = ()> {
    /// The weight of each class, `[f32; C]`, or `()`.
    pub weight: W,
    /// The label that counts nowhere.
    pub ignore_index: i64,
    /// The share of the probability that all classes get evenly, 0 to 1.
    pub label_smoothing: f32,
}

impl WeightedCrossEntropyLoss {
    /// PyTorch's defaults.
    pub const NEW: Self = Self { weight: (), ignore_index: IGNORE_INDEX, label_smoothing: 0.0 };
}

impl Default for WeightedCrossEntropyLoss {
    fn default() -> Self {
        Self::NEW
    }
}

impl<W: Copy> WeightedCrossEntropyLoss<W> {
    /// With a weight for each class.
    #[must_use]
    pub const fn weight<const C: usize>(self, weight: [f32; C]) -> WeightedCrossEntropyLoss<[f32; C]> {
        let Self { ignore_index, label_smoothing, .. } = self;
        WeightedCrossEntropyLoss { weight, ignore_index, label_smoothing }
    }

    /// With a label that counts nowhere.
    #[must_use]
    pub const fn ignore_index(self, ignore_index: i64) -> Self {
        Self { ignore_index, ..self }
    }

    /// With a share of the probability that all classes get evenly.
    #[must_use]
    pub const fn label_smoothing(self, label_smoothing: f32) -> Self {
        Self { label_smoothing, ..self }
    }
}

impl<W: ClassWeights<C>, Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> Loss<[Z; C], T>
    for WeightedCrossEntropyLoss<W>
{
    #[inline]
    fn check(&self, targets: &[T]) -> Result<(), Error> {
        check(T::flat(targets), C, self.ignore_index)
    }

    #[inline]
    fn divisor(&self, targets: &[T]) -> f32 {
        weight_of_labels(T::flat(targets), &self.weight, self.ignore_index)
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[Z; C]], targets: &[T], reduction: &mut R) {
        let (even, certain) = (self.label_smoothing / C as f32, 1.0 - self.label_smoothing);
        let lines = const { Lines { len: C, stride: Z::LEN } }.of(cells(Tensor::flat_mut(y)));
        for (line, label) in lines.zip(T::flat(targets)) {
            if label.to_i64() == self.ignore_index {
                reduction.element(|_| {
                    line.fill(0.0);
                    0.0
                });
                continue;
            }
            // The loss of a label that is none is NaN; callers check labels first.
            let target = label.position(C);
            let nowhere = if target.is_none() { f32::NAN } else { 0.0 };
            let shares = || {
                (0..C).map(|class| {
                    let here = if target == Some(class) { certain } else { nowhere };
                    self.weight.of(class) * (here + even)
                })
            };
            reduction.element(|scale| cross_entropy(line, shares, scale, true));
        }
    }
}

impl<W> WeightedCrossEntropyLoss<W> {
    /// With probabilities as targets.
    #[inline]
    fn evaluate_probabilities<R: Reduction, Z: Tensor<Elem = f32>, const C: usize>(
        &self,
        y: &mut [[Z; C]],
        targets: &[[Z; C]],
        reduction: &mut R,
    ) where
        W: ClassWeights<C>,
    {
        let (even, certain) = (self.label_smoothing / C as f32, 1.0 - self.label_smoothing);
        let lines = const { Lines { len: C, stride: Z::LEN } };
        for (line, target) in lines.of(cells(Tensor::flat_mut(y))).zip(lines.of(Tensor::flat(targets))) {
            let shares = || {
                let probabilities = target.iter().enumerate();
                probabilities.map(|(class, p)| self.weight.of(class) * (certain * p + even))
            };
            reduction.element(|scale| cross_entropy(line, shares, scale, false));
        }
    }
}

/// Probabilities as targets, rank by rank: the compiler can then tell them from labels.
macro_rules! probabilities {
    ($($scores:ty, [$($n:ident),*];)+) => {$(
        impl<W: ClassWeights<C>, const C: usize, $(const $n: usize),*> Loss<[$scores; C], [$scores; C]>
            for WeightedCrossEntropyLoss<W>
        {
            #[inline]
            fn divisor(&self, targets: &[[$scores; C]]) -> f32 {
                (targets.len() * <$scores>::LEN) as f32
            }

            #[inline]
            fn evaluate<K: Kernels, R: Reduction>(
                &self,
                _: K,
                y: &mut [[$scores; C]],
                targets: &[[$scores; C]],
                reduction: &mut R,
            ) {
                self.evaluate_probabilities(y, targets, reduction);
            }
        }

        impl<const C: usize, $(const $n: usize),*> Loss<[$scores; C], [$scores; C]> for CrossEntropyLoss {
            #[inline]
            fn divisor(&self, targets: &[[$scores; C]]) -> f32 {
                WeightedCrossEntropyLoss::NEW.divisor(targets)
            }

            #[inline]
            fn evaluate<K: Kernels, R: Reduction>(
                &self,
                _: K,
                y: &mut [[$scores; C]],
                targets: &[[$scores; C]],
                reduction: &mut R,
            ) {
                WeightedCrossEntropyLoss::NEW.evaluate_probabilities(y, targets, reduction);
            }
        }
    )+};
}

probabilities! {
    f32, [];
    [f32; L], [L];
    [[f32; L]; M], [M, L];
    [[[f32; L]; M]; N], [N, M, L];
}

/// `-Σ_c q_c ln softmax(y)_c` for the shares `q`, and the gradient `scale · (softmax(y)_c Σ q - q_c)` in place
/// of `y`.
///
/// Where `skip_zeros`, classes with `q_c = 0` add nothing even if their logit is infinite.
#[inline]
fn cross_entropy<S: Iterator<Item = f32>>(line: Line<'_>, shares: impl Fn() -> S, scale: f32, skip_zeros: bool) -> f32 {
    let max = line.max();
    let (mut sum, mut total, mut value) = (0.0, 0.0, 0.0);
    for (y, q) in line.iter().zip(shares()) {
        let shifted = y.get() - max;
        if !(skip_zeros && q == 0.0) {
            total += q;
            value -= q * shifted;
        }
        let e = math::exp(shifted);
        sum += e;
        y.set(e);
    }
    let normalise = total / sum;
    for (y, q) in line.iter().zip(shares()) {
        y.set(scale * (y.get() * normalise - q));
    }
    value + total * math::ln(sum)
}
