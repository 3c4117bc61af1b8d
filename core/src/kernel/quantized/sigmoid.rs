//! Sigmoid and hyperbolic tangent of int16, as TensorFlow Lite's reference kernels compute them.
//!
//! Both interpolate linearly between entries of one table, `tanh(x)` as `2 σ(2x) - 1`. Both are odd, around 1/2 and 0:
//! the table has negative numbers, too, so that kernels need no test of the sign.

/// `σ(i / 24)` in steps of `2^-16`: TensorFlow Lite's `sigmoid_table_uint16`, some entries of which are up to 1.11
/// too large.
const SIGMOID: [u16; 256] = [
    32_768, 33_451, 34_133, 34_813, 35_493, 36_169, 36_843, 37_513, 38_180, 38_841, 39_498, 40_149, 40_794, 41_432,
    42_064, 42_688, 43_304, 43_912, 44_511, 45_102, 45_683, 46_255, 46_817, 47_369, 47_911, 48_443, 48_964, 49_475,
    49_975, 50_464, 50_942, 51_409, 51_865, 52_311, 52_745, 53_169, 53_581, 53_983, 54_374, 54_755, 55_125, 55_485,
    55_834, 56_174, 56_503, 56_823, 57_133, 57_433, 57_724, 58_007, 58_280, 58_544, 58_800, 59_048, 59_288, 59_519,
    59_743, 59_959, 60_168, 60_370, 60_565, 60_753, 60_935, 61_110, 61_279, 61_441, 61_599, 61_750, 61_896, 62_036,
    62_172, 62_302, 62_428, 62_549, 62_666, 62_778, 62_886, 62_990, 63_090, 63_186, 63_279, 63_368, 63_454, 63_536,
    63_615, 63_691, 63_765, 63_835, 63_903, 63_968, 64_030, 64_090, 64_148, 64_204, 64_257, 64_308, 64_357, 64_405,
    64_450, 64_494, 64_536, 64_576, 64_614, 64_652, 64_687, 64_721, 64_754, 64_786, 64_816, 64_845, 64_873, 64_900,
    64_926, 64_950, 64_974, 64_997, 65_019, 65_039, 65_060, 65_079, 65_097, 65_115, 65_132, 65_149, 65_164, 65_179,
    65_194, 65_208, 65_221, 65_234, 65_246, 65_258, 65_269, 65_280, 65_291, 65_301, 65_310, 65_319, 65_328, 65_337,
    65_345, 65_352, 65_360, 65_367, 65_374, 65_381, 65_387, 65_393, 65_399, 65_404, 65_410, 65_415, 65_420, 65_425,
    65_429, 65_433, 65_438, 65_442, 65_445, 65_449, 65_453, 65_456, 65_459, 65_462, 65_465, 65_468, 65_471, 65_474,
    65_476, 65_479, 65_481, 65_483, 65_485, 65_488, 65_489, 65_491, 65_493, 65_495, 65_497, 65_498, 65_500, 65_501,
    65_503, 65_504, 65_505, 65_507, 65_508, 65_509, 65_510, 65_511, 65_512, 65_513, 65_514, 65_515, 65_516, 65_517,
    65_517, 65_518, 65_519, 65_520, 65_520, 65_521, 65_522, 65_522, 65_523, 65_523, 65_524, 65_524, 65_525, 65_525,
    65_526, 65_526, 65_526, 65_527, 65_527, 65_528, 65_528, 65_528, 65_529, 65_529, 65_529, 65_529, 65_530, 65_530,
    65_530, 65_530, 65_531, 65_531, 65_531, 65_531, 65_531, 65_532, 65_532, 65_532, 65_532, 65_532, 65_532, 65_533,
    65_533, 65_533, 65_533, 65_533, 65_533, 65_533, 65_533, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534,
    65_534, 65_534, 65_534, 65_535,
];

/// The table of both functions, `65536 (σ(i / 24) - 1/2)` for `i = -256..=257`, of TensorFlow Lite's
/// `sigmoid_table_uint16`: entry 256 is that of 0.
///
/// One entry more than there are steps, since kernels read an entry and the next one at once.
///
/// ```
/// use tensorlet::kernel::LOGISTIC;
/// assert_eq!((LOGISTIC[256], LOGISTIC[512], LOGISTIC[0]), (0, 32767, -32767));
/// ```
pub static LOGISTIC: [i16; 514] = {
    let (mut table, mut i) = ([i16::MAX; 514], 0_usize);
    while i < 514 {
        let from_zero = i.abs_diff(256);
        let size = if from_zero < SIGMOID.len() { (SIGMOID[from_zero] - (1 << 15)) as i16 } else { i16::MAX };
        table[i] = if i < 256 { -size } else { size };
        i += 1;
    }
    table
};

/// The table between entries `x >> fraction` and the next one, with as many more bits; at its ends what stands there.
#[inline(always)]
const fn interpolate(x: i32, fraction: u32) -> i32 {
    let (i, rest) = ((x >> fraction) + 256, x & ((1 << fraction) - 1));
    let (i, rest) = if i < 0 {
        (0, 0)
    } else if i > 511 {
        (512, 0)
    } else {
        (i as usize, rest)
    };
    (LOGISTIC[i] as i32) * ((1 << fraction) - rest) + LOGISTIC[i + 1] as i32 * rest
}

/// `σ(x)` in Q0.15 of an `x` in Q3.12: rounded half away from 1/2.
///
/// ```text
/// 0 -> 16384
/// ```
#[inline(never)]
pub(crate) const fn sigmoid(x: i16) -> i16 {
    let x = 3 * x as i32;
    // The sign is -1 or 0.
    ((interpolate(x, 9) + (1 << 24) + (1 << 9) + (x >> 31)) >> 10) as i16
}

/// `tanh(x)` in Q0.15 of an `x · 2^-left` in Q3.12; `left` may be negative. Rounded half away from 0.
#[inline(never)]
pub(crate) const fn tanh(x: i16, left: i32) -> i16 {
    let x = if left < 0 {
        let right = left.unsigned_abs() & 31;
        (3 * x as i32 + (1 << (right - 1))) >> right
    } else {
        (x as i32).wrapping_mul(3 << (left & 31))
    };
    ((interpolate(x, 8) + (1 << 7) + (x >> 31)) >> 8) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_sigmoid() {
        for (i, &entry) in SIGMOID.iter().enumerate() {
            let exact = 65536.0 / (1.0 + libm::exp(-(i as f64) / 24.0));
            let error = f64::from(entry) - exact;
            assert!((-0.5..1.11).contains(&error), "entry {i} is {entry}, which is {error} off");
        }
    }

    #[test]
    fn functions_are_close_to_exact_ones() {
        for x in i16::MIN..=i16::MAX {
            let real = f64::from(x) / 4096.0;
            let (s, t) = (1.0 / (1.0 + libm::exp(-real)), libm::tanh(real));
            assert!((f64::from(sigmoid(x)) / 32768.0 - s).abs() < 1.2e-4, "{x}");
            assert!((f64::from(tanh(x, 0)) / 32768.0 - t).abs() < 2.3e-4, "{x}");
        }
    }
}
