//! Convolutions and their gradients; a convolution of one dimension has one row.

use tensorlet::description::{LayerInfo, Op};

use super::{Window, network::Network};

/// The sizes of a convolution of one sample.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    /// Groups of channels.
    pub groups: usize,
    /// Channels of the input, all groups together.
    pub in_channels: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Channels of the output, all groups together.
    pub out_channels: usize,
    /// Kernel, stride, padding and dilation.
    pub window: Window,
}

/// Indices of one product of a convolution: output, input and weight element.
type Product = (usize, usize, usize);

impl Conv {
    /// Elements of an input sample, an output sample and the weight.
    #[must_use]
    pub fn lens(&self) -> [usize; 3] {
        let [oh, ow] = self.window.outputs(self.input);
        let [kh, kw] = self.window.kernel;
        [
            self.in_channels * self.input[0] * self.input[1],
            self.out_channels * oh * ow,
            self.out_channels * self.in_channels / self.groups * kh * kw,
        ]
    }

    /// Every product that the sum of a convolution has.
    #[expect(clippy::needless_range_loop, reason = "the loops are the indices of the formula")]
    fn products(&self) -> Vec<Product> {
        let [height, width] = self.input;
        let [out_height, out_width] = self.window.outputs(self.input);
        let rows = self.window.along(0, height, out_height);
        let columns = self.window.along(1, width, out_width);
        let [kernel_height, kernel_width] = self.window.kernel;
        let (group_in, group_out) = (self.in_channels / self.groups, self.out_channels / self.groups);
        let mut products = Vec::new();
        for o in 0..self.out_channels {
            for i in 0..out_height {
                for j in 0..out_width {
                    for c in 0..group_in {
                        for r in 0..kernel_height {
                            for s in 0..kernel_width {
                                if let (Some(row), Some(column)) = (rows[i][r], columns[j][s]) {
                                    let channel = o / group_out * group_in + c;
                                    products.push((
                                        (o * out_height + i) * out_width + j,
                                        (channel * height + row) * width + column,
                                        ((o * group_in + c) * kernel_height + r) * kernel_width + s,
                                    ));
                                }
                            }
                        }
                    }
                }
            }
        }
        products
    }

    /// `y[o][i][j] = bias[o] + Σ w[o][c][r][s] x[c][i·stride + r·dilation - padding][…]` for each sample of
    /// a batch.
    #[must_use]
    pub fn forward(&self, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let [in_len, out_len, _] = self.lens();
        let products = self.products();
        let mut batch = Vec::new();
        for x in x.chunks(in_len) {
            let mut y: Vec<f64> = (0..out_len).map(|i| bias[i / (out_len / self.out_channels)]).collect();
            for &(out, input, tap) in &products {
                y[out] += weight[tap] * x[input];
            }
            batch.extend(y);
        }
        batch
    }

    /// `∂/∂x Σ dy · y`.
    #[must_use]
    pub fn input_gradient(&self, dy: &[f64], weight: &[f64]) -> Vec<f64> {
        let [in_len, out_len, _] = self.lens();
        let products = self.products();
        let mut batch = Vec::new();
        for dy in dy.chunks(out_len) {
            let mut dx = vec![0.0; in_len];
            for &(out, input, tap) in &products {
                dx[input] += weight[tap] * dy[out];
            }
            batch.extend(dx);
        }
        batch
    }

    /// `∂/∂weight Σ dy · y` and `∂/∂bias Σ dy · y`, summed over the batch.
    #[must_use]
    pub fn weight_gradient(&self, x: &[f64], dy: &[f64]) -> [Vec<f64>; 2] {
        let [in_len, out_len, weights] = self.lens();
        let products = self.products();
        let (mut dw, mut db) = (vec![0.0; weights], vec![0.0; self.out_channels]);
        for (x, dy) in x.chunks(in_len).zip(dy.chunks(out_len)) {
            for &(out, input, tap) in &products {
                dw[tap] += x[input] * dy[out];
            }
            for (i, dy) in dy.iter().enumerate() {
                db[i / (out_len / self.out_channels)] += dy;
            }
        }
        [dw, db]
    }
}

/// Rows and columns of `[channels, (rows,) columns]`.
#[must_use]
pub fn plane(shape: tensorlet::Shape) -> [usize; 2] {
    match *shape.dims() {
        [_, rows, columns] => [rows, columns],
        [_, columns] => [1, columns],
        _ => panic!("{shape} is no image"),
    }
}

