//! The check of one network.

use std::marker::PhantomData;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Index, Kernels, Parameter, Path, Tensor, Train, VisitorMut, layer::Pass, random};
use tensorlet_host::{
    framed::Framed, on_every_instruction_set, reference::network::Network, reference::wide, tolerance,
};

use crate::subject::{Subject, Typed};

/// The step of the numerical differentiation, in double precision.
const H: f64 = 1e-5;

/// Fills all parameters with numbers in -0.7 to 0.7, but variances with 0.3 to 1.
struct Fill(Xoshiro128PlusPlus);

impl VisitorMut for Fill {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        values.copy_from_slice(&uniform(&mut self.0, values.len(), 0.7));
        if parameter.info.name.ends_with("_var") {
            values.iter_mut().for_each(|value| *value = value.abs() + 0.3);
        }
    }
}

fn uniform(rng: &mut Xoshiro128PlusPlus, n: usize, bound: f32) -> Vec<f32> {
    (0..n).map(|_| bound * (2.0 * random::uniform(rng) - 1.0)).collect()
}

/// A batch and the gradient of its outputs.
#[derive(Clone)]
struct Batch {
    /// The inputs, as the words of a slot.
    x: Vec<f32>,
    /// The tokens in these words, if they are no floats.
    tokens: Option<Vec<f64>>,
    dy: Vec<f32>,
    state: Vec<f32>,
}

/// A batch and the gradient of its outputs, with all that the oracle says about them.
struct Case {
    name: String,
    /// The inputs of `n` samples, as the words of a slot.
    x: Vec<f32>,
    /// `∂L/∂y`.
    dy: Vec<f32>,
    /// The state that recurrent layers begin with.
    state: Vec<f32>,
    /// And that they end with.
    last_state: Vec<f64>,
    n: usize,
    /// The outputs of inference.
    inference: Vec<f64>,
    /// Whether the rest is about training, or about gradients of a network that is evaluated.
    training: bool,
    outputs: Vec<f64>,
    /// `∂L/∂parameter` for each trained parameter, in the order of the gradient.
    gradients: Vec<(String, Vec<f64>)>,
    /// `∂L/∂x`; none of tokens.
    input_gradient: Option<Vec<f64>>,
}

impl Case {
    fn new(name: String, mut double: Network, batch: Batch, n: usize, training: bool) -> Self {
        let Batch { x, tokens, dy, state } = batch;
        double.state = wide(&state);
        let (wide_x, wide_dy) = (tokens.clone().unwrap_or_else(|| wide(&x)), wide(&dy));
        let sample = wide_x.len() / n;
        let forward = |double: &Network, x: &[f64], training: bool| -> Vec<f64> {
            double.batch(x.chunks(sample).map(<[f64]>::to_vec).collect(), training).concat()
        };
        let loss = |double: &Network, x: &[f64]| -> f64 {
            forward(double, x, training).iter().zip(&wide_dy).map(|(y, dy)| y * dy).sum()
        };
        let inference = forward(&double, &wide_x, false);
        let outputs = forward(&double, &wide_x, training);
        let last_state = double.last_state.take();

        let difference = |i: usize| {
            let at = |h: f64| {
                let mut x = wide_x.clone();
                x[i] += h;
                loss(&double, &x)
            };
            (at(H) - at(-H)) / (2.0 * H)
        };
        let input_gradient = tokens.is_none().then(|| (0..x.len()).map(difference).collect::<Vec<f64>>());
        let mut gradients = Vec::new();
        for p in 0..double.parameters.len() {
            let words = double.parameters[p].gradient.clone();
            let mut gradient = vec![0.0; words.iter().flatten().count()];
            if gradient.is_empty() {
                continue;
            }
            for (i, word) in words.into_iter().enumerate() {
                let Some(word) = word else { continue };
                let value = double.parameters[p].values[i];
                let mut at = |h: f64| {
                    double.parameters[p].values[i] = value + h;
                    loss(&double, &wide_x)
                };
                gradient[word] = (at(H) - at(-H)) / (2.0 * H);
                double.parameters[p].values[i] = value;
            }
            gradients.push((double.parameters[p].path.clone(), gradient));
        }
        let seen = |gradient: &[f64]| gradient.iter().any(|g| *g != 0.0);
        let of_input = input_gradient.as_deref().is_none_or(seen);
        assert!(of_input && gradients.iter().all(|(_, g)| seen(g)), "{name}: a gradient is zero");
        Self { name, x, dy, state, last_state, n, inference, training, outputs, gradients, input_gradient }
    }

