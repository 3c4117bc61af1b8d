//! PyTorch's trainings on the device: losses of all steps, first gradients, last weights.

use std::{fs, path::Path};

use libtest_mimic::{Completion, Failed, Trial};
use tensorlet::{Gru, Image, Lstm, Rnn, Tensor, Train};
use tensorlet_host::gpu::{Clip, Offload, OffloadLoss, Settings};

use crate::{
    cases::{
        Any, BinaryMlp, Characters, Classes, GumbelAutoencoder, Job, LeNet, Mlp, NextToken, Plan, Residual, Runner,
        Training, Vae, case::Case, compare, initial,
    },
    compare::gpu,
};

/// What computes the trainings of an operator.
type Run = fn(&Case);

/// Every operator of a training.
const OPERATORS: &[(&str, Run)] = &[
    ("train_char_gru", on_gpu::<Characters<Gru<28, 32>, 32>>),
    ("train_char_lstm", on_gpu::<Characters<Lstm<28, 32>, 32>>),
    ("train_char_rnn", on_gpu::<Characters<Rnn<28, 32>, 32>>),
    ("train_gumbel_hard", on_gpu::<GumbelAutoencoder<6, 5, true>>),
    ("train_gumbel_soft", on_gpu::<GumbelAutoencoder<6, 5, false>>),
    ("train_lenet", on_gpu::<Classes<Image<1, 28, 28>, LeNet>>),
    ("train_mlp_bce", on_gpu::<BinaryMlp<8, 6, 4, 1>>),
    ("train_mlp_digits", on_gpu::<Mlp<64, 32, 10>>),
    ("train_resnet_bn", on_gpu::<Residual>),
    ("train_transformer", on_gpu::<NextToken<11, 8, 16, 6>>),
    ("train_vae", on_gpu::<Vae<12, 8, 3, 18>>),
];

/// Optimisers that say no rule, so that they stay on the host.
const NO_RULE: &[&str] = &["adagrad", "rmsprop"];

fn on_gpu<J: Job>(case: &Case) {
    J::run(&OnGpu, case);
}

/// A test for each case; one that is ignored, with the reason, for what a device does not compute.
pub(crate) fn tests() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/torch");
    let mut files: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|file| file.path()).collect();
    files.sort();
    let mut tests = Vec::new();
    for (operator, run) in OPERATORS {
        let before = tests.len();
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let Some(case) = name.strip_suffix(".safetensors") else { continue };
            let Some((_, optimizer)) = case.split_once('.').filter(|(of, _)| of == operator) else { continue };
            let name = format!("gpu/golden/{case}");
            if NO_RULE.contains(&optimizer) {
                tests.push(not_tried(name, &format!("{optimizer} has no rule that a device could follow")));
                continue;
            }
            if operator.starts_with("train_char") {
                let reason = "the state that the case carries from step to step stays on the host";
                tests.push(not_tried(format!("{name}, steps behind the first"), reason));
            }
            let (file, run) = (file.clone(), *run);
            tests.push(Trial::test(name, move || outcome(&file.to_string_lossy(), run)));
        }
        if tests.len() == before {
            let missing = format!("no case of {operator} in {}", folder.display());
            tests.push(Trial::test(format!("gpu/golden/{operator}"), move || Err(missing.into())));
        }
    }
    tests
}

fn not_tried(name: String, reason: &str) -> Trial {
    let reason = format!("not tried: {reason}");
    Trial::ignorable_test(name, move || Ok(Completion::ignored_with(reason)))
}

fn outcome(file: &str, run: Run) -> Result<(), Failed> {
    let case = Case::open(file)?;
    run(&case);
    Ok(case.close()?)
}

/// Trainings on the GPU of the tests.
struct OnGpu;

impl Runner for OnGpu {
    fn train<X: Tensor, N: Train<X>, T: Copy, L: OffloadLoss<N::Out, T>>(
        &self,
        case: &Case,
        training: &Training<'_, X, N, T, L>,
    ) {
        let Training { loss, batches, prepare, noise } = *training;
        let plan = Plan::of(case);
        let batch = batches[0].0.len();
        let x: Vec<X> = batches.iter().flat_map(|(x, _)| x.iter().copied()).collect();
        let targets: Vec<T> = batches.iter().flat_map(|(_, targets)| targets.iter().copied()).collect();
        // A state that goes on from step to step is zero only in the first.
        let steps = if N::STATE == 0 { plan.steps } else { 1 };
        let order: Vec<u32> = (0..(steps * batch) as u32).map(|i| i % x.len() as u32).collect();

        let mut net = initial::<N>(case);
        prepare(&mut net, 0);
        let clip = plan.theta.map_or(Clip::None, Clip::Theta);
        let settings = Settings { clip, given_noise: noise.is_some(), ..Settings::batch(batch) };
        let offload = Offload::new(&gpu(), &*net, loss, Any::of(case), (&x, &targets), settings);
        let mut offload = offload.unwrap_or_else(|error| panic!("{error}"));
        let mut losses = Vec::new();
        // The first step alone, since gradients are those of the last step. Given random numbers are for one step.
        let (first, rest) = order.split_at(batch);
        let parts = [first].into_iter().chain(rest.chunks(if noise.is_some() { batch } else { order.len() }));
        for part in parts {
            let done = losses.len();
            if let Some((path, numbers)) = noise {
                prepare(&mut net, done);
                offload.write_settings(0, &net).expect("settings");
                offload.give_noise(path, numbers[done]).expect("random numbers");
            }
            let set = |step: usize, optimizers: &mut [Any]| plan.set(&mut optimizers[0], done + step);
            offload.train_with(part, set, |_, all| losses.push(all[0])).expect("trained");
            if done == 0 {
                let gradients = offload.gradients(0).expect("gradients");
                let all: Vec<f32> = gradients.into_iter().flat_map(|(_, gradient)| gradient).collect();
                case.compare_gradients(&*net, "out.grad0.", &all);
                if case.has("out.grad_norm") {
                    let norm = all.iter().map(|g| g * g).sum::<f32>().sqrt();
                    case.compare_first("out.grad_norm", &[norm]);
                }
            }
        }
        if steps < plan.steps {
            case.compare_first("out.loss", &losses);
            case.leave_out_all("out.final.");
            return;
        }
        offload.read(0, &mut net).expect("read back");
        compare::<N>(case, &losses, &net);
    }
}
