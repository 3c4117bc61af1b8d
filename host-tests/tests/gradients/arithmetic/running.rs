//! What keeps the shape and runs along dimensions.

use tensorlet::{
    Kernels, Tensor,
    ops::{self, All, Dim},
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::reduce::{self, along},
};

use super::{A5, A34, A235, A2342, Long, begun, gradients, numbers, poison, shape, value};

/// An operation along dimensions with its gradient.
fn check<K: Kernels, X: Tensor<Elem = f32>>(
    k: K,
    name: &str,
    dims: &[usize],
    forward: impl Fn(K, &X, &mut X),
    backward: impl Fn(K, &X, [&X; 2], &mut X),
    f: &dyn Fn(&[f64]) -> Vec<f64>,
) {
    let (x, dy, mut y, mut dx) = (numbers::<X>(1, -1.5, 1.5), numbers::<X>(2, -1.0, 1.0), poison(), begun());
    forward(k, &x, &mut y);
    backward(k, &x, [&y, &dy], &mut dx);
    let formula = |inputs: &[Vec<f64>]| along(&inputs[0], shape::<X>(), dims, f);
    let name = &format!("{name} of {} along {dims:?} on {}", X::SHAPE, K::NAME);
    value(name, &[x.elements()], y.elements(), &formula);
    gradients(name, &[x.elements()], dy.elements(), &[dx.elements()], &formula);
}

#[test]
fn cumsum() {
    fn one<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, dim: usize) {
        check::<K, X>(
            k,
            "cumsum",
            &[dim],
            |k, x, y| ops::cumsum(k, x, Dim::<D>, y),
            |k, _, [_, dy], dx| ops::cumsum_backward(k, dy, Dim::<D>, dx),
            &reduce::cumsum,
        );
    }
    fn on<K: Kernels>(k: K) {
        one::<K, A5, 0>(k, 0);
        one::<K, A34, -1>(k, 1);
        one::<K, A235, 1>(k, 1);
        one::<K, A2342, 0>(k, 0);
        one::<K, Long, 1>(k, 1);
    }
    on_every_instruction_set!(on);
}

#[test]
fn cumprod() {
    fn one<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, dim: usize) {
        check::<K, X>(
            k,
            "cumprod",
            &[dim],
            |k, x, y| ops::cumprod(k, x, Dim::<D>, y),
            |k, x, [y, dy], dx| ops::cumprod_backward(k, x, y, dy, Dim::<D>, dx),
            &reduce::cumprod,
        );
    }
    fn on<K: Kernels>(k: K) {
        one::<K, A5, 0>(k, 0);
        one::<K, A34, -1>(k, 1);
        one::<K, A235, 1>(k, 1);
        one::<K, A2342, 0>(k, 0);
    }
    on_every_instruction_set!(on);
}

#[test]
fn normalize() {
    fn one<K: Kernels>(k: K, p: f32) {
        let f = move |x: &[f64]| reduce::normalize(x, f64::from(p), 1e-12);
        check::<K, A34>(
            k,
            "normalize",
            &[1],
            |k, x, y| ops::normalize(k, x, p, Dim::<1>, 1e-12, y),
            |k, x, [_, dy], dx| ops::normalize_backward(k, x, dy, p, Dim::<1>, 1e-12, dx),
            &f,
        );
        check::<K, A235>(
            k,
            "normalize",
            &[0, 1, 2],
            |k, x, y| ops::normalize(k, x, p, All, 1e-12, y),
            |k, x, [_, dy], dx| ops::normalize_backward(k, x, dy, p, All, 1e-12, dx),
            &f,
        );
        check::<K, A2342>(
            k,
            "normalize",
            &[1, 2],
            |k, x, y| ops::normalize(k, x, p, (Dim::<1>, Dim::<-2>), 1e-12, y),
            |k, x, [_, dy], dx| ops::normalize_backward(k, x, dy, p, (Dim::<1>, Dim::<-2>), 1e-12, dx),
            &f,
        );
        // All norms are below this.
        check::<K, A34>(
            k,
            "normalize by eps",
            &[1],
            |k, x, y| ops::normalize(k, x, p, Dim::<1>, 100.0, y),
            |k, x, [_, dy], dx| ops::normalize_backward(k, x, dy, p, Dim::<1>, 100.0, dx),
            &|x| x.iter().map(|x| x / 100.0).collect(),
        );
    }
    fn on<K: Kernels>(k: K) {
        [1.0, 2.0, 3.0, f32::INFINITY].into_iter().for_each(|p| one(k, p));
    }
    on_every_instruction_set!(on);
}
