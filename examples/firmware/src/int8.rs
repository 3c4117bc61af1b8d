//! Runs an int8 kernel of the build's instruction set and that of `Portable` on the same pseudo-random numbers.

mod recurrent;

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{
    Portable,
    description::Window,
    kernel::{Conv2dDims, Conv2dShape, IntegerKernels, Pool2dDims, Pool2dShape, QuantizedKernels},
    quantized::{AddTables, Clamp, Order, Packing, Quantization, QuantizedLayer, Requantize, Rounding, Scale, Softmax},
    sliding::Options,
};
use tensorlet_simd::NATIVE;

pub use recurrent::{gru, lstm};

/// A convolution: groups, inputs and outputs of a group, rows and columns of the input, of the kernel, stride, padding
/// above, left, below and right, and dilation.
#[derive(Clone, Copy, Debug)]
pub struct Image<
    const G: usize,
    const C: usize,
    const O: usize,
    const H: usize,
    const W: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const TOP: usize,
    const LEFT: usize,
    const BOTTOM: usize,
    const RIGHT: usize,
    const DH: usize,
    const DW: usize,
>;

impl<
    const G: usize,
    const C: usize,
    const O: usize,
    const H: usize,
    const W: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const TOP: usize,
    const LEFT: usize,
    const BOTTOM: usize,
    const RIGHT: usize,
    const DH: usize,
    const DW: usize,
> Conv2dShape for Image<G, C, O, H, W, KH, KW, SH, SW, TOP, LEFT, BOTTOM, RIGHT, DH, DW>
{
    const DIMS: Conv2dDims = {
        let options = Options {
            stride: [SH, SW],
            padding: [TOP, LEFT],
            padding_end: [BOTTOM, RIGHT],
            dilation: [DH, DW],
            ..Options::NEW
        };
        let window = Window { kernel: [KH, KW], options };
        Conv2dDims { groups: G, in_channels: C, input: [H, W], out_channels: O, output: window.outputs([H, W]), window }
    };
}

/// The same window in a pooling.
impl<
    const G: usize,
    const C: usize,
    const O: usize,
    const H: usize,
    const W: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const TOP: usize,
    const LEFT: usize,
    const BOTTOM: usize,
    const RIGHT: usize,
    const DH: usize,
    const DW: usize,
> Pool2dShape for Image<G, C, O, H, W, KH, KW, SH, SW, TOP, LEFT, BOTTOM, RIGHT, DH, DW>
{
    const DIMS: Pool2dDims = {
        let Conv2dDims { input, output, window, .. } = <Self as Conv2dShape>::DIMS;
        Pool2dDims { input, output, window: Some(window) }
    };
}

/// The most elements of inputs, of weights and of outputs.
const ROOM: usize = 4096;
/// The most output channels.
const CHANNELS: usize = 32;
/// Words of scratch.
const SCRATCH: usize = 2048;
/// What lies around outputs.
const POISON: i8 = 0x5a;
/// Bytes of it.
const BORDER: usize = 8;

/// Where slices begin, seen from a word.
#[derive(Clone, Copy)]
struct Places {
    x: usize,
    weight: usize,
    y: usize,
}

/// Runs the native kernel or the portable one: inputs, weights, how sums become outputs, the outputs, scratch.
type Run<'f> = dyn Fn(bool, &[i8], &[i8], Requantize<'_>, &mut [i8], &mut [f32]) + 'f;

/// Memory for the operands of a kernel, and what has been found.
#[derive(Debug)]
#[repr(C, align(8))]
pub struct Bench {
    x: [i8; ROOM + 8],
    weight: [i8; ROOM + 8],
    portable: [i8; ROOM + 8 + 2 * BORDER],
    native: [i8; ROOM + 8 + 2 * BORDER],
    scratch: [f32; SCRATCH],
    words: [f32; 2 * recurrent::WORDS],
    bias: [i32; CHANNELS],
    scales: [Scale; CHANNELS],
    seed: u64,
    shapes: usize,
    compared: usize,
    differences: usize,
    reported: [usize; 2],
}

