//! Operators with weights.

use super::{Context, Fused, Kind, Weights, table};
use crate::{Error, Problem, flat::Field, graph::Weight};

impl<'a, F: Fn(Problem) -> Error> Context<'_, '_, 'a, F> {
    pub(super) fn conv2d(&mut self, input: usize, weight: usize) -> Result<Kind<'a>, Error> {
        let options = self.options(table::CONV_2D)?;
        let fused = self.fused(options, 3)?;
        let weight = self.tensors.weight(weight, 0)?;
        let [out, rows, columns, per_group] = self.filter(&weight)?;
        let dilation =
            [self.size(options, Field::new(5, "dilation_h"), 1)?, self.size(options, Field::new(4, "dilation_w"), 1)?];
        let from = self.image(&self.tensors.computed(input).shape)?;
        let to = self.image(&self.output()?.0)?;
        let window = self.window(options, [rows, columns], dilation, [&from, &to])?;
        self.equal("the number of output channels", to[2], out)?;
        if !from[2].is_multiple_of(per_group) || !out.is_multiple_of(from[2] / per_group) {
            return Err((self.fail)(Problem::mismatch("the input channels of a weight", per_group, from[2])));
        }
        let len = rows * columns * per_group;
        let weights = self.weights(input, weight, fused, Layout::rows(out, len))?;
        Ok(Kind::Conv2d { window, per_group, weights })
    }

    pub(super) fn depthwise(&mut self, input: usize, weight: usize) -> Result<Kind<'a>, Error> {
        let options = self.options(table::DEPTHWISE_CONV_2D)?;
        let fused = self.fused(options, 4)?;
        let weight = self.tensors.weight(weight, 3)?;
        let [one, rows, columns, out] = self.filter(&weight)?;
        self.equal("the first size of the weight", one, 1)?;
        let dilation =
            [self.size(options, Field::new(6, "dilation_h"), 1)?, self.size(options, Field::new(5, "dilation_w"), 1)?];
        let from = self.image(&self.tensors.computed(input).shape)?;
        let to = self.image(&self.output()?.0)?;
        let window = self.window(options, [rows, columns], dilation, [&from, &to])?;
        self.equal("the number of output channels", to[2], out)?;
        // TensorFlow Lite, too, goes by the shapes.
        if !out.is_multiple_of(from[2]) {
            return Err((self.fail)(Problem::mismatch("the number of output channels", out, from[2])));
        }
        let layout = Layout { step: out, next: 1, ..Layout::rows(out, rows * columns) };
        let weights = self.weights(input, weight, fused, layout)?;
        Ok(Kind::DepthwiseConv2d { window, weights })
    }

    pub(super) fn linear(&mut self, input: usize, weight: usize) -> Result<Kind<'a>, Error> {
        let options = self.options(table::FULLY_CONNECTED)?;
        let fused = self.fused(options, 0)?;
        let format = options.number::<i8>(Field::new(1, "weights_format"), 0)?;
        if format != 0 {
            return Err((self.fail)(Problem::unsupported("the format of its weight", format)));
        }
        let weight = self.tensors.weight(weight, 0)?;
        let [out, len] = weight.shape[..] else {
            return Err((self.fail)(Problem::unsupported("the shape of its weight", &weight.shape)));
        };
        self.equal("the number of inputs", self.tensors.computed(input).elements(), len)?;
        self.equal("the number of outputs", self.output()?.0.iter().product(), out)?;
        let weights = self.weights(input, weight, fused, Layout::rows(out, len))?;
        Ok(Kind::Linear { weights })
    }

    pub(super) fn conv_transpose(&mut self, input: usize, weight: usize) -> Result<Kind<'a>, Error> {
        let options = self.options(table::TRANSPOSE_CONV)?;
        let fused = self.fused(options, 3)?;
        let weight = self.tensors.weight(weight, 0)?;
        let [out, rows, columns, channels] = self.filter(&weight)?;
        let from = self.image(&self.tensors.computed(input).shape)?;
        let to = self.image(&self.output()?.0)?;
        self.equal("the number of output channels", to[2], out)?;
        self.equal("the number of input channels", from[2], channels)?;
        // The window slides over the output.
        let window = self.window(options, [rows, columns], [1, 1], [&to, &from])?;
        for axis in 0..2 {
            let reach = (from[axis] - 1) * window.stride[axis] + window.kernel[axis];
            let size = reach - window.padding[axis] - window.padding[axis + 2];
            self.equal("the size of the output", to[axis], size)?;
        }
        let layout = Layout { bias: 3, absorbs: false, ..Layout::rows(out, rows * columns * channels) };
        Ok(Kind::ConvTranspose2d { window, weights: self.weights(input, weight, fused, layout)? })
    }

    fn filter(&self, weight: &Weight<'a>) -> Result<[usize; 4], Error> {
        let shape = weight.shape[..].try_into();
        shape.map_err(|_| (self.fail)(Problem::unsupported("the shape of its weight", &weight.shape)))
    }

    /// The constants of a layer. No sum may leave 32 bits.
    fn weights(
        &mut self,
        input: usize,
        weight: Weight<'a>,
        fused: Fused,
        layout: Layout,
    ) -> Result<Weights<'a>, Error> {
        let from = self.quantization(input)?;
        let (_, output) = self.output()?;
        for &scale in &weight.scales {
            let ratio = scale * from.scale / output.scale;
            if !(ratio.is_normal() && ratio < 1e9) {
                return Err((self.fail)(Problem::range("the scale of a sum", ratio)));
            }
        }
        let bias = match self.inputs.get(layout.bias).copied().flatten() {
            Some(place) => {
                let scales: Vec<f64> = weight.scales.iter().map(|&w| f64::from(w) * f64::from(from.scale)).collect();
                self.tensors.bias(place, &scales, output.scale, layout.channels)?
            }
            None => Vec::new(),
        };
        let mut pairs = true;
        for channel in 0..layout.channels {
            let place = |i: usize| i8::from_ne_bytes([weight.data[channel * layout.next + i * layout.step]]);
            let weights = (0..layout.len).map(place);
            let (sum, size, lowest) = weights.fold((0_i64, 0_i64, false), |(sum, size, lowest), w| {
                (sum + i64::from(w), size + i64::from(w).abs(), lowest || w == i8::MIN)
            });
            let bias = i64::from(bias.get(channel).copied().unwrap_or_default());
            let absorbed = if layout.absorbs { bias - i64::from(from.zero_point) * sum } else { bias };
            let largest = if layout.absorbs { 128 } else { 255 };
            if absorbed.abs() + largest * size >= 1 << 31 {
                return Err((self.fail)(Problem::Overflow(channel)));
            }
            pairs &= !lowest && 128 * size < 1 << 23;
        }
        Ok(Weights { weight: weight.data, scales: weight.scales, bias, fused, pairs })
    }
}
/// Where the weights of an output channel lie.
struct Layout {
    channels: usize,
    /// Weights of one channel.
    len: usize,
    /// From one of them to the next.
    step: usize,
    /// From the first of one channel to that of the next.
    next: usize,
    /// The place of the bias among the inputs.
    bias: usize,
    /// Whether the bias takes in the zero point of the input.
    absorbs: bool,
}

impl Layout {
    /// One row for each output channel; the bias is the third input.
    fn rows(channels: usize, len: usize) -> Self {
        Self { channels, len, step: 1, next: len, bias: 2, absorbs: true }
    }
}
