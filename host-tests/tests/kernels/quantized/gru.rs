//! Gated recurrent units.

use proptest::{collection::vec, prelude::*};
use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{
    Kernels, Layer, Portable, Tensor,
    description::Cell,
    quantized::{
        ForDsp, ForHost, ForMve, Gru, GruCell, GruScales, Multiplier, Once, Packing, Quantization, QuantizeError,
        RowMajor, Twice,
    },
};
use tensorlet_host::reference::{
    quantized::{gru::Gru as Reference, lstm::Gates, weighted::Rounding},
    recurrent::{self, Weights},
};

use super::{
    super::property::{Outcome, property, worst},
    drawn::drawn_recurrent,
    integers, multiplier, scale, wide, zero,
};

/// Steps of a sequence.
const STEPS: usize = 4;

/// The numbers of a layer, and sequences.
#[derive(Clone, Debug)]
struct Made {
    weight_ih: Vec<i8>,
    weight_hh: Vec<i8>,
    bias: [Vec<i32>; 2],
    gates: Vec<[Multiplier; 2]>,
    cell: GruCell,
    input_zero: i32,
    x: Vec<i8>,
}

fn made<const IN: usize, const H: usize>() -> BoxedStrategy<Made> {
    let weights = (integers::<i8>(3 * H * IN), integers::<i8>(3 * H * H), any::<bool>());
    let bias = [(); 2].map(|()| prop_oneof![3 => vec(-100_000..100_000, 3 * H), 1 => Just(Vec::new())]);
    // The larger numbers are, the more gates are shut or wide open.
    let gates = vec([multiplier(-9..=2), multiplier(-9..=2)], 3);
    let cell = (multiplier(-10..=-5), zero::<i8>()).prop_map(|(new, output_zero)| GruCell { new, output_zero });
    let x = (1_usize..=2).prop_flat_map(|n| integers::<i8>(n * STEPS * IN));
    (weights, bias, gates, cell, zero::<i8>(), x)
        .prop_map(|((weight_ih, weight_hh, lowest), bias, gates, cell, input_zero, x)| {
            let weight = |w: Vec<i8>| w.into_iter().map(|w| if lowest { w } else { w.max(-127) }).collect();
            Made { weight_ih: weight(weight_ih), weight_hh: weight(weight_hh), bias, gates, cell, input_zero, x }
        })
        .boxed()
}

impl Made {
    fn reference(&self, rounding: Rounding) -> Reference {
        let [bias_ih, bias_hh] = [0, 1].map(|i| self.bias[i].iter().map(|&bias| bias.into()).collect());
        Reference {
            weight_ih: wide(&self.weight_ih),
            weight_hh: wide(&self.weight_hh),
            bias_ih,
            bias_hh,
            gates: std::array::from_fn(|gate| self.gates[gate].map(scale)),
            rounding,
            zero: [self.input_zero.into(), self.cell.output_zero.into()],
            new: scale(self.cell.new),
        }
    }

    fn layer<const IN: usize, const H: usize, P: Packing, R: tensorlet::quantized::Rounding>(
        &self,
    ) -> Result<Gru<IN, H, P, R>, QuantizeError> {
        let multipliers = |which: usize| std::array::from_fn(|gate| self.gates[gate][which]);
        let scales = GruScales {
            input_zero: self.input_zero as i8,
            input: multipliers(0),
            hidden: multipliers(1),
            cell: self.cell,
        };
        Gru::from_scales(&self.weight_ih, &self.weight_hh, &self.bias[0], &self.bias[1], scales)
    }
}

/// Checks the outputs of all steps, of a beginning and of what goes on from there.
fn check<K: Kernels, P: Packing, R: tensorlet::quantized::Rounding, const IN: usize, const H: usize>(k: K) -> Outcome {
    let gates = Gates::default();
    let rounding = if R::TWICE { Rounding::Twice } else { Rounding::Once };
    property(made::<IN, H>(), &|made| {
        let layer = match made.layer::<IN, H, P, R>() {
            Ok(layer) => layer,
            Err(QuantizeError::WeightOutOfRange { .. }) => return Ok(0.0),
            Err(error) => return Err(error.to_string()),
        };
        let reference = made.reference(rounding);
        let x = <[[i8; IN]; STEPS]>::view(&made.x);
        let mut state = vec![0.0; <Gru<IN, H, P, R> as Layer<[[i8; IN]; STEPS]>>::STATE * x.len()];
        let mut arena = vec![0.0; <Gru<IN, H, P, R> as Layer<[[i8; IN]; STEPS]>>::PEAK * x.len()];
        let mut ends = vec![vec![reference.zero[1]; H]; x.len()];
        for _ in 0..2 {
            let y = layer.forward_with_state(k, x, &mut state, &mut arena).map_err(|error| error.to_string())?;
            let mut want = Vec::new();
            for (x, h) in wide(&made.x).chunks(IN * STEPS).zip(&mut ends) {
                for x in x.chunks(IN) {
                    *h = reference.step(&gates, x, h);
                    want.extend_from_slice(h);
                }
            }
            let got = wide(<[[i8; H]; STEPS]>::flat(y));
            if got != want {
                return Err(format!("{got:?}, not {want:?}"));
            }
        }
        Ok(0.0)
    })
}

