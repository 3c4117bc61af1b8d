//! Reductions: over one dimension, several, or all.

mod argument;
mod cumulative;
mod extreme;
mod logsumexp;
mod moments;
mod norm;
mod normalize;
mod product;
mod sum;

pub use argument::{argmax, argmax_last, argmin, argmin_last};
pub use cumulative::{cumprod, cumprod_backward, cumsum, cumsum_backward};
#[cfg(test)]
pub(super) use extreme::choice;
pub use extreme::{amax, amax_backward, amin, amin_backward, max, max_backward, min, min_backward};
pub use logsumexp::{logsumexp, logsumexp_backward};
pub use moments::{std, std_backward, var, var_backward};
pub use norm::{norm, norm_backward};
pub use normalize::{normalize, normalize_backward};
pub use product::{prod, prod_backward};
pub use sum::{mean, mean_backward, sum, sum_backward};

use super::{
    Dim,
    nest::{Nest, from, from_mut, steps, strides},
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
    /// The loops over the results, through the argument and the result.
    pub(crate) results: Nest<2>,
    /// The loops over the elements of one result, through the argument.
    pub(crate) fibre: Nest<1>,
    /// The number of elements of one result.
    pub(crate) len: usize,
}

impl Reduction {
    const fn new(shape: Shape, reduced: [bool; RANK]) -> Self {
        let kept = kept(shape, reduced);
        let (mut outside, mut inside, mut len, mut i) = ([1; RANK], [1; RANK], 1, 0);
        while i < shape.rank() {
            if reduced[i] {
                inside[i] = shape.dim(i);
                len *= shape.dim(i);
            } else {
                outside[i] = shape.dim(i);
            }
            i += 1;
        }
        let (x, y) = (strides(shape, shape), strides(kept, shape));
        Self {
            all: Nest::new(shape.dims(), &steps([x, y])),
            results: Nest::new(&outside, &steps([x, y])),
            fibre: Nest::new(&inside, &steps([x])),
            len,
        }
    }

    /// Folds all elements of the argument into their results, which hold the start.
    #[inline(always)]
    fn fold<T: Copy>(&self, x: &[T], y: &mut [T], f: impl Fn(T, T) -> T) {
        let (len, repeated) = (self.all.row(), self.all.row_steps()[1] == 0);
        self.all.rows(|[x_at, y_at]| {
            let x = from(x, x_at).iter().take(len);
            match (repeated, from_mut(y, y_at)) {
                (true, [y, ..]) => *y = x.fold(*y, |y, x| f(y, *x)),
                (_, y) => y.iter_mut().zip(x).for_each(|(y, x)| *y = f(*y, *x)),
            }
        });
    }

    /// Calls `f` for each result, with the place of its first element in the argument and its own.
    #[inline(always)]
    fn each_result(&self, mut f: impl FnMut(usize, usize)) {
        let (len, [x_step, y_step]) = (self.results.row(), self.results.row_steps());
        self.results.rows(|[mut x_at, mut y_at]| {
            for _ in 0..len {
                f(x_at, y_at);
                x_at += x_step;
                y_at += y_step;
            }
        });
    }

    /// Calls `f` for the place of each element of a result, whose first is at `start`.
    #[inline(always)]
    fn each_place(&self, start: usize, mut f: impl FnMut(usize)) {
        let (len, [step]) = (self.fibre.row(), self.fibre.row_steps());
        self.fibre.rows(|[offset]| {
            let mut at = start + offset;
            for _ in 0..len {
                f(at);
                at += step;
            }
        });
    }

    /// Calls `f` for each element of a result, whose first is at `start`.
    #[inline(always)]
    fn each<T: Copy>(&self, x: &[T], start: usize, mut f: impl FnMut(T)) {
        let (len, [step]) = (self.fibre.row(), self.fibre.row_steps());
        self.fibre.rows(|[offset]| {
            let x = from(x, start + offset);
            if step == 1 {
                x.iter().take(len).for_each(|x| f(*x));
            } else {
                let mut at = 0;
                for _ in 0..len {
                    x.get(at).copied().map(&mut f);
                    at += step;
                }
            }
        });
    }
}

/// The shape with 1 in place of the dimensions that are reduced.
const fn kept(shape: Shape, reduced: [bool; RANK]) -> Shape {
    let (mut dims, mut i) = ([1; RANK], 0);
    while i < shape.rank() {
        dims[i] = if reduced[i] { 1 } else { shape.dim(i) };
        i += 1;
    }
    Shape::new(dims.split_at(shape.rank()).0)
}

/// The shape without the dimensions that are reduced.
const fn short(shape: Shape, reduced: [bool; RANK]) -> Shape {
    let (mut dims, mut rank, mut i) = ([1; RANK], 0, 0);
    while i < shape.rank() {
        if !reduced[i] {
            dims[rank] = shape.dim(i);
            rank += 1;
        }
        i += 1;
    }
    Shape::new(dims.split_at(rank).0)
}

/// The reduction of `X` to `Y` over dimensions `D`. Fails to compile unless the shapes fit.
pub(crate) const fn reduction<X: Tensor, Y: Tensor, D: Dims>(operation: &str) -> Reduction {
    let reduced = named::<D>(operation, X::SHAPE);
    let (short, kept) = (short(X::SHAPE, reduced), kept(X::SHAPE, reduced));
    if !Y::SHAPE.equals(&short) && !Y::SHAPE.equals(&kept) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" gives shape "),
            Part::Shape(short),
            Part::Text(" or "),
            Part::Shape(kept),
            Part::Text(", not "),
            Part::Shape(Y::SHAPE),
        ]);
    }
    Reduction::new(X::SHAPE, reduced)
}

/// What keeps the shape and runs along dimensions, such as a cumulative sum.
const fn along<X: Tensor, D: Dims>(operation: &str) -> Reduction {
    Reduction::new(X::SHAPE, named::<D>(operation, X::SHAPE))
}
