//! Gated recurrent units on int8.

use core::marker::PhantomData;

use super::{
    GateScale, Multiplier, Packing, Quantization, QuantizeError, Rounding, RowMajor, Twice, gate,
    layer::quantized_module,
    lstm::{part, power_of_two},
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

/// How a GRU scales what is no sum of weights: PyTorch's `h ← (1 - z) n + z h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruCell {
    /// The scale of `(1 - z) · n`, both in steps of `2^-15`, to steps of `2^-15` of the output's: below a half.
    pub new: Multiplier,
    /// The zero point of the output.
    pub output_zero: i32,
}

/// What a kernel needs of a GRU: rows in the order gate, unit, with the gates r, z, n.
#[derive(Clone, Copy, Debug)]
pub struct GruWeights<'a> {
    /// `[3 · hidden][inputs]`.
    pub weight_ih: &'a [i8],
    /// `[3 · hidden][hidden]`.
    pub weight_hh: &'a [i8],
    /// The bias of each row of `weight_ih`, as its gate's scale says.
    pub bias_ih: &'a [i32],
    /// The same of each row of `weight_hh`.
    pub bias_hh: &'a [i32],
    /// The scales of the sums over the input.
    pub input: &'a [GateScale; 3],
    /// The scales of the sums over the state.
    pub hidden: &'a [GateScale; 3],
    /// The scales of the cell.
    pub cell: &'a GruCell,
}

/// How the parameters of a GRU are scaled; gates in PyTorch's order r, z, n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruScales {
    /// The zero point of the input.
    pub input_zero: i8,
    /// The multipliers of the sums over the input.
    pub input: [Multiplier; 3],
    /// The multipliers of the sums over the state.
    pub hidden: [Multiplier; 3],
    /// The scales of the cell.
    pub cell: GruCell,
}

impl GruScales {
    /// From the scales of the tensors; gates work in steps of `2^-12`.
    ///
    /// As outputs lie between -1 and 1, `Quantization::new(1.0 / 128.0, 0)` does for all networks.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale is not positive and finite, or a zero point no int8.
    pub const fn from_scales(
        input: Quantization,
        weight_ih: [f32; 3],
        weight_hh: [f32; 3],
        output: Quantization,
    ) -> Result<Self, QuantizeError> {
        if input.zero_point as i8 as i32 != input.zero_point || output.zero_point as i8 as i32 != output.zero_point {
            return Err(QuantizeError::ZeroPoint);
        }
        if !(input.is_valid() && output.is_valid()) {
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
            cell: GruCell {
                new: Multiplier::from_real(power_of_two(-15) / output.scale as f64),
                output_zero: output.zero_point,
            },
        })
    }
}

/// What begins at a word: kernels read weights so, and `3 · H · IN` of them before it may end anywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
struct Aligned<T>(T);

