//! Attention, the blocks of a transformer, and what stands before them.

use tensorlet::{
    Embedding, Gelu, LastStep, LearnedPositions, Linear, MeanStep, MultiheadAttention, NoBias, NormFirstEncoderLayer,
    PositionalEncoding, Residual, TransformerEncoderLayer,
    loss::{CrossEntropyLoss, MseLoss, PerStep},
    optim::{AdamW, Sgd},
};
use tensorlet_host::gpu::{Clip, Offload, OffloadError, Settings};

use crate::compare::{Run, compare, drawn, gpu, labels, samples};

type Sequence = [[f32; 16]; 6];

fn attention_alone() {
    let gpu = gpu();
    // Heads of eight numbers, with biases.
    let (x, targets) = (samples::<Sequence>(20, 1), samples::<Sequence>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.5), batch: 5, clip: Clip::None };
    compare(&gpu, &*drawn::<Residual<MultiheadAttention<16, 2>>>(0), &run);
    // Sizes that fit no tile, without biases; each step attends to those before it; weights are dropped.
    let (x, targets) = (samples::<[[f32; 6]; 7]>(20, 1), samples::<[[f32; 6]; 7]>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.5), batch: 5, clip: Clip::None };
    let mut net = drawn::<(Linear<6, 6>, MultiheadAttention<6, 3, true, NoBias>)>(0);
    net.1.dropout = 0.2;
    compare(&gpu, &*net, &run);
}

fn blocks_of_a_transformer() {
    let gpu = gpu();
    let (x, targets) = (samples::<Sequence>(20, 1), labels(20, 4, 2));
    macro_rules! each {
        ($($block:ty, $last:ident, $p:literal;)+) => {$(
            let mut net = drawn::<($block, ($last, Linear<16, 4>))>(0);
            net.0.set_dropout($p);
            let loss = &CrossEntropyLoss;
            compare(&gpu, &*net, &Run {
                x: &x, targets: &targets, loss, optimizer: Sgd::with_momentum(0.05, 0.9), batch: 5, clip: Clip::Norm(1.0),
            });
        )+};
    }
    each! {
        TransformerEncoderLayer<16, 2, 32, Gelu, true>, LastStep, 0.1;
        NormFirstEncoderLayer<16, 4, 32>, MeanStep, 0.0;
    }
}

type Tokens = [u8; 6];

fn tokens(n: usize, seed: u64) -> Vec<Tokens> {
    labels(6 * n, 20, seed).chunks(6).map(|tokens| tokens.try_into().expect("six")).collect()
}

/// The next token of each one: the smallest language model. Its block has the usual dropout.
fn tokens_positions_and_a_block() {
    type Net = (
        Embedding<20, 16>,
        (LearnedPositions<Sequence>, (NormFirstEncoderLayer<16, 2, 32, Gelu, true>, Linear<16, 20>)),
    );
    let (x, targets) = (tokens(24, 1), tokens(24, 2));
    let mut net = drawn::<Net>(0);
    net.0.padding_idx = Some(3);
    let loss = &PerStep(CrossEntropyLoss);
    let run = Run { x: &x, targets: &targets, loss, optimizer: AdamW::new(1e-3), batch: 12, clip: Clip::None };
    compare(&gpu(), &*net, &run);
}

fn sines_and_cosines_of_positions() {
    type Net = (Embedding<20, 16>, (Linear<16, 16>, (PositionalEncoding, (MeanStep, Linear<16, 4>))));
    let (x, targets) = (tokens(24, 1), labels(24, 4, 2));
    let loss = &CrossEntropyLoss;
    let run = Run { x: &x, targets: &targets, loss, optimizer: Sgd::new(0.1), batch: 6, clip: Clip::None };
    let gpu = gpu();
    let mut nets = [*drawn::<Net>(0); 2];
    nets[1].1.1.0.base = 100.0;
    compare(&gpu, &nets[1], &run);
    // One table for all networks of a sweep.
    let data = (&x[..], &targets[..]);
    let error = Offload::sweep(&gpu, &nets, loss, &[Sgd::new(0.1); 2], data, Settings::batch(6)).expect_err("refused");
    assert!(matches!(&error, OffloadError::Unsupported { path, .. } if path == "1.1.0"), "{error:?}");
}

crate::tests!(attention_alone, blocks_of_a_transformer, tokens_positions_and_a_block, sines_and_cosines_of_positions);
