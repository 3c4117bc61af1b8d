//! Long short-term memory on int8.

use core::marker::PhantomData;

use super::{
    GateScale, Multiplier, Packing, QuantizeError, Rounding, RowMajor, Twice, gate, layer::quantized_module,
    prepare::Rows,
};
use crate::{
    Layer, Tensor, Train,
    description::{Cell, Description, LayerInfo, Layout, Op, ParameterInfo, Recurrence},
    kernel::{Kernels, samples_mut},
    layer::Pass,
    memory::{self, End, Input},
    shape::Shape,
};

/// How an LSTM scales what is no sum of weights: PyTorch's `c ← f c + i g`, `h ← o tanh(c)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmCell {
    /// The scale of `f · c`.
    pub forget_to_cell: Multiplier,
    /// The scale of `i · g`.
    pub input_to_cell: Multiplier,
    /// The scale of `o · tanh(c)`.
    pub output: Multiplier,
    /// The zero point of the output.
    pub output_zero: i32,
    /// The largest absolute value of the cell's state; `i16::MAX` for all.
    pub clip: i16,
    /// The cell's state is in steps of `2^power`; this is `power + 12`.
    pub tanh_shift: i32,
}

impl LstmCell {
    /// Whatever the gates, 0.
    pub(super) const ZERO: Self = Self {
        forget_to_cell: Multiplier::from_real(0.0),
        input_to_cell: Multiplier::from_real(0.0),
        output: Multiplier::from_real(0.0),
        output_zero: 0,
        clip: i16::MAX,
        tanh_shift: 0,
    };

    /// Fails where a scale is out of range.
    pub(super) const fn check(&self) -> Result<(), QuantizeError> {
        let scales = [self.forget_to_cell, self.input_to_cell, self.output];
        let mut i = 0;
        while i < 3 {
            if !gate::is_of_products(scales[i]) {
                return Err(QuantizeError::Scale { channel: i });
            }
            i += 1;
        }
        if self.clip < 0 || self.tanh_shift < -15 || self.tanh_shift > 12 {
            return Err(QuantizeError::Scale { channel: 3 });
        }
        Ok(())
    }
}

/// What a kernel needs of an LSTM: rows in the order gate, unit, with the gates i, f, g, o.
#[derive(Clone, Copy, Debug)]
pub struct LstmWeights<'a> {
    /// `[4 · hidden][inputs]`.
    pub weight_ih: &'a [i8],
    /// `[4 · hidden][hidden]`.
    pub weight_hh: &'a [i8],
    /// The bias of each row of `weight_ih`, as its gate's scale says.
    pub bias_ih: &'a [i32],
    /// The bias of each row of `weight_hh`: what the zero point of the state takes away.
    pub bias_hh: &'a [i32],
    /// The scales of the sums over the input.
    pub input: &'a [GateScale; 4],
    /// The scales of the sums over the state.
    pub hidden: &'a [GateScale; 4],
    /// The scales of the cell.
    pub cell: &'a LstmCell,
}

/// How the parameters of an LSTM are scaled, as CMSIS-NN takes them; gates in PyTorch's order i, f, g, o.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmScales {
    /// The zero point of the input.
    pub input_zero: i8,
    /// The multipliers of the sums over the input.
    pub input: [Multiplier; 4],
    /// The multipliers of the sums over the state.
    pub hidden: [Multiplier; 4],
    /// The scales of the cell.
    pub cell: LstmCell,
}

impl LstmScales {
    /// TensorFlow Lite's, from the scales of the tensors: gates work in steps of `2^-12`, the cell's state in those
    /// of `2^power`.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale is not positive and finite, or a zero point no int8.
    pub const fn from_scales(
        input: super::Quantization,
        weight_ih: [f32; 4],
        weight_hh: [f32; 4],
        power: i32,
        output: super::Quantization,
    ) -> Result<Self, QuantizeError> {
        if input.zero_point as i8 as i32 != input.zero_point || output.zero_point as i8 as i32 != output.zero_point {
            return Err(QuantizeError::ZeroPoint);
        }
        if !(input.is_valid() && output.is_valid()) || power < -24 || power > 0 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let (input_steps, hidden_steps) =
            match (gate::multipliers(input, weight_ih), gate::multipliers(output, weight_hh)) {
                (Ok(input), Ok(hidden)) => (input, hidden),
                (Err(error), _) | (_, Err(error)) => return Err(error),
            };
        Ok(Self {
            input_zero: input.zero_point as i8,
            input: input_steps,
            hidden: hidden_steps,
            cell: LstmCell {
                // Gates have steps of 2^-15.
                forget_to_cell: Multiplier::from_real(power_of_two(-15)),
                input_to_cell: Multiplier::from_real(power_of_two(-30 - power)),
                output: Multiplier::from_real(power_of_two(-30) / output.scale as f64),
                output_zero: output.zero_point,
                clip: i16::MAX,
                tanh_shift: power + 12,
            },
        })
    }
}

/// `2^power`.
pub(super) const fn power_of_two(power: i32) -> f64 {
    f64::from_bits(((1023 + power) as u64) << 52)
}

