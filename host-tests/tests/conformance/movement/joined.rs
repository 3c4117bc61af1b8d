//! Tensors put together and taken apart.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim},
};

use super::{Read, compare, input, load, zeros};
use crate::{Adapter, case::Case};

pub(crate) struct Cat<P, const D: isize, Y>(PhantomData<(P, Y)>);
pub(crate) struct TrainedCat<P, const D: isize, Y>(PhantomData<(P, Y)>);
pub(crate) struct Split<X, const D: isize, P>(PhantomData<(X, P)>);

/// The name of part `i`: an input of the node, or the inputs in the order of their names.
fn part(case: &Case, i: usize) -> String {
    case.input(i).unwrap_or_else(|| case.inputs().swap_remove(i))
}

/// The name of the gradient of part `i`.
fn gradient(case: &Case, i: usize) -> String {
    part(case, i).replace("in.", "out.grad.")
}

macro_rules! parts {
    ($($name:ident $i:literal)+) => {
        #[allow(non_snake_case)]
        impl<$($name: Tensor<Elem = Y::Elem>,)+ Y: Tensor<Elem: Read>, const D: isize> Adapter
            for Cat<($($name,)+), D, Y>
        {
            fn run<K: Kernels>(_: K, case: &Case) {
                $(let $name = load::<$name>(case, &part(case, $i));)+
                let mut y = zeros::<Y>();
                ops::cat(($(&*$name,)+), Dim::<D>, &mut *y);
                compare(case, &super::output(case), &*y);
            }
        }

        #[allow(non_snake_case)]
        impl<$($name: Tensor<Elem = f32>,)+ Y: Tensor<Elem = f32>, const D: isize> Adapter
            for TrainedCat<($($name,)+), D, Y>
        {
            fn run<K: Kernels>(k: K, case: &Case) {
                Cat::<($($name,)+), D, Y>::run(k, case);
                $(let mut $name = zeros::<$name>();)+
                ops::cat_backward(&*load::<Y>(case, "in.gy.y"), Dim::<D>, ($(&mut *$name,)+));
                $(compare(case, &gradient(case, $i), &*$name);)+
            }
        }

        #[allow(non_snake_case)]
        impl<$($name: Tensor<Elem = X::Elem>,)+ X: Tensor<Elem: Read>, const D: isize> Adapter
            for Split<X, D, ($($name,)+)>
        {
            fn run<K: Kernels>(_: K, case: &Case) {
                $(let mut $name = zeros::<$name>();)+
                ops::split(&*load::<X>(case, &input(case)), Dim::<D>, ($(&mut *$name,)+));
                $(compare(case, &case.output($i).expect("an output"), &*$name);)+
            }
        }
    };
}

parts!(A 0);
parts!(A 0 B 1);
parts!(A 0 B 1 C 2);
parts!(A 0 B 1 C 2 E 3);
parts!(A 0 B 1 C 2 E 3 F 4);
parts!(A 0 B 1 C 2 E 3 F 4 G 5);
parts!(A 0 B 1 C 2 E 3 F 4 G 5 H 6);
parts!(A 0 B 1 C 2 E 3 F 4 G 5 H 6 I 7);

/// `N` tensors of one type in a new dimension; the result is `out.y`, or `out.dimD` in the seeds.
pub(crate) struct Stack<X, const N: usize, const D: isize, Y>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem: Read>, const N: usize, const D: isize, Y: Tensor<Elem = X::Elem>> Adapter for Stack<X, N, D, Y> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let parts: [_; N] = std::array::from_fn(|i| load::<X>(case, &part(case, i)));
        let mut y = zeros::<Y>();
        ops::stack(parts.each_ref().map(|part| &**part), Dim::<D>, &mut *y);
        let name = if case.has("out.y") { "out.y".to_owned() } else { format!("out.dim{D}") };
        compare(case, &name, &*y);
    }
}

pub(crate) struct TrainedStack<X, const N: usize, const D: isize, Y>(PhantomData<(X, Y)>);

impl<X: Tensor<Elem = f32>, const N: usize, const D: isize, Y: Tensor<Elem = f32>> Adapter
    for TrainedStack<X, N, D, Y>
{
    fn run<K: Kernels>(k: K, case: &Case) {
        Stack::<X, N, D, Y>::run(k, case);
        let mut gradients: [_; N] = std::array::from_fn(|_| zeros::<X>());
        let dy = load::<Y>(case, "in.gy.y");
        ops::stack_backward(&*dy, Dim::<D>, gradients.each_mut().map(|dx| &mut **dx));
        for (i, dx) in gradients.iter().enumerate() {
            compare(case, &gradient(case, i), &**dx);
        }
    }
}
