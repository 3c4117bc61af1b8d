//! Softmax in fixed point, by the formulas of gemmlowp's `fixedpoint.h` and TensorFlow Lite's `softmax.h`.

use super::{Scale, divide, floor};

/// The product of two numbers in Q0.31, rounded half up.
fn product(a: i64, b: i64) -> i64 {
    (floor(i128::from(a) * i128::from(b) + (1 << 30), 1 << 31) as i64).min(i64::from(i32::MAX))
}

/// `x / 2^bits`, rounded half away from zero.
fn shifted(x: i64, bits: u32) -> i64 {
    divide(i128::from(x), 1 << bits) as i64
}

/// A number as 32 bits hold it.
fn saturated(x: i64) -> i64 {
    x.clamp(i64::from(i32::MIN), i64::from(i32::MAX))
}

/// The exponential of a number in Q5.26, not positive, in Q0.31.
fn exponential(x: i64) -> i64 {
    if x == 0 {
        return i64::from(i32::MAX);
    }
    let quarter = 1 << 24;
    // From -1/4 to 0 without 0.
    let near = x.rem_euclid(quarter) - quarter;
    // In Q0.31, around -1/8.
    let t = near * 32 + (1 << 28);
    let t2 = product(t, t);
    let series = product(shifted(product(t2, t2), 2) + product(t2, t), 715_827_883) + t2;
    let mut y = 1_895_147_668 + product(1_895_147_668, t + shifted(series, 1));
    let mut quarters = (near - x) / quarter;
    for factor in [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242] {
        if quarters % 2 == 1 {
            y = product(y, factor);
        }
        quarters /= 2;
    }
    y
}

/// `1 / (1 + x)` of an `x` from 0 to 1, both in Q0.31.
fn reciprocal(x: i64) -> i64 {
    let half = divide(i128::from(x + i64::from(i32::MAX)), 2) as i64;
    let mut y = 1_515_870_810 + product(half, -1_010_580_540);
    for _ in 0..3 {
        y += saturated(4 * product(y, (1 << 29) - product(half, y)));
    }
    saturated(2 * y)
}

/// One row. Differences to the largest element below `least` do not count.
#[must_use]
pub fn softmax(x: &[i64], scale: Scale, least: i64) -> Vec<i64> {
    let max = *x.iter().max().expect("a row");
    let exponentials: Vec<i64> = x
        .iter()
        .map(|x| x - max)
        .map(|d| if d < least { 0 } else { exponential(product(d << scale.shift, i64::from(scale.multiplier))) })
        .collect();
    let sum: i64 = exponentials.iter().map(|&e| shifted(e, 12)).sum();
    let headroom = (sum as u32).leading_zeros();
    let one_over = reciprocal((sum << headroom) - (1 << 31));
    exponentials.iter().map(|&e| (shifted(product(one_over, e), 35 - headroom) - 128).min(127)).collect()
}

/// A function in 513 entries over all int16, by `LUTPopulate`: in single precision.
fn table(scale: f32, zero: f32, function: fn(f32) -> f32) -> Vec<i64> {
    let [first, last] = [-32768.0, 32767.0].map(|x| scale * (x - zero));
    let step = (last - first) / 512.0;
    let output = 2.0_f32 / 65535.0;
    let per_one = 65536.0 / (output * 32767.0 - output * -32768.0);
    let mut entries: Vec<f32> = Vec::new();
    for i in 0..512 {
        let at = first + i as f32 * step;
        let [here, middle, next] = [at, at + step / 2.0, first + (i + 1) as f32 * step].map(|x| function(x) * per_one);
        let error = ((next + here.round()) / 2.0).round() - middle.round();
        entries.push(here.round() - (error / 2.0).round());
    }
    entries.push((function(last) * per_one).round());
    entries.into_iter().map(|entry| entry.clamp(-32768.0, 32767.0) as i64).collect()
}

/// Softmax of int16 rows, by TensorFlow Lite's `SoftmaxInt16`.
#[derive(Clone, Debug)]
pub struct Wide {
    exponentials: Vec<i64>,
    reciprocals: Vec<i64>,
}

impl Default for Wide {
    fn default() -> Self {
        Self {
            exponentials: table(10.0 / 65535.0, 32767.0, |x| f64::from(x).exp() as f32),
            reciprocals: table(1.0 / 65535.0, -32768.0, |x| 1.0 / (1.0 + x)),
        }
    }
}

impl Wide {
    fn at(table: &[i64], x: i64) -> i64 {
        let (step, rest) = (x.div_euclid(128), x.rem_euclid(128));
        let i = (256 + step) as usize;
        table[i] + ((table[i + 1] - table[i]) * rest + 64).div_euclid(128)
    }

    /// One row.
    #[must_use]
    pub fn of(&self, x: &[i64], scale: Scale) -> Vec<i64> {
        let int16 = |x: i64| x.clamp(-32768, 32767);
        let max = *x.iter().max().expect("a row");
        let exponential = |x: &i64| Self::at(&self.exponentials, int16(scale.of(x - max, true) + 32767));
        let exponentials: Vec<i64> = x.iter().map(exponential).collect();
        let sum: i64 = exponentials.iter().sum();
        let bits = 31 - i64::from((sum as u32).leading_zeros());
        // From 1 to 2 in steps of 2^-16.
        let normal = divide(i128::from(sum) << (30 - bits), 1 << 14) as i64;
        let reciprocal = Self::at(&self.reciprocals, int16(normal - 98304));
        let share = |e: &i64| floor(i128::from(e * reciprocal) + (1 << (bits - 1)), 1 << bits) as i64;
        exponentials.iter().map(|e| share(e).clamp(0, 32767)).collect()
    }
}
