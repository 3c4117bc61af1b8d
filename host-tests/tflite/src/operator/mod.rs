//! What each operator computes, and whether tensorlet has a layer for it.

use crate::{
    Error, Problem,
    flat::Field,
    graph::{Quantization, Tensors},
    schema::{self, Options},
};

mod float;
mod plain;
mod weighted;

pub(crate) use crate::codes::name;
pub(crate) use float::{Float, Floats};

/// An activation that an operator's output goes through before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fused {
    Identity,
    Relu,
    Relu6,
    Hardtanh,
}

/// How a window slides over rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Top, left, bottom, right.
    pub(crate) padding: [usize; 4],
    pub(crate) dilation: [usize; 2],
}

/// What an operator computes.
#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Conv2d {
        window: Window,
        per_group: usize,
        weights: Weights<'a>,
    },
    DepthwiseConv2d {
        window: Window,
        weights: Weights<'a>,
    },
    ConvTranspose2d {
        window: Window,
        weights: Weights<'a>,
    },
    Linear {
        weights: Weights<'a>,
    },
    AvgPool2d {
        window: Window,
        fused: Fused,
    },
    MaxPool2d {
        window: Window,
        fused: Fused,
    },
    Two {
        operator: Two,
        fused: Fused,
    },
    Lookup(Lookup),
    Mean {
        pixels: usize,
    },
    /// Of each dimension what comes before and behind.
    Pad {
        margins: Vec<[usize; 2]>,
    },
    Transpose {
        dims: Vec<usize>,
    },
    Concat {
        dim: usize,
    },
    Softmax {
        beta: f32,
    },
    /// From floats.
    Quantize,
    /// To floats.
    Dequantize,
    /// The same elements under another shape.
    View,
    Float(Float),
}

/// An operator of two tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Two {
    Add,
    Mul,
    Minimum,
    Maximum,
}

/// A function of one integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Relu,
    Relu6,
    Rescale,
}

/// The constants of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Weights<'a> {
    /// In TensorFlow Lite's order.
    pub(crate) weight: &'a [u8],
    /// One scale, or one for each output channel.
    pub(crate) scales: Vec<f32>,
    /// Empty if there is none.
    pub(crate) bias: Vec<i32>,
    pub(crate) fused: Fused,
    /// Whether two output channels fit into halfwords.
    pub(crate) pairs: bool,
}

mod code {
    pub(super) const ADD: i32 = 0;
    pub(super) const AVERAGE_POOL_2D: i32 = 1;
    pub(super) const CONCATENATION: i32 = 2;
    pub(super) const CONV_2D: i32 = 3;
    pub(super) const DEPTHWISE_CONV_2D: i32 = 4;
    pub(super) const DEQUANTIZE: i32 = 6;
    pub(super) const FULLY_CONNECTED: i32 = 9;
    pub(super) const MAX_POOL_2D: i32 = 17;
    pub(super) const MUL: i32 = 18;
    pub(super) const RELU: i32 = 19;
    pub(super) const RELU6: i32 = 21;
    pub(super) const RESHAPE: i32 = 22;
    pub(super) const SOFTMAX: i32 = 25;
    pub(super) const PAD: i32 = 34;
    pub(super) const TRANSPOSE: i32 = 39;
    pub(super) const MEAN: i32 = 40;
    pub(super) const SQUEEZE: i32 = 43;
    pub(super) const MAXIMUM: i32 = 55;
    pub(super) const MINIMUM: i32 = 57;
    pub(super) const TRANSPOSE_CONV: i32 = 67;
    pub(super) const EXPAND_DIMS: i32 = 70;
    pub(super) const QUANTIZE: i32 = 114;
}

/// The tables of the union of options.
mod table {
    pub(super) const CONV_2D: u8 = 1;
    pub(super) const DEPTHWISE_CONV_2D: u8 = 2;
    pub(super) const POOL_2D: u8 = 5;
    pub(super) const FULLY_CONNECTED: u8 = 8;
    pub(super) const SOFTMAX: u8 = 9;
    pub(super) const CONCATENATION: u8 = 10;
    pub(super) const ADD: u8 = 11;
    pub(super) const MUL: u8 = 21;
    pub(super) const TRANSPOSE_CONV: u8 = 49;
}

/// Whether tensorlet has a layer for an operator.
pub(crate) fn is_supported(operator: i32) -> bool {
    let weighted = [code::CONV_2D, code::DEPTHWISE_CONV_2D, code::FULLY_CONNECTED, code::TRANSPOSE_CONV];
    let pooling = [code::AVERAGE_POOL_2D, code::MAX_POOL_2D, code::MEAN];
    let two = [code::ADD, code::MUL, code::MINIMUM, code::MAXIMUM, code::CONCATENATION];
    let one = [code::SOFTMAX, code::RELU, code::RELU6, code::QUANTIZE, code::DEQUANTIZE];
    let moving = [code::RESHAPE, code::SQUEEZE, code::EXPAND_DIMS, code::PAD, code::TRANSPOSE];
    [&weighted[..], &pooling, &two, &one, &moving].concat().contains(&operator)
}

