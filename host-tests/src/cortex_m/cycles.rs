//! A model of how many cycles instructions take on a Cortex-M4 with FPU.
//!
//! The costs are those of the tables in Arm's technical reference manual of the Cortex-M4 (100166, r0p1, sections 3.3
//! and 7.2), with memory that answers at once:
//!
//! | instructions | cycles |
//! |---|---|
//! | data processing, DSP, all multiplications, saturation, `IT` | 1 |
//! | `SDIV`, `UDIV` | 12, the most of its 2 to 12 |
//! | a load | 2; 1 right behind a load that does not give its address |
//! | a store | 1; 2 with an offset in a register, but 1 right behind a load |
//! | `LDRD`, `STRD` | 3 |
//! | `LDM`, `STM`, `PUSH`, `POP` of `n` registers, `VLDM`, `VSTM`, `VPUSH`, `VPOP` of `n` words | 1 + n |
//! | a branch that is not taken | 1 |
//! | a branch that is taken, any write of the program counter | [`REFILL`] more |
//! | `TBB`, `TBH` | 2, and the branch |
//! | `VADD`, `VSUB`, `VMUL`, `VNMUL`, `VABS`, `VNEG`, `VCMP`, `VCVT`, `VMRS`, `VMSR`, `VMOV` | 1; 2 where `VMOV` moves two words |
//! | `VMLA`, `VMLS`, `VNMLA`, `VNMLS`, `VFMA`, `VFMS`, `VFNMA`, `VFNMS` | 3 |
//! | `VDIV`, `VSQRT` | 14 |
//! | `VLDR`, `VSTR` | 2, 3 of a double word; `VLDR` of a word pairs with others as loads do |
//! | arithmetic of the FPU whose result the next instruction takes | 1 more |
//! | a load or store whose address the instruction before has computed | 1 more |
//!
//! Left out are wait states of flash, contention of the buses, words that are not aligned, and what the prefetch of
//! 32-bit instructions at odd halfwords costs. What an `IT` block skips counts as if it were executed. So the figures
//! compare programs; what a part with slow flash takes is more.

/// Cycles until the pipeline is full again behind a branch: the manual says 1 to 3.
pub const REFILL: u64 = 2;

/// An instruction as QEMU's log shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The name, with condition and width.
    pub mnemonic: &'a str,
    /// What follows.
    pub operands: &'a str,
}

/// What an instruction leaves for the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whose result the core can use for anything at once but for addresses.
    Data,
    /// Loads one word.
    Load,
    /// Stores one word.
    Store,
    /// Arithmetic of the FPU.
    Float,
    Other,
}

/// Cycles of an instruction by itself.
struct Cost {
    cycles: u64,
    kind: Kind,
}

const fn cost(cycles: u64, kind: Kind) -> Option<Cost> {
    Some(Cost { cycles, kind })
}

/// Cycles of instructions that are executed one behind the other, without what a branch at the end takes if it is taken.
///
/// # Errors
/// The first instruction that the model does not know.
///
/// ```
/// use tensorlet_host::cortex_m::cycles::{Instruction, cycles};
/// let instruction = |mnemonic, operands| Instruction { mnemonic, operands };
/// let load = instruction("ldr", "r0, [r1]");
/// assert_eq!(cycles(&[load, instruction("ldr", "r2, [r3, #4]")]), Ok(3));
/// // The address comes from the first.
/// assert_eq!(cycles(&[load, instruction("ldr", "r2, [r0]")]), Ok(4));
/// ```
pub fn cycles<'a>(block: &[Instruction<'a>]) -> Result<u64, Instruction<'a>> {
    let mut before: Option<(Instruction<'a>, Kind)> = None;
    let mut sum = 0;
    for &instruction in block {
        let Cost { cycles, kind } = alone(&instruction).ok_or(instruction)?;
        sum += cycles;
        if let Some((before, was)) = before {
            let [address, all] = [instruction.address(), instruction.operands].map(|operands| takes(&before, operands));
            let pairs = matches!(kind, Kind::Load | Kind::Store);
            match was {
                Kind::Load if pairs && cycles > 1 && !address => sum -= 1,
                Kind::Data if pairs && address => sum += 1,
                Kind::Float if all && consumes(&before, &instruction) => sum += 1,
                _ => {}
            }
        }
        before = Some((instruction, kind));
    }
    Ok(sum)
}

