//! The cases: what is computed, on which sizes, and the bars that it is held against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Result;

/// The cases as data.
const CASES: &str = include_str!("../cases.toml");

/// One thing that is measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What is computed.
    pub op: Op,
    /// What it is held against.
    #[serde(default)]
    pub bars: Vec<Bar>,
    /// The best peers' microseconds when the bars were set.
    #[serde(default)]
    pub then: BTreeMap<String, f64>,
}

/// What is asked of a case.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// At least this fraction of the machine's peak.
    pub peak: Option<f64>,
    /// At least so many times faster than a peer.
    pub ratio: Option<f64>,
    /// Which peer; the best one unless it is named.
    pub over: Option<String>,
}

/// What is computed, and on which sizes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Op {
    /// `c += a · b` with `a` of `m × k` and `b` of `k × n`.
    Matmul {
        /// Rows of `a` and `c`.
        m: usize,
        /// Columns of `a`, rows of `b`.
        k: usize,
        /// Columns of `b` and `c`.
        n: usize,
    },
    /// A convolution.
    Conv(Conv),
    /// Its gradients with respect to input, weight and bias.
    ConvGradient(Conv),
    /// The largest of each window of one sample.
    MaxPool(Pool),
    /// Softmax cross-entropy, its mean, and the gradient of that.
    CrossEntropy(Rows),
    /// Layer normalisation of rows.
    LayerNorm(Rows),
    /// The same with its gradients, forward and backward.
    LayerNormGradient(Rows),
    /// Gumbel-softmax of rows, with noise drawn.
    Gumbel {
        /// Rows.
        n: usize,
        /// Classes.
        width: usize,
        /// Whether the result is one-hot.
        hard: bool,
    },
    /// One time step of a recurrent cell of 28 inputs and 256 hidden numbers.
    Cell {
        /// Which one.
        cell: Cell,
        /// Samples.
        n: usize,
    },
    /// Inference of a network.
    Inference {
        /// Which one.
        network: Network,
        /// Samples.
        n: usize,
    },
    /// A training step of a network.
    Train {
        /// Which one.
        network: Network,
        /// How it learns.
        optimizer: Optimizer,
        /// Samples.
        n: usize,
        /// Learning rate.
        lr: f32,
    },
    /// A training step of LeNet-5 on two threads, beside one.
    Threads {
        /// Samples.
        n: usize,
        /// Learning rate.
        lr: f32,
    },
}

/// The sizes of a convolution over square planes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Conv {
    /// Samples.
    pub n: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Rows and columns of the input.
    pub size: usize,
    /// Channels of the output.
    pub out: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Zeros around the input.
    pub padding: usize,
    /// Groups of channels that do not see each other.
    #[serde(default = "one")]
    pub groups: usize,
}

const fn one() -> usize {
    1
}

/// The sizes of a pooling over square planes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Pool {
    /// Channels.
    pub channels: usize,
    /// Rows and columns of the input.
    pub size: usize,
    /// Rows and columns of a window.
    pub kernel: usize,
    /// From window to window.
    pub stride: usize,
    /// Around the input.
    pub padding: usize,
}

/// Rows of numbers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Rows {
    /// How many.
    pub n: usize,
    /// How long.
    pub width: usize,
}

/// A recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

impl Cell {
    /// Numbers of its input.
    pub const INPUTS: usize = 28;
    /// Numbers of its state.
    pub const HIDDEN: usize = 256;

    /// The number of its gates.
    #[must_use]
    pub const fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// LeNet-5 as "Dive into Deep Learning" has it: sigmoid and means.
    Lenet,
    /// 784-256-10 with ReLU.
    Mlp,
    /// The digits network of the examples.
    Digits,
    /// A GRU of 128 over 35 one-hot characters of 28, and a linear layer on each step.
    CharGru,
}

/// How a network learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Plain stochastic gradient descent.
    Sgd,
    /// Adam with PyTorch's defaults.
    Adam,
}

impl Conv {
    /// Rows and columns of the output.
    #[must_use]
    pub const fn output(&self) -> usize {
        self.size + 2 * self.padding - self.kernel + 1
    }

    const fn macs(&self) -> usize {
        let taps = self.channels / self.groups * self.kernel * self.kernel;
        self.n * self.out * self.output() * self.output() * taps
    }
}

impl Pool {
    /// Rows and columns of the output.
    #[must_use]
    pub const fn output(&self) -> usize {
        (self.size + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

impl Network {
    /// Multiplications of one sample: of all layers, and of the first one, which passes no gradient on.
    const fn macs(self) -> (usize, usize) {
        match self {
            Self::Lenet => {
                let first = 6 * 28 * 28 * 25;
                (first + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10, first)
            }
            Self::Mlp => (784 * 256 + 256 * 10, 784 * 256),
            Self::Digits => (8 * 64 * 9 + 16 * 16 * 72 + 64 * 10, 8 * 64 * 9),
            Self::CharGru => (35 * (3 * 128 * (28 + 128) + 128 * 28), 35 * 3 * 128 * 28),
        }
    }
}

impl Case {
    /// Floating-point operations of one call, where their rate says something: products and convolutions,
    /// networks by their multiplications.
    #[must_use]
    pub fn flops(&self) -> Option<f64> {
        let macs = match &self.op {
            Op::Matmul { m, k, n } => m * k * n,
            Op::Conv(conv) => conv.macs(),
            Op::ConvGradient(conv) => 2 * conv.macs(),
            Op::Cell { cell, n } => n * cell.gates() * Cell::HIDDEN * (Cell::INPUTS + Cell::HIDDEN),
            Op::Inference { network, n } => n * network.macs().0,
            Op::Train { network, n, .. } => {
                let (all, first) = network.macs();
                n * (3 * all - first)
            }
            _ => return None,
        };
        Some(2.0 * macs as f64)
    }

    /// All cases whose name contains one of the words; all, without a word.
    ///
    /// # Errors
    /// The file does not read as cases, or no case has such a name.
    pub fn select(words: &[String]) -> Result<Vec<Self>> {
        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            case: Vec<Case>,
        }
        let mut cases = toml::from_str::<File>(CASES)?.case;
        cases.retain(|case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str())));
        if cases.is_empty() {
            return Err(format!("no case is named {}", words.join(" or ")).into());
        }
        Ok(cases)
    }
}
