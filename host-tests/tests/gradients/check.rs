//! The check of one network.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Module, Parameter, Path, Tensor, Train, VisitorMut,
    layer::{Fused, Pass},
    optim::{Optimizer, Sgd},
    random,
};
use tensorlet_host::{
    framed::Framed, on_every_instruction_set, reference::network::Network, reference::wide, tolerance,
};

/// The step of the numerical differentiation, in double precision.
const H: f64 = 1e-5;

/// Fills all parameters with numbers in -0.7 to 0.7.
struct Fill(Xoshiro128PlusPlus);

impl VisitorMut for Fill {
    fn parameter(&mut self, _: Parameter<'_>, values: &mut [f32]) {
        values.copy_from_slice(&uniform(&mut self.0, values.len(), 0.7));
    }
}

fn uniform(rng: &mut Xoshiro128PlusPlus, n: usize, bound: f32) -> Vec<f32> {
    (0..n).map(|_| bound * (2.0 * random::uniform(rng) - 1.0)).collect()
}

/// A network, a batch and the gradient of its outputs, with all that the oracle says about them.
struct Case<N> {
    network: N,
    /// The inputs of `n` samples.
    x: Vec<f32>,
    /// `∂L/∂y`.
    dy: Vec<f32>,
    n: usize,
    outputs: Vec<f64>,
    /// `∂L/∂parameter` for each trained parameter, in the order of the gradient.
    gradients: Vec<(String, Vec<f64>)>,
    input_gradient: Vec<f64>,
}

impl<N: Module> Case<N> {
    fn new<X: Tensor<Elem = f32>>(n: usize, seed: u64) -> Self
    where
        N: Train<X, Out: Tensor<Elem = f32>>,
    {
        let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
        let x = uniform(&mut rng, n * X::LEN, 1.5);
        let dy = uniform(&mut rng, n * N::Out::LEN, 1.0);
        let mut network = N::ZERO;
        network.parameters_mut(Path::ROOT, &mut Fill(rng));

        let mut double = Network::of::<X, N>(&network);
        let (wide_x, wide_dy) = (wide(&x), wide(&dy));
        let forward =
            |double: &Network, x: &[f64]| -> Vec<f64> { x.chunks(X::LEN).flat_map(|x| double.forward(x)).collect() };
        let loss = |double: &Network, x: &[f64]| -> f64 {
            forward(double, x).iter().zip(&wide_dy).map(|(y, dy)| y * dy).sum()
        };
        let outputs = forward(&double, &wide_x);

        let mut input_gradient = Vec::new();
        for i in 0..x.len() {
            let at = |h: f64| {
                let mut x = wide_x.clone();
                x[i] += h;
                loss(&double, &x)
            };
            input_gradient.push((at(H) - at(-H)) / (2.0 * H));
        }
        let mut gradients = Vec::new();
        for p in 0..double.parameters.len() {
            if !double.parameters[p].trained {
                continue;
            }
            let positions = double.parameters[p].positions.clone();
            let mut gradient = vec![0.0; positions.len()];
            for (i, position) in positions.into_iter().enumerate() {
                let value = double.parameters[p].values[i];
                let mut at = |h: f64| {
                    double.parameters[p].values[i] = value + h;
                    loss(&double, &wide_x)
                };
                gradient[position] = (at(H) - at(-H)) / (2.0 * H);
                double.parameters[p].values[i] = value;
            }
            gradients.push((double.parameters[p].path.clone(), gradient));
        }
        Self { network, x, dy, n, outputs, gradients, input_gradient }
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

/// The parameters that are trained, one behind the other, and those that are not.
fn parameters<N: Module>(network: &N) -> [Vec<f32>; 2] {
    struct Collect([Vec<f32>; 2]);
    impl tensorlet::Visitor for Collect {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            self.0[usize::from(!parameter.trained)].extend_from_slice(values);
        }
    }
    let mut collect = Collect([Vec::new(), Vec::new()]);
    network.parameters(Path::ROOT, &mut collect);
    collect.0
}

/// Forward in training mode; the slot then holds the input, and the output `∂L/∂y`.
fn forward<X: Tensor<Elem = f32>, N, K: Kernels>(k: K, what: &str, case: &Case<N>, pass: Pass) -> [Framed; 2]
where
    N: Train<X, Out: Tensor<Elem = f32>>,
{
    let words = if pass.input_gradient { N::TAPE } else { N::TAPE_LEAF };
    let (mut slot, mut tape) = (Framed::new(&case.x), Framed::poison(pass.n * words));
    case.network.forward_train(k, pass, slot.get_mut(), tape.get_mut());
    let out = N::out(pass, slot.get_mut(), tape.get_mut());
    compare(&format!("{what}: output in training"), "forward", out, &case.outputs);
    out.copy_from_slice(&case.dy);
    [slot, tape]
}

/// The accumulated gradients; they are added to what is there.
fn accumulated<X: Tensor<Elem = f32>, N, K: Kernels>(k: K, what: &str, case: &Case<N>, pass: Pass)
where
    N: Train<X, Out: Tensor<Elem = f32>>,
{
    const BEFORE: f32 = 0.25;
    let [mut slot, mut tape] = forward::<X, N, K>(k, what, case, pass);
    let mut grad = Framed::new(&vec![BEFORE; N::GRAD]);
    case.network.backward(k, pass, slot.get_mut(), tape.get_mut(), grad.get_mut());
    let _ = tape.get();
    let added: Vec<f32> = grad.get().iter().map(|g| g - BEFORE).collect();
    let mut rest = &added[..];
    for (path, reference) in &case.gradients {
        let (gradient, behind) = rest.split_at(reference.len());
        compare(&format!("{what}: gradient of {path}"), "gradient", gradient, reference);
        rest = behind;
    }
    assert!(rest.is_empty(), "{what}: the gradient has {} words too many", rest.len());
    if pass.input_gradient {
        compare(&format!("{what}: gradient of the input"), "gradient", slot.get(), &case.input_gradient);
    }
    let _ = slot.get();
}

/// The step of a fused backward pass: with a learning rate of 1 it is the gradient.
fn fused<X: Tensor<Elem = f32>, N, K: Kernels>(k: K, what: &str, case: &Case<N>, pass: Pass)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    let what = &format!("{what}, fused");
    let [mut slot, mut tape] = forward::<X, N, K>(k, what, case, pass);
    let mut scratch = Framed::poison(N::FUSED + pass.n * N::FUSED_PER_SAMPLE);
    let mut network = case.network;
    let mut optimizer = Sgd::new(1.0);
    optimizer.advance();
    let step = Fused { optimizer: &optimizer, state: &mut [], scratch: scratch.get_mut() };
    network.backward_fused(k, pass, slot.get_mut(), tape.get_mut(), step);
    let _ = (tape.get(), scratch.get());
    let [before, frozen] = parameters(&case.network);
    let [after, still_frozen] = parameters(&network);
    assert_eq!(frozen, still_frozen, "{what}: frozen parameters");
    let moved: Vec<f32> = before.iter().zip(&after).map(|(before, after)| before - after).collect();
    let mut rest = &moved[..];
    for (path, reference) in &case.gradients {
        let (gradient, behind) = rest.split_at(reference.len());
        compare(&format!("{what}: step of {path}"), "gradient", gradient, reference);
        rest = behind;
    }
    if pass.input_gradient {
        compare(&format!("{what}: gradient of the input"), "gradient", slot.get(), &case.input_gradient);
    }
    let _ = slot.get();
}

