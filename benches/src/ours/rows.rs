//! Softmax cross-entropy, layer norms and Gumbel-softmax of rows.

use std::hint::black_box;

use tensorlet::{
    Kernels, LayerNorm, Module, Tensor, Train,
    layer::{GumbelSoftmax, Pass},
    loss::{CrossEntropyLoss, Loss},
};

use super::{Token, Work, boxed, window::Forward};
use crate::{
    arrays::{Aligned, Arrays},
    case::Rows,
    contestant::Contestant,
    gumbel, parameters,
};

/// Matches a width with a constant.
macro_rules! widths {
    ($width:expr, [$($known:literal)*], $make:ident) => {
        match $width {
            $($known => Some($make!($known)),)*
            _ => None,
        }
    };
}

pub(super) fn cross_entropy(rows: Rows, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! loss {
        ($width:literal) => {
            boxed(token, CrossEntropy::<$width>::new(arrays))
        };
    }
    widths!(rows.width, [10 1000], loss)
}

pub(super) fn layer_norm(rows: Rows, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! norm {
        ($width:literal) => {
            boxed(token, Forward::<[f32; $width], LayerNorm<[f32; $width]>>::new(Module::ZERO, rows.n, arrays))
        };
    }
    widths!(rows.width, [384 768], norm)
}

pub(super) fn layer_norm_gradient(rows: Rows, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! norm {
        ($width:literal) => {
            boxed(token, BothWays::<$width>::new(rows.n, arrays))
        };
    }
    widths!(rows.width, [384 768], norm)
}

pub(super) fn gumbel([n, width]: [usize; 2], hard: bool, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! sample {
        ($width:literal) => {
            boxed(token, Gumbel::<$width>::new(n, hard, arrays))
        };
    }
    widths!(width, [64], sample)
}

struct CrossEntropy<const C: usize> {
    x: Aligned,
    labels: Vec<u16>,
}

impl<const C: usize> CrossEntropy<C> {
    fn new(arrays: &Arrays) -> Self {
        Self { x: Aligned::of(&arrays["x"]), labels: arrays["labels"].iter().map(|&label| label as u16).collect() }
    }
}

impl<const C: usize> Work for CrossEntropy<C> {
    const EACH: bool = true;
    const FORM: &'static str = "CrossEntropyLoss.mean, the gradient in the place of the logits";

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            let x = <[f32; C]>::view_mut(black_box(&mut self.x));
            black_box(CrossEntropyLoss.mean(k, x, black_box(self.labels.as_slice())));
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        let loss = CrossEntropyLoss.mean(k, <[f32; C]>::view_mut(&mut self.x), self.labels.as_slice());
        Arrays::default().with("loss", &[1], vec![loss]).with("gradient", &[self.labels.len(), C], self.x.to_vec())
    }
}

type Norm<const W: usize> = LayerNorm<[f32; W]>;

struct BothWays<const W: usize> {
    net: Norm<W>,
    inputs: [Aligned; 2],
    pass: Pass,
    x: Aligned,
    tape: Aligned,
    grad: Aligned,
}

impl<const W: usize> BothWays<W> {
    fn new(n: usize, arrays: &Arrays) -> Self {
        let mut net = LayerNorm::ZERO;
        parameters::load(&mut net, arrays);
        Self {
            net,
            inputs: ["x", "dy"].map(|name| Aligned::of(&arrays[name])),
            pass: Pass { n, input_gradient: true, training: true, seed: 0, ..Pass::NEW },
            x: Aligned::of(&arrays["x"]),
            tape: Aligned::zeros(n * <Norm<W> as Train<[f32; W]>>::TAPE),
            grad: Aligned::zeros(2 * W),
        }
    }

    #[inline(always)]
    fn forward<K: Kernels>(&mut self, k: K) {
        Train::<[f32; W]>::forward_train(&self.net, k, self.pass, black_box(&mut self.x), &mut [], &mut self.tape);
    }

    /// The gradients of the parameters are added to zeros.
    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K) {
        self.grad.fill(0.0);
        let (x, tape) = (&mut self.x, black_box(&mut self.tape));
        Train::<[f32; W]>::backward(&mut self.net, k, self.pass, x, tape, &mut self.grad);
    }
}

impl<const W: usize> Work for BothWays<W> {
    const EACH: bool = true;
    const FORM: &'static str = "forward_train, backward, in place";

    /// In a network the layer before writes `x`, the layer behind writes `dy` over the output, and `dx` takes the
    /// place of `x`: nothing is copied. Here each run does the same work on what the one before has left: its
    /// `dx` for `x`, and the output for `dy`. These stay ordinary numbers, of the order of 100 after many runs.
    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            self.forward(k);
            self.backward(k);
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        self.x.copy_from_slice(&self.inputs[0]);
        self.forward(k);
        <Norm<W> as Train<[f32; W]>>::out(self.pass, &mut self.x, &mut self.tape).copy_from_slice(&self.inputs[1]);
        self.backward(k);
        Arrays::default().with("dx", &[self.pass.n, W], self.x.to_vec()).with("dw", &[W], self.grad[..W].to_vec()).with(
            "db",
            &[W],
            self.grad[W..].to_vec(),
        )
    }
}

struct Gumbel<const W: usize> {
    net: GumbelSoftmax,
    logits: Aligned,
    pass: Pass,
    x: Aligned,
    y: Aligned,
}

impl<const W: usize> Gumbel<W> {
    fn new(n: usize, hard: bool, arrays: &Arrays) -> Self {
        Self {
            net: GumbelSoftmax { hard, ..GumbelSoftmax::NEW },
            logits: Aligned::of(&arrays["x"]),
            pass: Pass { n, input_gradient: true, training: true, seed: 1, ..Pass::NEW },
            x: Aligned::zeros(n * W),
            y: Aligned::zeros(n * W),
        }
    }
}

impl<const W: usize> Work for Gumbel<W> {
    const EACH: bool = true;
    const FORM: &'static str = "GumbelSoftmax in training; logits copied in";

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            self.x.copy_from_slice(black_box(&self.logits));
            self.pass.seed = self.pass.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
            Train::<[f32; W]>::forward_train(&self.net, k, self.pass, &mut self.x, &mut [], black_box(&mut self.y));
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        gumbel::sampled([self.pass.n, W], || {
            self.repeat(k, 1);
            self.y.to_vec()
        })
    }
}
