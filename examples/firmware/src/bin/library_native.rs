//! The `f32` kernels of this build's instruction set and nothing else: training of two networks, and products of matrices
//! of any size. As `library_infer`, it links only if neither a panic nor an allocation is reachable.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::NeverAllocate;
use panic_never as _;
use tensorlet::{
    Error, FusedTrainer, Image, Train, Trainer,
    kernel::MatmulKernels,
    loss::CrossEntropyLoss,
    network,
    optim::{Optimizer, Sgd},
};
use tensorlet_examples::digits::{Digits, data::Picture};
use tensorlet_simd::NATIVE;

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

network! {
    /// Windows of several kinds, on planes whose sides are odd.
    pub struct Odd: Image<3, 9, 9> {
        conv: Conv2d(7, 3),
        relu: Relu,
        depthwise: Conv2d(7, 3, padding = 1, groups = 7),
        pointwise: Conv2d(5, 1),
        flatten: Flatten,
        fc: Linear(10),
    }
}

/// What a step of training is called with.
type Step<N, X, O> = fn(O, &mut N, &mut [f32], &[X], &[u8]) -> Result<f32, Error>;
/// A product of matrices.
type Product = fn([usize; 2], &[f32], &[f32], &mut [f32]);

fn fused<N: Train<X, Out = [f32; 10]>, X: tensorlet::Tensor<Elem = f32>, O: Optimizer>(
    optimizer: O,
    network: &mut N,
    workspace: &mut [f32],
    x: &[X],
    labels: &[u8],
) -> Result<f32, Error> {
    FusedTrainer::new(optimizer, workspace)?.step(NATIVE, network, &CrossEntropyLoss, x, labels)
}

fn accumulated<N: Train<X, Out = [f32; 10]>, X: tensorlet::Tensor<Elem = f32>, O: Optimizer>(
    optimizer: O,
    network: &mut N,
    workspace: &mut [f32],
    x: &[X],
    labels: &[u8],
) -> Result<f32, Error> {
    let mut trainer = Trainer::new(optimizer, workspace)?;
    let loss = trainer.accumulate(NATIVE, network, &CrossEntropyLoss, x, labels, 0.1)?;
    trainer.apply(NATIVE, network);
    Ok(loss)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Nothing is known about who calls a function whose address is given away, so every path in it is kept.
    black_box([fused, accumulated] as [Step<Digits, Picture, Sgd>; 2]);
    black_box([fused, accumulated] as [Step<Odd, Image<3, 9, 9>, Sgd>; 2]);
    black_box([
        |sizes, a, b, c| NATIVE.matmul_flat(sizes, a, b, c),
        |sizes, a, b, c| NATIVE.matmul_nt_flat(sizes, a, b, c),
        |sizes, a, b, c| NATIVE.matmul_tn_flat(sizes, a, b, c),
    ] as [Product; 3]);
    loop {
        cortex_m::asm::wfi();
    }
}
