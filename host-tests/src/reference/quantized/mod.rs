//! Operators on integers, by TensorFlow Lite's formulas as they stand, in 64 bits and more.
//!
//! Nothing is prepared and nothing folded: zero points are subtracted, sums scaled, zero points added, limits
//! applied.

pub mod elementwise;
pub mod gru;
pub mod lstm;
pub mod pool;
pub mod softmax;
pub mod weighted;

/// `n / d`, rounded half away from zero.
#[must_use]
pub fn divide(n: i128, d: i128) -> i128 {
    let rounded = (2 * n.abs() + d) / (2 * d);
    if n < 0 { -rounded } else { rounded }
}

/// `⌊n / d⌋`.
#[must_use]
pub fn floor(n: i128, d: i128) -> i128 {
    n.div_euclid(d)
}

/// A scale: `multiplier · 2^(shift - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The mantissa.
    pub multiplier: i32,
    /// The exponent.
    pub shift: i32,
}

impl Scale {
    /// The nearest to a real number: `QuantizeMultiplier`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn nearest(real: f64) -> Self {
        assert!(real > 0.0 && real.is_finite());
        let mut shift = 0;
        let mut mantissa = real;
        while mantissa >= 1.0 {
            mantissa /= 2.0;
            shift += 1;
        }
        while mantissa < 0.5 {
            mantissa *= 2.0;
            shift -= 1;
        }
        let multiplier = (mantissa * 2_f64.powi(31)).round();
        let (multiplier, shift) =
            if multiplier == 2_f64.powi(31) { (2_f64.powi(30), shift + 1) } else { (multiplier, shift) };
        Self { multiplier: multiplier as i32, shift }
    }

    /// `x` scaled and rounded: `MultiplyByQuantizedMultiplier`, rounding `twice` or once.
    #[must_use]
    pub fn of(self, x: i64, twice: bool) -> i64 {
        let product = i128::from(x) * i128::from(self.multiplier);
        let scaled = if twice {
            let [left, right] = [self.shift.max(0), (-self.shift).max(0)].map(|shift| 1_i128 << shift);
            divide(floor(product * left + (1 << 30), 1 << 31), right)
        } else {
            floor(product + (1 << (30 - self.shift)), 1 << (31 - self.shift))
        };
        i64::try_from(scaled).expect("a scaled number")
    }
}

/// The nearest within limits.
#[must_use]
pub fn limit(y: i64, [min, max]: [i64; 2]) -> i64 {
    y.max(min).min(max)
}
