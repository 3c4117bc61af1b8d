//! Images and features with classes.

use std::marker::PhantomData;

use tensorlet::{Image, Linear, Relu, Tensor, Train, Vector, loss::CrossEntropyLoss, network};

use super::{Computable, Job, Runner, Training, case::Case};

network! {
    /// The network of `train_lenet`: LeNet-5 as "Dive into Deep Learning" has it.
    pub struct LeNet: Image<1, 28, 28> {
        c1: Conv2d(6, 5, padding = 2),
        act1: Sigmoid,
        pool1: AvgPool2d(2),
        c2: Conv2d(16, 5),
        act2: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        f1: Linear(120),
        act3: Sigmoid,
        f2: Linear(84),
        act4: Sigmoid,
        f3: Linear(10),
    }
}

/// Images or features `in.x`, and classes `in.y`; every step the same batch, or the next one.
pub(crate) struct Classes<X, N>(PhantomData<(X, N)>);

impl<X: Tensor<Elem = f32>, N: Train<X>> Job for Classes<X, N>
where
    CrossEntropyLoss: Computable<N::Out, u8>,
{
    fn run<R: Runner>(runner: &R, case: &Case) {
        let x = case.floats("in.x");
        let x = X::view(&x);
        let labels: Vec<u8> = case.integers("in.y").into_iter().map(|label| label as u8).collect();
        let batch = case.number("batch").map_or(x.len(), |batch| batch as usize);
        let batches: Vec<_> = x.chunks(batch).zip(labels.chunks(batch)).collect();
        runner.train::<X, N, u8, _>(case, &Training::new(&CrossEntropyLoss, &batches));
    }
}

/// `train_mlp_digits`.
pub(crate) struct Mlp<const IN: usize, const H: usize, const OUT: usize>;

impl<const IN: usize, const H: usize, const OUT: usize> Job for Mlp<IN, H, OUT> {
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(&[("0", "l1"), ("1.1", "l2")]);
        Classes::<Vector<IN>, (Linear<IN, H>, (Relu, Linear<H, OUT>))>::run(runner, case);
    }
}
