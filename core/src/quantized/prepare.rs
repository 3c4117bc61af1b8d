//! What is known when the firmware is compiled: biases that have the kernels' sums in them, prepared scales,
//! and the proof that no sum leaves its accumulator.

use super::{Clamp, Multiplier, Once, Order, Quantization, QuantizeError, Scale, Twice};

/// The scale and zero point of a layer's input and output, and the limits of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroPoints {
    /// The zero point of the input.
    pub input: i8,
    /// The zero point of the output.
    pub output: i8,
    /// The limits of the output.
    pub clamp: Clamp<i8>,
}

impl ZeroPoints {
    /// Without limits on the output but those of int8.
    #[must_use]
    pub const fn new(input: i8, output: i8) -> Self {
        Self { input, output, clamp: Clamp::<i8>::NONE }
    }

    /// Those of two tensors, the output limited by an activation.
    pub(super) const fn of(input: Quantization, output: Quantization, fused: Fused) -> Result<Self, QuantizeError> {
        let (x, y) = (input.zero_point, output.zero_point);
        if x as i8 as i32 != x || y as i8 as i32 != y {
            return Err(QuantizeError::ZeroPoint);
        }
        Ok(Self { input: x as i8, output: y as i8, clamp: fused.clamp(output) })
    }
}

/// What a layer's output goes through before it is stored: TensorFlow Lite's fused activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fused {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `min(max(x, -1), 1)`: TensorFlow Lite's `RELU_N1_TO_1`.
    Hardtanh,
}

impl Fused {
    /// The integers that an output of this quantization is limited to.
    #[must_use]
    pub const fn clamp(self, output: Quantization) -> Clamp<i8> {
        let (min, max) = self.limits(output, i8::MIN as i32, i8::MAX as i32);
        Clamp { min: min as i8, max: max as i8 }
    }

    /// The same for any type of integers.
    pub(super) const fn limits(self, output: Quantization, least: i32, most: i32) -> (i32, i32) {
        let (low, high) = match self {
            Self::Identity => return (least, most),
            Self::Relu => (integer(0.0, output), most),
            Self::Relu6 => (integer(0.0, output), integer(6.0, output)),
            Self::Hardtanh => (integer(-1.0, output), integer(1.0, output)),
        };
        (if low > least { low } else { least }, if high < most { high } else { most })
    }
}

/// The integer nearest to a real number, half away from zero, in float32 as TensorFlow Lite computes it.
const fn integer(x: f32, output: Quantization) -> i32 {
    let steps = x / output.scale;
    let whole = steps as i32;
    let rest = steps - whole as f32;
    let rounded = if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    };
    rounded.saturating_add(output.zero_point)
}

/// Where the weights of a layer's output channels lie.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) weight: &'a [i8],
    /// The number of output channels.
    pub(super) channels: usize,
    /// From one weight of a channel to its next.
    pub(super) step: usize,
    /// From the first weight of a channel to that of the next one.
    pub(super) stride: usize,
    /// Weights of one channel.
    pub(super) len: usize,
    /// Bits of an accumulator of the products alone.
    pub(super) bits: u32,
    /// Whether a weight may be -128.
    pub(super) lowest: bool,
    /// The largest absolute value of what weights are multiplied by.
    pub(super) largest: i64,
    /// Whether the bias is not doubled.
    pub(super) plain_bias: bool,
}

impl<'a> Rows<'a> {
    /// Rows one below the other, on their way into an order.
    pub(super) const fn packed(weight: &'a [i8], channels: usize, len: usize, order: Order) -> Self {
        let dsp = matches!(order, Order::Dsp);
        let plain_bias = matches!(order, Order::Mve);
        let bits = if dsp { 24 } else { 32 };
        Self { bits, lowest: !dsp, plain_bias, ..Self::row_major(weight, channels, len) }
    }

    /// Rows one below the other.
    pub(super) const fn row_major(weight: &'a [i8], channels: usize, len: usize) -> Self {
        Self { weight, channels, step: 1, stride: len, len, bits: 32, lowest: true, largest: 128, plain_bias: false }
    }

    /// Columns beside each other.
    pub(super) const fn depthwise(weight: &'a [i8], channels: usize, len: usize) -> Self {
        Self { step: channels, stride: 1, ..Self::row_major(weight, channels, len) }
    }
}

