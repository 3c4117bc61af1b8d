//! What the contestants of a case are given: random numbers from a fixed seed.

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{Module, init};
use tensorlet_host::networks::{Digits, LeNet, Mlp};

use crate::{
    arrays::Arrays,
    case::{Case, Cell, Network, Op},
    networks::CharGru,
    parameters,
};

/// The inputs of a case, under PyTorch's names.
#[must_use]
pub fn of(case: &Case) -> Arrays {
    let mut draw = Draw { rng: Xoshiro128PlusPlus::seed_from_u64(4), arrays: Arrays::default() };
    match case.op {
        Op::Matmul { m, k, n } => {
            draw.uniform("a", &[m, k], 1.0);
            draw.uniform("b", &[k, n], 1.0);
        }
        Op::Conv(c) | Op::ConvGradient(c) => {
            let fan_in = c.channels / c.groups * c.kernel * c.kernel;
            let bound = 1.0 / (fan_in as f32).sqrt();
            draw.uniform("x", &[c.n, c.channels, c.size, c.size], 1.0);
            draw.uniform("weight", &[c.out, c.channels / c.groups, c.kernel, c.kernel], bound);
            draw.uniform("bias", &[c.out], bound);
            if matches!(case.op, Op::ConvGradient(_)) {
                draw.uniform("dy", &[c.n, c.out, c.output(), c.output()], 1.0);
            }
        }
        Op::MaxPool(p) => draw.uniform("x", &[1, p.channels, p.size, p.size], 1.0),
        Op::CrossEntropy(rows) => {
            draw.uniform("x", &[rows.n, rows.width], 3.0);
            draw.labels(&[rows.n], rows.width);
        }
        Op::LayerNorm(rows) | Op::LayerNormGradient(rows) => {
            draw.uniform("x", &[rows.n, rows.width], 2.0);
            draw.uniform("weight", &[rows.width], 1.0);
            draw.uniform("bias", &[rows.width], 1.0);
            if matches!(case.op, Op::LayerNormGradient(_)) {
                draw.uniform("dy", &[rows.n, rows.width], 1.0);
            }
        }
        Op::Gumbel { n, width, .. } => draw.uniform("x", &[n, width], 3.0),
        Op::Cell { cell, n } => {
            let (rows, bound) = (cell.gates() * Cell::HIDDEN, 1.0 / (Cell::HIDDEN as f32).sqrt());
            draw.uniform("x", &[n, Cell::INPUTS], 1.0);
            draw.uniform("h", &[n, Cell::HIDDEN], 1.0);
            if cell == Cell::Lstm {
                draw.uniform("c", &[n, Cell::HIDDEN], 1.0);
            }
            draw.uniform("weight_ih", &[rows, Cell::INPUTS], bound);
            draw.uniform("weight_hh", &[rows, Cell::HIDDEN], bound);
            draw.uniform("bias_ih", &[rows], bound);
            draw.uniform("bias_hh", &[rows], bound);
        }
        Op::Threads { n, .. } => {
            draw.network(Network::Lenet, n);
            draw.labels(&[n], 10);
        }
        Op::Inference { network, n } => draw.network(network, n),
        Op::Train { network, n, .. } => {
            draw.network(network, n);
            match network {
                Network::CharGru => draw.labels(&[n, CharGru::STEPS], CharGru::CLASSES),
                _ => draw.labels(&[n], 10),
            }
        }
    }
    draw.arrays
}

struct Draw {
    rng: Xoshiro128PlusPlus,
    arrays: Arrays,
}

impl Draw {
    /// Numbers in `-bound..bound`.
    fn uniform(&mut self, name: &str, shape: &[usize], bound: f32) {
        let mut data = vec![0.0; shape.iter().product()];
        data.iter_mut().for_each(|x| init::uniform(x, -bound, bound, &mut self.rng));
        self.arrays.insert(name, shape, data);
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.next_u32() as usize % n
    }

    /// Labels of so many classes, as numbers.
    fn labels(&mut self, shape: &[usize], classes: usize) {
        let labels = (0..shape.iter().product()).map(|_| self.below(classes) as f32).collect();
        self.arrays.insert("labels", shape, labels);
    }

    /// The input and the parameters of a network, these with PyTorch's initialisation.
    fn network(&mut self, network: Network, n: usize) {
        match network {
            Network::Lenet => {
                self.uniform("x", &[n, 1, 28, 28], 1.0);
                self.parameters::<LeNet>();
            }
            Network::Mlp => {
                self.uniform("x", &[n, 784], 1.0);
                self.parameters::<Mlp>();
            }
            Network::Digits => {
                self.uniform("x", &[n, 1, 8, 8], 1.0);
                self.parameters::<Digits>();
            }
            Network::CharGru => {
                let mut x = vec![0.0; n * CharGru::STEPS * CharGru::CLASSES];
                for one_hot in x.chunks_exact_mut(CharGru::CLASSES) {
                    one_hot[self.below(CharGru::CLASSES)] = 1.0;
                }
                self.arrays.insert("x", &[n, CharGru::STEPS, CharGru::CLASSES], x);
                self.parameters::<CharGru>();
            }
        }
    }

    fn parameters<N: Module>(&mut self) {
        let mut net = Box::new(N::ZERO);
        net.init(&mut self.rng);
        parameters::store(&*net, &mut self.arrays);
    }
}
