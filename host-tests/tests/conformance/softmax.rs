//! Softmax over any dimension.

#![allow(dead_code, reason = "which adapters are used depends on the cases")]

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim},
};

use crate::{
    Adapter,
    case::Case,
    layer::{input, output},
    movement::{load, zeros},
};

/// An operation over a dimension, and its gradient from its value.
pub(crate) trait Operation {
    fn value<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, y: &mut X);
    fn gradient<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, y: &X, dy: &X, dx: &mut X);
}

macro_rules! operations {
    ($($name:ident: $value:ident, $gradient:ident;)+) => {$(
        pub(crate) struct $name;

        impl Operation for $name {
            fn value<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, y: &mut X) {
                ops::$value(k, x, Dim::<D>, y);
            }

            fn gradient<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, y: &X, dy: &X, dx: &mut X) {
                ops::$gradient(k, y, dy, Dim::<D>, dx);
            }
        }
    )+};
}

operations! {
    Softmax: softmax, softmax_backward;
    LogSoftmax: log_softmax, log_softmax_backward;
    Softmin: softmin, softmin_backward;
}

/// An operation on a whole tensor.
pub(crate) struct Over<O, X, const D: isize>(PhantomData<(O, X)>);

impl<O: Operation, X: Tensor<Elem = f32>, const D: isize> Adapter for Over<O, X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, mut y) = (load::<X>(case, &input(case)), zeros::<X>());
        O::value::<K, X, D>(k, &x, &mut y);
        case.compare(&output(case), y.elements());
        if case.has("in.gy.y") {
            let (dy, mut dx) = (load::<X>(case, "in.gy.y"), zeros::<X>());
            O::gradient::<K, X, D>(k, &y, &dy, &mut dx);
            case.compare("out.grad.x", dx.elements());
        }
    }
}

/// The same case in two ways.
pub(crate) struct Both<A, B>(PhantomData<(A, B)>);

impl<A: Adapter, B: Adapter> Adapter for Both<A, B> {
    fn run<K: Kernels>(k: K, case: &Case) {
        A::run(k, case);
        B::run(k, case);
    }
}

/// Softmax of rows that are valid up to a length.
pub(crate) struct Masked<X, V>(PhantomData<(X, V)>);

impl<X: Tensor<Elem = f32>, V: Tensor<Elem = i32>> Adapter for Masked<X, V> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, valid, mut y) = (load::<X>(case, "in.x"), load::<V>(case, "in.valid_len"), zeros::<X>());
        ops::masked_softmax(k, &*x, &*valid, &mut *y);
        case.compare("out.y", y.elements());
        if case.has("in.gy.y") {
            let (dy, mut dx) = (load::<X>(case, "in.gy.y"), zeros::<X>());
            ops::masked_softmax_backward(k, &*y, &*valid, &*dy, &mut *dx);
            case.compare("out.grad.x", dx.elements());
        }
    }
}
