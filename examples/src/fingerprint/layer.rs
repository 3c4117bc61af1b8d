//! All that a layer can do.

use core::hint::black_box;

use tensorlet::{
    Error, FusedTrainer, Mode, Module, Path, Portable, Tensor, Train, Trainer, loss::MseLoss, memory, optim::Sgd, train,
};

use super::{
    Fingerprint,
    argument::{draw, generator},
    hash::tensors,
};

/// Samples of a batch.
const BATCH: usize = 2;
/// Words of the arena and of the workspace, one after the other.
const WORDS: usize = 840;
/// Words of the state that is carried on.
const STATE: usize = 40;

/// With momentum, so that the optimiser has a state.
const OPTIMIZER: Sgd<true> = Sgd::with_momentum(0.05, 0.9).nesterov();

fn initialise<L: Module>(layer: &mut L, seed: u64) {
    let _ = seed;
    layer.init(&mut generator());
}

fn infer<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &L,
    x: &[X],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    tensors(print, layer.forward(Portable, x, words)?);
    Ok(())
}

/// Two pieces of a stream.
fn carry_on<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &L,
    x: &[X],
    state: &mut [f32],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    for _ in 0..2 {
        tensors(print, layer.forward_with_state(Portable, x, state, words)?);
        print.add(&*state);
    }
    Ok(())
}

fn accumulated<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    state: &mut [f32],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let mut trainer = Trainer::new(OPTIMIZER, words)?;
    for _ in 0..2 {
        print.add(&trainer.accumulate_with_state(Portable, layer, &MseLoss, x, targets, 0.5, state)?);
        print.add(&*trainer.gradients());
        trainer.apply(Portable, layer);
    }
    print.add(&*state);
    layer.parameters(Path::ROOT, print);
    Ok(())
}

fn fused<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let mut trainer = FusedTrainer::new(OPTIMIZER, words)?;
    for _ in 0..2 {
        print.add(&trainer.step(Portable, layer, &MseLoss, x, targets)?);
    }
    layer.parameters(Path::ROOT, print);
    Ok(())
}

/// The gradient with respect to the input.
fn input_gradient<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let (loss, dx) = train::input_gradient(Portable, layer, &MseLoss, x, targets, words)?;
    print.add(&loss);
    tensors(print, dx);
    Ok(())
}

/// Does all of it, on inputs and targets drawn from a seed.
pub(super) fn run<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(mut layer: L) -> u32 {
    const {
        assert!(BATCH * L::PEAK <= WORDS && BATCH * L::STATE <= STATE, "the layer of a case is too large");
        let (fused, accumulated) = (Mode::Fused, Mode::Accumulate);
        assert!(memory::training_words::<X, L, Sgd<true>>(fused, BATCH) <= WORDS, "the layer of a case is too large");
        assert!(
            memory::training_words::<X, L, Sgd<true>>(accumulated, BATCH) <= WORDS,
            "the layer of a case is too large"
        );
    };
    let rng = &mut generator();
    let (mut x, mut targets) = ([X::ZERO; BATCH], [L::Out::ZERO; BATCH]);
    draw(&mut x, None, rng);
    draw(&mut targets, None, rng);

    let (words, state) = (&mut [0.0; WORDS][..], &mut [0.0; STATE][..]);
    let mut print = Fingerprint::new();
    initialise(&mut layer, 0);
    let done = infer(&layer, &x, words, &mut print)
        .and_then(|()| carry_on(&layer, &x, state, words, &mut print))
        .and_then(|()| accumulated(&mut layer, &x, &targets, state, words, &mut print))
        .and_then(|()| fused(&mut layer, &x, &targets, words, &mut print))
        .and_then(|()| input_gradient(&mut layer, &x, &targets, words, &mut print));
    print.add(&done);
    print.value()
}

/// Gives the addresses of all of it away.
pub(super) fn keep<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>() {
    black_box(initialise::<L> as fn(&mut L, u64));
    black_box(infer::<X, L> as fn(&L, &[X], &mut [f32], &mut Fingerprint) -> _);
    black_box(carry_on::<X, L> as fn(&L, &[X], &mut [f32], &mut [f32], &mut Fingerprint) -> _);
    black_box(accumulated::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut [f32], &mut Fingerprint) -> _);
    black_box(fused::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut Fingerprint) -> _);
    black_box(input_gradient::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut Fingerprint) -> _);
}
