//! Trains a recurrent network to read handwritten digits row by row, on a microcontroller.
//!
//! Every loss and weight must have the bits that the host computed when this program was built; the exit code says
//! whether they have. On the way it counts instructions, and at the end it says what memory it used.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{
    Exit,
    board::{self, Board},
    meter::Meter,
    report::{self, Constants},
};
use tensorlet::{Kernels, Mode, Module, optim::Adam};
use tensorlet_examples::digits::device_job::{
    Memory, Outcome,
    rows::{self, Rows, WORKSPACE_WORDS},
};
use tensorlet_simd::{NATIVE, Native};

firmware::end_of_program!();

/// What the same source gave on the host.
const EXPECTED: Outcome = include!(concat!(env!("OUT_DIR"), "/rows.rs"));

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

    job(Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA }).exit()
}

fn job(mut memory: Memory<'_, Rows>) -> Exit {
    let Some(board) = Board::take() else { return Exit::BoardTaken };
    defmt::println!("{=str}: training a network of {=usize} parameters", board::NAME, Rows::PARAMETERS);

    let mut meter = Meter::new(board.instructions, board.led);
    let record = match rows::run(NATIVE, &mut memory, &mut meter) {
        Ok(record) => record,
        Err(error) => {
            defmt::error!("the job failed: {}", defmt::Display2Format(&error));
            return Exit::JobFailed;
        }
    };
    report::outcome("rows", &record, &EXPECTED);
    report::instructions(&meter);
    let fits = report::memory(&mut memory, &CONSTANTS, &meter);

    if record != EXPECTED {
        defmt::error!("the results are not the host's");
        return Exit::OtherResults;
    }
    if !fits {
        defmt::error!("the memory in use is not what the library's constants say");
        return Exit::OtherMemory;
    }
    defmt::println!("passed: every loss and weight has the host's bits ({=str} kernels)", Native::NAME);
    Exit::Passed
}
