//! Networks trained in PyTorch give PyTorch's logits: those of the test digits, every fifth of the data.

use tensorlet::{Image, Kernels, Layer, Module, Tensor, Vector, kernel::ReduceKernels, network};
use tensorlet_host::networks::Digits;

use crate::{Adapter, case::Case};

/// The data with the labels.
const DIGITS: &[u8] = include_bytes!("../../../examples/data/digits.bin");

network! {
    /// The perceptron of `digits_mlp`.
    pub struct Perceptron: Vector<64> {
        fc1: Linear(32),
        relu: Relu,
        fc2: Linear(10),
    }
}

/// Fills a layer with the weights of position `i` of a `torch.nn.Sequential`.
fn load(case: &Case, layer: &mut impl Module, i: usize) {
    case.load(layer, &format!("in.W.{i}."));
}

/// Logits, the digit that has the largest, and how often it is right.
fn check<K: Kernels, X: Tensor<Elem = f32>, N: Layer<X, Out = [f32; 10]>>(k: K, case: &Case, net: &N) {
    let (records, _) = DIGITS.as_chunks::<65>();
    let test = records.iter().step_by(5);
    let x: Vec<f32> = test.clone().flat_map(|record| &record[..64]).map(|pixel| f32::from(*pixel) / 16.0).collect();
    let x = X::view(&x);
    let mut arena = vec![0.0; x.len() * N::PEAK];
    let logits = net.forward(k, x, &mut arena).expect("the arena is large enough");
    case.compare("out.logits", logits.as_flattened());

    let digits: Vec<usize> = logits.iter().map(|logits| k.argmax(logits)).collect();
    case.compare_integers("out.pred", digits.iter().map(|&digit| digit as i64));
    let right = test.zip(&digits).filter(|(record, digit)| usize::from(record[64]) == **digit).count();
    case.compare("out.accuracy", &[right as f32 / x.len() as f32]);
}

/// `digits_cnn`.
pub(crate) struct Cnn;

impl Adapter for Cnn {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut net = Digits::ZERO;
        load(case, &mut net.conv1, 0);
        load(case, &mut net.conv2, 3);
        load(case, &mut net.fc, 7);
        check::<K, Image<1, 8, 8>, _>(k, case, &net);
    }
}

/// `digits_mlp`.
pub(crate) struct Mlp;

impl Adapter for Mlp {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut net = Perceptron::ZERO;
        load(case, &mut net.fc1, 0);
        load(case, &mut net.fc2, 2);
        check::<K, Vector<64>, _>(k, case, &net);
    }
}
