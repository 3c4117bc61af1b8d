//! Arithmetic of two tensors, comparisons and choices.

use tensorlet::{Kernels, Tensor, ops};
use tensorlet_host::{
    on_every_instruction_set,
    reference::arithmetic::{binary, broadcast},
};

use super::{A5, A34, A41, A235, A2342, Long, begun, gradients, numbers, poison, shape, value};

/// An operation with both gradients, of arguments between two bounds each.
fn check<K: Kernels, A: Tensor<Elem = f32>, B: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(
    k: K,
    name: &str,
    [low, high]: [f32; 2],
    forward: impl Fn(K, &A, &B, &mut Y),
    backward: impl Fn(K, &A, &B, &Y, &mut A, &mut B),
    f: fn(f64, f64) -> f64,
) {
    let (a, b, dy) = (numbers::<A>(1, low, high), numbers::<B>(2, low, high), numbers::<Y>(3, -1.0, 1.0));
    let (mut y, mut da, mut db) = (poison(), begun(), begun());
    forward(k, &a, &b, &mut y);
    backward(k, &a, &b, &dy, &mut da, &mut db);
    let formula = |inputs: &[Vec<f64>]| binary((&inputs[0], shape::<A>()), (&inputs[1], shape::<B>()), f);
    let name = &format!("{name} of {} and {} on {}", A::SHAPE, B::SHAPE, K::NAME);
    let inputs = [a.elements(), b.elements()];
    value(name, &inputs, y.elements(), &formula);
    gradients(name, &inputs, dy.elements(), &[da.elements(), db.elements()], &formula);
}

/// A test for each line, for shapes that are equal, repeated inside, outside and both, and numbers.
macro_rules! operations {
    ($($name:ident in $low:literal..$high:literal: $f:expr, $backward:expr;)+) => {$(
        #[test]
        fn $name() {
            fn on<K: Kernels>(k: K) {
                operations!(@ k, $name, [$low, $high], $f, $backward =>
                    f32, f32 => f32;
                    A5, A5 => A5;
                    Long, Long => Long;
                    A5, f32 => A5;
                    f32, A34 => A34;
                    A34, [f32; 4] => A34;
                    [f32; 1], A34 => A34;
                    A41, [[f32; 3]; 1] => [[f32; 3]; 4];
                    A235, [[[f32; 1]; 3]; 1] => A235;
                    [[[f32; 5]; 1]; 2], [[f32; 1]; 3] => A235;
                    [[f32; 4]; 1], [[[f32; 1]; 3]; 2] => [[[f32; 4]; 3]; 2];
                    A2342, [[[f32; 1]; 1]; 3] => A2342;
                    [[[[f32; 1]; 4]; 1]; 2], [[[f32; 2]; 1]; 3] => A2342;
                );
            }
            on_every_instruction_set!(on);
        }
    )+};
    (@ $k:ident, $name:ident, $range:expr, $f:expr, $backward:expr => $($a:ty, $b:ty => $y:ty;)+) => {
        $(check::<K, $a, $b, $y>($k, stringify!($name), $range, ops::$name, $backward, $f);)+
    };
}

operations! {
    add in -2.0..2.0: |a, b| a + b, |k, _, _, dy, da, db| ops::add_backward(k, dy, da, db);
    sub in -2.0..2.0: |a, b| a - b, |k, _, _, dy, da, db| ops::sub_backward(k, dy, da, db);
    mul in -2.0..2.0: |a, b| a * b, ops::mul_backward;
    div in 0.3..2.0: |a, b| a / b, ops::div_backward;
    maximum in -2.0..2.0: f64::max, ops::maximum_backward;
    minimum in -2.0..2.0: f64::min, ops::minimum_backward;
    pow in 0.3..2.0: f64::powf, ops::pow_backward;
}

/// A gradient that is not wanted changes nothing for the other.
#[test]
fn one_gradient_alone() {
    fn on<K: Kernels>(k: K) {
        let (a, b, dy) = (numbers::<A34>(1, 0.5, 2.0), numbers::<[f32; 4]>(2, 0.5, 2.0), numbers::<A34>(3, -1.0, 1.0));
        let (mut da, mut db) = (begun::<A34>(), begun::<[f32; 4]>());
        let (mut only_da, mut only_db) = (begun::<A34>(), begun::<[f32; 4]>());
        ops::div_backward(k, &a, &b, &dy, &mut da, &mut db);
        ops::div_backward(k, &a, &b, &dy, &mut only_da, &mut ());
        ops::div_backward(k, &a, &b, &dy, &mut (), &mut only_db);
        assert_eq!((da, db), (only_da, only_db));

        let (mut da, mut db) = (begun::<A34>(), begun::<[f32; 4]>());
        let (mut only_da, mut only_db) = (begun::<A34>(), begun::<[f32; 4]>());
        ops::sub_backward(k, &dy, &mut da, &mut db);
        ops::sub_backward(k, &dy, &mut only_da, &mut ());
        ops::sub_backward(k, &dy, &mut (), &mut only_db);
        assert_eq!((da, db), (only_da, only_db));
    }
    on_every_instruction_set!(on);
}

