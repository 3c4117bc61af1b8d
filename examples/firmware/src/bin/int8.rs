//! Compares the int8 kernels of this build's instruction set with those of `Portable`, bit for bit.
//!
//! Weights, inputs and scales are pseudo-random; shapes and alignments are those at which the kernels change their way,
//! and shapes that are drawn when this is built, with the seed that `TENSORLET_SHAPES` names.
//! Around the outputs lies poison, which must stay as it was. Each family prints what was compared, and the exit code
//! says whether anything differed.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{
    Exit, board,
    int8::{Bench, Image, add, conv, depthwise, gru, linear, lstm, pools, softmax},
};
use tensorlet::{
    Kernels,
    quantized::{Once, RowMajor, Twice},
};
use tensorlet_simd::{Native, NativePacking};

firmware::end_of_program!();

include!(concat!(env!("OUT_DIR"), "/drawn.rs"));

/// Runs a check for shapes: `check, rounding, packing; shapes`.
macro_rules! each {
    ($bench:ident, $check:ident, $rounding:ty, $packing:ty; $($shape:ty),+ $(,)?) => {
        $($check::<$shape, $packing, $rounding>($bench);)+
    };
}

/// Shapes of [`Image`]: groups, inputs and outputs of a group, input, kernel, stride, padding, dilation.
macro_rules! images {
    ($bench:ident, $check:ident; $(
        $g:literal $c:literal $o:literal, $h:literal x $w:literal, $kh:literal x $kw:literal,
        $sh:literal $sw:literal, $top:literal $left:literal $bottom:literal $right:literal, $dh:literal $dw:literal;
    )+) => {
        each!($bench, $check, Twice, NativePacking; $(
            Image<$g, $c, $o, $h, $w, $kh, $kw, $sh, $sw, $top, $left, $bottom, $right, $dh, $dw>
        ),+);
    };
}

fn convolutions(bench: &mut Bench) {
    images! { bench, conv;
        1 1 2, 1 x 1, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 1 1, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 2 3, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 3 4, 2 x 5, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 4 2, 2 x 2, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 5 5, 2 x 4, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 6 6, 3 x 1, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 7 2, 1 x 7, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 8 8, 4 x 4, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 9 3, 2 x 2, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 12 4, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 13 4, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 14 4, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 15 4, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 16 2, 5 x 1, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 17 2, 1 x 5, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 20 6, 2 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 35 6, 2 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 64 10, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 8 16, 5 x 6, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 11 7, 3 x 5, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 8 6, 5 x 5, 1 x 1, 2 2, 0 0 0 0, 1 1;
        1 3 8, 12 x 26, 3 x 3, 2 2, 0 0 1 1, 1 1;
        1 3 5, 8 x 14, 5 x 5, 1 1, 2 2 2 2, 1 1;
        1 20 6, 4 x 11, 1 x 3, 1 1, 0 1 0 1, 1 1;
        1 3 8, 6 x 7, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 3 8, 9 x 9, 3 x 3, 2 2, 0 0 1 1, 1 1;
        1 3 4, 7 x 7, 5 x 5, 1 1, 2 2 2 2, 1 1;
        1 1 6, 12 x 5, 10 x 4, 2 2, 4 1 5 1, 1 1;
        1 16 16, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 16 5, 6 x 4, 3 x 3, 2 2, 0 0 1 1, 1 1;
        1 4 3, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 8 4, 4 x 4, 3 x 3, 3 2, 1 2 1 0, 1 1;
        1 4 4, 7 x 6, 3 x 3, 1 1, 2 2 2 2, 2 2;
        1 4 4, 7 x 8, 3 x 2, 2 1, 1 3 2 1, 1 3;
        1 5 4, 7 x 6, 2 x 3, 1 1, 0 2 1 2, 2 1;
        1 4 4, 2 x 2, 5 x 5, 1 1, 2 2 2 2, 1 1;
        1 3 2, 1 x 1, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 2, 3 x 3, 3 x 3, 1 1, 4 4 4 4, 1 1;
        1 10 4, 9 x 1, 3 x 1, 1 1, 0 0 0 0, 1 1;
        1 6 4, 1 x 9, 1 x 4, 1 2, 0 1 0 2, 1 1;
        2 4 4, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 3 2, 5 x 4, 3 x 3, 2 1, 1 1 1 1, 1 1;
        3 5 4, 3 x 3, 2 x 2, 1 1, 0 0 0 0, 1 1;
        4 1 2, 4 x 4, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 8 3, 3 x 3, 1 x 1, 1 1, 0 0 0 0, 1 1;
        3 2 1, 4 x 4, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 8 2, 5 x 5, 2 x 2, 1 1, 1 1 1 1, 2 2;
    }
    each!(bench, conv, Once, NativePacking;
        Image<1, 3, 5, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>,
        Image<1, 8, 16, 5, 6, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>,
        Image<1, 40, 6, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>,
        Image<1, 3, 8, 7, 20, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1>,
    );
    drawn_convolutions(bench);
    each!(bench, conv, Twice, RowMajor; Image<1, 3, 5, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>);
    bench.report("conv2d_i8");
}

