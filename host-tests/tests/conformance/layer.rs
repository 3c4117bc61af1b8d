//! Layers with one input `x` and one output `y`.

use std::marker::PhantomData;

use tensorlet::{Kernels, Tensor, Train, layer::Pass};

use crate::{Adapter, case::Case};

/// A layer whose parameters have PyTorch's names: inference, then forward and backward in training.
pub(crate) struct Plain<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>> Adapter for Plain<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(L::ZERO);
        case.load(&mut *layer, "in.");
        check::<K, X, L>(k, case, &mut layer);
    }
}

/// Compares a layer with parameters and settings in place: the output at inference and in training,
/// and all gradients where the case has an upstream gradient.
pub(crate) fn check<K: Kernels, X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(
    k: K,
    case: &Case,
    layer: &mut L,
) {
    let x = case.floats(&input(case));
    let n = x.len() / X::LEN;
    let mut arena = vec![0.0; n * L::PEAK];
    let y = layer.forward(k, X::view(&x), &mut arena).expect("the arena is large enough");
    let output = output(case);
    case.compare(&output, L::Out::flat(y));
    train::<K, X, L>(k, case, layer, &output, true);
}

/// The only or first input.
pub(crate) fn input(case: &Case) -> String {
    case.input(0).unwrap_or_else(|| "in.x".to_owned())
}

/// The only or first output.
pub(crate) fn output(case: &Case) -> String {
    case.output(0).unwrap_or_else(|| "out.y".to_owned())
}

/// Compares the output in training, `training` or not, and all gradients.
pub(crate) fn train<K: Kernels, X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(
    k: K,
    case: &Case,
    layer: &mut L,
    output: &str,
    training: bool,
) {
    if !case.has("in.gy.y") {
        return;
    }
    let mut slot = case.floats("in.x");
    let n = slot.len() / X::LEN;
    let pass = Pass { n, input_gradient: true, training, seed: 0, ..Pass::NEW };
    let (mut tape, mut gradients) = (vec![0.0; n * L::TAPE], vec![0.0; L::GRAD]);
    layer.forward_train(k, pass, &mut slot, &mut [], &mut tape);
    let out = L::out(pass, &mut slot, &mut tape);
    case.compare(output, out);
    out.copy_from_slice(&case.floats("in.gy.y"));
    layer.backward(k, pass, &mut slot, &mut tape, &mut gradients);
    case.compare("out.grad.x", &slot);
    case.compare_gradients(layer, "out.grad.", &gradients);
}
