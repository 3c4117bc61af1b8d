//! Activations, normalisation, dense and recurrent layers, attention, and those that combine others, and nothing else. As `library_infer`, it links only if
//! neither a panic nor an allocation is reachable, whatever is called with whichever arguments.

#![no_std]
#![no_main]

use firmware::NeverAllocate;
use panic_never as _;
use tensorlet_examples::fingerprint;

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

#[cortex_m_rt::entry]
fn main() -> ! {
    fingerprint::activations::keep();
    fingerprint::norms::keep();
    fingerprint::branches::keep();
    fingerprint::sequences::keep();
    fingerprint::attention::keep();
    fingerprint::embeddings::keep();
    loop {
        cortex_m::asm::wfi();
    }
}
