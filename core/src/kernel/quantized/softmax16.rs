//! Softmax of int16: exponential and reciprocal by interpolation, as TensorFlow Lite's `LUTPopulate` and `LUTLookup`
//! do it.

use crate::{
    kernel::{samples, samples_mut},
    quantized::{Integer, Multiplier, Twice, limit},
};

/// 512 steps of 128 of an int16, and the end of the last.
type Table = [i16; 513];

/// `exp(x)` from -10 to 0 in steps of `2^-15`.
static EXPONENTIALS: Table = table(Function::Exponential);

/// `1 / (1 + x)` from 0 to 1 in steps of `2^-15`.
static RECIPROCALS: Table = table(Function::Reciprocal);

#[derive(Clone, Copy)]
enum Function {
    Exponential,
    Reciprocal,
}

impl Function {
    const fn at(self, x: f32) -> f32 {
        match self {
            Self::Exponential => exponential(x as f64) as f32,
            Self::Reciprocal => 1.0 / (1.0 + x),
        }
    }
}

/// `exp(x)`: the series of a thousandth part, squared ten times.
const fn exponential(x: f64) -> f64 {
    let x = x / 1024.0;
    let (mut sum, mut n) = (1.0, 8.0);
    while n > 0.0 {
        sum = 1.0 + sum * x / n;
        n -= 1.0;
    }
    let mut squared = 0;
    while squared < 10 {
        sum *= sum;
        squared += 1;
    }
    sum
}

/// Half away from zero.
const fn round(x: f32) -> f32 {
    let (whole, half) = (x as i32 as f32, 0.5);
    if x - whole >= half {
        whole + 1.0
    } else if whole - x >= half {
        whole - 1.0
    } else {
        whole
    }
}

/// The table of a function, all in float32: each entry is moved by half of what the middle between it and the next
/// would be off.
const fn table(function: Function) -> Table {
    let (first, last) = match function {
        Function::Exponential => (10.0_f32 / 65535.0 * -65535.0, 0.0),
        Function::Reciprocal => (0.0, 1.0_f32 / 65535.0 * 65535.0),
    };
    let step = (last - first) / 512.0;
    let output = 2.0_f32 / 65535.0;
    let steps_of_one = 65536.0 / (output * 32767.0 - output * -32768.0);
    let (mut table, mut i) = ([0; 513], 0);
    while i < 512 {
        let at = first + i as f32 * step;
        let value = round(function.at(at) * steps_of_one);
        let next = function.at(first + (i + 1) as f32 * step) * steps_of_one;
        let middle = round((next + value) / 2.0) - round(function.at(at + step / 2.0) * steps_of_one);
        // The conversion saturates.
        table[i] = (value - round(middle / 2.0)) as i16;
        i += 1;
    }
    table[512] = round(function.at(last) * steps_of_one) as i16;
    table
}

/// The table at `x`.
#[inline(always)]
fn lookup(table: &Table, x: i16) -> i32 {
    let i = (256 + (x >> 7)) as usize;
    let (Some(&base), Some(&next)) = (table.get(i), table.get(i + 1)) else { return 0 };
    let slope = i32::from(next.wrapping_sub(base));
    i32::from(base) + ((slope * i32::from(x & 0x7f) + 64) >> 7)
}

#[inline(never)]
pub(super) fn softmax(row: usize, x: &[i16], scale: Multiplier, y: &mut [i16]) {
    for (x, y) in samples(x, row).zip(samples_mut(y, row)) {
        let max = i32::from(x.iter().copied().max().unwrap_or_default());
        let mut sum = 0_i32;
        for (y, &x) in y.iter_mut().zip(x) {
            let difference = scale.scale::<Twice>(i32::from(x) - max);
            let exponential = lookup(&EXPONENTIALS, limit(i16::ALL, difference.saturating_add(32767)));
            sum = sum.wrapping_add(exponential);
            *y = exponential as i16;
        }
        let headroom = sum.leading_zeros().clamp(1, 30);
        // The sum, shifted to 1 to 2, less 1, and from there to the middle of the table.
        let fraction = ((i64::from(sum) << (headroom - 1)) + (1 << 13)) >> 14;
        let reciprocal = lookup(&RECIPROCALS, limit(i16::ALL, fraction as i32 - (1 << 15) - (1 << 16)));
        let shift = 31 - headroom;
        for y in y {
            let share = (i32::from(*y).wrapping_mul(reciprocal).wrapping_add(1 << shift >> 1)) >> shift;
            *y = share.clamp(0, 32767) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_close_to_their_functions() {
        for i in 0..=512 {
            let x = i as f64 / 512.0;
            let (exact, entry) = (libm::exp(10.0 * x - 10.0) * 32768.0, f64::from(EXPONENTIALS[i]));
            assert!((entry - exact.min(32767.0)).abs() < 2.0, "{i}: {entry} and not {exact}");
            let (exact, entry) = (32768.0 / (1.0 + x), f64::from(RECIPROCALS[i]));
            assert!((entry - exact.min(32767.0)).abs() < 1.1, "{i}: {entry} and not {exact}");
        }
    }
}
