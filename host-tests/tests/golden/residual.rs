//! A residual network with batch normalisation.

use tensorlet::{Conv2d, Image, NoBias, Slide, layer::BatchNorm2d, network};

use super::{Classes, Job, Runner, case::Case};

/// A convolution of 3x3 without bias that keeps rows and columns.
type Conv<const IN: usize, const H: usize, const W: usize> = Conv2d<IN, 4, 3, 3, H, W, Slide<1, 1>, NoBias>;

network! {
    /// The block of `train_resnet_bn`.
    pub struct Block: Image<4, 4, 3> {
        conv1 = Conv<4, 4, 3>,
        bn2 = BatchNorm2d<4>,
        act: Relu,
        conv2 = Conv<4, 4, 3>,
    }
}

network! {
    /// The network of `train_resnet_bn`.
    pub struct ResNet: Image<1, 8, 7> {
        conv0 = Conv<1, 8, 7>,
        bn1 = BatchNorm2d<4>,
        act: Relu,
        pool: MaxPool2d(2),
        block = tensorlet::Residual<Block>,
        act2: Relu,
        mean = tensorlet::GlobalAvgPool2d,
        flatten: Flatten,
        fc: Linear(3),
    }
}

/// Where the block's layers stand in PyTorch's network.
const NAMES: &[(&str, &str)] = &[("block.conv1", "conv1"), ("block.bn2", "bn2"), ("block.conv2", "conv2")];

/// `train_resnet_bn`.
pub(crate) struct Residual;

impl Job for Residual {
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(NAMES);
        Classes::<Image<1, 8, 7>, ResNet>::run(runner, case);
    }
}
