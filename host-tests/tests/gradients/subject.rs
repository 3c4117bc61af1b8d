//! A network on an instruction set, without its types: the checks are compiled once, not per network.

use std::marker::PhantomData;

use tensorlet::{
    Error, Kernels, Module, Parameter, Path, Tensor, Train, Visitor,
    layer::{Fused, Pass},
    optim::{Optimizer, Sgd},
};

/// Words that a network needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Of a sample at inference.
    pub(crate) peak: usize,
    /// Of the tape for a sample, with the gradient of the input and without.
    pub(crate) tape: [usize; 2],
    /// Of the gradient.
    pub(crate) gradient: usize,
    /// Of the scratch of a fused pass: at all, and for each sample.
    pub(crate) scratch: [usize; 2],
    /// Whether training differs from inference.
    pub(crate) differs: bool,
}

/// What is checked.
pub(crate) trait Subject {
    /// The instruction set.
    fn name(&self) -> &'static str;
    fn words(&self) -> Words;
    /// Inference in an arena.
    fn infer(&self, n: usize, x: &[f32], state: &mut [f32], arena: &mut [f32]) -> Result<Vec<f32>, Error>;
    fn forward(&self, pass: Pass, slot: &mut [f32], state: &mut [f32], tape: &mut [f32]);
    /// The slot of the output.
    fn out<'a>(&self, pass: Pass, slot: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32];
    fn backward(&self, pass: Pass, slot: &mut [f32], tape: &mut [f32], gradient: &mut [f32]);
    /// A fused pass with a learning rate of 1 on a copy of the network: how far each trained
    /// parameter moved, and whether all others kept their bits.
    fn fused(&self, pass: Pass, slot: &mut [f32], tape: &mut [f32], scratch: &mut [f32]) -> (Vec<f32>, bool);
}

/// A network of type `N` for inputs of type `X`, with a token.
pub(crate) struct Typed<'a, K, X, N> {
    pub(crate) k: K,
    pub(crate) network: &'a N,
    pub(crate) input: PhantomData<X>,
}

impl<K: Kernels, X: Tensor, N: Train<X, Out: Tensor<Elem = f32>> + Copy> Subject for Typed<'_, K, X, N> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn words(&self) -> Words {
        Words {
            peak: N::PEAK,
            tape: [N::TAPE_LEAF, N::TAPE],
            gradient: N::GRAD,
            scratch: [N::FUSED, N::FUSED_PER_SAMPLE],
            differs: N::DIFFERS_IN_TRAINING,
        }
    }

    fn infer(&self, n: usize, x: &[f32], state: &mut [f32], arena: &mut [f32]) -> Result<Vec<f32>, Error> {
        self.network.forward_with_state(self.k, X::in_words(x, n), state, arena).map(|y| N::Out::flat(y).to_vec())
    }

    fn forward(&self, pass: Pass, slot: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        self.network.forward_train(self.k, pass, slot, state, tape);
    }

    fn out<'a>(&self, pass: Pass, slot: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        N::out(pass, slot, tape)
    }

    fn backward(&self, pass: Pass, slot: &mut [f32], tape: &mut [f32], gradient: &mut [f32]) {
        let mut network = *self.network;
        network.backward(self.k, pass, slot, tape, gradient);
    }

    fn fused(&self, pass: Pass, slot: &mut [f32], tape: &mut [f32], scratch: &mut [f32]) -> (Vec<f32>, bool) {
        let mut network = *self.network;
        let mut optimizer = Sgd::new(1.0);
        optimizer.advance();
        network.backward_fused(
            self.k,
            pass,
            slot,
            tape,
            Fused { optimizer: &optimizer, path: Path::ROOT, state: &mut [], scratch },
        );
        moved(parameters(self.network), parameters(&network))
    }
}

/// How far each trained parameter moved, and whether all others kept their bits.
fn moved([before, frozen]: [Vec<f32>; 2], [after, still_frozen]: [Vec<f32>; 2]) -> (Vec<f32>, bool) {
    (before.iter().zip(&after).map(|(before, after)| before - after).collect(), frozen == still_frozen)
}

/// The parameters that are trained, one behind the other, and those that are not.
fn parameters<N: Module>(network: &N) -> [Vec<f32>; 2] {
    struct Collect([Vec<f32>; 2]);
    impl Visitor for Collect {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            self.0[usize::from(!parameter.trained)].extend_from_slice(values);
        }

        fn partly_trained(&mut self, parameter: Parameter<'_>, channels: &[u16], values: &[f32]) {
            let (trained, others): (Vec<usize>, Vec<usize>) = {
                let (channel, len) = (|c: &u16| usize::from(*c), values.len() / parameter.info.shape.dim(0));
                let of = |channel: usize| (channel * len..(channel + 1) * len).map(|i| parameter.position(i));
                let chosen: Vec<usize> = channels.iter().map(channel).collect();
                let rest = (0..parameter.info.shape.dim(0)).filter(|channel| !chosen.contains(channel));
                (chosen.iter().copied().flat_map(of).collect(), rest.flat_map(of).collect())
            };
            self.0[0].extend(trained.iter().map(|&at| values[at]));
            self.0[1].extend(others.iter().map(|&at| values[at]));
        }
    }
    let mut collect = Collect([Vec::new(), Vec::new()]);
    network.parameters(Path::ROOT, &mut collect);
    collect.0
}
