//! Reductions over one dimension, several, and all.

use tensorlet::{
    Index, Kernels, Tensor,
    ops::{self, All, Dim, Dims},
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::reduce::{self, over},
};

use super::{A5, A34, A235, A2342, Long, begun, gradients, numbers, poison, shape, value};

/// The dimensions that a type names.
fn dims<X: Tensor, D: Dims>() -> Vec<usize> {
    let rank = X::SHAPE.rank();
    D::DIMS.map_or((0..rank).collect(), |dims| {
        dims.iter().map(|&dim| dim.checked_add_unsigned(if dim < 0 { rank } else { 0 }).unwrap() as usize).collect()
    })
}

/// A reduction with its gradient.
pub(crate) fn check<K: Kernels, X: Tensor<Elem = f32>, D: Dims + Default, Y: Tensor<Elem = f32>>(
    k: K,
    name: &str,
    [low, high]: [f32; 2],
    forward: impl Fn(K, &X, D, &mut Y),
    backward: impl Fn(K, &X, [&Y; 2], D, &mut X),
    f: &dyn Fn(&[f64]) -> f64,
) {
    let (x, dy, mut y, mut dx) = (numbers::<X>(1, low, high), numbers::<Y>(2, -1.0, 1.0), poison(), begun());
    forward(k, &x, D::default(), &mut y);
    backward(k, &x, [&y, &dy], D::default(), &mut dx);
    let formula = |inputs: &[Vec<f64>]| over(&inputs[0], shape::<X>(), &dims::<X, D>(), f);
    let name = &format!("{name} of {} over {:?} on {}", X::SHAPE, D::DIMS, K::NAME);
    value(name, &[x.elements()], y.elements(), &formula);
    gradients(name, &[x.elements()], dy.elements(), &[dx.elements()], &formula);
}

/// A test for each line: over the first, a middle and the last dimension, several and all, with
/// dimensions kept and not.
macro_rules! reductions {
    ($($name:ident in $low:literal..$high:literal: $forward:expr, $backward:expr, $f:expr;)+) => {$(
        #[test]
        fn $name() {
            fn on<K: Kernels>(k: K) {
                reductions!(@ k, $name, [$low, $high], $forward, $backward, $f =>
                    A5, All => f32;
                    A5, Dim<0> => f32;
                    A5, Dim<-1> => [f32; 1];
                    Long, Dim<1> => [f32; 3];
                    A34, Dim<0> => [f32; 4];
                    A34, Dim<0> => [[f32; 4]; 1];
                    A34, All => [[f32; 1]; 1];
                    A235, Dim<1> => [[f32; 5]; 2];
                    A235, Dim<-2> => [[[f32; 5]; 1]; 2];
                    A235, (Dim<0>, Dim<2>) => [f32; 3];
                    A235, (Dim<-1>, Dim<1>) => [[[f32; 1]; 1]; 2];
                    A2342, (Dim<1>, Dim<3>) => [[f32; 4]; 2];
                    A2342, (Dim<2>, Dim<0>) => [[[[f32; 2]; 1]; 3]; 1];
                    A2342, (Dim<0>, Dim<1>, Dim<3>) => [f32; 4];
                    A2342, All => f32;
                );
            }
            on_every_instruction_set!(on);
        }
    )+};
    (@ $k:ident, $name:ident, $range:expr, $forward:expr, $backward:expr, $f:expr =>
     $($x:ty, $d:ty => $y:ty;)+) => {
        $(check::<K, $x, $d, $y>($k, stringify!($name), $range, $forward, $backward, &$f);)+
    };
}

