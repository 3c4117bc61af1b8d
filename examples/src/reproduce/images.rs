//! Pictures: digits, MNIST and Fashion-MNIST, by perceptrons and convolutional networks.

use rand_xoshiro::Xoshiro128PlusPlus;
use tensorlet::{
    Image, Kernels, Module, Parameter, Path as ParameterPath, Tensor, Train, Vector, VisitorMut, init,
    loss::CrossEntropyLoss,
    network,
    optim::{Adam, Optimizer, Sgd},
    random,
};
use tensorlet_simd::{Isa, dispatch};

use super::{
    data::{self, Split},
    error::Error,
    fit::{Recipe, accuracy, fit, generator, initialised},
    task::{Reference, Task},
};
use crate::digits::{Digits, data::Picture};

pub(super) const DIGITS: &[Task] = &[
    Task {
        name: "digits-mlp-adam",
        recipe: "64-32-10 ReLU, batch 32, 30 epochs, Adam 1e-3",
        reference: Reference::accuracy(0.959, 0.004),
        run: |isa, seed, _| digits_mlp(isa, seed, Adam::new(1e-3)),
    },
    Task {
        name: "digits-mlp-sgd",
        recipe: "the same, SGD 0.5",
        reference: Reference::accuracy(0.969, 0.004),
        run: |isa, seed, _| digits_mlp(isa, seed, Sgd::new(0.5)),
    },
    Task {
        name: "digits-mlp-momentum",
        recipe: "the same, SGD 0.05 with momentum 0.9",
        reference: Reference::accuracy(0.972, 0.004),
        run: |isa, seed, _| digits_mlp(isa, seed, Sgd::with_momentum(0.05, 0.9)),
    },
    Task {
        name: "digits-cnn",
        recipe: "conv8-relu-max2-conv16-relu-max2-fc10, Adam 2e-3, 20 epochs",
        reference: Reference::accuracy(0.972, 0.005),
        run: |isa, seed, _| {
            let recipe = Recipe { optimizer: Adam::new(2e-3), loss: CrossEntropyLoss, batch: 32, epochs: 20 };
            dispatch!(isa, |k| classify::<_, _, Digits, _>(k, seed, &data::digits(), &recipe, |_, _| ()))
        },
    },
    Task {
        name: "digits-cnn-bn",
        recipe: "conv8-bn-relu-max2-conv16-bn-relu-global average-fc10, Adam 5e-3, batch 32, 20 epochs",
        reference: Reference::accuracy(0.957, 0.021),
        run: |isa, seed, _| {
            let recipe = Recipe { optimizer: Adam::new(5e-3), loss: CrossEntropyLoss, batch: 32, epochs: 20 };
            dispatch!(isa, |k| classify::<_, _, NormalisedCnn, _>(k, seed, &data::digits(), &recipe, |_, _| ()))
        },
    },
];

pub(super) const MNIST: &[Task] = &[
    Task {
        name: "mnist-mlp",
        recipe: "784-256-10 ReLU, SGD 0.1, batch 64, 3 epochs",
        reference: Reference::accuracy(0.924, 0.003),
        run: |isa, seed, folder| {
            let split = data::mnist(folder)?.map(flat);
            let recipe = Recipe { optimizer: Sgd::new(0.1), loss: CrossEntropyLoss, batch: 64, epochs: 3 };
            dispatch!(isa, |k| classify::<_, _, Perceptron, _>(k, seed, &split, &recipe, |_, _| ()))
        },
    },
    Task {
        name: "mnist-lenet",
        recipe: "LeNet ReLU-max, Adam 1e-3, batch 64, 3 epochs",
        reference: Reference::accuracy(0.965, 0.005),
        run: |isa, seed, folder| {
            let split = data::mnist(folder)?;
            let recipe = Recipe { optimizer: Adam::new(1e-3), loss: CrossEntropyLoss, batch: 64, epochs: 3 };
            dispatch!(isa, |k| classify::<_, _, LeNet, _>(k, seed, &split, &recipe, |_, _| ()))
        },
    },
    Task {
        name: "mnist-lenet-sigmoid",
        recipe: "LeNet sigmoid-average, Xavier, Adam 2e-3, batch 64, 10 epochs",
        reference: Reference::accuracy(0.965, 0.008),
        run: |isa, seed, folder| {
            let split = data::mnist(folder)?;
            let recipe = Recipe { optimizer: Adam::new(2e-3), loss: CrossEntropyLoss, batch: 64, epochs: 10 };
            dispatch!(isa, |k| classify::<_, _, SigmoidLeNet, _>(k, seed, &split, &recipe, xavier))
        },
    },
];

