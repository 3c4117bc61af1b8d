//! Binary cross-entropy: a yes or no for each number of the output.

use super::{
    Loss, Reduction,
    elementwise::{ElementWeights, Pair, loops, weighted},
};
use crate::{Tensor, kernel::Kernels, math};

/// Binary cross-entropy of probabilities: PyTorch's `nn.BCELoss(weight)`.
///
/// `loss = -w (t ln y + (1 - t) ln(1 - y))` with probabilities `y` and targets `t`, both in 0 to 1. As in
/// PyTorch a logarithm is not below -100, and the gradient `w (y - t) / (y (1 - y))` divides by at least
/// 10⁻¹². [`BceWithLogitsLoss`] needs neither.
///
/// ```
/// use tensorlet::{loss::{BceLoss, Loss, Sum}, Portable};
/// let mut y = [[0.5, 0.0]];
/// let loss = Sum(BceLoss::NEW).mean(Portable, &mut y, &[[1.0, 1.0]]);
/// assert_eq!(loss, core::f32::consts::LN_2 + 100.0);
/// assert_eq!(y, [[-2.0, -1e12]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BceLoss<W = ()> {
    /// The weight of each number of the output: a tensor that is broadcast to it, or `()`.
    pub weight: W,
}

impl BceLoss {
    /// All numbers count the same.
    pub const NEW: Self = Self { weight: () };
}

impl<W: Copy> BceLoss<W> {
    /// With weights that are broadcast to the output.
    #[must_use]
    pub const fn weight<V: ElementWeights>(self, weight: V) -> BceLoss<V> {
        BceLoss { weight }
    }
}

impl<Y: Tensor<Elem = f32>, W: ElementWeights> Loss<Y, Y> for BceLoss<W> {
    #[inline]
    fn divisor(&self, targets: &[Y]) -> f32 {
        (targets.len() * Y::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [Y], targets: &[Y], reduction: &mut R) {
        let loops = const { &loops::<Y>("BceLoss", [W::SHAPE, <()>::SHAPE]) };
        let weights = [self.weight.weights(), ().weights()];
        weighted(Y::flat_mut(y), Y::flat(targets), Y::LEN, weights, loops, reduction, |y, t, [w, _]| {
            let (yes, no) = (at_least(math::ln(y), -100.0), at_least(math::log1p(-y), -100.0));
            Pair { value: -w * (t * yes + (1.0 - t) * no), derivative: w * ((y - t) / at_least(y * (1.0 - y), 1e-12)) }
        });
    }
}

/// The larger of two; NaN stays NaN.
#[inline(always)]
fn at_least(x: f32, least: f32) -> f32 {
    if x < least { least } else { x }
}

/// Binary cross-entropy of logits: PyTorch's `nn.BCEWithLogitsLoss(weight, pos_weight)`.
///
/// `loss = -w (p t ln σ(y) + (1 - t) ln(1 - σ(y)))`, `p` being the weight of positive targets; computed
/// without overflow for logits of any size. The gradient is `w ((p t + 1 - t) σ(y) - p t)`.
///
/// ```
/// use tensorlet::{loss::{BceWithLogitsLoss, Loss, Sum}, Portable};
/// let mut y = [[0.0, 1e4, -1e4]];
/// let loss = Sum(BceWithLogitsLoss::NEW).mean(Portable, &mut y, &[[1.0, 0.0, 0.0]]);
/// assert_eq!(loss, core::f32::consts::LN_2 + 1e4);
/// assert_eq!(y, [[-0.5, 1.0, 0.0]]);
///
/// // The second of three answers is rarely yes.
/// let loss = BceWithLogitsLoss::NEW.pos_weight([1.0, 20.0, 1.0]);
/// let loss = Sum(loss).mean(Portable, &mut [[0.0; 3]], &[[0.0, 1.0, 0.0]]);
/// assert!((loss - 22.0 * 2.0_f32.ln()).abs() < 1e-5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BceWithLogitsLoss<W = (), P = ()> {
    /// The weight of each number of the output: a tensor that is broadcast to it, or `()`.
    pub weight: W,
    /// The weight of targets that are 1, likewise.
    pub pos_weight: P,
}

impl BceWithLogitsLoss {
    /// All numbers count the same.
    pub const NEW: Self = Self { weight: (), pos_weight: () };
}

