//! Holds `f32` kernels of the build's instruction set against sums in double precision.

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{
    Kernels, Portable,
    kernel::{Conv2dDims, Conv2dShape, ConvKernels, MatmulKernels},
};
use tensorlet_simd::{NATIVE, Native};

/// The most elements of an operand.
const ROOM: usize = 2304;
/// The most output channels.
const CHANNELS: usize = 16;
/// What lies around outputs.
const POISON: f32 = f32::from_bits(0x7fa5_a5a5);
/// Numbers of it.
const BORDER: usize = 4;
/// The relative error of one rounding.
const ROUNDING: f64 = 1.0 / 16_777_216.0;

/// The roundings that a kernel's results may be off by, in proportion to the sum of what was added. The host holds
/// these figures against its table of tolerances.
const ROUNDINGS: [(&str, u32); 9] = [
    ("matmul", 12),
    ("matmul_nt", 12),
    ("matmul_tn", 8),
    ("conv2d", 16),
    ("conv2d_input_gradient", 16),
    ("conv2d_weight_gradient", 16),
    ("conv2d_bias_gradient", 16),
    ("conv2d_channel_input_gradient", 16),
    ("conv2d_channel_weight_gradient", 16),
];

/// What has been found of a kernel.
#[derive(Clone, Copy, Debug)]
struct Found {
    runs: usize,
    numbers: usize,
    /// The largest error, in roundings.
    worst: f64,
    failures: usize,
}

/// Memory for the operands of a kernel, and what has been found.
#[derive(Debug)]
pub struct Bench {
    a: [f32; ROOM],
    b: [f32; ROOM],
    bias: [f32; CHANNELS],
    before: [f32; ROOM + 2 * BORDER],
    native: [f32; ROOM + 2 * BORDER],
    portable: [f32; ROOM + 2 * BORDER],
    seed: u64,
    found: [Found; ROUNDINGS.len()],
}

/// A kernel, run on the native token or the portable one: two operands, the bias, the result.
type Run<'f> = dyn Fn(bool, &[f32], &[f32], &[f32], &mut [f32]) + 'f;
/// The terms of a result: the numbers of these two operands, multiplied; a second place of `usize::MAX` stands for 1.
type Terms<'f> = dyn Fn(usize, &mut dyn FnMut(usize, usize)) + 'f;

/// A kernel to be tried.
struct Trial<'f> {
    name: &'static str,
    /// Lengths of the operands and of the result.
    sizes: [usize; 3],
    /// What the result is added to: what is there, or of each result the bias of this channel, or nothing.
    begin: &'f dyn Fn(usize) -> Begin,
    terms: &'f Terms<'f>,
    run: &'f Run<'f>,
}

/// What a result is added to.
enum Begin {
    There,
    Bias(usize),
    Zero,
}

impl Bench {
    /// Before the first kernel.
    pub const NEW: Self = Self {
        a: [0.0; _],
        b: [0.0; _],
        bias: [0.0; _],
        before: [0.0; _],
        native: [0.0; _],
        portable: [0.0; _],
        seed: 0,
        found: [Found { runs: 0, numbers: 0, worst: 0.0, failures: 0 }; _],
    };

    /// Prints what has been found of each kernel; whether all is well.
    pub fn report(&self) -> bool {
        for ((name, most), found) in ROUNDINGS.iter().zip(&self.found) {
            defmt::println!(
                "{=str}: {=usize} runs, {=usize} numbers, at most {=f64} of {=u32} roundings, {=usize} failures",
                name,
                found.runs,
                found.numbers,
                found.worst,
                most,
                found.failures
            );
        }
        self.found.iter().all(|found| found.failures == 0 && found.runs > 0)
    }

    /// Whether the native kernels must have the bits of the portable ones.
    fn same_bits() -> bool {
        Native::NAME != "mve"
    }

