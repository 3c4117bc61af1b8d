//! Operations on whole tensors: PyTorch's functions, with the result as the last argument.
//!
//! A result is a tensor that the caller owns, so nothing large is returned by value, and its type
//! says what comes out; the shapes of arguments and result are checked against each other when the
//! program is compiled. Dimensions are counted as in PyTorch, negative ones from the end.
//!
//! `…_backward` functions take the gradient `∂L/∂y` of the result and *add* to the gradients of the
//! arguments, as PyTorch does with `.grad`.

use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

/// A dimension of a tensor: PyTorch's `dim=D`, from the end where it is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dim<const D: isize>;

/// The position of dimension `D` of `X`. Fails to compile where there is none.
pub(crate) const fn axis<X: Tensor>(operation: &str, dim: isize) -> usize {
    let rank = X::SHAPE.rank() as isize;
    if dim < -rank || dim >= rank {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` has no such dimension of a tensor of shape "),
            Part::Shape(X::SHAPE),
        ]);
    }
    (if dim < 0 { dim + rank } else { dim }) as usize
}

/// Fails to compile unless the result of an operation on tensors of type `X` has the shape that it
/// must have.
pub(crate) const fn check_result<X: Tensor>(operation: &str, result: Shape, expected: Shape) {
    if !result.equals(&expected) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" gives shape "),
            Part::Shape(expected),
            Part::Text(", not "),
            Part::Shape(result),
        ]);
    }
}
