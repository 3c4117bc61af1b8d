//! Long short-term memory.

use proptest::{collection::vec, prelude::*};
use tensorlet::{
    Kernels, Layer, Tensor,
    quantized::{
        ForDsp, ForHost, ForMve, Integer, Lstm, LstmCell, LstmScales, Multiplier, Once, Packing, QuantizeError,
        RowMajor, Twice, int16,
    },
};
use tensorlet_host::reference::quantized::{
    lstm::{Gates, Lstm as Reference},
    weighted::Rounding,
};

use super::{
    super::property::{Outcome, property, worst},
    Element,
    drawn::drawn_recurrent,
    ends, integers, multiplier, scale, wide, zero,
};

/// Steps of a sequence.
const STEPS: usize = 4;

/// The numbers of a layer, and sequences.
#[derive(Clone, Debug)]
struct Made<T> {
    weight_ih: Vec<i8>,
    weight_hh: Vec<i8>,
    bias: Vec<i32>,
    gates: Vec<[Multiplier; 2]>,
    cell: LstmCell,
    input_zero: i32,
    x: Vec<T>,
}

/// Scales about those that TensorFlow Lite has for a state of about 1.
fn cells<T: Element>() -> BoxedStrategy<LstmCell> {
    let clip = prop_oneof![2 => Just(i16::MAX), 1 => 0..i16::MAX];
    let output = if T::MOST == 127 { -24..=-21 } else { -17..=-13 };
    (multiplier(-16..=-13), multiplier(-20..=-15), multiplier(output), zero::<i8>(), clip, -4..=4)
        .prop_map(|(forget_to_cell, input_to_cell, output, zero, clip, tanh_shift)| {
            let output_zero = if T::MOST == 127 { zero } else { 0 };
            LstmCell { forget_to_cell, input_to_cell, output, output_zero, clip, tanh_shift }
        })
        .boxed()
}

fn made<T: Element, const IN: usize, const H: usize>() -> BoxedStrategy<Made<T>> {
    let weights = (integers::<i8>(4 * H * IN), integers::<i8>(4 * H * H), any::<bool>());
    let bias = prop_oneof![3 => vec(-100_000..100_000, 4 * H), 1 => Just(Vec::new())];
    // The larger numbers are, the more gates are shut or wide open.
    let gates = vec([multiplier(-9..=-1), multiplier(-9..=-1)], 4);
    let x = (1_usize..=2).prop_flat_map(|n| integers::<T>(n * STEPS * IN));
    (weights, bias, gates, cells::<T>(), zero::<i8>(), x)
        .prop_map(|((weight_ih, weight_hh, lowest), bias, gates, cell, zero, x)| {
            let weight = |w: Vec<i8>| w.into_iter().map(|w| if lowest { w } else { w.max(-127) }).collect();
            let input_zero = if T::MOST == 127 { zero } else { 0 };
            Made { weight_ih: weight(weight_ih), weight_hh: weight(weight_hh), bias, gates, cell, input_zero, x }
        })
        .boxed()
}

impl<T: Element> Made<T> {
    fn reference(&self, rounding: Rounding) -> Reference {
        Reference {
            weight_ih: wide(&self.weight_ih),
            weight_hh: wide(&self.weight_hh),
            bias: self.bias.iter().map(|&bias| bias.into()).collect(),
            gates: std::array::from_fn(|gate| self.gates[gate].map(scale)),
            rounding,
            zero: [self.input_zero.into(), self.cell.output_zero.into()],
            forget_to_cell: scale(self.cell.forget_to_cell),
            input_to_cell: scale(self.cell.input_to_cell),
            output: scale(self.cell.output),
            clip: self.cell.clip.into(),
            tanh_shift: self.cell.tanh_shift,
            limits: ends(<T as Integer>::ALL),
        }
    }

    /// One multiplier of each gate: 0 over the input, 1 over the state.
    fn multipliers(&self, which: usize) -> [Multiplier; 4] {
        std::array::from_fn(|gate| self.gates[gate][which])
    }
}