    /// Runs both kernels on pseudo-random numbers and compares.
    #[inline(never)]
    fn try_kernel(&mut self, trial: &Trial<'_>) {
        self.seed += 1;
        let mut random = Xoshiro128PlusPlus::seed_from_u64(self.seed);
        let mut number = || random.next_u32() as i32 as f32 / 2_147_483_648.0;
        let [a, b, y] = trial.sizes;
        // Operands begin at any word.
        let (at, by) = (self.seed as usize % 4, self.seed as usize / 4 % 4);
        for x in self.a.iter_mut().chain(&mut self.b).chain(&mut self.bias) {
            *x = number();
        }
        self.before.fill(POISON);
        for x in &mut self.before[BORDER + by..][..y] {
            *x = number();
        }
        let (a, b) = (&self.a[at..][..a], &self.b[by..][..b]);
        for (native, all) in [(true, &mut self.native), (false, &mut self.portable)] {
            all.copy_from_slice(&self.before);
            (trial.run)(native, a, b, &self.bias, &mut all[BORDER + by..][..y]);
        }

        let Some(index) = ROUNDINGS.iter().position(|(name, _)| *name == trial.name) else { return };
        let (most, found) = (f64::from(ROUNDINGS[index].1), &mut self.found[index]);
        found.runs += 1;
        found.numbers += y;
        let mut failures = 0;
        for (i, (got, was)) in self.native.iter().zip(&self.before).enumerate() {
            let Some(place) = i.checked_sub(BORDER + by).filter(|place| *place < y) else {
                failures += usize::from(got.to_bits() != POISON.to_bits());
                continue;
            };
            let begin = match (trial.begin)(place) {
                Begin::There => f64::from(*was),
                Begin::Bias(channel) => f64::from(self.bias[channel]),
                Begin::Zero => 0.0,
            };
            let (mut sum, mut magnitude) = (begin, begin.abs());
            (trial.terms)(place, &mut |i, j| {
                let term = f64::from(a[i]) * b.get(j).map_or(1.0, |b| f64::from(*b));
                sum += term;
                magnitude += term.abs();
            });
            let error = (f64::from(*got) - sum).abs();
            let roundings = if error == 0.0 { 0.0 } else { error / (magnitude * ROUNDING) };
            found.worst = found.worst.max(roundings);
            // Whatever is no number fails too.
            let near = roundings <= most;
            let same = !Self::same_bits() || *got == self.portable[i];
            failures += usize::from(!near || !same);
        }
        if failures > 0 {
            defmt::error!("{=str}, run {=usize}: {=usize} of {=usize} numbers", trial.name, found.runs, failures, y);
        }
        found.failures += failures;
    }
}

/// All products of matrices of these sizes.
pub fn products(bench: &mut Bench, [m, k, n]: [usize; 3]) {
    bench.try_kernel(&Trial {
        name: "matmul",
        sizes: [m * k, k * n, m * n],
        begin: &|_| Begin::There,
        terms: &|i, term| (0..k).for_each(|d| term(i / n * k + d, d * n + i % n)),
        run: &|native, a, b, _, c| {
            if native { NATIVE.matmul_flat([k, n], a, b, c) } else { Portable.matmul_flat([k, n], a, b, c) }
        },
    });
    bench.try_kernel(&Trial {
        name: "matmul_nt",
        sizes: [m * k, n * k, m * n],
        begin: &|_| Begin::There,
        terms: &|i, term| (0..k).for_each(|d| term(i / n * k + d, i % n * k + d)),
        run: &|native, a, b, _, c| {
            if native { NATIVE.matmul_nt_flat([n, k], a, b, c) } else { Portable.matmul_nt_flat([n, k], a, b, c) }
        },
    });
    bench.try_kernel(&Trial {
        name: "matmul_tn",
        sizes: [k * m, k * n, m * n],
        begin: &|_| Begin::There,
        terms: &|i, term| (0..k).for_each(|d| term(d * m + i / n, d * n + i % n)),
        run: &|native, a, b, _, c| {
            if native { NATIVE.matmul_tn_flat([m, n], a, b, c) } else { Portable.matmul_tn_flat([m, n], a, b, c) }
        },
    });
}

