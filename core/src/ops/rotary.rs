//! Rotations of pairs of numbers: rotary embedding with given angles.

use super::{Dim, axis};
use crate::{
    Tensor,
    kernel::{Kernels, samples, samples_mut},
    message::{Part, fail},
};

/// Which numbers of a row make a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pairing {
    /// Number `i` of the first half and of the second: ONNX's default, LLaMA's weights in Transformers.
    #[default]
    Halves,
    /// Numbers `2i` and `2i + 1`: ONNX's `interleaved`, the paper's.
    Neighbours,
}

/// How a tensor consists of rows at positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    /// Sequences of positions that follow each other, such as those of heads.
    sequences: usize,
    positions: usize,
    /// Rows of one position that follow each other.
    rows: usize,
    features: usize,
}

impl Rotation {
    /// The rows of `X` are its last dimension. Fails to compile where that is the positions.
    pub(crate) const fn of<X: Tensor>(operation: &str, dim: isize) -> Self {
        let (shape, axis) = (X::SHAPE, axis::<X>(operation, dim));
        let last = shape.rank() - 1;
        if axis == last {
            fail(&[
                Part::Text("shape mismatch: `"),
                Part::Text(operation),
                Part::Text("` needs rows of features behind the positions, dimension "),
                Part::Number(axis),
                Part::Text(", of an input of shape "),
                Part::Shape(shape),
            ]);
        }
        let (mut sequences, mut rows, mut i) = (1, 1, 0);
        while i < last {
            if i < axis {
                sequences *= shape.dim(i);
            } else if i > axis {
                rows *= shape.dim(i);
            }
            i += 1;
        }
        Self { sequences, positions: shape.dim(axis), rows, features: shape.dim(last) }
    }

    #[inline(always)]
    pub(crate) const fn features(&self) -> usize {
        self.features
    }

    /// Calls `f` for the first `pairs` pairs of every row of `n` samples with `angle(t, i)`, cosine and sine of the
    /// angle of pair `i` at position `t`, and the positions of both numbers.
    #[inline(always)]
    fn each_pair(
        &self,
        (pairing, pairs): (Pairing, usize),
        n: usize,
        angle: impl Fn(usize, usize) -> [f32; 2],
        mut f: impl FnMut([f32; 2], [usize; 2]),
    ) {
        // Distances from one pair to the next, and within a pair.
        let [step, across] = match pairing {
            Pairing::Halves => [1, pairs],
            Pairing::Neighbours => [2, 1],
        };
        for t in 0..self.positions {
            for i in 0..pairs {
                let angle = angle(t, i);
                for sequence in 0..n * self.sequences {
                    for row in 0..self.rows {
                        let row = (sequence * self.positions + t) * self.rows + row;
                        let first = row * self.features + i * step;
                        f(angle, [first, first + across]);
                    }
                }
            }
        }
    }

    /// Turns the first `pairs` pairs of every row of `n` samples, in place.
    #[inline(always)]
    pub(crate) fn turn(
        &self,
        pairs: (Pairing, usize),
        n: usize,
        x: &mut [f32],
        angle: impl Fn(usize, usize) -> [f32; 2],
    ) {
        self.each_pair(pairs, n, angle, |[cos, sin], at| {
            if let Ok([a, b]) = x.get_disjoint_mut(at) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        });
    }
}

/// Fails to compile unless cosines and sines have a row for each position, not longer than half a row of `X`.
const fn pairs<X: Tensor, C: Tensor>(operation: &str, rotation: Rotation) -> usize {
    let pairs = C::SHAPE.dim(1);
    if C::SHAPE.rank() != 2 || C::SHAPE.dim(0) != rotation.positions || 2 * pairs > rotation.features {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" cannot take angles of shape "),
            Part::Shape(C::SHAPE),
        ]);
    }
    pairs
}

/// Turns pairs of numbers by angles whose cosines and sines are given: ONNX's `RotaryEmbedding`.
///
/// The last dimension of `x` is rows of features, dimension `D` the positions; heads may be before or between.
/// `cos` and `sin` are `[[f32; P]; T]`: a row of `P` angles for each of the `T` positions. What is behind
/// the first `2 P` features of a row stays as it is. The layer
/// [`RotaryEmbedding`](crate::RotaryEmbedding) computes the angles.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim, Pairing}};
/// let mut y = [[0.0; 3]; 2];
/// let (cos, sin) = ([[1.0], [0.0]], [[0.0], [1.0]]); // position 0 stays, position 1 makes a quarter turn
/// ops::rotary_embedding(Portable, &[[1.0, 2.0, 9.0]; 2], &cos, &sin, Dim::<-2>, Pairing::Halves, &mut y);
/// assert_eq!(y, [[1.0, 2.0, 9.0], [-2.0, 1.0, 9.0]]);
/// ```
#[inline]
pub fn rotary_embedding<K, X, C, const D: isize>(_: K, x: &X, cos: &C, sin: &C, _: Dim<D>, pairing: Pairing, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    C: Tensor<Elem = f32>,
{
    let rotation = const { Rotation::of::<X>("rotary_embedding", D) };
    let pairs = const { pairs::<X, C>("rotary_embedding", Rotation::of::<X>("rotary_embedding", D)) };
    *y = *x;
    let (cos, sin) = (cos.elements(), sin.elements());
    rotation.turn((pairing, pairs), 1, y.elements_mut(), |t, i| [read(cos, t * pairs + i), read(sin, t * pairs + i)]);
}

#[inline(always)]
fn read(values: &[f32], at: usize) -> f32 {
    values.get(at).copied().unwrap_or_default()
}

/// The gradient of [`rotary_embedding`]: `∂L/∂y` turned back, added to `dx`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim, Pairing}};
/// let mut dx = [[100.0; 2]; 1];
/// let (cos, sin) = ([[0.0]], [[1.0]]); // a quarter turn
/// ops::rotary_embedding_backward(Portable, &cos, &sin, &[[1.0, 2.0]], Dim::<-2>, Pairing::Halves, &mut dx);
/// assert_eq!(dx, [[102.0, 99.0]]);
/// ```
#[inline]
pub fn rotary_embedding_backward<K, X, C, const D: isize>(
    _: K,
    cos: &C,
    sin: &C,
    dy: &X,
    _: Dim<D>,
    pairing: Pairing,
    dx: &mut X,
) where
    K: Kernels,
    X: Tensor<Elem = f32>,
    C: Tensor<Elem = f32>,
{
    let rotation = const { Rotation::of::<X>("rotary_embedding_backward", D) };
    let pairs = const { pairs::<X, C>("rotary_embedding_backward", Rotation::of::<X>("rotary_embedding_backward", D)) };
    let (cos, sin) = (cos.elements(), sin.elements());
    let (dy, dx) = (dy.elements(), dx.elements_mut());
    for (dx, dy) in samples_mut(dx, rotation.features).zip(samples(dy, rotation.features)) {
        // What does not turn.
        for (dx, dy) in dx.iter_mut().zip(dy).skip(2 * pairs) {
            *dx += dy;
        }
    }
    let angle = |t: usize, i: usize| [read(cos, t * pairs + i), read(sin, t * pairs + i)];
    rotation.each_pair((pairing, pairs), 1, angle, |[cos, sin], at| {
        let [da, db] = at.map(|at| read(dy, at));
        if let Ok([a, b]) = dx.get_disjoint_mut(at) {
            *a += da * cos + db * sin;
            *b += db * cos - da * sin;
        }
    });
}