/// Checks the outputs of all steps, of a beginning and of what goes on from there.
fn check<T: Element, L, K: Kernels, const IN: usize, const H: usize>(
    k: K,
    rounding: Rounding,
    make: &dyn Fn(&Made<T>) -> Result<L, QuantizeError>,
) -> Outcome
where
    [[T; IN]; STEPS]: Tensor<Elem = T>,
    [[T; H]; STEPS]: Tensor<Elem = T>,
    L: Layer<[[T; IN]; STEPS], Out = [[T; H]; STEPS]>,
{
    let gates = Gates::default();
    property(made::<T, IN, H>(), &|made| {
        let layer = match make(&made) {
            Ok(layer) => layer,
            Err(QuantizeError::WeightOutOfRange { .. }) => return Ok(0.0),
            Err(error) => return Err(error.to_string()),
        };
        let reference = made.reference(rounding);
        let x = <[[T; IN]; STEPS]>::view(&made.x);
        let (mut state, mut arena) = (vec![0.0; L::STATE * x.len()], vec![0.0; L::PEAK * x.len()]);
        let mut ends = vec![(vec![reference.zero[1]; H], vec![0; H]); x.len()];
        for _ in 0..2 {
            let y = layer.forward_with_state(k, x, &mut state, &mut arena).map_err(|error| error.to_string())?;
            let mut want = Vec::new();
            for (x, (h, c)) in wide(&made.x).chunks(IN * STEPS).zip(&mut ends) {
                for x in x.chunks(IN) {
                    *h = reference.step(&gates, x, h, c);
                    want.extend_from_slice(h);
                }
            }
            let got = wide(<[[T; H]; STEPS]>::flat(y));
            if got != want {
                return Err(format!("{got:?}, not {want:?}"));
            }
        }
        Ok(0.0)
    })
}

fn int8<K: Kernels, P: Packing, R: tensorlet::quantized::Rounding, const IN: usize, const H: usize>(k: K) -> Outcome {
    let rounding = if R::TWICE { Rounding::Twice } else { Rounding::Once };
    check::<i8, _, K, IN, H>(k, rounding, &|made| {
        let scales = LstmScales {
            input_zero: made.input_zero as i8,
            input: made.multipliers(0),
            hidden: made.multipliers(1),
            cell: made.cell,
        };
        Lstm::<IN, H, P, R>::from_scales(&made.weight_ih, &made.weight_hh, &made.bias, scales)
    })
}

macro_rules! drawn {
    ($k:ident, $inputs:literal $units:literal) => {
        worst([int8::<K, RowMajor, Twice, $inputs, $units>($k), int8::<K, ForHost, Once, $inputs, $units>($k)])
    };
}

pub(crate) fn lstm_step_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        int8::<K, RowMajor, Twice, 1, 1>(k),
        int8::<K, RowMajor, Twice, 5, 3>(k),
        int8::<K, RowMajor, Once, 16, 8>(k),
        int8::<K, ForDsp, Once, 5, 3>(k),
        int8::<K, ForDsp, Twice, 16, 8>(k),
        int8::<K, ForMve, Twice, 17, 4>(k),
        int8::<K, ForMve, Once, 6, 5>(k),
        int8::<K, ForHost, Twice, 18, 5>(k),
        drawn_recurrent!(drawn k),
    ])
}

fn wide_step<K: Kernels, const IN: usize, const H: usize>(k: K) -> Outcome {
    check::<i16, _, K, IN, H>(k, Rounding::Reduced, &|made| {
        let scales = int16::LstmScales { input: made.multipliers(0), hidden: made.multipliers(1), cell: made.cell };
        let bias: Vec<i64> = made.bias.iter().map(|&bias| bias.into()).collect();
        int16::Lstm::<IN, H>::from_scales(&made.weight_ih, &made.weight_hh, &bias, scales)
    })
}

pub(crate) fn lstm_step_i16<K: Kernels>(k: K) -> Outcome {
    worst([wide_step::<K, 1, 1>(k), wide_step::<K, 5, 3>(k), wide_step::<K, 16, 8>(k)])
}