/// Matrices of pseudo-random sizes.
pub fn random_products(bench: &mut Bench, runs: u64) {
    let mut random = Xoshiro128PlusPlus::seed_from_u64(0);
    for run in 0..runs {
        let most = if run % 4 == 0 { 40 } else { 11 };
        products(bench, [0; 3].map(|_| 1 + random.next_u32() as usize % most));
    }
}

/// Samples of a convolution.
const SAMPLES: usize = 2;

/// The input that an output sees along an axis by a tap, if it exists.
fn input(d: &Conv2dDims, axis: usize, output: usize, tap: usize) -> Option<usize> {
    let options = d.window.options;
    let position = output * options.stride[axis] + tap * options.dilation[axis];
    position.checked_sub(options.padding[axis]).filter(|position| *position < d.input[axis])
}

/// The output that sees an input along an axis by a tap, if there is one.
fn output(d: &Conv2dDims, axis: usize, input: usize, tap: usize) -> Option<usize> {
    let options = d.window.options;
    let position = (input + options.padding[axis]).checked_sub(tap * options.dilation[axis])?;
    let output = position / options.stride[axis];
    (position.is_multiple_of(options.stride[axis]) && output < d.output[axis]).then_some(output)
}

/// The place of a number in samples `[channels][rows][columns]`.
fn place([channels, rows, columns]: [usize; 3], [sample, channel, row, column]: [usize; 4]) -> usize {
    ((sample * channels + channel) * rows + row) * columns + column
}

/// What [`place`] has put together.
fn parts([channels, rows, columns]: [usize; 3], place: usize) -> [usize; 4] {
    let channel = place / columns / rows;
    [channel / channels, channel % channels, place / columns % rows, place % columns]
}

