//! The README's figures are those of the last full run.

use std::{fs, path::Path};

/// The rows of the table that begins like this, without its head.
fn rows(file: &str, head: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table = text.lines().skip_while(|line| !line.starts_with(head));
    table.take_while(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect()
}

#[test]
fn every_row_of_the_readme_is_in_the_record() {
    for (head, record) in
        [("| case | tensorlet |", "record/README.md"), ("| instructions | CMSIS, M4 |", "record/CORTEX_M.md")]
    {
        let (shown, recorded) = (rows("../README.md", head), rows(record, head));
        assert!(shown.len() >= 8 && recorded.len() >= shown.len(), "{} of {} rows", shown.len(), recorded.len());
        for row in shown {
            assert!(recorded.contains(&row), "not in benches/{record}: {row}");
        }
    }
}
