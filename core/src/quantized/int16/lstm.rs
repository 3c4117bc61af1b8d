//! Long short-term memory on int16.

use super::check_sum;
use crate::{
    Layer, Tensor, Train,
    description::{Cell, Description, LayerInfo, Layout, Op, ParameterInfo, Recurrence},
    kernel::{Kernels, samples_mut},
    layer::Pass,
    memory::{self, End, Input},
    quantized::{
        LstmCell, Multiplier, QuantizeError,
        layer::quantized_module,
        lstm::part,
        prepare::{self, Rows},
    },
    shape::Shape,
};

/// What a kernel needs of an LSTM on int16: rows in the order unit, gate.
#[derive(Clone, Copy, Debug)]
pub struct LstmWeights<'a> {
    /// `[4 · hidden][inputs]`.
    pub weight_ih: &'a [i8],
    /// `[4 · hidden][hidden]`.
    pub weight_hh: &'a [i8],
    /// The bias of each row of `weight_ih`.
    pub bias: &'a [i64],
    /// The multipliers of the sums of the gates i, f, g, o: over the input, and over the state.
    pub gates: &'a [[Multiplier; 2]; 4],
    /// The scales of the cell.
    pub cell: &'a LstmCell,
}

/// How the parameters of an LSTM on int16 are scaled, gates in PyTorch's order i, f, g, o.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmScales {
    /// The multipliers of the sums over the input.
    pub input: [Multiplier; 4],
    /// The multipliers of the sums over the state.
    pub hidden: [Multiplier; 4],
    /// The scales of the cell; the zero point of the output is 0.
    pub cell: LstmCell,
}

/// [`quantized::Lstm`](crate::quantized::Lstm) with int16 inputs and outputs and sums of 64 bits: bit for bit
/// CMSIS-NN's `arm_lstm_unidirectional_s16`.
///
/// ```
/// use tensorlet::{Layer, Module, quantized::int16::Lstm};
/// type Net = Lstm<16, 32>;
/// assert_eq!(Net::PARAMETERS, 4 * 32 * (16 + 32 + 1));
/// // `h` and `c` of 32 int16 each.
/// assert_eq!(<Net as Layer<[[i16; 16]; 10]>>::STATE, 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(8))]
pub struct Lstm<const IN: usize, const H: usize> {
    weight_ih: [[[i8; IN]; 4]; H],
    weight_hh: [[[i8; H]; 4]; H],
    bias: [[i64; 4]; H],
    gates: [[Multiplier; 2]; 4],
    cell: LstmCell,
}

