//! int8 layers that are more than one kernel.

use core::hint::black_box;

use firmware::board::{Instructions, Measured};
use tensorlet::{
    Layer, Tensor,
    quantized::{Lstm, LstmScales, Quantization, QuantizedLayer, Softmax, unwrap},
};
use tensorlet_simd::{NATIVE, NativePacking};

use crate::workload::{Operands, Workload, numbers};

/// Steps of a sequence, inputs of each, and units.
const STEPS: usize = 10;
const INPUTS: usize = 16;
const UNITS: usize = 32;

/// The outputs of an LSTM are in steps of 1/128.
const OUTPUT: Quantization = Quantization::new(1.0 / 128.0, 0);

static LSTM: Lstm<INPUTS, UNITS, NativePacking> = unwrap(Lstm::from_scales(
    &numbers::<{ 4 * UNITS * INPUTS }>(),
    &numbers::<{ 4 * UNITS * UNITS }>(),
    &[100; 4 * UNITS],
    unwrap(LstmScales::from_scales(Quantization::new(1.0 / 64.0, 5), [1.0 / 256.0; 4], [1.0 / 256.0; 4], -11, OUTPUT)),
));

static SOFTMAX: Softmax = unwrap(Softmax::from_scales(Quantization::new(0.1, 0), 1.0));

impl Operands {
    fn lstm(&mut self, instructions: &Instructions) -> Option<Measured> {
        type X = [[i8; INPUTS]; STEPS];
        let arena = self.words.get_mut(..<Lstm<INPUTS, UNITS, NativePacking> as Layer<X>>::PEAK)?;
        *X::in_words_mut(arena, 1).first_mut()? = *X::view(self.x).first()?;
        let (lstm, arena) = (black_box(&LSTM), black_box(arena));
        let run = || Layer::<X>::forward_in_arena(lstm, NATIVE, 1, arena).map(|y| _ = black_box(y));
        let (result, measured) = instructions.measure(run);
        result.ok().map(|()| measured)
    }

    fn softmax<const N: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let x = black_box(<[i8; N]>::view(&self.x[..N]));
        let y = black_box(<[i8; N]>::view_mut(&mut self.y[..N]));
        let softmax = black_box(&SOFTMAX);
        let run = || {
            softmax.apply(NATIVE, x, y, &mut []);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }
}

const fn softmax<const N: usize>(name: &'static str) -> Workload {
    Workload { name, work: N, scratch: 0, run: Operands::softmax::<N> }
}

pub(crate) static WORKLOADS: [Workload; 3] = [
    softmax::<10>("softmax 1x10"),
    softmax::<1000>("softmax 1x1000"),
    Workload {
        name: "LSTM 16 to 32, 10 steps",
        work: STEPS * 4 * UNITS * (INPUTS + UNITS),
        scratch: 4 * <Lstm<INPUTS, UNITS, NativePacking> as Layer<[[i8; INPUTS]; STEPS]>>::PEAK_GIVEN - STEPS * UNITS,
        run: Operands::lstm,
    },
];
