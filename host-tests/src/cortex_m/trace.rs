//! Follows a program in QEMU's log of what it executes.
//!
//! `-d in_asm,exec,nochain` writes each block of instructions when QEMU first meets it, disassembled, and a line each
//! time a block is entered. Costs are added up once per block; a block that does not continue where the one before ended
//! came by a branch that was taken. What is measured lies between two calls of one function, whose symbol the caller
//! knows. Why not a plugin: it is C, and its header is in none of Debian's packages. Why not `-icount` in the same run: with
//! it QEMU enters blocks that it then leaves and enters anew.
//!
//! The instructions that come out are those that the board's counter gives in another run; who uses this compares the
//! two.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::{
    Error,
    cycles::{Instruction, REFILL, cycles},
};
use crate::emulator::{Board, QEMU, tool};

/// Runs a program on an emulated board and returns its [`regions`].
///
/// # Errors
/// Those of [`regions`], and [`Error::Exit`].
pub fn run(elf: &Path, board: Board, mark: u32) -> Result<Vec<Region>, Error> {
    let io = |source| Error::Io { what: QEMU.to_owned(), source };
    let mut child = tool(QEMU)
        .args(["-machine", board.machine(), "-display", "none", "-serial", "none", "-monitor", "none"])
        .args(["-chardev", "null,id=log", "-semihosting-config", "enable=on,target=native,chardev=log"])
        .args(["-d", "in_asm,exec,nochain", "-kernel"])
        .arg(elf)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io)?;
    let read = child.stderr.take().map_or(Ok(Vec::new()), |log| regions(BufReader::new(log), mark));
    if read.is_err() {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().map_err(io)?;
    let regions = read?;
    if status.success() { Ok(regions) } else { Err(Error::Exit { status: status.to_string() }) }
}

/// What was executed between two marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// Instructions, those of the mark included.
    pub instructions: u64,
    /// Modelled cycles.
    pub cycles: u64,
}

/// A block as QEMU translated it.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// Where it ends.
    end: u32,
    instructions: u64,
    cycles: u64,
}

/// What the log says of a block's identity: code base, program counter and flags.
type Key = (u64, u32, u64);

/// Reads a log.
#[derive(Debug, Default)]
struct Tracer {
    /// The address of the function that marks.
    mark: u32,
    blocks: HashMap<Key, Block>,
    /// The block that was translated last, and where it begins.
    translated: Option<(u32, Block)>,
    /// The block entered last: the next line may say that it was left before its first instruction.
    entered: Option<Key>,
    /// Where the block before it ends.
    end: Option<u32>,
    open: bool,
    now: Region,
    regions: Vec<Region>,
}

/// Reads QEMU's log and returns what was executed between the first and second, third and fourth call of the function
/// at `mark`, and so on.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Log`], [`Error::Io`].
pub fn regions(mut log: impl BufRead, mark: u32) -> Result<Vec<Region>, Error> {
    let mut tracer = Tracer { mark: mark & !1, ..Tracer::default() };
    let (mut line, mut block) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let read = log.read_until(b'\n', &mut line);
        if read.map_err(|source| Error::Io { what: "QEMU's log".to_owned(), source })? == 0 {
            tracer.execute();
            return Ok(tracer.regions);
        }
        let text = std::str::from_utf8(&line).unwrap_or_default().trim_end();
        let bad = || Error::Log { line: text.to_owned() };
        if let Some(rest) = text.strip_prefix("Trace ") {
            tracer.enter(key(rest).ok_or_else(bad)?).ok_or_else(bad)?;
        } else if text.starts_with("0x") {
            block.push(text.to_owned());
        } else if text.is_empty() {
            if !block.is_empty() {
                tracer.translated = Some(translate(&block)?);
                block.clear();
            }
        } else if text.starts_with("Stopped execution of TB chain") {
            tracer.entered = None;
        }
    }
}

/// Of `0: 0x7f… [00800408/00000400/00000110/ff000200] name` the key.
fn key(text: &str) -> Option<Key> {
    let (_, rest) = text.split_once('[')?;
    let mut parts = rest.split_once(']')?.0.split('/');
    let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
    Some((next()?, next()? as u32, next()?))
}

