//! f32: kernels, and inference and training of the network of the digits.

use core::hint::black_box;

use firmware::{
    board::{Instructions, Measured},
    int8::Image,
};
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Layer, Mode, Module, Trainer,
    kernel::{Conv2dShape, ConvKernels, MatmulKernels},
    loss::CrossEntropyLoss,
    optim::Sgd,
};
use tensorlet_examples::digits::{
    Digits,
    data::{BYTES, DataSet, Digit, RECORD},
};
use tensorlet_simd::NATIVE;

use crate::workload::{Operands, Workload};

/// Products of the network in one inference: two convolutions of 3 by 3 on 8 by 8 and 4 by 4 pixels, a linear layer.
const PRODUCTS: [usize; 3] = [64 * 9 * 8, 16 * 9 * 8 * 16, 64 * 10];

/// Words of the workspace of training.
const WORKSPACE: usize = Digits::training_words::<Sgd>(Mode::Accumulate, 1);

/// The digits that are tried.
static RECORDS: [u8; 2 * RECORD] = match BYTES.first_chunk() {
    Some(records) => *records,
    None => panic!("the set holds a digit"),
};

/// The first digit of the set.
fn digit() -> Option<Digit> {
    DataSet::parse(&RECORDS).ok()?.train().next()
}

/// The network with weights from a fixed seed.
fn initialised(network: &mut Digits) -> &mut Digits {
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    network
}

impl Operands {
    fn matmul<const N: usize>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let (a, rest) = self.floats.split_at_checked(N * N)?;
        let (a, b) = (black_box(a.as_chunks::<N>().0), black_box(rest.as_chunks::<N>().0.first_chunk::<N>()?));
        let c = self.words.get_mut(..N * N)?;
        c.fill(0.0);
        let c = black_box(c.as_chunks_mut::<N>().0);
        let run = || {
            NATIVE.matmul(a, b, c);
            black_box(c);
        };
        Some(instructions.measure(run).1)
    }

    fn conv2d<G: Conv2dShape>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let d = G::DIMS;
        let filters = d.groups * d.out_channels;
        let (x, weight) = (self.floats.get(..d.in_len())?, self.floats.get(..filters * d.filter_len())?);
        let (x, weight, bias) = (black_box(x), black_box(weight), black_box(self.floats.get(..filters)?));
        let y = black_box(self.words.get_mut(..d.out_len())?);
        let run = || {
            NATIVE.conv2d::<G>(x, weight, bias, y);
            black_box(y);
        };
        Some(instructions.measure(run).1)
    }

    fn input_gradient<G: Conv2dShape>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let d = G::DIMS;
        let (dy, weight) = (self.floats.get(..d.out_len())?, self.floats.get(..d.out_channels * d.filter_len())?);
        let (dy, weight) = black_box((dy, weight));
        let dx = black_box(self.words.get_mut(..d.in_len())?);
        let run = || {
            NATIVE.conv2d_input_gradient::<G>(dy, weight, dx);
            black_box(dx);
        };
        Some(instructions.measure(run).1)
    }

    fn weight_gradient<G: Conv2dShape>(&mut self, instructions: &Instructions) -> Option<Measured> {
        let d = G::DIMS;
        let (x, dy) = black_box((self.floats.get(..d.in_len())?, self.floats.get(..d.out_len())?));
        let (dweight, rest) = self.words.split_at_mut_checked(d.out_channels * d.filter_len())?;
        let dbias = rest.get_mut(..d.out_channels)?;
        dweight.fill(0.0);
        dbias.fill(0.0);
        let (dweight, dbias) = black_box((dweight, dbias));
        let run = || {
            NATIVE.conv2d_weight_gradient::<G>(x, dy, dweight, dbias);
            black_box((dweight, dbias));
        };
        Some(instructions.measure(run).1)
    }

    fn inference(&mut self, instructions: &Instructions) -> Option<Measured> {
        let network = black_box(initialised(self.network));
        let x = black_box([digit()?.picture]);
        let arena = black_box(self.words.get_mut(..Digits::INFERENCE_WORDS)?);
        let run = || network.forward(NATIVE, &x, arena).map(|y| _ = black_box(y));
        let (result, measured) = instructions.measure(run);
        result.ok().map(|()| measured)
    }

    /// The gradients of all weights by one digit: forward, loss, backward.
    fn training(&mut self, instructions: &Instructions) -> Option<Measured> {
        let network = black_box(initialised(self.network));
        let Digit { picture, label } = digit()?;
        let mut trainer = Trainer::new(Sgd::new(0.05), self.words.get_mut(..WORKSPACE)?).ok()?;
        let (x, labels) = black_box(([picture], [label]));
        let run = || trainer.accumulate(NATIVE, network, &CrossEntropyLoss, &x, &labels, 1.0);
        let (result, measured) = instructions.measure(run);
        black_box(&mut *self.words);
        result.is_ok_and(|loss| black_box(loss) > 0.0).then_some(measured)
    }
}

/// A kernel and its products.
const fn kernel(
    name: &'static str,
    work: usize,
    run: fn(&mut Operands, &Instructions) -> Option<Measured>,
) -> Workload {
    Workload { name, work, scratch: 0, run }
}

/// The convolutions that are measured.
type Conv = Image<1, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>;
type Pointwise = Image<1, 16, 16, 16, 16, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1>;
type Depthwise = Image<16, 1, 1, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>;

/// Their products.
const CONV: usize = 16 * 16 * 16 * 16 * 9;
const POINTWISE: usize = 16 * 16 * 16 * 16;
const DEPTHWISE: usize = 16 * 16 * 16 * 9;

pub(crate) static WORKLOADS: [Workload; 8] = [
    kernel("f32 matmul 32x32x32", 32 * 32 * 32, Operands::matmul::<32>),
    kernel("f32 conv 3x3, 16x16x16 to 16", CONV, Operands::conv2d::<Conv>),
    kernel("f32 conv 3x3, gradient by the input", CONV, Operands::input_gradient::<Conv>),
    kernel("f32 conv 3x3, gradient by the weights", CONV, Operands::weight_gradient::<Conv>),
    kernel("f32 conv 1x1, 16x16x16 to 16", POINTWISE, Operands::conv2d::<Pointwise>),
    kernel("f32 depthwise 3x3, 16x16x16", DEPTHWISE, Operands::conv2d::<Depthwise>),
    Workload {
        name: "f32 digits CNN, inference",
        work: PRODUCTS[0] + PRODUCTS[1] + PRODUCTS[2],
        scratch: 4 * Digits::INFERENCE_WORDS,
        run: Operands::inference,
    },
    Workload {
        name: "f32 digits CNN, training",
        // Forward, gradients of weights, and gradients of inputs but that of the first layer.
        work: 3 * (PRODUCTS[0] + PRODUCTS[1] + PRODUCTS[2]) - PRODUCTS[0],
        scratch: 4 * WORKSPACE,
        run: Operands::training,
    },
];
