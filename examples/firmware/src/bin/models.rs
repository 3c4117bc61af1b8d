//! Runs the int8 MLPerf Tiny networks: every output must have the bits of TensorFlow Lite's reference kernels. A network
//! for which there are none gets inputs drawn, and must give what the portable kernels give.
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
use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{Kernels, Portable};
use tensorlet_simd::{NATIVE, Native};

firmware::end_of_program!();

/// An input drawn, and what the portable kernels make of it.
struct Drawn {
    x: [i8; 1 << 15],
    y: [i8; 1 << 10],
}

/// How many for a network without cases.
const DRAWN: u64 = 2;

/// A number that no layer of int8 leaves behind on purpose.
const PAINT: u32 = 0x5eed_7fc1;

#[entry]
fn main() -> ! {
    static mut ARENA: [f32; models::WORDS] = [0.0; models::WORDS];
    static mut INPUT: Drawn = Drawn { x: [0; _], y: [0; _] };

    let Some(board) = Board::take() else { Exit::BoardTaken.exit() };
    defmt::println!("{=str}, {=str} kernels; {=str}", board::NAME, Native::NAME, Instructions::METHOD);
    for missing in models::MISSING {
        defmt::println!("not tried: {=str}", *missing);
    }
    let inference = Inference { instructions: board.instructions, arena: ARENA };
    let mut run = Run { inference, drawn: INPUT, cases: 0, others: 0, exit: Exit::Passed };
    models::all(&mut run);
    if run.exit == Exit::Passed {
        defmt::println!(
            "passed: {=usize} outputs have TensorFlow Lite's bits, {=usize} others those of the portable kernels",
            run.cases,
            run.others
        );
    }
    run.exit.exit()
}

/// All models, one after the other.
struct Run<'a> {
    inference: Inference<'a>,
    drawn: &'a mut Drawn,
    cases: usize,
    others: usize,
    exit: Exit,
}

impl Visitor for Run<'_> {
    fn visit<M: Model>(&mut self) {
        let (mut most, mut touched, mut stack) = (0, 0, 0);
        let mut see = |took: Result<Took, Exit>, passed: &mut usize| match took {
            Ok(took) => {
                most = most.max(took.instructions);
                touched = touched.max(took.touched);
                stack = stack.max(took.stack);
                *passed += 1;
            }
            Err(exit) => self.exit = exit,
        };
        for case in M::CASES {
            see(self.inference.case::<M>(case), &mut self.cases);
        }
        for seed in 0..if M::CASES.is_empty() { DRAWN } else { 0 } {
            let case = self.inference.draw::<M>(seed, self.drawn);
            see(case.and_then(|case| self.inference.case::<M>(&case)), &mut self.others);
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

/// Where networks run.
struct Inference<'a> {
    instructions: Instructions,
    arena: &'a mut [f32],
}

impl Inference<'_> {
    /// Draws an input and computes its output with the portable kernels.
    fn draw<'d, M: Model>(&mut self, seed: u64, drawn: &'d mut Drawn) -> Result<Case<'d>, Exit> {
        let mut random = Xoshiro128PlusPlus::seed_from_u64(seed);
        let (Some(x), Some(arena)) = (drawn.x.get_mut(..M::INPUTS), self.arena.get_mut(..M::WORDS)) else {
            return Err(Exit::OtherMemory);
        };
        x.fill_with(|| random.next_u32() as i8);
        M::put(x, arena).map_err(|_| Exit::JobFailed)?;
        let from = M::run(Portable, arena).map_err(|_| Exit::JobFailed)?;
        let y = drawn.y.get_mut(..from.len()).ok_or(Exit::OtherMemory)?;
        y.copy_from_slice(from);
        Ok(Case { name: M::NAME, x, y })
    }

    fn case<M: Model>(&mut self, case: &Case<'_>) -> Result<Took, Exit> {
        let failed = |error| {
            defmt::error!("{=str}: {}", case.name, defmt::Display2Format(&error));
            Exit::JobFailed
        };
        let Some(arena) = self.arena.get_mut(..M::WORDS) else { return Err(Exit::OtherMemory) };
        arena.fill(f32::from_bits(PAINT));
        M::put(case.x, arena).map_err(failed)?;
        let ((count, same), stack) = memory::stack_used(|| {
            let (y, count) = self.instructions.count(|| M::run(NATIVE, arena));
            (count, y.map(|y| y == case.y))
        });
        if !same.map_err(failed)? {
            defmt::error!("{=str}: the output is another", case.name);
            return Err(Exit::OtherResults);
        }
        let touched = arena.iter().rposition(|word| word.to_bits() != PAINT).map_or(0, |last| last + 1);
        Ok(Took { instructions: count, touched, stack })
    }
}
