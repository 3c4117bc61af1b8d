//! Masks of attention.

use super::super::nest::{Nest, broadcast_check, from, from_mut, steps, strides};
use crate::{Element, Shape, Tensor};

/// A mask of attention's scores: a tensor that is broadcast to them, or `()` for none.
///
/// Numbers are added to the scores. Truth values, `u8`, say which key a query may attend to: 0 is no.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mask of attention",
    note = "a mask is a tensor of `f32`, which is added to the scores, or of `u8`: 1 where a query may attend to a key; or `()`"
)]
pub trait Mask {
    /// Applies the mask to scores of type `W`.
    #[doc(hidden)]
    fn apply<W: Tensor<Elem = f32>>(&self, scores: &mut W);
}

impl Mask for () {
    #[inline(always)]
    fn apply<W: Tensor<Elem = f32>>(&self, _: &mut W) {}
}

/// An element of a mask.
pub trait MaskElement: Element {
    /// Changes a score.
    #[doc(hidden)]
    fn mask(self, score: &mut f32);
}

impl MaskElement for f32 {
    #[inline(always)]
    fn mask(self, score: &mut f32) {
        *score += self;
    }
}

impl MaskElement for u8 {
    #[inline(always)]
    fn mask(self, score: &mut f32) {
        if self == 0 {
            *score = f32::NEG_INFINITY;
        }
    }
}

impl<M: Tensor<Elem: MaskElement>> Mask for M {
    #[inline]
    fn apply<W: Tensor<Elem = f32>>(&self, scores: &mut W) {
        let nest = const {
            broadcast_check("scaled_dot_product_attention", &[M::SHAPE, W::SHAPE], W::SHAPE);
            let over: Shape = W::SHAPE;
            Nest::new(over.dims(), &steps([strides(M::SHAPE, over), strides(over, over)]))
        };
        apply(nest, self.elements(), scores.elements_mut());
    }
}

fn apply<E: MaskElement>(nest: Nest<2>, mask: &[E], scores: &mut [f32]) {
    let ([mask_step, _], row) = (nest.row_steps(), nest.row());
    nest.rows(|[at_mask, at_score]| {
        let mask = from(mask, at_mask);
        let scores = from_mut(scores, at_score).iter_mut().take(row);
        if mask_step == 0 {
            let Some(mask) = mask.first() else { return };
            scores.for_each(|score| mask.mask(score));
        } else {
            scores.zip(mask).for_each(|(score, mask)| mask.mask(score));
        }
    });
}