fn every_way<K: Kernels, X: Tensor<Elem = f32>, N>(k: K, name: &str, case: &Case<N>)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    let what = &format!("{name} on {}, {} samples", K::NAME, case.n);
    let mut arena = Framed::poison(case.n * N::PEAK);
    let y = case.network.forward(k, X::view(&case.x), arena.get_mut()).expect("the arena is large enough");
    compare(&format!("{what}: output"), "forward", N::Out::flat(y), &case.outputs);
    let _ = arena.get();
    for input_gradient in [false, true] {
        let pass = Pass { n: case.n, input_gradient, seed: 1 };
        let what = &format!("{what}, input gradient: {input_gradient}");
        accumulated::<X, N, K>(k, what, case, pass);
        fused::<X, N, K>(k, what, case, pass);
    }
}

/// Checks a network on every instruction set, with batches of 1 and 3.
pub(crate) fn network<X: Tensor<Elem = f32>, N>(name: &str)
where
    N: Train<X, Out: Tensor<Elem = f32>> + Copy,
{
    for (n, seed) in [(1, 11), (3, 12)] {
        let case = &Case::<N>::new::<X>(n, seed);
        let trained: usize = case.gradients.iter().map(|(_, gradient)| gradient.len()).sum();
        assert_eq!(N::GRAD, trained, "{name}: words of the gradient");
        let oracle_sees_something = case.gradients.iter().all(|(_, g)| g.iter().any(|g| *g != 0.0));
        assert!(oracle_sees_something && case.input_gradient.iter().any(|g| *g != 0.0), "{name}: a gradient is zero");
        on_every_instruction_set!(every_way::<_, X, N>, name, case);
    }
}
