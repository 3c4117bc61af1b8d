//! What is recorded, what others take, and the tables of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::measure::Measurement;

/// By how many percent a count may outgrow the record.
pub const TOLERANCE: u64 = 2;

/// What a workload took on a core when it was recorded.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Instructions executed.
    pub instructions: u64,
    /// Cycles by the model of the Cortex-M4, on that core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
    /// Bytes of code.
    pub code: u64,
    /// Bytes of a program with this kernel alone, beyond those of start-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<u64>,
    /// Bytes of a network's constants.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub constants: u64,
    /// Bytes beside inputs and outputs; of a network those of its arena.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scratch: u64,
}

fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// A workload.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// Products; of kernels without any, elements of an input.
    pub work: u64,
    /// What it takes, by core.
    pub cores: BTreeMap<String, Entry>,
}

/// All figures.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The compiler, on which all of them depend.
    pub rustc: String,
    /// By name.
    pub workloads: BTreeMap<String, Workload>,
}

/// A peer's instructions and ours at most.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Peer {
    /// The peer's.
    pub peer: u64,
    /// What we hold ourselves to.
    pub bar: u64,
}

/// What others take for a workload.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Bars {
    /// The workload.
    pub name: String,
    /// Instructions on a Cortex-M4.
    pub m4: Option<Peer>,
    /// Instructions on a Cortex-M55.
    pub m55: Option<Peer>,
    /// Modelled cycles on a Cortex-M4 that we hold ourselves to.
    pub cycles: Option<u64>,
    /// Bytes of flash of the peer's entry point on a Cortex-M4.
    pub flash: Option<u64>,
}

impl Bars {
    fn peer(&self, core: &str) -> Option<Peer> {
        match core {
            "M4" => self.m4,
            "M55" => self.m55,
            _ => None,
        }
    }
}

/// All of that.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// Which peers, built how.
    pub source: String,
    /// In the order of the tables.
    pub workloads: Vec<Bars>,
}

impl Peers {
    fn place(&self, name: &str) -> Option<usize> {
        self.workloads.iter().position(|bars| bars.name == name)
    }
}

impl Record {
    /// Puts down what was measured on a core.
    pub fn put(&mut self, core: &str, measurement: &Measurement) {
        let Measurement { name, work, instructions, cycles, code, alone, constants, scratch } = measurement.clone();
        let workload = self.workloads.entry(name).or_default();
        workload.work = work;
        workload.cores.insert(core.to_owned(), Entry { instructions, cycles, code, alone, constants, scratch });
    }

    /// Takes over from an older record what this one says nothing about.
    pub fn keep(&mut self, older: Self) {
        for (name, workload) in older.workloads {
            let kept =
                self.workloads.entry(name).or_insert_with(|| Workload { work: workload.work, ..Workload::default() });
            for (core, entry) in workload.cores {
                kept.cores.entry(core).or_insert(entry);
            }
        }
    }

    fn entry(&self, core: &str, name: &str) -> Option<&Entry> {
        self.workloads.get(name)?.cores.get(core)
    }

    /// What has grown by more than the tolerance, or is not recorded.
    pub fn grown(&self, core: &str, measurement: &Measurement) -> Vec<String> {
        let Measurement { name, instructions, cycles, code, alone, .. } = measurement;
        let Some(old) = self.entry(core, name) else { return vec![format!("{name} on the {core} is not recorded")] };
        let grown = |what, new: u64, old: u64| {
            let has = new * 100 > old * (100 + TOLERANCE);
            has.then(|| format!("{name} on the {core}: {new} {what}, {old} recorded"))
        };
        let cycles = cycles.zip(old.cycles).and_then(|(new, old)| grown("modelled cycles", new, old));
        let alone = alone.zip(old.alone).and_then(|(new, old)| grown("bytes alone", new, old));
        let others = [grown("instructions", *instructions, old.instructions), grown("bytes of code", *code, old.code)];
        cycles.into_iter().chain(alone).chain(others.into_iter().flatten()).collect()
    }

