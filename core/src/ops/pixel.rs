//! Channels as pixels, and pixels as channels.

use super::walk::Walk;
use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

/// `y[c][h·r + i][w·r + j] = x[(c·r + i)·r + j][h][w]`: channels become pixels.
/// PyTorch's `F.pixel_shuffle(x, r)`; `r` is what the shapes say, leading dimensions are a batch.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0; 2]; 2]; 1];
/// ops::pixel_shuffle(&[[[1]], [[2]], [[3]], [[4]]], &mut y);
/// assert_eq!(y, [[[1, 2], [3, 4]]]);
/// ```
#[inline]
pub fn pixel_shuffle<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &to_space("pixel_shuffle", X::SHAPE, Y::SHAPE, Order::ChannelFirst) };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`pixel_shuffle`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[[1.0]], [[0.0]], [[0.0]], [[0.0]]];
/// ops::pixel_shuffle_backward(&[[[1.0, 2.0], [3.0, 4.0]]], &mut dx);
/// assert_eq!(dx, [[[2.0]], [[2.0]], [[3.0]], [[4.0]]]);
/// ```
#[inline]
pub fn pixel_shuffle_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &to_space("pixel_shuffle", X::SHAPE, Y::SHAPE, Order::ChannelFirst) };
    walk.store_add(dy.elements(), dx.elements_mut());
}

/// `y[(c·r + i)·r + j][h][w] = x[c][h·r + i][w·r + j]`: pixels become channels.
/// PyTorch's `F.pixel_unshuffle(x, r)`.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0; 1]; 1]; 4];
/// ops::pixel_unshuffle(&[[[1, 2], [3, 4]]], &mut y);
/// assert_eq!(y, [[[1]], [[2]], [[3]], [[4]]]);
/// ```
#[inline]
pub fn pixel_unshuffle<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &to_space("pixel_unshuffle", Y::SHAPE, X::SHAPE, Order::ChannelFirst) };
    walk.store(x.elements(), y.elements_mut());
}

/// The gradient of [`pixel_unshuffle`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[[1.0, 0.0], [0.0, 0.0]]];
/// ops::pixel_unshuffle_backward(&[[[1.0]], [[2.0]], [[3.0]], [[4.0]]], &mut dx);
/// assert_eq!(dx, [[[2.0, 2.0], [3.0, 4.0]]]);
/// ```
#[inline]
pub fn pixel_unshuffle_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &to_space("pixel_unshuffle", Y::SHAPE, X::SHAPE, Order::ChannelFirst) };
    walk.load_add(dy.elements(), dx.elements_mut());
}

/// `y[c][h·r + i][w·r + j] = x[(i·r + j)·C + c][h][w]`: as [`pixel_shuffle`], with the channels in
/// the order of ONNX's `DepthToSpace` in its default mode `DCR`.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0; 2]; 2]; 2];
/// ops::depth_to_space(&[[[1]], [[5]], [[2]], [[6]], [[3]], [[7]], [[4]], [[8]]], &mut y);
/// assert_eq!(y, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
/// ```
#[inline]
pub fn depth_to_space<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &to_space("depth_to_space", X::SHAPE, Y::SHAPE, Order::BlockFirst) };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`depth_to_space`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[[1.0]], [[0.0]], [[0.0]], [[0.0]]];
/// ops::depth_to_space_backward(&[[[1.0, 2.0], [3.0, 4.0]]], &mut dx);
/// assert_eq!(dx, [[[2.0]], [[2.0]], [[3.0]], [[4.0]]]);
/// ```
#[inline]
pub fn depth_to_space_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &to_space("depth_to_space", X::SHAPE, Y::SHAPE, Order::BlockFirst) };
    walk.store_add(dy.elements(), dx.elements_mut());
}

/// `y[(i·r + j)·C + c][h][w] = x[c][h·r + i][w·r + j]`: ONNX's `SpaceToDepth`, the inverse of
/// [`depth_to_space`].
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0; 1]; 1]; 8];
/// ops::space_to_depth(&[[[1, 2], [3, 4]], [[5, 6], [7, 8]]], &mut y);
/// assert_eq!(y, [[[1]], [[5]], [[2]], [[6]], [[3]], [[7]], [[4]], [[8]]]);
/// ```
#[inline]
pub fn space_to_depth<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &to_space("space_to_depth", Y::SHAPE, X::SHAPE, Order::BlockFirst) };
    walk.store(x.elements(), y.elements_mut());
}

/// The gradient of [`space_to_depth`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[[1.0, 0.0], [0.0, 0.0]]];
/// ops::space_to_depth_backward(&[[[1.0]], [[2.0]], [[3.0]], [[4.0]]], &mut dx);
/// assert_eq!(dx, [[[2.0, 2.0], [3.0, 4.0]]]);
/// ```
#[inline]
pub fn space_to_depth_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &to_space("space_to_depth", Y::SHAPE, X::SHAPE, Order::BlockFirst) };
    walk.load_add(dy.elements(), dx.elements_mut());
}

/// What the channels of the deep tensor count first.
#[derive(Clone, Copy)]
pub(super) enum Order {
    ChannelFirst,
    BlockFirst,
}

/// Over the deep tensor, in the order of the wide one.
pub(super) const fn to_space(operation: &str, deep: Shape, wide: Shape, order: Order) -> Walk {
    let rank = wide.rank();
    if rank < 3 || deep.rank() != rank {
        wrong(operation, deep, wide);
    }
    let (c, [h, w]) = (wide.dim(rank - 3), [deep.dim(rank - 2), deep.dim(rank - 1)]);
    let r = wide.dim(rank - 1) / w;
    let expected = deep.with(rank - 3, c).with(rank - 2, h * r).with(rank - 1, w * r);
    if !wide.equals(&expected) || deep.dim(rank - 3) != c * r * r {
        wrong(operation, deep, wide);
    }
    let plane = (h * w) as isize;
    let (columns, channels) = match order {
        Order::ChannelFirst => (plane, plane * (r * r) as isize),
        Order::BlockFirst => (plane * c as isize, plane),
    };
    Walk::from(0)
        .around(r, columns)
        .around(w, 1)
        .around(r, columns * r as isize)
        .around(h, w as isize)
        .around(c, channels)
        .around(wide.product(0, rank - 3), plane * (c * r * r) as isize)
}

const fn wrong(operation: &str, deep: Shape, wide: Shape) -> ! {
    fail(&[
        Part::Text("shape mismatch: `"),
        Part::Text(operation),
        Part::Text("` between shapes "),
        Part::Shape(deep),
        Part::Text(" and "),
        Part::Shape(wide),
        Part::Text(": one must be [.., C·r·r, H, W], the other [.., C, H·r, W·r]"),
    ]);
}
