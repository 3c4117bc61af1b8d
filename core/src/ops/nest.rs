//! Loops over several operands at once: what broadcasting and reductions come to.
//!
//! The shells know all shapes as types; from them they compute in a constant which loops there are and
//! how far each steps through each operand, 0 where an operand is repeated. The bodies run such loops
//! over flat slices, so that they are compiled once and not for every shape.

use super::Gradient;
use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

const RANK: usize = Shape::MAX_RANK;

/// Nested loops over `N` operands. Loops of one turn are left out, and neighbours that run through all
/// operands as one loop would are one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nest<const N: usize> {
    /// Turns of each loop, innermost first; 1 beyond the last.
    extents: [usize; RANK],
    /// Elements that a turn moves each operand by.
    steps: [[usize; N]; RANK],
}

impl<const N: usize> Nest<N> {
    /// The loops with these numbers of turns, outermost first, and the steps in each operand.
    pub(crate) const fn new(extents: &[usize], steps: &[[usize; N]; RANK]) -> Self {
        let mut nest = Self { extents: [1; RANK], steps: [[0; N]; RANK] };
        // One element is a row of one.
        nest.steps[0] = [1; N];
        let (mut found, mut i) = (0, extents.len());
        while i > 0 {
            i -= 1;
            if extents[i] == 1 {
                continue;
            }
            if found > 0 && nest.continues(found - 1, &steps[i]) {
                nest.extents[found - 1] *= extents[i];
            } else {
                nest.extents[found] = extents[i];
                nest.steps[found] = steps[i];
                found += 1;
            }
        }
        nest
    }

    /// Whether a loop with these steps goes on where loop `inner` ends, in all operands.
    const fn continues(&self, inner: usize, steps: &[usize; N]) -> bool {
        let (mut same, mut operand) = (true, 0);
        while operand < N {
            same &= steps[operand] == self.steps[inner][operand] * self.extents[inner];
            operand += 1;
        }
        same
    }

    /// Turns of the innermost loop.
    #[inline(always)]
    pub(crate) const fn row(&self) -> usize {
        self.extents[0]
    }

    /// Steps of the innermost loop. All are 0 or 1 where operands are contiguous and only broadcast.
    #[inline(always)]
    pub(crate) const fn row_steps(&self) -> [usize; N] {
        self.steps[0]
    }

    /// Calls `row` for every turn of the outer loops with the offset of the row in each operand.
    #[inline(always)]
    pub(crate) fn rows(&self, mut row: impl FnMut([usize; N])) {
        let mut turns = [0; RANK];
        let mut offsets = [0; N];
        loop {
            row(offsets);
            let mut last = true;
            for ((turn, &extent), steps) in turns.iter_mut().zip(&self.extents).zip(&self.steps).skip(1) {
                *turn += 1;
                last = *turn == extent;
                // On the last turn back to the start.
                let back = if last { extent } else { 0 };
                for (offset, step) in offsets.iter_mut().zip(steps) {
                    *offset = (*offset + step).wrapping_sub(back * step);
                }
                if !last {
                    break;
                }
                *turn = 0;
            }
            if last {
                return;
            }
        }
    }
}

/// What is behind an offset.
#[inline(always)]
pub(crate) fn from<T>(x: &[T], at: usize) -> &[T] {
    x.get(at..).unwrap_or_default()
}

/// What is behind an offset, mutably.
#[inline(always)]
pub(crate) fn from_mut<T>(x: &mut [T], at: usize) -> &mut [T] {
    x.get_mut(at..).unwrap_or_default()
}

impl Nest<2> {
    /// The same loops with the operands in the other order.
    pub(crate) const fn turned(&self) -> Self {
        let mut nest = *self;
        let mut i = 0;
        while i < RANK {
            nest.steps[i] = [self.steps[i][1], self.steps[i][0]];
            i += 1;
        }
        nest
    }
}

/// How far a step along each dimension of `over` moves in a contiguous tensor of shape `shape` that is
/// broadcast to it: 0 along dimensions that it does not have or where it is 1. `over` is not smaller.
pub(crate) const fn strides(shape: Shape, over: Shape) -> [usize; RANK] {
    let mut strides = [0; RANK];
    let (mut stride, mut i, mut at) = (1, shape.rank(), over.rank());
    while i > 0 {
        i -= 1;
        at -= 1;
        if shape.dim(i) > 1 {
            strides[at] = stride;
        }
        stride *= shape.dim(i);
    }
    strides
}

/// Transposes the strides of operands into the steps of loops.
pub(crate) const fn steps<const N: usize>(strides: [[usize; RANK]; N]) -> [[usize; N]; RANK] {
    let mut steps = [[0; N]; RANK];
    let mut i = 0;
    while i < RANK {
        let mut operand = 0;
        while operand < N {
            steps[i][operand] = strides[operand][i];
            operand += 1;
        }
        i += 1;
    }
    steps
}

