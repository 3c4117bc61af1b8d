//! Whole trainings from PyTorch's weights: losses, first gradients and last weights, in both modes.

use tensorlet::{
    FusedTrainer, Kernels, Layer, Linear, Mode, NoBias, Tensor, Train, Trainer,
    loss::{Loss, MseLoss, Sum},
    memory::training_words,
    optim::{Sgd, grad_clipping},
};

use crate::{
    Adapter,
    case::Case,
    golden::{Any, Job, Plan, Runner, Training, compare, initial},
};

/// A training with a token, in both modes. A recurrent network carries its state on.
struct OnCpu<K>(K);

impl<J: Job> Adapter for J {
    fn run<K: Kernels>(k: K, case: &Case) {
        J::run(&OnCpu(k), case);
    }
}

impl<K: Kernels> Runner for OnCpu<K> {
    fn train<X: Tensor, N: Train<X>, T: Copy, L: Loss<N::Out, T>>(
        &self,
        case: &Case,
        training: &Training<'_, X, N, T, L>,
    ) {
        let Training { loss, batches, prepare, .. } = *training;
        let k = self.0;
        let plan = Plan::of(case);
        let n = batches.iter().map(|(x, _)| x.len()).max().expect("a batch");
        let batches: Vec<_> = batches.iter().cycle().take(plan.steps).collect();

        let (mut net, mut state) = (initial::<N>(case), vec![0.0; n * N::STATE]);
        let mut workspace = vec![0.0; training_words::<X, N, Any>(Mode::Accumulate, n)];
        let mut trainer =
            Trainer::<X, N, _>::new(Any::of(case), &mut workspace).expect("the workspace is large enough");
        let (mut losses, mut norms) = (Vec::new(), Vec::new());
        for (t, (x, targets)) in batches.iter().enumerate() {
            plan.set(&mut trainer.optimizer, t);
            prepare(&mut net, t);
            trainer.zero_grad();
            let scale = 1.0 / loss.divisor(targets);
            let value =
                trainer.accumulate_with_state(k, &mut net, loss, x, targets, scale, &mut state).expect("a step");
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
