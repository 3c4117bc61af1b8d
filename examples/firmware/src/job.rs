//! How the program of a job goes.

use tensorlet::Kernels;
use tensorlet_examples::digits::device_job::{JobError, Memory, Outcome, Reader};
use tensorlet_simd::{NATIVE, Native};

use crate::{
    Exit,
    board::{self, Board, Led},
    meter::Meter,
    report::{self, Constants},
};

/// A job in this many ways of training, on the kernels of the board's instruction set.
pub type Job<N, const WAYS: usize> =
    fn(Native, &mut Memory<'_, N>, &mut Meter<Led>) -> Result<[Outcome; WAYS], JobError>;

/// Runs a job under a meter, says what came out and what it took, and compares the results with those of the host, the
/// memory in use with the library's constants.
pub fn run<N: Reader, const WAYS: usize>(
    mut memory: Memory<'_, N>,
    constants: &Constants,
    expected: &[Outcome; WAYS],
    job: Job<N, WAYS>,
) -> Exit {
    let Some(board) = Board::take() else { return Exit::BoardTaken };
    defmt::println!(
        "{=str}: a network of {=usize} parameters, of which {=usize} are trained",
        board::NAME,
        N::PARAMETERS,
        N::GRAD
    );

    let mut meter = Meter::new(board.instructions, board.led);
    let outcomes = match job(NATIVE, &mut memory, &mut meter) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            defmt::error!("the job failed: {}", defmt::Display2Format(&error));
            return Exit::JobFailed;
        }
    };
    for (here, host) in outcomes.iter().zip(expected) {
        report::outcome(here, host);
    }
    report::instructions(&meter);
    let fits = report::memory(&mut memory, constants, &meter);

    if outcomes != *expected {
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
