//! Training steps: one network, or many side by side.

use std::time::{Duration, Instant};

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use rayon::prelude::*;
use tensorlet::{
    Kernels, Mode, Tensor, Train, Trainer,
    loss::CrossEntropyLoss,
    memory::training_words,
    optim::{Adam, Optimizer, Sgd},
    random,
};
use tensorlet_benches::Result;
use tensorlet_host::{
    gpu::{Gpu, Offload, OffloadError, Settings},
    networks::{Digits, LeNet, Mlp},
};
use tensorlet_simd::{WithKernels, parallel};

use crate::{
    Scale,
    report::Row,
    turns::{Contestant, medians},
};

/// Steps after which losses are compared.
pub(crate) const STEPS: usize = 20;
/// Batches of the data set.
const BATCHES: usize = 8;
/// Networks of a sweep, and where little is to be measured.
const COPIES: usize = 256;
const FEW_COPIES: usize = 16;

/// The perceptron.
pub(crate) fn mlp(gpu: &Gpu, scale: &Scale) -> Result<Row> {
    let name = "MLP 784-256-10, SGD, batch 128";
    Job::<[f32; 784], Mlp, _>::new(name, 1, 128, Sgd::new(0.1)).row(gpu, scale)
}

/// LeNet-5.
pub(crate) fn lenet(gpu: &Gpu, scale: &Scale) -> Result<Row> {
    Job::<_, LeNet, _>::new("LeNet-5, Adam, batch 128", 1, 128, Adam::new(1e-3)).row(gpu, scale)
}

/// Many networks of the digits example.
pub(crate) fn digits(gpu: &Gpu, scale: &Scale) -> Result<Row> {
    let copies = if scale.quick { FEW_COPIES } else { COPIES };
    let name = format!("{copies} digits CNNs, Adam, batch 32");
    Job::<_, Digits, _>::new(&name, copies, 32, Adam::new(2e-3)).row(gpu, scale)
}

/// A training, with its data.
pub(crate) struct Job<X, N, O> {
    name: String,
    batch: usize,
    optimizer: O,
    x: Vec<X>,
    labels: Vec<u8>,
    nets: Vec<N>,
}

/// A network in training on the CPU.
struct OnCpu<'w, X, N, O> {
    net: N,
    trainer: Trainer<'w, X, N, O>,
}

/// Some steps of it, from this one on.
struct Steps<'a, 'w, X, N, O> {
    cpu: &'a mut OnCpu<'w, X, N, O>,
    job: &'a Job<X, N, O>,
    steps: std::ops::Range<usize>,
}

impl<X, N, O> WithKernels for Steps<'_, '_, X, N, O>
where
    X: Tensor<Elem = f32>,
    N: Train<X, Out = [f32; 10]>,
    O: Optimizer,
{
    type Output = Result<Vec<f32>, tensorlet::Error>;

    fn with<K: Kernels>(self, k: K) -> Self::Output {
        let OnCpu { net, trainer } = self.cpu;
        let step = |step| {
            let (x, labels) = self.job.batch_of(step);
            trainer.step(k, net, &CrossEntropyLoss, x, labels)
        };
        self.steps.map(step).collect()
    }
}

impl<X, N, O> Job<X, N, O> {
    fn batch_of(&self, step: usize) -> (&[X], &[u8]) {
        let from = step % BATCHES * self.batch;
        (&self.x[from..from + self.batch], &self.labels[from..from + self.batch])
    }

    /// The samples of so many steps.
    fn order(&self, steps: usize) -> Vec<u32> {
        (0..self.x.len() as u32).cycle().take(steps * self.batch).collect()
    }
}