    /// All checks of a network on one instruction set.
    fn check(&self, subject: &dyn Subject) {
        let words = subject.words();
        let trained: usize = self.gradients.iter().map(|(_, gradient)| gradient.len()).sum();
        assert_eq!(words.gradient, trained, "{}: words of the gradient", self.name);

        let what = &format!("{} on {}, {} samples", self.name, subject.name(), self.n);
        let mut arena = Framed::poison(self.n * words.peak);
        let mut state = Framed::new(&self.state);
        let y = subject.infer(self.n, &self.x, state.get_mut(), arena.get_mut()).expect("the arena is large enough");
        compare(&format!("{what}: output"), "forward", &y, &self.inference);
        compare(&format!("{what}: state"), "forward", state.get(), &self.last_state);
        let _ = arena.get();
        for input_gradient in [false, true] {
            let pass = Pass { n: self.n, input_gradient, training: self.training, seed: 1, ..Pass::NEW };
            let what = &format!("{what}, training: {}, input gradient: {input_gradient}", self.training);
            self.accumulated(subject, what, pass);
            self.fused(subject, what, pass);
        }
    }

    /// Forward in training mode; then the output's slot gets `∂L/∂y`.
    fn forward(&self, subject: &dyn Subject, what: &str, pass: Pass) -> [Framed; 2] {
        let words = subject.words().tape[usize::from(pass.input_gradient)];
        let (mut slot, mut tape) = (Framed::new(&self.x), Framed::poison(pass.n * words));
        let mut state = Framed::new(&self.state);
        subject.forward(pass, slot.get_mut(), state.get_mut(), tape.get_mut());
        compare(&format!("{what}: state in training"), "forward", state.get(), &self.last_state);
        let out = subject.out(pass, slot.get_mut(), tape.get_mut());
        compare(&format!("{what}: output in training"), "forward", out, &self.outputs);
        out.copy_from_slice(&self.dy);
        [slot, tape]
    }

    /// The accumulated gradients; they are added to what is there.
    fn accumulated(&self, subject: &dyn Subject, what: &str, pass: Pass) {
        const BEFORE: f32 = 0.25;
        let [mut slot, mut tape] = self.forward(subject, what, pass);
        let mut gradient = Framed::new(&vec![BEFORE; subject.words().gradient]);
        subject.backward(pass, slot.get_mut(), tape.get_mut(), gradient.get_mut());
        let _ = tape.get();
        let added: Vec<f32> = gradient.get().iter().map(|g| g - BEFORE).collect();
        self.compare_gradients(what, pass, &added, slot.get());
    }

    /// The step of a fused backward pass: with a learning rate of 1 it is the gradient.
    fn fused(&self, subject: &dyn Subject, what: &str, pass: Pass) {
        let what = &format!("{what}, fused");
        let [mut slot, mut tape] = self.forward(subject, what, pass);
        let [whole, per_sample] = subject.words().scratch;
        let mut scratch = Framed::poison(whole + pass.n * per_sample);
        let (moved, frozen) = subject.fused(pass, slot.get_mut(), tape.get_mut(), scratch.get_mut());
        let _ = (tape.get(), scratch.get());
        // What else a layer learns in training, running statistics, has tests of its own.
        assert!(frozen || (pass.training && subject.words().differs), "{what}: a frozen parameter was changed");
        self.compare_gradients(what, pass, &moved, slot.get());
    }

