//! Every layer and operation of sequences, and nothing else. As in `library_infer`, it links only if neither a panic nor
//! an allocation is reachable.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware::{NeverAllocate, planted};
use panic_never as _;
use tensorlet::layer::attention::AdditiveInputs;
use tensorlet::layer::recurrent::Stateful;
use tensorlet::layer::{Attended, Pass};
use tensorlet::loss::CrossEntropyLoss;
use tensorlet::ops::{self, Attention};
use tensorlet::optim::Sgd;
use tensorlet::{
    AdditiveAttention, Bidirectional, Error, FusedTrainer, Gelu, Gru, GruCell, LastStep, Layer, Linear, Lstm, Matrix,
    MeanStep, MultiheadAttention, NormFirstEncoderLayer, Portable, Relu, Residual, Rnn, RnnCell, TimeDistributed,
    Trainer, TransformerEncoderLayer, Unidirectional, network,
};

#[global_allocator]
static ALLOCATOR: NeverAllocate = NeverAllocate;

type Input = Matrix<7, 5>;

network! {
    /// A network of all layers of sequences, with odd sizes.
    struct All: Input {
        rnn = Rnn<5, 3, 2>,
        relu = Rnn<3, 3, 1, Unidirectional, Relu>,
        lstm = Lstm<3, 5, 2, Bidirectional<10>>,
        gru = Gru<10, 6>,
        attention = Residual<MultiheadAttention<6, 2, true>>,
        block = TransformerEncoderLayer<6, 2, 9, Relu>,
        norm_first = NormFirstEncoderLayer<6, 3, 7, Gelu, true>,
        linear = Linear<6, 4>,
        each = TimeDistributed<(Linear<4, 4>, Relu)>,
        last = LastStep,
        cell = GruCell<4, 5>,
    }
}

fn infer<'a>(network: &All, x: &[Input], state: &mut [f32], arena: &'a mut [f32]) -> Result<&'a [[f32; 5]], Error> {
    planted(x.len());
    network.forward_with_state(Portable, x, state, arena)
}

fn fused(net: &mut All, words: &mut [f32], x: &[Input], labels: &[u8]) -> Result<f32, Error> {
    FusedTrainer::new(Sgd::new(0.1), words)?.step(Portable, net, &CrossEntropyLoss, x, labels)
}

fn accumulated(net: &mut All, words: &mut [f32], state: &mut [f32], x: &[Input], labels: &[u8]) -> Result<f32, Error> {
    Trainer::new(Sgd::new(0.1), words)?.step_with_state(Portable, net, &CrossEntropyLoss, x, labels, state)
}

type Cell = RnnCell<3, 4>;

fn back(cell: &mut Cell, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
    cell.backward_with_state(Portable, pass, x, state, tape, grad);
}

type Heads = MultiheadAttention<6, 3>;

fn cross(
    heads: &Heads,
    inputs: &Attended<'_, 6, 4, 5>,
    weights: &mut [[[[f32; 5]; 4]; 3]],
    workspace: &mut [f32],
    y: &mut [[[f32; 6]; 4]],
    grad: &mut [f32],
) -> Result<(), Error> {
    heads.attend(Portable, inputs, weights, workspace, y)?;
    heads.attend_backward(Portable, inputs, (y, weights), workspace, (&mut [], &mut [], &mut []), grad)
}

type Additive = AdditiveAttention<2, 3, 4>;

fn additive(
    attention: &Additive,
    inputs: AdditiveInputs<'_, 2, 3, 5, 6, 7, u8>,
    weights: &mut [[[f32; 6]; 5]],
    workspace: &mut [f32],
    y: &mut [[[f32; 7]; 5]],
    grad: &mut [f32],
) -> Result<(), Error> {
    attention.attend(Portable, inputs, weights, workspace, y)?;
    attention.attend_backward(Portable, inputs, (weights, y), workspace, (&mut [], &mut [], &mut []), grad)
}

type Query = [[[f32; 3]; 4]; 4];
type Weights = [[[f32; 5]; 4]; 4];

/// Queries, keys, values, and a mask.
type Inputs<'a> = (&'a Query, &'a [[[f32; 3]; 5]; 2], &'a [[[f32; 2]; 5]; 2], &'a [[u8; 5]; 4]);

fn scaled(
    (query, key, value, mask): Inputs<'_>,
    settings: &Attention,
    [weights, gradient]: [&mut Weights; 2],
    y: &mut [[[f32; 2]; 4]; 4],
    dquery: &mut Query,
) {
    let inputs = (query, key, value);
    ops::scaled_dot_product_attention(Portable, inputs, mask, settings, weights, y);
    let gradients = (dquery, &mut (), &mut ());
    ops::scaled_dot_product_attention_backward(Portable, inputs, weights, settings, y, gradient, gradients);
}

fn mean(x: &[Matrix<3, 2>], arena: &mut [f32]) -> f32 {
    MeanStep.forward(Portable, x, arena).map_or(0.0, |y| y.iter().flatten().sum())
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Nothing is known about who calls a function whose address is given away, so every path in it is kept.
    black_box(infer as fn(&All, &[Input], &mut [f32], &'static mut [f32]) -> _);
    black_box(fused as fn(&mut All, &mut [f32], &[Input], &[u8]) -> _);
    black_box(accumulated as fn(&mut All, &mut [f32], &mut [f32], &[Input], &[u8]) -> _);
    black_box(back as fn(&mut Cell, Pass, &mut [f32], &mut [f32], &mut [f32], &mut [f32]));
    black_box(cross as fn(&Heads, &Attended<'_, 6, 4, 5>, &mut [_], &mut [f32], &mut [_], &mut [f32]) -> _);
    black_box(
        additive as fn(&Additive, AdditiveInputs<'_, 2, 3, 5, 6, 7, u8>, &mut [_], &mut [_], &mut [_], &mut [_]) -> _,
    );
    black_box(scaled as fn(Inputs<'_>, &Attention, [&mut Weights; 2], &mut _, &mut Query));
    black_box(mean as fn(&[Matrix<3, 2>], &mut [f32]) -> f32);
    loop {
        cortex_m::asm::wfi();
    }
}