/// Long short-term memory over sequences of int8: PyTorch's `nn.LSTM(IN, H, batch_first=True)`, TensorFlow Lite's
/// `UNIDIRECTIONAL_SEQUENCE_LSTM`.
///
/// Inputs and outputs are int8, gates and the cell's state int16: bit for bit CMSIS-NN's
/// `arm_lstm_unidirectional_s8`. The state that is carried on is `h`, less its zero point, and `c` of each sample.
///
/// The weights lie in flash in the order `P`, and all sums and products are rounded as `R` says. `Once` is what
/// TensorFlow Lite computes when built with `TFLITE_SINGLE_ROUNDING`.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Lstm, LstmScales, Quantization}};
/// // One unit whose gates i, f and o are open, and whose g is the input.
/// const OUT: Quantization = Quantization::new(1.0 / 128.0, 0);
/// static LSTM: Lstm<1, 1> = quantized::unwrap(Lstm::from_scales(
///     &[0, 0, 127, 0],
///     &[0; 4],
///     &[1 << 18, 1 << 18, 0, 1 << 18],
///     quantized::unwrap(LstmScales::from_scales(Quantization::new(1.0 / 128.0, 0), [1.0 / 128.0; 4], [1.0; 4], -11, OUT)),
/// ));
/// let mut arena = [0.0; 5];
/// let y = LSTM.forward(Portable, &[[[64], [64]]], &mut arena)?;
/// // tanh(tanh(0.5)) and, as the cell keeps what it has, tanh(2 tanh(0.5)), in steps of 1/128.
/// assert_eq!(y, [[[55], [93]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Lstm<const IN: usize, const H: usize, P = RowMajor, R = Twice> {
    weight_ih: [[[i8; IN]; H]; 4],
    weight_hh: [[[i8; H]; H]; 4],
    bias_ih: [[i32; H]; 4],
    bias_hh: [[i32; H]; 4],
    input: [GateScale; 4],
    hidden: [GateScale; 4],
    cell: LstmCell,
    kind: PhantomData<(P, R)>,
}

