//! A training on a GPU, with the types of its network.

use std::{fmt, marker::PhantomData, slice::from_ref, time::Duration};

use tensorlet::{Path, Tensor, Train, optim::Optimizer};

use super::{
    Clip, Gpu, OffloadError, OffloadLoss,
    engine::{Engine, RULE, Spec},
    inference::{Inference, word_of, words_of},
    plan::Recording,
    update::{encode, rule_of},
    weights::Weights,
};

/// How a training is planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Samples of a step.
    pub batch: usize,
    /// Steps of a submission at most (4096 if it is more): more cost memory for their numbers, fewer cost time between
    /// submissions.
    pub steps: usize,
    /// How gradients are held in bounds.
    pub clip: Clip,
    /// Whether layers that sample get their random numbers from [`Offload::give_noise`] and draw none: to repeat a
    /// training exactly. Every submission is then one step.
    pub given_noise: bool,
    /// How the steps of a submission are recorded.
    pub recording: Recording,
}

impl Settings {
    /// Batches of this size, 32 steps a submission, no clipping.
    #[must_use]
    pub const fn batch(batch: usize) -> Self {
        Self { batch, steps: 32, clip: Clip::None, given_noise: false, recording: Recording::OnePass }
    }
}

/// Networks in training on a GPU: one, or many side by side.
///
/// The counterpart of [`Trainer`](tensorlet::Trainer): same network, loss and optimiser, same results within rounding.
/// All is planned by [`new`](Self::new) or [`sweep`](Self::sweep), for batches of one size; [`train`](Self::train) then
/// only says which samples come when. Weights stay on the device until [`read`](Self::read) brings them back.
///
/// ```
/// use tensorlet::{Linear, Module, Relu, loss::CrossEntropyLoss, optim::Adam};
/// use tensorlet_host::gpu::{Gpu, Offload, OffloadError, Settings};
///
/// type Net = (Linear<2, 8>, (Relu, Linear<8, 2>));
/// # fn main() -> Result<(), OffloadError> {
/// let mut net = Net::ZERO;
/// net.init(&mut rand_xoshiro::Xoshiro128PlusPlus::seed_from_u64(0));
/// let (x, labels) = ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0_u8, 1, 1, 0]);
///
/// let gpu = match Gpu::new() {
///     Ok(gpu) => gpu,
///     Err(error) => {
///         println!("{error}"); // and how to train without one
///         return Ok(());
///     }
/// };
/// let mut offload = Offload::new(&gpu, &net, &CrossEntropyLoss, Adam::new(0.1), (&x, &labels), Settings::batch(4))?;
/// let order = [0, 1, 2, 3].repeat(100); // a hundred steps
/// let losses = offload.train(&order)?;
/// assert!(losses[99] < 0.1);
/// offload.read(0, &mut net)?;
/// # Ok(())
/// # }
/// # use rand_xoshiro::rand_core::SeedableRng;
/// ```
pub struct Offload<X, N, T, L, O> {
    gpu: Gpu,
    engine: Engine,
    /// The optimiser of each network; rates may be changed between calls.
    pub optimizers: Vec<O>,
    seeds: Vec<u64>,
    /// What each sample adds to the divisor of the mean loss.
    divisors: Vec<f32>,
    sums: bool,
    done: u64,
    inference: Option<Inference>,
    given_noise: bool,
    types: PhantomData<fn(X, N, T, L)>,
}

/// Steps of a submission at most, and samples in its order unless a batch alone has more.
const MOST_STEPS: usize = 4096;
const MOST_ORDER: u32 = 1 << 24;

impl<X: Tensor, N: Train<X>, T, L: OffloadLoss<N::Out, T>, O: Optimizer> Offload<X, N, T, L, O> {
    /// Plans the training of a network on these samples, which go to the device once.
    ///
    /// # Errors
    /// A layer or an optimiser that is not covered; what is too large for the device; inputs or targets that the
    /// network or the loss would refuse on the CPU, too.
    pub fn new(
        gpu: &Gpu,
        net: &N,
        loss: &L,
        optimizer: O,
        data: (&[X], &[T]),
        settings: Settings,
    ) -> Result<Self, OffloadError> {
        Self::sweep(gpu, from_ref(net), loss, &[optimizer], data, settings)
    }

