//! Networks of floats that are trained for integers: quantization-aware training.

use super::{
    super::{Packing, Quantization, QuantizeError},
    Quantizable, Recipe, RecipeVisitor, Scheme, ToIntegers,
    layers::{rounded_weight, symmetric_scale},
};
use crate::{FakeQuantize, Module, Parameter, Path, Tensor, VisitorMut, layer::Identity};

/// Puts the weights of linear layers and convolutions on the steps that their integers have: symmetric in -127 to
/// 127, one scale for each output channel, PyTorch's `default_per_channel_weight_fake_quant`.
///
/// A step of quantization-aware training computes the gradient of such a copy and applies it to the network itself:
/// straight through the rounding. Weights are the parameters called `weight` with two or more dimensions, the
/// first of which are the channels.
///
/// ```
/// use tensorlet::{Linear, Module, Portable, Trainer, loss::MseLoss, optim::Sgd, quantized};
/// type Net = Linear<2, 1>;
/// let mut net = Net::ZERO;
/// net.weight = [[1.27], [0.504]];
/// let mut workspace = [0.0; 64];
/// let mut trainer = Trainer::<[f32; 2], Net, _>::new(Sgd::new(0.1), &mut workspace)?;
///
/// let mut copy = net;
/// quantized::fake_quantize_weights(&mut copy);
/// assert!((copy.weight[1][0] - 0.5).abs() < 1e-6);
/// trainer.zero_grad();
/// trainer.accumulate(Portable, &mut copy, &MseLoss, &[[0.0, 1.0]], &[[1.5]], 1.0)?; // the gradient is -2
/// trainer.apply(Portable, &mut net);
/// assert!((net.weight[1][0] - 0.704).abs() < 1e-6);
/// # Ok::<(), tensorlet::Error>(())
/// ```
pub fn fake_quantize_weights<M: Module>(net: &mut M) {
    net.parameters_mut(Path::ROOT, &mut Weights);
}

/// Sees weights.
struct Weights;

impl VisitorMut for Weights {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        let shape = parameter.info.shape;
        if parameter.info.name != "weight" || shape.rank() < 2 {
            return;
        }
        let channels = shape.dim(0);
        let len = shape.numel().checked_div(channels).unwrap_or(0);
        for channel in 0..channels {
            let places = (channel * len..(channel + 1) * len).map(|i| parameter.position(i));
            let scale = symmetric_scale(places.clone().filter_map(|place| values.get(place).copied()));
            for place in places {
                if let Some(w) = values.get_mut(place) {
                    *w = f32::from(rounded_weight(*w, scale)) * scale;
                }
            }
        }
    }
}

/// The quantizations of a network's input and outputs, on the way through its layers.
#[derive(Debug)]
pub struct Ranges<'a> {
    pub(super) all: &'a mut [Quantization],
    /// Which of them is that of the tensor at hand.
    pub(super) at: usize,
}

impl Ranges<'_> {
    /// Goes on by this number of outputs with ranges of their own.
    pub fn skip(&mut self, outputs: usize) {
        self.at = self.at.saturating_add(outputs);
    }

    /// Sets that of the tensor at hand.
    pub fn set(&mut self, quantization: Quantization) {
        if let Some(at) = self.all.get_mut(self.at) {
            *at = quantization;
        }
    }
}

/// Puts the quantizations that the [`FakeQuantize`] layers of a network have learned in the place of those that
/// [`calibrate`](super::calibrate) has observed of the same tensors, for [`quantize`](super::quantize).
///
/// ```
/// use tensorlet::{FakeQuantize, Module, Vector, network, quantized::{self, Quantization, RowMajor}};
/// network! {
///     struct Net: Vector<2> as Int8Net {
///         fc: Linear(3),
///         relu: Relu,
///         fake: FakeQuantize,
///     }
/// }
/// let mut net = Net::ZERO;
/// net.fake = FakeQuantize::new(Quantization::new(0.25, -128));
/// let mut ranges = [Quantization::new(0.1, 0); Net::RANGES + 1];
/// quantized::learned_ranges::<RowMajor, Vector<2>, _>(&net, &mut ranges);
/// assert_eq!(ranges, [Quantization::new(0.1, 0), Quantization::new(0.1, 0), Quantization::new(0.25, -128)]);
/// ```
pub fn learned_ranges<P, X, L>(net: &L, ranges: &mut [Quantization])
where
    X: Tensor<Elem = f32>,
    L: Quantizable<X, P>,
{
    net.learned(&mut Ranges { all: ranges, at: 0 });
}

/// Nothing is left of it among integers: its input has the quantization that it stands for.
impl<X: ToIntegers, P: Packing> Quantizable<X, P> for FakeQuantize {
    type Input = X::Integers;
    type Quantized = Identity;
    const RANGES: usize = 0;

    fn learned(&self, ranges: &mut Ranges<'_>) {
        ranges.set(self.quantization());
    }

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        _: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        visitor.layer(path, Recipe::Plain);
        Ok(Module::ZERO)
    }
}
