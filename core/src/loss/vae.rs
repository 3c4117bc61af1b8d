//! The loss of variational autoencoders.

use core::marker::PhantomData;

use super::{BceWithLogitsLoss, GaussianKl, Loss, Reduction, Scaled};
use crate::{
    Error, Tensor,
    kernel::{Kernels, samples_mut},
    memory::split,
    message::{Part, fail},
};

/// The loss of a variational autoencoder: the reconstruction's error plus `β` times the divergence of the
/// latent variables, both summed over a sample; the mean is over the batch. With `β = 1` it is the negative
/// evidence lower bound (Kingma & Welling, 2014).
///
/// What PyTorch users write as `recon, mu, logvar = model(x)` and `loss_function(recon, x, mu, logvar)` is
/// here one output `[f32; N]`: the reconstruction, and behind it the parameters `Z` of the latent
/// variables, as [`Concat`](crate::layer::Concat) joins them. The target is what is to be reconstructed,
/// mostly the input itself.
///
/// | | reconstruction `R` | divergence `D` | latent parameters `Z` |
/// |---|---|---|---|
/// | Gaussian (default) | [`BceWithLogitsLoss`], [`MseLoss`](super::MseLoss), … | [`GaussianKl`] | `[[f32; L]; 2]`: means, log-variances |
/// | categorical | the same | [`UniformKl`](super::UniformKl) | `[[f32; K]; L]`: logits |
///
/// ```
/// use tensorlet::layer::{Concat, GaussianReparam, Identity};
/// use tensorlet::{loss::VaeLoss, memory::training_words, optim::Adam, Linear, Mode, Module, Portable, Tanh, Trainer};
///
/// type Encoder = (Linear<4, 6>, (Tanh, Concat<Linear<6, 2>, Linear<6, 2>, [[f32; 2]; 2]>));
/// type Decoder = (Linear<2, 6>, (Tanh, Linear<6, 4>));
/// // Reconstruction, means and log-variances: 4 + 2 · 2 numbers.
/// type Vae = (Encoder, Concat<(GaussianReparam, Decoder), Identity, [f32; 8]>);
/// const WORDS: usize = training_words::<[f32; 4], Vae, Adam>(Mode::Accumulate, 2);
///
/// let mut net = Vae::ZERO;
/// let mut workspace = [0.0; WORDS];
/// let mut trainer = Trainer::<[f32; 4], Vae, _>::new(Adam::new(1e-2), &mut workspace)?;
/// let x = [[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]];
/// let loss = trainer.step(Portable, &mut net, &VaeLoss::<[[f32; 2]; 2]>::new(), &x, &x)?;
/// assert!((loss - 4.0 * 2.0_f32.ln()).abs() < 1e-5);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VaeLoss<Z, R = BceWithLogitsLoss, D = GaussianKl> {
    /// The loss of the reconstruction.
    pub reconstruction: R,
    /// The divergence of the latent variables from their prior.
    pub divergence: D,
    /// The factor of the divergence: 1, another for a β-VAE (Higgins et al., 2017).
    pub beta: f32,
    latent: PhantomData<fn(Z)>,
}

impl<Z> VaeLoss<Z> {
    /// Binary cross-entropy of logits and Gaussian latent variables, `β = 1`.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(BceWithLogitsLoss::NEW, GaussianKl)
    }
}

impl<Z> Default for VaeLoss<Z> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Z, R, D> VaeLoss<Z, R, D> {
    /// Of these two parts, `β = 1`.
    #[must_use]
    pub const fn with(reconstruction: R, divergence: D) -> Self {
        Self { reconstruction, divergence, beta: 1.0, latent: PhantomData }
    }

    /// With another factor of the divergence.
    #[must_use]
    pub fn beta(self, beta: f32) -> Self {
        Self { beta, ..self }
    }
}

impl<X: Tensor<Elem = f32>, Z: Tensor<Elem = f32>, R: Loss<X, X>, D: Loss<Z, ()>, const N: usize> Loss<[f32; N], X>
    for VaeLoss<Z, R, D>
{
    #[inline]
    fn check(&self, targets: &[X]) -> Result<(), Error> {
        self.reconstruction.check(targets)
    }

    #[inline]
    fn evaluate<K: Kernels, U: Reduction>(&self, k: K, y: &mut [[f32; N]], targets: &[X], reduction: &mut U) {
        const { check_parts::<X, Z>(N) };
        for (y, target) in samples_mut(Tensor::flat_mut(y), N).zip(targets) {
            reduction.element(|scale| {
                let (reconstruction, latent) = split(y, X::LEN);
                let (mut error, mut divergence) = (Scaled::new(scale), Scaled::new(self.beta * scale));
                let target = core::slice::from_ref(target);
                self.reconstruction.evaluate(k, X::view_mut(reconstruction), target, &mut error);
                self.divergence.evaluate(k, Z::view_mut(latent), &[()], &mut divergence);
                error.sum() + self.beta * divergence.sum()
            });
        }
    }
}

const fn check_parts<X: Tensor, Z: Tensor>(output: usize) {
    if X::LEN + Z::LEN != output {
        fail(&[
            Part::Text("shape mismatch: `VaeLoss` cannot take outputs of "),
            Part::Number(output),
            Part::Text(" numbers: a reconstruction of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" and latent parameters of shape "),
            Part::Shape(Z::SHAPE),
            Part::Text(" are "),
            Part::Number(X::LEN + Z::LEN),
        ]);
    }
}
