//! The library's inference and nothing else: it links only if neither a panic nor an allocation is reachable, and its
//! size, less that of `start_up_only`, is the library's code for this network.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::{NeverAllocate, planted};
use panic_never as _;
use tensorlet::{Error, Layer, Portable, Tensor};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::data::Picture;

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

/// Reads a batch of digits: the scores are in the arena.
fn infer<'a>(network: &Digits, pictures: &[Picture], arena: &'a mut [f32]) -> Result<&'a [[f32; 10]], Error> {
    planted(pictures.len());
    network.forward(Portable, pictures, arena)
}

/// Reads a digit that lies in the arena.
fn infer_in_arena<'a>(network: &Digits, picture: &Picture, arena: &'a mut [f32]) -> Result<&'a [[f32; 10]], Error> {
    if let Some(input) = Picture::in_words_mut(arena, 1).first_mut() {
        *input = *picture;
    }
    network.forward_in_arena(Portable, 1, arena)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Nothing is known about who calls a function whose address is given away, so every path in it is kept.
    black_box(infer as fn(&Digits, &[Picture], &'static mut [f32]) -> _);
    black_box(infer_in_arena as fn(&Digits, &Picture, &'static mut [f32]) -> _);
    loop {
        cortex_m::asm::wfi();
    }
}
