//! Operators on floats.
//!
//! tensorlet's layers of floats are PyTorch's: images are `[channels][rows][columns]`, weights in the same order. Weights
//! are turned here, once; activations are turned by steps of their own ([`layout`](crate::layout)), of which a
//! classifier needs one, in front of all others.

use super::{Context, Fused, Window, code, table};
use crate::{Error, Problem, flat::Field, schema::element};

/// What an operator on floats computes.
#[derive(Clone, Debug)]
pub(crate) enum Float {
    Conv2d {
        window: Window,
        per_group: usize,
        weights: Floats,
    },
    Linear {
        weights: Floats,
    },
    AvgPool2d {
        window: Window,
        fused: Fused,
    },
    MaxPool2d {
        window: Window,
        fused: Fused,
    },
    Add {
        fused: Fused,
    },
    Relu,
    Relu6,
    Softmax,
    /// The input of a layer with int8 weights.
    DynamicQuantize,
    /// To `[channels][rows][columns]`, or back.
    ToPlanes,
    ToPixels,
}

/// The constants of a layer of floats.
#[derive(Clone, Debug)]
pub(crate) struct Floats {
    /// In PyTorch's order; that of a linear layer transposed.
    pub(crate) weight: Vec<f32>,
    /// Empty if there is none.
    pub(crate) bias: Vec<f32>,
    pub(crate) fused: Fused,
    /// Whether the weights are stored as int8, so that the input is rounded.
    pub(crate) hybrid: bool,
}

/// A weight as it is stored.
struct Stored {
    weight: Vec<f32>,
    shape: Vec<usize>,
    hybrid: bool,
}

