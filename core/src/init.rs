//! Initialisation of parameters: PyTorch's `torch.nn.init`.
//!
//! Bounds and deviations are PyTorch's formulas; the stream of random numbers is the caller's
//! generator, so a seed gives the same weights on every machine, though not PyTorch's.

use rand_core::Rng;

use crate::{Tensor, math, random};

/// Fills with uniform numbers in `low..high`: PyTorch's `nn.init.uniform_`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut w = [[0.0; 4]; 3];
/// tensorlet::init::uniform(&mut w, -0.5, 0.5, &mut Xoshiro128PlusPlus::seed_from_u64(0));
/// assert!(w.as_flattened().iter().all(|w| (-0.5..0.5).contains(w)));
/// ```
pub fn uniform<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, low: f32, high: f32, rng: &mut R) {
    for w in w.elements_mut() {
        *w = low + (high - low) * random::uniform(rng);
    }
}

/// Fills with normal numbers of this mean and standard deviation: PyTorch's `nn.init.normal_`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut w = [0.0; 1000];
/// tensorlet::init::normal(&mut w, 3.0, 0.1, &mut Xoshiro128PlusPlus::seed_from_u64(0));
/// let mean = w.iter().sum::<f32>() / 1000.0;
/// assert!((mean - 3.0).abs() < 0.02);
/// ```
pub fn normal<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, mean: f32, std: f32, rng: &mut R) {
    for w in w.elements_mut() {
        *w = mean + std * random::normal(rng);
    }
}

/// The inputs of one output and the outputs of one input of a layer: PyTorch's `fan_in` and `fan_out`.
/// [`Linear::FANS`](crate::Linear::FANS) and [`Conv2d::FANS`](crate::Conv2d::FANS) state them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of one output.
    pub fan_in: usize,
    /// Outputs of one input.
    pub fan_out: usize,
}

/// Fills with uniform numbers within [`xavier_uniform_bound`]: PyTorch's `nn.init.xavier_uniform_`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Linear, Module, init};
/// let mut fc = Linear::<2, 4>::ZERO;
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
/// init::xavier_uniform(&mut fc.weight, Linear::<2, 4>::FANS, 1.0, &mut rng);
/// assert!(fc.weight.as_flattened().iter().all(|w| w.abs() <= 1.0));
/// ```
pub fn xavier_uniform<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, fans: Fans, gain: f32, rng: &mut R) {
    let bound = xavier_uniform_bound(fans.fan_in, fans.fan_out, gain);
    uniform(w, -bound, bound, rng);
}

/// Fills with normal numbers of [`xavier_normal_std`]: PyTorch's `nn.init.xavier_normal_`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Linear, Module, init};
/// let mut fc = Linear::<2, 4>::ZERO;
/// init::xavier_normal(&mut fc.weight, Linear::<2, 4>::FANS, 1.0, &mut Xoshiro128PlusPlus::seed_from_u64(0));
/// // 24-bit normal numbers lie within 5.5 deviations.
/// let most = 5.5 * init::xavier_normal_std(2, 4, 1.0);
/// assert!(fc.weight.as_flattened().iter().all(|w| w.abs() <= most));
/// ```
pub fn xavier_normal<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, fans: Fans, gain: f32, rng: &mut R) {
    normal(w, 0.0, xavier_normal_std(fans.fan_in, fans.fan_out, gain), rng);
}

/// Fills with uniform numbers within [`kaiming_uniform_bound`]: PyTorch's `nn.init.kaiming_uniform_` with
/// `mode="fan_in"` for `fan = fans.fan_in`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Linear, Module, init};
/// let mut fc = Linear::<6, 4>::ZERO;
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
/// init::kaiming_uniform(&mut fc.weight, Linear::<6, 4>::FANS.fan_in, init::RELU_GAIN, &mut rng);
/// assert!(fc.weight.as_flattened().iter().all(|w| w.abs() <= 1.0));
/// ```
pub fn kaiming_uniform<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, fan: usize, gain: f32, rng: &mut R) {
    let bound = kaiming_uniform_bound(fan, gain);
    uniform(w, -bound, bound, rng);
}

/// Fills with normal numbers of [`kaiming_normal_std`]: PyTorch's `nn.init.kaiming_normal_`.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Linear, Module, init};
/// let mut fc = Linear::<6, 4>::ZERO;
/// init::kaiming_normal(&mut fc.weight, Linear::<6, 4>::FANS.fan_in, init::RELU_GAIN, &mut
/// Xoshiro128PlusPlus::seed_from_u64(0)); let most = 5.5 * init::kaiming_normal_std(6, init::RELU_GAIN);
/// assert!(fc.weight.as_flattened().iter().all(|w| w.abs() <= most));
/// ```
pub fn kaiming_normal<T: Tensor<Elem = f32>, R: Rng>(w: &mut T, fan: usize, gain: f32, rng: &mut R) {
    normal(w, 0.0, kaiming_normal_std(fan, gain), rng);
}

/// `1/√fan_in`: the bound of PyTorch's default for `Linear` and `Conv2d`, weight and bias
/// (`kaiming_uniform_` with `a = √5`). `fan_in` is the number of inputs of one output.
///
/// ```
/// assert_eq!(tensorlet::init::default_bound(16), 0.25);
/// ```
#[must_use]
pub fn default_bound(fan_in: usize) -> f32 {
    1.0 / math::sqrt(fan_in as f32)
}

/// `gain · √(6 / (fan_in + fan_out))`: the bound of `xavier_uniform_` (Glorot and Bengio, 2010).
///
/// ```
/// assert_eq!(tensorlet::init::xavier_uniform_bound(2, 4, 1.0), 1.0);
/// ```
#[must_use]
pub fn xavier_uniform_bound(fan_in: usize, fan_out: usize, gain: f32) -> f32 {
    gain * math::sqrt(6.0 / (fan_in + fan_out) as f32)
}

/// `gain · √(2 / (fan_in + fan_out))`: the deviation of `xavier_normal_`.
///
/// ```
/// assert_eq!(tensorlet::init::xavier_normal_std(1, 1, 2.0), 2.0);
/// ```
#[must_use]
pub fn xavier_normal_std(fan_in: usize, fan_out: usize, gain: f32) -> f32 {
    gain * math::sqrt(2.0 / (fan_in + fan_out) as f32)
}

/// `gain · √(3 / fan)`: the bound of `kaiming_uniform_` (He et al., 2015). `gain` is
/// [`RELU_GAIN`] for ReLU and 1 for a linear layer.
///
/// ```
/// assert_eq!(tensorlet::init::kaiming_uniform_bound(12, 2.0), 1.0);
/// ```
#[must_use]
pub fn kaiming_uniform_bound(fan: usize, gain: f32) -> f32 {
    gain * math::sqrt(3.0 / fan as f32)
}

/// `gain / √fan`: the deviation of `kaiming_normal_`.
///
/// ```
/// assert_eq!(tensorlet::init::kaiming_normal_std(4, 1.0), 0.5);
/// ```
#[must_use]
pub fn kaiming_normal_std(fan: usize, gain: f32) -> f32 {
    gain / math::sqrt(fan as f32)
}

/// `√2`: PyTorch's `calculate_gain("relu")`.
pub const RELU_GAIN: f32 = core::f32::consts::SQRT_2;
/// `5/3`: PyTorch's `calculate_gain("tanh")`.
pub const TANH_GAIN: f32 = 5.0 / 3.0;
