//! Whole trainings from PyTorch's weights: losses, first gradients and last weights, in both modes.

mod characters;
mod residual;
mod transformer;

use std::marker::PhantomData;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FusedTrainer, Image, Kernels, Layer, Linear, Mode, Module, NoBias, Relu, Tensor, Train, Trainer, Vector,
    loss::{CrossEntropyLoss, Loss, MseLoss, Sum},
    memory::training_words,
    network,
    optim::{Optimizer, Sgd, grad_clipping},
};

pub(crate) use characters::Characters;
pub(crate) use residual::Residual;
pub(crate) use transformer::NextToken;

use crate::{Adapter, case::Case, optimizer::Any, schedule};

network! {
    /// The network of `train_lenet`: LeNet-5 as "Dive into Deep Learning" has it.
    pub struct LeNet: Image<1, 28, 28> {
        c1: Conv2d(6, 5, padding = 2),
        act1: Sigmoid,
        pool1: AvgPool2d(2),
        c2: Conv2d(16, 5),
        act2: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        f1: Linear(120),
        act3: Sigmoid,
        f2: Linear(84),
        act4: Sigmoid,
        f3: Linear(10),
    }
}

/// Images or features `in.x`, and classes `in.y`; every step the same batch, or the next one.
pub(crate) struct Classes<X, N>(PhantomData<(X, N)>);

impl<X: Tensor<Elem = f32>, N: Train<X>> Adapter for Classes<X, N>
where
    CrossEntropyLoss: Loss<N::Out, u8>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let x = case.floats("in.x");
        let x = X::view(&x);
        let labels: Vec<u8> = case.integers("in.y").into_iter().map(|label| label as u8).collect();
        let batch = case.number("batch").map_or(x.len(), |batch| batch as usize);
        let batches: Vec<_> = x.chunks(batch).zip(labels.chunks(batch)).collect();
        train::<K, X, N, u8, _>(k, case, &CrossEntropyLoss, &batches);
    }
}

/// `train_mlp_digits`.
pub(crate) struct Mlp<const IN: usize, const H: usize, const OUT: usize>;

impl<const IN: usize, const H: usize, const OUT: usize> Adapter for Mlp<IN, H, OUT> {
    fn run<K: Kernels>(k: K, case: &Case) {
        case.rename(&[("0", "l1"), ("1.1", "l2")]);
        Classes::<Vector<IN>, (Linear<IN, H>, (Relu, Linear<H, OUT>))>::run(k, case);
    }
}

/// Trains along these batches, again from the first after the last, in both modes, and compares all
/// that the case has. A recurrent network carries its state on.
pub(crate) fn train<K: Kernels, X: Tensor, N: Train<X>, T, L: Loss<N::Out, T>>(
    k: K,
    case: &Case,
    loss: &L,
    batches: &[(&[X], &[T])],
) {
    train_prepared(k, case, loss, batches, &|_: &mut N, _| ());
}

/// [`train`] of a network that is prepared for each step: `prepare(network, step)`.
pub(crate) fn train_prepared<K: Kernels, X: Tensor, N: Train<X>, T, L: Loss<N::Out, T>>(
    k: K,
    case: &Case,
    loss: &L,
    batches: &[(&[X], &[T])],
    prepare: &dyn Fn(&mut N, usize),
) {
    let plan = Plan::of(case);
    let n = batches.iter().map(|(x, _)| x.len()).max().expect("a batch");
    let batches: Vec<_> = batches.iter().cycle().take(plan.steps).collect();

    let (mut net, mut state) = (initial::<N>(case), vec![0.0; n * N::STATE]);
    let mut workspace = vec![0.0; training_words::<X, N, Any>(Mode::Accumulate, n)];
    let mut trainer = Trainer::<X, N, _>::new(Any::of(case), &mut workspace).expect("the workspace is large enough");
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for (t, (x, targets)) in batches.iter().enumerate() {
        plan.set(&mut trainer.optimizer, t);
        prepare(&mut net, t);
        trainer.zero_grad();
        let scale = 1.0 / loss.divisor(targets);
        let value = trainer.accumulate_with_state(k, &mut net, loss, x, targets, scale, &mut state).expect("a step");
        losses.push(value);
        if t == 0 {
            case.compare_gradients(&*net, "out.grad0.", trainer.gradients());
        }
        if let Some(theta) = plan.theta {
            norms.push(grad_clipping(k, trainer.gradients(), theta));
        }
        trainer.apply(k, &mut net);
    }
    compare::<N>(case, &losses, &net);
    if case.has("out.grad_norm") {
        case.compare("out.grad_norm", &norms);
    }

    // The norm of all gradients is known only where all are kept.
    if plan.theta.is_none() {
        let (mut net, mut state) = (initial::<N>(case), vec![0.0; n * N::STATE]);
        let mut workspace = vec![0.0; training_words::<X, N, Any>(Mode::Fused, n)];
        let mut trainer =
            FusedTrainer::<X, N, _>::new(Any::of(case), &mut workspace).expect("the workspace is large enough");
        let step = |(t, (x, targets)): (usize, &&(&[X], &[T]))| {
            plan.set(&mut trainer.optimizer, t);
            prepare(&mut net, t);
            trainer.step_with_state(k, &mut net, loss, x, targets, &mut state).expect("a step")
        };
        let losses: Vec<f32> = batches.iter().enumerate().map(step).collect();
        compare::<N>(case, &losses, &net);
    }
}

