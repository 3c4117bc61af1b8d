//! Shapes of layers on integers, drawn when the tests are built. They are the same from build to build, unless
//! `TENSORLET_SHAPES` names another seed.

use std::{env, error::Error, ops::RangeInclusive};

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};

/// The most elements of an operand: what the firmware has room for.
const MOST: usize = 4096;

/// A window over an image, in a convolution or a pooling.
#[derive(Debug)]
pub(crate) struct Windowed {
    pub(crate) groups: usize,
    /// Input and output channels of a group.
    pub(crate) channels: [usize; 2],
    /// Rows and columns, here and below.
    pub(crate) input: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Above, left, below and right.
    pub(crate) padding: [usize; 4],
    pub(crate) dilation: [usize; 2],
}

impl Windowed {
    /// Rows and columns of the output; `None` if the window is larger than the input.
    pub(crate) fn output(&self) -> Option<[usize; 2]> {
        let [top, left, bottom, right] = self.padding;
        let along = |axis: usize, padding: usize| {
            let extent = (self.kernel[axis] - 1) * self.dilation[axis] + 1;
            Some((self.input[axis] + padding).checked_sub(extent)? / self.stride[axis] + 1)
        };
        Some([along(0, top + bottom)?, along(1, left + right)?])
    }
}

/// Draws shapes, one after the other.
pub(crate) struct Shapes {
    random: Xoshiro128PlusPlus,
    pub(crate) seed: u64,
}

impl Shapes {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        println!("cargo::rerun-if-env-changed=TENSORLET_SHAPES");
        let seed = match env::var("TENSORLET_SHAPES") {
            Ok(seed) => seed.parse().map_err(|error| format!("TENSORLET_SHAPES={seed}: {error}"))?,
            Err(_) => 0,
        };
        Ok(Self { random: Xoshiro128PlusPlus::seed_from_u64(seed), seed })
    }

    fn number(&mut self, of: RangeInclusive<usize>) -> usize {
        of.start() + self.random.next_u32() as usize % (of.end() - of.start() + 1)
    }

    fn pair(&mut self, of: RangeInclusive<usize>) -> [usize; 2] {
        [self.number(of.clone()), self.number(of)]
    }

    /// A window with channels, padded on each side by less than its `part`th. Operands that are too large are drawn again.
    fn windowed(&mut self, groups: usize, channels: [usize; 2], part: usize, dilations: usize) -> Windowed {
        loop {
            let (input, kernel) = (self.pair(1..=10), self.pair(1..=4));
            let padding = [0, 1, 0, 1].map(|axis: usize| self.number(0..=kernel[axis].div_ceil(part) - 1));
            let (stride, dilation) = (self.pair(1..=3), self.pair(1..=dilations));
            let windowed = Windowed { groups, channels, input, kernel, stride, padding, dilation };
            let Some(output) = windowed.output() else { continue };
            let elements = [
                groups * channels[0] * input[0] * input[1],
                groups * channels[1] * output[0] * output[1],
                groups * channels[1] * channels[0] * kernel[0] * kernel[1],
            ];
            if elements.iter().all(|elements| *elements <= MOST) {
                return windowed;
            }
        }
    }

    /// A convolution, one in four with groups.
    pub(crate) fn convolution(&mut self) -> Windowed {
        let groups = if self.number(0..=3) == 0 { self.number(2..=3) } else { 1 };
        let channels = [self.number(1..=17), self.number(1..=10)];
        self.windowed(groups, channels, 1, 2)
    }

    /// A convolution of each channel on its own, one in four with several outputs of each.
    pub(crate) fn depthwise(&mut self) -> Windowed {
        let outputs = if self.number(0..=3) == 0 { self.number(2..=3) } else { 1 };
        let channels = self.number(1..=32 / outputs);
        self.windowed(channels, [1, outputs], 1, 2)
    }

    /// A pooling of as many channels as groups.
    pub(crate) fn pooling(&mut self) -> Windowed {
        let channels = self.number(1..=36);
        self.windowed(channels, [1, 1], 2, 1)
    }

    /// Inputs and outputs of a fully connected layer.
    pub(crate) fn linear(&mut self) -> [usize; 2] {
        [self.number(1..=150), self.number(1..=25)]
    }

    /// Inputs and units of a recurrent layer.
    pub(crate) fn recurrent(&mut self) -> [usize; 2] {
        [self.number(1..=20), self.number(1..=14)]
    }
}
