//! The library's training and nothing else: initialisation, both modes, three optimisers. As in `library_infer`, it
//! links only if neither a panic nor an allocation is reachable.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::{NeverAllocate, planted};
use panic_never as _;
use rand_xoshiro::Xoshiro128PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use tensorlet::loss::CrossEntropyLoss;
use tensorlet::optim::{Adam, Optimizer, Sgd};
use tensorlet::{Error, FusedTrainer, Module, Portable, Trainer};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::data::Picture;

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

/// What a step of training is called with.
type Step<O> = fn(O, &mut Digits, &mut [f32], &[Picture], &[u8]) -> Result<f32, Error>;

fn initialise(network: &mut Digits, seed: u64) {
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
}

fn fused<O: Optimizer>(
    optimizer: O,
    network: &mut Digits,
    workspace: &mut [f32],
    pictures: &[Picture],
    labels: &[u8],
) -> Result<f32, Error> {
    planted(pictures.len());
    FusedTrainer::new(optimizer, workspace)?.step(Portable, network, &CrossEntropyLoss, pictures, labels)
}

fn accumulated<O: Optimizer>(
    optimizer: O,
    network: &mut Digits,
    workspace: &mut [f32],
    pictures: &[Picture],
    labels: &[u8],
) -> Result<f32, Error> {
    let mut trainer = Trainer::new(optimizer, workspace)?;
    let mut loss = 0.0;
    for (picture, label) in pictures.chunks(1).zip(labels.chunks(1)) {
        loss += trainer.accumulate(Portable, network, &CrossEntropyLoss, picture, label, 0.1)?;
    }
    trainer.apply(Portable, network);
    Ok(loss)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Nothing is known about who calls a function whose address is given away, so every path in it is kept.
    black_box(initialise as fn(&mut Digits, u64));
    black_box([fused, accumulated] as [Step<Sgd>; 2]);
    black_box([fused, accumulated] as [Step<Sgd<true>>; 2]);
    black_box([fused, accumulated] as [Step<Adam>; 2]);
    loop {
        cortex_m::asm::wfi();
    }
}
