//! What a workload is, and what workloads work on.

use firmware::{
    board::{Instructions, Measured},
    models,
};
use tensorlet::quantized::{Order, Packing, Scale};
use tensorlet_examples::digits::Digits;
use tensorlet_simd::NativePacking;

/// Something to measure.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Products; of kernels without any, elements of an input.
    pub(crate) work: usize,
    /// Bytes beside inputs and outputs.
    pub(crate) scratch: usize,
    /// Does it. Nothing if it failed.
    pub(crate) run: fn(&mut Operands, &Instructions) -> Option<Measured>,
}

impl Workload {
    /// Prints what it took, and how many bytes of constants it has of its own.
    pub(crate) fn report(&self, constants: usize, measured: Measured) {
        defmt::println!(
            "workload {=str}: {=u64} instructions, work {=usize}, scratch {=usize} bytes, constants {=usize} bytes, code at {=usize:#010x}",
            self.name,
            measured.instructions,
            self.work,
            self.scratch,
            constants,
            measured.code
        );
    }
}

/// What workloads work on.
pub(crate) struct Operands {
    pub(crate) x: &'static [i8],
    pub(crate) weight: &'static [i8],
    pub(crate) bias: &'static [i32],
    pub(crate) scales: &'static [Scale],
    pub(crate) floats: &'static [f32],
    pub(crate) y: &'static mut [i8],
    /// Scratch, outputs of floats, arenas.
    pub(crate) words: &'static mut [f32],
    pub(crate) network: &'static mut Digits,
}

impl Operands {
    /// With this memory for results.
    pub(crate) fn new(y: &'static mut [i8], words: &'static mut [f32], network: &'static mut Digits) -> Self {
        let x = &NUMBERS.0;
        Self { x, weight: x, bias: &BIAS, scales: &SCALES, floats: &FLOATS, y, words, network }
    }
}

/// The most elements of a weight.
const WEIGHTS: usize = 640 * 128;
/// The most elements of an output.
pub(crate) const OUTPUTS: usize = 32 * 32 * 32;
/// The most words of scratch, of outputs and of arenas.
pub(crate) const WORDS: usize = tensorlet::quantized::arena_words(&[8192, models::WORDS]);
/// The most output channels.
const CHANNELS: usize = 128;

/// Numbers aligned to words, as layers have their weights.
#[repr(align(4))]
struct Aligned<const N: usize>([i8; N]);

/// The next state of a generator of pseudo-random numbers.
const fn next(state: u32) -> u32 {
    state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}

/// Pseudo-random numbers from -63 to 63.
pub(crate) const fn numbers<const N: usize>() -> [i8; N] {
    let (mut numbers, mut i, mut state) = ([0; N], 0, 1);
    while i < N {
        state = next(state);
        numbers[i] = ((state >> 16) % 255) as i8 / 2;
        i += 1;
    }
    numbers
}

static NUMBERS: Aligned<WEIGHTS> = Aligned(numbers());
static BIAS: [i32; CHANNELS] = [1000; _];

/// A scale as a layer of this build's packing has it.
pub(crate) const SCALE: Scale = {
    let shift = if matches!(NativePacking::ORDER, Order::Mve) { -10 } else { 10 };
    Scale { multiplier: 0x5555_5555, addend: (1 << 9) + (3 << 10), shift, folded: true, zero_point: 3 }
};
static SCALES: [Scale; CHANNELS] = [SCALE; _];

/// The most elements of an operand of floats.
const FLOATS_LEN: usize = 8192;

static FLOATS: [f32; FLOATS_LEN] = {
    let (mut numbers, mut i, mut state) = ([0.0; FLOATS_LEN], 0, 1);
    while i < FLOATS_LEN {
        state = next(state);
        numbers[i] = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
        i += 1;
    }
    numbers
};
