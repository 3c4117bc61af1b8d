//! What values a tensor takes.

use super::super::Quantization;

/// Sees the values of a tensor over many batches and tells its range: PyTorch's `ObserverBase`.
pub trait Observer {
    /// Takes values in; those that are not finite do not count.
    fn observe(&mut self, values: &[f32]);

    /// The smallest and the largest value that the integers should reach.
    fn range(&self) -> (f32, f32);

    /// Scale and zero point of int8 for that range, which is widened to hold 0: PyTorch's `calculate_qparams` with
    /// `torch.per_tensor_affine` and `torch.qint8`.
    ///
    /// `scale = (max - min) / 255`, `zero_point = -128 - round(min / scale)`.
    fn quantization(&self) -> Quantization {
        let (min, max) = self.range();
        let (min, max) = (min.min(0.0), max.max(0.0));
        // As PyTorch has it: no scale is smaller than the distance of 1 to the next float.
        let scale = ((max - min) / 255.0).max(f32::EPSILON);
        let zero_point = (-128 - libm::rintf(min / scale) as i32).clamp(-128, 127);
        Quantization { scale, zero_point }
    }
}

/// The smallest and the largest value seen: PyTorch's `MinMaxObserver`.
///
/// ```
/// use tensorlet::quantized::{MinMaxObserver, Observer, Quantization};
/// let mut observer = MinMaxObserver::NEW;
/// observer.observe(&[0.0, 2.55]);
/// observer.observe(&[1.0]);
/// assert_eq!(observer.range(), (0.0, 2.55));
/// assert_eq!(observer.quantization(), Quantization::new(0.01, -128));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinMaxObserver {
    min: f32,
    max: f32,
}

impl MinMaxObserver {
    /// Has seen nothing.
    pub const NEW: Self = Self { min: f32::INFINITY, max: f32::NEG_INFINITY };
}

impl Default for MinMaxObserver {
    fn default() -> Self {
        Self::NEW
    }
}

/// The smallest and the largest of values that are finite.
fn extremes(values: &[f32]) -> (f32, f32) {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), x| (x.min(min), x.max(max)))
}

impl Observer for MinMaxObserver {
    fn observe(&mut self, values: &[f32]) {
        let (min, max) = extremes(values);
        (self.min, self.max) = (self.min.min(min), self.max.max(max));
    }

    fn range(&self) -> (f32, f32) {
        if self.min <= self.max { (self.min, self.max) } else { (0.0, 0.0) }
    }
}

/// Moving averages of the smallest and the largest value of each batch: PyTorch's
/// `MovingAverageMinMaxObserver(averaging_constant)`.
///
/// ```
/// use tensorlet::quantized::{MovingAverageMinMaxObserver, Observer};
/// let mut observer = MovingAverageMinMaxObserver::new(0.5);
/// observer.observe(&[-1.0, 1.0]);
/// observer.observe(&[0.0, 3.0]);
/// assert_eq!(observer.range(), (-0.5, 2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingAverageMinMaxObserver {
    averaging_constant: f32,
    seen: MinMaxObserver,
}

impl MovingAverageMinMaxObserver {
    /// In which a batch counts this much; PyTorch's default is 0.01.
    #[must_use]
    pub const fn new(averaging_constant: f32) -> Self {
        Self { averaging_constant, seen: MinMaxObserver::NEW }
    }
}

impl Default for MovingAverageMinMaxObserver {
    fn default() -> Self {
        Self::new(0.01)
    }
}

impl Observer for MovingAverageMinMaxObserver {
    fn observe(&mut self, values: &[f32]) {
        let (min, max) = extremes(values);
        if min > max {
            return;
        }
        let seen = &mut self.seen;
        if seen.min > seen.max {
            *seen = MinMaxObserver { min, max };
        } else {
            seen.min += self.averaging_constant * (min - seen.min);
            seen.max += self.averaging_constant * (max - seen.max);
        }
    }

    fn range(&self) -> (f32, f32) {
        self.seen.range()
    }
}