impl<W: Copy, P: Copy> BceWithLogitsLoss<W, P> {
    /// With weights that are broadcast to the output.
    #[must_use]
    pub const fn weight<V: ElementWeights>(self, weight: V) -> BceWithLogitsLoss<V, P> {
        BceWithLogitsLoss { weight, pos_weight: self.pos_weight }
    }

    /// With weights for positive targets, which are broadcast to the output.
    #[must_use]
    pub const fn pos_weight<V: ElementWeights>(self, pos_weight: V) -> BceWithLogitsLoss<W, V> {
        BceWithLogitsLoss { weight: self.weight, pos_weight }
    }
}

impl<Y: Tensor<Elem = f32>, W: ElementWeights, P: ElementWeights> Loss<Y, Y> for BceWithLogitsLoss<W, P> {
    #[inline]
    fn divisor(&self, targets: &[Y]) -> f32 {
        (targets.len() * Y::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [Y], targets: &[Y], reduction: &mut R) {
        let loops = const { &loops::<Y>("BceWithLogitsLoss", [W::SHAPE, P::SHAPE]) };
        let weights = [self.weight.weights(), self.pos_weight.weights()];
        weighted(Y::flat_mut(y), Y::flat(targets), Y::LEN, weights, loops, reduction, |y, t, [w, p]| {
            let (positive, negative) = (p * t, 1.0 - t);
            // -ln σ(y) = softplus(-y) and -ln(1 - σ(y)) = y + softplus(-y).
            Pair {
                value: w * (negative * y + (positive + negative) * math::softplus(-y)),
                derivative: w * ((positive + negative) * math::sigmoid(y) - positive),
            }
        });
    }
}

/// Focal loss of logits: binary cross-entropy in which sure answers count less (Lin et al., 2017);
/// torchvision's `sigmoid_focal_loss`.
///
/// `loss = α_t (1 - p_t)^γ · bce`, with `p_t = σ(y) t + (1 - σ(y)) (1 - t)` and
/// `α_t = α t + (1 - α) (1 - t)`; a negative `α` leaves `α_t` out.
///
/// ```
/// use tensorlet::{loss::{FocalLoss, Loss}, Portable};
/// // An even answer: ¼ · (½)² · ln 2.
/// let loss = FocalLoss::NEW.mean(Portable, &mut [[0.0]], &[[1.0]]);
/// assert!((loss - 2.0_f32.ln() / 16.0).abs() < 1e-7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FocalLoss {
    /// How much less sure answers count; 0 for all the same.
    pub gamma: f32,
    /// The weight of positive targets, 0 to 1; that of negative ones is `1 - α`. Negative for none.
    pub alpha: f32,
}

impl FocalLoss {
    /// The values of the paper and of torchvision: `γ = 2`, `α = ¼`.
    pub const NEW: Self = Self { gamma: 2.0, alpha: 0.25 };

    #[inline(always)]
    fn of(self, y: f32, t: f32) -> Pair {
        let Self { gamma, alpha } = self;
        let (yes, no) = (math::sigmoid(y), math::sigmoid(-y));
        let cross_entropy = (1.0 - t) * y + math::softplus(-y);
        // 1 - p_t, without a difference that cancels.
        let unsure = yes * (1.0 - t) + no * t;
        let factor = math::pow(unsure, gamma);
        // ∂(1 - p_t)^γ / ∂y
        let slope = if unsure > 0.0 { gamma * factor * (yes * no * (1.0 - 2.0 * t) / unsure) } else { 0.0 };
        let share = if alpha < 0.0 { 1.0 } else { alpha * t + (1.0 - alpha) * (1.0 - t) };
        Pair { value: share * factor * cross_entropy, derivative: share * (slope * cross_entropy + factor * (yes - t)) }
    }
}

impl Default for FocalLoss {
    fn default() -> Self {
        Self::NEW
    }
}

impl<Y: Tensor<Elem = f32>> Loss<Y, Y> for FocalLoss {
    #[inline]
    fn divisor(&self, targets: &[Y]) -> f32 {
        (targets.len() * Y::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [Y], targets: &[Y], reduction: &mut R) {
        super::elementwise::elementwise(Y::flat_mut(y), Y::flat(targets), reduction, |y, t| self.of(y, t));
    }
}
