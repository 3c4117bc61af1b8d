//! The table of operations in core's documentation is what the source says.

use std::{fs, path::Path};

use tensorlet_host::operations::{FILE, table};

#[test]
fn the_table_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = table(&root).expect("the source can be read");
    let found = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    assert!(found == table, "{FILE} is not what the source says: `cargo xtask operations` writes it anew");
}
