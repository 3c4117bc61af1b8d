//! The table that a run prints.

use tensorlet_simd::Isa;

use crate::record::{Row, Verdict};

/// By how much the build for any processor may be slower than that for this one.
const NATIVE: f64 = 0.03;

/// The names of the columns.
pub fn head() {
    print!("\n{:<30}", "microseconds (part of peak)");
    for isa in Isa::available() {
        print!(" {:>17}", isa.name());
    }
    println!(" {:>9}  {:<32} bars", "to native", "fastest peers");
}

/// One case.
pub fn row(row: &Row) {
    print!("{:<30}", row.case.name);
    for isa in Isa::available() {
        let time = row.median(isa.name()).map_or(String::new(), micros);
        let part = row.part_of_peak(isa.name()).map_or(String::new(), |part| format!(" ({:3.0} %)", 100.0 * part));
        print!(" {:>17}", time + &part);
    }
    let native = row.over_native().map_or(String::new(), |over| format!("{:+.1} %", 100.0 * over));
    let peers: Vec<String> =
        row.peers().iter().take(2).map(|peer| format!("{} {}", peer.name, micros(peer.times.median))).collect();
    let bars: Vec<String> = row.verdicts().iter().map(Verdict::to_string).collect();
    println!(" {native:>9}  {:<32} {}", peers.join(", "), bars.join("; "));
    for fault in &row.faults {
        println!("    not timed: {fault}");
    }
}

/// The sums.
pub fn foot(rows: &[Row]) {
    let verdicts: Vec<(&Row, Verdict)> =
        rows.iter().flat_map(|row| row.verdicts().into_iter().map(move |verdict| (row, verdict))).collect();
    let missed: Vec<&(&Row, Verdict)> = verdicts.iter().filter(|(_, verdict)| !verdict.met()).collect();
    println!("\n{} of {} bars met", verdicts.len() - missed.len(), verdicts.len());
    for (row, verdict) in missed {
        println!("  {}: {verdict}", row.case.name);
    }
    let slower: Vec<String> = rows
        .iter()
        .filter_map(|row| Some((row, row.over_native()?)))
        .filter(|(_, over)| *over > NATIVE)
        .map(|(row, over)| format!("{} by {:.1} %", row.case.name, 100.0 * over))
        .collect();
    let most = 100.0 * NATIVE;
    match slower.as_slice() {
        [] => println!("the build for any processor is within {most} % of that for this one everywhere"),
        _ => println!("the build for any processor is slower than that for this one: {}", slower.join(", ")),
    }
}

/// Three digits.
pub(crate) fn micros(seconds: f64) -> String {
    let us = seconds * 1e6;
    let digits = if us < 1.0 { 4 } else { (2 - us.log10() as i32).max(0) as usize };
    format!("{us:.digits$}")
}