/// An operator in the file, and what is known when it is its turn.
pub(crate) struct Context<'c, 'm, 'a, F> {
    pub(crate) tensors: &'c mut Tensors<'m, 'a>,
    pub(crate) operator: &'c schema::Operator<'a>,
    /// Tensors; none for an input that is left out.
    pub(crate) inputs: Vec<Option<usize>>,
    pub(crate) output: usize,
    /// Says of a problem which operator has it.
    pub(crate) fail: &'c F,
}

/// What an operator is, the names of tensors that say so, and which activations it reads.
type Read<'a> = (Kind<'a>, Vec<&'a str>, Vec<usize>);

/// Reads and checks an operator.
pub(crate) fn read<'a, F: Fn(Problem) -> Error>(
    operator: i32,
    context: &mut Context<'_, '_, 'a, F>,
) -> Result<Read<'a>, Error> {
    let made = context.tensors.name(context.output);
    if operator == code::TRANSPOSE_CONV {
        let (weight, input) = (context.required(1, "weight")?, context.input(2)?);
        return Ok((context.conv_transpose(input, weight)?, vec![context.tensors.name(weight), made], vec![input]));
    }
    if operator == code::CONCATENATION {
        let inputs = (0..context.inputs.len()).map(|place| context.input(place)).collect::<Result<Vec<_>, _>>()?;
        return Ok((context.concat(&inputs)?, vec![made], inputs));
    }
    if operator == code::QUANTIZE && context.is_float(0)? {
        let input = context.any_input(0)?;
        context.same_shape(input)?;
        context.output()?;
        return Ok((Kind::Quantize, vec![made], vec![input]));
    }
    if context.is_float(0)?
        && let Some(read) = context.float(operator)?
    {
        return Ok(read);
    }
    let input = context.input(0)?;
    let two = match operator {
        code::ADD => Some(Two::Add),
        code::MUL => Some(Two::Mul),
        code::MINIMUM => Some(Two::Minimum),
        code::MAXIMUM => Some(Two::Maximum),
        _ => None,
    };
    if let Some(two) = two {
        let inputs = [input, context.input(1)?];
        return Ok((context.two(two, inputs)?, vec![made], inputs.to_vec()));
    }
    if [code::CONV_2D, code::DEPTHWISE_CONV_2D, code::FULLY_CONNECTED].contains(&operator) {
        let weight = context.required(1, "weight")?;
        let kind = match operator {
            code::CONV_2D => context.conv2d(input, weight)?,
            code::DEPTHWISE_CONV_2D => context.depthwise(input, weight)?,
            _ => context.linear(input, weight)?,
        };
        return Ok((kind, vec![context.tensors.name(weight), made], vec![input]));
    }
    let kind = match operator {
        code::AVERAGE_POOL_2D => {
            let (window, fused) = context.pool(input)?;
            Kind::AvgPool2d { window, fused }
        }
        code::MAX_POOL_2D => {
            let (window, fused) = context.pool(input)?;
            Kind::MaxPool2d { window, fused }
        }
        code::SOFTMAX => context.softmax(input)?,
        code::RELU => context.lookup(Lookup::Relu, input)?,
        code::RELU6 => context.lookup(Lookup::Relu6, input)?,
        code::QUANTIZE => context.lookup(Lookup::Rescale, input)?,
        code::DEQUANTIZE => {
            context.same_shape(input)?;
            context.float_output()?;
            Kind::Dequantize
        }
        code::MEAN => context.mean(input)?,
        code::PAD => context.pad(input)?,
        code::TRANSPOSE => context.transpose(input)?,
        _ => context.view(input)?,
    };
    Ok((kind, vec![made], vec![input]))
}

impl<'a, F: Fn(Problem) -> Error> Context<'_, '_, 'a, F> {
    fn required(&self, place: usize, what: &'static str) -> Result<usize, Error> {
        self.inputs.get(place).copied().flatten().ok_or_else(|| (self.fail)(Problem::Missing(what)))
    }

    /// The activation that is an input, of integers or floats.
    fn any_input(&self, place: usize) -> Result<usize, Error> {
        self.tensors.activation(self.required(place, "input")?)
    }

    /// The activation of int8 that is an input.
    fn input(&self, place: usize) -> Result<usize, Error> {
        let input = self.any_input(place)?;
        self.quantization(input)?;
        Ok(input)
    }

    fn is_float(&self, place: usize) -> Result<bool, Error> {
        Ok(self.tensors.computed(self.any_input(place)?).quantization.is_none())
    }

