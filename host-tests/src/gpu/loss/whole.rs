//! Losses that are made of other losses.

use tensorlet::{
    Tensor,
    loss::{BatchMean, PerStep, Sum, VaeLoss},
};

use super::{LossRule, OffloadLoss};

impl<Y: Tensor, T, L: OffloadLoss<Y, T>, const N: usize> OffloadLoss<[Y; N], [T; N]> for PerStep<L> {
    const TARGET_WORDS: usize = N * L::TARGET_WORDS;
    const SUMS: bool = L::SUMS;

    fn encode(&self, target: &[T; N], words: &mut Vec<u32>) {
        target.iter().for_each(|target| self.0.encode(target, words));
    }

    fn rule(&self) -> LossRule {
        let rule = self.0.rule();
        let items = rule.items;
        let text = format!(
            "{}\nfn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let step = e / {items}u;
    return item_of_step(y0 + step * {}u, t0 + step * {}u, e % {items}u, scale);
}}",
            rule.named("of_step"),
            Y::LEN,
            L::TARGET_WORDS
        );
        LossRule { items: items * N as u32, text }
    }
}

/// A loss with another divisor.
macro_rules! reduction {
    ($name:ident, $sums:literal) => {
        impl<Y: Tensor, T, L: OffloadLoss<Y, T>> OffloadLoss<Y, T> for $name<L> {
            const TARGET_WORDS: usize = L::TARGET_WORDS;
            const SUMS: bool = $sums;

            fn encode(&self, target: &T, words: &mut Vec<u32>) {
                self.0.encode(target, words);
            }

            fn rule(&self) -> LossRule {
                self.0.rule()
            }
        }
    };
}

reduction!(Sum, true);
reduction!(BatchMean, false);

impl<X: Tensor<Elem = f32>, Z: Tensor<Elem = f32>, R: OffloadLoss<X, X>, D: OffloadLoss<Z, ()>, const N: usize>
    OffloadLoss<[f32; N], X> for VaeLoss<Z, R, D>
{
    const TARGET_WORDS: usize = R::TARGET_WORDS;

    fn encode(&self, target: &X, words: &mut Vec<u32>) {
        self.reconstruction.encode(target, words);
    }

    fn rule(&self) -> LossRule {
        let (reconstruction, divergence) = (self.reconstruction.rule(), self.divergence.rule());
        let first = reconstruction.items;
        let text = format!(
            "{}\n{}\nfn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    if e < {first}u {{ return item_of_reconstruction(y0, t0, e, scale); }}
    return {beta:?} * item_of_divergence(y0 + {}u, t0, e - {first}u, {beta:?} * scale);
}}",
            reconstruction.named("of_reconstruction"),
            divergence.named("of_divergence"),
            X::LEN,
            beta = self.beta
        );
        LossRule { items: first + divergence.items, text }
    }
}
