//! Where gradients go.

use crate::{Shape, Tensor};

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<X: crate::Tensor<Elem = f32>> Sealed for X {}
}

/// Where a gradient is added to: a tensor of `f32`, or `()` for one that is not wanted.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut da = [0.0; 2];
/// ops::mul_backward(Portable, &[1.0, 2.0], &[3.0, 4.0], &[1.0, 1.0], &mut da, &mut ());
/// assert_eq!(da, [3.0, 4.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take a gradient",
    note = "a gradient is a tensor of `f32`, or `()` where it is not wanted"
)]
pub trait Gradient: sealed::Sealed {
    /// The shape, if it is wanted.
    const WANTED: Option<Shape>;

    /// Its elements; none if it is not wanted.
    fn slot(&mut self) -> &mut [f32];
}

impl Gradient for () {
    const WANTED: Option<Shape> = None;

    #[inline(always)]
    fn slot(&mut self) -> &mut [f32] {
        &mut []
    }
}

impl<X: Tensor<Elem = f32>> Gradient for X {
    const WANTED: Option<Shape> = Some(X::SHAPE);

    #[inline(always)]
    fn slot(&mut self) -> &mut [f32] {
        self.elements_mut()
    }
}
