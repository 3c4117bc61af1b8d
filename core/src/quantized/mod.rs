//! Networks of integers: int8 weights and activations, and the way there from floats.
//!
//! The scheme is TensorFlow Lite's, the names are PyTorch's `torch.ao.nn.quantized`. Tensors are NHWC there and
//! here: an image is `[[[i8; C]; W]; H]`.
//!
//! | TensorFlow Lite | int8 | int16 |
//! |---|---|---|
//! | `CONV_2D`, `DEPTHWISE_CONV_2D` | [`Conv2d`], [`DepthwiseConv2d`] | [`int16::Conv2d`], [`int16::DepthwiseConv2d`] |
//! | `TRANSPOSE_CONV` | [`ConvTranspose2d`] | [`int16::ConvTranspose2d`] |
//! | `FULLY_CONNECTED` | [`Linear`] | [`int16::Linear`] |
//! | `BATCH_MATMUL` | [`Matmul`] | [`Matmul`] |
//! | `UNIDIRECTIONAL_SEQUENCE_LSTM` | [`Lstm`] | [`int16::Lstm`] |
//! | `AVERAGE_POOL_2D`, `MAX_POOL_2D` | [`AvgPool2d`], [`MaxPool2d`] | the same |
//! | `SOFTMAX` | [`Softmax`] | [`int16::Softmax`] |
//! | `ADD` | [`Add`], [`CompactAdd`] | [`CompactAdd`] |
//! | `MUL`, `MINIMUM`, `MAXIMUM` | [`Mul`], [`Minimum`], [`Maximum`] | the same |
//! | `MEAN` | [`Mean`] | the same |
//! | `RELU`, `RELU6`, `QUANTIZE` | [`Relu`], [`Relu6`], [`Rescale`] | [`int16::Relu`], [`int16::Relu6`], [`int16::Rescale`] |
//! | floats before int8 weights, "hybrid" | [`DynamicFakeQuantize`] | – |
//! | `QUANTIZE`, `DEQUANTIZE` of floats | [`Quantize`], [`Dequantize`] | the same |
//! | `PAD`, `TRANSPOSE`, `RESHAPE` | [`ConstantPad`], [`Permute`], [`Reshape`] | the same |
//! | `CONCATENATION` | [`Concat`] | [`int16::Concat`] |
//!
//! [`Gru`] is the GRU of PyTorch in the same scheme: TensorFlow Lite has none. [`qas`] has layers that are trained on
//! int8 weights.
//!
//! Layers with two inputs are [`Binary`]; behind the branches of a block they stand in [`Residual`].

mod add;
mod arena;
mod binary;
mod clip;
mod concat;
mod conv;
mod conv_transpose;
mod convert;
mod extremes;
pub(crate) mod fixed_point;
mod float;
mod gate;
mod gru;
pub mod int16;
mod integer;
mod layer;
mod linear;
mod lookup;
mod lstm;
mod matmul;
mod mean;
mod movement;
mod mul;
mod network;
mod packing;
mod plane;
mod pool;
mod prepare;
pub mod qas;
mod requantize;
mod reshape;
mod residual;
mod rounding;
mod scale;
mod softmax;
mod stored;
mod windows;

pub use crate::layer::View as Reshape;
pub use add::{Add, AddParameters, AddScales, AddTables, CompactAdd};
pub use arena::{Arena, arena_words, end_of_scratch};
pub use binary::{Binary, Operands};
pub use clip::Clip;
pub use concat::Concat;
pub use conv::{Conv2d, DepthwiseConv2d};
pub use conv_transpose::ConvTranspose2d;
pub use convert::{Dequantize, Quantize};
pub use extremes::{Maximum, Minimum};
pub use float::{
    DynamicFakeQuantize, MinMaxObserver, MovingAverageMinMaxObserver, Observer, Observers, PercentileObserver,
    Quantizable, Ranges, Recipe, RecipeVisitor, Scheme, ToIntegers, calibrate, fake_quantize_weights, learned_ranges,
    quantize, quantize_and_show,
};
pub use gate::GateScale;
pub use gru::{Gru, GruCell, GruScales, GruWeights};
pub use integer::Integer;
pub(crate) use integer::limit;
pub use layer::{QuantizedLayer, unwrap};
pub use linear::Linear;
pub use lookup::{Relu, Relu6, Rescale};
pub use lstm::{Lstm, LstmCell, LstmScales, LstmWeights};
pub use matmul::{Matmul, MatmulDims, MatmulParameters};
pub use mean::Mean;
pub use movement::{ConstantPad, Permute};
pub use mul::{Mul, MulParameters, MulScales};
pub use packing::{ForDsp, ForHost, ForMve, Order, Packing, RowMajor};
pub use plane::Plane;
pub use pool::{AvgPool2d, MaxPool2d};
pub use prepare::{Fused, ZeroPoints};
pub(crate) use requantize::divide_by_power_of_two;
pub use requantize::{Clamp, Requantize, Scale};
pub use residual::Residual;
pub use rounding::{Once, Rounding, Twice};
pub use scale::{Multiplier, Quantization, QuantizeError};
pub use softmax::Softmax;
pub use stored::{stored_conv2d, stored_f32, stored_i8, stored_i32, stored_linear};
pub use windows::{Strip, Windows};