impl Bench {
    /// Before the first kernel.
    pub const NEW: Self = Self {
        x: [0; _],
        weight: [0; _],
        portable: [0; _],
        native: [0; _],
        scratch: [0.0; _],
        words: [0.0; _],
        bias: [0; _],
        scales: [Scale { multiplier: 0, addend: 0, shift: 1, folded: true, zero_point: 0 }; _],
        seed: 1,
        shapes: 0,
        compared: 0,
        differences: 0,
        reported: [0; 2],
    };

    /// Outputs compared.
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// Outputs that differed, and bytes around them that were written.
    pub fn differences(&self) -> usize {
        self.differences
    }

    /// Prints what has been compared since the last time.
    pub fn report(&mut self, kernel: &str) {
        let [shapes, compared] = self.reported;
        defmt::println!(
            "{=str}: {=usize} outputs in {=usize} runs compared",
            kernel,
            self.compared - compared,
            self.shapes - shapes
        );
        self.reported = [self.shapes, self.compared];
    }

    /// Fills in operands. One run in four has scales that are not folded, one in four outputs that are limited; with
    /// half of these limits, and with half of the runs that have none, no zero point lies above the least output.
    #[inline(never)]
    fn prepare(&mut self, order: Order, len: usize) -> (bool, Clamp<i8>, i8) {
        self.seed += 1;
        let mut random = Xoshiro128PlusPlus::seed_from_u64(self.seed);
        for x in &mut self.x {
            *x = random.next_u32() as i8;
        }
        for pair in self.weight.chunks_exact_mut(2) {
            // No -128, and none in the high half of a pair.
            let [low, high] = [random.next_u32(), random.next_u32()].map(|w| (w % 255) as i8 - 127);
            pair.copy_from_slice(&[low, if order == Order::Dsp { high.clamp(-127, 126) } else { high }]);
        }
        let folded = !self.seed.is_multiple_of(4);
        let clamp = if self.seed % 4 == 1 { Clamp { min: -40, max: 77 } } else { Clamp::<i8>::NONE };
        let rectified = self.seed & 4 == 0;
        for (bias, scale) in self.bias.iter_mut().zip(&mut self.scales) {
            *bias = random.next_u32() as i32 >> 12;
            // Sums of `len` products have about `log2(len) / 2 + 13` bits.
            let right = (len.ilog2() / 2 + random.next_u32() % 8) as i32;
            let multiplier = (1 << 30) | (random.next_u32() >> 2) as i32;
            let zero_point = random.next_u32() as i8;
            let zero_point = i16::from(if rectified { zero_point.min(clamp.min) } else { zero_point });
            *scale = if folded {
                let right = right + 4;
                let addend = (1 << (right - 1)) + (i32::from(zero_point) << right);
                // Vectors shift to the left by negative numbers.
                let shift = if order == Order::Mve { -right } else { right };
                Scale { multiplier, addend, shift: shift as i8, folded, zero_point }
            } else {
                Scale { multiplier, addend: 0, shift: -(right as i8), folded, zero_point }
            };
        }
        (folded, clamp, random.next_u32() as i8)
    }