    fn compare_gradients(&self, what: &str, pass: Pass, got: &[f32], slot: &[f32]) {
        let mut rest = got;
        for (path, reference) in &self.gradients {
            let (gradient, behind) = rest.split_at(reference.len());
            compare(&format!("{what}: gradient of {path}"), "gradient", gradient, reference);
            rest = behind;
        }
        assert!(rest.is_empty(), "{what}: the gradient has {} words too many", rest.len());
        if let Some(input_gradient) = self.input_gradient.as_deref().filter(|_| pass.input_gradient) {
            compare(&format!("{what}: gradient of the input"), "gradient", slot, input_gradient);
        }
    }
}

/// Compares a tensor with its reference; errors are relative to the largest element.
#[track_caller]
fn compare(what: &str, row: &str, got: &[f32], reference: &[f64]) {
    let largest = reference.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    if let Err(message) = tolerance::of(row).compare(got, reference, &vec![largest; reference.len()]) {
        panic!("{what}: {message}");
    }
}

fn on<K: Kernels, X: Tensor, N>(k: K, network: &N, case: &Case)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    case.check(&Typed { k, network, input: PhantomData::<X> });
}

/// Checks a network with its default settings.
pub(crate) fn network<X: Tensor<Elem = f32>, N>(name: &str)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    network_with::<X, N>(name, N::ZERO);
}

/// Checks a network with these settings.
pub(crate) fn network_with<X: Tensor<Elem = f32>, N>(name: &str, network: N)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    every::<X, N>(name, network, &|rng, n| (uniform(rng, n * X::LEN, 1.5), None));
}

/// Checks a network whose inputs are tokens, `vocabulary` different ones.
pub(crate) fn network_of_tokens<X: Tensor<Elem: Index>, N>(name: &str, network: N, vocabulary: u32)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    every::<X, N>(name, network, &|rng, n| {
        let tokens: Vec<usize> = (0..n * X::LEN).map(|_| random::below(vocabulary, rng) as usize).collect();
        let mut words = vec![0.0; n * X::WORDS];
        let slot = X::flat_mut(X::in_words_mut(&mut words, n));
        for (place, &token) in slot.iter_mut().zip(&tokens) {
            *place = Index::at(token).expect("the type holds the vocabulary");
        }
        (words, Some(tokens.into_iter().map(|token| token as f64).collect()))
    });
}

/// Makes a batch of inputs: its words, and the tokens in them if they are no floats.
type Inputs<'a> = &'a dyn Fn(&mut Xoshiro128PlusPlus, usize) -> (Vec<f32>, Option<Vec<f64>>);

/// Checks a network on every instruction set, with batches of 1 and 3; in training, and where that makes a
/// difference also evaluated.
fn every<X: Tensor, N>(name: &str, mut network: N, inputs: Inputs<'_>)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    // Of two numbers, normalised ones are always 1 and -1: there is no gradient to check.
    let smallest = if N::MIN_BATCH > 1 { 4 } else { 1 };
    for (n, seed) in [(smallest, 11), (3, 12)] {
        let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
        let (x, tokens) = inputs(&mut rng, n);
        let dy = uniform(&mut rng, n * N::Out::LEN, 1.0);
        let batch = Batch { x, tokens, dy, state: uniform(&mut rng, n * N::STATE, 1.0) };
        network.parameters_mut(Path::ROOT, &mut Fill(rng));
        let modes: &[bool] = if N::DIFFERS_IN_TRAINING { &[true, false] } else { &[true] };
        for &training in modes {
            let double = Network::of::<X, N>(&network);
            let case = Case::new(name.to_owned(), double, batch.clone(), n, training);
            on_every_instruction_set!(on::<_, X, N>, &network, &case);
        }
    }
}
