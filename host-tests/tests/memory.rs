//! Memory: the constants are what a network needs, no word less and no word more.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Conv2d, Description, Error, Flatten, Frozen, FusedTrainer, Image, Layer, Linear, MaxPool2d, Mode, Module, Portable,
    Relu, Residual, Sigmoid, Slide, Tanh, Tensor, Train, Trainer, Vector,
    description::{LayerInfo, Op},
    loss::CrossEntropyLoss,
    memory::training_words,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_host::framed::Framed;
use tensorlet_host::networks::{AifesCnn, AifesMlp, Digits, LeNet};

/// Whether a layer computes its output where its input lies.
fn in_place(op: Op) -> bool {
    matches!(op, Op::Activation(_) | Op::Flatten)
}

/// Words that a chain of layers needs: the largest of input and output together, or of the one slot
/// of a layer that works in place.
fn peak_of_chain(description: &'static Description) -> usize {
    let mut peak = 0;
    description.for_each_layer(&mut |_, info: &'static LayerInfo| {
        let (input, output) = (info.input.numel(), info.output.numel());
        peak = peak.max(if in_place(info.op) { input } else { input + output });
    });
    peak
}

macro_rules! peaks {
    ($($input:ty => $network:ty),+ $(,)?) => {
        $(
            let expected = peak_of_chain(const { &<$network as Layer<$input>>::DESCRIPTION });
            assert_eq!(<$network as Layer<$input>>::PEAK, expected, stringify!($network));
        )+
    };
}

#[test]
fn the_peak_of_a_chain_is_that_of_its_largest_layer() {
    peaks!(
        Vector<7> => Linear<7, 5>,
        Vector<7> => Relu,
        Vector<784> => AifesMlp,
        Image<1, 28, 28> => LeNet,
        Image<1, 28, 28> => AifesCnn,
        Image<1, 8, 8> => Digits,
        Vector<5> => (Linear<5, 50>, (Tanh, Linear<50, 2>)),
        Vector<5> => ((Linear<5, 50>, Tanh), Linear<50, 60>),
        Image<2, 3, 3> => (Flatten<18>, (Frozen<Linear<18, 4>>, Sigmoid)),
        Image<1, 5, 5> => (Conv2d<1, 2, 3, 3, 3, 3>, MaxPool2d<2, 2, 1, 1, Slide<2>>),
    );
    // What LeNet needs most is its first pooling: 6 x 28 x 28 in, 6 x 14 x 14 out.
    assert_eq!(LeNet::INFERENCE_BYTES, 4 * (6 * 28 * 28 + 6 * 14 * 14));
    assert_eq!(LeNet::PARAMETERS, 61_706);
    println!(
        "LeNet-5: {} bytes of parameters, {} bytes of RAM at inference, {} to train it with SGD, batch 1, fused",
        LeNet::FLASH_BYTES,
        LeNet::INFERENCE_BYTES,
        LeNet::training_bytes::<Sgd>(Mode::Fused, 1),
    );
}

/// A residual keeps its input while the part inside runs in the rest.
#[test]
fn the_peak_of_a_residual_adds_its_input() {
    type Inner = (Linear<5, 30>, (Relu, Linear<30, 5>));
    assert_eq!(<Residual<Inner> as Layer<Vector<5>>>::PEAK, 5 + 30 + 5);
}

#[test]
fn training_the_aifes_perceptron_takes_at_most_3256_bytes() {
    let bytes = AifesMlp::training_bytes::<Sgd>(Mode::Fused, 1);
    println!("784-10-10 ReLU, SGD, batch 1, fused: {bytes} bytes beside the parameters (AIfES 2.2.0: 66656)");
    assert!(bytes <= 3256, "{bytes} bytes");
    assert_eq!(AifesMlp::PARAMETERS, 785 * 10 + 11 * 10);
}

#[test]
fn training_the_aifes_cnn_takes_at_most_half_of_aifes() {
    const AIFES: usize = 57_224;
    let bytes = AifesCnn::training_bytes::<Sgd>(Mode::Fused, 1);
    println!(
        "MNIST CNN conv4-ReLU-max2-conv8-ReLU-max2-fc10, SGD, batch 1, fused: {bytes} bytes beside the parameters \
         (AIfES 2.2.0: {AIFES})"
    );
    assert_eq!(AifesCnn::PARAMETERS, 2346);
    assert!(2 * bytes <= AIFES, "{bytes} bytes");
}

/// A network with random weights and a batch of inputs.
fn fresh<N: Module, X: Tensor<Elem = f32>>(n: usize) -> (Box<N>, Vec<X>) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(7);
    let mut network = Box::new(N::ZERO);
    network.init(&mut rng);
    let x: Vec<f32> = (0..n * X::LEN).map(|_| tensorlet::random::uniform(&mut rng)).collect();
    (network, X::view(&x).to_vec())
}

