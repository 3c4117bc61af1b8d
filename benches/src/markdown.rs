//! The table for readers: who is next best, and by how much.

use std::{fmt::Write as _, fs, path::Path};

use crate::{
    Result,
    record::{Machine, Row},
    table::micros,
};

/// Writes the table.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, machine: &Machine, rows: &[Row]) -> Result<()> {
    let mut text = format!(
        "# Last full run\n\nMade by `cargo xtask bench --record`; all times, minima and forms are in \
         [results.toml](results.toml).\n\n{machine}. One thread, f32; medians in microseconds, on the widest \
         instruction set. A peer marked `(then)` is not among those that this command measures; its time, of an \
         earlier run on such a processor, is scaled by the peaks.\n\n\
         ![Times as fast as the fastest peer](chart.svg)\n\n\
         | case | tensorlet | of the peak | fastest peer | its time | times as fast |\n|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let Some((_, ours)) = row.ours() else { continue };
        let part = row.ours().and_then(|(isa, _)| row.part_of_peak(isa));
        let part = part.map_or("–".to_owned(), |part| format!("{:.0} %", 100.0 * part));
        let (peer, theirs, ratio) =
            row.best_peer().map_or(("–".to_owned(), "–".to_owned(), "–".to_owned()), |peer| {
                (peer.0, micros(peer.1), format!("{:.2}", peer.1 / ours))
            });
        writeln!(text, "| {} | {} | {part} | {peer} | {theirs} | {ratio} |", row.case.name, micros(ours))?;
    }
    Ok(fs::write(path, text)?)
}
