//! Softmax as a layer and over any dimension of a whole tensor.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Image, Index, Kernels, Linear, LogSoftmax, Matrix, Residual, Softmax, Softmin, Tensor, Vector,
    ops::{self, Dim},
    random,
};
use tensorlet_host::{on_every_instruction_set, reference::softmax, reference::wide, tolerance};

use crate::gradients;

gradients! {
    softmax_layer: Vector<7> => Softmax<-1>;
    softmax_of_rows: Matrix<3, 5> => Softmax<1>;
    softmax_of_columns: Matrix<3, 5> => Softmax<0>;
    softmax_of_channels: Image<4, 2, 3> => Softmax<-3>;
    log_softmax_layer: Vector<7> => LogSoftmax<-1>;
    log_softmax_of_columns: Matrix<3, 5> => LogSoftmax<-2>;
    softmin_layer: Vector<7> => Softmin<-1>;
    softmin_of_columns: Image<2, 3, 5> => Softmin<1>;
    softmax_behind_a_layer: Vector<4> => (Linear<4, 5>, (Softmax, Linear<5, 3>));
    residual_of_log_softmax: Vector<5> => Residual<LogSoftmax>;
}

const H: f64 = 1e-5;

/// A tensor with numbers in ±`bound`.
fn random<X: Tensor<Elem = f32>>(seed: u64, bound: f32) -> X {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut x = X::ZERO;
    x.elements_mut().iter_mut().for_each(|x| *x = bound * (2.0 * random::uniform(&mut rng) - 1.0));
    x
}

/// Checks a value against a function in double precision, and what a backward function added to 0.25
/// against its differences.
fn check<X: Tensor<Elem = f32>>(what: &str, [x, y, dy, dx]: [&X; 4], f: &dyn Fn(&[f64]) -> Vec<f64>) {
    let x = wide(x.elements());
    let compare = |row: &str, got: &[f32], reference: &[f64]| {
        let largest = reference.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        let outcome = tolerance::of(row).compare(got, reference, &vec![largest; reference.len()]);
        outcome.unwrap_or_else(|message| panic!("{what}: {message}"));
    };
    compare("forward", y.elements(), &f(&x));
    let differences: Vec<f64> = (0..x.len())
        .map(|i| {
            let loss = |h: f64| -> f64 {
                let mut x = x.clone();
                x[i] += h;
                f(&x).iter().zip(dy.elements()).map(|(y, dy)| y * f64::from(*dy)).sum()
            };
            (loss(H) - loss(-H)) / (2.0 * H)
        })
        .collect();
    let added: Vec<f32> = dx.elements().iter().map(|dx| dx - 0.25).collect();
    compare("gradient", &added, &differences);
}

fn quarter<X: Tensor<Elem = f32>>() -> X {
    let mut x = X::ZERO;
    x.elements_mut().fill(0.25);
    x
}

fn over<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, _: Dim<D>) {
    let (x, dy) = (random::<X>(1, 3.0), random::<X>(2, 1.0));
    let dims = X::SHAPE.dims();
    let axis = if D < 0 { dims.len().strict_add_signed(D) } else { D as usize };

    let (mut y, mut dx) = (X::ZERO, quarter::<X>());
    ops::softmax(k, &x, Dim::<D>, &mut y);
    ops::softmax_backward(k, &y, &dy, Dim::<D>, &mut dx);
    check("softmax", [&x, &y, &dy, &dx], &|x| softmax::along(x, dims, axis, softmax::softmax));

    let (mut y, mut dx) = (X::ZERO, quarter::<X>());
    ops::log_softmax(k, &x, Dim::<D>, &mut y);
    ops::log_softmax_backward(k, &y, &dy, Dim::<D>, &mut dx);
    check("log_softmax", [&x, &y, &dy, &dx], &|x| softmax::along(x, dims, axis, softmax::log_softmax));

    let (mut y, mut dx) = (X::ZERO, quarter::<X>());
    ops::softmin(k, &x, Dim::<D>, &mut y);
    ops::softmin_backward(k, &y, &dy, Dim::<D>, &mut dx);
    check("softmin", [&x, &y, &dy, &dx], &|x| {
        let negative: Vec<f64> = x.iter().map(|x| -x).collect();
        softmax::along(&negative, dims, axis, softmax::softmax)
    });
}

#[test]
fn softmax_over_any_dimension() {
    on_every_instruction_set!(over::<_, [f32; 9], 0>, Dim);
    on_every_instruction_set!(over::<_, [[f32; 7]; 3], 0>, Dim);
    on_every_instruction_set!(over::<_, [[f32; 7]; 3], -1>, Dim);
    on_every_instruction_set!(over::<_, [[f32; 1]; 3], 1>, Dim);
    on_every_instruction_set!(over::<_, [[[f32; 3]; 4]; 2], 0>, Dim);
    on_every_instruction_set!(over::<_, [[[f32; 3]; 4]; 2], 1>, Dim);
    on_every_instruction_set!(over::<_, [[[f32; 3]; 4]; 2], 2>, Dim);
}

fn masked<K: Kernels, X: Tensor<Elem = f32>, V: Tensor<Elem: Index>>(k: K, valid: V) {
    let (x, dy) = (random::<X>(3, 3.0), random::<X>(4, 1.0));
    let (mut y, mut dx) = (X::ZERO, quarter::<X>());
    ops::masked_softmax(k, &x, &valid, &mut y);
    ops::masked_softmax_backward(k, &y, &valid, &dy, &mut dx);
    let row = X::SHAPE.dim(X::SHAPE.rank() - 1);
    let valid: Vec<usize> = valid.elements().iter().map(|v| v.to_i64().max(0) as usize).collect();
    check("masked_softmax", [&x, &y, &dy, &dx], &|x| softmax::masked(x, row, &valid));
}

#[test]
fn masked_softmax_by_valid_lengths() {
    on_every_instruction_set!(masked::<_, [[[f32; 5]; 2]; 3], [i32; 3]>, [0, 3, 5]);
    on_every_instruction_set!(masked::<_, [[[f32; 5]; 2]; 2], [[u8; 2]; 2]>, [[1, 2], [4, 9]]);
    on_every_instruction_set!(masked::<_, [[f32; 17]; 3], [i16; 3]>, [-1, 16, 1]);
    on_every_instruction_set!(masked::<_, [f32; 6], u8>, 4);
}
