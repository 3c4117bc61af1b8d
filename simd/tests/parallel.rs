//! Batches on several threads: the same bits for any number of them, and what one thread computes.
//! WebAssembly has one.

#![cfg(not(target_family = "wasm"))]

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use rayon::ThreadPoolBuilder;
use tensorlet::{
    Error, Image, Layer, Mode, Module, Path, Tensor, Visitor, init,
    loss::CrossEntropyLoss,
    memory::{inference_words, training_words},
    network,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_simd::{Isa, dispatch, parallel};

network! {
    struct Net: Image<1, 8, 8> {
        conv: Conv2d(4, 3),
        pool: MaxPool2d(2),
        flatten: Flatten,
        relu: Relu,
        fc: Linear(5),
    }
}

network! {
    struct Random: Image<1, 8, 8> {
        flatten: Flatten,
        dropout: Dropout(0.5),
        fc: Linear(5),
    }
}

/// Sizes of batches around pieces and sums.
const BATCHES: [usize; 7] = [1, 15, 16, 17, 100, 16 * 32, 16 * 33 + 5];

type Sample = Image<1, 8, 8>;

fn data(n: usize) -> (Vec<Sample>, Vec<u8>) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(7);
    let mut x = vec![Sample::ZERO; n];
    x.iter_mut().for_each(|x| init::uniform(x, -1.0, 1.0, &mut rng));
    (x, (0..n).map(|i| (i * i % 5) as u8).collect())
}

fn network<N: Module>() -> N {
    let mut net = N::ZERO;
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(1));
    net
}

