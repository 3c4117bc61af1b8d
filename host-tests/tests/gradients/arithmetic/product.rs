//! Matrix products.

use tensorlet::{Kernels, Tensor, ops};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{
        arithmetic::{binary, broadcast},
        matmul::{batched, turned},
    },
};

use super::{begun, gradients, numbers, poison, shape, value};

/// A product with both gradients; the reference turns the factors that come transposed.
fn check<K: Kernels, A: Tensor<Elem = f32>, B: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(
    k: K,
    name: &str,
    [first, second]: [bool; 2],
    forward: impl Fn(K, &A, &B, &mut Y),
    backward: impl Fn(K, &A, &B, &Y, &mut A, &mut B),
) {
    let (a, b, dy) = (numbers::<A>(1, -1.0, 1.0), numbers::<B>(2, -1.0, 1.0), numbers::<Y>(3, -1.0, 1.0));
    let (mut y, mut da, mut db) = (poison(), begun(), begun());
    forward(k, &a, &b, &mut y);
    backward(k, &a, &b, &dy, &mut da, &mut db);
    let formula = |inputs: &[Vec<f64>]| {
        let turn =
            |x: &[f64], shape: &[usize], turn| if turn { turned(x, shape) } else { (x.to_vec(), shape.to_vec()) };
        let (a, b) = (turn(&inputs[0], shape::<A>(), first), turn(&inputs[1], shape::<B>(), second));
        batched((&a.0, &a.1), (&b.0, &b.1))
    };
    let name = &format!("{name} of {} and {} on {}", A::SHAPE, B::SHAPE, K::NAME);
    let inputs = [a.elements(), b.elements()];
    value(name, &inputs, y.elements(), &formula);
    gradients(name, &inputs, dy.elements(), &[da.elements(), db.elements()], &formula);
}

type M<const R: usize, const C: usize> = [[f32; C]; R];

macro_rules! products {
    ($($name:ident, $backward:ident, $turned:expr => { $($a:ty, $b:ty => $y:ty;)+ })+) => {$(
        #[test]
        fn $name() {
            fn on<K: Kernels>(k: K) {
                $(check::<K, $a, $b, $y>(k, stringify!($name), $turned, ops::$name, ops::$backward);)+
            }
            on_every_instruction_set!(on);
        }
    )+};
}

products! {
    matmul, matmul_backward, [false, false] => {
        M<3, 4>, M<4, 5> => M<3, 5>;
        M<1, 1>, M<1, 1> => M<1, 1>;
        M<7, 19>, M<19, 17> => M<7, 17>;
        [f32; 7], [f32; 7] => f32;
        [f32; 4], M<4, 5> => [f32; 5];
        M<3, 4>, [f32; 4] => [f32; 3];
        M<3, 33>, [f32; 33] => [f32; 3];
        [M<3, 4>; 2], [M<4, 5>; 2] => [M<3, 5>; 2];
        [M<3, 4>; 2], M<4, 5> => [M<3, 5>; 2];
        M<3, 4>, [M<4, 5>; 2] => [M<3, 5>; 2];
        [M<3, 4>; 1], [M<4, 2>; 5] => [M<3, 2>; 5];
        [[M<2, 3>; 1]; 4], [M<3, 2>; 3] => [[M<2, 2>; 3]; 4];
        [[M<2, 3>; 5]; 1], [[M<3, 2>; 1]; 4] => [[M<2, 2>; 5]; 4];
        [f32; 4], [M<4, 5>; 2] => [[f32; 5]; 2];
        [[M<2, 3>; 2]; 3], [f32; 3] => [[[f32; 2]; 2]; 3];
    }
    matmul_tn, matmul_tn_backward, [true, false] => {
        M<4, 3>, M<4, 5> => M<3, 5>;
        [M<4, 3>; 2], M<4, 5> => [M<3, 5>; 2];
        M<4, 3>, [f32; 4] => [f32; 3];
        [f32; 4], M<4, 5> => [f32; 5];
    }
    matmul_nt, matmul_nt_backward, [false, true] => {
        M<3, 4>, M<5, 4> => M<3, 5>;
        M<9, 17>, M<33, 17> => M<9, 33>;
        M<3, 4>, [M<5, 4>; 2] => [M<3, 5>; 2];
        [f32; 4], M<5, 4> => [f32; 5];
        M<3, 4>, [f32; 4] => [f32; 3];
    }
    matmul_tt, matmul_tt_backward, [true, true] => {
        M<4, 3>, M<5, 4> => M<3, 5>;
        [M<4, 3>; 2], [M<5, 4>; 2] => [M<3, 5>; 2];
        [f32; 4], M<5, 4> => [f32; 5];
        M<4, 3>, [f32; 4] => [f32; 3];
    }
}

