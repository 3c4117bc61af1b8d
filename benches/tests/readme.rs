//! The README's figures are those of the last full run.

use std::{fs, path::Path};

/// The table of speeds: its rows, without the head.
fn rows(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table = text.lines().skip_while(|line| !line.starts_with("| case | tensorlet |"));
    table.take_while(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect()
}

#[test]
fn every_row_of_the_readme_is_in_the_record() {
    let (shown, recorded) = (rows("../README.md"), rows("record/README.md"));
    assert!(shown.len() >= 8 && recorded.len() >= shown.len(), "{} of {} rows", shown.len(), recorded.len());
    for row in shown {
        assert!(recorded.contains(&row), "not in benches/record/README.md: {row}");
    }
}