/// All parameters.
fn values<N: Module>(net: &N) -> Vec<f32> {
    struct All(Vec<f32>);
    impl Visitor for All {
        fn parameter(&mut self, _: tensorlet::Parameter<'_>, values: &[f32]) {
            self.0.extend_from_slice(values);
        }
    }
    let mut all = All(Vec::new());
    net.parameters(Path::ROOT, &mut all);
    all.0
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// The losses of three steps and the parameters after them.
fn train<N, O>(isa: Isa, threads: usize, n: usize, optimizer: O) -> (Vec<f32>, Vec<f32>)
where
    N: tensorlet::Train<Sample, Out = [f32; 5]> + Copy + Send + Sync,
    O: Optimizer + Send + Sync,
{
    let (x, labels) = data(n);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be had");
    pool.install(|| {
        let mut net: N = network();
        let mut workspace = vec![f32::NAN; parallel::Trainer::<Sample, N, O>::WORDS];
        let mut trainer =
            parallel::Trainer::<Sample, N, O>::new(optimizer, &mut workspace).expect("the workspace fits");
        trainer.manual_seed(3);
        let losses = (0..3).map(|_| trainer.step(isa, &mut net, &CrossEntropyLoss, &x, &labels).expect("finite"));
        (losses.collect(), values(&net))
    })
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for isa in Isa::available() {
        for n in BATCHES {
            let (losses, weights) = train::<Net, _>(isa, 1, n, Adam::new(1e-2));
            let random = train::<Random, _>(isa, 1, n, Sgd::new(1e-2));
            for threads in [2, 3, 8] {
                let (other_losses, other_weights) = train::<Net, _>(isa, threads, n, Adam::new(1e-2));
                assert_eq!(bits(&losses), bits(&other_losses), "{isa}, {n} samples, {threads} threads");
                assert_eq!(bits(&weights), bits(&other_weights), "{isa}, {n} samples, {threads} threads");
                let other = train::<Random, _>(isa, threads, n, Sgd::new(1e-2));
                assert_eq!(bits(&random.1), bits(&other.1), "{isa}, {n} samples, {threads} threads, dropout");
            }
        }
    }
}

#[test]
fn pieces_give_what_the_whole_batch_gives() {
    for isa in Isa::available() {
        for n in BATCHES {
            let (losses, weights) = train::<Net, _>(isa, 2, n, Sgd::new(0.1));
            let (x, labels) = data(n);
            let mut net: Net = network();
            let mut workspace = vec![0.0; training_words::<Sample, Net, Sgd>(Mode::Accumulate, n)];
            let mut trainer =
                tensorlet::Trainer::<Sample, Net, _>::new(Sgd::new(0.1), &mut workspace).expect("it fits");
            for loss in losses {
                let whole =
                    dispatch!(isa, |k| trainer.step(k, &mut net, &CrossEntropyLoss, &x, &labels)).expect("finite");
                assert!((loss - whole).abs() <= 1e-6 * whole, "{isa}, {n} samples: {loss}, not {whole}");
            }
            for (a, b) in weights.iter().zip(values(&net)) {
                assert!((a - b).abs() <= 1e-6, "{isa}, {n} samples: {a}, not {b}");
            }
        }
    }
}

#[test]
fn pieces_of_a_batch_draw_different_numbers() {
    // With equal samples and labels, equal masks would give equal gradients, and so a batch of two
    // pieces the same weights as a batch of one.
    let mut weights = Vec::new();
    for n in [parallel::PIECE, 2 * parallel::PIECE] {
        let mut net: Random = network();
        let mut workspace = vec![0.0; parallel::Trainer::<Sample, Random, Sgd>::WORDS];
        let mut trainer = parallel::Trainer::new(Sgd::new(0.1), &mut workspace).expect("the workspace fits");
        let (x, labels) = (vec![[[[1.0; 8]; 8]]; n], vec![0_u8; n]);
        trainer.step(Isa::best(), &mut net, &CrossEntropyLoss, &x, &labels).expect("finite");
        weights.push(values(&net));
    }
    assert!(weights[0].iter().zip(&weights[1]).any(|(a, b)| (a - b).abs() > 1e-3));
}

#[test]
fn inference_in_pieces_is_inference() {
    let net: Net = network();
    for isa in Isa::available() {
        for n in BATCHES {
            let (x, _) = data(n);
            let mut y = vec![[f32::NAN; 5]; n];
            parallel::forward(isa, &net, &x, &mut y).expect("it fits");
            let mut arena = vec![0.0; inference_words::<Sample, Net>(n)];
            let whole = dispatch!(isa, |k| net.forward(k, &x, &mut arena)).expect("it fits");
            for (y, whole) in y.as_flattened().iter().zip(whole.as_flattened()) {
                assert!((y - whole).abs() <= 1e-6, "{isa}, {n} samples: {y}, not {whole}");
            }
        }
    }
}

#[test]
fn errors_leave_the_network_as_it_was() {
    let mut net: Net = network();
    let before = bits(&values(&net));
    let mut workspace = vec![0.0; parallel::Trainer::<Sample, Net, Sgd>::WORDS];
    let needed = workspace.len();
    assert_eq!(
        parallel::Trainer::<Sample, Net, _>::new(Sgd::new(0.1), &mut workspace[1..]).map(|_| ()),
        Err(Error::WorkspaceTooSmall { needed, given: needed - 1 })
    );
    let mut trainer = parallel::Trainer::new(Sgd::new(0.1), &mut workspace).expect("the workspace fits");
    let (mut x, mut labels) = data(40);
    let isa = Isa::best();
    let mut step = |x: &[Sample], labels: &[u8]| trainer.step(isa, &mut net, &CrossEntropyLoss, x, labels);
    assert_eq!(step(&[], &[]), Err(Error::EmptyBatch));
    assert_eq!(step(&x, &labels[1..]), Err(Error::BatchMismatch { inputs: 40, targets: 39 }));
    labels[35] = 5;
    assert_eq!(step(&x, &labels), Err(Error::LabelOutOfRange { index: 35, label: 5, classes: 5 }));
    labels[35] = 4;
    x[36][0][4][4] = f32::NAN;
    assert!(matches!(step(&x, &labels), Err(Error::NonFiniteLoss { .. })));
    assert_eq!(before, bits(&values(&net)));

    let mut y = [[0.0; 5]; 2];
    assert_eq!(parallel::forward(isa, &net, &x[..0], &mut y), Err(Error::EmptyBatch));
    assert_eq!(parallel::forward(isa, &net, &x[..3], &mut y), Err(Error::BatchMismatch { inputs: 3, targets: 2 }));
}