/// The output of a layer of convolution for one sample.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn layer(info: &LayerInfo, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let (in_channels, out_channels) = (info.input.dim(0), info.output.dim(0));
    let (from, to) = (plane(info.input), plane(info.output));
    let per_group = info.parameters[0].shape.dim(1);
    match info.op {
        Op::Conv1d(window) | Op::Conv2d(window) => {
            let groups = in_channels / per_group;
            let conv = Conv { groups, in_channels, input: from, out_channels, window: window.into() };
            conv.forward(x, weight, bias)
        }
        Op::ConvTranspose1d(window) | Op::ConvTranspose2d(window) => {
            transposed([in_channels, out_channels, per_group], from, to, &window.into(), x, weight, bias)
        }
        other => panic!("{} is no convolution", other.name()),
    }
}

/// `y[o][i·stride + r·dilation - padding][…] += w[c][o][r][s] x[c][i][j]`, beginning with `bias[o]`.
fn transposed(
    [in_channels, out_channels, per_group]: [usize; 3],
    from: [usize; 2],
    to: [usize; 2],
    window: &Window,
    x: &[f64],
    weight: &[f64],
    bias: &[f64],
) -> Vec<f64> {
    let groups = out_channels / per_group;
    let mut y: Vec<f64> = (0..out_channels * to[0] * to[1]).map(|i| bias[i / (to[0] * to[1])]).collect();
    let place = |axis: usize, input: usize, tap: usize| {
        let place = (input * window.stride[axis] + tap * window.dilation[axis]).checked_sub(window.padding[axis])?;
        (place < to[axis]).then_some(place)
    };
    let [kernel_height, kernel_width] = window.kernel;
    for c in 0..in_channels {
        for (i, j) in (0..from[0]).flat_map(|i| (0..from[1]).map(move |j| (i, j))) {
            for o in 0..per_group {
                for (r, s) in (0..kernel_height).flat_map(|r| (0..kernel_width).map(move |s| (r, s))) {
                    if let (Some(row), Some(column)) = (place(0, i, r), place(1, j, s)) {
                        let channel = c / (in_channels / groups) * per_group + o;
                        let weight = weight[((c * per_group + o) * kernel_height + r) * kernel_width + s];
                        y[(channel * to[0] + row) * to[1] + column] += weight * x[(c * from[0] + i) * from[1] + j];
                    }
                }
            }
        }
    }
    y
}

impl Network {
    /// A causal convolution: each channel goes on behind its state, with no padding. The part of the state
    /// that is its own follows on those of the layers before.
    pub(super) fn causal(&self, info: &LayerInfo, window: &Window, path: &str, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (in_channels, steps, before) = (info.input.dim(0), info.input.dim(1), window.padding[1]);
        let mut last = self.last_state.borrow_mut();
        let conv = Conv {
            groups: in_channels / info.parameters[0].shape.dim(1),
            in_channels,
            input: [1, before + steps],
            out_channels: info.output.dim(0),
            window: Window { padding: [0, 0], ..*window },
        };
        let mut one = |x: &Vec<f64>| {
            let mut whole = Vec::new();
            for x in x.chunks(steps) {
                let from = last.len();
                let mut channel = self.state.get(from..from + before).map_or(vec![0.0; before], <[f64]>::to_vec);
                channel.extend(x);
                last.extend(&channel[steps..]);
                whole.extend(channel);
            }
            conv.forward(&whole, self.values(path, "weight"), &self.bias(path, info))
        };
        x.iter().map(&mut one).collect()
    }
}

/// `columns[c][r][s][window]`: the elements of every window, 0 in the padding.
#[must_use]
pub fn unfold(info: &LayerInfo, window: &Window, x: &[f64]) -> Vec<f64> {
    places(plane(info.input), info.input.dim(0), window).into_iter().map(|at| at.map_or(0.0, |at| x[at])).collect()
}

/// Each element of an image is the sum of the columns' elements that [`unfold`] would take from it.
#[must_use]
pub fn fold(info: &LayerInfo, window: &Window, columns: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; info.output.numel()];
    for (at, value) in places(plane(info.output), info.output.dim(0), window).into_iter().zip(columns) {
        if let Some(at) = at {
            x[at] += value;
        }
    }
    x
}

/// For each element of the columns its place in the image; none in the padding.
fn places([height, width]: [usize; 2], channels: usize, window: &Window) -> Vec<Option<usize>> {
    let [out_height, out_width] = window.outputs([height, width]);
    let (rows, columns) = (window.along(0, height, out_height), window.along(1, width, out_width));
    let mut places = Vec::new();
    for c in 0..channels {
        for (r, s) in (0..window.kernel[0]).flat_map(|r| (0..window.kernel[1]).map(move |s| (r, s))) {
            for (i, j) in (0..out_height).flat_map(|i| (0..out_width).map(move |j| (i, j))) {
                places.push(rows[i][r].zip(columns[j][s]).map(|(row, column)| (c * height + row) * width + column));
            }
        }
    }
    places
}
