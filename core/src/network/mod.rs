//! `network!`: named layers whose shapes follow from the input.

mod expansion;
mod notation;
mod quantized;
mod shapes;

pub use shapes::{axis, channels, features, grouped, output, steps};

use crate::Tensor;

/// The layer at position `I` of a network, with the type of its input. Implemented by
/// [`network!`](crate::network).
pub trait Position<const I: usize> {
    /// The type of its input.
    type In: Tensor;
    /// The type of the layer.
    type Layer: crate::Layer<Self::In>;
}

/// Defines a network as a struct with one field per layer. Shapes follow from the input.
///
/// Layers are written as in PyTorch, without what the input already says:
///
/// | written | type |
/// |---|---|
/// | `Linear(out)`, `Linear(out, bias = false)` | [`Linear<IN, out>`](crate::Linear); of a sequence, at every step |
/// | `Conv2d(out, kernel, stride = s, padding = p, dilation = d, groups = g, bias = false)` | [`Conv2d`](crate::Conv2d); options as needed, in this order; so `Conv1d` |
/// | `MaxPool2d(kernel, stride = s, padding = p)`, `AvgPool2d(…)`, `MaxPool1d(…)`, `AvgPool1d(…)` | [`MaxPool2d`](crate::MaxPool2d), …; the stride is the kernel unless given |
/// | `AdaptiveAvgPool2d(out)`, `AdaptiveMaxPool2d(out)`, `GlobalAvgPool2d`, `GlobalMaxPool2d`, … | the same |
/// | `BatchNorm1d`, `BatchNorm2d`, `InstanceNorm1d`, `InstanceNorm2d`, `GroupNorm(groups)` | the same, of the input's channels |
/// | `LayerNorm`, `RmsNorm` | the same over the last dimension |
/// | `Rnn(h)`, `Gru(h)`, `Lstm(h, layers = n, bidirectional = true)` | [`Rnn`](crate::Rnn), [`Gru`](crate::Gru), [`Lstm`](crate::Lstm) over a sequence |
/// | `LastStep`, `MeanStep` | one vector of a sequence |
/// | `Embedding(tokens, features)` | a vector for each token of `[u8; T]`, `[u16; T]`, … |
/// | `Relu`, `Gelu`, `Silu`, `Softmax`, … | every activation without settings |
/// | `LeakyRelu(0.1)`, `Elu(0.5)`, `Dropout(0.2)`, … | those with settings; without, PyTorch's defaults |
/// | `Flatten` | all dimensions into one |
/// | `Frozen(layer)`, `Residual(layer)` | the same around any of these |
/// | `= Type` | any type that is a layer for the input it gets |
///
/// The struct implements [`Module`](crate::Module), [`Layer`](crate::Layer) and
/// [`Train`](crate::Train) and has the constants `PARAMETERS`, `FLASH_BYTES` (of the parameters),
/// `INFERENCE_WORDS`, `INFERENCE_BYTES` and the constant functions `training_words` and
/// `training_bytes`.
///
/// ```
/// use tensorlet::{budget, network, optim::Sgd, Image, Layer, Mode, Module, Path, Portable};
///
/// network! {
///     /// LeNet-5 as "Dive into Deep Learning" has it.
///     pub struct LeNet: Image<1, 28, 28> {
///         conv1: Conv2d(6, 5, padding = 2),
///         act1: Sigmoid,
///         pool1: AvgPool2d(2),
///         conv2: Conv2d(16, 5),
///         act2: Sigmoid,
///         pool2: AvgPool2d(2),
///         flatten: Flatten,
///         fc1: Linear(120),
///         act3: Sigmoid,
///         fc2: Linear(84),
///         act4: Sigmoid,
///         fc3: Linear(10),
///     }
/// }
///
/// budget!(LeNet::INFERENCE_BYTES, <= 24 * 1024);
/// assert_eq!(LeNet::PARAMETERS, 61_706);
/// assert_eq!(LeNet::INFERENCE_BYTES, 4 * (6 * 28 * 28 + 6 * 14 * 14));
/// // Input and activations (twice where a sigmoid needs its value again, but not before a mean, whose
/// // gradient goes through it), and the gradient of one input channel of conv2.
/// const TAPE: usize = 784 + 4704 + 1176 + 1600 + 400 + 2 * 120 + 2 * 84 + 10;
/// assert_eq!(LeNet::training_bytes::<Sgd>(Mode::Fused, 1), 4 * (TAPE + 16 * 25 + 1));
/// ```
///
/// With `as` and a name there is a network of integers, too, whose layers have the same names; behind it may stand for
/// which instruction set its weights are prepared ([`Packing`](crate::quantized::Packing)):
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Image, Layer, Module, Portable, network, quantized};
/// use tensorlet::quantized::{MinMaxObserver, Observer, RowMajor, ToIntegers};
/// network! {
///     pub struct Net: Image<1, 4, 4> as Int8Net {
///         conv1: Conv2d(3, 3, padding = 1),
///         relu1: Relu,
///         pool1: MaxPool2d(2),
///         flatten: Flatten,
///         fc: Linear(2),
///     }
/// }
/// let mut net = Net::ZERO;
/// net.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
/// let data = [[[[0.5, -1.0, 0.25, 1.0]; 4]], [[[0.1, 0.9, 0.0, 0.3]; 4]]];
///
/// let mut observers = [MinMaxObserver::NEW; Net::RANGES + 1];
/// let mut arena = [0.0; 2 * Net::INFERENCE_WORDS];
/// quantized::calibrate::<RowMajor, _, _, _, _>(Portable, &net, &data, &mut observers, &mut arena)?;
/// let ranges = observers.map(|observer| observer.quantization());
/// let integers: Int8Net = quantized::quantize::<RowMajor, Image<1, 4, 4>, _>(&net, &ranges)?;
///
/// let y = net.forward(Portable, &data[..1], &mut arena)?[0];
/// let mut arena = [0.0; Int8Net::INFERENCE_WORDS];
/// let q = integers.forward(Portable, &[data[0].quantize(ranges[0])], &mut arena)?[0];
/// for (y, q) in y.iter().zip(q) {
///     assert!((y - ranges[Net::RANGES].dequantize(q.into())).abs() < 0.02);
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// A recurrent network over ten vectors of three numbers:
///
/// ```
/// use tensorlet::{network, Layer, Module};
/// network! {
///     struct Stream: [[f32; 3]; 10] {
///         gru: Gru(16, layers = 2),
///         last: LastStep,
///         act: LeakyRelu(0.2),
///         head: Linear(4, bias = false),
///     }
/// }
/// assert_eq!(Stream::ZERO.act.negative_slope, 0.2);
/// assert_eq!(Stream::PARAMETERS, 3 * 16 * (3 + 16 + 2) + 3 * 16 * (16 + 16 + 2) + 16 * 4);
/// ```
#[macro_export]
macro_rules! network {
    ($(#[$meta:meta])* $vis:vis struct $name:ident: $input:ty { $($layers:tt)+ }) => {
        $crate::__network_parse! { { $(#[$meta])* $vis struct $name: $input } {} $($layers)+ }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident: $input:ty as $integers:ident <$packing:ty> { $($layers:tt)+ }) => {
        $crate::__network_parse! { { $(#[$meta])* $vis struct $name: $input } {} $($layers)+ }
        $crate::__network_quantized! { { $vis $integers <$packing> $name $input } {} { 0 } $($layers)+ }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident: $input:ty as $integers:ident { $($layers:tt)+ }) => {
        $crate::network! {
            $(#[$meta])* $vis struct $name: $input as $integers<$crate::quantized::RowMajor> { $($layers)+ }
        }
    };
}
