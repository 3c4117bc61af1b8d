//! Trains a recurrent network to read handwritten digits row by row, on a microcontroller.
//!
//! Every loss and weight must have the bits that the host computed when this program was built; the exit code says
//! whether they have. On the way it counts instructions, and at the end it says what memory it used.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{job, report::Constants};
use tensorlet::{Mode, Module, optim::Adam};
use tensorlet_examples::digits::device_job::{
    Memory, Outcome,
    rows::{self, Rows, WORKSPACE_WORDS},
};

firmware::end_of_program!();

/// What the same source gave on the host.
const EXPECTED: [Outcome; 1] = include!(concat!(env!("OUT_DIR"), "/rows.rs"));

const CONSTANTS: Constants = Constants {
    network: Rows::FLASH_BYTES,
    training: &[("fused Adam", Rows::training_bytes::<Adam>(Mode::Fused, 1))],
    inference: Rows::INFERENCE_BYTES,
};

#[entry]
fn main() -> ! {
    static mut NETWORK: Rows = Rows::ZERO;
    static mut WORKSPACE: [f32; WORKSPACE_WORDS] = [0.0; WORKSPACE_WORDS];
    static mut ARENA: [f32; Rows::INFERENCE_WORDS] = [0.0; Rows::INFERENCE_WORDS];

    let memory = Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA };
    job::run(memory, &CONSTANTS, &EXPECTED, rows::run).exit()
}
