//! What is composed of several operations.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim, Number},
};

use super::Operation;
use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

/// An operation on any number of inputs of one shape, one after the other; the result and their number.
fn folded<O: Operation, K: Kernels, X: Tensor<Elem: Read + Number>>(k: K, case: &Case) -> (Box<X>, usize) {
    let mut inputs = (0..).map_while(|i| case.input(i));
    let mut sum = load::<X>(case, &inputs.next().expect("an input"));
    let mut n = 1;
    for input in inputs {
        let before = sum.clone();
        O::forward(k, &*before, &*load::<X>(case, &input), &mut *sum);
        n += 1;
    }
    (sum, n)
}

/// An operation on any number of inputs.
pub(crate) struct Fold<O, X>(PhantomData<(O, X)>);

impl<O: Operation, X: Tensor<Elem: Read + Number>> Adapter for Fold<O, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (result, _) = folded::<O, K, X>(k, case);
        compare(case, &case.output(0).expect("an output"), &*result);
    }
}

/// The mean of any number of inputs.
pub(crate) struct MeanFold<O, X>(PhantomData<(O, X)>);

impl<O: Operation, X: Tensor<Elem = f32>> Adapter for MeanFold<O, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (sum, n) = folded::<O, K, X>(k, case);
        let mut mean = zeros::<X>();
        ops::div(k, &*sum, &(n as f32), &mut *mean);
        compare(case, &case.output(0).expect("an output"), &*mean);
    }
}

/// The entropy of the softmax over the last dimension, `-Σ p ln p`; `T` keeps that dimension.
pub(crate) struct Entropy<X, T, Y>(PhantomData<(X, T, Y)>);

impl<X: Tensor<Elem = f32>, T: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> Adapter for Entropy<X, T, Y> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, mut total, mut log_p) = (load::<X>(case, "in.x"), zeros::<T>(), zeros::<X>());
        ops::logsumexp(k, &*x, Dim::<-1>, &mut *total);
        ops::sub(k, &*x, &*total, &mut *log_p);
        let [mut p, mut terms] = [zeros::<X>(), zeros::<X>()];
        ops::exp(k, &*log_p, &mut *p);
        ops::mul(k, &*p, &*log_p, &mut *terms);
        let [mut sum, mut y] = [zeros::<Y>(), zeros::<Y>()];
        ops::sum(k, &*terms, Dim::<-1>, &mut *sum);
        ops::neg(k, &*sum, &mut *y);
        compare(case, "out.y", &*y);

        let mut dsum = zeros::<Y>();
        ops::neg_backward(k, &*sum, &*load::<Y>(case, "in.gy.y"), &mut *dsum);
        let [mut dterms, mut dp, mut dlog_p, mut dx] = [zeros::<X>(), zeros::<X>(), zeros::<X>(), zeros::<X>()];
        ops::sum_backward(k, &*dsum, Dim::<-1>, &mut *dterms);
        ops::mul_backward(k, &*p, &*log_p, &*dterms, &mut *dp, &mut *dlog_p);
        ops::exp_backward(k, &*log_p, &*dp, &mut *dlog_p);
        let mut dtotal = zeros::<T>();
        ops::sub_backward(k, &*dlog_p, &mut *dx, &mut *dtotal);
        ops::logsumexp_backward(k, &*x, &*total, &*dtotal, Dim::<-1>, &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// `-sigmoid(tanh(a (a + b)))`.
pub(crate) struct Parameters<A, B>(PhantomData<(A, B)>);

impl<A: Tensor<Elem = f32>, B: Tensor<Elem = f32>> Adapter for Parameters<A, B> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b) = (load::<A>(case, "in.0"), load::<B>(case, "in.1"));
        let [mut sum, mut product, mut tanh, mut sigmoid, mut y] =
            [zeros::<A>(), zeros::<A>(), zeros::<A>(), zeros::<A>(), zeros::<A>()];
        ops::add(k, &*a, &*b, &mut *sum);
        ops::mul(k, &*a, &*sum, &mut *product);
        ops::tanh(k, &*product, &mut *tanh);
        ops::sigmoid(k, &*tanh, &mut *sigmoid);
        ops::neg(k, &*sigmoid, &mut *y);
        compare(case, &case.output(0).expect("an output"), &*y);
    }
}

/// `d = (a + b) a` and its gradients.
pub(crate) struct AddMulGradient<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for AddMulGradient<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (a, b) = (load::<X>(case, "in.a"), load::<X>(case, "in.b"));
        let [mut c, mut d] = [zeros::<X>(), zeros::<X>()];
        ops::add(k, &*a, &*b, &mut *c);
        ops::mul(k, &*c, &*a, &mut *d);
        compare(case, "out.d", &*d);
        let mut one = zeros::<X>();
        one.elements_mut().fill(1.0);
        let [mut dc, mut da, mut db] = [zeros::<X>(), zeros::<X>(), zeros::<X>()];
        ops::mul_backward(k, &*c, &*a, &*one, &mut *dc, &mut *da);
        ops::add_backward(k, &*dc, &mut *da, &mut *db);
        compare(case, "out.dd_da", &*da);
        compare(case, "out.dd_db", &*db);
    }
}
