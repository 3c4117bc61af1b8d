//! Whatever bytes come in: weights load or are refused with a typed error, and then nothing has changed.
//!
//! `PROPTEST_CASES` sets the budget, 20,000 files for each test unless it is given.

use proptest::{collection::vec, prelude::*};
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Module, Vector, network};
use tensorlet_host::{
    damage::{Damage, damaged},
    weights,
};

network! {
    struct Small: Vector<3> {
        fc1: Linear(4),
        relu: Relu,
        fc2: Frozen(Linear(2)),
    }
}

fn drawn(seed: u64) -> Small {
    let mut network = Small::ZERO;
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
    network
}

fn damage() -> impl Strategy<Value = Damage> {
    // The header is text, and short edits of it are what comes nearest to a sound file.
    let byte = prop_oneof![any::<u8>(), prop::sample::select(&b"0123456789[]{},:\"F -"[..])];
    prop_oneof![
        4 => (any::<u16>(), byte.clone()).prop_map(|(place, byte)| Damage::Replace(place, byte)),
        2 => (any::<u16>(), byte).prop_map(|(place, byte)| Damage::Insert(place, byte)),
        2 => any::<u16>().prop_map(Damage::Remove),
        1 => any::<u16>().prop_map(Damage::Cut),
    ]
}

/// Loads, or leaves the network as it was. All values are finite either way.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let before = drawn(2);
    let mut network = before;
    match weights::from_bytes(&mut network, bytes) {
        Err(error) => {
            prop_assert_eq!(network, before);
            prop_assert!(!error.to_string().is_empty());
        }
        Ok(()) => prop_assert!(weights::to_bytes(&network).is_ok(), "the network holds a value that is not finite"),
    }
    Ok(())
}

fn budget() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 20_000;
    }
    config
}

proptest! {
    #![proptest_config(budget())]

    #[test]
    fn any_bytes_as_weights(bytes in vec(any::<u8>(), 0..300)) {
        check(&bytes)?;
    }

    #[test]
    fn any_header_as_weights(length in 0_u64..400, header in "[\\[\\]{}\",:0-9a-zA-Z_. ]{0,200}", data in vec(any::<u8>(), 0..200)) {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(header.bytes().chain(data));
        check(&bytes)?;
    }

    #[test]
    fn damaged_weights(damage in vec(damage(), 1..6)) {
        let sound = weights::to_bytes(&drawn(1)).expect("the weights are finite");
        check(&damaged(&sound, &damage))?;
    }
}