impl<X, N, O> Job<X, N, O>
where
    X: Tensor<Elem = f32> + Sync,
    N: Train<X, Out = [f32; 10]> + Copy + Send + Sync,
    O: Optimizer + Send + Sync,
{
    pub(crate) fn new(name: &str, copies: usize, batch: usize, optimizer: O) -> Self {
        let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
        let samples = BATCHES * batch;
        let numbers: Vec<f32> = (0..samples * X::LEN).map(|_| random::normal(&mut rng)).collect();
        let labels = (0..samples).map(|_| random::below(10, &mut rng) as u8).collect();
        let drawn = |seed| {
            let mut net = N::ZERO;
            net.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
            net
        };
        let nets = (0..copies as u64).map(drawn).collect();
        Self { name: name.to_owned(), batch, optimizer, x: X::view(&numbers).to_vec(), labels, nets }
    }

    pub(crate) fn offload(
        &self,
        gpu: &Gpu,
        settings: Settings,
    ) -> Result<Offload<X, N, u8, CrossEntropyLoss, O>, OffloadError> {
        let optimizers = vec![self.optimizer; self.nets.len()];
        Offload::sweep(gpu, &self.nets, &CrossEntropyLoss, &optimizers, (&self.x, &self.labels), settings)
    }

    /// Everyone's times, and the difference of losses.
    fn row(&self, gpu: &Gpu, scale: &Scale) -> Result<Row> {
        let mut row = Row::new(&self.name);
        let settings = Settings { steps: scale.submission, ..Settings::batch(self.batch) };
        let mut offload = match self.offload(gpu, settings) {
            Ok(offload) => Some(offload),
            Err(error) => {
                row.note = Some(refused(&error)?);
                None
            }
        };
        let mut workspaces = self.workspaces();
        let mut cpu = self.on_cpu(&mut workspaces)?;
        if let Some(offload) = &mut offload {
            row.difference = Some(self.difference(offload, &mut cpu, scale)?);
            row.dispatches = Some(offload.dispatches());
        }
        let mut others = self.workspaces();
        let mut contestants = Vec::new();
        if scale.cpu {
            contestants.push(self.one_thread(&mut cpu, scale));
            contestants.push(match &mut others[..] {
                [workspace] => self.batch_on_all_threads(workspace, scale)?,
                all => self.networks_on_all_threads(self.on_cpu(all)?, scale),
            });
        }
        if let Some(offload) = &mut offload {
            contestants.push(self.on_gpu(offload, scale.submission));
        }
        let mut medians = medians(&mut contestants, scale)?.into_iter();
        if scale.cpu {
            (row.one_thread, row.all_threads) = (medians.next(), medians.next());
        }
        row.gpu = medians.next();
        Ok(row)
    }

    fn workspaces(&self) -> Vec<Vec<f32>> {
        vec![vec![0.0; training_words::<X, N, O>(Mode::Accumulate, self.batch)]; self.nets.len()]
    }

    fn on_cpu<'w>(&self, workspaces: &'w mut [Vec<f32>]) -> Result<Vec<OnCpu<'w, X, N, O>>> {
        let one = |(net, words): (&N, &'w mut Vec<f32>)| {
            Ok(OnCpu { net: *net, trainer: Trainer::new(self.optimizer, words)? })
        };
        self.nets.iter().zip(workspaces).map(one).collect()
    }

    /// The largest relative difference of a loss within [`STEPS`] steps, of networks that are as they were drawn.
    fn difference(
        &self,
        offload: &mut Offload<X, N, u8, CrossEntropyLoss, O>,
        cpu: &mut [OnCpu<'_, X, N, O>],
        scale: &Scale,
    ) -> Result<f64> {
        let losses = offload.train(&self.order(STEPS))?;
        let mut largest = 0.0_f64;
        for (copy, cpu) in cpu.iter_mut().enumerate() {
            let expected = scale.isa.run(Steps { cpu, job: self, steps: 0..STEPS })?;
            for (step, expected) in expected.into_iter().enumerate() {
                let (got, expected) = (f64::from(losses[step * self.nets.len() + copy]), f64::from(expected));
                largest = largest.max((got - expected).abs() / expected.abs());
            }
        }
        Ok(largest)
    }

    /// [`difference`](Self::difference) alone.
    pub(crate) fn compared(&self, gpu: &Gpu, scale: &Scale) -> Result<f64> {
        let mut offload = self.offload(gpu, Settings { steps: scale.submission, ..Settings::batch(self.batch) })?;
        self.difference(&mut offload, &mut self.on_cpu(&mut self.workspaces())?, scale)
    }

    fn one_thread<'a>(&'a self, cpu: &'a mut [OnCpu<'_, X, N, O>], scale: &Scale) -> Contestant<'a> {
        let isa = scale.isa;
        Contestant::new(1, move |steps| {
            timed(|| {
                for cpu in &mut *cpu {
                    isa.run(Steps { cpu, job: self, steps: 0..steps })?;
                }
                Ok(())
            })
        })
    }

    /// Batches in pieces, one on each thread.
    fn batch_on_all_threads<'a>(&'a self, words: &'a mut [f32], scale: &Scale) -> Result<Contestant<'a>> {
        let (isa, mut net) = (scale.isa, self.nets[0]);
        let mut trainer = parallel::Trainer::<X, N, O>::new(self.optimizer, words)?;
        Ok(Contestant::new(1, move |steps| {
            timed(|| {
                for step in 0..steps {
                    let (x, labels) = self.batch_of(step);
                    trainer.step(isa, &mut net, &CrossEntropyLoss, x, labels)?;
                }
                Ok(())
            })
        }))
    }

    /// Networks one after the other, as many at a time as there are threads.
    fn networks_on_all_threads<'a>(&'a self, mut cpu: Vec<OnCpu<'a, X, N, O>>, scale: &Scale) -> Contestant<'a> {
        let isa = scale.isa;
        Contestant::new(1, move |steps| {
            timed(|| {
                let one = |cpu| isa.run(Steps { cpu, job: self, steps: 0..steps }).map(drop);
                Ok(cpu.par_iter_mut().try_for_each(one)?)
            })
        })
    }

    /// Submissions of so many steps.
    pub(crate) fn on_gpu<'a>(
        &'a self,
        offload: &'a mut Offload<X, N, u8, CrossEntropyLoss, O>,
        submission: usize,
    ) -> Contestant<'a> {
        Contestant::new(submission, move |steps| {
            let order = self.order(steps);
            timed(|| Ok(offload.train(&order).map(drop)?))
        })
    }
}

/// What the table says where a device cannot do a job.
///
/// # Errors
/// What ends the whole measurement.
pub(crate) fn refused(error: &OffloadError) -> Result<String> {
    match error {
        OffloadError::Unsupported { .. } | OffloadError::UnsupportedRule { .. } => Ok(format!("not covered: {error}")),
        OffloadError::TooLarge { .. } | OffloadError::BeyondLimit { .. } => Ok(format!("too large: {error}")),
        _ => Err(error.clone().into()),
    }
}

fn timed(f: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    f()?;
    Ok(start.elapsed())
}
