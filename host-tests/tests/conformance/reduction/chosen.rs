//! The largest and smallest elements, and their places.

use std::marker::PhantomData;

use tensorlet::{
    Index, Kernels, Tensor,
    ops::{self, Dim, Dims},
};

use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

macro_rules! extremes {
    ($($name:ident: $forward:ident, $backward:ident;)+) => {$(
        /// Value, place and gradient along one dimension.
        pub(crate) struct $name<X, const D: isize, Y, I>(PhantomData<(X, Y, I)>);

        impl<X, const D: isize, Y, I> Adapter for $name<X, D, Y, I>
        where
            X: Tensor<Elem = f32>,
            Y: Tensor<Elem = f32>,
            I: Tensor<Elem: Index + Read>,
        {
            fn run<K: Kernels>(k: K, case: &Case) {
                let (mut y, mut index, mut dx) = (zeros::<Y>(), zeros::<I>(), zeros::<X>());
                ops::$forward(k, &*load::<X>(case, "in.x"), Dim::<D>, &mut *y, &mut *index);
                compare(case, "out.y", &*y);
                compare(case, "out.indices", &*index);
                ops::$backward(k, &*index, &*load::<Y>(case, "in.gy.y"), Dim::<D>, &mut *dx);
                compare(case, "out.grad.x", &*dx);
            }
        }
    )+};
}

extremes! {
    Max: max, max_backward;
    Min: min, min_backward;
}

macro_rules! places {
    ($($name:ident: $function:ident;)+) => {$(
        pub(crate) struct $name<X, D, I>(PhantomData<(X, D, I)>);

        impl<X: Tensor<Elem = f32>, D: Dims + Default, I: Tensor<Elem: Index + Read>> Adapter for $name<X, D, I> {
            fn run<K: Kernels>(k: K, case: &Case) {
                let input = case.input(0).unwrap_or_else(|| "in.x".to_owned());
                let mut index = zeros::<I>();
                ops::$function(k, &*load::<X>(case, &input), D::default(), &mut *index);
                compare(case, &case.output(0).unwrap_or_else(|| "out.y".to_owned()), &*index);
            }
        }
    )+};
}

places! {
    Argmax: argmax;
    ArgmaxLast: argmax_last;
    Argmin: argmin;
    ArgminLast: argmin_last;
}
