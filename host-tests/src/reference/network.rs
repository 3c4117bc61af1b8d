//! Whole networks in double precision, from their description and parameters.
//!
//! [`Network`] reads what a network says about itself, its [`Description`] and its parameters, and
//! computes the output sample by sample. It is the oracle of the forward pass, and, differentiated
//! numerically, of all gradients: no derivative is written down a second time.

use std::{cell::RefCell, collections::BTreeMap};

use tensorlet::{
    Description, Layer, Module, Parameter, Path, Shape, Tensor, Visitor,
    description::{LayerInfo, Op, Recurrence},
};

use super::{activation, conv, embedding, gate, matmul, norm, pool, sample, softmax};

/// A parameter of a network.
#[derive(Clone, Debug)]
pub struct Values {
    /// Its path, `conv1.weight`.
    pub path: String,
    /// The values in PyTorch's order.
    pub values: Vec<f64>,
    /// For each value in PyTorch's order, its word of the gradient; none if it is not trained.
    pub gradient: Vec<Option<usize>>,
}

/// A network as a description and parameters.
#[derive(Clone, Debug)]
pub struct Network {
    description: &'static Description,
    /// The parameters in the order in which the network shows them.
    pub parameters: Vec<Values>,
    /// What layers hold beside their parameters, by path: `norm1.eps`.
    settings: BTreeMap<String, f64>,
    /// The state that recurrent layers begin with; zeros if there is none.
    pub state: Vec<f64>,
    /// The state that they ended with in the last batch.
    pub last_state: RefCell<Vec<f64>>,
}

impl Visitor for Network {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        let positions: Vec<usize> = (0..values.len()).map(|i| parameter.position(i)).collect();
        self.parameters.push(Values {
            path: parameter.path.to_string(),
            values: positions.iter().map(|&at| f64::from(values[at])).collect(),
            gradient: positions.into_iter().map(|at| parameter.trained.then_some(at)).collect(),
        });
    }

    fn partly_trained(&mut self, parameter: Parameter<'_>, channels: &[u16], values: &[f32]) {
        self.parameter(parameter, values);
        let len = values.len() / parameter.info.shape.dim(0);
        let place =
            |i: usize| Some(channels.iter().position(|&channel| usize::from(channel) == i / len)? * len + i % len);
        let gradient = &mut self.parameters.last_mut().expect("the parameter").gradient;
        *gradient = (0..values.len()).map(place).collect();
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        self.settings.insert(path.to_string(), f64::from(value));
    }
}

impl Network {
    /// The double of a network for inputs of type `X`.
    #[must_use]
    pub fn of<X: Tensor, N: Layer<X>>(network: &N) -> Self {
        let description = const { &N::DESCRIPTION };
        let mut double = Self {
            description,
            parameters: Vec::new(),
            settings: BTreeMap::new(),
            state: Vec::new(),
            last_state: RefCell::default(),
        };
        Module::parameters(network, Path::ROOT, &mut double);
        double
    }

    /// The outputs for a batch of samples, in training or not.
    #[must_use]
    pub fn batch(&self, x: Vec<Vec<f64>>, training: bool) -> Vec<Vec<f64>> {
        self.last_state.borrow_mut().clear();
        self.evaluate(self.description, "", x, training)
    }

    fn evaluate(&self, description: &Description, path: &str, x: Vec<Vec<f64>>, training: bool) -> Vec<Vec<f64>> {
        match description {
            Description::Layer(info) => match info.op {
                Op::Recurrent(stack) => self.recurrent(info, stack, path, &x),
                Op::RecurrentCell(cell) => {
                    let stack = Recurrence { cell, hidden: info.output.numel(), layers: 1, directions: 1 };
                    self.recurrent(info, stack, path, &x)
                }
                Op::CausalConv1d(window) => self.causal(info, &window.into(), path, &x),
                Op::GaussianReparam | Op::GaussianSigmaReparam | Op::GumbelSoftmax { .. } => {
                    self.sample(info, path, &x, training)
                }
                Op::SelfAttention { heads, causal } => self.self_attention(info, path, &x, (heads, causal), training),
                Op::Dropout => sample::dropout(&x, 1, self.setting(path, "p"), training),
                Op::ChannelDropout => {
                    let plane = info.input.numel() / info.input.dim(0);
                    sample::dropout(&x, plane, self.setting(path, "p"), training)
                }
                Op::BatchNorm { tracked, .. } => {
                    let running = || ["running_mean", "running_var"].map(|name| self.values(path, name));
                    let running = (tracked && !training).then(running);
                    norm::batch(&x, info.input.dim(0), running, self.norm(info, path))
                }
                _ => x.iter().map(|x| self.layer(info, path, x)).collect(),
            },
            Description::Chain(a, b) => {
                let hidden = self.evaluate(a, &join(path, "0"), x, training);
                self.evaluate(b, &join(path, "1"), hidden, training)
            }
            Description::Network { layers, .. } => {
                layers.iter().fold(x, |x, layer| self.evaluate(layer.description, &join(path, layer.name), x, training))
            }
            Description::Residual(inner) => {
                let mut y = self.evaluate(inner, path, x.clone(), training);
                y.iter_mut().flatten().zip(x.iter().flatten()).for_each(|(y, x)| *y += x);
                y
            }
            Description::Concat(a, b) => {
                let mut y = self.evaluate(a, &join(path, "0"), x.clone(), training);
                let second = self.evaluate(b, &join(path, "1"), x, training);
                y.iter_mut().zip(second).for_each(|(y, second)| y.extend(second));
                y
            }
            Description::Frozen(inner) => self.evaluate(inner, path, x, false),
            Description::Repeat(inner, times) => (0..*times).fold(x, |x, _| self.evaluate(inner, path, x, training)),
            Description::Steps(inner, steps) => {
                let rows = x.iter().flat_map(|x| x.chunks(x.len() / steps).map(<[f64]>::to_vec)).collect();
                let y = self.evaluate(inner, path, rows, training);
                y.chunks(*steps).map(<[Vec<f64>]>::concat).collect()
            }
        }
    }

