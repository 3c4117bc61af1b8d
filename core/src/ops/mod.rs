//! Operations on whole tensors: PyTorch's functions, with the result as the last argument.
//!
//! A result is a tensor that the caller owns, so nothing large is returned by value, and its type
//! says what comes out; the shapes of arguments and result are checked against each other when the
//! program is compiled. Dimensions are counted as in PyTorch, negative ones from the end.
//!
//! Every function has the same order of arguments: the token `k`, the tensors that are read, the
//! settings (dimensions, exponents), the tensors that are written. Functions that only move elements,
//! such as [`permute`] and [`cat`], compute nothing and take no token.
//!
//! | | |
//! |---|---|
//! | a function | `ops::exp(k, &x, &mut y)` |
//! | its gradient | `ops::exp_backward(k, &x, &dy, &mut dx)` |
//! | two arguments, broadcast to each other | `ops::mul(k, &a, &b, &mut y)` |
//! | their gradients | `ops::mul_backward(k, &a, &b, &dy, &mut da, &mut db)` |
//! | over one dimension | `ops::sum(k, &x, Dim::<1>, &mut y)` |
//! | over several | `ops::sum(k, &x, (Dim::<0>, Dim::<2>), &mut y)` |
//! | over all | `ops::sum(k, &x, All, &mut y)` |
//! | what only moves elements, of any type, takes no token | `ops::permute(&x, (Dim::<1>, Dim::<0>), &mut y)` |
//! | the same elements with another shape, without a copy | `let y: &[f32; 6] = ops::reshape(&x);` |
//!
//! A tensor without dimensions is a number: `f32`. Whether a reduction keeps its dimensions
//! (PyTorch's `keepdim`) is a question of the result's type: `[[f32; 4]; 3]` summed over its last
//! dimension gives `[f32; 3]` or `[[f32; 1]; 3]`. Truth values are `u8`, 0 and 1.
//!
//! `…_backward` functions take those arguments that the derivative depends on, then the gradient
//! `∂L/∂y` of the result, and *add* to the gradients of the arguments, as PyTorch does with `.grad`.
//! For a gradient that is not wanted stands `&mut ()`: see [`Gradient`].
//!
//! ```
//! use tensorlet::{Portable, ops::{self, All, Dim}};
//! let (x, bias) = ([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]);
//! let mut y = [[0.0; 2]; 2];
//! ops::add(Portable, &x, &bias, &mut y);
//! assert_eq!(y, [[11.0, 22.0], [13.0, 24.0]]);
//!
//! // The bias was added to both rows: its gradient is the sum over them.
//! let (dy, mut dbias) = ([[1.0, 2.0], [3.0, 4.0]], [0.0; 2]);
//! ops::add_backward(Portable, &dy, &mut (), &mut dbias);
//! assert_eq!(dbias, [4.0, 6.0]);
//!
//! let (mut columns, mut total) = ([[0.0; 2]; 1], 0.0_f32);
//! ops::sum(Portable, &x, Dim::<0>, &mut columns);
//! ops::sum(Portable, &x, All, &mut total);
//! assert_eq!((columns, total), ([[4.0, 6.0]], 10.0));
//! ```

pub(crate) mod attention;
mod binary;
mod choose;
mod compare;
mod dropout;
mod gradient;
mod gumbel;
pub(crate) mod matmul;
pub(crate) mod nest;
mod number;
mod reduce;
mod reparameterise;
pub(crate) mod rotary;
pub(crate) mod softmax;
mod unary;

