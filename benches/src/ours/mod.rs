//! tensorlet on the cases: one type for each operation, generic over its shape, for every instruction set.

mod matmul;
mod network;
mod recurrent;
mod rows;
mod threads;
mod window;

use std::hint::black_box;

use tensorlet::Kernels;
use tensorlet_simd::{Isa, NATIVE, WithKernels};

pub use threads::Threads;

use crate::{
    arrays::Arrays,
    case::{Case, Op},
    contestant::Contestant,
};

/// What chooses the kernels.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// An instruction set, chosen when the program runs.
    Chosen(Isa),
    /// That of the build.
    Native,
}

/// tensorlet on a case; none where no shape of [`ours`](self) is that of the case.
#[must_use]
pub fn contestant(case: &Case, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    match case.op {
        Op::Matmul { m, k, n } => matmul::product([m, k, n], arrays, token),
        Op::Conv(sizes) => window::conv(sizes, arrays, token),
        Op::ConvGradient(sizes) => window::conv_gradient(sizes, arrays, token),
        Op::MaxPool(sizes) => window::max_pool(sizes, arrays, token),
        Op::CrossEntropy(sizes) => rows::cross_entropy(sizes, arrays, token),
        Op::LayerNorm(sizes) => rows::layer_norm(sizes, arrays, token),
        Op::LayerNormGradient(sizes) => rows::layer_norm_gradient(sizes, arrays, token),
        Op::Gumbel { n, width, hard } => rows::gumbel([n, width], hard, arrays, token),
        Op::Cell { cell, n } => Some(recurrent::cell(cell, n, arrays, token)),
        Op::Inference { network, n } => Some(network::inference(network, n, arrays, token)),
        Op::Train { network, optimizer, n, lr } => network::training(network, optimizer, n, lr, arrays, token),
        Op::Threads { lr, .. } => {
            let isa = match token {
                Token::Chosen(isa) => isa,
                Token::Native => Isa::best(),
            };
            let threads = Threads::new(&token.name(), isa, 2, lr, arrays).ok()?;
            Some(Box::new(threads))
        }
    }
}

/// One operation on its data.
trait Work: 'static {
    /// Whether the token is chosen for every run, as a program does for a whole network, and not once for many,
    /// as one does for small kernels in a loop.
    const EACH: bool = false;

    /// How it is called.
    const FORM: &'static str;

    /// Runs it so many times.
    fn repeat<K: Kernels>(&mut self, k: K, times: usize);

    /// The results of the first run.
    fn answer<K: Kernels>(&mut self, k: K) -> Arrays;
}

/// Work with a token.
struct Ours<W> {
    token: Token,
    work: W,
}

fn boxed<W: Work>(token: Token, work: W) -> Box<dyn Contestant> {
    Box::new(Ours { token, work })
}

struct Repeat<'a, W>(&'a mut W, usize);

impl<W: Work> WithKernels for Repeat<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with<K: Kernels>(self, k: K) {
        self.0.repeat(k, self.1);
    }
}

struct Answer<'a, W>(&'a mut W);

impl<W: Work> WithKernels for Answer<'_, W> {
    type Output = Arrays;

    fn with<K: Kernels>(self, k: K) -> Arrays {
        self.0.answer(k)
    }
}

impl Token {
    fn name(self) -> String {
        match self {
            Self::Chosen(isa) => isa.name().to_owned(),
            Self::Native => "native".to_owned(),
        }
    }

    #[inline(always)]
    fn run<F: WithKernels>(self, f: F) -> F::Output {
        match self {
            Self::Chosen(isa) => isa.run(f),
            Self::Native => f.with(NATIVE),
        }
    }
}

impl<W: Work> Contestant for Ours<W> {
    fn name(&self) -> String {
        self.token.name()
    }

    fn form(&self) -> String {
        W::FORM.to_owned()
    }

    fn answer(&mut self) -> Result<Arrays, String> {
        Ok(self.token.run(Answer(&mut self.work)))
    }

    fn run(&mut self, times: usize) {
        if W::EACH {
            for _ in 0..times {
                black_box(self.token).run(Repeat(&mut self.work, 1));
            }
        } else {
            self.token.run(Repeat(&mut self.work, times));
        }
    }
}