    fn layer(&self, info: &LayerInfo, path: &str, x: &[f64]) -> Vec<f64> {
        assert_eq!(x.len(), info.input.numel(), "the input of {path}");
        let y = match info.op {
            Op::Linear => matmul::linear(x, self.values(path, "weight"), &self.bias(path, info)),
            Op::Scores(table) => {
                let beside = path.rsplit_once('.').map_or("", |(beside, _)| beside);
                let table = self.values(&join(beside, table), "weight");
                let none = vec![0.0; last_of(info.output)];
                x.chunks(last_of(info.input)).flat_map(|x| matmul::linear(x, table, &none)).collect()
            }
            Op::Lora(rank) => {
                let base = self.linear(&join(path, "base_layer"), x, info.output.numel());
                let inner = matmul::linear(x, self.values(path, "lora_A.weight"), &vec![0.0; rank]);
                let none = vec![0.0; info.output.numel()];
                let outer = matmul::linear(&inner, self.values(path, "lora_B.weight"), &none);
                let scale = self.setting(path, "scale");
                base.iter().zip(outer).map(|(base, outer)| base + scale * outer).collect()
            }
            Op::Conv1d(_) | Op::Conv2d(_) | Op::ConvTranspose1d(_) | Op::ConvTranspose2d(_) => {
                conv::layer(info, x, self.values(path, "weight"), &self.bias(path, info))
            }
            Op::Unfold(window) => conv::unfold(info, &window.into(), x),
            Op::Fold(window) => conv::fold(info, &window.into(), x),
            Op::MaxPool1d(_) | Op::MaxPool2d(_) | Op::AvgPool1d(_) | Op::AvgPool2d(_) => pool::layer(info, x),
            Op::LpPool1d(..) | Op::LpPool2d(..) => pool::layer(info, x),
            Op::AdaptiveMaxPool1d | Op::AdaptiveMaxPool2d | Op::GlobalMaxPool1d | Op::GlobalMaxPool2d => {
                pool::layer(info, x)
            }
            Op::AdaptiveAvgPool1d | Op::AdaptiveAvgPool2d | Op::GlobalAvgPool1d | Op::GlobalAvgPool2d => {
                pool::layer(info, x)
            }
            Op::Activation(function) => {
                let function = activation::of(function, &|name| self.setting(path, name));
                x.iter().map(|&x| (function.value)(x)).collect()
            }
            Op::PRelu => gate::prelu(x, self.values(path, "weight"), info.input.dim(0)),
            Op::Glu { axis, gate } => {
                gate::glu(x, info.input.dims(), axis, &activation::of(gate, &|name| self.setting(path, name)))
            }
            Op::GatedLinear { gate } => {
                let linear = |name: &str| self.linear(&join(path, name), x, info.output.numel());
                let gate = activation::of(gate, &|name| self.setting(&join(path, "gate"), name));
                linear("w1").into_iter().zip(linear("w3")).map(|(b, a)| a * (gate.value)(b)).collect()
            }
            Op::Softmax { axis } => softmax::along(x, info.input.dims(), axis, softmax::softmax),
            Op::LogSoftmax { axis } => softmax::along(x, info.input.dims(), axis, softmax::log_softmax),
            Op::Softmin { axis } => {
                let negative: Vec<f64> = x.iter().map(|x| -x).collect();
                softmax::along(&negative, info.input.dims(), axis, softmax::softmax)
            }
            Op::Embedding => embedding::look_up(self.values(path, "weight"), last_of(info.output), x),
            Op::EmbeddingBag => {
                let [mode, padding] = ["mode", "padding_idx"].map(|name| self.setting(path, name));
                embedding::bag(self.values(path, "weight"), last_of(info.output), x, mode, padding)
            }
            Op::PositionalEncoding => embedding::sinusoids(x, last_of(info.input), self.setting(path, "base")),
            Op::LearnedPositions => x.iter().zip(self.values(path, "weight")).map(|(x, weight)| x + weight).collect(),
            Op::RotaryEmbedding { axis } => {
                let [base, interleaved] = ["base", "interleaved"].map(|name| self.setting(path, name));
                embedding::rotated(x, info.input.dims(), axis, base, interleaved != 0.0)
            }
            Op::LayerNorm { dims } => norm::rows(x, last(info, dims), self.norm(info, path)),
            Op::RmsNorm { dims } => norm::root_mean_square(x, last(info, dims), self.norm(info, path)),
            Op::GroupNorm { groups } => norm::groups(x, info.input.dim(0), groups, self.norm(info, path)),
            Op::InstanceNorm => norm::groups(x, info.input.dim(0), info.input.dim(0), self.norm(info, path)),
            Op::LocalResponseNorm => {
                let settings = ["alpha", "beta", "k"].map(|name| self.setting(path, name));
                norm::local_response(x, info.input.dim(0), self.setting(path, "size") as usize, settings)
            }
            Op::Flatten | Op::View | Op::Identity => x.to_vec(),
            Op::LastStep => x[x.len() - info.output.numel()..].to_vec(),
            Op::MeanStep => {
                let (steps, len) = (info.input.dim(0), info.output.numel());
                (0..len).map(|i| x.iter().skip(i).step_by(len).sum::<f64>() / steps as f64).collect()
            }
            other => panic!("no reference for the layer {}", other.name()),
        };
        assert_eq!(y.len(), info.output.numel(), "the output of {path}");
        y
    }

