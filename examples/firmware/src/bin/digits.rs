//! Trains a network to read handwritten digits, on a microcontroller without an operating system and without a heap.
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
use tensorlet::{
    Kernels, Mode, Module,
    optim::{Adam, Sgd},
};
use tensorlet_examples::digits::{
    Digits,
    device_job::{
        Memory, Outcome,
        pictures::{self, Record, WORKSPACE_WORDS},
    },
};
use tensorlet_simd::{NATIVE, Native};

firmware::end_of_program!();

/// What the same source gave on the host.
const EXPECTED: Record = include!(concat!(env!("OUT_DIR"), "/pictures.rs"));

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

    job(Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA }).exit()
}

fn job(mut memory: Memory<'_, Digits>) -> Exit {
    let Some(board) = Board::take() else { return Exit::BoardTaken };
    defmt::println!("{=str}: training a network of {=usize} parameters", board::NAME, Digits::PARAMETERS);

    let mut meter = Meter::new(board.instructions, board.led);
    let record = match pictures::run(NATIVE, &mut memory, &mut meter) {
        Ok(record) => record,
        Err(error) => {
            defmt::error!("the job failed: {}", defmt::Display2Format(&error));
            return Exit::JobFailed;
        }
    };
    report::outcome("fused", &record.fused, &EXPECTED.fused);
    report::outcome("accumulated", &record.accumulated, &EXPECTED.accumulated);
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
