//! Ties, zeros, NaN, infinities and integers: as in PyTorch.

use tensorlet::{
    Kernels,
    ops::{self, All, Dim},
};
use tensorlet_host::on_every_instruction_set;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// Equal, where NaN equals NaN.
#[track_caller]
fn same(got: &[f32], expected: &[f32]) {
    let equal = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
    assert!(got.len() == expected.len() && got.iter().zip(expected).all(equal), "{got:?} is not {expected:?}");
}

fn ties<K: Kernels>(k: K) {
    // Two arguments share, with broadcasting too.
    let (mut da, mut db) = ([0.0; 3], 0.0);
    ops::maximum_backward(k, &[1.0, 2.0, 3.0], &2.0, &[8.0, 4.0, 2.0], &mut da, &mut db);
    assert_eq!((da, db), ([0.0, 2.0, 2.0], 10.0));
    let (mut da, mut db) = ([0.0; 3], 0.0);
    ops::minimum_backward(k, &[1.0, 2.0, 3.0], &2.0, &[8.0, 4.0, 2.0], &mut da, &mut db);
    assert_eq!((da, db), ([8.0, 2.0, 0.0], 4.0));
    // NaN is chosen, wherever it comes from.
    let (mut da, mut db) = ([0.0; 2], [0.0; 2]);
    ops::maximum_backward(k, &[NAN, 1.0], &[1.0, NAN], &[8.0, 4.0], &mut da, &mut db);
    ops::minimum_backward(k, &[NAN, 1.0], &[1.0, NAN], &[8.0, 4.0], &mut da, &mut db);
    assert_eq!((da, db), ([16.0, 8.0], [16.0, 8.0]));
    // Limits do not belong to the interval; an infinite one is none.
    let mut dx = [0.0; 5];
    ops::clamp_backward(k, &[-1.1, -1.0, 0.0, 1.0, 1.1], &[1.0; 5], -1.0, 1.0, &mut dx);
    assert_eq!(dx, [0.0, 0.0, 1.0, 0.0, 0.0]);
    let mut dx = [0.0; 4];
    ops::clamp_backward(k, &[-INF, 0.0, INF, NAN], &[1.0; 4], -INF, INF, &mut dx);
    assert_eq!(dx, [1.0, 1.0, 1.0, 0.0]);
    // Limits in the wrong order: the upper one wins, and no gradient passes.
    let (mut y, mut dx) = ([0.0; 3], [0.0; 3]);
    ops::clamp(k, &[-2.0, 0.0, 2.0], 1.0, -1.0, &mut y);
    ops::clamp_backward(k, &[-2.0, 0.0, 2.0], &[1.0; 3], 1.0, -1.0, &mut dx);
    assert_eq!((y, dx), ([-1.0; 3], [0.0; 3]));
    // The first of several, and the last where that is asked for.
    let x = [[2.0, 5.0, 5.0, 1.0, 1.0]];
    let (mut y, mut index, mut place) = ([0.0], [9_u8], [9_u8]);
    ops::max(k, &x, Dim::<1>, &mut y, &mut index);
    assert_eq!((y, index), ([5.0], [1]));
    ops::min(k, &x, Dim::<1>, &mut y, &mut index);
    assert_eq!((y, index), ([1.0], [3]));
    ops::argmax_last(k, &x, Dim::<1>, &mut place);
    assert_eq!(place, [2]);
    ops::argmin_last(k, &x, Dim::<1>, &mut place);
    assert_eq!(place, [4]);
    // All that are the largest share, over several dimensions.
    let (x, mut y, mut dx) = ([[7.0, 1.0], [7.0, 7.0]], 0.0, [[0.0; 2]; 2]);
    ops::amax(k, &x, All, &mut y);
    ops::amax_backward(k, &x, &y, &6.0, All, &mut dx);
    assert_eq!((y, dx), (7.0, [[2.0, 0.0], [2.0, 2.0]]));
    // NaN is the largest and the smallest.
    let mut dx = [0.0; 4];
    ops::amax_backward(k, &[NAN, 1.0, 2.0, NAN], &NAN, &6.0, All, &mut dx);
    ops::amin_backward(k, &[NAN, 1.0, 2.0, NAN], &NAN, &2.0, All, &mut dx);
    assert_eq!(dx, [4.0, 0.0, 0.0, 4.0]);
    let mut dx = [0.0; 3];
    ops::norm_backward(k, &[-4.0, 4.0, 1.0], &4.0, &1.0, INF, All, &mut dx);
    assert_eq!(dx, [-0.5, 0.5, 0.0]);
    let mut dx = [0.0; 2];
    ops::abs_backward(k, &[0.0, -0.0], &[1.0; 2], &mut dx);
    assert_eq!(dx, [0.0; 2]);
}

