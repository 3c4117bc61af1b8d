//! The int8 kernels.

use core::hint::black_box;

use firmware::{
    board::{Instructions, Measured},
    int8::Image,
};
use tensorlet::{
    kernel::{Conv2dShape, IntegerKernels, Pool2dShape, QuantizedKernels},
    quantized::{AddTables, Clamp, Once, Packing, Requantize, Scale, Twice},
};
use tensorlet_simd::{NATIVE, NativePacking};

use crate::workload::{Operands, SCALE, Workload};

static TABLE: [i32; 256] = [12345; _];

impl Operands {
    fn requantize(&self, channels: usize, scales: usize) -> Requantize<'static> {
        Requantize {
            bias: black_box(&self.bias[..channels]),
            scales: black_box(&self.scales[..scales]),
            folded: black_box(true),
            clamp: black_box(Clamp::<i8>::NONE),
        }
    }

    fn conv<G: Conv2dShape>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let (d, zero) = (G::DIMS, black_box(-3));
        let (x, weight) = (&self.x[..d.in_len()], &self.weight[..d.groups * d.out_channels * d.filter_len()]);
        let requantize = self.requantize(d.groups * d.out_channels, d.groups * d.out_channels);
        let (x, weight, y) = (black_box(x), black_box(weight), black_box(&mut self.y[..d.out_len()]));
        let scratch = black_box(&mut *self.words);
        let run = || {
            NATIVE.conv2d_i8::<G, NativePacking, Twice>(x, zero, weight, requantize, y, scratch);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }

    fn depthwise<G: Conv2dShape>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let (d, zero) = (G::DIMS, black_box(-3));
        let (x, weight) = (&self.x[..d.in_len()], &self.weight[..d.groups * d.out_channels * d.taps()]);
        let requantize = self.requantize(d.groups * d.out_channels, d.groups * d.out_channels);
        let (x, weight, y) = (black_box(x), black_box(weight), black_box(&mut self.y[..d.out_len()]));
        let scratch = black_box(&mut *self.words);
        let run = || {
            NATIVE.depthwise_conv2d_i8::<G, NativePacking, Twice>(x, zero, weight, requantize, y, scratch);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }

    fn linear<const IN: usize, const OUT: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let requantize = self.requantize(OUT, 1);
        let (x, weight) = (black_box(&self.x[..IN]), black_box(&self.weight[..IN * OUT]));
        let y = black_box(&mut self.y[..OUT]);
        let scratch = black_box(&mut *self.words);
        let run = || {
            NATIVE.linear_i8::<IN, OUT, NativePacking, Once>(x, weight, requantize, y, scratch);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }
}

impl Operands {
    fn max_pool<G: Pool2dShape, const C: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let [x, y] = [G::DIMS.input, G::DIMS.output].map(|[rows, columns]| rows * columns * C);
        let (x, clamp, y) = (black_box(&self.x[..x]), black_box(Clamp::<i8>::NONE), black_box(&mut self.y[..y]));
        let run = || {
            NATIVE.max_pool2d_i8::<G, C>(x, clamp, y);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }

    fn avg_pool<G: Pool2dShape, const C: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let [x, y] = [G::DIMS.input, G::DIMS.output].map(|[rows, columns]| rows * columns * C);
        let (x, clamp, y) = (black_box(&self.x[..x]), black_box(Clamp::<i8>::NONE), black_box(&mut self.y[..y]));
        let run = || {
            NATIVE.avg_pool2d_i8::<G, C>(x, clamp, y);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }

    fn add<const N: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let tables = black_box([&TABLE, &TABLE]);
        let add = black_box(AddTables { tables, scale: Scale { shift: 10, ..SCALE }, clamp: Clamp::<i8>::NONE });
        let (a, b, y) = (black_box(&self.x[..N]), black_box(&self.weight[N..2 * N]), black_box(&mut self.y[..N]));
        let run = || {
            NATIVE.add_i8::<Twice>(a, Some(b), add, y);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }
}

