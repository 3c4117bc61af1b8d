//! Element by element.

use super::{Scale, limit};

/// The scales and zero points of a sum: `ADD`.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    /// Bits that inputs are shifted to the left.
    pub left_shift: u32,
    /// Zero points of the inputs.
    pub zero: [i64; 2],
    /// Scales of the inputs.
    pub inputs: [Scale; 2],
    /// The scale of the sum.
    pub output: Scale,
    /// The zero point of the output.
    pub output_zero: i64,
    /// The limits of the output.
    pub limits: [i64; 2],
}

impl Sum {
    /// From real scales: those of the inputs relative to twice the larger one.
    #[must_use]
    pub fn of_scales(left_shift: u32, inputs: [(f32, i64); 2], output: (f32, i64), limits: [i64; 2]) -> Self {
        let [a, b] = inputs.map(|(scale, _)| f64::from(scale));
        let twice = 2.0 * a.max(b);
        Self {
            left_shift,
            zero: inputs.map(|(_, zero)| zero),
            inputs: [Scale::nearest(a / twice), Scale::nearest(b / twice)],
            output: Scale::nearest(twice / (2_f64.powi(left_shift as i32) * f64::from(output.0))),
            output_zero: output.1,
            limits,
        }
    }

    /// One sum.
    #[must_use]
    pub fn of(&self, [a, b]: [i64; 2], twice: bool) -> i64 {
        let input = |i: usize, x: i64| self.inputs[i].of((x - self.zero[i]) << self.left_shift, twice);
        limit(self.output.of(input(0, a) + input(1, b), twice) + self.output_zero, self.limits)
    }
}

/// The scale and zero points of a product: `MUL`.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Zero points of the inputs.
    pub zero: [i64; 2],
    /// The scale of the product.
    pub output: Scale,
    /// The zero point of the output.
    pub output_zero: i64,
    /// The limits of the output.
    pub limits: [i64; 2],
}

impl Product {
    /// One product.
    #[must_use]
    pub fn of(&self, [a, b]: [i64; 2], twice: bool) -> i64 {
        let product = (a - self.zero[0]) * (b - self.zero[1]);
        limit(self.output.of(product, twice) + self.output_zero, self.limits)
    }
}

/// Another scale and zero point, with limits: `QUANTIZE` of integers, `RELU` and `RELU6`.
#[must_use]
pub fn rescale(x: i64, scale: Scale, zero: [i64; 2], limits: [i64; 2], twice: bool) -> i64 {
    limit(scale.of(x - zero[0], twice) + zero[1], limits)
}

/// `QUANTIZE` of a float.
#[must_use]
pub fn quantize(x: f32, scale: f32, zero: i64, limits: [i64; 2]) -> i64 {
    let steps = f64::from(x / scale);
    // Half away from zero.
    let rounded = if steps < 0.0 { (steps - 0.5).ceil() } else { (steps + 0.5).floor() };
    limit((rounded as i64).saturating_add(zero), limits)
}

/// `DEQUANTIZE`.
#[must_use]
pub fn dequantize(x: i64, scale: f32, zero: i64) -> f32 {
    (f64::from(scale) * (x - zero) as f64) as f32
}

/// The mean of some elements at another scale: `MEAN` on int8 and int16.
#[must_use]
pub fn mean(x: &[i64], scale: Scale, zero: [i64; 2], limits: [i64; 2], twice: bool) -> i64 {
    let n = x.len() as i64;
    let sum: i64 = x.iter().map(|x| x - zero[0]).sum();
    let shift = n.ilog2() as i32;
    let shift = shift.min(31 + scale.shift);
    let multiplier = (i64::from(scale.multiplier) << shift) / n;
    let scale = Scale { multiplier: multiplier as i32, shift: scale.shift - shift };
    limit(scale.of(sum, twice) + zero[1], limits)
}
