//! Numbers that know how far rounding can have taken a computation from them.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::tolerance::U;

/// A number in double precision with a bound of the errors that single precision makes on the way to
/// it, in units of [`U`]: running error analysis (Higham, "Accuracy and Stability of Numerical
/// Algorithms", 2002, section 3.3). A formula written with it gives result and magnitude at once.
#[derive(Clone, Copy, Debug)]
pub struct Rounded {
    /// The exact result.
    pub value: f64,
    /// What roundings add up to, in units of [`U`].
    pub error: f64,
}

impl Rounded {
    /// The result of one operation: what its operands were off by, and its own rounding.
    fn of(value: f64, inherited: f64) -> Self {
        Self { value, error: inherited + value.abs() }
    }

    /// The square root.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        // Where the error is larger than the number itself, the root can be off by the error's root.
        let error = self.error / (2.0 * root);
        let most = (self.error / U).sqrt();
        Self::of(root, if error < most { error } else { most })
    }

    /// The absolute value.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { value: self.value.abs(), ..self }
    }

    /// The larger one.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { value: self.value.max(other.value), error: self.error.max(other.error) }
    }
}

impl From<f32> for Rounded {
    fn from(value: f32) -> Self {
        Self { value: value.into(), error: 0.0 }
    }
}

impl Add for Rounded {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::of(self.value + other.value, self.error + other.error)
    }
}

impl Sub for Rounded {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Rounded {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, ..self }
    }
}

impl Mul for Rounded {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let inherited = self.value.abs() * other.error + other.value.abs() * self.error;
        Self::of(self.value * other.value, inherited)
    }
}

impl Div for Rounded {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        Self::of(quotient, (self.error + quotient.abs() * other.error) / other.value.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_and_are_close() {
        // A sum that cancels: the error of the first addition is the result's.
        let [a, b, c] = [1e4_f32, 1.2345, -1e4].map(Rounded::from);
        let sum = a + b + c;
        let got = f64::from(1e4_f32 + 1.2345 + -1e4);
        let off = (got - sum.value).abs() / U;
        assert!(off > 0.05 * sum.error && off <= sum.error, "{off} of {}", sum.error);
        assert_eq!((Rounded::from(4.0).sqrt().value, (-a).abs().value), (2.0, 1e4));
        assert_eq!((b * b / b).value, b.value);
    }
}
