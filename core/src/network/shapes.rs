//! What `network!` infers from the shape of a layer's input, and its messages where nothing fits.

use crate::{
    Tensor,
    description::Window,
    message::{Part, fail},
    sliding::{Options, Sliding},
};

/// The features that `Linear` takes: the last dimension of a vector or of a sequence of vectors.
#[must_use]
pub const fn features<X: Tensor>(layer: &str) -> usize {
    let rank = X::SHAPE.rank();
    if rank != 1 && rank != 2 {
        wrong_rank::<X>(layer, "[features], or [steps, features]; put a `Flatten` before it");
    }
    X::SHAPE.dim(rank - 1)
}

/// The channels of an input `[channels, rows, columns]` (`axes` is 2) or `[channels, columns]` (1).
#[must_use]
pub const fn channels<X: Tensor>(layer: &str, axes: usize) -> usize {
    if X::SHAPE.rank() != axes + 1 {
        wrong_rank::<X>(layer, if axes == 2 { "[channels, rows, columns]" } else { "[channels, columns]" });
    }
    X::SHAPE.dim(0)
}

/// The channels that each output of a convolution with `groups` groups sees.
#[must_use]
pub const fn grouped<X: Tensor>(layer: &str, axes: usize, groups: usize) -> usize {
    let channels = channels::<X>(layer, axes);
    if groups == 0 || !channels.is_multiple_of(groups) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` with "),
            Part::Number(groups),
            Part::Text(" groups cannot take an input of shape "),
            Part::Shape(X::SHAPE),
        ]);
    }
    channels / groups
}

/// The features of each step of a sequence `[steps, features]`.
#[must_use]
pub const fn steps<X: Tensor>(layer: &str) -> usize {
    if X::SHAPE.rank() != 2 {
        wrong_rank::<X>(layer, "[steps, features]");
    }
    X::SHAPE.dim(1)
}

/// Dimension `axis` of the input, counted from the end where negative.
#[must_use]
pub const fn axis<X: Tensor>(layer: &str, axis: isize) -> usize {
    let rank = X::SHAPE.rank() as isize;
    let position = if axis < 0 { axis + rank } else { axis };
    if position < 0 || position >= rank {
        wrong_rank::<X>(layer, "a tensor of more dimensions");
    }
    X::SHAPE.dim(position as usize)
}

const fn wrong_rank<X: Tensor>(layer: &str, wanted: &str) -> ! {
    fail(&[
        Part::Text("shape mismatch: layer `"),
        Part::Text(layer),
        Part::Text("` cannot take an input of shape "),
        Part::Shape(X::SHAPE),
        Part::Text(": it takes "),
        Part::Text(wanted),
    ])
}

/// The windows of a layer along one axis of its input, which is the last of `axes` or the one before.
#[must_use]
pub const fn output<X: Tensor, S: Sliding>(layer: &str, axes: usize, axis: usize, kernel: usize) -> usize {
    let Options { stride, padding, padding_end, dilation, .. } = S::OPTIONS;
    let _ = channels::<X>(layer, axes);
    let input = X::SHAPE.dim(axis);
    // In the options the columns come last, also where there are no rows.
    let at = if axes == 1 { 1 } else { axis - 1 };
    let extent = dilation[at] * kernel.saturating_sub(1) + 1;
    if stride[at] == 0 || kernel == 0 || dilation[at] == 0 || extent > input + padding[at] + padding_end[at] {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` with kernel "),
            Part::Number(kernel),
            Part::Text(", stride "),
            Part::Number(stride[at]),
            Part::Text(" and padding "),
            Part::Number(padding[at]),
            Part::Text(" cannot take an input of shape "),
            Part::Shape(X::SHAPE),
        ]);
    }
    Window { kernel: [kernel; 2], options: S::OPTIONS }.outputs_along(at, input)
}