#[test]
fn ties_are_shared_or_go_to_the_first() {
    on_every_instruction_set!(ties);
}

fn zeros<K: Kernels>(k: K) {
    for (x, expected) in
        [([2.0, 0.0, 5.0], [0.0, 10.0, 0.0]), ([0.0, 0.0, 5.0], [0.0, 0.0, 0.0]), ([0.0, 3.0, 5.0], [15.0, 0.0, 0.0])]
    {
        let (mut y, mut dx) = (9.0, [0.0; 3]);
        ops::prod(k, &x, All, &mut y);
        ops::prod_backward(k, &x, &1.0, All, &mut dx);
        assert_eq!((y, dx), (0.0, expected));
    }
    let (x, mut y, mut dx) = ([2.0, 0.0, 3.0, 0.0, 5.0], [9.0; 5], [0.0; 5]);
    ops::cumprod(k, &x, Dim::<0>, &mut y);
    ops::cumprod_backward(k, &x, &y, &[1.0; 5], Dim::<0>, &mut dx);
    assert_eq!((y, dx), ([2.0, 0.0, 0.0, 0.0, 0.0], [1.0, 8.0, 0.0, 0.0, 0.0]));
    // The norms of nothing have gradient 0, the standard deviation of equal elements too.
    for p in [1.0, 2.0, 3.0] {
        let (mut y, mut dx) = (9.0, [0.0; 3]);
        ops::norm(k, &[0.0; 3], p, All, &mut y);
        ops::norm_backward(k, &[0.0; 3], &y, &1.0, p, All, &mut dx);
        assert_eq!((y, dx), (0.0, [0.0; 3]));
    }
    let (mut y, mut dx) = (9.0, [0.0; 3]);
    ops::std(k, &[4.0; 3], All, 1, &mut y);
    ops::std_backward(k, &[4.0; 3], &y, &1.0, All, 1, &mut dx);
    assert_eq!((y, dx), (0.0, [0.0; 3]));
    // One element has no unbiased variance.
    let mut y = 0.0;
    ops::var(k, &[4.0], All, 1, &mut y);
    assert!(y.is_nan());
    ops::var(k, &[4.0], All, 0, &mut y);
    assert_eq!(y, 0.0);
    // Powers.
    let (mut da, mut db) = ([0.0; 4], [0.0; 4]);
    ops::pow_backward(k, &[0.0, 0.0, 0.0, -2.0], &[0.0, 2.0, 1.0, 3.0], &[1.0; 4], &mut da, &mut db);
    same(&da, &[0.0, 0.0, 1.0, 12.0]);
    same(&db, &[0.0, 0.0, 0.0, NAN]);
}

#[test]
fn zeros_have_the_gradients_of_the_formula() {
    on_every_instruction_set!(zeros);
}

