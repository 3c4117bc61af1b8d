//! Which way the floats of an image lie.
//!
//! TensorFlow Lite has the channels of a pixel together, tensorlet's layers of floats have the pixels of a channel
//! together. An activation is turned where the next step wants it the other way, once, however many steps do; where it
//! has one pixel or one channel there is nothing to turn.

use std::collections::BTreeMap;

use crate::{
    graph::{Activation, Graph, Step},
    layers::image,
    operator::{Float, Kind},
};

/// Puts in the steps that turn images, and those that round the inputs of int8 weights.
pub(crate) fn lay_out(graph: Graph<'_>) -> Graph<'_> {
    let Graph { activations, steps, input, output } = graph;
    let mut turner = Turner { activations, steps: Vec::new(), made: BTreeMap::new() };
    for mut step in steps {
        // Layers that see no images have their input as TensorFlow Lite has it.
        let planes = match &step.kind {
            Kind::Float(Float::Linear { .. } | Float::Softmax) => false,
            kind => matches!(kind, Kind::Float(_)),
        };
        let hybrid = match &step.kind {
            Kind::Float(Float::Conv2d { weights, .. } | Float::Linear { weights }) => weights.hybrid,
            _ => false,
        };
        for input in &mut step.inputs {
            *input = turner.turned(*input, planes);
            if hybrid {
                *input = turner.rounded(*input);
            }
        }
        turner.activations[step.output].planes = planes && turner.is_image(step.output);
        turner.steps.push(step);
    }
    let output = turner.turned(output, false);
    Graph { activations: turner.activations, steps: turner.steps, input, output }
}

/// What a step makes of an activation beside what the file says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    Planes,
    Pixels,
    Rounded,
}

struct Turner<'a> {
    activations: Vec<Activation>,
    steps: Vec<Step<'a>>,
    /// What has been made already.
    made: BTreeMap<(usize, Made), usize>,
}

impl<'a> Turner<'a> {
    fn is_image(&self, activation: usize) -> bool {
        let Activation { shape, quantization, .. } = &self.activations[activation];
        shape.len() == 3 && quantization.is_none()
    }

    /// The activation, its channels in planes or not.
    fn turned(&mut self, activation: usize, planes: bool) -> usize {
        if self.activations[activation].planes == planes || !self.is_image(activation) {
            return activation;
        }
        let [rows, columns, channels] = image(&self.activations[activation].shape);
        let (made, turn, name) = if planes {
            (Made::Planes, Float::ToPlanes, "to_planes")
        } else {
            (Made::Pixels, Float::ToPixels, "to_pixels")
        };
        let kind = if rows * columns == 1 || channels == 1 { Kind::View } else { Kind::Float(turn) };
        self.make(activation, made, kind, planes, name)
    }

    /// The activation, rounded for int8 weights.
    fn rounded(&mut self, activation: usize) -> usize {
        let planes = self.activations[activation].planes;
        let kind = Kind::Float(Float::DynamicQuantize);
        self.make(activation, Made::Rounded, kind, planes, "dynamic_quantize")
    }

    fn make(&mut self, from: usize, made: Made, kind: Kind<'a>, planes: bool, operator: &'static str) -> usize {
        if let Some(&number) = self.made.get(&(from, made)) {
            return number;
        }
        let number = self.activations.len();
        self.activations.push(Activation { planes, ..self.activations[from].clone() });
        self.steps.push(Step { kind, operator, names: Vec::new(), inputs: vec![from], output: number });
        self.made.insert((from, made), number);
        number
    }
}
