//! Layers that are trained on int8 weights: quantization-aware scaling.
//!
//! A layer here keeps its weight as it will be deployed, int8 with one scale for each output channel, and no copy of
//! floats beside it: a byte for each weight where [`fake_quantize_weights`](super::fake_quantize_weights) needs four of
//! the weight and four of its rounded copy. Activations between the layers are floats, rounded to what their integers
//! stand for by [`FakeQuantize`](crate::FakeQuantize); [`quantize`](super::quantize) takes weights and scales as they
//! are. So the layers of a network that shall go on learning on a device stand here, behind a
//! [`Frozen`](crate::layer::Frozen) rest.
//!
//! Integers are a matter of units. With `W̄ = W / s` the gradient is `∂L/∂W̄ = s · ∂L/∂W`, so that the ratio of weight and
//! gradient differs by `s⁻²` from that of floats, by another factor in each layer, and that of a bias in steps of
//! `s · s_x` by `(s · s_x)⁻²`: no learning rate fits all. *Quantization-aware scaling* (Lin et al., "On-Device Training
//! Under 256KB Memory", 2022, section 2.2) multiplies the gradients by these factors:
//!
//! `W̄ ← W̄ - η · s⁻² · ∂L/∂W̄`, which is `s · W̄ ← s · W̄ - η · ∂L/∂W`.
//!
//! The second form is what is computed here: the optimiser, any of [`optim`](crate::optim), sees weight and gradient in
//! real units, and its rates and decays mean what they mean for floats.
//!
//! So a rate that is right for floats is right here. A network that reads digits and learns to read them mirrored, SGD
//! at .02, one digit at a time, two epochs (`examples/tests/qas.rs`): from an accuracy of .450 to .956, on floats to
//! .967, and without the scaling at the same rate to .456. Where the scales of all layers are alike, as they are there, a
//! rate 30,000 times larger, `s⁻²`, makes up for the scaling of weights, though not of biases.
//!
//! A step is mostly shorter than a step of int8. Rounded to the nearest integer it would be lost; the authors'
//! simulation keeps the fractions in float weights. Here the new weight is rounded to one of its two neighbours at
//! random, so that its mean is exact (stochastic rounding; Gupta et al., 2015), and it stays within -127 to 127: a scale
//! does not change in training.

mod conv;
mod deploy;
mod linear;
mod weights;

pub use conv::Conv2d;
pub use linear::Linear;
pub use weights::{Int8Weights, StochasticRounding};
