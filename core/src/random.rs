//! Random numbers from any generator that implements [`rand_core::Rng`].
//!
//! Every function draws a stated number of 32-bit words, so that a stream is reproduced exactly on
//! another machine or device.

use rand_core::Rng;

use crate::math;

/// The generator that layers draw from in training, such as those that sample: xoshiro128++ (Blackman &
/// Vigna, 2019), 16 bytes.
pub type Generator = rand_xoshiro::Xoshiro128PlusPlus;

/// A uniform number in `[0, 1)`, PyTorch's `torch.rand`: the upper 24 bits of one word, times 2⁻²⁴.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let u = tensorlet::random::uniform(&mut Xoshiro128PlusPlus::seed_from_u64(1));
/// assert!((0.0..1.0).contains(&u));
/// ```
#[inline]
pub fn uniform<R: Rng>(rng: &mut R) -> f32 {
    (rng.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A uniform integer in `0..n`, PyTorch's `torch.randint(n)`, or 0 for `n = 0`: the upper word of `n` times one
/// random word.
///
/// The bias is below `n / 2³²` (Lemire, 2019, without its rejection step): one draw, no loop.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
/// assert!((0..100).all(|_| tensorlet::random::below(6, &mut rng) < 6));
/// ```
#[inline]
pub fn below<R: Rng>(n: u32, rng: &mut R) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(n)) >> 32) as u32
}

/// A standard normal number from one word, PyTorch's `torch.randn`: the inverse of the normal distribution function.
///
/// Wichura's PPND7 (Applied Statistics algorithm AS 241, 1988), relative error about 10⁻⁷; the
/// numbers lie within ±5.5, since a word has 24 bits here.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
/// let mean = (0..10_000).map(|_| tensorlet::random::normal(&mut rng)).sum::<f32>() / 10_000.0;
/// assert!(mean.abs() < 0.03);
/// ```
#[inline]
pub fn normal<R: Rng>(rng: &mut R) -> f32 {
    // The middle of each of the 2²⁴ cells: never 0, and held below 1, to which that of the last one is rounded.
    let p = (rng.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0) + 1.0 / 33_554_432.0;
    normal_quantile(if p < 1.0 { p } else { 1.0 - f32::EPSILON / 2.0 })
}

/// The number below which a standard normal variable lies with probability `p`: PyTorch's
/// `torch.special.ndtri`.
///
/// ```
/// assert_eq!(tensorlet::random::normal_quantile(0.5), 0.0);
/// assert!((tensorlet::random::normal_quantile(0.975) - 1.959_964).abs() < 1e-5);
/// ```
#[must_use]
pub fn normal_quantile(p: f32) -> f32 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * (((59.109_374 * r + 159.291_13) * r + 50.434_273) * r + 3.387_132_7)
            / (((67.187_56 * r + 78.757_76) * r + 17.895_17) * r + 1.0);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = math::sqrt(-math::ln(tail));
    let x = if r <= 5.0 {
        let r = r - 1.6;
        (((0.170_238_2 * r + 1.306_728_5) * r + 2.756_815_4) * r + 1.423_437_3)
            / ((0.120_211_33 * r + 0.737_001_64) * r + 1.0)
    } else {
        let r = r - 5.0;
        (((0.017_337_203 * r + 0.428_682_94) * r + 3.081_226_4) * r + 6.657_905)
            / ((0.012_258_202 * r + 0.241_978_94) * r + 1.0)
    };
    if q < 0.0 { -x } else { x }
}

/// A standard Gumbel number from a uniform one: `-ln(-ln(u + ε) + ε)` with `ε = 10⁻²⁰`, which keeps it finite
/// for 0 and 1. PyTorch's `distributions.Gumbel(0, 1).icdf`.
///
/// ```
/// assert!((tensorlet::random::gumbel_quantile(0.5) - 0.366_512_92).abs() < 1e-6);
/// assert!(tensorlet::random::gumbel_quantile(0.0).is_finite());
/// ```
#[inline]
#[must_use]
pub fn gumbel_quantile(u: f32) -> f32 {
    const EPS: f32 = 1e-20;
    -math::ln(-math::ln(u + EPS) + EPS)
}

/// Puts the items in random order, PyTorch's `x[torch.randperm(n)]`: Fisher and Yates' shuffle, one word per item
/// but the first.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut order = [0, 1, 2, 3, 4, 5, 6, 7];
/// tensorlet::random::shuffle(&mut order, &mut Xoshiro128PlusPlus::seed_from_u64(1));
/// let mut sorted = order;
/// sorted.sort();
/// assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7]);
/// assert_ne!(order, sorted);
/// ```
pub fn shuffle<T, R: Rng>(items: &mut [T], rng: &mut R) {
    let mut rest = items;
    while let Ok(n @ 2..) = u32::try_from(rest.len()) {
        let i = below(n, rng) as usize;
        let Some((last, others)) = rest.split_last_mut() else { return };
        if let Some(other) = others.get_mut(i) {
            core::mem::swap(last, other);
        }
        rest = others;
    }
}