    /// Runs both kernels and compares, in one copy for all shapes. The sizes are those of the slices: inputs, weights,
    /// outputs, scratch, biases and scales.
    #[inline(never)]
    fn compare(
        &mut self,
        what: &str,
        places: Places,
        [x, weight, y, scratch, channels, scales]: [usize; 6],
        (folded, clamp): (bool, Clamp<i8>),
        run: &Run<'_>,
    ) {
        let x = &self.x[places.x..][..x];
        let weight = &self.weight[places.weight..][..weight];
        let requantize = Requantize { bias: &self.bias[..channels], scales: &self.scales[..scales], folded, clamp };
        for (native, all) in [(false, &mut self.portable), (true, &mut self.native)] {
            all.fill(POISON);
            self.scratch.fill(f32::NAN);
            run(native, x, weight, requantize, &mut all[BORDER + places.y..][..y], &mut self.scratch[..scratch]);
        }
        let others = self.portable.iter().zip(&self.native).filter(|(a, b)| a != b).count();
        if others > 0 {
            let first = self.portable.iter().zip(&self.native).position(|(a, b)| a != b).unwrap_or(0);
            defmt::error!(
                "{=str}, run {=usize}: {=usize} of {=usize} outputs differ, the first at {=isize}",
                what,
                self.shapes - self.reported[0],
                others,
                y,
                first as isize - (BORDER + places.y) as isize
            );
        }
        let inside = BORDER + places.y..BORDER + places.y + y;
        let around = self.native.iter().enumerate().filter(|(i, y)| !inside.contains(i) && **y != POISON).count();
        self.differences += others + around;
        self.compared += y;
        self.shapes += 1;
    }
}

/// Places of slices that a kernel is run with: weights that are not aligned go another way.
const PLACES: [Places; 5] = [
    Places { x: 0, weight: 0, y: 0 },
    Places { x: 1, weight: 0, y: 3 },
    Places { x: 2, weight: 0, y: 1 },
    Places { x: 3, weight: 4, y: 2 },
    Places { x: 1, weight: 2, y: 0 },
];

/// Compares `conv2d_i8`, on one sample and on two.
pub fn conv<G: Conv2dShape, P: Packing, R: Rounding>(bench: &mut Bench) {
    let d = const { &G::DIMS };
    let channels = d.groups * d.out_channels;
    for places in PLACES {
        let (folded, clamp, zero) = bench.prepare(P::ORDER, d.filter_len());
        let samples = if places.x == 1 && 2 * d.out_len().max(d.in_len()) <= ROOM { 2 } else { 1 };
        let sizes = [
            samples * d.in_len(),
            channels * d.filter_len(),
            samples * d.out_len(),
            P::ORDER.conv_scratch(d),
            channels,
            channels,
        ];
        bench.compare("conv2d_i8", places, sizes, (folded, clamp), &|native, x, weight, requantize, y, scratch| {
            if native {
                NATIVE.conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
            } else {
                Portable.conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
            }
        });
    }
}

/// Compares `depthwise_conv2d_i8`, on one sample and on two.
pub fn depthwise<G: Conv2dShape, P: Packing, R: Rounding>(bench: &mut Bench) {
    let d = const { &G::DIMS };
    let channels = d.groups * d.out_channels;
    for places in PLACES {
        let (folded, clamp, zero) = bench.prepare(P::ORDER, d.taps());
        let samples = if places.x == 1 && 2 * d.out_len().max(d.in_len()) <= ROOM { 2 } else { 1 };
        let sizes = [
            samples * d.in_len(),
            channels * d.taps(),
            samples * d.out_len(),
            P::ORDER.depthwise_scratch(d),
            channels,
            channels,
        ];
        bench.compare(
            "depthwise_conv2d_i8",
            places,
            sizes,
            (folded, clamp),
            &|native, x, weight, requantize, y, scratch| {
                if native {
                    NATIVE.depthwise_conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
                } else {
                    Portable.depthwise_conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
                }
            },
        );
    }
}

/// Compares `linear_i8`, on one sample and on two, with a scale for each output and with one for all.
pub fn linear<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(bench: &mut Bench) {
    for places in PLACES {
        let (folded, clamp, _) = bench.prepare(P::ORDER, IN);
        let samples = 1 + places.x % 2;
        let scales = if places.y == 1 { 1 } else { OUT };
        let sizes = [samples * IN, IN * OUT, samples * OUT, P::ORDER.linear_scratch(IN, OUT), OUT, scales];
        bench.compare("linear_i8", places, sizes, (folded, clamp), &|native, x, weight, requantize, y, scratch| {
            if native {
                NATIVE.linear_i8::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
            } else {
                Portable.linear_i8::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
            }
        });
    }
}

