//! Losses of the difference between output and target.

use super::{
    Loss, Reduction,
    elementwise::{Pair, elementwise},
};
use crate::{Tensor, kernel::Kernels};

/// The squared error `(y - t)²`: PyTorch's `nn.MSELoss`.
///
/// ```
/// use tensorlet::{loss::{Loss, MseLoss}, Portable};
/// let mut y = [[1.0, 3.0]];
/// assert_eq!(MseLoss.mean(Portable, &mut y, &[[0.0, 0.0]]), 5.0);
/// assert_eq!(y, [[1.0, 3.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MseLoss;

/// The absolute error `|y - t|`: PyTorch's `nn.L1Loss`. The derivative at 0 is 0.
///
/// ```
/// use tensorlet::{loss::{L1Loss, Loss}, Portable};
/// let mut y = [[1.0, -3.0]];
/// assert_eq!(L1Loss.mean(Portable, &mut y, &[[0.0, 0.0]]), 2.0);
/// assert_eq!(y, [[0.5, -0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct L1Loss;

/// The absolute error, rounded off at 0: `d²/2β` for `|d| < β`, else `|d| - β/2`, with `d = y - t`: PyTorch's
/// `nn.SmoothL1Loss`. With `β = 0` it is [`L1Loss`].
///
/// ```
/// use tensorlet::{loss::{Loss, SmoothL1Loss, Sum}, Portable};
/// let mut y = [[1.0, -3.0]];
/// assert_eq!(Sum(SmoothL1Loss { beta: 2.0 }).mean(Portable, &mut y, &[[0.0, 0.0]]), 0.25 + 2.0);
/// assert_eq!(y, [[0.5, -1.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothL1Loss {
    /// Half the width of the round part.
    pub beta: f32,
}

/// The squared error near 0, the absolute error far from it: `d²/2` for `|d| ≤ δ`, else `δ (|d| - δ/2)`, with
/// `d = y - t`: PyTorch's `nn.HuberLoss`.
///
/// ```
/// use tensorlet::{loss::{HuberLoss, Loss, Sum}, Portable};
/// let mut y = [[1.0, -3.0]];
/// assert_eq!(Sum(HuberLoss { delta: 2.0 }).mean(Portable, &mut y, &[[0.0, 0.0]]), 0.5 + 4.0);
/// assert_eq!(y, [[1.0, -2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HuberLoss {
    /// Where the error stops to be squared.
    pub delta: f32,
}

impl SmoothL1Loss {
    /// PyTorch's default, `β = 1`.
    pub const NEW: Self = Self { beta: 1.0 };
}

impl HuberLoss {
    /// PyTorch's default, `δ = 1`.
    pub const NEW: Self = Self { delta: 1.0 };
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        Self::NEW
    }
}

impl Default for HuberLoss {
    fn default() -> Self {
        Self::NEW
    }
}

impl MseLoss {
    #[inline(always)]
    fn of(self, d: f32) -> Pair {
        Pair { value: d * d, derivative: 2.0 * d }
    }
}

impl L1Loss {
    #[inline(always)]
    fn of(self, d: f32) -> Pair {
        let derivative = if d == 0.0 { 0.0 } else { 1.0_f32.copysign(d) };
        Pair { value: d.abs(), derivative }
    }
}

impl SmoothL1Loss {
    #[inline(always)]
    fn of(self, d: f32) -> Pair {
        let Self { beta } = self;
        if d.abs() < beta {
            Pair { value: 0.5 * d * d / beta, derivative: d / beta }
        } else {
            let Pair { value, derivative } = L1Loss.of(d);
            Pair { value: value - 0.5 * beta, derivative }
        }
    }
}

impl HuberLoss {
    #[inline(always)]
    fn of(self, d: f32) -> Pair {
        let Self { delta } = self;
        if d.abs() <= delta {
            Pair { value: 0.5 * d * d, derivative: d }
        } else {
            Pair { value: delta * (d.abs() - 0.5 * delta), derivative: delta.copysign(d) }
        }
    }
}

/// `Loss` of outputs and targets of the same type.
macro_rules! loss_of_difference {
    ($($name:ident),+) => {$(
        impl $name {
            /// The gradient with respect to the targets, from that with respect to the outputs, which it
            /// is the negative of: added to `dt`.
            #[inline]
            pub fn target_gradient<Y: Tensor<Elem = f32>>(&self, dy: &[Y], dt: &mut [Y]) {
                for (dt, dy) in Y::flat_mut(dt).iter_mut().zip(Y::flat(dy)) {
                    *dt -= dy;
                }
            }
        }

        impl<Y: Tensor<Elem = f32>> Loss<Y, Y> for $name {
            #[inline]
            fn divisor(&self, targets: &[Y]) -> f32 {
                (targets.len() * Y::LEN) as f32
            }

            #[inline]
            fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [Y], targets: &[Y], reduction: &mut R) {
                elementwise(Y::flat_mut(y), Y::flat(targets), reduction, |y, t| self.of(y - t));
            }
        }
    )+};
}

loss_of_difference!(MseLoss, L1Loss, SmoothL1Loss, HuberLoss);