    /// What takes more than we hold ourselves to.
    pub fn exceeded(core: &str, measurement: &Measurement, peers: &Peers) -> Vec<String> {
        let Measurement { name, instructions, cycles, alone, .. } = measurement;
        let Some(bars) = peers.place(name).and_then(|place| peers.workloads.get(place)) else { return Vec::new() };
        let over = |what, value: u64, bar: u64| {
            (value > bar).then(|| format!("{name} on the {core}: {value} {what}, {bar} at most"))
        };
        let instructions = bars.peer(core).and_then(|peer| over("instructions", *instructions, peer.bar));
        let cycles = cycles.zip(bars.cycles).and_then(|(cycles, bar)| over("modelled cycles", cycles, bar));
        let alone = alone.zip(bars.flash).and_then(|(alone, bar)| over("bytes alone", alone, bar));
        [instructions, cycles, alone].into_iter().flatten().collect()
    }

    /// A table of what was measured on a core.
    pub fn table(&self, core: &str, peers: &Peers) -> String {
        let with_cycles = self.workloads.values().filter_map(|w| w.cores.get(core)).any(|entry| entry.cycles.is_some());
        let with_peers = peers.workloads.iter().any(|bars| bars.peer(core).is_some());
        let mut columns = vec!["workload", "instructions", "for each product"];
        columns.extend(with_peers.then_some(["CMSIS", "ratio", "bar"]).into_iter().flatten());
        columns.extend(with_cycles.then_some(["modelled cycles", "bar", "products in a cycle"]).into_iter().flatten());
        columns.push("code");
        columns.extend(with_cycles.then_some(["alone", "CMSIS alone"]).into_iter().flatten());
        columns.extend(["constants", "scratch"]);
        let mut table = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
        for (name, workload) in self.ordered(peers) {
            let Some(entry) = workload.cores.get(core) else { continue };
            let bars = peers.place(name).and_then(|place| peers.workloads.get(place)).cloned().unwrap_or_default();
            let ratio = |a: u64, b: u64| format!("{:.3}", a as f64 / b.max(1) as f64);
            let mut cells = vec![name.to_owned(), number(entry.instructions), ratio(entry.instructions, workload.work)];
            if with_peers {
                let peer = bars.peer(core);
                cells.push(peer.map_or_else(none, |peer| number(peer.peer)));
                cells.push(peer.map_or_else(none, |peer| ratio(entry.instructions, peer.peer)));
                cells.push(peer.map_or_else(none, |peer| held(entry.instructions, peer.bar)));
            }
            if with_cycles {
                cells.push(entry.cycles.map_or_else(none, number));
                cells.push(entry.cycles.zip(bars.cycles).map_or_else(none, |(cycles, bar)| held(cycles, bar)));
                cells.push(entry.cycles.map_or_else(none, |cycles| ratio(workload.work, cycles)));
            }
            cells.push(number(entry.code));
            if with_cycles {
                cells.push(entry.alone.map_or_else(none, number));
                cells.push(entry.alone.zip(bars.flash).map_or_else(none, |(alone, bar)| held(alone, bar)));
            }
            cells.extend([entry.constants, entry.scratch].map(number));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {} |", cells.join(" | "));
        }
        table
    }

    /// The workloads: first those of which others' figures are known, in their order, then the rest by name.
    fn ordered(&self, peers: &Peers) -> Vec<(&str, &Workload)> {
        let mut workloads: Vec<_> = self.workloads.iter().map(|(name, workload)| (name.as_str(), workload)).collect();
        workloads.sort_by_key(|(name, _)| peers.place(name).unwrap_or(usize::MAX));
        workloads
    }

    /// A table of instructions beside those of the peers.
    fn summary(&self, peers: &Peers) -> String {
        let mut table =
            "| instructions | CMSIS, M4 | tensorlet, M4 | CMSIS, M55 | tensorlet, M55 |\n|---|---|---|---|---|\n"
                .to_owned();
        for bars in &peers.workloads {
            let (Some(m4), Some(m55)) = (bars.m4, bars.m55) else { continue };
            let ours = |core, peer: Peer| {
                let ratio = |ours: u64| format!("{} ({:.2})", number(ours), ours as f64 / peer.peer.max(1) as f64);
                self.entry(core, &bars.name).map_or_else(none, |entry| ratio(entry.instructions))
            };
            let cells = [number(m4.peer), ours("M4", m4), number(m55.peer), ours("M55", m55)];
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {} | {} |", bars.name, cells.join(" | "));
        }
        table
    }