#[test]
fn where_() {
    fn check<K: Kernels, C, A, B, Y>(k: K)
    where
        C: Tensor<Elem = u8>,
        A: Tensor<Elem = f32>,
        B: Tensor<Elem = f32>,
        Y: Tensor<Elem = f32>,
    {
        let mut condition = C::ZERO;
        condition.elements_mut().iter_mut().enumerate().for_each(|(i, c)| *c = [1, 0, 7, 0, 0, 1][i % 6]);
        let (a, b, dy) = (numbers::<A>(1, -1.0, 1.0), numbers::<B>(2, -1.0, 1.0), numbers::<Y>(3, -1.0, 1.0));
        let (mut y, mut da, mut db) = (poison::<Y>(), begun::<A>(), begun::<B>());
        ops::where_(k, &condition, &a, &b, &mut y);
        ops::where_backward(k, &condition, &dy, &mut da, &mut db);
        let chosen: Vec<f64> = condition.elements().iter().map(|c| f64::from(*c)).collect();
        let chosen = broadcast(&chosen, shape::<C>(), shape::<Y>());
        let formula = |inputs: &[Vec<f64>]| -> Vec<f64> {
            let a = broadcast(&inputs[0], shape::<A>(), shape::<Y>());
            let b = broadcast(&inputs[1], shape::<B>(), shape::<Y>());
            chosen.iter().zip(a.iter().zip(b)).map(|(c, (a, b))| if *c == 0.0 { b } else { *a }).collect()
        };
        let inputs = [a.elements(), b.elements()];
        value("where_", &inputs, y.elements(), &formula);
        gradients("where_", &inputs, dy.elements(), &[da.elements(), db.elements()], &formula);
    }
    fn on<K: Kernels>(k: K) {
        check::<K, [[u8; 4]; 3], A34, A34, A34>(k);
        check::<K, [[u8; 1]; 3], A34, f32, A34>(k);
        check::<K, [u8; 4], [[f32; 1]; 3], A34, A34>(k);
        check::<K, [[[u8; 5]; 1]; 2], [[f32; 1]; 3], [f32; 5], A235>(k);
    }
    on_every_instruction_set!(on);
}

#[test]
fn clamp() {
    fn check<K: Kernels, X: Tensor<Elem = f32>>(k: K, least: f32, greatest: f32) {
        let (x, dy, mut y, mut dx) = (numbers::<X>(1, -2.0, 2.0), numbers::<X>(2, -1.0, 1.0), poison(), begun());
        ops::clamp(k, &x, least, greatest, &mut y);
        ops::clamp_backward(k, &x, &dy, least, greatest, &mut dx);
        let limits = [f64::from(least), f64::from(greatest)];
        let formula =
            |inputs: &[Vec<f64>]| -> Vec<f64> { inputs[0].iter().map(|x| x.max(limits[0]).min(limits[1])).collect() };
        value("clamp", &[x.elements()], y.elements(), &formula);
        gradients("clamp", &[x.elements()], dy.elements(), &[dx.elements()], &formula);
    }
    fn on<K: Kernels>(k: K) {
        check::<K, A34>(k, -1.0, 0.5);
        check::<K, Long>(k, f32::NEG_INFINITY, 0.5);
        check::<K, A5>(k, -0.1, f32::INFINITY);
    }
    on_every_instruction_set!(on);
}

/// A comparison of a column and a row.
type Relation<'a, K, T> = &'a dyn Fn(K, &[[T; 1]; 3], &[T; 3], &mut [[u8; 3]; 3]);

#[test]
fn comparisons() {
    fn on<K: Kernels>(k: K) {
        const NAN: f32 = f32::NAN;
        let (a, b) = ([[1.0], [2.0], [NAN]], [1.0, 2.0, NAN]);
        let mut y = [[9_u8; 3]; 3];
        let mut all = |f: Relation<'_, K, f32>| {
            f(k, &a, &b, &mut y);
            y
        };
        assert_eq!(all(&ops::gt), [[0, 0, 0], [1, 0, 0], [0, 0, 0]]);
        assert_eq!(all(&ops::ge), [[1, 0, 0], [1, 1, 0], [0, 0, 0]]);
        assert_eq!(all(&ops::lt), [[0, 1, 0], [0, 0, 0], [0, 0, 0]]);
        assert_eq!(all(&ops::le), [[1, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(all(&ops::eq), [[1, 0, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(all(&ops::ne), [[0, 1, 1], [1, 0, 1], [1, 1, 1]]);
        let (a, b) = ([[0_i8], [3], [-1]], [0_i8, 5, 0]);
        let mut all = |f: Relation<'_, K, i8>| {
            f(k, &a, &b, &mut y);
            y
        };
        assert_eq!(all(&ops::logical_and), [[0, 0, 0], [0, 1, 0], [0, 1, 0]]);
        assert_eq!(all(&ops::logical_or), [[0, 1, 0], [1, 1, 1], [1, 1, 1]]);
        assert_eq!(all(&ops::logical_xor), [[0, 1, 0], [1, 0, 1], [1, 0, 1]]);
        let mut not = [9_u8; 3];
        ops::logical_not(k, &b, &mut not);
        assert_eq!(not, [1, 0, 1]);
    }
    on_every_instruction_set!(on);
}
