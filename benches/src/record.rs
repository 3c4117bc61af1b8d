//! What came out, judged, and written to a file.

use std::{collections::BTreeMap, fmt, fs, path::Path, process::Command};

use serde::Serialize;
use tensorlet_simd::Isa;

use crate::{
    Result,
    case::{Bar, Case},
    clock::Times,
    peak,
};

/// The peak of the machine on which the figures of `then` were measured, in FLOP/s.
const PEAK_THEN: f64 = 118e9;

/// One contestant's times.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whose it is.
    pub name: String,
    /// In which form.
    pub form: String,
    /// Seconds per run.
    pub times: Times,
}

/// A case with everyone's times.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// Everyone who computed the same.
    pub measured: Vec<Measured>,
    /// Who did not, and why.
    pub faults: Vec<String>,
}

/// How a bar was met.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was asked.
    pub asked: String,
    /// What was reached, in the same unit.
    pub reached: f64,
    /// The bar.
    pub bar: f64,
}

impl Verdict {
    /// Whether the bar is met.
    #[must_use]
    pub fn met(&self) -> bool {
        self.reached >= self.bar
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (met, reached, bar) = (if self.met() { "met" } else { "MISSED" }, self.reached, self.bar);
        match self.asked.as_str() {
            "peak" => write!(f, "{met}: {:.1} % of peak for {:.0} %", 100.0 * reached, 100.0 * bar),
            over => write!(f, "{met}: {reached:.2}x {over} for {bar}x"),
        }
    }
}

impl Row {
    /// The median time of a contestant.
    #[must_use]
    pub fn median(&self, name: &str) -> Option<f64> {
        self.measured.iter().find(|m| m.name == name).map(|m| m.times.median)
    }

    /// The widest instruction set that was measured, with its time.
    #[must_use]
    pub fn ours(&self) -> Option<(&'static str, f64)> {
        Isa::NAMES.into_iter().rev().find_map(|isa| Some((isa, self.median(isa)?)))
    }

    /// FLOP/s of the multiply-adds that were measured beside it.
    #[must_use]
    pub fn peak(&self, isa: &str) -> Option<f64> {
        self.median(&format!("{}{isa}", peak::NAME)).map(|seconds| peak::FLOPS / seconds)
    }

    /// The part of the peak that tensorlet reaches on an instruction set.
    #[must_use]
    pub fn part_of_peak(&self, isa: &str) -> Option<f64> {
        Some(self.case.flops()? / self.median(isa)? / self.peak(isa)?)
    }

    /// How much longer the build for any processor takes than that for this one: 0.01 is one percent.
    #[must_use]
    pub fn over_native(&self) -> Option<f64> {
        Some(self.ours()?.1 / self.median("native")? - 1.0)
    }

    /// Everyone else, the fastest first.
    #[must_use]
    pub fn peers(&self) -> Vec<&Measured> {
        let own = |name: &str| name == "native" || name.starts_with(peak::NAME) || Isa::NAMES.contains(&name);
        let mut peers: Vec<&Measured> = self.measured.iter().filter(|m| !own(&m.name)).collect();
        peers.sort_by(|a, b| a.times.median.total_cmp(&b.times.median));
        peers
    }

    /// The fastest peer with its time: of those measured, and of those of `then` that were not, whose figures are
    /// scaled by the peaks of both machines.
    #[must_use]
    pub fn best_peer(&self) -> Option<(String, f64)> {
        let measured = self.peers().first().map(|m| (m.name.clone(), m.times.median));
        let peak = self.peak(self.ours()?.0)?;
        let then = self.case.then.iter().filter(|(name, _)| self.median(name).is_none());
        let then = then.map(|(name, us)| (format!("{name} (then)"), us * 1e-6 * PEAK_THEN / peak));
        then.chain(measured).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// How its bars were met; nothing where what they ask was not measured.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.case.bars.iter().filter_map(|bar| self.verdict(bar)).collect()
    }

    fn verdict(&self, bar: &Bar) -> Option<Verdict> {
        let (isa, ours) = self.ours()?;
        if let Some(bar) = bar.peak {
            return Some(Verdict { asked: "peak".to_owned(), reached: self.part_of_peak(isa)?, bar });
        }
        let (asked, theirs) = match &bar.over {
            Some(name) => (name.clone(), self.median(name)?),
            None => self.best_peer()?,
        };
        Some(Verdict { asked, reached: theirs / ours, bar: bar.ratio? })
    }
}

/// The machine, as far as figures depend on it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    processor: String,
    rustc: String,
    /// GFLOP/s of multiply-adds.
    peak: BTreeMap<String, f64>,
    versions: BTreeMap<String, String>,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here(versions: BTreeMap<String, String>) -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name| {
            let line = info.lines().find(|line: &&str| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let numbers = [field("cpu family"), field("model\t")].map(Option::unwrap_or_default);
        Self {
            processor: format!("{model}, family {} model {}", numbers[0], numbers[1]),
            rustc: rustc().unwrap_or_else(|| "unknown".to_owned()),
            peak: BTreeMap::new(),
            versions,
        }
    }

    /// Which processor it has.
    #[must_use]
    pub fn processor(&self) -> String {
        self.processor.clone()
    }

    /// Takes the peaks over from what was measured.
    pub fn peaks(&mut self, rows: &[Row]) {
        for isa in Isa::NAMES {
            let mut peaks: Vec<f64> = rows.iter().filter_map(|row| row.peak(isa)).collect();
            peaks.sort_by(f64::total_cmp);
            if let Some(&peak) = peaks.get(peaks.len() / 2) {
                self.peak.insert(isa.to_owned(), rounded(peak * 1e-9));
            }
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, rustc {}", self.processor, self.rustc)?;
        for (name, version) in &self.versions {
            write!(f, ", {name} {version}")?;
        }
        Ok(())
    }
}

/// The version of the compiler that Cargo uses here.
fn rustc() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).split(' ').nth(1)?.to_owned())
}

/// Four digits.
fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

#[derive(Serialize)]
struct File<'a> {
    machine: &'a Machine,
    row: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct Record<'a> {
    case: &'a str,
    bars: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    faults: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    part_of_peak: BTreeMap<&'a str, f64>,
    /// Microseconds: median and minimum.
    us: BTreeMap<&'a str, [f64; 2]>,
    form: BTreeMap<&'a str, &'a str>,
}

/// Writes `results.toml` into a folder.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn write(folder: &Path, machine: &Machine, rows: &[Row]) -> Result<()> {
    let row = rows
        .iter()
        .map(|row| {
            let own = || row.measured.iter().filter(|m| !m.name.starts_with(peak::NAME));
            let us = |m: &Measured| [m.times.median, m.times.min].map(|seconds| rounded(seconds * 1e6));
            let part = |isa| Some((isa, rounded(row.part_of_peak(isa)?)));
            Record {
                case: &row.case.name,
                bars: row.verdicts().iter().map(Verdict::to_string).collect(),
                faults: &row.faults,
                part_of_peak: Isa::NAMES.into_iter().filter_map(part).collect(),
                us: own().map(|m| (m.name.as_str(), us(m))).collect(),
                form: row.peers().into_iter().map(|m| (m.name.as_str(), m.form.as_str())).collect(),
            }
        })
        .collect();
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join("results.toml"), toml::to_string(&File { machine, row })?)?)
}
