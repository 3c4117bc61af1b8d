//! Matrix products.

#![allow(dead_code, unused_imports, reason = "which adapters are used depends on the cases")]

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim},
};

use crate::{
    Adapter,
    case::Case,
    movement::{compare, load, zeros},
};

/// A product with either factor transposed or not.
pub(crate) trait Form {
    fn forward<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
    where
        K: Kernels,
        A: Tensor<Elem = f32>,
        B: Tensor<Elem = f32>,
        Y: Tensor<Elem = f32>;

    fn backward<K, A, B, Y>(k: K, a: &A, b: &B, dy: &Y, da: &mut A, db: &mut B)
    where
        K: Kernels,
        A: Tensor<Elem = f32>,
        B: Tensor<Elem = f32>,
        Y: Tensor<Elem = f32>;
}

macro_rules! forms {
    ($($name:ident: $forward:ident, $backward:ident;)+) => {$(
        pub(crate) struct $name;

        impl Form for $name {
            fn forward<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
            where
                K: Kernels,
                A: Tensor<Elem = f32>,
                B: Tensor<Elem = f32>,
                Y: Tensor<Elem = f32>,
            {
                ops::$forward(k, a, b, y);
            }

            fn backward<K, A, B, Y>(k: K, a: &A, b: &B, dy: &Y, da: &mut A, db: &mut B)
            where
                K: Kernels,
                A: Tensor<Elem = f32>,
                B: Tensor<Elem = f32>,
                Y: Tensor<Elem = f32>,
            {
                ops::$backward(k, a, b, dy, da, db);
            }
        }
    )+};
}

forms! {
    Plain: matmul, matmul_backward;
    First: matmul_tn, matmul_tn_backward;
    Second: matmul_nt, matmul_nt_backward;
    Both: matmul_tt, matmul_tt_backward;
}

/// A product of `a` and `b` with both gradients.
pub(crate) struct Trained<F, A, B, Y>(PhantomData<(F, A, B, Y)>);

impl<F, A, B, Y> Adapter for Trained<F, A, B, Y>
where
    F: Form,
    A: Tensor<Elem = f32>,
    B: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b, mut y) = (load::<A>(case, "in.a"), load::<B>(case, "in.b"), zeros::<Y>());
        F::forward(k, &*a, &*b, &mut *y);
        compare(case, "out.y", &*y);
        let (mut da, mut db) = (zeros::<A>(), zeros::<B>());
        F::backward(k, &*a, &*b, &*load::<Y>(case, "in.gy.y"), &mut *da, &mut *db);
        compare(case, "out.grad.a", &*da);
        compare(case, "out.grad.b", &*db);
    }
}

/// The value of a product.
pub(crate) struct Values<A, B, Y>(PhantomData<(A, B, Y)>);

impl<A: Tensor<Elem = f32>, B: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> Adapter for Values<A, B, Y> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let name = |name: Option<String>, other: &str| name.unwrap_or_else(|| other.to_owned());
        let (a, b) = (name(case.input(0), "in.a"), name(case.input(1), "in.b"));
        let mut y = zeros::<Y>();
        ops::matmul(k, &*load::<A>(case, &a), &*load::<B>(case, &b), &mut *y);
        compare(case, &name(case.output(0), "out.y"), &*y);
    }
}

pub(crate) struct MatrixVector<const M: usize, const N: usize>;

impl<const M: usize, const N: usize> Adapter for MatrixVector<M, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, x, mut y) = (load::<[[f32; N]; M]>(case, "in.a"), load::<[f32; N]>(case, "in.x"), zeros::<[f32; M]>());
        ops::mv(k, &a, &x, &mut y);
        compare(case, "out.y", &*y);
        let (mut da, mut dx) = (zeros::<[[f32; N]; M]>(), zeros::<[f32; N]>());
        ops::mv_backward(k, &a, &x, &load(case, "in.gy.y"), &mut *da, &mut *dx);
        compare(case, "out.grad.a", &*da);
        compare(case, "out.grad.x", &*dx);
    }
}

pub(crate) struct Outer<const M: usize, const N: usize>;