impl<const IN: usize, const H: usize> Lstm<IN, H> {
    const INFOS: [ParameterInfo; 3] = [
        ParameterInfo { name: "weight_ih_l0", shape: Shape::new(&[4 * H, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "weight_hh_l0", shape: Shape::new(&[4 * H, H]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias_ih_l0", shape: Shape::new(&[4 * H]), layout: Layout::RowMajor },
    ];

    const NEW: Self = Self {
        weight_ih: [[[0; IN]; 4]; H],
        weight_hh: [[[0; H]; 4]; H],
        bias: [[0; 4]; H],
        gates: [[Multiplier::from_real(0.0); 2]; 4],
        cell: LstmCell::ZERO,
    };

    /// From weights `[4 · H][IN]` and `[4 · H][H]` and a bias of `4 · H` elements or none, gates in PyTorch's order
    /// i, f, g, o, and their scales.
    ///
    /// # Errors
    /// [`QuantizeError`]: a length does not fit, a scale is out of range, or a sum can overflow.
    pub const fn from_scales(
        weight_ih: &[i8],
        weight_hh: &[i8],
        bias: &[i64],
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
        if scales.cell.output_zero != 0 {
            return Err(QuantizeError::ZeroPoint);
        }
        if let Err(error) = scales.cell.check() {
            return Err(error);
        }
        let mut layer = Self { cell: scales.cell, ..Self::NEW };
        let (rows_ih, rows_hh) = (Rows::row_major(weight_ih, 4 * H, IN), Rows::row_major(weight_hh, 4 * H, H));
        let mut row = 0;
        while row < 4 * H {
            let (gate, unit) = (row / H, row % H);
            let multipliers = [scales.input[gate], scales.hidden[gate]];
            let mut i = 0;
            while i < 2 {
                if multipliers[i].multiplier < 0 || multipliers[i].shift < -31 || multipliers[i].shift > 14 {
                    return Err(QuantizeError::Scale { channel: gate });
                }
                i += 1;
            }
            layer.gates[gate] = multipliers;
            let bias = if bias.is_empty() { 0 } else { bias[row] };
            if let Err(error) = check_sum(rows_ih, row, bias, super::WIDE) {
                return Err(error);
            }
            if let Err(error) = check_sum(rows_hh, row, 0, super::WIDE) {
                return Err(error);
            }
            layer.bias[unit][gate] = bias;
            prepare::copy(part(weight_ih, row * IN, IN), &mut layer.weight_ih[unit][gate]);
            prepare::copy(part(weight_hh, row * H, H), &mut layer.weight_hh[unit][gate]);
            row += 1;
        }
        Ok(layer)
    }

    /// Runs over a batch. Without a state of the caller's there is one in the scratch, which all samples use.
    #[inline(always)]
    fn run<K: Kernels, const T: usize>(
        &self,
        k: K,
        x: &[[[i16; IN]; T]],
        y: &mut [[[i16; H]; T]],
        state: &mut [f32],
        scratch: &mut [f32],
    ) {
        let words = const { 2 * <[i16; H]>::WORDS };
        let mut states = samples_mut(state, words);
        for (x, y) in x.iter().zip(y) {
            let state = match states.next() {
                Some(state) => state,
                None => {
                    let (state, _) = memory::split(scratch, words);
                    state.fill(0.0);
                    state
                }
            };
            let (h, c) = memory::split(state, const { <[i16; H]>::WORDS });
            let (h, c) = (<[i16; H]>::in_words_mut(h, 1), <[i16; H]>::in_words_mut(c, 1));
            self.sequence(k, x, h.as_flattened_mut(), c.as_flattened_mut(), y);
        }
    }

    /// Runs over the sequence of one sample.
    #[inline]
    fn sequence<K: Kernels>(&self, k: K, x: &[[i16; IN]], h: &mut [i16], c: &mut [i16], y: &mut [[i16; H]]) {
        let weights = LstmWeights {
            weight_ih: self.weight_ih.as_flattened().as_flattened(),
            weight_hh: self.weight_hh.as_flattened().as_flattened(),
            bias: self.bias.as_flattened(),
            gates: &self.gates,
            cell: &self.cell,
        };
        let mut before: &[i16] = h;
        for (x, y) in x.iter().zip(y.iter_mut()) {
            k.lstm_step_i16(x, before, c, weights, y);
            before = y;
        }
        if let Some(last) = y.last() {
            h.iter_mut().zip(last).for_each(|(h, last)| *h = *last);
        }
    }
}

quantized_module!([const IN: usize, const H: usize] Lstm<IN, H>, 4 * H * (IN + H + 1));

impl<const IN: usize, const H: usize, const T: usize> Layer<[[i16; IN]; T]> for Lstm<IN, H> {
    type Out = [[i16; H]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Recurrent(Recurrence { cell: Cell::Lstm, hidden: H, layers: 1, directions: 1 }),
        input: <[[i16; IN]; T]>::SHAPE,
        output: <[[i16; H]; T]>::SHAPE,
        parameters: &Self::INFOS,
        macs: 4 * H * (IN + H) * T,
    });
    const PEAK: usize = <[[i16; IN]; T]>::WORDS + <Self as Layer<[[i16; IN]; T]>>::PEAK_GIVEN;
    /// Without a state of the caller's there is one of the layer's own, which all samples use.
    const PEAK_GIVEN: usize = <[[i16; H]; T]>::WORDS + <Self as Layer<[[i16; IN]; T]>>::STATE;
    const STATE: usize = 2 * <[i16; H]>::WORDS;

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[i16; IN]; T]>, state: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, scratch| self.run(k, x, y, state, scratch))
    }
}

impl<const IN: usize, const H: usize, const T: usize> Train<[[i16; IN]; T]> for Lstm<IN, H> {
    const TAPE: usize = <Self as Layer<[[i16; IN]; T]>>::PEAK_GIVEN;

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let x = <[[i16; IN]; T]>::in_words(x, pass.n);
        let (y, scratch) = memory::cut(tape, End::High, pass.n * <[[i16; H]; T]>::WORDS);
        self.run(k, x, <[[i16; H]; T]>::in_words_mut(y, pass.n), state, scratch);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