/// Inference in an arena of exactly the stated size, with poison in it and around it.
fn infers_in_the_exact_arena<X: Tensor<Elem = f32>, N: Layer<X, Out: Tensor<Elem = f32>>>() {
    for n in [1, 3] {
        let (network, x) = fresh::<N, X>(n);
        let mut arena = Framed::poison(n * N::PEAK);
        let y = network.forward(Portable, &x, arena.get_mut()).expect("the exact size");
        let y = N::Out::flat(y).to_vec();
        let _ = arena.get();
        assert!(y.iter().all(|y| y.is_finite()), "{y:?}: poison was read");

        // Room behind what is needed changes nothing and is not touched.
        let mut arena = Framed::poison(n * N::PEAK + 11);
        let again = network.forward(Portable, &x, arena.get_mut()).expect("more than enough");
        assert_eq!(N::Out::flat(again), y);
        assert!(arena.get()[n * N::PEAK..].iter().all(|x| x.is_nan()));

        let mut arena = Framed::poison(n * N::PEAK);
        X::in_words_mut(arena.get_mut(), n).copy_from_slice(&x);
        let inside = network.forward_in_arena(Portable, n, arena.get_mut()).expect("the exact size");
        assert_eq!(N::Out::flat(inside), y, "from inside the arena");
        let _ = arena.get();

        let too_small = Error::WorkspaceTooSmall { needed: n * N::PEAK, given: n * N::PEAK - 1 };
        let mut arena = vec![0.0; n * N::PEAK - 1];
        assert_eq!(network.forward(Portable, &x, &mut arena).map(|_| ()), Err(too_small));
        assert_eq!(network.forward_in_arena(Portable, n, &mut arena).map(|_| ()), Err(too_small));
        assert_eq!(network.forward(Portable, &[], &mut arena).map(|_| ()), Err(Error::EmptyBatch));
    }
}

/// A step in a workspace of exactly the stated size.
fn trains_in_the_exact_workspace<X: Tensor<Elem = f32>, N: Train<X, Out = [f32; 10]>, O: Optimizer>(optimizer: O) {
    for n in [1, 3] {
        let (mut network, x) = fresh::<N, X>(n);
        let labels: Vec<u8> = (0..n as u8).collect();
        for mode in [Mode::Accumulate, Mode::Fused] {
            let words = training_words::<X, N, O>(mode, n);
            let mut step = |workspace: &mut [f32]| match mode {
                Mode::Accumulate => Trainer::<X, N, O>::new(optimizer, workspace)?.step(
                    Portable,
                    &mut *network,
                    &CrossEntropyLoss,
                    &x,
                    &labels,
                ),
                Mode::Fused => FusedTrainer::<X, N, O>::new(optimizer, workspace)?.step(
                    Portable,
                    &mut *network,
                    &CrossEntropyLoss,
                    &x,
                    &labels,
                ),
            };
            let mut workspace = Framed::poison(words);
            assert!(step(workspace.get_mut()).is_ok_and(f32::is_finite));
            let _ = workspace.get();
            let too_small = Error::WorkspaceTooSmall { needed: words, given: words - 1 };
            assert_eq!(step(&mut vec![0.0; words - 1]), Err(too_small));
        }
    }
}

#[test]
fn inference_needs_exactly_its_peak() {
    infers_in_the_exact_arena::<Image<1, 8, 8>, Digits>();
    infers_in_the_exact_arena::<Image<1, 28, 28>, LeNet>();
    infers_in_the_exact_arena::<Image<1, 28, 28>, AifesCnn>();
    infers_in_the_exact_arena::<Vector<784>, AifesMlp>();
    infers_in_the_exact_arena::<Vector<5>, Residual<(Linear<5, 30>, (Relu, Linear<30, 5>))>>();
    infers_in_the_exact_arena::<Vector<5>, (Residual<(Relu, Linear<5, 5>)>, (Tanh, Residual<Residual<Linear<5, 5>>>))>(
    );
    infers_in_the_exact_arena::<Image<2, 2, 2>, (Flatten<8>, (Sigmoid, Frozen<Linear<8, 40>>))>();
}

#[test]
fn training_needs_exactly_its_words() {
    type Frozen1 = (Frozen<(Linear<6, 50>, (Relu, Linear<50, 4>))>, (Residual<(Tanh, Linear<4, 4>)>, Linear<4, 10>));
    trains_in_the_exact_workspace::<Image<1, 8, 8>, Digits, _>(Sgd::new(0.1));
    trains_in_the_exact_workspace::<Image<1, 8, 8>, Digits, _>(Sgd::with_momentum(0.1, 0.9));
    trains_in_the_exact_workspace::<Image<1, 8, 8>, Digits, _>(Adam::new(0.01));
    trains_in_the_exact_workspace::<Image<1, 28, 28>, AifesCnn, _>(Sgd::new(0.1));
    trains_in_the_exact_workspace::<Image<1, 28, 28>, LeNet, _>(Adam::new(0.01));
    trains_in_the_exact_workspace::<Vector<784>, AifesMlp, _>(Sgd::new(0.1));
    trains_in_the_exact_workspace::<Vector<6>, Frozen1, _>(Adam::new(0.01));
}