impl<const M: usize, const N: usize> Adapter for Outer<M, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b, mut y) = (load::<[f32; M]>(case, "in.a"), load::<[f32; N]>(case, "in.b"), zeros::<[[f32; N]; M]>());
        ops::outer(k, &a, &b, &mut y);
        compare(case, "out.y", &*y);
        let (mut da, mut db) = (zeros::<[f32; M]>(), zeros::<[f32; N]>());
        ops::outer_backward(k, &a, &b, &load(case, "in.gy.y"), &mut *da, &mut *db);
        compare(case, "out.grad.a", &*da);
        compare(case, "out.grad.b", &*db);
    }
}

/// `beta c + alpha a b` with all gradients.
pub(crate) struct AddmmTrained<C, const M: usize, const I: usize, const N: usize>(PhantomData<C>);

impl<C: Tensor<Elem = f32>, const M: usize, const I: usize, const N: usize> Adapter for AddmmTrained<C, M, I, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let [alpha, beta] = ["alpha", "beta"].map(|name| case.number(name).unwrap_or(1.0) as f32);
        let (c, a, b) = (load::<C>(case, "in.c"), load::<[[f32; I]; M]>(case, "in.a"), load(case, "in.b"));
        let mut y = zeros::<[[f32; N]; M]>();
        ops::addmm(k, &*c, &a, &b, beta, alpha, &mut y);
        compare(case, "out.y", &*y);
        let (mut dc, mut da, mut db) = (zeros::<C>(), zeros::<[[f32; I]; M]>(), zeros::<[[f32; N]; I]>());
        let dy = load(case, "in.gy.y");
        ops::addmm_backward(k, &a, &b, &dy, beta, alpha, &mut *dc, &mut *da, &mut *db);
        compare(case, "out.grad.c", &*dc);
        compare(case, "out.grad.a", &*da);
        compare(case, "out.grad.b", &*db);
    }
}

/// The names of two or three inputs and the output of a graph.
fn names(case: &Case) -> ([String; 2], Option<String>, String) {
    let name = |name: Option<String>| name.expect("the graph names it");
    ([name(case.input(0)), name(case.input(1))], case.input(2), name(case.output(0)))
}

/// `alpha a b + beta c` of a graph.
pub(crate) struct AddmmValues<C, const M: usize, const I: usize, const N: usize>(PhantomData<C>);

impl<C: Tensor<Elem = f32>, const M: usize, const I: usize, const N: usize> Adapter for AddmmValues<C, M, I, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let [alpha, beta] = ["alpha", "beta"].map(|name| case.number(name).unwrap_or(1.0) as f32);
        let ([a, b], c, output) = names(case);
        let (a, b) = (load::<[[f32; I]; M]>(case, &a), load(case, &b));
        let mut y = zeros::<[[f32; N]; M]>();
        ops::addmm(k, &*load::<C>(case, &c.expect("three inputs")), &a, &b, beta, alpha, &mut y);
        compare(case, &output, &*y);
    }
}

/// `alpha op(a) op(b) + beta c` of a graph.
pub(crate) struct Gemm<F, A, B, C, Y>(PhantomData<(F, A, B, C, Y)>);

impl<F, A, B, C, Y> Adapter for Gemm<F, A, B, C, Y>
where
    F: Form,
    A: Tensor<Elem = f32>,
    B: Tensor<Elem = f32>,
    C: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let [alpha, beta] = ["alpha", "beta"].map(|name| case.number(name).unwrap_or(1.0) as f32);
        let ([a, b], c, output) = names(case);
        let c = c.map_or_else(zeros, |c| load::<C>(case, &c));
        let [mut product, mut scaled, mut y] = [zeros::<Y>(), zeros::<Y>(), zeros::<Y>()];
        F::forward(k, &*load::<A>(case, &a), &*load::<B>(case, &b), &mut *product);
        ops::mul(k, &*product, &alpha, &mut *scaled);
        let mut addend = zeros::<C>();
        ops::mul(k, &*c, &beta, &mut *addend);
        ops::add(k, &*scaled, &*addend, &mut *y);
        compare(case, &output, &*y);
    }
}

/// `x wᵀ`: the weight is transposed by the first node of the graph.
pub(crate) struct LinearNoBias<X, W, Y>(PhantomData<(X, W, Y)>);

impl<X: Tensor<Elem = f32>, W: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> Adapter for LinearNoBias<X, W, Y> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let weight = case.input(0).expect("the transposed weight");
        let x = case.inputs().into_iter().find(|name| *name != weight).expect("another input");
        let mut y = zeros::<Y>();
        ops::matmul_nt(k, &*load::<X>(case, &x), &*load::<W>(case, &weight), &mut *y);
        compare(case, &case.output(0).expect("an output"), &*y);
    }
}

