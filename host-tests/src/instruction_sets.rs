//! Every instruction set by name, for tests that must run on all of them.

use std::{collections::BTreeSet, sync::Mutex};

use tensorlet_simd::Isa;
pub use tensorlet_simd::dispatch;

/// Those that have been reported as missing.
static MISSING: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// The instruction sets of this machine; says once which others could not be tried, and why.
#[must_use]
pub fn here() -> Vec<Isa> {
    let named = Isa::NAMES.into_iter().map(|name| (name, Isa::by_name(name)));
    let (found, missing): (Vec<_>, Vec<_>) = named.partition(|(_, isa)| isa.is_ok());
    for (name, isa) in missing {
        if let Err(error) = isa
            && MISSING.lock().is_ok_and(|mut reported| reported.insert(name))
        {
            // To the process's output, not the test's: a run must say what it did not do.
            let _ =
                std::io::Write::write_all(&mut std::io::stderr(), format!("not tried: {name}: {error}\n").as_bytes());
        }
    }
    found.into_iter().filter_map(|(_, isa)| isa.ok()).collect()
}

/// Calls a generic function with the token of every instruction set that this machine has, and
/// collects the results: `on_every_instruction_set!(check, 3)` calls `check(k, 3)` with `Portable`,
/// `Avx2`, … and gives a `Vec` of `(name, result)`.
#[macro_export]
macro_rules! on_every_instruction_set {
    ($check:path $(, $argument:expr)* $(,)?) => {{
        let mut results = Vec::new();
        for isa in $crate::instruction_sets::here() {
            results.push((isa.name(), $crate::instruction_sets::dispatch!(isa, |k| $check(k $(, $argument)*))));
        }
        results
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<K: tensorlet::Kernels>(_: K) -> &'static str {
        K::NAME
    }

    #[test]
    fn every_token_is_called() {
        let names = on_every_instruction_set!(name);
        assert_eq!(names.len(), here().len());
        assert_eq!(names[0], ("portable", "portable"));
        let different: BTreeSet<_> = names.iter().map(|(_, name)| name).collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }
}
