//! One direction of time, or both.

use core::fmt::Debug;

use super::{
    cell::{AnyCell, Cell},
    gates::Gates,
    parts::{GateBias, Part, Parts},
};
use crate::{
    Tensor,
    message::{Part as Text, fail},
};

/// In which directions a recurrent layer with `H` hidden numbers runs over time:
/// [`Unidirectional`] or [`Bidirectional`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the direction of a recurrent layer",
    note = "the directions are `Unidirectional` and `Bidirectional<OUT>`, where OUT is twice the hidden size"
)]
pub trait Directions<const H: usize>: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// How many.
    const COUNT: usize;
    /// One row of the output.
    type Out: Tensor<Elem = f32>;
    /// Something for each direction.
    type Each<T: Part>: Parts<T>;
    /// The cells behind the first layer, whose inputs are rows of outputs.
    type Behind<C: Gates, B: GateBias<H>>: AnyCell;
}

/// From the first time step to the last, PyTorch's `bidirectional=False`: the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unidirectional;

impl<const H: usize> Directions<H> for Unidirectional {
    const COUNT: usize = 1;
    type Out = [f32; H];
    type Each<T: Part> = [T; 1];
    type Behind<C: Gates, B: GateBias<H>> = Cell<C, H, H, B>;
}

/// In both directions: PyTorch's `bidirectional=True`. A row of the output has `OUT` numbers, twice the
/// hidden size: first those of the forward direction, then those of the reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bidirectional<const OUT: usize>;

impl<const H: usize, const OUT: usize> Directions<H> for Bidirectional<OUT> {
    const COUNT: usize = {
        if OUT != 2 * H {
            fail(&[
                Text::Text("shape mismatch: a bidirectional recurrent layer of hidden size "),
                Text::Number(H),
                Text::Text(" has outputs of size "),
                Text::Number(2 * H),
                Text::Text(", not "),
                Text::Number(OUT),
            ]);
        }
        2
    };
    type Out = [f32; OUT];
    type Each<T: Part> = [T; 2];
    type Behind<C: Gates, B: GateBias<H>> = Cell<C, OUT, H, B>;
}
