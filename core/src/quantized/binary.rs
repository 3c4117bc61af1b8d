//! Operations on two tensors.

use super::Integer;
use crate::{
    Module, Tensor,
    kernel::Kernels,
    ops::nest::{self, Nest},
};

/// Elements of two operands of one length, or of length 1, of which one can be where the result goes.
#[derive(Clone, Copy, Debug)]
pub enum Operands<'a, T> {
    /// Both are elsewhere.
    Both(&'a [T], &'a [T]),
    /// The first; the result's place holds the second.
    First(&'a [T]),
    /// The second; the result's place holds the first.
    Second(&'a [T]),
}

/// A layer with two inputs, on elements of type `T`.
///
/// As a [`Layer`](crate::Layer) it takes both as an array `[X; 2]`; behind two branches of a network it stands in
/// [`Residual`](super::Residual); a network that lays out its own memory calls [`apply2`](Self::apply2).
pub trait Binary<T: Integer>: Module {
    /// The layer's name in messages.
    const NAME: &'static str;

    /// The result for flat operands: each has as many elements as `y`, or one that counts for all.
    fn rows<K: Kernels>(&self, k: K, operands: Operands<'_, T>, y: &mut [T]);

    /// The result for pairs of samples, which are broadcast to each other as PyTorch does it. Does not compile
    /// unless the shapes fit.
    #[inline]
    fn apply2<K: Kernels, A, B, Y>(&self, k: K, a: &[A], b: &[B], y: &mut [Y])
    where
        A: Tensor<Elem = T>,
        B: Tensor<Elem = T>,
        Y: Tensor<Elem = T>,
    {
        let nest = const { &nest::binary::<A, B, Y>(Self::NAME) };
        if const { A::LEN == Y::LEN && B::LEN == Y::LEN } {
            self.rows(k, Operands::Both(A::flat(a), B::flat(b)), Y::flat_mut(y));
            return;
        }
        for ((a, b), y) in a.iter().zip(b).zip(y) {
            broadcast(self, k, nest, a.elements(), b.elements(), y.elements_mut());
        }
    }

    /// The result for pairs of samples, whose first ones `y` holds.
    #[inline]
    fn apply_onto<K: Kernels, B, Y>(&self, k: K, b: &[B], y: &mut [Y])
    where
        B: Tensor<Elem = T>,
        Y: Tensor<Elem = T>,
    {
        const { assert!(B::LEN == Y::LEN, "two tensors that are combined in place have the same length") };
        self.rows(k, Operands::Second(B::flat(b)), Y::flat_mut(y));
    }
}

/// The result for one sample of each operand.
#[inline(never)]
fn broadcast<T: Integer, L: Binary<T>, K: Kernels>(layer: &L, k: K, nest: &Nest<3>, a: &[T], b: &[T], y: &mut [T]) {
    let (len, [a_step, b_step, _]) = (nest.row(), nest.row_steps());
    nest.rows(|[a_at, b_at, y_at]| {
        let y = y.get_mut(y_at..).and_then(|y| y.get_mut(..len));
        if let (Some(a), Some(b), Some(y)) = (part(a, a_at, a_step, len), part(b, b_at, b_step, len), y) {
            layer.rows(k, Operands::Both(a, b), y);
        }
    });
}

/// A row of an operand, or the one element that is repeated.
#[inline(always)]
fn part<T>(operand: &[T], at: usize, step: usize, len: usize) -> Option<&[T]> {
    operand.get(at..)?.get(..if step == 0 { 1 } else { len })
}

/// [`QuantizedLayer`](super::QuantizedLayer), and with it [`Layer`](crate::Layer), on pairs `[X; 2]`:
/// `[generics] Type, elements`, with a constant `NEW`.
macro_rules! binary_layer {
    ([$($generics:tt)*] $name:ty, $t:ty) => {
        quantized_module!([$($generics)*] $name, 0);

        impl<X: Tensor<Elem = $t>, $($generics)*> QuantizedLayer<[X; 2]> for $name {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::Custom(<Self as Binary<$t>>::NAME),
                input: <[X; 2]>::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline]
            fn apply<K: Kernels>(&self, k: K, x: &[[X; 2]], y: &mut [X], _: &mut [f32]) {
                for ([a, b], y) in x.iter().zip(y) {
                    self.rows(k, Operands::Both(a.elements(), b.elements()), y.elements_mut());
                }
            }
        }

        quantized_layer!([$($generics)*] $name, [X: Tensor<Elem = $t>,] [X; 2]);
    };
}
pub(super) use binary_layer;