    /// Plans the training of many networks side by side on the same batches: other weights, other rates, other
    /// settings such as the probability of dropout. There are as many optimisers as networks.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn sweep(
        gpu: &Gpu,
        nets: &[N],
        loss: &L,
        optimizers: &[O],
        (x, targets): (&[X], &[T]),
        settings: Settings,
    ) -> Result<Self, OffloadError> {
        let Settings { batch, steps, clip, given_noise, recording } = settings;
        let count = |what, given, needed| OffloadError::Count { what, given, needed };
        let Some(first) = nets.first() else { return Err(count("networks", 0, 1)) };
        if optimizers.len() != nets.len() {
            return Err(count("optimisers", optimizers.len(), nets.len()));
        }
        if x.len() != targets.len() {
            return Err(tensorlet::Error::BatchMismatch { inputs: x.len(), targets: targets.len() }.into());
        }
        if x.is_empty() || batch == 0 {
            return Err(tensorlet::Error::EmptyBatch.into());
        }
        if batch < N::MIN_BATCH {
            return Err(tensorlet::Error::BatchTooSmall { needed: N::MIN_BATCH, given: batch }.into());
        }
        N::check(x)?;
        loss.check(targets)?;

        // Before the host copies anything.
        let times = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        gpu.room("the data set's inputs", times(x.len(), X::LEN))?;
        gpu.room("the data set's targets", times(x.len(), L::TARGET_WORDS))?;
        gpu.room("the inputs of a batch", times(batch, X::LEN))?;
        gpu.room("the targets of a batch", times(batch, L::TARGET_WORDS))?;
        let batch = gpu.room("the order of the samples", batch as u64)?;
        let steps = if given_noise { 1 } else { steps.clamp(1, MOST_STEPS.min((MOST_ORDER / batch).max(1) as usize)) };

        let weights = Weights::of(first);
        let mut trial = optimizers[0];
        trial.advance();
        let mut words = Vec::with_capacity(targets.len() * L::TARGET_WORDS);
        targets.iter().for_each(|target| loss.encode(target, &mut words));
        let spec = Spec {
            description: const { &N::DESCRIPTION },
            copies: nets.len() as u32,
            batch,
            steps: steps as u32,
            input: (word_of::<X>(), X::LEN as u32),
            inputs: &words_of(x),
            target: L::TARGET_WORDS as u32,
            targets: &words,
            loss: loss.rule(),
            rule: rule_of(trial.rule())?,
            grouped: O::GROUPED,
            clip,
            given_noise,
            recording,
        };
        let mut engine = Engine::new(gpu, weights, &spec)?;
        for (copy, net) in nets.iter().enumerate() {
            let (words, settings) = engine.weights.values(net);
            engine.write(copy as u32, &words, &settings)?;
        }
        Ok(Self {
            gpu: gpu.clone(),
            engine,
            optimizers: optimizers.to_vec(),
            seeds: vec![0; nets.len()],
            divisors: targets.iter().map(|target| loss.divisor(from_ref(target))).collect(),
            sums: L::SUMS,
            done: 0,
            inference: None,
            given_noise,
            types: PhantomData,
        })
    }

    /// Sets what random layers of a network draw from: [`Training::manual_seed`](tensorlet::Training::manual_seed).
    pub fn manual_seed(&mut self, copy: usize, seed: u64) {
        if let Some(own) = self.seeds.get_mut(copy) {
            *own = seed;
        }
    }

    /// The number of networks.
    #[must_use]
    pub fn copies(&self) -> usize {
        self.seeds.len()
    }

    /// The number of kernels of a step.
    #[must_use]
    pub fn dispatches(&self) -> usize {
        self.engine.dispatches()
    }

    /// How long the host takes to record so many steps into a command buffer, which is then thrown away:
    /// [`dispatches`](Self::dispatches) of them each.
    ///
    /// # Errors
    /// [`OffloadError::Lost`].
    pub fn recording_time(&self, steps: usize) -> Result<Duration, OffloadError> {
        self.engine.recording_time(steps as u32)
    }

    /// Trains along an order of samples, by their numbers: one step for each batch. Returns the loss of every step,
    /// before its update.
    ///
    /// # Errors
    /// [`OffloadError::Order`] for numbers that do not fill batches or of samples that there are not;
    /// [`OffloadError::NonFiniteLoss`], of the first network and step where a loss is not finite (it keeps the weights
    /// from before that step and stands still until others are [written](Self::write), the others go on);
    /// [`OffloadError::Lost`].
    pub fn train(&mut self, order: &[u32]) -> Result<Vec<f32>, OffloadError> {
        let mut losses = Vec::new();
        let mut bad = None;
        let before = self.done;
        self.train_with(
            order,
            |_, _| (),
            |step, all| {
                for (copy, &loss) in all.iter().enumerate() {
                    if !loss.is_finite() && bad.is_none() {
                        bad = Some(OffloadError::NonFiniteLoss { step: before + step as u64, copy, loss });
                    }
                }
                losses.extend_from_slice(all);
            },
        )?;
        bad.map_or(Ok(losses), Err)
    }

    /// [`train`](Self::train) with a say in every step: `prepare(step, optimisers)` before it, where rates can be set,
    /// and `done(step, losses)` with the losses of all networks behind it, finite or not. Steps are counted from 0
    /// in each call; `prepare` runs ahead of `done`.
    ///
    /// # Errors
    /// As [`train`](Self::train), but for losses that are not finite.
    pub fn train_with(
        &mut self,
        order: &[u32],
        mut prepare: impl FnMut(usize, &mut [O]),
        done: impl FnMut(usize, &[f32]),
    ) -> Result<(), OffloadError> {
        let (batch, samples) = (self.engine.batch as usize, self.divisors.len());
        if self.optimizers.len() != self.copies() {
            let (given, needed) = (self.optimizers.len(), self.copies());
            return Err(OffloadError::Count { what: "optimisers", given, needed });
        }
        if order.is_empty() || !order.len().is_multiple_of(batch) {
            let given = order.len();
            return Err(OffloadError::Order(format!(
                "{given} samples do not fill batches of {batch}; leave out the rest, or plan other batches"
            )));
        }
        if let Some(bad) = order.iter().find(|&&sample| sample as usize >= samples) {
            return Err(OffloadError::Order(format!("there is no sample {bad}: the data set has {samples}")));
        }
        let Self { engine, optimizers, seeds, divisors, sums, .. } = self;
        let paths: Vec<String> = engine.weights.slots.iter().map(|slot| slot.path.clone()).collect();
        let numbers = |step: usize, copy: usize, words: &mut [u32]| {
            if copy == 0 {
                prepare(step, optimizers);
            }
            let optimizer = &mut optimizers[copy];
            optimizer.advance();
            let rule = rule_of(optimizer.rule())?;
            for (words, path) in words.chunks_exact_mut(RULE).zip(&paths) {
                let own = if O::GROUPED { with_path(path, |path| optimizer.of(path).rule()) } else { None };
                words.copy_from_slice(&encode(&own.unwrap_or(rule)));
            }
            seeds[copy] = seeds[copy].wrapping_add(1);
            let of_batch = &order[step * batch..][..batch];
            let divisor = if *sums { 1.0 } else { of_batch.iter().map(|&sample| divisors[sample as usize]).sum() };
            Ok((1.0 / divisor, seeds[copy]))
        };
        engine.train(order, numbers, done)?;
        self.done += (order.len() / batch) as u64;
        Ok(())
    }

    /// Brings the weights of a network back.
    ///
    /// # Errors
    /// [`OffloadError::Lost`]; the network is then unchanged.
    pub fn read(&self, copy: usize, net: &mut N) -> Result<(), OffloadError> {
        let words = self.engine.read(self.checked(copy)?)?;
        self.engine.weights.put(&words, net);
        Ok(())
    }

    /// Puts a network's weights and settings on the device in place of those there; its optimiser's state is cleared.
    ///
    /// # Errors
    /// [`OffloadError::Lost`].
    pub fn write(&mut self, copy: usize, net: &N) -> Result<(), OffloadError> {
        let copy = self.checked(copy)?;
        let (words, settings) = self.engine.weights.values(net);
        self.engine.write(copy, &words, &settings)
    }

    /// Takes over a network's settings, such as the temperature of a [`GumbelSoftmax`](tensorlet::layer::GumbelSoftmax),
    /// and leaves weights and optimiser as they are.
    ///
    /// # Errors
    /// [`OffloadError::Lost`].
    pub fn write_settings(&self, copy: usize, net: &N) -> Result<(), OffloadError> {
        let (_, settings) = self.engine.weights.values(net);
        self.engine.write_settings(self.checked(copy)?, &settings)
    }

    /// Gives the layer of this path its random numbers for the next step, in memory order: uniform ones for a
    /// Gumbel-softmax and for dropout, normal ones for the reparameterisation. Only with
    /// [`Settings::given_noise`].
    ///
    /// # Errors
    /// A path without random numbers, a wrong number of them.
    pub fn give_noise(&self, path: &str, values: &[f32]) -> Result<(), OffloadError> {
        if !self.given_noise {
            return Err(OffloadError::Order(
                "random numbers are drawn: plan with `given_noise` to give them".to_owned(),
            ));
        }
        self.engine.write_noise(path, values)
    }

    /// The gradients of the last step of a network, before clipping: path and values in the order in which the
    /// network stores them.
    ///
    /// # Errors
    /// [`OffloadError::Lost`].
    pub fn gradients(&self, copy: usize) -> Result<Vec<(String, Vec<f32>)>, OffloadError> {
        self.engine.gradients(self.checked(copy)?)
    }

    fn checked(&self, copy: usize) -> Result<u32, OffloadError> {
        let needed = self.copies();
        if copy < needed {
            Ok(copy as u32)
        } else {
            Err(OffloadError::Count { what: "the number of a network", given: copy, needed })
        }
    }

    /// The outputs of all networks for some inputs, in evaluation: those of the first network, then those of the
    /// second, ….
    ///
    /// # Errors
    /// A layer that is not covered; inputs that the network refuses; another number of them than in a batch where
    /// samples [normalise each other](tensorlet::Description::couples_samples); [`OffloadError::Lost`].
    pub fn forward(&mut self, x: &[X]) -> Result<Vec<N::Out>, OffloadError>
    where
        N::Out: Tensor<Elem = f32>,
    {
        N::check(x)?;
        let batch = self.engine.batch as usize;
        if const { N::DESCRIPTION.couples_samples(false) } && x.len() != batch {
            let what = "samples, which normalise each other in this network";
            return Err(OffloadError::Count { what, given: x.len(), needed: batch });
        }
        if self.inference.is_none() {
            self.inference = Some(Inference::new::<X, N>(&self.gpu, &self.engine)?);
        }
        let Some(inference) = &self.inference else { return Ok(Vec::new()) };
        let mut outputs = vec![Vec::new(); self.copies()];
        for part in x.chunks(batch) {
            let words = inference.run(&self.gpu, &words_of(part), self.copies() as u32)?;
            for (outputs, words) in outputs.iter_mut().zip(words.chunks(inference.stride as usize)) {
                outputs.extend_from_slice(&N::Out::view(&words[..inference.words as usize])[..part.len()]);
            }
        }
        Ok(outputs.concat())
    }
}

/// Calls `f` with the path that this text is.
fn with_path<R>(text: &str, f: impl FnOnce(Path<'_>) -> R) -> R {
    fn below<R>(parent: &Path<'_>, names: &[&str], f: impl FnOnce(Path<'_>) -> R) -> R {
        match names {
            [] => f(*parent),
            [name, rest @ ..] => below(&parent.join(name), rest, f),
        }
    }
    below(&Path::ROOT, &text.split('.').collect::<Vec<_>>(), f)
}

impl<X, N, T, L, O> fmt::Debug for Offload<X, N, T, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offload").field("gpu", &self.gpu.name()).field("kernels", &self.engine.dispatches()).finish()
    }
}
