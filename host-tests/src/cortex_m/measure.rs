//! Runs the program that measures on an emulated board.

use std::path::Path;
use std::time::Duration;

use super::{
    Error,
    footprint::Program,
    trace::{self, Region},
};
use crate::emulator::{self, Board};
use crate::firmware::{Build, Firmware};
use crate::size::{self, Size};

/// The program.
const PROGRAM: &str = "cortex_m";
/// The function that reads the board's counter, whose calls are where counted regions begin and end.
const MARK: &str = "read_counter";
/// Regions that the program measures before the first workload: two empty ones.
const EMPTY: usize = 2;
/// By how many instructions two ways to count may differ: a tick of the counter is less than an instruction, and there are
/// four readings.
const ROUNDING: u64 = 2;

/// The boards that are measured, and what they stand for.
pub const BOARDS: [(Board, &str); 5] = [
    (Board::Mps2An385, "M0+"),
    (Board::Mps2An386, "M4"),
    (Board::Mps2An500, "M7"),
    (Board::Mps2An505, "M33"),
    (Board::Mps3An547, "M55"),
];

/// Workloads whose kernel is also measured in a program that holds nothing else, that program, and its static, which is
/// no code.
const ALONE: [(&str, &str, Option<&str>); 5] = [
    ("conv 3x3, 16x16x16 to 16", "alone_conv", None),
    ("depthwise 3x3, 25x5x64", "alone_depthwise", None),
    ("fully connected 640 to 128", "alone_linear", None),
    ("softmax 1x10", "alone_softmax", Some("SOFTMAX")),
    ("LSTM 16 to 32, 10 steps", "alone_lstm", Some("LSTM")),
];
/// What those programs are compared with.
const START_UP: &str = "start_up_only";

/// The board for which cycles are modelled, and kernels are measured alone.
pub const MODELLED: Board = Board::Mps2An386;

/// What a workload took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The workload.
    pub name: String,
    /// Products; of kernels without any, elements of an input.
    pub work: u64,
    /// Instructions executed.
    pub instructions: u64,
    /// Cycles by the model of the Cortex-M4, where it was run for that.
    pub cycles: Option<u64>,
    /// Bytes of functions and of constants that these name, without those of a network.
    pub code: u64,
    /// Bytes of a program with this kernel alone, beyond those of start-up, where there is one.
    pub alone: Option<u64>,
    /// Bytes of a network's weights and other constants.
    pub constants: u64,
    /// Bytes beside inputs and outputs; of a network those of its arena.
    pub scratch: u64,
}

/// A line of the program's log.
struct Line {
    measurement: Measurement,
    /// The address of the function that holds the workload.
    code: u32,
}

/// Builds the program for a board and measures. What could not be tried is reported.
///
/// # Errors
/// [`Error`]: the program could not be built or run, or failed, or the two ways to count do not agree.
pub fn measure(
    firmware: &Firmware,
    board: Board,
    limit: Duration,
    report: impl FnMut(&str),
) -> Result<Vec<Measurement>, Error> {
    let elf = firmware.build(&Build::fastest(board, PROGRAM))?;
    let mut measurements = measure_program(&elf, board, limit, report)?;
    if board == MODELLED {
        for (workload, program, constants) in ALONE {
            let flash = alone(firmware, board, program, constants)?;
            measurements.iter_mut().filter(|m| m.name == workload).for_each(|m| m.alone = Some(flash));
        }
    }
    Ok(measurements)
}

/// Bytes of flash of a program, beyond those of start-up and of its static.
fn alone(firmware: &Firmware, board: Board, program: &str, constants: Option<&str>) -> Result<u64, Error> {
    let [start_up, elf] = [START_UP, program].map(|program| firmware.build(&Build::fastest(board, program)));
    let elf = elf?;
    let [constants] = constants.map_or(Ok([0]), |name| size::statics(&elf, [name]))?;
    Ok(Size::of(&elf)?.flash.saturating_sub(Size::of(&start_up?)?.flash + constants))
}

