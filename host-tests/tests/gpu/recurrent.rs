//! Recurrent networks.

use tensorlet::{
    Bidirectional, Flatten, Frozen, Gru, GruCell, Linear, Lstm, LstmCell, NoBias, Relu, Residual, Rnn, RnnCell, Tanh,
    Tensor, TimeDistributed, Train, Unidirectional,
    loss::{CrossEntropyLoss, MseLoss, PerStep},
    optim::{Adam, Sgd},
};
use tensorlet_host::gpu::{Clip, Gpu, OffloadLoss};

use crate::compare::{Run, compare, drawn, gpu, labels, samples};

/// Sequences of this layer's inputs, with targets of its outputs.
fn layer<X, N>(gpu: &Gpu, batch: usize)
where
    X: Tensor<Elem = f32>,
    N: Train<X, Out: Tensor<Elem = f32> + std::fmt::Debug> + Clone,
    MseLoss: OffloadLoss<N::Out, N::Out>,
{
    let (x, targets) = (samples::<X>(13, 1), samples::<N::Out>(13, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.3), batch, clip: Clip::None };
    compare(gpu, &*drawn::<N>(0), &run);
}

fn every_cell() {
    let gpu = gpu();
    layer::<[[f32; 4]; 5], Lstm<4, 8>>(&gpu, 4);
    layer::<[[f32; 4]; 5], Gru<4, 8>>(&gpu, 4);
    layer::<[[f32; 4]; 5], Rnn<4, 8>>(&gpu, 4);
    layer::<[[f32; 3]; 1], Rnn<3, 5, 1, Unidirectional, Relu>>(&gpu, 1);
}

fn layers_and_directions() {
    let gpu = gpu();
    layer::<[[f32; 3]; 4], Lstm<3, 5, 2, Bidirectional<10>>>(&gpu, 3);
    layer::<[[f32; 3]; 4], Gru<3, 5, 2, Bidirectional<10>, NoBias>>(&gpu, 3);
    layer::<[[f32; 4]; 4], Rnn<4, 3, 3, Unidirectional, Relu>>(&gpu, 3);
}

fn large_hidden_states() {
    let all = || {
        let gpu = gpu();
        // More gates than a workgroup has invocations, and columns that are too long for registers.
        layer::<[[f32; 3]; 3], Lstm<3, 70>>(&gpu, 2);
        layer::<[[f32; 3]; 3], Gru<3, 90, 1, Bidirectional<180>>>(&gpu, 2);
        layer::<[[f32; 3]; 3], Rnn<3, 66, 1, Unidirectional, Tanh, NoBias>>(&gpu, 2);
    };
    // Networks of this size are moved about by value, more often than a test's stack has room for.
    std::thread::Builder::new().stack_size(32 << 20).spawn(all).expect("a thread").join().expect("no panic");
}

fn single_steps() {
    let gpu = gpu();
    layer::<[f32; 4], (Linear<4, 6>, LstmCell<6, 8>)>(&gpu, 4);
    layer::<[f32; 4], GruCell<4, 3>>(&gpu, 4);
    layer::<[f32; 4], RnnCell<4, 3>>(&gpu, 4);
}

fn inside_networks() {
    let gpu = gpu();
    // A sum and a function behind a layer whose output is read again, and one that is not trained.
    type Body = (Residual<Lstm<6, 6>>, (Tanh, (Frozen<Gru<6, 6>>, Flatten<24>)));
    type Net = (TimeDistributed<Linear<3, 6>>, (Body, Linear<24, 5>));
    let (x, targets) = (samples::<[[f32; 3]; 4]>(20, 1), labels(20, 5, 2));
    let run = Run {
        x: &x,
        targets: &targets,
        loss: &CrossEntropyLoss,
        optimizer: Adam::new(1e-2),
        batch: 6,
        clip: Clip::Norm(1.0),
    };
    compare(&gpu, &*drawn::<Net>(0), &run);

    type Tagger = (Gru<3, 8, 1, Bidirectional<16>>, TimeDistributed<Linear<16, 4>>);
    let targets: Vec<[u8; 4]> = labels(80, 4, 2).as_chunks().0.to_vec();
    let run = Run {
        x: &x,
        targets: &targets,
        loss: &PerStep(CrossEntropyLoss),
        optimizer: Adam::new(1e-2),
        batch: 6,
        clip: Clip::None,
    };
    compare(&gpu, &*drawn::<Tagger>(0), &run);
}

crate::tests!(every_cell, layers_and_directions, large_hidden_states, single_steps, inside_networks);
