//! Trains a network to read handwritten digits, on a microcontroller without an operating system and without a heap.
//!
//! Every loss and weight must have the bits that the host computed when this program was built; the exit code says
//! whether they have. On the way it counts instructions, and at the end it says what memory it used.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{job, report::Constants};
use tensorlet::{
    Mode, Module,
    optim::{Adam, Sgd},
};
use tensorlet_examples::digits::{
    Digits,
    device_job::{
        Memory, Outcome,
        pictures::{self, WORKSPACE_WORDS},
    },
};

firmware::end_of_program!();

/// What the same source gave on the host.
const EXPECTED: [Outcome; 2] = include!(concat!(env!("OUT_DIR"), "/pictures.rs"));

const CONSTANTS: Constants = Constants {
    network: Digits::FLASH_BYTES,
    training: &[
        ("fused SGD", Digits::training_bytes::<Sgd>(Mode::Fused, 1)),
        ("accumulated Adam", Digits::training_bytes::<Adam>(Mode::Accumulate, 1)),
    ],
    inference: Digits::INFERENCE_BYTES,
};

#[entry]
fn main() -> ! {
    static mut NETWORK: Digits = Digits::ZERO;
    static mut WORKSPACE: [f32; WORKSPACE_WORDS] = [0.0; WORKSPACE_WORDS];
    static mut ARENA: [f32; Digits::INFERENCE_WORDS] = [0.0; Digits::INFERENCE_WORDS];

    let memory = Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA };
    job::run(memory, &CONSTANTS, &EXPECTED, pictures::run).exit()
}