/// The same with a program that has been built.
///
/// # Errors
/// As [`measure`].
pub fn measure_program(
    elf: &Path,
    board: Board,
    limit: Duration,
    mut report: impl FnMut(&str),
) -> Result<Vec<Measurement>, Error> {
    let run = emulator::run(elf, board, limit, |_| ())?;
    run.lines.iter().filter(|line| line.starts_with("not tried: ")).for_each(|line| report(line));
    let last = run.lines.last().cloned().unwrap_or_default();
    if run.exit_code != 0 {
        return Err(Error::Exit { status: format!("exit code {}; its last line: {last}", run.exit_code) });
    }
    let mut lines: Vec<Line> = run.lines.iter().filter_map(|line| parse(line)).collect();
    let program = Program::read(elf)?;
    let symbol = |name| program.function(name).ok_or_else(|| bad(elf, format!("it has no function {name}")));
    let empty = run.lines.iter().find_map(|line| line.strip_prefix("an empty region has its code at 0x"));
    let empty = empty.and_then(|address| u32::from_str_radix(address, 16).ok());
    let empty = program.footprint(empty.ok_or_else(|| bad(elf, "it names no empty region".to_owned()))?).code;
    for line in &mut lines {
        let footprint = program.footprint(line.code);
        // A network's own constants are among those that its code names.
        let constants = footprint.constants.saturating_sub(line.measurement.constants);
        line.measurement.code = footprint.code.saturating_sub(empty) + constants;
    }
    let mut measurements: Vec<Measurement> = lines.into_iter().map(|line| line.measurement).collect();
    if board == MODELLED {
        model(&mut measurements, &trace::run(elf, board, symbol(MARK)?)?)?;
    }
    Ok(measurements)
}

fn bad(elf: &Path, why: String) -> Error {
    Error::Program { path: elf.to_owned(), why }
}

/// Of `workload NAME: 12 instructions, work 3, scratch 4 bytes, constants 5 bytes, code at 0x6` the numbers.
fn parse(line: &str) -> Option<Line> {
    let (name, rest) = line.strip_prefix("workload ")?.rsplit_once(": ")?;
    let mut numbers =
        rest.split(", ").map(|part| part.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit())));
    let mut next = || numbers.next().flatten();
    let [instructions, work, scratch, constants] = [next()?, next()?, next()?, next()?].map(str::parse);
    let code = u32::from_str_radix(next()?.strip_prefix("0x")?, 16).ok()?;
    let measurement = Measurement {
        name: name.to_owned(),
        work: work.ok()?,
        instructions: instructions.ok()?,
        cycles: None,
        code: 0,
        alone: None,
        constants: constants.ok()?,
        scratch: scratch.ok()?,
    };
    Some(Line { measurement, code })
}

/// Puts down the cycles of a trace, if it has as many instructions as were counted.
fn model(measurements: &mut [Measurement], regions: &[Region]) -> Result<(), Error> {
    let empty = regions.get(EMPTY - 1).copied().unwrap_or_default();
    for (i, measurement) in measurements.iter_mut().enumerate() {
        let region = regions.get(EMPTY + i).copied().unwrap_or_default();
        let trace = region.instructions.saturating_sub(empty.instructions);
        if trace.abs_diff(measurement.instructions) > ROUNDING {
            let workload = measurement.name.clone();
            return Err(Error::Counts { workload, counter: measurement.instructions, trace });
        }
        measurement.cycles = Some(region.cycles.saturating_sub(empty.cycles));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Measurement, Region, model, parse};

    const LINE: &str = "workload conv 5x5, 32x32x3 to 32: 1200 instructions, work 300, scratch 40 bytes, constants 5 bytes, \
                        code at 0x0000abcd";

    #[test]
    fn a_line_of_the_log_is_read() {
        let line = parse(LINE).expect("a good line");
        let expected = Measurement {
            name: "conv 5x5, 32x32x3 to 32".to_owned(),
            work: 300,
            instructions: 1200,
            cycles: None,
            code: 0,
            alone: None,
            constants: 5,
            scratch: 40,
        };
        assert_eq!((line.measurement, line.code), (expected, 0xabcd));
        assert!(parse("workload conv: none").is_none());
    }

    #[test]
    fn other_counts_are_an_error() {
        let mut measured = [parse(LINE).expect("a good line").measurement];
        let region = |instructions| Region { instructions, cycles: 2 * instructions };
        assert!(model(&mut measured, &[region(9), region(7), region(1207)]).is_ok());
        assert_eq!(measured[0].cycles, Some(2400));
        assert!(model(&mut measured, &[region(9), region(7), region(1210)]).is_err());
        assert!(model(&mut measured, &[]).is_err());
    }
}
