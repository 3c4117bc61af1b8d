//! Functions of several tensors that are broadcast to each other.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Number},
};

use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

/// Arithmetic of two tensors.
pub(crate) trait Operation {
    fn forward<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
    where
        K: Kernels,
        A: Tensor<Elem: Number>,
        B: Tensor<Elem = A::Elem>,
        Y: Tensor<Elem = A::Elem>;

    fn backward<K, A, B, Y>(k: K, a: &A, b: &B, dy: &Y, da: &mut A, db: &mut B)
    where
        K: Kernels,
        A: Tensor<Elem = f32>,
        B: Tensor<Elem = f32>,
        Y: Tensor<Elem = f32>;
}

macro_rules! operations {
    ($($name:ident: $forward:ident, $backward:ident($($argument:ident),*);)+) => {$(
        pub(crate) struct $name;

        impl Operation for $name {
            fn forward<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
            where
                K: Kernels,
                A: Tensor<Elem: Number>,
                B: Tensor<Elem = A::Elem>,
                Y: Tensor<Elem = A::Elem>,
            {
                ops::$forward(k, a, b, y);
            }

            fn backward<K, A, B, Y>(k: K, _a: &A, _b: &B, dy: &Y, da: &mut A, db: &mut B)
            where
                K: Kernels,
                A: Tensor<Elem = f32>,
                B: Tensor<Elem = f32>,
                Y: Tensor<Elem = f32>,
            {
                operations!(@ $backward, k, _a, _b, dy, da, db $(, $argument)*);
            }
        }
    )+};
    (@ $backward:ident, $k:ident, $a:ident, $b:ident, $dy:ident, $da:ident, $db:ident) => {
        ops::$backward($k, $dy, $da, $db)
    };
    (@ $backward:ident, $k:ident, $a:ident, $b:ident, $dy:ident, $da:ident, $db:ident, a, b) => {
        ops::$backward($k, $a, $b, $dy, $da, $db)
    };
}

operations! {
    Add: add, add_backward();
    Sub: sub, sub_backward();
    Mul: mul, mul_backward(a, b);
    Div: div, div_backward(a, b);
    Maximum: maximum, maximum_backward(a, b);
    Minimum: minimum, minimum_backward(a, b);
    Pow: pow, pow_backward(a, b);
}

/// Arithmetic of `a` and `b` with both gradients.
pub(crate) struct Trained<O, A, B, Y>(PhantomData<(O, A, B, Y)>);

impl<O, A, B, Y> Adapter for Trained<O, A, B, Y>
where
    O: Operation,
    A: Tensor<Elem = f32>,
    B: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b, mut y) = (load::<A>(case, "in.a"), load::<B>(case, "in.b"), zeros::<Y>());
        O::forward(k, &*a, &*b, &mut *y);
        compare(case, "out.y", &*y);
        let (mut da, mut db) = (zeros::<A>(), zeros::<B>());
        O::backward(k, &*a, &*b, &*load::<Y>(case, "in.gy.y"), &mut *da, &mut *db);
        compare(case, "out.grad.a", &*da);
        compare(case, "out.grad.b", &*db);
    }
}

/// The names of two inputs and the output.
fn names(case: &Case) -> [String; 3] {
    [case.input(0), case.input(1), case.output(0)].map(|name| name.expect("the graph names it"))
}

/// The values of an operation.
pub(crate) struct Binary<O, A, B, Y>(PhantomData<(O, A, B, Y)>);

impl<O, A, B, Y> Adapter for Binary<O, A, B, Y>
where
    O: Operation,
    A: Tensor<Elem: Number + Read>,
    B: Tensor<Elem = A::Elem>,
    Y: Tensor<Elem = A::Elem>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let ([a, b, y], mut got) = (names(case), zeros::<Y>());
        O::forward(k, &*load::<A>(case, &a), &*load::<B>(case, &b), &mut *got);
        compare(case, &y, &*got);
    }
}

/// A comparison, or logic.
pub(crate) trait Relation {
    fn holds<K: Kernels, A: Tensor, B: Tensor<Elem = A::Elem>, Y: Tensor<Elem = u8>>(k: K, a: &A, b: &B, y: &mut Y);
}

macro_rules! relations {
    ($($name:ident: $function:ident;)+) => {$(
        pub(crate) struct $name;

        impl Relation for $name {
            fn holds<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
            where
                K: Kernels,
                A: Tensor,
                B: Tensor<Elem = A::Elem>,
                Y: Tensor<Elem = u8>,
            {
                ops::$function(k, a, b, y);
            }
        }
    )+};
}

relations! {
    Gt: gt;
    Ge: ge;
    Lt: lt;
    Le: le;
    Eq: eq;
    LogicalAnd: logical_and;
    LogicalOr: logical_or;
    LogicalXor: logical_xor;
}

/// The truth values of a relation.
pub(crate) struct Comparison<R, A, B, Y>(PhantomData<(R, A, B, Y)>);

impl<R, A, B, Y> Adapter for Comparison<R, A, B, Y>
where
    R: Relation,
    A: Tensor<Elem: Read>,
    B: Tensor<Elem = A::Elem>,
    Y: Tensor<Elem = u8>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let ([a, b, y], mut got) = (names(case), zeros::<Y>());
        R::holds(k, &*load::<A>(case, &a), &*load::<B>(case, &b), &mut *got);
        compare(case, &y, &*got);
    }
}

/// A choice by a condition.
pub(crate) struct Where<C, A, B, Y>(PhantomData<(C, A, B, Y)>);

impl<C, A, B, Y> Adapter for Where<C, A, B, Y>
where
    C: Tensor<Elem = u8>,
    A: Tensor<Elem: Read>,
    B: Tensor<Elem = A::Elem>,
    Y: Tensor<Elem = A::Elem>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let [c, a, b] = [0, 1, 2].map(|i| case.input(i).expect("three inputs"));
        let mut y = zeros::<Y>();
        ops::where_(k, &*load::<C>(case, &c), &*load::<A>(case, &a), &*load::<B>(case, &b), &mut *y);
        compare(case, &case.output(0).expect("an output"), &*y);
    }
}
