//! Runs the int8 MLPerf Tiny networks: every output must have the bits of TensorFlow Lite's reference kernels.
//!
//! For each network it counts the instructions of an inference, and compares the flash and the arena that it takes
//! with its constants. Where a model is not there it says so.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{
    Exit,
    board::{self, Board, Instructions},
    memory,
    models::{self, Case, Model, Visitor},
};
use tensorlet::Kernels;
use tensorlet_simd::{NATIVE, Native};

firmware::end_of_program!();

/// An input for networks without cases.
static ZEROS: [i8; 1 << 15] = [0; 1 << 15];

/// A number that no layer of int8 leaves behind on purpose.
const PAINT: u32 = 0x5eed_7fc1;

#[entry]
fn main() -> ! {
    static mut ARENA: [f32; models::WORDS] = [0.0; models::WORDS];

    let Some(board) = Board::take() else { Exit::BoardTaken.exit() };
    defmt::println!("{=str}, {=str} kernels; {=str}", board::NAME, Native::NAME, Instructions::METHOD);
    for missing in models::MISSING {
        defmt::println!("not tried: {=str}", *missing);
    }
    let mut run = Run { instructions: board.instructions, arena: ARENA, cases: 0, exit: Exit::Passed };
    models::all(&mut run);
    if run.exit == Exit::Passed {
        defmt::println!("passed: {=usize} outputs have TensorFlow Lite's bits", run.cases);
    }
    run.exit.exit()
}

/// All models, one after the other.
struct Run<'a> {
    instructions: Instructions,
    arena: &'a mut [f32],
    cases: usize,
    exit: Exit,
}

impl Visitor for Run<'_> {
    fn visit<M: Model>(&mut self) {
        let (mut most, mut touched, mut stack) = (0, 0, 0);
        // Without cases it is only counted.
        let zeros = [Case { name: M::NAME, x: ZEROS.get(..M::INPUTS).unwrap_or_default(), y: &[] }];
        for case in if M::CASES.is_empty() { &zeros } else { M::CASES } {
            match self.case::<M>(case) {
                Ok(took) => {
                    most = most.max(took.instructions);
                    touched = touched.max(took.touched);
                    stack = stack.max(took.stack);
                    self.cases += usize::from(!case.y.is_empty());
                }
                Err(exit) => self.exit = exit,
            }
        }
        defmt::println!(
            "network {=str}: {=usize} bytes of flash, arena of {=usize} bytes, {=usize} multiplications",
            M::NAME,
            M::FLASH_BYTES,
            4 * M::WORDS,
            M::MACS
        );
        defmt::println!(
            "  at most {=u64} instructions, {=usize} bytes of stack, {=usize} of the arena written",
            most,
            stack,
            4 * touched
        );
        if M::size() != M::FLASH_BYTES || !(M::ACTIVATION_WORDS..=M::WORDS).contains(&touched) {
            defmt::error!("  it takes {=usize} bytes of flash and {=usize} of the arena", M::size(), 4 * touched);
            self.exit = Exit::OtherMemory;
        }
    }
}

/// What an inference took.
struct Took {
    instructions: u64,
    /// Words of the arena that it wrote.
    touched: usize,
    /// Bytes of stack.
    stack: usize,
}

impl Run<'_> {
    fn case<M: Model>(&mut self, case: &Case) -> Result<Took, Exit> {
        let failed = |error| {
            defmt::error!("{=str}: {}", case.name, defmt::Display2Format(&error));
            Exit::JobFailed
        };
        let Some(arena) = self.arena.get_mut(..M::WORDS) else { return Err(Exit::OtherMemory) };
        arena.fill(f32::from_bits(PAINT));
        M::put(case.x, arena).map_err(failed)?;
        let ((count, same), stack) = memory::stack_used(|| {
            let (y, count) = self.instructions.count(|| M::run(NATIVE, arena));
            (count, y.map(|y| case.y.is_empty() || y == case.y))
        });
        if !same.map_err(failed)? {
            defmt::error!("{=str}: the output is another than TensorFlow Lite's", case.name);
            return Err(Exit::OtherResults);
        }
        let touched = arena.iter().rposition(|word| word.to_bits() != PAINT).map_or(0, |last| last + 1);
        Ok(Took { instructions: count, touched, stack })
    }
}