/// Fills in the bias and the scale of each channel. Without a bias the slice is empty.
pub(super) const fn channels(
    rows: Rows<'_>,
    bias: &[i32],
    multipliers: &[Multiplier],
    zero: ZeroPoints,
    to_bias: &mut [i32],
    to_scales: &mut [Scale],
) -> Result<bool, QuantizeError> {
    if rows.weight.len() != rows.channels * rows.len {
        return Err(QuantizeError::Length {
            what: "weight",
            needed: rows.channels * rows.len,
            given: rows.weight.len(),
        });
    }
    if !bias.is_empty() && bias.len() != rows.channels {
        return Err(QuantizeError::Length { what: "bias", needed: rows.channels, given: bias.len() });
    }
    if multipliers.len() != to_scales.len() {
        return Err(QuantizeError::Length { what: "scales", needed: to_scales.len(), given: multipliers.len() });
    }
    let shared = to_scales.len() == 1;
    // One scale for all must do for the largest sum.
    let (mut o, mut largest) = (0, 0);
    while o < rows.channels {
        let (sum, size) = match sums(rows, o) {
            Ok(sums) => sums,
            Err(error) => return Err(error),
        };
        let bias = if bias.is_empty() { 0 } else { bias[o] as i64 };
        let absorbed = bias - zero.input as i64 * sum;
        let bound = absorbed.abs() + rows.largest * size;
        if bound >= 1 << 31 {
            return Err(QuantizeError::AccumulatorOverflow { channel: o, bits: 32 });
        }
        to_bias[o] = absorbed as i32;
        if bound > largest {
            largest = bound;
        }
        if !shared {
            match Scale::new(multipliers[o], zero.output as i32, bound) {
                Ok(scale) => to_scales[o] = if rows.plain_bias { scale.with_plain_bias() } else { scale },
                Err(_) => return Err(QuantizeError::Scale { channel: o }),
            }
            // A channel without effect must not keep all others from the faster formula.
            let reach = rows.largest * size;
            let ends = [(absorbed - reach) as i32, (absorbed + reach) as i32];
            if !to_scales[o].folded
                && let Some(y) = constant(multipliers[o], zero.output as i32, ends)
            {
                let scale = Scale::constant(y, zero.output);
                to_scales[o] = if rows.plain_bias { scale.with_plain_bias() } else { scale };
                to_bias[o] = 0;
            }
        }
        o += 1;
    }
    if shared {
        match Scale::new(multipliers[0], zero.output as i32, largest) {
            Ok(scale) => to_scales[0] = if rows.plain_bias { scale.with_plain_bias() } else { scale },
            Err(error) => return Err(error),
        }
    }
    let (mut o, mut folded) = (0, true);
    while o < rows.channels {
        let scale = if shared { to_scales[0] } else { to_scales[o] };
        to_bias[o] = scale.prepare_bias(to_bias[o]);
        folded &= scale.folded;
        o += 1;
    }
    Ok(folded)
}

/// The output of a channel if it is the same for the smallest and the largest sum, however they are rounded: what
/// converters leave of channels without weights, whose bias then has a tiny scale.
const fn constant(scale: Multiplier, zero_point: i32, [low, high]: [i32; 2]) -> Option<i8> {
    let clamp = Clamp::<i8>::NONE;
    let y = clamp.apply(scale.scale::<Twice>(low).saturating_add(zero_point));
    let same = y == clamp.apply(scale.scale::<Twice>(high).saturating_add(zero_point))
        && y == clamp.apply(scale.scale::<Once>(low).saturating_add(zero_point))
        && y == clamp.apply(scale.scale::<Once>(high).saturating_add(zero_point));
    if same { Some(y) } else { None }
}

/// Copies weights that stay in their order.
pub(super) const fn copy(from: &[i8], to: &mut [i8]) {
    to.copy_from_slice(from.split_at(to.len()).0);
}

/// The sum of a channel's weights, and that of their absolute values.
pub(super) const fn sums(rows: Rows<'_>, o: usize) -> Result<(i64, i64), QuantizeError> {
    let (weight, step) = (rows.weight, rows.step);
    let (mut place, end) = (o * rows.stride, o * rows.stride + rows.len * step);
    let (mut sum, mut size, mut least) = (0, 0, 0);
    // No calls: the compiler interprets this for each weight of a network.
    while place < end {
        let w = weight[place] as i64;
        sum += w;
        size += if w < 0 { -w } else { w };
        least = if w < least { w } else { least };
        place += step;
    }
    if least == i8::MIN as i64 && !rows.lowest {
        return Err(QuantizeError::WeightOutOfRange { channel: o });
    }
    if rows.largest * size >= 1 << (rows.bits - 1) {
        return Err(QuantizeError::AccumulatorOverflow { channel: o, bits: rows.bits });
    }
    Ok((sum, size))
}

