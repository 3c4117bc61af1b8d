//! What goes wrong is an error of its own kind, and leaves the network as it was, bit for bit.

use tensorlet::{
    Error, FusedTrainer, Kernels, Linear, Mode, Module, Relu, Trainer, Vector,
    loss::CrossEntropyLoss,
    memory::training_words,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_host::on_every_instruction_set;

use crate::{modes::batch, modes::fresh, values::by_path};

type X = Vector<7>;
type Net = (Linear<7, 9>, (Relu, Linear<9, 3>));

/// The batch that the workspaces are made for.
const N: usize = 4;

/// Either trainer.
enum Either<'w, O> {
    Accumulate(Trainer<'w, X, Net, O>),
    Fused(FusedTrainer<'w, X, Net, O>),
}

impl<'w, O: Optimizer> Either<'w, O> {
    fn new(mode: Mode, optimizer: O, workspace: &'w mut [f32]) -> Result<Self, Error> {
        Ok(match mode {
            Mode::Accumulate => Self::Accumulate(Trainer::new(optimizer, workspace)?),
            Mode::Fused => Self::Fused(FusedTrainer::new(optimizer, workspace)?),
        })
    }

    fn step<K: Kernels>(&mut self, k: K, net: &mut Net, x: &[X], labels: &[u8]) -> Result<f32, Error> {
        match self {
            Self::Accumulate(trainer) => trainer.step(k, net, &CrossEntropyLoss, x, labels),
            Self::Fused(trainer) => trainer.step(k, net, &CrossEntropyLoss, x, labels),
        }
    }
}

fn bits(net: &Net) -> Vec<u32> {
    by_path(net).into_iter().flat_map(|(_, values)| values).map(f32::to_bits).collect()
}

/// Bad calls, each with the error that it must give.
fn bad_calls(mode: Mode, words: impl Fn(Mode, usize) -> usize) -> Vec<(Vec<X>, Vec<u8>, Error)> {
    let (x, labels) = batch::<X>(N, 1);
    let label = |at: usize, label: u8| {
        let mut labels = labels.clone();
        labels[at] = label;
        let error = Error::LabelOutOfRange { index: at, label: label.into(), classes: 3 };
        (x.clone(), labels, error)
    };
    let (more_x, more_labels) = batch::<X>(N + 1, 1);
    let too_small = Error::WorkspaceTooSmall { needed: words(mode, N + 1), given: words(mode, N) };
    vec![
        label(0, 3),
        label(3, 255),
        (Vec::new(), Vec::new(), Error::EmptyBatch),
        (x.clone(), labels[1..].to_vec(), Error::BatchMismatch { inputs: N, targets: N - 1 }),
        (x[1..].to_vec(), labels, Error::BatchMismatch { inputs: N - 1, targets: N }),
        (more_x, more_labels, too_small),
    ]
}

fn errors<K: Kernels, O: Optimizer>(k: K, optimizer: O, mode: Mode) {
    let words = training_words::<X, Net, O>;
    let (x, labels) = batch::<X>(N, 2);
    let (mut workspace, mut clean_workspace) = (vec![0.0; words(mode, N)], vec![0.0; words(mode, N)]);
    let mut trainer = Either::new(mode, optimizer, &mut workspace).expect("large enough");
    let mut clean = Either::new(mode, optimizer, &mut clean_workspace).expect("large enough");
    let (mut net, mut clean_net): (Net, Net) = (fresh(1), fresh(1));
    trainer.step(k, &mut net, &x, &labels).expect("a step");
    clean.step(k, &mut clean_net, &x, &labels).expect("a step");

    let before = bits(&net);
    for (x, labels, error) in bad_calls(mode, words) {
        assert_eq!(trainer.step(k, &mut net, &x, &labels), Err(error));
        assert_eq!(bits(&net), before, "{error}");
    }
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = x.clone();
        x[2] = [poison; 7];
        let result = trainer.step(k, &mut net, &x, &labels);
        assert!(matches!(result, Err(Error::NonFiniteLoss { loss }) if !loss.is_finite()), "{poison}: {result:?}");
        assert_eq!(bits(&net), before, "{poison}");
    }
    // Weights that have diverged.
    let mut diverged = net;
    diverged.1.1.bias[1] = f32::NAN;
    let before = bits(&diverged);
    let result = trainer.step(k, &mut diverged, &x, &labels);
    assert!(matches!(result, Err(Error::NonFiniteLoss { loss }) if loss.is_nan()), "{result:?}");
    assert_eq!(bits(&diverged), before);

    // After all these, training goes on as if nothing had happened.
    let loss = trainer.step(k, &mut net, &x, &labels);
    assert_eq!(loss, clean.step(k, &mut clean_net, &x, &labels));
    assert_eq!(bits(&net), bits(&clean_net));
}

#[test]
fn errors_leave_the_network_as_it_was() {
    for mode in [Mode::Accumulate, Mode::Fused] {
        on_every_instruction_set!(errors, Sgd::new(0.1), mode);
        on_every_instruction_set!(errors, Sgd::with_momentum(0.1, 0.9), mode);
        on_every_instruction_set!(errors, Adam::new(0.1), mode);
    }
}

#[test]
fn a_workspace_too_small_for_one_sample_makes_no_trainer() {
    for mode in [Mode::Accumulate, Mode::Fused] {
        let needed = training_words::<X, Net, Adam>(mode, 1);
        for given in [0, 1, needed - 1] {
            let result = Either::new(mode, Adam::new(0.1), &mut vec![0.0; given]).map(|_| ());
            assert_eq!(result, Err(Error::WorkspaceTooSmall { needed, given }));
        }
        assert!(Either::new(mode, Adam::new(0.1), &mut vec![0.0; needed]).is_ok());
    }
}

/// Gradients that were accumulated before a bad call stay.
#[test]
fn a_bad_call_keeps_accumulated_gradients() {
    let k = tensorlet::Portable;
    let (x, labels) = batch::<X>(N, 3);
    let mut net: Net = fresh(2);
    let mut workspace = vec![0.0; training_words::<X, Net, Sgd>(Mode::Accumulate, N)];
    let mut trainer = Trainer::<X, Net, Sgd>::new(Sgd::new(0.1), &mut workspace).expect("large enough");
    trainer.accumulate(k, &mut net, &CrossEntropyLoss, &x, &labels, 0.25).expect("a batch");
    let before = trainer.gradients().to_vec();
    assert_eq!(before.len(), <Net as Module>::GRAD);
    for (x, labels) in [(x.clone(), vec![9; N]), (vec![[f32::NAN; 7]], vec![0])] {
        assert!(trainer.accumulate(k, &mut net, &CrossEntropyLoss, &x, &labels, 0.25).is_err());
        assert_eq!(trainer.gradients(), before);
    }
}

#[test]
fn messages_state_the_numbers() {
    let message = |error: Error| error.to_string();
    let text = message(Error::LabelOutOfRange { index: 3, label: 17, classes: 10 });
    assert!(text.contains("17") && text.contains('3') && text.contains("10"), "{text}");
    let text = message(Error::WorkspaceTooSmall { needed: 814, given: 813 });
    assert!(text.contains("814") && text.contains("813"), "{text}");
    assert!(message(Error::NonFiniteLoss { loss: f32::NAN }).contains("diverged"));
}
