//! Trains a head of floats on a network of int8, which stays as it is, to read handwritten digits, on a microcontroller.
//!
//! Every loss and weight must have the bits that the host computed when this program was built; the exit code says
//! whether they have. On the way it counts instructions, and at the end it says what memory it used.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{job, report::Constants};
use tensorlet::{
    Mode,
    optim::{Adam, Sgd},
};
use tensorlet_examples::digits::device_job::{
    Memory, Outcome,
    head::{self, LEARNER, Learner, WORKSPACE_WORDS},
};

firmware::end_of_program!();

/// What the same source gave on the host.
const EXPECTED: [Outcome; 2] = include!(concat!(env!("OUT_DIR"), "/head.rs"));

const CONSTANTS: Constants = Constants {
    network: Learner::FLASH_BYTES,
    training: &[
        ("fused SGD", Learner::training_bytes::<Sgd>(Mode::Fused, 1)),
        ("accumulated Adam", Learner::training_bytes::<Adam>(Mode::Accumulate, 1)),
    ],
    inference: Learner::INFERENCE_BYTES,
};

#[entry]
fn main() -> ! {
    static mut NETWORK: Learner = LEARNER;
    static mut WORKSPACE: [f32; WORKSPACE_WORDS] = [0.0; WORKSPACE_WORDS];
    static mut ARENA: [f32; Learner::INFERENCE_WORDS] = [0.0; Learner::INFERENCE_WORDS];

    let memory = Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA };
    job::run(memory, &CONSTANTS, &EXPECTED, head::run).exit()
}