reductions! {
    sum in -2.0..2.0: ops::sum, |k, _, [_, dy], d, dx| ops::sum_backward(k, dy, d, dx), reduce::sum;
    mean in -2.0..2.0: ops::mean, |k, _, [_, dy], d, dx| ops::mean_backward(k, dy, d, dx), reduce::mean;
    amax in -2.0..2.0: ops::amax, |k, x, [y, dy], d, dx| ops::amax_backward(k, x, y, dy, d, dx), reduce::max;
    amin in -2.0..2.0: ops::amin, |k, x, [y, dy], d, dx| ops::amin_backward(k, x, y, dy, d, dx), reduce::min;
    prod in 0.5..1.5: ops::prod, |k, x, [_, dy], d, dx| ops::prod_backward(k, x, dy, d, dx), reduce::prod;
    logsumexp in -3.0..3.0: ops::logsumexp,
        |k, x, [y, dy], d, dx| ops::logsumexp_backward(k, x, y, dy, d, dx), reduce::logsumexp;
    var in 1.0..3.0: |k, x, d, y| ops::var(k, x, d, 1, y),
        |k, x, [_, dy], d, dx| ops::var_backward(k, x, dy, d, 1, dx), |x| reduce::var(x, 1.0);
    var_biased in 1.0..3.0: |k, x, d, y| ops::var(k, x, d, 0, y),
        |k, x, [_, dy], d, dx| ops::var_backward(k, x, dy, d, 0, dx), |x| reduce::var(x, 0.0);
    std in 1.0..3.0: |k, x, d, y| ops::std(k, x, d, 1, y),
        |k, x, [y, dy], d, dx| ops::std_backward(k, x, y, dy, d, 1, dx), |x| reduce::var(x, 1.0).sqrt();
    norm_1 in -2.0..2.0: |k, x, d, y| ops::norm(k, x, 1.0, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, 1.0, d, dx), |x| reduce::norm(x, 1.0);
    norm_2 in -2.0..2.0: |k, x, d, y| ops::norm(k, x, 2.0, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, 2.0, d, dx), |x| reduce::norm(x, 2.0);
    norm_3 in -2.0..2.0: |k, x, d, y| ops::norm(k, x, 3.0, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, 3.0, d, dx), |x| reduce::norm(x, 3.0);
    norm_half in 0.3..2.0: |k, x, d, y| ops::norm(k, x, 0.5, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, 0.5, d, dx), |x| reduce::norm(x, 0.5);
    norm_infinite in -2.0..2.0: |k, x, d, y| ops::norm(k, x, f32::INFINITY, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, f32::INFINITY, d, dx),
        |x| reduce::norm(x, f64::INFINITY);
    norm_smallest in -2.0..2.0: |k, x, d, y| ops::norm(k, x, f32::NEG_INFINITY, d, y),
        |k, x, [y, dy], d, dx| ops::norm_backward(k, x, y, dy, f32::NEG_INFINITY, d, dx),
        |x| reduce::norm(x, f64::NEG_INFINITY);
}

/// The norm that counts has no gradient.
#[test]
fn norm_0() {
    fn on<K: Kernels>(k: K) {
        let (x, mut y, mut dx) = ([[1.0, 0.0, -2.0], [0.0, 0.0, 0.0]], [9.0; 2], [[7.0; 3]; 2]);
        ops::norm(k, &x, 0.0, Dim::<1>, &mut y);
        assert_eq!(y, [2.0, 0.0]);
        ops::norm_backward(k, &x, &y, &[1.0, 1.0], 0.0, Dim::<1>, &mut dx);
        assert_eq!(dx, [[7.0; 3]; 2]);
    }
    on_every_instruction_set!(on);
}

/// Values, places and gradients along one dimension.
fn extremes<K: Kernels, X, const D: isize, Y, I>(k: K)
where
    X: Tensor<Elem = f32>,
    Y: Tensor<Elem = f32>,
    I: Tensor<Elem: Index + std::fmt::Debug>,
{
    let (x, dy) = (numbers::<X>(1, -2.0, 2.0), numbers::<Y>(2, -1.0, 1.0));
    let places = |index: &I| index.elements().iter().map(|i| i.to_i64() as usize).collect::<Vec<_>>();
    let all = dims::<X, Dim<D>>();
    for largest in [true, false] {
        let (mut y, mut index, mut dx, mut alone) = (poison::<Y>(), I::ZERO, begun::<X>(), I::ZERO);
        let f: &dyn Fn(&[f64]) -> f64 = if largest {
            ops::max(k, &x, Dim::<D>, &mut y, &mut index);
            ops::max_backward(k, &index, &dy, Dim::<D>, &mut dx);
            ops::argmax(k, &x, Dim::<D>, &mut alone);
            &reduce::max
        } else {
            ops::min(k, &x, Dim::<D>, &mut y, &mut index);
            ops::min_backward(k, &index, &dy, Dim::<D>, &mut dx);
            ops::argmin(k, &x, Dim::<D>, &mut alone);
            &reduce::min
        };
        let formula = |inputs: &[Vec<f64>]| over(&inputs[0], shape::<X>(), &all, f);
        value("an extreme", &[x.elements()], y.elements(), &formula);
        gradients("an extreme", &[x.elements()], dy.elements(), &[dx.elements()], &formula);
        let sign = if largest { 1.0 } else { -1.0 };
        let turned: Vec<f64> = x.elements().iter().map(|x| sign * f64::from(*x)).collect();
        let expected = over(&turned, shape::<X>(), &all, &|x| reduce::argmax(x) as f64);
        let expected: Vec<usize> = expected.iter().map(|x| *x as usize).collect();
        assert_eq!((places(&index), places(&alone)), (expected.clone(), expected));
    }
}

#[test]
fn max_and_min() {
    fn on<K: Kernels>(k: K) {
        extremes::<K, A5, 0, f32, u8>(k);
        extremes::<K, A34, 0, [f32; 4], [u32; 4]>(k);
        extremes::<K, A34, -1, [[f32; 1]; 3], [[i16; 1]; 3]>(k);
        extremes::<K, A235, 1, [[f32; 5]; 2], [[u8; 5]; 2]>(k);
        extremes::<K, Long, 1, [f32; 3], [i8; 3]>(k);
    }
    on_every_instruction_set!(on);
}