impl<'a, F: Fn(Problem) -> Error> Context<'_, '_, 'a, F> {
    /// An operator whose first input is of floats; none if it is one of those that convert them.
    pub(super) fn float(&mut self, operator: i32) -> Result<Option<super::Read<'a>>, Error> {
        let made = self.tensors.name(self.output);
        let input = self.any_input(0)?;
        let mut names = vec![made];
        let mut inputs = vec![input];
        let kind = match operator {
            code::CONV_2D | code::DEPTHWISE_CONV_2D | code::FULLY_CONNECTED => {
                self.float_output()?;
                let weight = self.required(1, "weight")?;
                names.insert(0, self.tensors.name(weight));
                match operator {
                    code::CONV_2D => self.float_conv2d(input, weight, false)?,
                    code::DEPTHWISE_CONV_2D => self.float_conv2d(input, weight, true)?,
                    _ => self.float_linear(input, weight)?,
                }
            }
            code::AVERAGE_POOL_2D | code::MAX_POOL_2D => {
                self.float_output()?;
                let (window, fused) = self.float_pool(input)?;
                if operator == code::MAX_POOL_2D {
                    Float::MaxPool2d { window, fused }
                } else {
                    Float::AvgPool2d { window, fused }
                }
            }
            code::MEAN => {
                self.float_output()?;
                let kernel = self.mean_window(input)?;
                let window = Window { kernel, stride: [1, 1], padding: [0; 4], dilation: [1, 1] };
                Float::AvgPool2d { window, fused: Fused::Identity }
            }
            code::ADD => {
                self.float_output()?;
                let other = self.any_input(1)?;
                inputs.push(other);
                for input in [input, other] {
                    self.same_shape(input)?;
                    self.float_input(input)?;
                }
                Float::Add { fused: self.float_fused(table::ADD, 0)? }
            }
            code::RELU | code::RELU6 | code::SOFTMAX => {
                self.float_output()?;
                self.same_shape(input)?;
                match operator {
                    code::RELU => Float::Relu,
                    code::RELU6 => Float::Relu6,
                    _ => self.float_softmax()?,
                }
            }
            code::RESHAPE | code::SQUEEZE | code::EXPAND_DIMS => {
                self.float_output()?;
                self.same_elements(input)?;
                return Ok(Some((super::Kind::View, names, inputs)));
            }
            _ => return Ok(None),
        };
        Ok(Some((super::Kind::Float(kind), names, inputs)))
    }

    fn float_input(&self, input: usize) -> Result<(), Error> {
        if self.tensors.computed(input).quantization.is_none() {
            return Ok(());
        }
        Err((self.fail)(Problem::mismatch("the type of an input", "int8", "float32")))
    }

    /// An activation that floats have a layer for.
    fn float_fused(&self, kind: u8, field: usize) -> Result<Fused, Error> {
        match self.fused(self.options(kind)?, field)? {
            Fused::Hardtanh => Err((self.fail)(Problem::unsupported("its activation", "RELU_N1_TO_1"))),
            fused => Ok(fused),
        }
    }

    fn float_conv2d(&mut self, input: usize, weight: usize, depthwise: bool) -> Result<Float, Error> {
        let kind = if depthwise { table::DEPTHWISE_CONV_2D } else { table::CONV_2D };
        let options = self.options(kind)?;
        // Of a depthwise convolution there is a multiplier of channels before the activation.
        let next = if depthwise { 4 } else { 3 };
        let fused = self.float_fused(kind, next)?;
        let Stored { weight, shape, hybrid } = self.float_weight(weight)?;
        let Ok([first, rows, columns, last]) = <[usize; 4]>::try_from(&shape[..]) else {
            return Err((self.fail)(Problem::unsupported("the shape of its weight", shape)));
        };
        if depthwise && hybrid {
            return Err((self.fail)(Problem::unsupported("the type of its weight", "int8 before floats")));
        }
        let dilation = [
            self.size(options, Field::new(next + 2, "dilation_h"), 1)?,
            self.size(options, Field::new(next + 1, "dilation_w"), 1)?,
        ];
        let from = self.image(&self.tensors.computed(input).shape)?;
        let to = self.image(&self.output_shape()?)?;
        let window = self.window(options, [rows, columns], dilation, [&from, &to])?;
        let [out, per_group] = if depthwise { [last, 1] } else { [first, last] };
        if depthwise {
            self.equal("the first size of the weight", first, 1)?;
        }
        self.equal("the number of output channels", to[2], out)?;
        if !from[2].is_multiple_of(per_group) || !out.is_multiple_of(from[2] / per_group) {
            return Err((self.fail)(Problem::mismatch("the input channels of a weight", per_group, from[2])));
        }
        // From [out][rows][columns][channels], or [rows][columns][out], to [out][channels][rows][columns].
        let taps = rows * columns;
        let place = |i: usize| {
            let (o, channel, tap) = (i / (per_group * taps), i / taps % per_group, i % taps);
            if depthwise { tap * out + o } else { (o * taps + tap) * per_group + channel }
        };
        let weight = (0..weight.len()).map(|i| weight[place(i)]).collect();
        let weights = Floats { weight, bias: self.float_bias(out)?, fused, hybrid };
        Ok(Float::Conv2d { window, per_group, weights })
    }

    fn float_linear(&mut self, input: usize, weight: usize) -> Result<Float, Error> {
        let options = self.options(table::FULLY_CONNECTED)?;
        let fused = self.float_fused(table::FULLY_CONNECTED, 0)?;
        let format = options.number::<i8>(Field::new(1, "weights_format"), 0)?;
        if format != 0 {
            return Err((self.fail)(Problem::unsupported("the format of its weight", format)));
        }
        let asymmetric = options.number::<i8>(Field::new(3, "asymmetric_quantize_inputs"), 0)? != 0;
        let Stored { weight, shape, hybrid } = self.float_weight(weight)?;
        if hybrid && asymmetric {
            return Err((self.fail)(Problem::unsupported("the rounding of its input", "asymmetric")));
        }
        let [out, len] = shape[..] else {
            return Err((self.fail)(Problem::unsupported("the shape of its weight", shape)));
        };
        self.equal("the number of inputs", self.tensors.computed(input).elements(), len)?;
        self.equal("the number of outputs", self.output_shape()?.iter().product(), out)?;
        let weight = (0..weight.len()).map(|i| weight[i % out * len + i / out]).collect();
        Ok(Float::Linear { weights: Floats { weight, bias: self.float_bias(out)?, fused, hybrid } })
    }

    /// A weight of floats, or of int8 with one scale.
    fn float_weight(&mut self, place: usize) -> Result<Stored, Error> {
        if self.tensors.element(place) == element::FLOAT32 {
            let (weight, shape) = self.tensors.floats(place)?;
            return Ok(Stored { weight, shape, hybrid: false });
        }
        let weight = self.tensors.weight(place, 0)?;
        let [scale] = weight.scales[..] else {
            let problem =
                Problem::unsupported("the number of scales of an int8 weight before floats", weight.scales.len());
            return Err((self.fail)(problem));
        };
        // Four bytes are made of each.
        self.tensors.count(3 * weight.data.len())?;
        let real = |byte: &u8| scale * f32::from(i8::from_ne_bytes([*byte]));
        Ok(Stored { weight: weight.data.iter().map(real).collect(), shape: weight.shape, hybrid: true })
    }

    fn float_bias(&mut self, len: usize) -> Result<Vec<f32>, Error> {
        let Some(place) = self.inputs.get(2).copied().flatten() else { return Ok(Vec::new()) };
        let (bias, shape) = self.tensors.floats(place)?;
        self.equal("the number of biases", shape.iter().product(), len)?;
        Ok(bias)
    }

    fn float_pool(&self, input: usize) -> Result<(Window, Fused), Error> {
        let options = self.options(table::POOL_2D)?;
        let kernel = self.pool_kernel(options)?;
        let (from, to) = (self.image(&self.tensors.computed(input).shape)?, self.image(&self.output_shape()?)?);
        self.equal("the number of output channels", to[2], from[2])?;
        let window = self.window(options, kernel, [1, 1], [&from, &to])?;
        Ok((window, self.float_fused(table::POOL_2D, 5)?))
    }

    fn float_softmax(&self) -> Result<Float, Error> {
        let beta = self.options(table::SOFTMAX)?.number::<f32>(Field::new(0, "beta"), 0.0)?;
        if beta.to_bits() == 1.0_f32.to_bits() {
            return Ok(Float::Softmax);
        }
        Err((self.fail)(Problem::unsupported("beta", beta)))
    }
}
