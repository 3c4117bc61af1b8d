//! Holds the `f32` kernels of this build's instruction set against sums in double precision, and those of the FPU
//! against the bits of the portable ones.
//!
//! Operands are pseudo-random, and so are the sizes of matrices; the shapes of convolutions are those at which kernels
//! change their way. Around results lies poison, which must stay as it was. The exit code says whether all is well.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{
    Exit, board,
    float::{Bench, conv, products, random_products},
    int8::Image,
};
use tensorlet::Kernels;
use tensorlet_simd::Native;

firmware::end_of_program!();

/// Shapes of [`Image`]: groups, inputs and outputs of a group, input, kernel, stride, padding, dilation.
macro_rules! images {
    ($bench:ident; $(
        $g:literal $c:literal $o:literal, $h:literal x $w:literal, $kh:literal x $kw:literal,
        $sh:literal $sw:literal, $top:literal $left:literal $bottom:literal $right:literal, $dh:literal $dw:literal;
    )+) => {
        $(conv::<Image<$g, $c, $o, $h, $w, $kh, $kw, $sh, $sw, $top, $left, $bottom, $right, $dh, $dw>>($bench);)+
    };
}

fn convolutions(bench: &mut Bench) {
    images! { bench;
        1 1 1, 1 x 1, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 2, 1 x 1, 3 x 3, 1 1, 2 2 2 2, 1 1;
        1 2 2, 2 x 2, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 3, 3 x 2, 3 x 3, 1 1, 2 2 2 2, 1 1;
        1 2 5, 3 x 3, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 5, 3 x 3, 3 x 3, 1 1, 2 2 2 2, 1 1;
        1 1 1, 3 x 3, 3 x 3, 1 1, 0 0 0 0, 1 1;
        1 3 2, 4 x 4, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 1 2, 4 x 4, 3 x 3, 1 1, 0 0 0 0, 1 1;
        1 2 3, 5 x 5, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 3 2, 6 x 6, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 3 2, 7 x 7, 3 x 3, 1 1, 0 0 0 0, 1 1;
        1 2 2, 8 x 8, 3 x 3, 1 1, 2 2 2 2, 1 1;
        1 8 9, 8 x 8, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 2, 9 x 9, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 2, 6 x 10, 3 x 3, 1 1, 0 0 1 1, 1 1;
        1 2 2, 6 x 11, 3 x 3, 1 1, 1 1 0 0, 1 1;
        1 2 2, 6 x 12, 3 x 3, 1 1, 2 2 1 1, 1 1;
        1 2 6, 3 x 13, 3 x 3, 1 1, 1 2 1 2, 1 1;
        1 2 2, 4 x 14, 3 x 3, 1 1, 0 2 1 0, 1 1;
        3 1 1, 5 x 14, 3 x 3, 1 1, 1 1 1 1, 1 1;
        6 1 1, 3 x 3, 3 x 3, 1 1, 1 1 1 1, 1 1;
        2 1 2, 16 x 17, 3 x 3, 1 1, 1 1 1 1, 1 1;
        1 2 2, 2 x 21, 3 x 3, 1 1, 3 1 3 1, 1 1;
        1 2 2, 5 x 5, 3 x 3, 1 1, 3 3 3 3, 1 1;
        1 2 3, 8 x 8, 3 x 3, 2 2, 1 1 1 1, 1 1;
        1 2 3, 7 x 9, 3 x 3, 1 1, 2 2 2 2, 2 2;
        1 2 3, 8 x 8, 5 x 5, 1 1, 2 2 2 2, 1 1;
        2 3 4, 6 x 7, 2 x 3, 1 1, 0 1 1 1, 1 1;
        1 5 6, 5 x 6, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 4 4, 6 x 6, 1 x 1, 2 2, 0 0 0 0, 1 1;
        2 3 3, 4 x 4, 1 x 1, 1 1, 0 0 0 0, 1 1;
        1 3 5, 1 x 19, 1 x 4, 1 1, 0 1 0 2, 1 1;
    }
}

#[entry]
fn main() -> ! {
    static mut BENCH: Bench = Bench::NEW;
    let bench = BENCH;
    defmt::println!("{=str}: kernels of {=str}", board::NAME, Native::NAME);
    random_products(bench, 200);
    for rows in 1..=9 {
        products(bench, [rows, 10, 64]);
        products(bench, [rows, 33, 17]);
    }
    convolutions(bench);
    if !bench.report() {
        defmt::error!("some results are too far from those in double precision, or have other bits than they must");
        Exit::OtherResults.exit()
    }
    defmt::println!("passed: all results are as near as they must be");
    Exit::Passed.exit()
}
