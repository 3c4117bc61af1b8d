//! Every loss and every layer that samples, and nothing else. As in `library_infer`, it links only if neither a panic
//! nor an allocation is reachable.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::{NeverAllocate, planted};
use panic_never as _;
use tensorlet::layer::{Concat, GaussianReparam, GaussianSigmaReparam, GumbelSoftmax, Identity};
use tensorlet::loss::{
    BatchMean, BceLoss, BceWithLogitsLoss, CategoricalKl, CrossEntropyLoss, FocalLoss, GaussianKl, GaussianNllLoss,
    HuberLoss, KlDivLoss, L1Loss, Loss, MaskedSoftmaxCeLoss, MseLoss, NllLoss, PerStep, SmoothL1Loss, Sum, UniformKl,
    VaeLoss,
};
use tensorlet::ops::{self, Dim};
use tensorlet::optim::Sgd;
use tensorlet::random::Generator;
use tensorlet::{Error, FusedTrainer, Linear, Matrix, Portable, Tanh, Tensor, Vector};

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

/// All calls of a loss.
fn all<Y: Tensor, T, L: Loss<Y, T>>(
    loss: &L,
    y: &mut [Y],
    targets: &[T],
    upstream: &[f32],
    values: &mut [f32],
) -> Result<f32, Error> {
    loss.check(targets)?;
    loss.each(Portable, y, targets, upstream, values);
    Ok(loss.mean(Portable, y, targets))
}

/// Keeps all paths in a loss: nothing is known about who calls a function whose address is given away.
fn keep<Y: Tensor, T, L: Loss<Y, T>>() {
    black_box(all::<Y, T, L> as fn(&L, &mut [Y], &[T], &[f32], &mut [f32]) -> _);
}

/// Keeps a loss in the type of its value.
fn keep_as<Y: Tensor, T, L: Loss<Y, T>>(_: L) {
    keep::<Y, T, L>();
}

type Spatial = [[[f32; 3]; 5]; 7];
type Rows = Matrix<5, 7>;

fn losses() {
    keep::<Vector<7>, u8, CrossEntropyLoss>();
    keep::<Spatial, [[i16; 3]; 5], CrossEntropyLoss>();
    keep::<Spatial, Spatial, CrossEntropyLoss>();
    keep::<Rows, [u8; 5], PerStep<CrossEntropyLoss>>();
    keep_as::<Spatial, [[i32; 3]; 5], _>(CrossEntropyLoss.weight([1.0; 7]).label_smoothing(0.1));
    keep_as::<Spatial, [[i32; 3]; 5], _>(NllLoss::NEW.weight([1.0; 7]));
    keep::<Rows, ([u8; 5], usize), MaskedSoftmaxCeLoss>();
    keep::<Rows, Rows, Sum<MseLoss>>();
    keep::<Rows, Rows, L1Loss>();
    keep::<Rows, Rows, SmoothL1Loss>();
    keep::<Rows, Rows, HuberLoss>();
    keep::<Rows, Rows, BatchMean<KlDivLoss>>();
    keep::<Rows, Rows, FocalLoss>();
    keep_as::<Rows, Rows, _>(BceLoss::NEW.weight([[1.0]; 5]));
    keep_as::<Rows, Rows, _>(BceWithLogitsLoss::NEW.weight([1.0; 7]).pos_weight([[1.0]; 5]));
    keep::<[Rows; 2], Rows, GaussianNllLoss>();
    keep::<[Rows; 2], (), GaussianKl>();
    keep::<[Rows; 2], [Rows; 2], GaussianKl>();
    keep::<[Rows; 4], (), GaussianKl>();
    keep::<[Rows; 2], (), CategoricalKl>();
    keep::<Rows, Rows, CategoricalKl>();
    keep::<Rows, (), UniformKl>();
}

type Heads = Concat<Linear<7, 3>, Linear<7, 3>, Matrix<2, 3>>;
type Vae<S> = (Linear<9, 7>, (Tanh, (Heads, Concat<(S, (Linear<3, 7>, Linear<7, 9>)), Identity, Vector<15>>)));
type Categorical = (Linear<9, 6>, (GumbelSoftmax, Linear<6, 9>));

fn step<N: tensorlet::Train<Vector<9>>, L: Loss<N::Out, Vector<9>>>(
    net: &mut N,
    loss: &L,
    words: &mut [f32],
    x: &[Vector<9>],
) -> Result<f32, Error> {
    planted(x.len());
    FusedTrainer::new(Sgd::new(0.1), words)?.step(Portable, net, loss, x, x)
}

fn sample(x: &Rows, u: &Rows, generator: &mut Generator, y: &mut Rows) {
    ops::gumbel_softmax(Portable, x, u, Dim::<0>, 0.5, y);
    ops::epsilon_greedy(Portable, x, Dim::<-1>, 0.1, generator, y);
    ops::gaussian_reparam(Portable, x, x, u, y);
}

type StepOf<N, L> = fn(&mut N, &L, &mut [f32], &[Vector<9>]) -> Result<f32, Error>;

#[cortex_m_rt::entry]
fn main() -> ! {
    losses();
    black_box(step as StepOf<Vae<GaussianReparam>, VaeLoss<Matrix<2, 3>>>);
    black_box(step as StepOf<Vae<GaussianSigmaReparam>, VaeLoss<Matrix<2, 3>>>);
    black_box(step as StepOf<Categorical, MseLoss>);
    black_box(sample as fn(&Rows, &Rows, &mut Generator, &mut Rows));
    loop {
        cortex_m::asm::wfi();
    }
}