const fn conv<G: Conv2dShape>(name: &'static str) -> Workload {
    let d = G::DIMS;
    Workload {
        name,
        work: d.out_len() * d.filter_len(),
        scratch: 4 * NativePacking::ORDER.conv_scratch(&d),
        run: Operands::conv::<G>,
    }
}

const fn depthwise<G: Conv2dShape>(name: &'static str) -> Workload {
    let d = G::DIMS;
    Workload {
        name,
        work: d.out_len() * d.taps(),
        scratch: 4 * NativePacking::ORDER.depthwise_scratch(&d),
        run: Operands::depthwise::<G>,
    }
}

const fn linear<const IN: usize, const OUT: usize>(name: &'static str) -> Workload {
    Workload {
        name,
        work: IN * OUT,
        scratch: 4 * NativePacking::ORDER.linear_scratch(IN, OUT),
        run: Operands::linear::<IN, OUT>,
    }
}

const fn max_pool<G: Pool2dShape, const C: usize>(name: &'static str) -> Workload {
    Workload { name, work: G::DIMS.input[0] * G::DIMS.input[1] * C, scratch: 0, run: Operands::max_pool::<G, C> }
}

const fn avg_pool<G: Pool2dShape, const C: usize>(name: &'static str) -> Workload {
    Workload { name, work: G::DIMS.input[0] * G::DIMS.input[1] * C, scratch: 0, run: Operands::avg_pool::<G, C> }
}

const fn add<const N: usize>(name: &'static str) -> Workload {
    Workload { name, work: N, scratch: 0, run: Operands::add::<N> }
}

pub(crate) static WORKLOADS: [Workload; 22] = [
    conv::<Image<1, 3, 32, 32, 32, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1>>("conv 5x5, 32x32x3 to 32"),
    conv::<Image<1, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>>("conv 3x3, 16x16x16 to 16"),
    conv::<Image<1, 64, 64, 16, 16, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("conv 1x1, 16x16x64 to 64"),
    depthwise::<Image<64, 1, 1, 25, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>>("depthwise 3x3, 25x5x64"),
    linear::<640, 128>("fully connected 640 to 128"),
    linear::<64, 10>("fully connected 64 to 10"),
    max_pool::<Image<1, 1, 1, 32, 32, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1>, 32>("max pool 2x2, 32x32x32"),
    avg_pool::<Image<1, 1, 1, 32, 32, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1>, 32>("average pool 2x2, 32x32x32"),
    add::<16384>("add, 16384 elements"),
    conv::<Image<1, 3, 16, 32, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>>("conv 3x3, 32x32x3 to 16"),
    conv::<Image<1, 3, 8, 96, 96, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1>>("conv 3x3/2, 96x96x3 to 8"),
    conv::<Image<1, 1, 64, 49, 10, 10, 4, 2, 2, 4, 1, 5, 1, 1, 1>>("conv 10x4/2, 49x10x1 to 64"),
    conv::<Image<1, 16, 32, 32, 32, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1>>("conv 3x3/2, 32x32x16 to 32"),
    conv::<Image<1, 64, 64, 25, 5, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("conv 1x1, 25x5x64 to 64"),
    conv::<Image<1, 8, 16, 24, 24, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("conv 1x1, 24x24x8 to 16"),
    depthwise::<Image<8, 1, 1, 48, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>>("depthwise 3x3, 48x48x8"),
    depthwise::<Image<16, 1, 1, 24, 24, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1>>("depthwise 3x3/2, 24x24x16"),
    depthwise::<Image<128, 1, 1, 6, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>>("depthwise 3x3, 6x6x128"),
    depthwise::<Image<40, 1, 1, 30, 1, 3, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("depthwise 3x1, 30x1x40"),
    depthwise::<Image<128, 1, 1, 26, 1, 10, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("depthwise 10x1, 26x1x128"),
    depthwise::<Image<128, 1, 1, 17, 1, 15, 1, 1, 1, 0, 0, 0, 0, 1, 1>>("depthwise 15x1, 17x1x128"),
    linear::<128, 128>("fully connected 128 to 128"),
];
