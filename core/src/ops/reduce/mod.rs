//! Reductions: over one dimension, several, or all.

mod sum;

pub use sum::{sum, sum_backward};

use super::{
    Dim,
    nest::{Nest, steps, strides},
};
use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

const RANK: usize = Shape::MAX_RANK;

mod sealed {
    pub trait Sealed {}
}

/// The dimensions that an operation runs over: [`Dim<D>`](Dim), a tuple of several, or [`All`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name dimensions",
    note = "dimensions are `Dim::<1>`, several are `(Dim::<0>, Dim::<2>)`, all are `All`"
)]
pub trait Dims: sealed::Sealed + Copy {
    /// The dimensions, negative ones from the end; none for all.
    const DIMS: Option<&'static [isize]>;
}

/// All dimensions: PyTorch's `dim=None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct All;

impl sealed::Sealed for All {}

impl Dims for All {
    const DIMS: Option<&'static [isize]> = None;
}

impl<const D: isize> sealed::Sealed for Dim<D> {}

impl<const D: isize> Dims for Dim<D> {
    const DIMS: Option<&'static [isize]> = Some(&[D]);
}

macro_rules! tuples {
    ($($($name:ident)+;)+) => {$(
        impl<$(const $name: isize),+> sealed::Sealed for ($(Dim<$name>,)+) {}

        impl<$(const $name: isize),+> Dims for ($(Dim<$name>,)+) {
            const DIMS: Option<&'static [isize]> = Some(&[$($name),+]);
        }
    )+};
}

tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; }

/// Which dimensions of a shape are named. Fails to compile where there is no such dimension, or where
/// one is named twice.
pub(super) const fn named<D: Dims>(operation: &str, shape: Shape) -> [bool; RANK] {
    let Some(dims) = D::DIMS else { return [true; RANK] };
    let mut named = [false; RANK];
    let mut i = 0;
    while i < dims.len() {
        let axis = super::position(operation, shape, dims[i]);
        if named[axis] {
            fail(&[
                Part::Text("shape mismatch: `"),
                Part::Text(operation),
                Part::Text("` names dimension "),
                Part::Number(axis),
                Part::Text(" of a tensor of shape "),
                Part::Shape(shape),
                Part::Text(" twice"),
            ]);
        }
        named[axis] = true;
        i += 1;
    }
    named
}

/// A reduction of tensors of one shape to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduction {
    /// All loops, through the argument and the result, which is repeated where it is reduced.
    pub(crate) all: Nest<2>,
}

/// The reduction of `X` to `Y` over dimensions `D`. Fails to compile unless the shapes fit.
pub(crate) const fn reduction<X: Tensor, Y: Tensor, D: Dims>(operation: &str) -> Reduction {
    let (shape, reduced) = (X::SHAPE, named::<D>(operation, X::SHAPE));
    // The result's dimensions without those that are reduced, and with 1 in their place.
    let (mut short, mut kept, mut rank) = ([1; RANK], [1; RANK], 0);
    let mut i = 0;
    while i < shape.rank() {
        if !reduced[i] {
            kept[i] = shape.dim(i);
            short[rank] = shape.dim(i);
            rank += 1;
        }
        i += 1;
    }
    let short = Shape::new(short.split_at(rank).0);
    let kept = Shape::new(kept.split_at(shape.rank()).0);
    if !Y::SHAPE.equals(&short) && !Y::SHAPE.equals(&kept) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(shape),
            Part::Text(" gives shape "),
            Part::Shape(short),
            Part::Text(" or "),
            Part::Shape(kept),
            Part::Text(", not "),
            Part::Shape(Y::SHAPE),
        ]);
    }
    let (x, y) = (strides(shape, shape), strides(kept, shape));
    Reduction { all: Nest::new(shape.dims(), &steps([x, y])) }
}
