//! Computes one of everything that the library has, and compares the bits with those of the host.
//!
//! The build script ran the same cases. Each family prints a line, and each case whose results have other bits its name;
//! the exit code says whether there was one.

#![no_std]
#![no_main]

use cortex_m_rt::entry;
use defmt_semihosting as _;
use firmware::{Exit, board, memory};
use tensorlet_examples::fingerprint::FAMILIES;

firmware::end_of_program!();

/// What the host computed, by family and case.
const EXPECTED: &[&[u32]] = include!(concat!(env!("OUT_DIR"), "/fingerprints.rs"));

#[entry]
fn main() -> ! {
    let (mut cases, mut others) = (0, 0);
    for ((family, here), host) in FAMILIES.iter().zip(EXPECTED) {
        for (case, &host) in here.iter().zip(*host) {
            let here = (case.run)();
            if here != host {
                defmt::error!(
                    "{=str}: {=str} is {=u32:#010x}, on the host {=u32:#010x}",
                    *family,
                    case.name,
                    here,
                    host
                );
                others += 1;
            }
        }
        cases += here.len();
        defmt::println!("{=str}: {=usize} cases", *family, here.len());
    }
    let compared: usize = EXPECTED.iter().map(|family| family.len()).sum();
    defmt::println!("stack: at most {=usize} of {=usize} bytes", memory::stack_high_water(), memory::stack_available());
    if others > 0 || cases != compared {
        defmt::error!("{=usize} of {=usize} cases have other bits than on the host", others, compared);
        Exit::OtherResults.exit()
    }
    defmt::println!("passed: {=usize} cases have the host's bits ({=str})", cases, board::NAME);
    Exit::Passed.exit()
}
