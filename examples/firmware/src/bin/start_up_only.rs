//! Start-up code and nothing else: what the library's programs are compared with to tell its code from the rest.

#![no_std]
#![no_main]

use panic_never as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
