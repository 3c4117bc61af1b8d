//! Operations with one input.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim, Dims, PadMode, Pads, Slices},
};

use super::{Read, compare, input, load, output, zeros};
use crate::{Adapter, case::Case};

/// An operation with one input and one output; settings that are no types are read from the case.
pub(crate) trait Move {
    type X: Tensor<Elem: Read>;
    type Y: Tensor<Elem: Read>;

    fn forward(case: &Case, x: &Self::X, y: &mut Self::Y);
}

/// The gradient of such an operation.
pub(crate) trait MoveBack: Move<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> {
    fn backward(dy: &Self::Y, dx: &mut Self::X);
}

/// An operation without a gradient.
pub(crate) struct Forward<M>(PhantomData<M>);

impl<M: Move> Adapter for Forward<M> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let mut y = zeros::<M::Y>();
        M::forward(case, &load(case, &input(case)), &mut y);
        compare(case, &output(case), &*y);
    }
}

/// An operation with its gradient.
pub(crate) struct Trained<M>(PhantomData<M>);

impl<M: MoveBack> Adapter for Trained<M> {
    fn run<K: Kernels>(k: K, case: &Case) {
        Forward::<M>::run(k, case);
        let mut dx = zeros::<M::X>();
        M::backward(&load(case, "in.gy.y"), &mut dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// `NAME<X, Y>` with a forward and a backward expression.
macro_rules! moves {
    ($($name:ident: $forward:path, $backward:path;)+) => {$(
        pub(crate) struct $name<X, Y>(PhantomData<(X, Y)>);

        impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>> Move for $name<X, Y> {
            type X = X;
            type Y = Y;

            fn forward(_: &Case, x: &X, y: &mut Y) {
                $forward(x, y);
            }
        }

        impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> MoveBack for $name<X, Y> {
            fn backward(dy: &Y, dx: &mut X) {
                $backward(dy, dx);
            }
        }
    )+};
}

moves! {
    Expand: ops::expand, ops::expand_backward;
    Repeat: ops::repeat, ops::repeat_backward;
    PixelShuffle: ops::pixel_shuffle, ops::pixel_shuffle_backward;
    PixelUnshuffle: ops::pixel_unshuffle, ops::pixel_unshuffle_backward;
    DepthToSpace: ops::depth_to_space, ops::depth_to_space_backward;
    SpaceToDepth: ops::space_to_depth, ops::space_to_depth_backward;
}

pub(crate) struct Reshape<X, Y>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>> Move for Reshape<X, Y> {
    type X = X;
    type Y = Y;

    fn forward(_: &Case, x: &X, y: &mut Y) {
        *y = *ops::reshape::<X, Y>(x);
    }
}

pub(crate) struct T<X, Y>(PhantomData<(X, Y)>);

impl<E: Read + Tensor<Elem = E>, const R: usize, const C: usize> Move for T<[[E; C]; R], [[E; R]; C]> {
    type X = [[E; C]; R];
    type Y = [[E; R]; C];

    fn forward(_: &Case, x: &Self::X, y: &mut Self::Y) {
        ops::t(x, y);
    }
}

impl<const R: usize, const C: usize> MoveBack for T<[[f32; C]; R], [[f32; R]; C]> {
    fn backward(dy: &Self::Y, dx: &mut Self::X) {
        ops::t_backward(dy, dx);
    }
}

pub(crate) struct Permute<X, Y, D>(PhantomData<(X, Y, D)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, D: Dims + Default> Move for Permute<X, Y, D> {
    type X = X;
    type Y = Y;

    fn forward(_: &Case, x: &X, y: &mut Y) {
        ops::permute(x, D::default(), y);
    }
}

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, D: Dims + Default> MoveBack for Permute<X, Y, D> {
    fn backward(dy: &Y, dx: &mut X) {
        ops::permute_backward(dy, D::default(), dx);
    }
}

pub(crate) struct RepeatInterleave<X, Y, const D: isize>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, const D: isize> Move for RepeatInterleave<X, Y, D> {
    type X = X;
    type Y = Y;

    fn forward(_: &Case, x: &X, y: &mut Y) {
        ops::repeat_interleave(x, Dim::<D>, y);
    }
}

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, const D: isize> MoveBack for RepeatInterleave<X, Y, D> {
    fn backward(dy: &Y, dx: &mut X) {
        ops::repeat_interleave_backward(dy, Dim::<D>, dx);
    }
}

pub(crate) struct Sliced<X, Y, S>(PhantomData<(X, Y, S)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, S: Slices + Default> Move for Sliced<X, Y, S> {
    type X = X;
    type Y = Y;

    fn forward(_: &Case, x: &X, y: &mut Y) {
        ops::slice(x, S::default(), y);
    }
}

/// A margin's mode, with its value.
pub(crate) trait Filled<T>: PadMode<T> {
    fn of(case: &Case) -> Self;
}

impl<T: Read> Filled<T> for ops::Constant<T> {
    fn of(case: &Case) -> Self {
        // An attribute, in ONNX the third input, or 0.
        let name = case.input(2).filter(|name| case.has(name));
        let value = match (name, case.number("value")) {
            (Some(name), _) => T::read(case, &name)[0],
            (None, Some(value)) => T::of(value),
            (None, None) => T::ZERO,
        };
        Self(value)
    }
}

macro_rules! filled {
    ($($mode:ident),+) => {$(
        impl<T> Filled<T> for ops::$mode {
            fn of(_: &Case) -> Self {
                Self
            }
        }
    )+};
}

filled!(Reflect, Replicate, Circular);

pub(crate) struct Padded<X, Y, P, M>(PhantomData<(X, Y, P, M)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, P: Pads + Default, M: Filled<X::Elem>> Move
    for Padded<X, Y, P, M>
{
    type X = X;
    type Y = Y;

    fn forward(case: &Case, x: &X, y: &mut Y) {
        ops::pad(x, P::default(), M::of(case), y);
    }
}

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, P: Pads + Default, M: Filled<f32> + Default> MoveBack
    for Padded<X, Y, P, M>
{
    fn backward(dy: &Y, dx: &mut X) {
        ops::pad_backward(dy, P::default(), M::default(), dx);
    }
}

pub(crate) struct Trilu<X, Y>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem: Read>> Move for Trilu<X, X> {
    type X = X;
    type Y = X;

    fn forward(case: &Case, x: &X, y: &mut X) {
        let diagonal = case.input(1).map_or(0, |name| case.integers(&name)[0]) as isize;
        if case.number("upper").unwrap_or(1.0) != 0.0 {
            ops::triu(x, diagonal, y);
        } else {
            ops::tril(x, diagonal, y);
        }
    }
}

/// Seeds: a result `out.rAxB`, repeated so often.
pub(crate) struct NamedRepeat<X, Y>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>> Adapter for NamedRepeat<X, Y> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let times: Vec<_> =
            Y::SHAPE.dims().iter().zip(X::SHAPE.dims()).map(|(to, from)| (to / from).to_string()).collect();
        let mut y = zeros::<Y>();
        ops::repeat(&*load::<X>(case, "in.x"), &mut *y);
        compare(case, &format!("out.r{}", times.join("x")), &*y);
    }
}
