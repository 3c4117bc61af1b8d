//! Networks that tests and benchmarks share.

use tensorlet::{Image, Vector, network};

network! {
    /// 784-256-10 with ReLU.
    pub struct Mlp: Vector<784> {
        fc1: Linear(256),
        relu: Relu,
        fc2: Linear(10),
    }
}

network! {
    /// LeNet-5 as "Dive into Deep Learning" has it.
    pub struct LeNet: Image<1, 28, 28> {
        conv1: Conv2d(6, 5, padding = 2),
        act1: Sigmoid,
        pool1: AvgPool2d(2),
        conv2: Conv2d(16, 5),
        act2: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        fc1: Linear(120),
        act3: Sigmoid,
        fc2: Linear(84),
        act4: Sigmoid,
        fc3: Linear(10),
    }
}

network! {
    /// The convolutional network of AIfES's MNIST example.
    pub struct AifesCnn: Image<1, 28, 28> {
        conv1: Conv2d(4, 3),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(8, 3),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
    }
}

network! {
    /// The perceptron of AIfES's MNIST example.
    pub struct AifesMlp: Vector<784> {
        fc1: Linear(10),
        relu: Relu,
        fc2: Linear(10),
    }
}

network! {
    /// The digits network of the examples.
    pub struct Digits: Image<1, 8, 8> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
    }
}