pub use attention::{
    Attention, Mask, MaskElement, attention_scores, scaled_dot_product_attention, scaled_dot_product_attention_backward,
};
pub use binary::{
    add, add_backward, div, div_backward, maximum, maximum_backward, minimum, minimum_backward, mul, mul_backward, pow,
    pow_backward, sub, sub_backward,
};
pub use choose::{clamp, clamp_backward, where_, where_backward};
pub use compare::{eq, ge, gt, le, logical_and, logical_not, logical_or, logical_xor, lt, ne};
pub use dropout::{dropout, dropout_backward};
pub use gradient::Gradient;
pub use gumbel::{epsilon_greedy, gumbel_softmax, gumbel_softmax_backward, one_hot_max};
pub(crate) use gumbel::{hard, hard_of, soft, soft_backward};
pub use matmul::{
    addmm, addmm_backward, bmm, dot, matmul, matmul_backward, matmul_nt, matmul_nt_backward, matmul_tn,
    matmul_tn_backward, matmul_tt, matmul_tt_backward, mm, mv, mv_backward, outer, outer_backward,
};
pub use number::Number;
pub use reduce::{
    All, Dims, amax, amax_backward, amin, amin_backward, argmax, argmax_last, argmin, argmin_last, cumprod,
    cumprod_backward, cumsum, cumsum_backward, logsumexp, logsumexp_backward, max, max_backward, mean, mean_backward,
    min, min_backward, norm, norm_backward, normalize, normalize_backward, prod, prod_backward, std, std_backward, sum,
    sum_backward, var, var_backward,
};
pub(crate) use reparameterise::{Deviation, LogVariance, Softplus};
pub use reparameterise::{
    gaussian_reparam, gaussian_reparam_backward, gaussian_sigma_reparam, gaussian_sigma_reparam_backward,
};
pub use rotary::{Pairing, rotary_embedding, rotary_embedding_backward};
pub use softmax::{
    MASKED, log_softmax, log_softmax_backward, masked_softmax, masked_softmax_backward, softmax, softmax_backward,
    softmin, softmin_backward,
};
pub use unary::{
    abs, abs_backward, ceil, cos, cos_backward, erf, erf_backward, exp, exp_backward, expm1, expm1_backward, floor,
    log, log_backward, log1p, log1p_backward, neg, neg_backward, reciprocal, reciprocal_backward, round, rsqrt,
    rsqrt_backward, sigmoid, sigmoid_backward, sign, sin, sin_backward, sqrt, sqrt_backward, square, square_backward,
    tanh, tanh_backward,
};

// Moving elements.
mod expand;
mod gather;
mod join;
#[cfg(test)]
mod messages;
mod narrow;
mod pad;
mod parts;
mod permute;
mod pixel;
mod roll;
mod select;
mod slice;
mod topk;
mod triangle;
mod unpool;
mod view;
mod walk;

pub use expand::{expand, expand_backward, repeat, repeat_backward, repeat_interleave, repeat_interleave_backward};
pub use gather::{
    Reduce, gather, gather_backward, scatter, scatter_add, scatter_add_backward, scatter_backward, scatter_reduce,
};
pub(crate) use join::cat_map;
pub use join::{cat, cat_backward, split, split_backward, stack, stack_backward, unbind, unbind_backward};
pub use narrow::{narrow, narrow_backward};
pub use pad::{Circular, Constant, Pad, PadMode, Pads, Reflect, Replicate, pad, pad_backward};
pub use parts::{Parts, PartsMut};
pub use permute::{flip, flip_backward, permute, permute_backward, t, t_backward, transpose, transpose_backward};
pub use pixel::{
    depth_to_space, depth_to_space_backward, pixel_shuffle, pixel_shuffle_backward, pixel_unshuffle,
    pixel_unshuffle_backward, space_to_depth, space_to_depth_backward,
};
pub use roll::{roll, roll_backward};
pub use select::{Batch, gather_nd, gather_nd_backward, index_select, index_select_backward, one_hot, one_hot_along};
pub use slice::{Slice, Slices, Span, slice, slice_backward};
pub use topk::{topk, topk_backward};
pub use triangle::{tril, tril_backward, triu, triu_backward};
pub use unpool::{max_unpool1d, max_unpool1d_backward, max_unpool2d, max_unpool2d_backward};
pub use view::{flatten, item, numel, reshape, reshape_mut, squeeze, unsqueeze};

use crate::{
    Error, Index, Shape, Tensor,
    message::{Part, fail},
};

/// A dimension of a tensor: PyTorch's `dim=D`, from the end where it is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dim<const D: isize>;

/// The position of dimension `dim` of `X`. Fails to compile where there is none.
pub(crate) const fn axis<X: Tensor>(operation: &str, dim: isize) -> usize {
    position(operation, X::SHAPE, dim)
}

/// The position of a dimension of a shape. Fails to compile where there is none.
pub(crate) const fn position(operation: &str, shape: Shape, dim: isize) -> usize {
    let rank = shape.rank() as isize;
    if dim < -rank || dim >= rank {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` has no such dimension of a tensor of shape "),
            Part::Shape(shape),
        ]);
    }
    (if dim < 0 { dim + rank } else { dim }) as usize
}

/// Checks that all indices name one of `entries` places.
fn check_indices<I: Index>(indices: &[I], entries: usize) -> Result<(), Error> {
    match indices.iter().enumerate().find(|(_, index)| index.position(entries).is_none()) {
        Some((position, index)) => Err(Error::IndexOutOfRange { position, index: index.to_i64(), entries }),
        None => Ok(()),
    }
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