fn not_numbers<K: Kernels>(k: K) {
    let x = [[1.0, NAN, 3.0, NAN], [1.0, -INF, INF, 0.0]];
    let (mut y, mut index) = ([0.0; 2], [9_u8; 2]);
    ops::max(k, &x, Dim::<1>, &mut y, &mut index);
    same(&y, &[NAN, INF]);
    assert_eq!(index, [1, 2]);
    ops::min(k, &x, Dim::<1>, &mut y, &mut index);
    same(&y, &[NAN, -INF]);
    assert_eq!(index, [1, 1]);
    ops::amax(k, &x, Dim::<1>, &mut y);
    same(&y, &[NAN, INF]);
    ops::amin(k, &x, Dim::<1>, &mut y);
    same(&y, &[NAN, -INF]);
    ops::argmax(k, &x, Dim::<1>, &mut index);
    assert_eq!(index, [1, 2]);
    ops::logsumexp(k, &x, Dim::<1>, &mut y);
    same(&y, &[NAN, INF]);
    let mut z = [0.0; 4];
    ops::maximum(k, &x[0], &[NAN, 0.0, 5.0, 0.0], &mut z);
    same(&z, &[NAN, NAN, 5.0, NAN]);
    ops::minimum(k, &x[0], &[NAN, 0.0, 5.0, 0.0], &mut z);
    same(&z, &[NAN, NAN, 3.0, NAN]);
    ops::clamp(k, &x[0], 0.0, 2.0, &mut z);
    same(&z, &[1.0, NAN, 2.0, NAN]);
    ops::sign(k, &x[1], &mut z);
    same(&z, &[1.0, -1.0, 1.0, 0.0]);

    // Nothing but `-∞`, and extreme logits.
    let (mut y, mut dx) = ([0.0; 3], [[0.0; 2]; 3]);
    let x = [[-INF, -INF], [1e4, -1e4], [-1e4, -1e4]];
    ops::logsumexp(k, &x, Dim::<1>, &mut y);
    same(&y, &[-INF, 1e4, -1e4 + 2.0_f32.ln()]);
    ops::logsumexp_backward(k, &x, &y, &[1.0; 3], Dim::<1>, &mut dx);
    same(&dx[0], &[NAN, NAN]);
    same(&dx[1], &[1.0, 0.0]);
    assert!((dx[2][0] - 0.5).abs() < 1e-3);
}

#[test]
fn what_is_no_number_passes() {
    on_every_instruction_set!(not_numbers);
}

fn integers<K: Kernels>(k: K) {
    let (a, b) = ([200_u8, 7, 3], [100_u8, 0, 2]);
    let mut y = [0_u8; 3];
    ops::add(k, &a, &b, &mut y);
    assert_eq!(y, [44, 7, 5]);
    ops::sub(k, &b, &a, &mut y);
    assert_eq!(y, [156, 249, 255]);
    ops::mul(k, &a, &b, &mut y);
    assert_eq!(y, [32, 0, 6]);
    ops::div(k, &a, &b, &mut y);
    assert_eq!(y, [2, 0, 1]);
    ops::pow(k, &a, &b, &mut y);
    assert_eq!(y, [0, 1, 9]);
    ops::maximum(k, &a, &b, &mut y);
    assert_eq!(y, [200, 7, 3]);
    let mut y = [0_i8; 4];
    ops::div(k, &[-7_i8, 7, i8::MIN, 1], &[2_i8, -2, -1, 0], &mut y);
    assert_eq!(y, [-3, -3, i8::MIN, 0]);
    ops::pow(k, &[2_i8, -1, -1, 1], &[-1_i8, -3, -2, -5], &mut y);
    assert_eq!(y, [0, -1, 1, 1]);
    ops::clamp(k, &[-100_i8, 0, 100, 5], -3, i8::MAX, &mut y);
    assert_eq!(y, [-3, 0, 100, 5]);
    let x = [[1_i32, 2, 3], [4, 5, 6]];
    let (mut sums, mut product, mut most, mut place) = ([0; 3], 0, [[0]; 2], 0_u8);
    ops::sum(k, &x, Dim::<0>, &mut sums);
    ops::prod(k, &x, All, &mut product);
    ops::amax(k, &x, Dim::<1>, &mut most);
    ops::argmin(k, &x, All, &mut place);
    assert_eq!((sums, product, most, place), ([5, 7, 9], 720, [[3], [6]], 0));
    let mut total = 0_i8;
    ops::sum(k, &[100_i8, 100], All, &mut total);
    assert_eq!(total, -56);
}

#[test]
fn integers_are_exact_and_wrap_around() {
    on_every_instruction_set!(integers);
}
