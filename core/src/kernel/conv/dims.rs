//! The sizes of a convolution.

use core::marker::PhantomData;

use crate::{description::Window, kernel::Known, sliding::PaddingMode};

/// The sizes of a convolution on one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dDims {
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Channels of the input in each group.
    pub in_channels: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Channels of the output in each group.
    pub out_channels: usize,
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Kernel, stride, padding and dilation.
    pub window: Window,
}

/// A convolution's sizes as a type, so that a kernel sees constants.
pub trait Conv2dShape {
    /// The sizes.
    const DIMS: Conv2dDims;
}

impl<G: Conv2dShape> Known<Conv2dDims> for PhantomData<G> {
    #[inline(always)]
    fn sizes(self) -> Conv2dDims {
        G::DIMS
    }
}

impl Conv2dDims {
    /// Whether nothing repeats, skips or divides the input: one group, no dilation, padding with zeros.
    /// Such sizes get code of their own.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        let options = self.window.options;
        let zeros = options.mode as u8 == PaddingMode::Zeros as u8;
        self.groups == 1 && zeros && options.dilation[0] == 1 && options.dilation[1] == 1
    }

    /// Whether each output sees one pixel of the input, its own, with all channels.
    #[must_use]
    pub const fn is_pointwise(&self) -> bool {
        let options = self.window.options;
        let steps = options.stride[0] == 1 && options.stride[1] == 1;
        let padded = options.padding[0] + options.padding[1] > 0;
        let same = self.input[0] == self.output[0] && self.input[1] == self.output[1];
        self.groups == 1 && self.taps() == 1 && steps && !padded && same
    }

    /// Elements of one channel of the input.
    #[must_use]
    pub const fn in_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Elements of one channel of the output.
    #[must_use]
    pub const fn out_plane(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Elements of one input sample.
    #[must_use]
    pub const fn in_len(&self) -> usize {
        self.groups * self.group_in_len()
    }

    /// Elements of one output sample.
    #[must_use]
    pub const fn out_len(&self) -> usize {
        self.groups * self.group_out_len()
    }

    /// Weights that one output channel has for one input channel.
    #[must_use]
    pub const fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Weights of one output channel.
    #[must_use]
    pub const fn filter_len(&self) -> usize {
        self.in_channels * self.taps()
    }

    pub(crate) const fn group_in_len(&self) -> usize {
        self.in_channels * self.in_plane()
    }

    pub(crate) const fn group_out_len(&self) -> usize {
        self.out_channels * self.out_plane()
    }

    pub(super) const fn group_weights(&self) -> usize {
        self.out_channels * self.filter_len()
    }
}
