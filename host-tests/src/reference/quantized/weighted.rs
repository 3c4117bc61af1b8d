//! Convolutions and products of images `[rows][columns][channels]` and rows.

use super::{Scale, floor, limit};
use crate::reference::Window;

/// How a sum is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Rounded twice.
    Twice,
    /// Rounded once.
    Once,
    /// By 16 bits of the multiplier, rounded once: sums of 64 bits.
    Reduced,
}

impl Rounding {
    /// A sum, scaled.
    #[must_use]
    pub fn of(self, scale: Scale, sum: i64) -> i64 {
        if self != Self::Reduced {
            return scale.of(sum, self == Self::Twice);
        }
        let multiplier = i128::from(scale.multiplier);
        let reduced = if multiplier < 0x7fff_0000 { (multiplier + (1 << 15)) / (1 << 16) } else { 0x7fff };
        let halves = floor(i128::from(sum) * reduced, 1 << (14 - scale.shift));
        floor(halves + 1, 2) as i64
    }
}

/// What a layer with weights consists of.
#[derive(Clone, Debug)]
pub struct Weights {
    /// In TensorFlow Lite's order.
    pub weight: Vec<i64>,
    /// One for each output channel, or none.
    pub bias: Vec<i64>,
    /// One for each output channel, or one for all.
    pub scales: Vec<Scale>,
    /// The zero points of input and output.
    pub zero: [i64; 2],
    /// The limits of the output.
    pub limits: [i64; 2],
    /// How sums are scaled.
    pub rounding: Rounding,
}

impl Weights {
    fn output(&self, o: usize, sum: i64) -> i64 {
        let sum = sum + self.bias.get(o).copied().unwrap_or(0);
        let scale = self.scales[if self.scales.len() == 1 { 0 } else { o }];
        limit(self.rounding.of(scale, sum) + self.zero[1], self.limits)
    }

    /// The product of a weight and an input, whose zero point is subtracted.
    fn product(&self, weight: usize, x: i64) -> i64 {
        self.weight[weight] * (x - self.zero[0])
    }

    /// The product with one row.
    #[must_use]
    pub fn linear(&self, outputs: usize, x: &[i64]) -> Vec<i64> {
        let sum = |o: usize| (0..x.len()).map(|i| self.product(o * x.len() + i, x[i])).sum();
        (0..outputs).map(|o| self.output(o, sum(o))).collect()
    }

    /// The convolution of one image; weights are `[out][rows][columns][channels of a group]`.
    #[must_use]
    pub fn conv(&self, places: &Places, per_group: usize, x: &[i64]) -> Vec<i64> {
        let (inputs, outputs) = (places.input[2], places.output[2]);
        let group = |o: usize| o / (outputs * per_group / inputs);
        places.each(|o, taps| {
            let sum = taps.iter().flat_map(|&(tap, _, pixel)| (0..per_group).map(move |c| (tap, pixel, c)));
            let sum = sum.map(|(tap, pixel, c)| {
                let weight = (o * places.taps() + tap) * per_group + c;
                self.product(weight, x[pixel * inputs + group(o) * per_group + c])
            });
            self.output(o, sum.sum())
        })
    }

    /// The convolution of channels on their own; weights are `[rows][columns][out]`.
    #[must_use]
    pub fn depthwise(&self, places: &Places, x: &[i64]) -> Vec<i64> {
        let (inputs, outputs) = (places.input[2], places.output[2]);
        places.each(|o, taps| {
            let c = o / (outputs / inputs);
            let sum = taps.iter().map(|&(tap, _, pixel)| self.product(tap * outputs + o, x[pixel * inputs + c]));
            self.output(o, sum.sum())
        })
    }

    /// The transposed convolution of one image: `places` are those of the convolution back, from the output to the
    /// input. Weights are `[out][rows][columns][in]`.
    #[must_use]
    pub fn conv_transpose(&self, places: &Places, x: &[i64]) -> Vec<i64> {
        let (outputs, inputs) = (places.input[2], places.output[2]);
        let mut sums = vec![0; places.input.iter().product()];
        // Each input adds to the outputs that its window covers.
        places.each(|c, taps| {
            for &(tap, place, pixel) in taps {
                for o in 0..outputs {
                    let weight = (o * places.taps() + tap) * inputs + c;
                    sums[pixel * outputs + o] += self.product(weight, x[place * inputs + c]);
                }
            }
            0
        });
        sums.iter().enumerate().map(|(i, &sum)| self.output(i % outputs, sum)).collect()
    }
}

/// A window that slides over an image.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The window.
    pub window: Window,
    /// Rows, columns and channels of the input.
    pub input: [usize; 3],
    /// Rows, columns and channels of the output.
    pub output: [usize; 3],
}

impl Places {
    fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Calls `f` for each output in order, with its channel and, for every tap of the window that lies inside the
    /// input, the tap, the place of the output and that of the input.
    fn each(&self, mut f: impl FnMut(usize, &[(usize, usize, usize)]) -> i64) -> Vec<i64> {
        let Window { kernel, stride, padding, dilation, .. } = self.window;
        let along = |axis: usize, place: usize, tap: usize| {
            (place * stride[axis] + tap * dilation[axis]).checked_sub(padding[axis]).filter(|&at| at < self.input[axis])
        };
        let mut y = Vec::new();
        for i in 0..self.output[0] {
            for j in 0..self.output[1] {
                let mut taps = Vec::new();
                for r in 0..kernel[0] {
                    for s in 0..kernel[1] {
                        if let (Some(row), Some(column)) = (along(0, i, r), along(1, j, s)) {
                            taps.push((r * kernel[1] + s, i * self.output[1] + j, row * self.input[1] + column));
                        }
                    }
                }
                y.extend((0..self.output[2]).map(|o| f(o, &taps)));
            }
        }
        y
    }
}

/// A matrix that is read by row and column.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The elements, row by row.
    pub elements: &'a [i64],
    /// The length of a row.
    pub columns: usize,
    /// Whether rows and columns are exchanged.
    pub transposed: bool,
}

impl Matrix<'_> {
    fn at(&self, row: usize, column: usize) -> i64 {
        let [row, column] = if self.transposed { [column, row] } else { [row, column] };
        self.elements[row * self.columns + column]
    }
}

/// The product of two matrices: `[rows, summed, columns]`, before scaling.
#[must_use]
pub fn matmul([rows, summed, columns]: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, zero: [i64; 2]) -> Vec<i64> {
    let sum = |i: usize, j: usize| (0..summed).map(|k| (a.at(i, k) - zero[0]) * (b.at(k, j) - zero[1])).sum();
    (0..rows * columns).map(|place| sum(place / columns, place % columns)).collect()
}