/// A gated recurrent unit over sequences of int8: PyTorch's `nn.GRU(IN, H, batch_first=True)`.
///
/// ```text
/// r = σ(W_ir x + b_ir + W_hr h + b_hr)
/// z = σ(W_iz x + b_iz + W_hz h + b_hz)
/// n = tanh(W_in x + b_in + r (W_hn h + b_hn))
/// h ← (1 - z) n + z h
/// ```
///
/// TensorFlow Lite has no such kernel: this one has the scheme of its LSTM, [`quantized::Lstm`](super::Lstm). Inputs
/// and outputs are int8; the sums over the input and over the state are each scaled to int16 in steps of `2^-12`, from
/// which its tables make gates in steps of `2^-15`. `r` times a sum is rounded half up. The two products of the output
/// are added in steps of `2^-15` of its own, and rounded half up together. All other products are rounded as `R` says.
///
/// The state that is carried on is `h` of each sample, less its zero point. The weights lie in flash in the order `P`.
///
/// Outputs of layers with weights as PyTorch draws them are within 0.012 of those of the formulas in `f64` after any of
/// 50 steps in either rounding, of which 0.004 are half a step of the output; that is tested.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Gru, GruScales, Quantization}};
/// // One unit that always takes the new value, which is the tanh of the input.
/// const HALF_OPEN: Quantization = Quantization::new(1.0 / 128.0, 0);
/// static GRU: Gru<1, 1> = quantized::unwrap(Gru::from_scales(
///     &[0, 0, 127],
///     &[0; 3],
///     &[0, -(1 << 18), 0],
///     &[],
///     quantized::unwrap(GruScales::from_scales(HALF_OPEN, [1.0 / 128.0; 3], [1.0; 3], HALF_OPEN)),
/// ));
/// let mut arena = [0.0; 3];
/// let y = GRU.forward(Portable, &[[[64], [-128]]], &mut arena)?;
/// // tanh(0.5) and tanh(-1) in steps of 1/128.
/// assert_eq!(y, [[[59], [-97]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Gru<const IN: usize, const H: usize, P = RowMajor, R = Twice> {
    weight_ih: [[[i8; IN]; H]; 3],
    weight_hh: Aligned<[[[i8; H]; H]; 3]>,
    bias_ih: [[i32; H]; 3],
    bias_hh: [[i32; H]; 3],
    input: [GateScale; 3],
    hidden: [GateScale; 3],
    cell: GruCell,
    kind: PhantomData<(P, R)>,
}