/// Compares `max_pool2d_i8` and `avg_pool2d_i8` on `C` channels, on one sample and on two.
pub fn pools<G: Pool2dShape, const C: usize>(bench: &mut Bench) {
    let d = const { &G::DIMS };
    let [x, y] = [d.input, d.output].map(|[rows, columns]| rows * columns * C);
    for places in PLACES {
        let (_, clamp, _) = bench.prepare(Order::RowMajor, 1);
        let samples = if places.x == 1 && 2 * x <= ROOM { 2 } else { 1 };
        let sizes = [samples * x, 0, samples * y, 0, 0, 0];
        bench.compare("max_pool2d_i8", places, sizes, (true, clamp), &|native, x, _, requantize, y, _| {
            if native {
                NATIVE.max_pool2d_i8::<G, C>(x, requantize.clamp, y);
            } else {
                Portable.max_pool2d_i8::<G, C>(x, requantize.clamp, y);
            }
        });
        bench.compare("avg_pool2d_i8", places, sizes, (true, clamp), &|native, x, _, requantize, y, _| {
            if native {
                NATIVE.avg_pool2d_i8::<G, C>(x, requantize.clamp, y);
            } else {
                Portable.avg_pool2d_i8::<G, C>(x, requantize.clamp, y);
            }
        });
    }
}

/// Compares `add_i8` on so many elements, into an output of its own and into one of the operands.
pub fn add<R: Rounding>(bench: &mut Bench, n: usize) {
    let mut random = Xoshiro128PlusPlus::seed_from_u64(n as u64);
    let [first, second] = [(); 2].map(|()| core::array::from_fn(|_| random.next_u32() as i32 >> 4));
    for places in PLACES {
        let (folded, clamp, _) = bench.prepare(Order::RowMajor, 1 << 24);
        bench.compare("add_i8", places, [n, n, n, 0, 0, 1], (folded, clamp), &|native, x, weight, requantize, y, _| {
            let scale = requantize.scales[0];
            let add = AddTables { tables: [&first, &second], scale, clamp: requantize.clamp };
            if native {
                NATIVE.add_i8::<R>(x, Some(weight), add, y);
            } else {
                Portable.add_i8::<R>(x, Some(weight), add, y);
            }
        });
        bench.compare(
            "add_i8, in place",
            places,
            [n, n, n, 0, 0, 1],
            (folded, clamp),
            &|native, x, b, requantize, y, _| {
                let scale = requantize.scales[0];
                let add = AddTables { tables: [&first, &second], scale, clamp: requantize.clamp };
                y.copy_from_slice(b);
                if native {
                    NATIVE.add_i8::<R>(x, None, add, y);
                } else {
                    Portable.add_i8::<R>(x, None, add, y);
                }
            },
        );
    }
}

/// Compares `softmax_i8` on three rows of `N` elements.
pub fn softmax<const N: usize>(bench: &mut Bench) {
    for (i, places) in PLACES.into_iter().enumerate() {
        bench.prepare(Order::RowMajor, 1);
        // From all elements alike to one that has all.
        let scale = [0.001, 0.02, 0.1, 0.5, 1.9][i];
        let Ok(layer) = Softmax::from_scales(Quantization::new(scale, 0), 1.0) else { continue };
        let sizes = [3 * N, 0, 3 * N, 0, 0, 0];
        bench.compare("softmax_i8", places, sizes, (true, Clamp::<i8>::NONE), &|native, x, _, _, y, _| {
            let (x, y) = (x.as_chunks::<N>().0, y.as_chunks_mut::<N>().0);
            if native {
                layer.apply(NATIVE, x, y, &mut []);
            } else {
                layer.apply(Portable, x, y, &mut []);
            }
        });
    }
}