impl<'a> Instruction<'a> {
    /// What is in brackets: where a load or store takes its address from.
    fn address(&self) -> &'a str {
        self.operands.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(inside, _)| inside)
    }

    /// The first operand.
    fn first(&self) -> &'a str {
        self.operands.split(',').next().unwrap_or("").trim()
    }

    /// How many words a list of registers holds.
    fn listed(&self) -> u64 {
        let list = self.operands.split_once('{').map_or("", |(_, rest)| rest.trim_end_matches(['}', ' ']));
        list.split(',').map(|register| if register.trim().starts_with('d') { 2 } else { 1 }).sum()
    }
}

/// The names of registers in operands.
fn registers(operands: &str) -> impl Iterator<Item = &str> {
    operands.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| !name.is_empty())
}

/// Whether these operands name what the instruction before has written.
fn takes(before: &Instruction<'_>, operands: &str) -> bool {
    let written =
        if before.mnemonic.starts_with("cmp") || before.mnemonic.starts_with("tst") { "" } else { before.first() };
    !written.is_empty() && registers(operands).any(|register| register == written)
}

/// Whether an instruction reads what arithmetic of the FPU before it has written: of a sum of products, a move from
/// the core or a load the first operand is written only.
fn consumes(before: &Instruction<'_>, instruction: &Instruction<'_>) -> bool {
    let reads_first = ["vml", "vnml", "vfm", "vfnm", "vst", "vcmp", "vpush"];
    let start = if reads_first.iter().any(|name| instruction.mnemonic.starts_with(name)) {
        0
    } else {
        instruction.operands.find(',').unwrap_or(instruction.operands.len())
    };
    takes(before, &instruction.operands[start..])
}

/// Cycles of an instruction with nothing before it; `None` if it is not known.
fn alone(instruction: &Instruction<'_>) -> Option<Cost> {
    let name = instruction.mnemonic.split('.').next().unwrap_or_default();
    if name.is_empty() {
        return None;
    }
    if name.starts_with('v') {
        return float(name, instruction);
    }
    let starts = |names: &[&str]| names.iter().any(|start| name.starts_with(start));
    match name {
        _ if starts(&["ldm", "stm", "push", "pop"]) => cost(1 + instruction.listed(), Kind::Other),
        _ if starts(&["ldrd", "strd"]) => cost(3, Kind::Other),
        _ if starts(&["ldr"]) => cost(2, Kind::Load),
        _ if starts(&["str"]) => {
            // An offset in a register is a second name in the brackets.
            let indexed = instruction.address().split(',').nth(1).is_some_and(|offset| !offset.contains('#'));
            cost(if indexed { 2 } else { 1 }, Kind::Store)
        }
        _ if starts(&["sdiv", "udiv"]) => cost(12, Kind::Data),
        _ if starts(&["tbb", "tbh"]) => cost(2, Kind::Other),
        _ if is_branch(name) || starts(&["it", "nop", "dsb", "dmb", "isb", "cps", "msr", "bkpt", "svc", "wf"]) => {
            cost(1, Kind::Other)
        }
        // Compares write no register.
        _ if starts(&["cmp", "cmn", "tst", "teq"]) => cost(1, Kind::Other),
        _ => cost(1, Kind::Data),
    }
}