impl<const IN: usize, const H: usize, P: Packing, R: Rounding> Gru<IN, H, P, R> {
    const INFOS: [ParameterInfo; 4] = [
        ParameterInfo { name: "weight_ih_l0", shape: Shape::new(&[3 * H, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "weight_hh_l0", shape: Shape::new(&[3 * H, H]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias_ih_l0", shape: Shape::new(&[3 * H]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias_hh_l0", shape: Shape::new(&[3 * H]), layout: Layout::RowMajor },
    ];

    const NEW: Self = Self {
        weight_ih: [[[0; IN]; H]; 3],
        weight_hh: Aligned([[[0; H]; H]; 3]),
        bias_ih: [[0; H]; 3],
        bias_hh: [[0; H]; 3],
        input: [GateScale::ZERO; 3],
        hidden: [GateScale::ZERO; 3],
        cell: GruCell { new: Multiplier::from_real(0.0), output_zero: 0 },
        kind: PhantomData,
    };

    /// Words of scratch of a step.
    const SCRATCH: usize = P::ORDER.recurrent_scratch(3, IN, H);

    /// From weights `[3 · H][IN]` and `[3 · H][H]` and biases of `3 · H` elements each or none, gates in PyTorch's order
    /// r, z, n, and their scales. A bias is in steps of the products that it is added to.
    ///
    /// # Errors
    /// [`QuantizeError`]: a length does not fit, a scale is out of range, or a sum can overflow: in the orders of
    /// instruction sets sums have fewer bits, by as many as a gate's scale is larger than 1.
    pub const fn from_scales(
        weight_ih: &[i8],
        weight_hh: &[i8],
        bias_ih: &[i32],
        bias_hh: &[i32],
        scales: GruScales,
    ) -> Result<Self, QuantizeError> {
        if weight_ih.len() != 3 * H * IN {
            return Err(QuantizeError::Length { what: "weight_ih", needed: 3 * H * IN, given: weight_ih.len() });
        }
        if weight_hh.len() != 3 * H * H {
            return Err(QuantizeError::Length { what: "weight_hh", needed: 3 * H * H, given: weight_hh.len() });
        }
        if !bias_ih.is_empty() && bias_ih.len() != 3 * H {
            return Err(QuantizeError::Length { what: "bias_ih", needed: 3 * H, given: bias_ih.len() });
        }
        if !bias_hh.is_empty() && bias_hh.len() != 3 * H {
            return Err(QuantizeError::Length { what: "bias_hh", needed: 3 * H, given: bias_hh.len() });
        }
        let output = scales.cell.output_zero;
        if output as i8 as i32 != output {
            return Err(QuantizeError::ZeroPoint);
        }
        if !gate::is_of_products(scales.cell.new) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let mut layer = Self { cell: scales.cell, ..Self::NEW };
        let mut gate = 0;
        while gate < 3 {
            let rows = Rows::packed(part(weight_ih, gate * H * IN, H * IN), H, IN, P::ORDER);
            let (scale, zero) = (scales.input[gate], scales.input_zero);
            let bias = if bias_ih.is_empty() { bias_ih } else { bias_ih.split_at(gate * H).1.split_at(H).0 };
            layer.input[gate] = match gate::prepare::<R>(rows, bias, scale, zero, P::ORDER, &mut layer.bias_ih[gate]) {
                Ok(scale) => scale,
                Err(error) => return Err(error),
            };
            let rows = Rows::packed(part(weight_hh, gate * H * H, H * H), H, H, P::ORDER);
            let (scale, zero) = (scales.hidden[gate], output as i8);
            let bias = if bias_hh.is_empty() { bias_hh } else { bias_hh.split_at(gate * H).1.split_at(H).0 };
            layer.hidden[gate] = match gate::prepare::<R>(rows, bias, scale, zero, P::ORDER, &mut layer.bias_hh[gate]) {
                Ok(scale) => scale,
                Err(error) => return Err(error),
            };
            gate += 1;
        }
        P::ORDER.pack(weight_ih, layer.weight_ih.as_flattened_mut().as_flattened_mut(), 3 * H);
        P::ORDER.pack(weight_hh, layer.weight_hh.0.as_flattened_mut().as_flattened_mut(), 3 * H);
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
        let words = const { <[i8; H]>::WORDS };
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
            if let [h] = <[i8; H]>::in_words_mut(state, 1) {
                self.sequence(k, x, h, y, scratch);
            }
        }
    }

    /// Runs over the sequence of one sample. The state holds `h` less its zero point: zeros are a beginning.
    #[inline]
    fn sequence<K: Kernels>(&self, k: K, x: &[[i8; IN]], h: &mut [i8; H], y: &mut [[i8; H]], scratch: &mut [f32]) {
        let weights = GruWeights {
            weight_ih: self.weight_ih.as_flattened().as_flattened(),
            weight_hh: self.weight_hh.0.as_flattened().as_flattened(),
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
            k.gru_step_i8::<IN, H, P, R>(x, before, weights, y, scratch);
            before = y;
        }
        if let Some(last) = y.last() {
            *h = *last;
        }
        gate::shift(h, zero.wrapping_neg());
    }
}

quantized_module!([const IN: usize, const H: usize, P: Packing, R: Rounding] Gru<IN, H, P, R>, 3 * H * (IN + H + 2));

impl<const IN: usize, const H: usize, const T: usize, P: Packing, R: Rounding> Layer<[[i8; IN]; T]>
    for Gru<IN, H, P, R>
{
    type Out = [[i8; H]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Recurrent(Recurrence { cell: Cell::Gru, hidden: H, layers: 1, directions: 1 }),
        input: <[[i8; IN]; T]>::SHAPE,
        output: <[[i8; H]; T]>::SHAPE,
        parameters: &Self::INFOS,
        macs: 3 * H * (IN + H) * T,
    });
    const PEAK: usize = <[[i8; IN]; T]>::WORDS + <Self as Layer<[[i8; IN]; T]>>::PEAK_GIVEN;
    /// Without a state of the caller's one of the layer's own, which all samples use.
    const PEAK_GIVEN: usize = <[[i8; H]; T]>::WORDS + <Self as Layer<[[i8; IN]; T]>>::STATE + Self::SCRATCH;
    const STATE: usize = <[i8; H]>::WORDS;

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[i8; IN]; T]>, state: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, scratch| self.run(k, x, y, state, scratch))
    }
}

impl<const IN: usize, const H: usize, const T: usize, P: Packing, R: Rounding> Train<[[i8; IN]; T]>
    for Gru<IN, H, P, R>
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