    /// The page with all tables.
    pub fn page(&self, cores: &[(&str, &str)], peers: &Peers) -> String {
        let mut page = format!(
            "# On Cortex-M\n\nMade by `cargo xtask cortex-m --record`; the figures are in [cortex_m.toml](cortex_m.toml). \
             {}; instructions executed in QEMU, cycles by the model in `host-tests/src/cortex_m/cycles.rs`. Products are \
             multiplications of weights, or elements of the input where there are none. Code is what the workload can \
             reach, in bytes; alone is what a program with nothing but this kernel takes beyond start-up; constants are \
             those of a network; scratch is what it takes beside inputs and outputs, of a network its whole arena. All \
             convolutions of a program share their code, for all shapes in it; one alone has less to do. \
             CMSIS: {}. A bar that is not met is bold.\n\n{}",
            self.rustc,
            peers.source,
            self.summary(peers)
        );
        for (core, on) in cores {
            page += &format!("\n## {core}\n\n{on}\n\n{}", self.table(core, peers));
        }
        page
    }
}

fn none() -> String {
    "–".to_owned()
}

/// A bar, bold if it is not met.
fn held(value: u64, bar: u64) -> String {
    let bar_is = number(bar);
    if value > bar { format!("**{bar_is}**") } else { bar_is }
}

/// With a comma between thousands.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut number = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::{Peers, Record, number};
    use crate::cortex_m::measure::Measurement;

    fn measurement(instructions: u64) -> Measurement {
        let name = "add".to_owned();
        Measurement {
            name,
            work: 100,
            instructions,
            cycles: Some(300),
            code: 30,
            alone: Some(10),
            constants: 0,
            scratch: 0,
        }
    }

    #[test]
    fn two_percent_and_no_more() {
        let mut record = Record::default();
        record.put("M4", &measurement(1000));
        assert!(record.grown("M4", &measurement(1020)).is_empty());
        assert_eq!(record.grown("M4", &measurement(1021)).len(), 1);
        assert_eq!(record.grown("M7", &measurement(1)).len(), 1);
        let slower = Measurement { cycles: Some(400), alone: Some(11), ..measurement(1) };
        assert_eq!(record.grown("M4", &slower).len(), 2);
    }

    #[test]
    fn what_was_not_measured_stays() {
        let (mut old, mut new) = (Record::default(), Record::default());
        old.put("M4", &measurement(1));
        old.put("M7", &measurement(1));
        new.put("M4", &measurement(2));
        new.keep(old);
        assert_eq!(["M4", "M7"].map(|core| new.entry(core, "add").map(|entry| entry.instructions)), [Some(2), Some(1)]);
    }

    #[test]
    fn a_bar_that_is_not_met_is_bold() {
        let mut record = Record::default();
        record.put("M4", &measurement(1000));
        let peers: Peers = toml::from_str(
            "source = \"a peer\"\n[[workloads]]\nname = \"add\"\nm4 = { peer = 2_000, bar = 999 }\nm55 = { peer = 4_000, bar = 1 }\ncycles = 300\nflash = 20\n",
        )
        .expect("valid");
        assert!(record.summary(&peers).contains("| add | 2,000 | 1,000 (0.50) | 4,000 | – |"));
        let table = record.table("M4", &peers);
        assert!(
            table.contains(
                "| add | 1,000 | 10.000 | 2,000 | 0.500 | **999** | 300 | 300 | 0.333 | 30 | 10 | 20 | 0 | 0 |"
            ),
            "{table}"
        );
    }

    #[test]
    fn bars_are_held() {
        let peers = |bar: u64, cycles: u64, flash: u64| -> Peers {
            let text = format!(
                "source = \"a peer\"\n[[workloads]]\nname = \"add\"\nm4 = {{ peer = 2_000, bar = {bar} }}\n\
                 cycles = {cycles}\nflash = {flash}\n"
            );
            toml::from_str(&text).expect("valid")
        };
        let exceeded = |core, peers| Record::exceeded(core, &measurement(1000), &peers).len();
        assert_eq!(exceeded("M4", peers(1000, 300, 10)), 0);
        assert_eq!(exceeded("M4", peers(999, 299, 9)), 3);
        assert_eq!(exceeded("M4", peers(1000, 300, 9)), 1);
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
