//! Gradients with respect to inputs: those of evaluation, and nothing is changed.

use tensorlet::{
    BatchNorm1d, Error, Kernels, Layer, Portable, Tensor, Vector,
    loss::{CrossEntropyLoss, Loss},
    network,
    train::{input_gradient, input_gradient_words},
};
use tensorlet_host::{framed::Framed, on_every_instruction_set};

use crate::{modes::batch, modes::fresh, values::by_path};

network! {
    /// With a layer that behaves differently in training.
    pub struct Net: Vector<7> {
        a: Linear(9),
        norm = BatchNorm1d<9>,
        tanh: Tanh,
        b: Linear(3),
    }
}

type X = Vector<7>;
const N: usize = 3;

/// The mean loss of an evaluation.
fn loss<K: Kernels>(k: K, net: &Net, x: &[X], labels: &[u8]) -> f64 {
    let mut arena = vec![0.0; x.len() * <Net as Layer<X>>::PEAK];
    let mut y = net.forward(k, x, &mut arena).expect("large enough").to_vec();
    f64::from(CrossEntropyLoss.mean(k, &mut y, labels))
}

fn check<K: Kernels>(k: K) {
    const H: f32 = 1e-2;
    let mut net: Net = fresh(1);
    net.norm.running.mean[2] = 0.5;
    net.norm.running.var[3] = 0.25;
    let before = by_path(&net);
    let (x, labels) = batch::<X>(N, 2);
    let mut workspace = Framed::poison(input_gradient_words::<X, Net>(N));
    let (value, gradient) =
        input_gradient(k, &mut net, &CrossEntropyLoss, &x, &labels, workspace.get_mut()).expect("large enough");
    let gradient = X::flat(gradient).to_vec();
    let _ = workspace.get();
    assert_eq!(by_path(&net), before, "a parameter changed");
    assert!((f64::from(value) - loss(k, &net, &x, &labels)).abs() < 1e-6);
    for (i, gradient) in gradient.iter().enumerate() {
        let at = |h: f32| {
            let mut x = x.clone();
            X::flat_mut(&mut x)[i] += h;
            loss(k, &net, &x, &labels)
        };
        let expected = (at(H) - at(-H)) / f64::from(2.0 * H);
        assert!((f64::from(*gradient) - expected).abs() < 1e-4, "{i}: {gradient} and {expected} on {}", K::NAME);
    }
}

#[test]
fn the_gradient_of_an_input_is_that_of_evaluation() {
    on_every_instruction_set!(check);
}

#[test]
fn one_sample_is_enough_and_errors_are_found() {
    let mut net: Net = fresh(1);
    let (x, labels) = batch::<X>(1, 2);
    let needed = input_gradient_words::<X, Net>(1);
    let mut workspace = vec![0.0; needed];
    let mut try_with = |x: &[X], labels: &[u8], words: usize| {
        input_gradient(Portable, &mut net, &CrossEntropyLoss, x, labels, &mut workspace[..words]).map(|_| ())
    };
    // In training batch normalisation wants two.
    assert_eq!(try_with(&x, &labels, needed), Ok(()));
    assert_eq!(try_with(&x, &labels, needed - 1), Err(Error::WorkspaceTooSmall { needed, given: needed - 1 }));
    assert_eq!(try_with(&[], &[], needed), Err(Error::EmptyBatch));
    assert_eq!(try_with(&x, &[3], needed), Err(Error::LabelOutOfRange { index: 0, label: 3, classes: 3 }));
}