/// A convolution and its gradients.
pub fn conv<G: Conv2dShape>(bench: &mut Bench) {
    let d = &G::DIMS;
    let (ins, outs, weights) = (d.in_len(), d.out_len(), d.groups * d.out_channels * d.filter_len());
    let x = [d.groups * d.in_channels, d.input[0], d.input[1]];
    let y = [d.groups * d.out_channels, d.output[0], d.output[1]];
    let w = [d.in_channels, d.window.kernel[0], d.window.kernel[1]];
    let taps = || (0..w[1]).flat_map(|r| (0..w[2]).map(move |s| [r, s]));

    bench.try_kernel(&Trial {
        name: "conv2d",
        sizes: [SAMPLES * ins, weights, SAMPLES * outs],
        begin: &|i| Begin::Bias(parts(y, i)[1]),
        terms: &|i, term| {
            let [sample, o, i, j] = parts(y, i);
            for c in 0..d.in_channels {
                for [r, s] in taps() {
                    let (Some(row), Some(column)) = (input(d, 0, i, r), input(d, 1, j, s)) else { continue };
                    let channel = o / d.out_channels * d.in_channels + c;
                    term(place(x, [sample, channel, row, column]), place(w, [o, c, r, s]));
                }
            }
        },
        run: &|native, x, w, bias, y| {
            let bias = &bias[..d.groups * d.out_channels];
            if native { NATIVE.conv2d::<G>(x, w, bias, y) } else { Portable.conv2d::<G>(x, w, bias, y) }
        },
    });

    // The terms of the gradient of an input, and of a weight.
    let of_input = |sample: usize, channel: usize, [row, column]: [usize; 2], term: &mut dyn FnMut(usize, usize)| {
        let (group, c) = (channel / d.in_channels, channel % d.in_channels);
        for o in group * d.out_channels..(group + 1) * d.out_channels {
            for [r, s] in taps() {
                let (Some(i), Some(j)) = (output(d, 0, row, r), output(d, 1, column, s)) else { continue };
                term(place(y, [sample, o, i, j]), place(w, [o, c, r, s]));
            }
        }
    };
    let of_weight = |o: usize, [c, r, s]: [usize; 3], term: &mut dyn FnMut(usize, usize)| {
        for at in 0..SAMPLES * d.out_plane() {
            let [sample, _, i, j] = parts([1, y[1], y[2]], at);
            let (Some(row), Some(column)) = (input(d, 0, i, r), input(d, 1, j, s)) else { continue };
            let channel = o / d.out_channels * d.in_channels + c;
            term(place(x, [sample, channel, row, column]), place(y, [sample, o, i, j]));
        }
    };

    bench.try_kernel(&Trial {
        name: "conv2d_input_gradient",
        sizes: [SAMPLES * outs, weights, SAMPLES * ins],
        begin: &|_| Begin::Zero,
        terms: &|i, term| {
            let [sample, channel, row, column] = parts(x, i);
            of_input(sample, channel, [row, column], term);
        },
        run: &|native, dy, w, _, dx| {
            if native {
                NATIVE.conv2d_input_gradient::<G>(dy, w, dx);
            } else {
                Portable.conv2d_input_gradient::<G>(dy, w, dx);
            }
        },
    });
    bench.try_kernel(&Trial {
        name: "conv2d_weight_gradient",
        sizes: [SAMPLES * ins, SAMPLES * outs, weights],
        begin: &|_| Begin::There,
        terms: &|i, term| {
            let [o, c, r, s] = parts(w, i);
            of_weight(o, [c, r, s], term);
        },
        run: &|native, x, dy, _, dw| {
            if native {
                NATIVE.conv2d_weight_gradient::<G>(x, dy, dw, &mut []);
            } else {
                Portable.conv2d_weight_gradient::<G>(x, dy, dw, &mut []);
            }
        },
    });
    bench.try_kernel(&Trial {
        name: "conv2d_bias_gradient",
        sizes: [SAMPLES * outs, 0, d.groups * d.out_channels],
        begin: &|_| Begin::There,
        terms: &|o, term| {
            for at in 0..SAMPLES * d.out_plane() {
                let [sample, _, i, j] = parts([1, y[1], y[2]], at);
                term(place(y, [sample, o, i, j]), usize::MAX);
            }
        },
        run: &|native, dy, _, _, db| {
            if native { NATIVE.conv2d_bias_gradient::<G>(dy, db) } else { Portable.conv2d_bias_gradient::<G>(dy, db) }
        },
    });

    let channel = d.in_channels / 2;
    bench.try_kernel(&Trial {
        name: "conv2d_channel_input_gradient",
        sizes: [SAMPLES * outs, weights, SAMPLES * ins],
        // The other channels stay.
        begin: &|i| if parts(x, i)[1] % d.in_channels == channel { Begin::Zero } else { Begin::There },
        terms: &|i, term| {
            let [sample, at, row, column] = parts(x, i);
            if at % d.in_channels == channel {
                of_input(sample, at, [row, column], term);
            }
        },
        run: &|native, dy, w, _, dx| {
            if native {
                NATIVE.conv2d_channel_input_gradient::<G>(channel, dy, w, dx);
            } else {
                Portable.conv2d_channel_input_gradient::<G>(channel, dy, w, dx);
            }
        },
    });
    bench.try_kernel(&Trial {
        name: "conv2d_channel_weight_gradient",
        sizes: [SAMPLES * ins, SAMPLES * outs, weights / d.in_channels],
        begin: &|_| Begin::There,
        terms: &|i, term| {
            let [o, _, r, s] = parts([1, w[1], w[2]], i);
            of_weight(o, [channel, r, s], term);
        },
        run: &|native, x, dy, _, dw| {
            if native {
                NATIVE.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw);
            } else {
                Portable.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw);
            }
        },
    });
}