fn depthwise_convolutions(bench: &mut Bench) {
    images! { bench, depthwise;
        4 1 1, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        5 1 1, 6 x 7, 3 x 3, 1 1, 1 1 1 1, 1 1;
        3 1 1, 7 x 6, 3 x 3, 2 2, 0 0 1 1, 1 1;
        3 1 1, 8 x 5, 3 x 3, 2 2, 1 1 1 1, 1 1;
        2 1 1, 9 x 4, 3 x 3, 1 2, 1 1 1 1, 1 1;
        2 1 1, 4 x 9, 3 x 3, 1 2, 1 1 1 1, 1 1;
        2 1 1, 4 x 9, 3 x 3, 2 1, 1 1 1 1, 1 1;
        1 1 1, 1 x 1, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 1 1, 3 x 3, 3 x 3, 1 1, 0 0 0 0, 1 1;
        8 1 1, 25 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        16 1 1, 5 x 6, 3 x 3, 1 1, 1 1 1 1, 1 1;
        20 1 1, 5 x 6, 3 x 3, 2 2, 0 0 1 1, 1 1;
        32 1 1, 5 x 4, 3 x 3, 1 1, 0 0 0 0, 1 1;
        20 1 1, 5 x 6, 3 x 2, 1 1, 1 0 0 1, 1 1;
        8 1 1, 6 x 9, 3 x 3, 1 1, 0 0 0 0, 1 1;
        8 1 1, 6 x 3, 3 x 3, 1 1, 0 0 0 0, 1 1;
        4 1 1, 5 x 8, 3 x 3, 2 1, 1 0 0 1, 1 1;
        4 1 1, 4 x 3, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 1 1, 40 x 40, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 1 1, 41 x 40, 3 x 3, 2 2, 0 1 1 0, 1 1;
        1 1 1, 60 x 60, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 1 1, 5 x 600, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 1 2, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        3 1 3, 5 x 4, 3 x 3, 2 2, 1 1 1 1, 1 1;
        4 1 1, 7 x 9, 3 x 3, 1 1, 2 2 2 2, 2 2;
        4 1 1, 7 x 9, 3 x 3, 1 1, 2 1 2 1, 2 1;
        4 1 1, 9 x 7, 3 x 3, 2 1, 1 2 1 2, 1 2;
        4 1 1, 9 x 7, 3 x 3, 3 3, 1 1 1 1, 1 1;
        3 1 1, 8 x 8, 5 x 5, 1 1, 2 2 2 2, 1 1;
        3 1 1, 8 x 9, 4 x 2, 2 1, 1 0 2 1, 1 1;
        3 1 1, 8 x 9, 2 x 2, 2 2, 0 0 0 0, 1 1;
        3 1 1, 4 x 5, 1 x 1, 1 1, 0 0 0 0, 1 1;
        3 1 1, 4 x 5, 1 x 1, 2 3, 1 2 1 2, 1 1;
        7 1 1, 16 x 1, 3 x 1, 1 1, 0 0 0 0, 1 1;
        7 1 1, 17 x 1, 5 x 1, 1 1, 2 0 2 0, 1 1;
        4 1 1, 20 x 1, 10 x 1, 1 1, 0 0 0 0, 1 1;
        4 1 1, 18 x 1, 15 x 1, 1 1, 0 0 0 0, 1 1;
        4 1 1, 1 x 18, 1 x 15, 1 1, 0 7 0 7, 1 1;
        4 1 1, 1 x 18, 1 x 9, 1 3, 0 4 0 4, 1 1;
        2 1 1, 5 x 5, 5 x 5, 1 1, 0 0 0 0, 1 1;
        2 1 1, 2 x 2, 3 x 3, 1 1, 3 3 3 3, 1 1;
        2 1 4, 6 x 6, 3 x 2, 1 1, 1 0 1 1, 2 3;
        4 1 2, 5 x 4, 3 x 3, 1 1, 1 1 1 1, 1 1;
        7 1 4, 5 x 4, 3 x 3, 2 1, 1 0 1 1, 1 1;
        2 2 2, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
    }
    each!(bench, depthwise, Once, NativePacking;
        Image<3, 1, 1, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>,
        Image<3, 1, 1, 6, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1>,
        Image<3, 1, 1, 6, 5, 5, 2, 1, 1, 1, 1, 1, 1, 1, 1>,
        Image<8, 1, 1, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>,
        Image<20, 1, 1, 6, 5, 3, 3, 2, 2, 0, 0, 1, 1, 1, 1>,
    );
    drawn_depthwise(bench);
    each!(bench, depthwise, Twice, RowMajor; Image<3, 1, 1, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>);
    bench.report("depthwise_conv2d_i8");
}