    fn quantization(&self, input: usize) -> Result<Quantization, Error> {
        let expected = || (self.fail)(Problem::mismatch("the type of an input", "float32", "int8"));
        self.tensors.computed(input).quantization.ok_or_else(expected)
    }

    fn output_shape(&self) -> Result<Vec<usize>, Error> {
        Ok(self.tensors.output(self.output)?.0)
    }

    /// The shape and quantization of the output, which must be of int8.
    fn output(&self) -> Result<(Vec<usize>, Quantization), Error> {
        let (shape, quantization) = self.tensors.output(self.output)?;
        let expected = || (self.fail)(Problem::mismatch("the type of the output", "float32", "int8"));
        Ok((shape, quantization.ok_or_else(expected)?))
    }

    fn float_output(&self) -> Result<(), Error> {
        match self.tensors.output(self.output)?.1 {
            None => Ok(()),
            Some(_) => Err((self.fail)(Problem::mismatch("the type of the output", "int8", "float32"))),
        }
    }

    /// Another shape for the same elements.
    fn view(&self, input: usize) -> Result<Kind<'a>, Error> {
        self.same_elements(input)?;
        self.same_quantization(input, self.output()?.1)?;
        Ok(Kind::View)
    }

    /// The output has as many elements as the input.
    fn same_elements(&self, input: usize) -> Result<(), Error> {
        let (shape, from) = (self.output_shape()?, self.tensors.computed(input));
        if shape.iter().product::<usize>() == from.elements() {
            return Ok(());
        }
        Err((self.fail)(Problem::mismatch("the shape of the output", shape, &from.shape)))
    }

    fn options(&self, kind: u8) -> Result<Options<'a>, Error> {
        self.operator.options(kind).ok_or_else(|| (self.fail)(Problem::Missing("options of its kind")))
    }

    /// The shape of an activation that is an image: rows, columns, channels.
    fn image(&self, shape: &[usize]) -> Result<[usize; 3], Error> {
        shape.try_into().map_err(|_| (self.fail)(Problem::unsupported("the shape of a tensor", shape)))
    }

    fn fused(&self, options: Options<'a>, field: usize) -> Result<Fused, Error> {
        match options.number::<i8>(Field::new(field, "fused_activation_function"), 0)? {
            0 => Ok(Fused::Identity),
            1 => Ok(Fused::Relu),
            2 => Ok(Fused::Hardtanh),
            3 => Ok(Fused::Relu6),
            other => Err((self.fail)(Problem::unsupported("its activation", other))),
        }
    }

    /// A size among the options: from 1 to what no sensible model reaches.
    fn size(&self, options: Options<'a>, field: Field, default: i32) -> Result<usize, Error> {
        let value = options.number::<i32>(field, default)?;
        let size = usize::try_from(value).ok().filter(|size| (1..1 << 16).contains(size));
        size.ok_or_else(|| (self.fail)(Problem::range("a stride, dilation or size of a window", value)))
    }

    /// The window of an operator whose options start with padding and strides, from a padded input of this size to an
    /// output of that one.
    fn window(
        &self,
        options: Options<'a>,
        kernel: [usize; 2],
        dilation: [usize; 2],
        [input, output]: [&[usize; 3]; 2],
    ) -> Result<Window, Error> {
        let stride =
            [self.size(options, Field::new(2, "stride_h"), 0)?, self.size(options, Field::new(1, "stride_w"), 0)?];
        let same = match options.number::<i8>(Field::new(0, "padding"), 0)? {
            0 => true,
            1 => false,
            other => return Err((self.fail)(Problem::unsupported("its padding", other))),
        };
        let mut padding = [0; 4];
        for axis in 0..2 {
            let reach = (kernel[axis] - 1) * dilation[axis] + 1;
            let expected = if same {
                let outputs = input[axis].div_ceil(stride[axis]);
                let total = ((outputs - 1) * stride[axis] + reach).saturating_sub(input[axis]);
                padding[axis] = total / 2;
                padding[axis + 2] = total - total / 2;
                Some(outputs)
            } else {
                input[axis].checked_sub(reach).map(|rest| rest / stride[axis] + 1)
            };
            if expected != Some(output[axis]) {
                let problem = Problem::mismatch("the shape of the output", output, expected);
                return Err((self.fail)(problem));
            }
        }
        Ok(Window { kernel, stride, padding, dilation })
    }

    fn equal(&self, what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
        if found == expected { Ok(()) } else { Err((self.fail)(Problem::mismatch(what, found, expected))) }
    }

    fn same_quantization(&self, input: usize, output: Quantization) -> Result<(), Error> {
        let input = self.quantization(input)?;
        if input == output {
            return Ok(());
        }
        Err((self.fail)(Problem::mismatch("the quantization of the output", output, input)))
    }
}
