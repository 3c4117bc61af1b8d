//! Trains a network to read handwritten digits, on a microcontroller without an operating system and without a heap.
//!
//! Every loss and weight must have the bits that the host computed when this program was built; the exit code says
//! whether they have. On the way it counts instructions, and at the end it says what memory it used.

#![no_std]
#![no_main]

mod meter;
mod report;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use defmt_semihosting as _;
use firmware::board::{self, Board};
use semihosting::process;
use tensorlet::{Kernels, Module, Portable};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::device_job::{self, Memory, Outcome, Record, WORKSPACE_WORDS};

use meter::Meter;

/// What the same source gave on the host.
const EXPECTED: Record = include!(concat!(env!("OUT_DIR"), "/expected.rs"));

/// Why the program ends: its exit code.
#[derive(Clone, Copy)]
enum Exit {
    Passed = 0,
    OtherResults = 1,
    JobFailed = 2,
    OtherMemory = 3,
    BoardTaken = 4,
    Panicked = 101,
    Faulted = 102,
}

#[entry]
fn main() -> ! {
    static mut NETWORK: Digits = Digits::ZERO;
    static mut WORKSPACE: [f32; WORKSPACE_WORDS] = [0.0; WORKSPACE_WORDS];
    static mut ARENA: [f32; Digits::INFERENCE_WORDS] = [0.0; Digits::INFERENCE_WORDS];

    let memory = Memory { network: NETWORK, workspace: WORKSPACE, arena: ARENA };
    process::exit(job(memory) as i32)
}

fn job(mut memory: Memory<'_>) -> Exit {
    let Some(board) = Board::take() else { return Exit::BoardTaken };
    defmt::println!("{=str}: training a network of {=usize} parameters", board::NAME, Digits::PARAMETERS);

    let mut meter = Meter::new(board.instructions, board.led);
    let record = match device_job::run(Portable, &mut memory, &mut meter) {
        Ok(record) => record,
        Err(error) => {
            defmt::error!("the job failed: {}", defmt::Display2Format(&error));
            return Exit::JobFailed;
        }
    };
    report::results(&record, &EXPECTED);
    report::instructions(&meter);
    let fits = report::memory(&mut memory, &meter);

    if record != EXPECTED {
        defmt::error!("the results are not the host's");
        return Exit::OtherResults;
    }
    if !fits {
        defmt::error!("the memory in use is not what the library's constants say");
        return Exit::OtherMemory;
    }
    defmt::println!("passed: every loss and weight has the host's bits ({=str} kernels)", Portable::NAME);
    Exit::Passed
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    process::exit(Exit::Panicked as i32)
}

// SAFETY: the program ends here; nothing relies on state that the fault may have broken.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    defmt::error!("hard fault at {=u32:#010x}", frame.pc());
    process::exit(Exit::Faulted as i32)
}
