//! Whatever bytes come in: data sets are read or refused, and nothing panics.
//!
//! `PROPTEST_CASES` sets the budget, 1,000 files for each test unless it is given.

use proptest::{collection::vec, prelude::*};
use tensorlet_examples::{
    digits::data::{BYTES, DataSet, RECORD},
    reproduce::data::{idx, table},
};
use tensorlet_host::damage::{Damage, damaged};

const IRIS: &[u8] = include_bytes!("../data/iris.safetensors");

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        4 => (any::<u16>(), any::<u8>()).prop_map(|(place, byte)| Damage::Replace(place, byte)),
        2 => (any::<u16>(), any::<u8>()).prop_map(|(place, byte)| Damage::Insert(place, byte)),
        2 => any::<u16>().prop_map(Damage::Remove),
        1 => any::<u16>().prop_map(Damage::Cut),
    ];
    vec(one, 0..5)
}

fn check_digits(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(digits) = DataSet::parse(bytes) {
        let all: Vec<_> = digits.train().chain(digits.test()).collect();
        prop_assert_eq!(all.len() * RECORD, bytes.len());
        prop_assert!(all.iter().all(|digit| digit.label < 10));
        prop_assert!(
            all.iter().all(|digit| digit.picture.as_flattened().as_flattened().iter().all(|p| (0.0..=1.0).contains(p)))
        );
    }
    Ok(())
}

/// Four pictures of six pixels.
fn sound_idx() -> Vec<u8> {
    use std::io::Write;
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let header = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3];
    file.write_all(&header).and_then(|()| file.write_all(&[7; 24])).expect("memory");
    file.finish().expect("memory")
}

fn budget() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 1_000;
    }
    config
}

proptest! {
    #![proptest_config(budget())]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        check_digits(&bytes)?;
        prop_assert!(table::<4>("iris", &bytes).is_err());
        prop_assert!(idx("images", &bytes, &[4, 2, 3]).is_err());
    }

    #[test]
    fn damaged_digits(damage in damage()) {
        check_digits(&damaged(&BYTES[..20 * RECORD], &damage))?;
    }

    #[test]
    fn damaged_tables(damage in damage()) {
        if let Ok(split) = table::<4>("iris", &damaged(IRIS, &damage)) {
            prop_assert_eq!(split.train.x.len() + split.test.x.len(), 150);
        }
    }

    #[test]
    fn damaged_idx(damage in damage()) {
        if let Ok(data) = idx("images", &damaged(&sound_idx(), &damage), &[4, 2, 3]) {
            prop_assert_eq!(data.len(), 24);
        }
    }
}

#[test]
fn sound_files_are_read() {
    assert_eq!(idx("images", &sound_idx(), &[4, 2, 3]).expect("it is sound"), [7; 24]);
    assert_eq!(table::<4>("iris", IRIS).expect("it is sound").train.x.len(), 120);
}