pub(super) const FASHION: &[Task] = &[
    Task {
        name: "fashion-mlp",
        recipe: "784-256-10 ReLU, Adam 1e-3, batch 32, 20 epochs",
        reference: Reference::accuracy(0.779, 0.012),
        run: |isa, seed, folder| {
            let split = data::fashion(folder)?.map(flat);
            dispatch!(isa, |k| classify::<_, _, Perceptron, _>(k, seed, &split, &FASHION_RECIPE, |_, _| ()))
        },
    },
    Task {
        name: "fashion-lenet",
        recipe: "LeNet ReLU-max, Adam 1e-3, batch 32, 20 epochs",
        reference: Reference::accuracy(0.730, 0.024),
        run: |isa, seed, folder| {
            let split = data::fashion(folder)?;
            dispatch!(isa, |k| classify::<_, _, LeNet, _>(k, seed, &split, &FASHION_RECIPE, |_, _| ()))
        },
    },
];

const FASHION_RECIPE: Recipe<Adam, CrossEntropyLoss> =
    Recipe { optimizer: Adam::new(1e-3), loss: CrossEntropyLoss, batch: 32, epochs: 20 };

network! {
    struct DigitsMlp: [f32; 64] { fc1: Linear(32), relu: Relu, fc2: Linear(10) }
}

network! {
    struct NormalisedCnn: Image<1, 8, 8> {
        conv1: Conv2d(8, 3, padding = 1),
        bn1: BatchNorm2d,
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        bn2: BatchNorm2d,
        relu2: Relu,
        pool2: GlobalAvgPool2d,
        fc: Linear(10),
    }
}

network! {
    struct Perceptron: [f32; 784] { fc1: Linear(256), relu: Relu, fc2: Linear(10) }
}

network! {
    struct LeNet: Image<1, 28, 28> {
        conv1: Conv2d(6, 5, padding = 2),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 5),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc1: Linear(120),
        relu3: Relu,
        fc2: Linear(84),
        relu4: Relu,
        fc3: Linear(10),
    }
}

network! {
    struct SigmoidLeNet: Image<1, 28, 28> {
        conv1: Conv2d(6, 5, padding = 2),
        sigmoid1: Sigmoid,
        pool1: AvgPool2d(2),
        conv2: Conv2d(16, 5),
        sigmoid2: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        fc1: Linear(120),
        sigmoid3: Sigmoid,
        fc2: Linear(84),
        sigmoid4: Sigmoid,
        fc3: Linear(10),
    }
}

fn digits_mlp<O: Optimizer>(isa: Isa, seed: u64, optimizer: O) -> Result<f64, Error> {
    let split = data::digits().map(flat_digits);
    let recipe = Recipe { optimizer, loss: CrossEntropyLoss, batch: 32, epochs: 30 };
    dispatch!(isa, |k| classify::<_, _, DigitsMlp, O>(k, seed, &split, &recipe, |_, _| ()))
}

/// The pixels of a digit in a row.
pub(super) fn flat_digits(picture: &Picture) -> Vector<64> {
    Vector::<64>::view(picture.elements())[0]
}

fn flat(image: &Image<1, 28, 28>) -> Vector<784> {
    Vector::<784>::view(image.elements())[0]
}

/// Trains, and returns the accuracy on the test rows. `prepare` may change the initialisation.
fn classify<K: Kernels, X: Tensor, N: Train<X, Out = [f32; 10]>, O: Optimizer>(
    k: K,
    seed: u64,
    split: &Split<X, u8>,
    recipe: &Recipe<O, CrossEntropyLoss>,
    prepare: fn(&mut N, &mut Xoshiro128PlusPlus),
) -> Result<f64, Error> {
    let mut rng = generator(seed);
    let mut net = initialised::<N>(&mut rng);
    prepare(&mut net, &mut rng);
    fit(k, &mut *net, &split.train, recipe, &mut rng)?;
    accuracy(k, &*net, &split.test)
}

/// Draws all weights again by `xavier_uniform_`; biases stay.
fn xavier<N: Module>(net: &mut N, rng: &mut Xoshiro128PlusPlus) {
    struct Xavier<'a>(&'a mut Xoshiro128PlusPlus);
    impl VisitorMut for Xavier<'_> {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
            let shape = parameter.info.shape;
            if shape.rank() > 1 {
                let window: usize = shape.dims()[2..].iter().product();
                let bound = init::xavier_uniform_bound(shape.dim(1) * window, shape.dim(0) * window, 1.0);
                values.iter_mut().for_each(|w| *w = bound * (2.0 * random::uniform(self.0) - 1.0));
            }
        }
    }
    net.parameters_mut(ParameterPath::ROOT, &mut Xavier(rng));
}