/// `½ Σ_f ((x V)² - x² V²)`: the pairwise interactions of a factorisation machine.
pub(crate) struct FactorisationMachine<const R: usize, const N: usize, const F: usize>;

impl<const R: usize, const N: usize, const F: usize> Adapter for FactorisationMachine<R, N, F> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, v) = (load::<[[f32; N]; R]>(case, "in.x"), load::<[[f32; F]; N]>(case, "in.v"));
        let (mut xv, mut squared) = (zeros::<[[f32; F]; R]>(), zeros::<[[f32; F]; R]>());
        ops::matmul(k, &*x, &*v, &mut *xv);
        ops::square(k, &*xv, &mut *squared);
        let (mut x2, mut v2, mut own) = (zeros::<[[f32; N]; R]>(), zeros::<[[f32; F]; N]>(), zeros::<[[f32; F]; R]>());
        ops::square(k, &*x, &mut *x2);
        ops::square(k, &*v, &mut *v2);
        ops::matmul(k, &*x2, &*v2, &mut *own);
        let (mut pairs, mut sum, mut y) = (zeros::<[[f32; F]; R]>(), zeros::<[f32; R]>(), zeros::<[f32; R]>());
        ops::sub(k, &*squared, &*own, &mut *pairs);
        ops::sum(k, &*pairs, Dim::<1>, &mut *sum);
        ops::mul(k, &*sum, &0.5, &mut *y);
        compare(case, "out.y", &*y);

        let (mut dsum, mut dpairs) = (zeros::<[f32; R]>(), zeros::<[[f32; F]; R]>());
        ops::mul_backward(k, &*sum, &0.5, &*load::<[f32; R]>(case, "in.gy.y"), &mut *dsum, &mut ());
        ops::sum_backward(k, &*dsum, Dim::<1>, &mut *dpairs);
        let [mut dsquared, mut down, mut dxv] = [zeros::<[[f32; F]; R]>(), zeros(), zeros()];
        ops::sub_backward(k, &*dpairs, &mut *dsquared, &mut *down);
        let (mut dx, mut dv) = (zeros::<[[f32; N]; R]>(), zeros::<[[f32; F]; N]>());
        let (mut dx2, mut dv2) = (zeros::<[[f32; N]; R]>(), zeros::<[[f32; F]; N]>());
        ops::matmul_backward(k, &*x2, &*v2, &*down, &mut *dx2, &mut *dv2);
        ops::square_backward(k, &*x, &*dx2, &mut *dx);
        ops::square_backward(k, &*v, &*dv2, &mut *dv);
        ops::square_backward(k, &*xv, &*dsquared, &mut *dxv);
        ops::matmul_backward(k, &*x, &*v, &*dxv, &mut *dx, &mut *dv);
        compare(case, "out.grad.x", &*dx);
        compare(case, "out.grad.v", &*dv);
    }
}

/// The worked example of the four kinds of products, of whole numbers that floats hold exactly.
pub(crate) struct Kinds<const R: usize, const C: usize, const B: usize, const M: usize, const I: usize>;

impl<const R: usize, const C: usize, const B: usize, const M: usize, const I: usize> Adapter for Kinds<R, C, B, M, I> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b) = (load::<[[f32; C]; R]>(case, "in.a_23"), load::<[[f32; R]; C]>(case, "in.b_32"));
        let mut elementwise = zeros::<[[f32; C]; R]>();
        ops::mul(k, &*a, &*load::<[[f32; C]; R]>(case, "in.b_23"), &mut *elementwise);
        compare(case, "out.dot", &*elementwise);
        let mut y = zeros::<[[f32; R]; R]>();
        ops::matmul(k, &*a, &*b, &mut *y);
        compare(case, "out.matmul", &*y);
        ops::mm(k, &a, &b, &mut y);
        compare(case, "out.mm", &*y);
        let (a, b) = (load::<[[[f32; I]; M]; B]>(case, "in.a_batch_123"), load(case, "in.b_batch_132"));
        let mut y = zeros::<[[[f32; M]; M]; B]>();
        ops::bmm(k, &a, &b, &mut y);
        compare(case, "out.bmm", &*y);
    }
}
