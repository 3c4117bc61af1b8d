//! Every layer, optimiser and random function of the library, and nothing else. As in `library_infer`, it links only if
//! neither a panic nor an allocation is reachable.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::{NeverAllocate, planted};
use panic_never as _;
use rand_xoshiro::Xoshiro128PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use tensorlet::loss::CrossEntropyLoss;
use tensorlet::optim::{Adam, Optimizer, Sgd};
use tensorlet::{
    Error, FusedTrainer, Image, Layer, Module, Parameter, Path, Portable, Trainer, Visitor, init, network, random,
};

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

type Input = Image<3, 17, 13>;

network! {
    /// A network of all the library's layers, with odd sizes and strides.
    struct All: Input {
        conv1: Frozen(Conv2d(4, 3, stride = 2, padding = 1)),
        relu: Relu,
        conv2: Residual(Conv2d(4, 3, padding = 1)),
        tanh: Tanh,
        avg: AvgPool2d(2, stride = 1),
        max: MaxPool2d(3, stride = 2, padding = 1),
        flatten: Flatten,
        fc1: Linear(9),
        sigmoid: Sigmoid,
        fc2: Linear(5),
    }
}

/// What a step of training is called with.
type Step<O> = fn(O, &mut All, &mut [f32], &[Input], &[u8]) -> Result<f32, Error>;

fn infer<'a>(network: &All, x: &[Input], arena: &'a mut [f32]) -> Result<&'a [[f32; 5]], Error> {
    planted(x.len());
    network.forward(Portable, x, arena)
}

fn fused<O: Optimizer>(o: O, net: &mut All, words: &mut [f32], x: &[Input], labels: &[u8]) -> Result<f32, Error> {
    FusedTrainer::new(o, words)?.step(Portable, net, &CrossEntropyLoss, x, labels)
}

fn accumulated<O: Optimizer>(o: O, net: &mut All, words: &mut [f32], x: &[Input], labels: &[u8]) -> Result<f32, Error> {
    let mut trainer = Trainer::new(o, words)?;
    let loss = trainer.step(Portable, net, &CrossEntropyLoss, x, labels)?;
    trainer.gradients().reverse();
    trainer.apply(Portable, net);
    Ok(loss)
}

fn initialise(network: &mut All, seed: u64, order: &mut [u16]) {
    let rng = &mut Xoshiro128PlusPlus::seed_from_u64(seed);
    network.init(rng);
    init::normal(&mut network.fc1.weight, 0.0, init::kaiming_normal_std(36, 2.0), rng);
    let bound = init::xavier_uniform_bound(9, 5, 1.0);
    init::uniform(&mut network.fc2.weight, -bound, bound, rng);
    random::shuffle(order, rng);
}

/// Adds up parameters by name.
struct Sum(f32);

impl Visitor for Sum {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        if parameter.path.is("conv2.weight") {
            self.0 += values.iter().sum::<f32>();
        }
    }
}

fn visit(network: &All) -> f32 {
    let mut sum = Sum(0.0);
    network.parameters(Path::ROOT, &mut sum);
    sum.0
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Nothing is known about who calls a function whose address is given away, so every path in it is kept.
    black_box(infer as fn(&All, &[Input], &'static mut [f32]) -> _);
    black_box([fused, accumulated] as [Step<Sgd>; 2]);
    black_box([fused, accumulated] as [Step<Sgd<true>>; 2]);
    black_box([fused, accumulated] as [Step<Adam>; 2]);
    black_box(initialise as fn(&mut All, u64, &mut [u16]));
    black_box(visit as fn(&All) -> f32);
    loop {
        cortex_m::asm::wfi();
    }
}