/// Whether it is a branch but for the tables.
fn is_branch(name: &str) -> bool {
    const CONDITIONS: [&str; 17] =
        ["", "eq", "ne", "hs", "lo", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
    let is = |rest: &str| CONDITIONS.contains(&rest);
    name == "cbz"
        || name == "cbnz"
        || ["b", "bl", "bx", "blx"].iter().any(|start| name.strip_prefix(start).is_some_and(is))
}

/// Instructions of the FPU.
fn float(name: &str, instruction: &Instruction<'_>) -> Option<Cost> {
    let starts = |names: &[&str]| names.iter().any(|start| name.starts_with(start));
    let double = instruction.first().starts_with('d');
    match name {
        _ if starts(&["vldr"]) && !double => cost(2, Kind::Load),
        _ if starts(&["vstr"]) && !double => cost(2, Kind::Store),
        _ if starts(&["vldr", "vstr"]) => cost(3, Kind::Other),
        _ if starts(&["vldm", "vstm", "vpush", "vpop"]) => cost(1 + instruction.listed(), Kind::Other),
        _ if starts(&["vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"]) => cost(3, Kind::Float),
        _ if starts(&["vdiv", "vsqrt"]) => cost(14, Kind::Float),
        _ if starts(&["vadd", "vsub", "vmul", "vnmul", "vcvt"]) => cost(1, Kind::Float),
        _ if starts(&["vabs", "vneg", "vcmp", "vmrs", "vmsr"]) => cost(1, Kind::Other),
        _ if starts(&["vmov"]) => {
            let two = double || instruction.operands.split(',').count() > 2;
            cost(if two { 2 } else { 1 }, Kind::Other)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, cycles};

    /// Cycles of instructions separated by semicolons.
    fn of(text: &str) -> Option<u64> {
        let parse = |line: &'static str| {
            let (mnemonic, operands) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            Instruction { mnemonic, operands }
        };
        let text: &'static str = text.to_owned().leak();
        cycles(&text.split(';').map(parse).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn loads_pair_as_in_the_manual() {
        // The examples of section 3.3.2.
        assert_eq!(of("ldr r0, [r1]; ldr r1, [r2]"), Some(3));
        assert_eq!(of("ldr r0, [r1, r2]; str r0, [r3, #20]"), Some(3));
        assert_eq!(of("ldr r0, [r1, r2]; str r1, [r3, r2]"), Some(3));
        assert_eq!(of("str r1, [r3, r2]; ldr r0, [r1]"), Some(4));
        assert_eq!(of("ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]"), Some(4));
        assert_eq!(of("ldr r0, [r1]; ldr r1, [r0]"), Some(4));
        assert_eq!(of("ldrd r0, r1, [r2]; ldr r4, [r3]"), Some(5));
        assert_eq!(of("vldr s0, [r0]; vldr s1, [r0, #4]; ldr.w r3, [r1], #4"), Some(4));
    }

    #[test]
    fn addresses_that_were_just_computed_stall() {
        assert_eq!(of("add r0, r1; ldr r2, [r0]"), Some(4));
        assert_eq!(of("add r0, r1; ldr r2, [r3, r0, lsl #2]"), Some(4));
        assert_eq!(of("add r0, r1; ldr r0, [r2]"), Some(3));
        assert_eq!(of("cmp r0, r1; ldr r2, [r0]"), Some(3));
    }

    #[test]
    fn the_fpu_is_as_slow_as_the_manual_says() {
        assert_eq!(of("vfma.f32 s0, s1, s2"), Some(3));
        assert_eq!(of("vfma.f32 s0, s1, s2; vfma.f32 s3, s1, s2"), Some(6));
        assert_eq!(of("vfma.f32 s0, s1, s2; vfma.f32 s0, s1, s2"), Some(7));
        assert_eq!(of("vmul.f32 s0, s1, s2; vadd.f32 s3, s3, s0"), Some(3));
        assert_eq!(of("vmul.f32 s0, s1, s2; vadd.f32 s0, s3, s4"), Some(2));
        assert_eq!(of("vdiv.f32 s0, s1, s2; vstr s0, [r0]"), Some(17));
        assert_eq!(of("vpush {d8, d9}; vpop {s0, s1, s2}"), Some(9));
        assert_eq!(of("vmov r0, r1, s0, s1; vmov s0, r2"), Some(3));
        assert_eq!(of("vld1.8 {d0}, [r0]"), None);
    }

    #[test]
    fn branches_are_told_from_what_begins_as_they_do() {
        assert_eq!(of("bic r0, r1; ldr r1, [r0]"), Some(4));
        assert_eq!(of("bfi r0, r1, #0, #8; ldr r1, [r0]"), Some(4));
        assert_eq!(of("push {r4, r5, lr}; bl #0x400"), Some(5));
        assert_eq!(of("blx r0; ldr r1, [r0]"), Some(3));
        assert_eq!(of("smlad r0, r1, r2, r0; smlad r0, r1, r2, r0; umull r0, r1, r2, r3"), Some(3));
        assert_eq!(of("udiv r0, r1, r2"), Some(12));
        assert_eq!(of(".byte 0x00"), None);
    }
}