/// Every number of inputs, for outputs in each of these numbers.
macro_rules! products {
    ($bench:ident; $($inputs:literal)+) => {$(
        linear::<$inputs, 1, NativePacking, Once>($bench);
        linear::<$inputs, 2, NativePacking, Once>($bench);
        linear::<$inputs, 3, NativePacking, Once>($bench);
        linear::<$inputs, 4, NativePacking, Once>($bench);
        linear::<$inputs, 6, NativePacking, Twice>($bench);
        linear::<$inputs, 9, NativePacking, Once>($bench);
    )+};
}

fn fully_connected(bench: &mut Bench) {
    products! { bench; 1 2 3 4 5 6 7 8 9 11 12 13 15 16 17 18 19 20 21 22 23 24 28 31 32 33 47 48 64 65 81 129 130 }
    drawn_linear(bench);
    linear::<64, 10, RowMajor, Once>(bench);
    bench.report("linear_i8");
}

/// Poolings: channels, rows and columns of the input.
macro_rules! poolings {
    ($bench:ident; $($c:literal, $h:literal x $w:literal;)+) => {$(
        pools::<Image<1, 1, 1, $h, $w, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1>, $c>($bench);
    )+};
}

fn poolings(bench: &mut Bench) {
    poolings! { bench; 1, 4 x 4; 3, 2 x 6; 4, 2 x 2; 4, 5 x 7; 8, 3 x 2; 12, 6 x 4; 16, 7 x 6; 20, 4 x 5; 32, 8 x 8; }
    pools::<Image<1, 1, 1, 6, 6, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1>, 8>(bench);
    pools::<Image<1, 1, 1, 6, 6, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1>, 8>(bench);
    pools::<Image<1, 1, 1, 6, 6, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1>, 4>(bench);
    pools::<Image<1, 1, 1, 15, 17, 15, 17, 1, 1, 0, 0, 0, 0, 1, 1>, 12>(bench);
    pools::<Image<1, 1, 1, 16, 16, 16, 16, 1, 1, 0, 0, 0, 0, 1, 1>, 4>(bench);
    pools::<Image<1, 1, 1, 7, 8, 3, 2, 2, 3, 0, 0, 0, 0, 1, 1>, 8>(bench);
    pools::<Image<1, 1, 1, 5, 4, 5, 4, 1, 1, 0, 0, 0, 0, 1, 1>, 6>(bench);
    drawn_poolings(bench);
    bench.report("max_pool2d_i8 and avg_pool2d_i8");
}

fn sums(bench: &mut Bench) {
    for n in [1, 2, 3, 4, 5, 8, 15, 256, 1001] {
        add::<Twice>(bench, n);
        add::<Once>(bench, n);
    }
    bench.report("add_i8");
}

fn softmaxes(bench: &mut Bench) {
    softmax::<1>(bench);
    softmax::<2>(bench);
    softmax::<3>(bench);
    softmax::<10>(bench);
    softmax::<17>(bench);
    softmax::<64>(bench);
    softmax::<1000>(bench);
    bench.report("softmax_i8");
}

/// Recurrent layers: inputs and units, in both roundings.
macro_rules! sequences {
    ($bench:ident, $check:ident; $($inputs:literal to $units:literal),+) => {$(
        $check::<$inputs, $units, NativePacking, Twice>($bench);
        $check::<$inputs, $units, NativePacking, Once>($bench);
    )+};
}

fn recurrent(bench: &mut Bench) {
    sequences! { bench, lstm; 1 to 1, 3 to 2, 2 to 3, 16 to 4, 5 to 4, 3 to 5, 7 to 6, 17 to 8, 6 to 10, 33 to 12, 16 to 14 }
    lstm::<5, 4, RowMajor, Twice>(bench);
    drawn_lstm(bench);
    bench.report("lstm_step_i8");
    sequences! { bench, gru; 1 to 1, 3 to 2, 2 to 3, 16 to 4, 5 to 4, 3 to 5, 7 to 6, 17 to 8, 6 to 10, 33 to 12, 16 to 14 }
    gru::<5, 4, RowMajor, Twice>(bench);
    drawn_gru(bench);
    bench.report("gru_step_i8");
}

#[entry]
fn main() -> ! {
    static mut BENCH: Bench = Bench::NEW;
    let bench = BENCH;
    defmt::println!("{=str}: kernels of {=str}; shapes drawn with seed {=u64}", board::NAME, Native::NAME, SEED);
    fully_connected(bench);
    convolutions(bench);
    depthwise_convolutions(bench);
    poolings(bench);
    sums(bench);
    softmaxes(bench);
    recurrent(bench);
    if bench.differences() > 0 {
        defmt::error!("{=usize} outputs differ", bench.differences());
        Exit::OtherResults.exit()
    }
    defmt::println!("passed: {=usize} outputs have the bits of the portable kernels", bench.compared());
    Exit::Passed.exit()
}
