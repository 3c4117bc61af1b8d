//! The functions of `tensorlet::math`, each on a grid over all binades of both signs.

use tensorlet::{
    Portable,
    math::{self, lanes},
    random,
};

use super::{Fingerprint, cases::cases};

/// Hashes a function's values: eight mantissas in every fourth exponent, zeros, infinities and NaN.
fn grid(f: impl Fn(f32) -> f32) -> u32 {
    let mut print = Fingerprint::new();
    // Steps of 2¹⁹ + 77 walk through a binade in sixteen steps, with uneven mantissas.
    let mut bits = 0_u32;
    while let Some(next) = bits.checked_add((1 << 20) + 77) {
        print.add(&f(f32::from_bits(bits)));
        bits = next;
    }
    for x in [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE] {
        print.add(&f(x));
    }
    print.value()
}

/// `x` where it is in a function's domain, at most `limit`.
fn below(limit: f32, x: f32) -> f32 {
    if x > limit { limit } else { x }
}

cases! {
    exp() grid(math::exp);
    expm1() grid(math::expm1);
    ln() grid(math::ln);
    log1p() grid(math::log1p);
    sqrt() grid(math::sqrt);
    rsqrt() grid(math::rsqrt);
    tanh() grid(math::tanh);
    sigmoid() grid(math::sigmoid);
    softplus() grid(math::softplus);
    erf() grid(math::erf);
    erfc() grid(math::erfc);
    sin() grid(math::sin);
    cos() grid(math::cos);
    pow(y: f32) grid(|x| math::pow(x, *y));
    normal_quantile() grid(random::normal_quantile);
    gumbel_quantile() grid(random::gumbel_quantile);
    exp_in_lanes() grid(|x| lanes::exp(Portable, x));
    exp_of_low() grid(|x| lanes::exp_of_low(Portable, below(89.0, x)));
    expm1_of_low() grid(|x| lanes::expm1_of_low(Portable, below(88.0, x)));
    ln_in_lanes() grid(|x| lanes::ln(Portable, x));
    log1p_of_unit() grid(|x| lanes::log1p_of_unit(Portable, below(1.0, x.abs())));
    minus_gumbel_of_uniform() grid(|x| lanes::minus_gumbel_of_uniform(Portable, below(1.0, x.abs())));
    normal_distribution() grid(|x| lanes::normal_distribution(Portable, x).0);
    sigmoid_in_lanes() grid(|x| lanes::sigmoid(Portable, x));
    softplus_in_lanes() grid(|x| lanes::softplus(Portable, x));
    tanh_in_lanes() grid(|x| lanes::tanh(Portable, x));
}
