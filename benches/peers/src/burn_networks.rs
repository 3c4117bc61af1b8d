//! Networks in burn, trained with its optimisers.

use burn::{
    module::{Module, Param},
    optim::{AdamConfig, GradientsParams, SgdConfig},
    tensor::{
        Device, Tensor, activation, module,
        ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
    },
};
use std::convert::Infallible;
use tensorlet_benches::{
    arrays::Arrays,
    case::{Network, Optimizer},
    contestant::Peer,
};

use crate::{
    Contestants,
    burn::{cross_entropy, data, labels, one, tensor},
    networks::{self, Layers},
};

pub(crate) fn inference(network: Network, arrays: &Arrays, device: &Device) -> Contestants {
    if !networks::known(network) {
        return Vec::new();
    }
    let x = input(arrays, device);
    one("eager", Net::new(arrays, device), move |net| {
        let Ok(y) = networks::forward(network, net, x.clone());
        vec![("y", y.rows().flatten(0, 1))]
    })
}

pub(crate) fn training(
    network: Network,
    optimizer: Optimizer,
    lr: f32,
    arrays: &Arrays,
    device: &Device,
) -> Contestants {
    if !networks::known(network) {
        return Vec::new();
    }
    let device = device.clone().autodiff();
    let (x, labels) = (input(arrays, &device), labels(arrays, &device));
    let mut optimizer = match optimizer {
        Optimizer::Sgd => SgdConfig::new().init(),
        Optimizer::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
    };
    vec![Box::new(Peer {
        name: "burn",
        form: "autodiff, its optimiser",
        state: Some(Net::new(arrays, &device)),
        run: move |net: &mut Option<Net>| {
            *net = net.take().map(|mut net| {
                let Ok(y) = networks::forward(network, &mut net, x.clone());
                let gradients = cross_entropy(y.rows(), labels.clone()).backward();
                let gradients = GradientsParams::from_grads(gradients, &net);
                optimizer.step(f64::from(lr), net, gradients)
            });
        },
        answer: |net: &mut Option<Net>, ()| net.as_ref().map(Net::arrays).unwrap_or_default(),
    })]
}

fn input(arrays: &Arrays, device: &Device) -> Value {
    match arrays.0.get("x").map_or(0, |x| x.shape.len()) {
        4 => Value::Image(tensor(arrays, "x", device)),
        _ => Value::Rows(tensor(arrays, "x", device)),
    }
}

/// Parameters by rank; weights of linear layers as burn has them, `[in, out]`.
#[derive(Module, Debug)]
struct Net {
    kernels: Vec<Param<Tensor<4>>>,
    weights: Vec<Param<Tensor<2>>>,
    biases: Vec<Param<Tensor<1>>>,
    #[module(skip)]
    names: [Vec<String>; 3],
}

impl Net {
    fn new(arrays: &Arrays, device: &Device) -> Self {
        let mut net = Self { kernels: vec![], weights: vec![], biases: vec![], names: Default::default() };
        for (path, array) in arrays.0.iter().filter(|(path, _)| path.contains('.')) {
            let kind = match array.shape.len() {
                4 => {
                    net.kernels.push(Param::from_tensor(tensor(arrays, path, device)));
                    0
                }
                2 => {
                    let turned = tensor::<2>(arrays, path, device).transpose();
                    // Through its numbers, so that it lies in memory as it reads.
                    let turned = Tensor::from_data(turned.into_data(), device);
                    net.weights.push(Param::from_tensor(turned));
                    1
                }
                _ => {
                    net.biases.push(Param::from_tensor(tensor(arrays, path, device)));
                    2
                }
            };
            net.names[kind].push(path.clone());
        }
        net
    }

    fn place(&self, kind: usize, layer: &str, name: &str) -> usize {
        let path = format!("{layer}.{name}");
        self.names[kind].iter().position(|known| *known == path).unwrap_or(usize::MAX)
    }

    fn bias(&self, layer: &str) -> Tensor<1> {
        self.biases[self.place(2, layer, "bias")].val()
    }

    fn arrays(&self) -> Arrays {
        let mut arrays = Arrays::default();
        let [kernels, weights, biases] = &self.names;
        for (name, value) in kernels.iter().zip(&self.kernels) {
            arrays.insert(name, &value.val().dims(), data(value.val()));
        }
        for (name, value) in weights.iter().zip(&self.weights) {
            let turned = value.val().transpose();
            arrays.insert(name, &turned.dims(), data(turned));
        }
        for (name, value) in biases.iter().zip(&self.biases) {
            arrays.insert(name, &value.val().dims(), data(value.val()));
        }
        arrays
    }
}

/// What goes from layer to layer.
#[derive(Clone)]
enum Value {
    Image(Tensor<4>),
    Rows(Tensor<2>),
}

impl Value {
    fn image(self) -> Tensor<4> {
        match self {
            Self::Image(x) => x,
            Self::Rows(_) => unreachable!("rows where an image is expected"),
        }
    }

    fn rows(self) -> Tensor<2> {
        match self {
            Self::Image(x) => x.flatten(1, 3),
            Self::Rows(x) => x,
        }
    }
}

impl Layers for Net {
    type Value = Value;
    type Error = Infallible;

    fn conv(&mut self, x: Value, name: &str, padding: usize) -> Result<Value, Infallible> {
        let weight = self.kernels[self.place(0, name, "weight")].val();
        let options = ConvOptions::new([1, 1], [padding; 2], [1, 1], 1);
        Ok(Value::Image(module::conv2d(x.image(), weight, Some(self.bias(name)), options)))
    }

    fn linear(&mut self, x: Value, name: &str) -> Result<Value, Infallible> {
        let weight = self.weights[self.place(1, name, "weight")].val();
        Ok(Value::Rows(module::linear(x.rows(), weight, Some(self.bias(name)))))
    }

    fn sigmoid(&mut self, x: Value) -> Result<Value, Infallible> {
        Ok(match x {
            Value::Image(x) => Value::Image(activation::sigmoid(x)),
            Value::Rows(x) => Value::Rows(activation::sigmoid(x)),
        })
    }

    fn relu(&mut self, x: Value) -> Result<Value, Infallible> {
        Ok(match x {
            Value::Image(x) => Value::Image(activation::relu(x)),
            Value::Rows(x) => Value::Rows(activation::relu(x)),
        })
    }

    fn avg_pool(&mut self, x: Value) -> Result<Value, Infallible> {
        Ok(Value::Image(module::avg_pool2d(x.image(), AvgPoolOptions::new([2, 2]))))
    }

    fn max_pool(&mut self, x: Value) -> Result<Value, Infallible> {
        Ok(Value::Image(module::max_pool2d(x.image(), MaxPoolOptions::new([2, 2]))))
    }

    fn flatten(&mut self, x: Value) -> Result<Value, Infallible> {
        Ok(Value::Rows(x.rows()))
    }
}