/// The shape to which two shapes are broadcast by PyTorch's rules: aligned at the last dimension, each
/// dimension the same or 1 in one of them. None if they do not fit.
pub(crate) const fn broadcast(a: Shape, b: Shape) -> Option<Shape> {
    let rank = if a.rank() > b.rank() { a.rank() } else { b.rank() };
    let mut dims = [0; RANK];
    let mut i = 0;
    while i < rank {
        let [a, b] = [aligned(a, rank, i), aligned(b, rank, i)];
        if a != b && a != 1 && b != 1 {
            return None;
        }
        dims[i] = if a == 1 { b } else { a };
        i += 1;
    }
    Some(Shape::new(dims.split_at(rank).0))
}

/// Dimension `i` of a shape with ones in front up to a rank.
const fn aligned(shape: Shape, rank: usize, i: usize) -> usize {
    let missing = rank - shape.rank();
    if i < missing { 1 } else { shape.dim(i - missing) }
}

/// Fails to compile unless these shapes are broadcast to `result`.
pub(crate) const fn broadcast_check(operation: &str, shapes: &[Shape], result: Shape) {
    let (mut expected, mut i) = (shapes[0], 1);
    while i < shapes.len() {
        expected = match broadcast(expected, shapes[i]) {
            Some(both) => both,
            None => fail(&[
                Part::Text("shape mismatch: `"),
                Part::Text(operation),
                Part::Text("` cannot broadcast tensors of shapes "),
                Part::Shape(expected),
                Part::Text(" and "),
                Part::Shape(shapes[i]),
            ]),
        };
        i += 1;
    }
    if !result.equals(&expected) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` broadcasts its arguments to shape "),
            Part::Shape(expected),
            Part::Text(", not "),
            Part::Shape(result),
        ]);
    }
}

/// The loops of an operation on two tensors that are broadcast to each other: steps in the first, the
/// second and the result. Fails to compile unless the shapes fit.
pub(crate) const fn binary<A: Tensor, B: Tensor, Y: Tensor>(operation: &str) -> Nest<3> {
    broadcast_check(operation, &[A::SHAPE, B::SHAPE], Y::SHAPE);
    let over = Y::SHAPE;
    Nest::new(over.dims(), &steps([strides(A::SHAPE, over), strides(B::SHAPE, over), strides(over, over)]))
}

/// The loops that bring `∂L/∂y` to the gradient of an argument that was broadcast to `Y`: steps in
/// `∂L/∂y` and in the gradient. Fails to compile unless the shapes fit.
pub(crate) const fn spread<Y: Tensor, D: Gradient>(operation: &str) -> Nest<2> {
    let shape = match D::WANTED {
        Some(shape) => shape,
        None => return Nest::new(&[], &[[0; 2]; RANK]),
    };
    broadcast_check(operation, &[Y::SHAPE, shape], Y::SHAPE);
    let over = Y::SHAPE;
    Nest::new(over.dims(), &steps([strides(over, over), strides(shape, over)]))
}

/// Fails to compile unless `D` can take the gradient of a tensor of type `X`.
pub(crate) const fn gradient<X: Tensor, D: Gradient>(operation: &str) {
    if let Some(shape) = D::WANTED
        && !shape.equals(&X::SHAPE)
    {
        fail(&[
            Part::Text("shape mismatch: the gradient in `"),
            Part::Text(operation),
            Part::Text("` of an argument of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" cannot have shape "),
            Part::Shape(shape),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn offsets<const N: usize>(nest: &Nest<N>) -> Vec<[usize; N]> {
        let mut offsets = Vec::new();
        nest.rows(|at| offsets.push(at));
        offsets
    }

    #[test]
    fn equal_shapes_are_one_row() {
        const NEST: Nest<3> = binary::<[[f32; 4]; 3], [[f32; 4]; 3], [[f32; 4]; 3]>("add");
        assert_eq!((NEST.row(), NEST.row_steps()), (12, [1; 3]));
        assert_eq!(offsets(&NEST), [[0; 3]]);
    }

    #[test]
    fn a_number_is_repeated() {
        const NEST: Nest<3> = binary::<f32, [[f32; 4]; 3], [[f32; 4]; 3]>("add");
        assert_eq!((NEST.row(), NEST.row_steps()), (12, [0, 1, 1]));
        const SCALARS: Nest<3> = binary::<f32, f32, f32>("add");
        assert_eq!((SCALARS.row(), offsets(&SCALARS)), (1, [[0; 3]].to_vec()));
    }

    #[test]
    fn a_channel_is_repeated_inside_and_outside() {
        // [2, 3, 2, 2] and [3, 1, 1].
        const NEST: Nest<3> = binary::<[[[[f32; 2]; 2]; 3]; 2], [[[f32; 1]; 1]; 3], [[[[f32; 2]; 2]; 3]; 2]>("add");
        assert_eq!((NEST.row(), NEST.row_steps()), (4, [1, 0, 1]));
        let expected = [[0, 0, 0], [4, 1, 4], [8, 2, 8], [12, 0, 12], [16, 1, 16], [20, 2, 20]];
        assert_eq!(offsets(&NEST), expected);
    }
}
