//! Measures kernels of this build's instruction set, the int8 MLPerf Tiny networks, and a step of training.
//!
//! A workload is one element of an array in [`kernels`], [`layers`] or [`floats`]; networks come from the models that the
//! build script found. Operands come from outside as far as the compiler can see, and outputs are looked at, so that all
//! of the work is done inside the counted region. Each workload prints one line, which `cargo xtask cortex-m` reads; it
//! runs the same program once more to model the cycles.

#![no_std]
#![no_main]

mod floats;
mod kernels;
mod layers;
mod networks;
mod workload;

use core::hint::black_box;

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{
    Exit,
    board::{self, Board, Instructions},
    models,
};
use tensorlet::{Kernels, Module};
use tensorlet_examples::digits::Digits;
use tensorlet_simd::Native;

use crate::{
    networks::Networks,
    workload::{Operands, Workload},
};

firmware::end_of_program!();

#[entry]
fn main() -> ! {
    static mut Y: [i8; workload::OUTPUTS] = [0; workload::OUTPUTS];
    static mut WORDS: [f32; workload::WORDS] = [0.0; workload::WORDS];
    static mut NETWORK: Digits = Digits::ZERO;

    let Some(Board { instructions, .. }) = Board::take() else { Exit::BoardTaken.exit() };
    defmt::println!("{=str}, kernels of {=str}: {=str}", board::NAME, Native::NAME, Instructions::METHOD);
    defmt::println!("an empty region has its code at {=usize:#010x}", instructions.empty_code());
    for missing in models::MISSING {
        defmt::println!("not tried: {=str}", *missing);
    }
    let mut operands = Operands::new(Y, WORDS, NETWORK);
    let lists: [&[Workload]; 3] = [&kernels::WORKLOADS, &layers::WORKLOADS, &floats::WORKLOADS];
    for workload in black_box(lists).into_iter().flatten() {
        match (workload.run)(&mut operands, &instructions) {
            Some(measured) => workload.report(0, measured),
            None => Exit::JobFailed.exit(),
        }
    }
    let mut networks = Networks { instructions: &instructions, arena: operands.words, exit: Exit::Passed };
    models::all(&mut networks);
    networks.exit.exit()
}