    /// A layer that draws random numbers in training.
    fn sample(&self, info: &LayerInfo, path: &str, x: &[Vec<f64>], training: bool) -> Vec<Vec<f64>> {
        match info.op {
            Op::GaussianReparam => sample::gaussian(x, sample::from_log_variance, training),
            Op::GaussianSigmaReparam => sample::gaussian(x, sample::softplus, training),
            Op::GumbelSoftmax { axis } => {
                let form = (self.setting(path, "tau"), self.setting(path, "hard") != 0.0);
                sample::gumbel_softmax(x, (info.input.dims(), axis), form, training)
            }
            other => panic!("no reference for the layer {}", other.name()),
        }
    }

    /// A linear layer inside of another, with or without bias.
    fn linear(&self, path: &str, x: &[f64], outputs: usize) -> Vec<f64> {
        let bias = self.parameters.iter().find(|parameter| parameter.path == join(path, "bias"));
        let bias = bias.map_or_else(|| vec![0.0; outputs], |bias| bias.values.clone());
        matmul::linear(x, self.values(path, "weight"), &bias)
    }

    /// Weight, bias and `eps` of a normalisation.
    fn norm(&self, info: &LayerInfo, path: &str) -> norm::Settings<'_> {
        let listed = |name: &str| info.parameters.iter().any(|parameter| parameter.name == name);
        let [weight, bias] = ["weight", "bias"].map(|name| if listed(name) { self.values(path, name) } else { &[] });
        norm::Settings { weight, bias, eps: self.setting(path, "eps") }
    }

    /// The bias of each output channel; zeros where the layer lists none.
    pub(super) fn bias(&self, path: &str, info: &LayerInfo) -> Vec<f64> {
        if info.parameters.iter().any(|parameter| parameter.name == "bias") {
            self.values(path, "bias").to_vec()
        } else {
            vec![0.0; info.output.dim(0)]
        }
    }

    pub(super) fn values(&self, path: &str, name: &str) -> &[f64] {
        let path = join(path, name);
        let found = self.parameters.iter().find(|parameter| parameter.path == path);
        &found.unwrap_or_else(|| panic!("the network shows no parameter {path}")).values
    }

    /// A setting of a layer.
    pub(super) fn setting(&self, path: &str, name: &str) -> f64 {
        let path = join(path, name);
        *self.settings.get(&path).unwrap_or_else(|| panic!("the network shows no setting {path}"))
    }
}

/// The last dimension.
fn last_of(shape: Shape) -> usize {
    shape.dim(shape.rank() - 1)
}

/// Elements of the last dimensions of the input.
fn last(info: &LayerInfo, dims: usize) -> usize {
    info.input.dims().iter().rev().take(dims).product()
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() || name.is_empty() { format!("{path}{name}") } else { format!("{path}.{name}") }
}