#[test]
fn named_products() {
    fn on<K: Kernels>(k: K) {
        let name = K::NAME;
        let (a, b, x) = (numbers::<M<3, 7>>(1, -1.0, 1.0), numbers::<M<7, 4>>(2, -1.0, 1.0), numbers(3, -1.0, 1.0));
        let (mut mm, mut mv, mut dot) = (poison::<M<3, 4>>(), poison::<[f32; 3]>(), f32::NAN);
        ops::mm(k, &a, &b, &mut mm);
        let formula = |inputs: &[Vec<f64>]| batched((&inputs[0], &[3, 7]), (&inputs[1], &[7, 4]));
        value(&format!("mm on {name}"), &[a.elements(), b.elements()], mm.elements(), &formula);

        ops::mv(k, &a, &x, &mut mv);
        let formula = |inputs: &[Vec<f64>]| batched((&inputs[0], &[3, 7]), (&inputs[1], &[7]));
        value(&format!("mv on {name}"), &[a.elements(), &x], &mv, &formula);
        let (dy, mut da, mut dx) = (numbers::<[f32; 3]>(4, -1.0, 1.0), begun::<M<3, 7>>(), begun::<[f32; 7]>());
        ops::mv_backward(k, &a, &x, &dy, &mut da, &mut dx);
        gradients(&format!("mv on {name}"), &[a.elements(), &x], &dy, &[da.elements(), &dx], &formula);

        ops::dot(k, &a[0], &x, &mut dot);
        let formula = |inputs: &[Vec<f64>]| batched((&inputs[0], &[7]), (&inputs[1], &[7]));
        value(&format!("dot on {name}"), &[&a[0], &x], &[dot], &formula);

        let mut bmm = poison::<[M<3, 4>; 2]>();
        ops::bmm(k, &[a, a], &[b, b], &mut bmm);
        assert_eq!(bmm, [mm; 2], "bmm on {name}");
    }
    on_every_instruction_set!(on);
}

#[test]
fn outer() {
    fn on<K: Kernels>(k: K) {
        let (a, b, dy) =
            (numbers::<[f32; 5]>(1, -1.0, 1.0), numbers::<[f32; 19]>(2, -1.0, 1.0), numbers::<M<5, 19>>(3, -1.0, 1.0));
        let (mut y, mut da, mut db) = (poison::<M<5, 19>>(), begun::<[f32; 5]>(), begun::<[f32; 19]>());
        ops::outer(k, &a, &b, &mut y);
        ops::outer_backward(k, &a, &b, &dy, &mut da, &mut db);
        let formula = |inputs: &[Vec<f64>]| binary((&inputs[0], &[5, 1]), (&inputs[1], &[19]), |a, b| a * b);
        value("outer", &[&a, &b], y.elements(), &formula);
        gradients("outer", &[&a, &b], dy.elements(), &[&da, &db], &formula);
    }
    on_every_instruction_set!(on);
}

#[test]
fn addmm() {
    fn one<K: Kernels, C: Tensor<Elem = f32>>(k: K, beta: f32, alpha: f32) {
        let c = numbers::<C>(1, -1.0, 1.0);
        let (a, b, dy) =
            (numbers::<M<3, 4>>(2, -1.0, 1.0), numbers::<M<4, 9>>(3, -1.0, 1.0), numbers::<M<3, 9>>(4, -1.0, 1.0));
        let (mut y, mut dc, mut da, mut db) =
            (poison::<M<3, 9>>(), begun::<C>(), begun::<M<3, 4>>(), begun::<M<4, 9>>());
        ops::addmm(k, &c, &a, &b, beta, alpha, &mut y);
        ops::addmm_backward(k, &a, &b, &dy, beta, alpha, &mut dc, &mut da, &mut db);
        let formula = |inputs: &[Vec<f64>]| -> Vec<f64> {
            let c = broadcast(&inputs[0], shape::<C>(), &[3, 9]);
            let product = batched((&inputs[1], &[3, 4]), (&inputs[2], &[4, 9]));
            c.iter().zip(product).map(|(c, p)| f64::from(beta) * c + f64::from(alpha) * p).collect()
        };
        let inputs = [c.elements(), a.elements(), b.elements()];
        value("addmm", &inputs, y.elements(), &formula);
        gradients("addmm", &inputs, dy.elements(), &[dc.elements(), da.elements(), db.elements()], &formula);
    }
    fn on<K: Kernels>(k: K) {
        one::<K, M<3, 9>>(k, 1.0, 1.0);
        one::<K, [f32; 9]>(k, 0.5, -2.0);
        one::<K, M<3, 1>>(k, -1.5, 0.25);
        one::<K, f32>(k, 2.0, 1.0);

        // With beta = 0, c is not looked at.
        let mut y = [[0.0]];
        ops::addmm(k, &f32::NAN, &[[2.0]], &[[3.0]], 0.0, 1.0, &mut y);
        assert_eq!(y, [[6.0]]);
    }
    on_every_instruction_set!(on);
}
