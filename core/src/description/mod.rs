//! What a network says about itself, in constants.
//!
//! The summary table, the memory report, export and a compiler for another device all read this one
//! description; nobody keeps a second list.

mod op;

use crate::{Shape, path::Path};

pub use op::{Activation, Cell, Layout, Op, ParameterInfo, Recurrence, Window};

/// One layer: its operation, shapes, parameters and cost.
#[derive(Clone, Copy, Debug)]
pub struct LayerInfo {
    /// What it computes.
    pub op: Op,
    /// The shape of one input sample.
    pub input: Shape,
    /// The shape of one output sample.
    pub output: Shape,
    /// The parameters in the order in which they are visited.
    pub parameters: &'static [ParameterInfo],
    /// Multiply-accumulates of one sample's forward pass.
    pub macs: usize,
}

/// A named part of a network.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The field's name: the first part of its parameters' paths. Empty for a part whose own parts have their
    /// names directly in the network.
    pub name: &'static str,
    /// What the part is.
    pub description: &'static Description,
}

/// The structure of a network: a tree whose leaves are layers.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "descriptions are constants, and most of them are layers")]
pub enum Description {
    /// A single layer.
    Layer(LayerInfo),
    /// Two parts, one after the other; in paths they are `0` and `1`.
    Chain(&'static Description, &'static Description),
    /// A network made by [`network!`](crate::network): named parts in order.
    Network {
        /// The name of the type.
        name: &'static str,
        /// Its parts in order.
        layers: &'static [Named],
    },
    /// `x + f(x)`.
    Residual(&'static Description),
    /// Two parts with the same input and their outputs side by side; in paths they are `0` and `1`.
    Concat(&'static Description, &'static Description),
    /// A part that is not trained.
    Frozen(&'static Description),
    /// A part at each of so many time steps.
    Steps(&'static Description, usize),
    /// A part so many times one after the other, with the same parameters.
    Repeat(&'static Description, usize),
}

/// What [`Description::for_each_layer`] tells of a layer beside its [`LayerInfo`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The path of the layer, such as `block1.conv2`.
    pub path: Path<'a>,
    /// Whether training changes its parameters.
    pub trained: bool,
}

impl Description {
    /// Calls `f` for every layer in the order of computation.
    pub fn for_each_layer(&'static self, f: &mut impl FnMut(Place<'_>, &'static LayerInfo)) {
        self.walk(Place { path: Path::ROOT, trained: true }, f);
    }

    fn walk<F: FnMut(Place<'_>, &'static LayerInfo)>(&'static self, place: Place<'_>, f: &mut F) {
        let part = |name| Place { path: place.path.join(name), ..place };
        match self {
            Self::Layer(info) => f(place, info),
            Self::Chain(a, b) | Self::Concat(a, b) => {
                a.walk(part("0"), f);
                b.walk(part("1"), f);
            }
            Self::Network { layers, .. } => {
                for layer in *layers {
                    let place = if layer.name.is_empty() { place } else { part(layer.name) };
                    layer.description.walk(place, f);
                }
            }
            Self::Residual(inner) | Self::Steps(inner, _) | Self::Repeat(inner, _) => inner.walk(place, f),
            Self::Frozen(inner) => inner.walk(Place { trained: false, ..place }, f),
        }
    }

    /// Multiply-accumulates of one sample's forward pass.
    #[must_use]
    pub const fn macs(&self) -> usize {
        match self {
            Self::Layer(info) => info.macs,
            Self::Chain(a, b) | Self::Concat(a, b) => a.macs() + b.macs(),
            Self::Network { layers, .. } => {
                let (mut sum, mut i) = (0, 0);
                while i < layers.len() {
                    sum += layers[i].description.macs();
                    i += 1;
                }
                sum
            }
            Self::Residual(inner) | Self::Frozen(inner) => inner.macs(),
            Self::Steps(inner, times) | Self::Repeat(inner, times) => *times * inner.macs(),
        }
    }

    /// Whether the output for one sample depends on the others of its batch, in training or in
    /// evaluation: where statistics of the batch normalise. Such a batch cannot be computed in parts.
    ///
    /// ```
    /// use tensorlet::{BatchNorm2d, Image, Layer};
    /// const NORM: tensorlet::description::Description = <BatchNorm2d<3> as Layer<Image<3, 8, 8>>>::DESCRIPTION;
    /// assert!(NORM.couples_samples(true) && !NORM.couples_samples(false));
    /// ```
    #[must_use]
    pub const fn couples_samples(&self, training: bool) -> bool {
        match self {
            Self::Layer(LayerInfo { op: Op::BatchNorm { tracked, .. }, .. }) => training || !*tracked,
            Self::Layer(_) => false,
            Self::Chain(a, b) | Self::Concat(a, b) => a.couples_samples(training) || b.couples_samples(training),
            Self::Network { layers, .. } => {
                let mut i = 0;
                while i < layers.len() {
                    if layers[i].description.couples_samples(training) {
                        return true;
                    }
                    i += 1;
                }
                false
            }
            Self::Residual(inner) | Self::Steps(inner, _) | Self::Repeat(inner, _) => inner.couples_samples(training),
            Self::Frozen(inner) => inner.couples_samples(false),
        }
    }
}