/// In which precision TensorFlow Lite multiplies the scales of input and weight; it divides by that of the output in
/// float64.
#[derive(Clone, Copy)]
pub(super) enum Product {
    /// In float64: convolutions.
    Double,
    /// In float32 where one scale stands for all weights, in float64 otherwise: `FULLY_CONNECTED`.
    Single,
}

/// TensorFlow Lite's multipliers of the output channels, from one scale of the weight or one for each.
pub(super) const fn multipliers(
    input: Quantization,
    weight: &[f32],
    output: Quantization,
    product: Product,
    to: &mut [Multiplier],
) -> Result<(), QuantizeError> {
    if weight.len() != 1 && weight.len() != to.len() {
        return Err(QuantizeError::Length { what: "scales", needed: to.len(), given: weight.len() });
    }
    let mut o = 0;
    while o < to.len() {
        let scale = weight[if weight.len() == 1 { 0 } else { o }];
        if !(input.scale > 0.0 && scale > 0.0 && output.scale > 0.0 && scale * input.scale / output.scale < 1e9) {
            return Err(QuantizeError::Scale { channel: o });
        }
        let product = match product {
            Product::Single if weight.len() == 1 => (input.scale * scale) as f64,
            Product::Single | Product::Double => input.scale as f64 * scale as f64,
        };
        to[o] = Multiplier::from_real(product / output.scale as f64);
        o += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_multiplied_as_tensorflow_lite_does() {
        let (input, output) = (Quantization::new(0.391_015_23, 89), Quantization::new(0.049_459_13, -128));
        let of = |product| {
            let mut to = [Multiplier::from_real(0.0)];
            multipliers(input, &[0.000_376_875], output, product, &mut to).map(|()| to[0].multiplier)
        };
        // What TensorFlow Lite has for a fully connected layer with these scales, and what it would have otherwise.
        assert_eq!((of(Product::Single), of(Product::Double)), (Ok(1_638_001_653), Ok(1_638_001_719)));
    }

    #[test]
    fn a_channel_without_effect_leaves_the_others_folded() {
        let tiny = Multiplier { multiplier: 1 << 30, shift: -27 };
        let (weight, bias) = ([3, -5, 0, 0], [7, -(1 << 30)]);
        let (mut to_bias, mut to_scales) = ([0; 2], [Scale::ZERO; 2]);
        let multipliers = [Multiplier::from_real(0.25), tiny];
        let (rows, zero) = (Rows::row_major(&weight, 2, 2), ZeroPoints::new(0, 9));
        assert_eq!(channels(rows, &bias, &multipliers, zero, &mut to_bias, &mut to_scales), Ok(true));
        // -2^30 · 2^-28 + 9.
        assert_eq!(to_scales[1].apply::<Twice>(0, to_bias[1]), 5);
        assert_eq!(to_scales[1].apply::<Once>(0, to_bias[1]), 5);
        // As all scales of such a layer, it says that its bias is not doubled.
        let plain = Rows { plain_bias: true, ..rows };
        assert_eq!(channels(plain, &bias, &multipliers, zero, &mut to_bias, &mut to_scales), Ok(true));
        assert_eq!(to_scales.map(|scale| scale.shift < 0), [true; 2]);
        assert_eq!(to_scales[1].apply::<Twice>(0, to_bias[1]), 5);
        // With weights it has an effect.
        let rows = Rows::row_major(&[3, -5, 127, 127], 2, 2);
        let bias = [7, (1 << 30) - (1 << 26)];
        let multipliers = [Multiplier::from_real(0.25), Multiplier { multiplier: 1 << 30, shift: -26 }];
        assert_eq!(channels(rows, &bias, &multipliers, zero, &mut to_bias, &mut to_scales), Ok(false));
        assert_eq!(to_scales[1].apply::<Twice>(-2, to_bias[1]), 16);
        assert_eq!(to_scales[1].apply::<Twice>(0, to_bias[1]), 17);
    }
}