macro_rules! drawn {
    ($k:ident, $inputs:literal $units:literal) => {
        worst([check::<K, RowMajor, Twice, $inputs, $units>($k), check::<K, ForHost, Once, $inputs, $units>($k)])
    };
}

pub(crate) fn gru_step_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        check::<K, RowMajor, Twice, 1, 1>(k),
        check::<K, RowMajor, Twice, 5, 3>(k),
        check::<K, RowMajor, Once, 16, 8>(k),
        check::<K, ForDsp, Once, 5, 3>(k),
        check::<K, ForDsp, Twice, 16, 8>(k),
        check::<K, ForMve, Twice, 17, 4>(k),
        check::<K, ForMve, Once, 6, 5>(k),
        drawn_recurrent!(drawn k),
    ])
}

/// Numbers as PyTorch draws them, uniformly between plus and minus `most`.
fn uniform(random: &mut impl Rng, n: usize, most: f64) -> Vec<f64> {
    (0..n).map(|_| (f64::from(random.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) * most).collect()
}

/// Weights of a gate in steps of their largest by 127, and these steps.
fn symmetric(weight: &[f64], gate: usize) -> (Vec<i8>, f32) {
    let rows = &weight[gate * weight.len() / 3..][..weight.len() / 3];
    let scale = (rows.iter().fold(0.0_f64, |most, w| most.max(w.abs())) / 127.0) as f32;
    (rows.iter().map(|w| (w / f64::from(scale)).round() as i8).collect(), scale)
}

/// The largest distance of any output to PyTorch's formula in `f64`, of layers whose floats are quantized.
fn distance<R: tensorlet::quantized::Rounding>() -> f64 {
    const IN: usize = 8;
    const H: usize = 16;
    const LONG: usize = 50;
    const OUT: Quantization = Quantization::new(1.0 / 128.0, 0);
    let most = 1.0 / (H as f64).sqrt();
    let mut worst = 0.0_f64;
    for seed in 0..40 {
        let mut random = Xoshiro128PlusPlus::seed_from_u64(seed);
        let [ih, hh] = [IN, H].map(|inputs| uniform(&mut random, 3 * H * inputs, most));
        let [bias_ih, bias_hh] = [(); 2].map(|()| uniform(&mut random, 3 * H, most));
        let x = uniform(&mut random, LONG * IN, 1.0);

        let input = Quantization::new(2.0 / 255.0, 0);
        let (mut weight_ih, mut weight_hh, mut scales) = (Vec::new(), Vec::new(), [[0.0; 3]; 2]);
        let mut biases = [Vec::new(), Vec::new()];
        for gate in 0..3 {
            for (i, (from, to)) in [(&ih, &mut weight_ih), (&hh, &mut weight_hh)].into_iter().enumerate() {
                let (weight, scale) = symmetric(from, gate);
                to.extend(weight);
                scales[i][gate] = scale;
                let step = f64::from(scale) * f64::from([input.scale, OUT.scale][i]);
                let bias = &[&bias_ih, &bias_hh][i][gate * H..][..H];
                biases[i].extend(bias.iter().map(|b| (b / step).round() as i32));
            }
        }
        let scales = GruScales::from_scales(input, scales[0], scales[1], OUT).expect("sound scales");
        let layer = Gru::<IN, H, RowMajor, R>::from_scales(&weight_ih, &weight_hh, &biases[0], &biases[1], scales);
        let integers: Vec<i8> = x.iter().map(|&x| input.quantize(x as f32)).collect();
        let mut arena = vec![0.0; <Gru<IN, H, RowMajor, R> as Layer<[[i8; IN]; LONG]>>::PEAK];
        let layer = layer.expect("a layer");
        let y = layer.forward(Portable, <[[i8; IN]; LONG]>::view(&integers), &mut arena).expect("a large arena");

        let weights = Weights { ih: &ih, hh: &hh, bias_ih: &bias_ih, bias_hh: &bias_hh };
        let mut h = vec![0.0; H];
        for (x, y) in x.chunks(IN).zip(&y[0]) {
            [h, _] = recurrent::step(Cell::Gru, weights, x, [&h, &[]]);
            for (h, &y) in h.iter().zip(y) {
                worst = worst.max((h - f64::from(OUT.dequantize(y.into()))).abs());
            }
        }
    }
    worst
}

/// What `quantized::Gru` says of its accuracy.
#[test]
fn a_gru_is_close_to_that_of_floats() {
    let (twice, once) = (distance::<Twice>(), distance::<Once>());
    assert!((0.004..0.012).contains(&twice), "{twice}");
    assert!((0.004..0.012).contains(&once), "{once}");
}