/// Of `0x00000406:  490f       ldr      r1, [pc, #0x3c]` the address, the bytes of code, and the instruction.
fn disassembled(line: &str) -> Option<(u32, u32, Instruction<'_>)> {
    let (address, rest) = line.strip_prefix("0x")?.split_once(':')?;
    let (mut rest, mut bytes) = (rest.trim_start(), 0);
    while rest.get(..4).is_some_and(|word| word.bytes().all(|digit| digit.is_ascii_hexdigit()))
        && rest.get(4..5).is_none_or(|next| next == " ")
    {
        (rest, bytes) = (rest[4..].trim_start(), bytes + 2);
    }
    let (mnemonic, operands) = rest.split_once(' ').unwrap_or((rest, ""));
    let instruction = Instruction { mnemonic, operands: operands.trim() };
    Some((u32::from_str_radix(address, 16).ok()?, bytes, instruction))
}

/// A block from the lines of its disassembly, and where it begins.
fn translate(lines: &[String]) -> Result<(u32, Block), Error> {
    let parse = |line: &String| -> Result<(u32, u32, (String, String)), Error> {
        let (address, bytes, code) = disassembled(line).ok_or_else(|| Error::Log { line: line.clone() })?;
        Ok((address, bytes, (code.mnemonic.to_owned(), code.operands.to_owned())))
    };
    let parsed = lines.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let instructions: Vec<_> =
        parsed.iter().map(|(.., (mnemonic, operands))| Instruction { mnemonic, operands }).collect();
    let unknown =
        |code: Instruction<'_>| Error::Unknown { instruction: format!("{} {}", code.mnemonic, code.operands) };
    let cycles = cycles(&instructions).map_err(unknown)?;
    let start = parsed.first().map_or(0, |(address, ..)| *address);
    let end = parsed.last().map_or(0, |(address, bytes, _)| address + bytes);
    Ok((start, Block { end, instructions: parsed.len() as u64, cycles }))
}

impl Tracer {
    /// A block is entered. `None` if it has not been translated.
    fn enter(&mut self, key: Key) -> Option<()> {
        self.execute();
        if let Some((_, block)) = self.translated.take_if(|(start, _)| *start == key.1) {
            self.blocks.insert(key, block);
        }
        self.entered = self.blocks.contains_key(&key).then_some(key);
        self.entered.map(drop)
    }

    /// The block that was entered has been executed.
    fn execute(&mut self) {
        let Some(key) = self.entered.take() else { return };
        let Some(block) = self.blocks.get(&key) else { return };
        let branched = self.end.is_some_and(|end| end != key.1);
        self.now.cycles += if branched { REFILL } else { 0 };
        if key.1 == self.mark {
            if self.open {
                self.regions.push(self.now);
            }
            self.open = !self.open;
            self.now = Region::default();
        }
        self.now.instructions += block.instructions;
        self.now.cycles += block.cycles;
        self.end = Some(block.end);
    }
}

#[cfg(test)]
mod tests {
    use super::{Region, regions};

    /// A mark at 0x100, a loop at 0x200 of two turns, the mark again.
    const LOG: &str = "\
IN: mark
0x00000100:  4770       bx       lr

Trace 0: 0x7f00 [00800408/00000100/00000110/ff000200] mark
----------------
IN: body
0x00000200:  f8d1 0004  ldr.w    r0, [r1, #4]
0x00000204:  3801       subs     r0, #1
0x00000206:  d1fb       bne      #0x200

Trace 0: 0x7f40 [00800408/00000200/00000110/ff000200] body
Trace 0: 0x7f40 [00800408/00000200/00000110/ff000200] body
Stopped execution of TB chain before 0x7f40 [00000200] body
Trace 0: 0x7f40 [00800408/00000200/00000110/ff000200] body
----------------
IN: body
0x00000208:  f7ff ff7a  bl       #0x100

Trace 0: 0x7f80 [00800408/00000208/00000110/ff000200] body
Trace 0: 0x7f00 [00800408/00000100/00000110/ff000200] mark
";

    #[test]
    fn what_is_executed_between_two_marks_is_counted() {
        // One instruction of the mark and a return, two turns of four cycles with a branch back, a call.
        let expected = Region { instructions: 1 + 2 * 3 + 1, cycles: 1 + 2 + 4 + 2 + 4 + 1 + 2 };
        assert_eq!(regions(LOG.as_bytes(), 0x101).expect("a good log"), [expected]);
    }

    #[test]
    fn a_damaged_log_is_an_error() {
        assert!(regions("Trace 0: 0x7f00 [0/100/0/0] mark\n".as_bytes(), 0x100).is_err());
        assert!(regions("0x00000100:  ffff       .byte    0xff, 0xff\n\n".as_bytes(), 0x100).is_err());
    }
}