/// What a case says about the way of its training.
struct Plan {
    steps: usize,
    /// The largest norm of the gradient.
    theta: Option<f32>,
    /// The rate of each step, where a schedule says it.
    rates: Option<Vec<f32>>,
}

impl Plan {
    fn of(case: &Case) -> Self {
        let lr = case.number("lr").expect("a rate") as f32;
        let steps = case.number("steps").expect("a number of steps") as usize;
        let rates = match case.text("schedule") {
            None | Some("constant") => None,
            Some(text) => Some(schedule::described(case, text, lr, steps as u32)),
        };
        Self { steps, theta: case.number("clip_theta").map(|theta| theta as f32), rates }
    }

    fn set(&self, optimizer: &mut impl Optimizer, step: usize) {
        if let Some(rates) = &self.rates {
            optimizer.set_lr(rates[step]);
        }
    }
}

/// The network with the case's initial weights; running statistics begin as ever.
#[inline(never)]
fn initial<N: Module>(case: &Case) -> Box<N> {
    let mut net = Box::new(N::ZERO);
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    case.load(&mut *net, "in.W.");
    net
}

fn compare<N: Module>(case: &Case, losses: &[f32], net: &N) {
    case.compare("out.loss", losses);
    case.compare_parameters(net, "out.final.");
}

/// A straight line by gradient descent: with a bias on all points at once, or without one on one point
/// after the other.
pub(crate) struct Line;

impl Adapter for Line {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, y) = (case.floats("in.x"), case.floats("in.y"));
        let (x, y) = (<[f32; 1]>::view(&x), <[f32; 1]>::view(&y));
        let lr = case.number("lr").expect("a rate") as f32;
        let epochs = case.number("epochs").expect("a number of epochs") as usize;
        let weight = [[case.floats("in.w0")[0]]];
        let mut workspace = vec![0.0; 16 * (x.len() + 1)];
        if case.has("in.b0") {
            let mut net = Linear { weight, bias: [case.floats("in.b0")[0]] };
            let mut trainer = FusedTrainer::new(Sgd::new(lr), &mut workspace).expect("large enough");
            let step = |_| trainer.step(k, &mut net, &Sum(MseLoss), x, y).expect("a step");
            case.compare("out.loss", &(0..epochs).map(step).collect::<Vec<_>>());
            case.compare("out.w", &net.weight[0]);
            case.compare("out.b", &net.bias);
            let mut arena = [0.0; 2];
            let y = net.forward(k, &[[4.0]], &mut arena).expect("large enough");
            case.compare("out.pred4", &y[0]);
        } else {
            let mut net = Linear { weight, bias: NoBias };
            let mut trainer = FusedTrainer::new(Sgd::new(lr), &mut workspace).expect("large enough");
            let points = (0..epochs).flat_map(|_| x.iter().zip(y));
            let weights: Vec<f32> = points
                .map(|(x, y)| {
                    trainer.step(k, &mut net, &MseLoss, &[*x], &[*y]).expect("a step");
                    net.weight[0][0]
                })
                .collect();
            case.compare("out.w_after_each_update", &weights);
        }
    }
}
