//! Tables of vectors, positions and dropout.

use std::marker::PhantomData;

use tensorlet::{
    BagMode, Dropout, Embedding, EmbeddingBag, Kernels, Layer, Module, Tensor, Train,
    layer::{Given, Pass, Tokens},
    ops::{self, Dim, Pairing},
};

use crate::{
    Adapter,
    case::Case,
    layer::{input, output, train},
    movement::{load, zeros},
};

/// Runs a table on the case's tokens: output and the gradient of the table.
fn run<K, X, L>(k: K, case: &Case, layer: &mut L)
where
    K: Kernels,
    X: Tensor<Elem = i32>,
    L: Train<X, Out: Tensor<Elem = f32>>,
{
    case.load(layer, "in.");
    let tokens: Vec<i32> = case.integers("in.idx").into_iter().map(|token| token as i32).collect();
    let n = tokens.len() / X::LEN;
    let mut arena = vec![0.0; n * L::PEAK];
    let y = layer.forward(k, X::view(&tokens), &mut arena).expect("all tokens are in the table");
    case.compare("out.y", L::Out::flat(y));
    if !case.has("in.gy.y") {
        return;
    }
    let pass = Pass { n, input_gradient: false, training: true, seed: 0, ..Pass::NEW };
    let (mut slot, mut tape) = (vec![0.0; n * X::WORDS], vec![0.0; n * L::TAPE_LEAF]);
    X::in_words_mut(&mut slot, n).copy_from_slice(X::view(&tokens));
    let mut gradients = vec![0.0; L::GRAD];
    layer.forward_train(k, pass, &mut slot, &mut [], &mut tape);
    let out = L::out(pass, &mut slot, &mut tape);
    case.compare("out.y", out);
    out.copy_from_slice(&case.floats("in.gy.y"));
    layer.backward(k, pass, &mut slot, &mut tape, &mut gradients);
    case.compare_gradients(layer, "out.grad.", &gradients);
}

/// The case's token of padding; negative ones count from the end.
fn padding(case: &Case, entries: usize) -> Option<usize> {
    let index = case.number("padding_idx")? as i64;
    usize::try_from(if index < 0 { index + entries as i64 } else { index }).ok()
}

/// An embedding of `V` tokens.
pub(crate) struct Table<X, const V: usize, const D: usize>(PhantomData<X>);

impl<X: Tokens<D> + Tensor<Elem = i32>, const V: usize, const D: usize> Adapter for Table<X, V, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(Embedding::<V, D>::ZERO);
        layer.padding_idx = padding(case, V);
        run::<K, X, _>(k, case, &mut *layer);
    }
}

/// How a bag is put together.
pub(crate) trait Mode {
    const MODE: BagMode;
}

macro_rules! modes {
    ($($name:ident)+) => {$(
        pub(crate) struct $name;

        impl Mode for $name {
            const MODE: BagMode = BagMode::$name;
        }
    )+};
}
modes!(Sum Mean Max);

/// An embedding bag of `N` tokens.
pub(crate) struct Bag<M, const N: usize, const V: usize, const D: usize>(PhantomData<M>);

impl<M: Mode, const N: usize, const V: usize, const D: usize> Adapter for Bag<M, N, V, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(EmbeddingBag::<V, D>::ZERO);
        (layer.mode, layer.padding_idx) = (M::MODE, padding(case, V));
        run::<K, [i32; N], _>(k, case, &mut *layer);
    }
}

/// Dropout with a given mask: as an operation, and as a layer whose noise says the same.
pub(crate) struct Masked<X, M>(PhantomData<(X, M)>);