impl<const IN: usize, const H: usize, P: Packing, R: Rounding> Lstm<IN, H, P, R> {
    const INFOS: [ParameterInfo; 3] = [
        ParameterInfo { name: "weight_ih_l0", shape: Shape::new(&[4 * H, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "weight_hh_l0", shape: Shape::new(&[4 * H, H]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias_ih_l0", shape: Shape::new(&[4 * H]), layout: Layout::RowMajor },
    ];

    const NEW: Self = Self {
        weight_ih: [[[0; IN]; H]; 4],
        weight_hh: [[[0; H]; H]; 4],
        bias_ih: [[0; H]; 4],
        bias_hh: [[0; H]; 4],
        input: [GateScale::ZERO; 4],
        hidden: [GateScale::ZERO; 4],
        cell: LstmCell::ZERO,
        kind: PhantomData,
    };

    /// Words of scratch of a step.
    const SCRATCH: usize = P::ORDER.recurrent_scratch(4, IN, H);

    /// From weights `[4 · H][IN]` and `[4 · H][H]` and a bias of `4 · H` elements or none, gates in PyTorch's order
    /// i, f, g, o, and their scales.
    ///
    /// # Errors
    /// [`QuantizeError`]: a length does not fit, a scale is out of range, or a sum can overflow: in the orders of
    /// instruction sets sums have fewer bits, by as many as a gate's scale is larger than 1.
    pub const fn from_scales(
        weight_ih: &[i8],
        weight_hh: &[i8],
        bias: &[i32],
        scales: LstmScales,
    ) -> Result<Self, QuantizeError> {
        if weight_ih.len() != 4 * H * IN {
            return Err(QuantizeError::Length { what: "weight_ih", needed: 4 * H * IN, given: weight_ih.len() });
        }
        if weight_hh.len() != 4 * H * H {
            return Err(QuantizeError::Length { what: "weight_hh", needed: 4 * H * H, given: weight_hh.len() });
        }
        if !bias.is_empty() && bias.len() != 4 * H {
            return Err(QuantizeError::Length { what: "bias", needed: 4 * H, given: bias.len() });
        }
        let mut layer = Self { cell: scales.cell, ..Self::NEW };
        let output = scales.cell.output_zero;
        if output as i8 as i32 != output {
            return Err(QuantizeError::ZeroPoint);
        }
        if let Err(error) = scales.cell.check() {
            return Err(error);
        }
        let mut gate = 0;
        while gate < 4 {
            let rows = Rows::packed(part(weight_ih, gate * H * IN, H * IN), H, IN, P::ORDER);
            let (scale, zero) = (scales.input[gate], scales.input_zero);
            let bias = if bias.is_empty() { bias } else { bias.split_at(gate * H).1.split_at(H).0 };
            layer.input[gate] = match gate::prepare::<R>(rows, bias, scale, zero, P::ORDER, &mut layer.bias_ih[gate]) {
                Ok(scale) => scale,
                Err(error) => return Err(error),
            };
            let rows = Rows::packed(part(weight_hh, gate * H * H, H * H), H, H, P::ORDER);
            let (scale, zero) = (scales.hidden[gate], output as i8);
            layer.hidden[gate] = match gate::prepare::<R>(rows, &[], scale, zero, P::ORDER, &mut layer.bias_hh[gate]) {
                Ok(scale) => scale,
                Err(error) => return Err(error),
            };
            gate += 1;
        }
        P::ORDER.pack(weight_ih, layer.weight_ih.as_flattened_mut().as_flattened_mut(), 4 * H);
        P::ORDER.pack(weight_hh, layer.weight_hh.as_flattened_mut().as_flattened_mut(), 4 * H);
        Ok(layer)
    }

    /// Runs over a batch. Without a state of the caller's there is one in the scratch, which all samples use.
    #[inline(always)]
    fn run<K: Kernels, const T: usize>(
        &self,
        k: K,
        x: &[[[i8; IN]; T]],
        y: &mut [[[i8; H]; T]],
        state: &mut [f32],
        scratch: &mut [f32],
    ) {
        let words = const { <[i8; H]>::WORDS + <[i16; H]>::WORDS };
        let mut states = samples_mut(state, words);
        let (own, scratch) = memory::split(scratch, words);
        for (x, y) in x.iter().zip(y) {
            let state = match states.next() {
                Some(state) => state,
                None => {
                    own.fill(0.0);
                    &mut *own
                }
            };
            let (h, c) = memory::split(state, const { <[i8; H]>::WORDS });
            let (h, c) = (<[i8; H]>::in_words_mut(h, 1), <[i16; H]>::in_words_mut(c, 1));
            if let ([h], [c]) = (h, c) {
                self.sequence(k, x, h, c, y, scratch);
            }
        }
    }

    /// Runs over the sequence of one sample. The state holds `h` less its zero point: zeros are a beginning.
    #[inline]
    fn sequence<K: Kernels>(
        &self,
        k: K,
        x: &[[i8; IN]],
        h: &mut [i8; H],
        c: &mut [i16; H],
        y: &mut [[i8; H]],
        scratch: &mut [f32],
    ) {
        let weights = LstmWeights {
            weight_ih: self.weight_ih.as_flattened().as_flattened(),
            weight_hh: self.weight_hh.as_flattened().as_flattened(),
            bias_ih: self.bias_ih.as_flattened(),
            bias_hh: self.bias_hh.as_flattened(),
            input: &self.input,
            hidden: &self.hidden,
            cell: &self.cell,
        };
        let zero = self.cell.output_zero as i8;
        gate::shift(h, zero);
        let mut before: &[i8; H] = h;
        for (x, y) in x.iter().zip(y.iter_mut()) {
            k.lstm_step_i8::<IN, H, P, R>(x, before, c, weights, y, scratch);
            before = y;
        }
        if let Some(last) = y.last() {
            *h = *last;
        }
        gate::shift(h, zero.wrapping_neg());
    }
}

/// A part of a slice.
pub(super) const fn part(weight: &[i8], start: usize, len: usize) -> &[i8] {
    weight.split_at(start).1.split_at(len).0
}

quantized_module!([const IN: usize, const H: usize, P: Packing, R: Rounding] Lstm<IN, H, P, R>, 4 * H * (IN + H + 1));

impl<const IN: usize, const H: usize, const T: usize, P: Packing, R: Rounding> Layer<[[i8; IN]; T]>
    for Lstm<IN, H, P, R>
{
    type Out = [[i8; H]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Recurrent(Recurrence { cell: Cell::Lstm, hidden: H, layers: 1, directions: 1 }),
        input: <[[i8; IN]; T]>::SHAPE,
        output: <[[i8; H]; T]>::SHAPE,
        parameters: &Self::INFOS,
        macs: 4 * H * (IN + H) * T,
    });
    const PEAK: usize = <[[i8; IN]; T]>::WORDS + <Self as Layer<[[i8; IN]; T]>>::PEAK_GIVEN;
    /// Without a state of the caller's one of the layer's own, which all samples use.
    const PEAK_GIVEN: usize = <[[i8; H]; T]>::WORDS + <Self as Layer<[[i8; IN]; T]>>::STATE + Self::SCRATCH;
    const STATE: usize = <[i8; H]>::WORDS + <[i16; H]>::WORDS;

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[i8; IN]; T]>, state: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, scratch| self.run(k, x, y, state, scratch))
    }
}

impl<const IN: usize, const H: usize, const T: usize, P: Packing, R: Rounding> Train<[[i8; IN]; T]>
    for Lstm<IN, H, P, R>
{
    const TAPE: usize = <Self as Layer<[[i8; IN]; T]>>::PEAK_GIVEN;

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let x = <[[i8; IN]; T]>::in_words(x, pass.n);
        let (y, scratch) = memory::cut(tape, End::High, pass.n * <[[i8; H]; T]>::WORDS);
        self.run(k, x, <[[i8; H]; T]>::in_words_mut(y, pass.n), state, scratch);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
