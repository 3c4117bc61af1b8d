//! Training on all cores: a step of LeNet-5 in a pool of threads.

use std::{hint::black_box, time::Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tensorlet::{Image, Module, Tensor, loss::CrossEntropyLoss, optim::Sgd};
use tensorlet_host::networks::LeNet;
use tensorlet_simd::{Isa, parallel::Trainer};

use crate::{
    Result,
    arrays::{Aligned, Arrays},
    clock,
    contestant::Contestant,
    ours::window::Line,
    parameters,
};

type X = Image<1, 28, 28>;

/// A training step on so many threads, each free to run on any processor, timed by the clock on the wall.
pub struct Threads {
    name: String,
    isa: Isa,
    pool: ThreadPool,
    net: Box<Line<LeNet>>,
    trainer: Trainer<'static, X, LeNet, Sgd>,
    x: Aligned,
    labels: Vec<u8>,
}

impl Threads {
    /// On so many threads.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(name: &str, isa: Isa, threads: usize, lr: f32, arrays: &Arrays) -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| clock::unpin()).build()?;
        let mut net = Box::new(Line(LeNet::ZERO));
        parameters::load(&mut net.0, arrays);
        let workspace = Aligned::zeros(Trainer::<X, LeNet, Sgd>::WORDS).leak();
        Ok(Self {
            name: name.to_owned(),
            isa,
            pool,
            net,
            trainer: Trainer::new(Sgd::new(lr), workspace)?,
            x: Aligned::of(&arrays["x"]),
            labels: arrays["labels"].iter().map(|&label| label as u8).collect(),
        })
    }
}

impl Contestant for Threads {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn form(&self) -> String {
        format!("parallel::Trainer::step, {} threads, wall clock", self.pool.current_num_threads())
    }

    fn answer(&mut self) -> Result<Arrays, String> {
        self.run(1);
        let mut answer = Arrays::default();
        parameters::store(&self.net.0, &mut answer);
        Ok(answer)
    }

    fn run(&mut self, times: usize) {
        let Self { isa, pool, net, trainer, x, labels, .. } = self;
        pool.install(|| {
            for _ in 0..times {
                let loss = trainer.step(*isa, &mut net.0, &CrossEntropyLoss, black_box(X::view(x)), labels.as_slice());
                black_box(loss).expect("a finite loss");
            }
        });
    }

    fn time(&mut self, times: usize) -> f64 {
        let start = Instant::now();
        self.run(times);
        start.elapsed().as_secs_f64()
    }
}
