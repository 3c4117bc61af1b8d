//! Functions of numbers in fixed point, bit for bit those of gemmlowp, which TensorFlow Lite's reference kernels
//! call (`fixedpoint/fixedpoint.h`).
//!
//! `Qm.n` is a number with `m` bits before the point and `n` behind it, and a sign.

use super::requantize::divide_by_power_of_two;

/// `a · b` of two numbers in Q0.31, rounded half up, saturated: gemmlowp's `SaturatingRoundingDoublingHighMul`.
#[inline(always)]
pub(crate) const fn multiply(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN { i32::MAX } else { ((a as i64 * b as i64 + (1 << 30)) >> 31) as i32 }
}

/// `x · 2^by`, saturated.
#[inline(always)]
const fn shift_left(x: i32, by: u32) -> i32 {
    let y = (x as i64) << by;
    if y > i32::MAX as i64 {
        i32::MAX
    } else if y < i32::MIN as i64 {
        i32::MIN
    } else {
        y as i32
    }
}

/// `exp(x)` in Q0.31 of an `x` in Q5.26 that is not positive: gemmlowp's `exp_on_negative_values`.
///
/// `exp(x)` is the exponential of what is above the next quarter below, by a polynomial around -1/8, times the
/// constants `exp(-2^i)`, `i = -2..=4`, of the bits of that quarter.
pub(crate) const fn exp_of_negative(x: i32) -> i32 {
    const QUARTER: i32 = 1 << 24;
    const EXP_OF_BITS: [i32; 7] = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];
    if x == 0 {
        return i32::MAX;
    }
    let rest = (x & (QUARTER - 1)) - QUARTER;
    let mut result = exp_near_eighth(rest << 5);
    let quarters = rest.wrapping_sub(x);
    let mut bit = 0;
    while bit < EXP_OF_BITS.len() {
        if quarters & (QUARTER << bit) != 0 {
            result = multiply(result, EXP_OF_BITS[bit]);
        }
        bit += 1;
    }
    result
}

/// `exp(x)` of an `x` in Q0.31 from -1/4 to 0, both in Q0.31.
const fn exp_near_eighth(x: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1895147668;
    const THIRD: i32 = 715827883;
    let x = x + (1 << 28);
    let x2 = multiply(x, x);
    let (x3, x4) = (multiply(x2, x), multiply(x2, x2));
    let sum = multiply(divide_by_power_of_two(x4, 2) + x3, THIRD) + x2;
    EXP_OF_MINUS_EIGHTH + multiply(EXP_OF_MINUS_EIGHTH, x + divide_by_power_of_two(sum, 1))
}

/// `1 / (1 + x)` of an `x` from 0 to 1, both in Q0.31, by three steps of Newton's method: gemmlowp's
/// `one_over_one_plus_x_for_x_in_0_1`.
#[inline]
pub(crate) const fn one_over_one_plus(x: i32) -> i32 {
    // 48/17 and -32/17 in Q2.29: the line from which the steps start.
    const START: i32 = 1515870810;
    const SLOPE: i32 = -1010580540;
    const ONE: i32 = 1 << 29;
    // Half of `1 + x`, rounded half away from zero.
    let half = ((x as i64 + i32::MAX as i64 + 1) >> 1) as i32;
    let mut y = START.wrapping_add(multiply(half, SLOPE));
    let mut step = 0;
    while step < 3 {
        let error = ONE.wrapping_sub(multiply(half, y));
        y = y.wrapping_add(shift_left(multiply(y, error), 2));
        step += 1;
    }
    shift_left(y, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_close() {
        for i in 0..1000 {
            let x = -i * 1_900_000;
            let (real, exact) = (f64::from(exp_of_negative(x)) / 2_f64.powi(31), (f64::from(x) / 2_f64.powi(26)).exp());
            // The polynomial ends with x^4: what is left is (1/8)^5 / 120.
            assert!((real - exact).abs() < 2.6e-7, "{x}: {real} and not {exact}");
        }
    }

    #[test]
    fn the_reciprocal_is_close() {
        for i in 0..=1000 {
            let x = (f64::from(i) / 1000.0 * f64::from(i32::MAX)) as i32;
            let (real, exact) =
                (f64::from(one_over_one_plus(x)) / 2_f64.powi(31), 1.0 / (1.0 + f64::from(x) / 2_f64.powi(31)));
            assert!((real - exact).abs() < 3e-9, "{x}: {real} and not {exact}");
        }
    }
}