impl<X: Tensor<Elem = f32>, M: Tensor<Elem = u8>> Adapter for Masked<X, M> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let p = case.number("p").expect("a probability") as f32;
        // Evaluated, it leaves everything.
        if !case.has("in.mask") || ["training", "train"].iter().any(|name| case.attributes()[name] == false) {
            return train::<K, X, _>(k, case, &mut Dropout { p, noise: Given(&[]) }, "out.y", false);
        }
        let (x, mask, mut y) = (load::<X>(case, "in.x"), load::<M>(case, "in.mask"), zeros::<X>());
        ops::dropout(k, &*x, &*mask, p, &mut *y);
        case.compare("out.y", y.elements());
        if case.has("in.gy.y") {
            let (dy, mut dx) = (load::<X>(case, "in.gy.y"), zeros::<X>());
            ops::dropout_backward(k, &*mask, &*dy, p, &mut *dx);
            case.compare("out.grad.x", dx.elements());
        }
        // A probability of 0 leaves everything, whatever the noise.
        if p > 0.0 {
            let noise: Vec<f32> = mask.elements().iter().map(|&mask| mask.into()).collect();
            let mut layer = Dropout { p, noise: Given(&noise) };
            train::<K, X, _>(k, case, &mut layer, "out.y", true);
        }
    }
}

/// ONNX's `Dropout`: evaluated unless stated; in training the mask that was drawn is an output, and is
/// given here as noise.
pub(crate) struct Dropped<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for Dropped<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let training = case.input(2).is_some_and(|name| case.flags(&name) == [true]);
        let ratio = case.input(1).map(|name| case.floats(&name)[0]).or(case.number("ratio").map(|ratio| ratio as f32));
        let p = ratio.unwrap_or(0.5);
        let mask = case.output(1);
        let noise: Vec<f32> = match &mask {
            Some(name) if training => case.doubles(name).into_iter().map(|mask| mask as f32).collect(),
            _ => Vec::new(),
        };
        let layer = Dropout { p, noise: Given(&noise) };
        let mut x = case.floats(&input(case));
        let before = x.clone();
        if training {
            let pass = Pass { n: 1, input_gradient: false, training, seed: 0, ..Pass::NEW };
            Train::<X>::forward_train(&layer, k, pass, &mut x, &mut [], &mut []);
        } else {
            let mut arena = vec![0.0; x.len()];
            x = X::flat(layer.forward(k, X::view(&before), &mut arena).expect("a fitting arena")).to_vec();
        }
        case.compare(&output(case), &x);
        if let Some(name) = mask {
            let left = before.iter().zip(&x).map(|(before, after)| i64::from(*before == 0.0 || *after != 0.0));
            case.compare_integers(&name, left);
        }
    }
}

/// Rotary embedding with given angles, which ONNX picks by position out of a table.
pub(crate) struct Rotated<X, C, const D: isize>(PhantomData<(X, C)>);

impl<X: Tensor<Elem = f32>, C: Tensor<Elem = f32>, const D: isize> Adapter for Rotated<X, C, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let name = |i: usize| case.input(i).expect("an input");
        let half = C::SHAPE.dim(1);
        let positions = case.input(3).map(|name| case.integers(&name));
        let pairing = if case.flag("interleaved") { Pairing::Neighbours } else { Pairing::Halves };
        let tables = [1, 2].map(|i| case.floats(&name(i)));
        let x = case.floats(&name(0));
        let mut y = Vec::new();
        for (sample, x) in X::view(&x).iter().enumerate() {
            // The rows of the tables for this sample's positions, one behind the other where none are given.
            let angles = tables.each_ref().map(|table| {
                let mut angles = zeros::<C>();
                for (t, row) in angles.elements_mut().chunks_mut(half).enumerate() {
                    let at = sample * C::SHAPE.dim(0) + t;
                    let position = positions.as_ref().map_or(at, |positions| positions[at] as usize);
                    row.copy_from_slice(&table[position * half..][..half]);
                }
                angles
            });
            let mut turned = zeros::<X>();
            ops::rotary_embedding(k, x, &*angles[0], &*angles[1], Dim::<D>, pairing, &mut *turned);
            y.extend_from_slice(turned.elements());
        }
        case.compare(&output(case), &y);
    }
}
