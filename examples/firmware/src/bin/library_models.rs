//! The int8 MLPerf Tiny networks and nothing else: it links only if neither a panic nor an allocation is reachable.
//! Without the models there is nothing to link.

#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use firmware::models::{self, Model, Visitor};
use panic_never as _;
use tensorlet_simd::NATIVE;

#[global_allocator]
static ALLOCATOR: firmware::NeverAllocate = firmware::NeverAllocate;

struct Keep<'a>(&'a mut [f32]);

impl Visitor for Keep<'_> {
    fn visit<M: Model>(&mut self) {
        let input: &[i8] = black_box(&[]);
        let put = M::put(input, black_box(&mut *self.0));
        let output = M::run(NATIVE, black_box(&mut *self.0));
        black_box((put.is_ok(), output.is_ok()));
    }
}

#[entry]
fn main() -> ! {
    static mut ARENA: [f32; models::WORDS] = [0.0; models::WORDS];

    models::all(&mut Keep(ARENA));
    loop {
        cortex_m::asm::wfi();
    }
}
