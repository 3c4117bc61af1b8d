//! Two-dimensional convolution and its gradients.

use super::Window;

/// The sizes of a convolution of one sample.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Channels of the output.
    pub out_channels: usize,
    /// Kernel, stride and padding.
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
            self.out_channels * self.in_channels * kh * kw,
        ]
    }

    /// Every product that the sum of a convolution has.
    fn products(&self) -> Vec<Product> {
        let [height, width] = self.input;
        let [out_height, out_width] = self.window.outputs(self.input);
        let [kernel_height, kernel_width] = self.window.kernel;
        let mut products = Vec::new();
        for o in 0..self.out_channels {
            for i in 0..out_height {
                for j in 0..out_width {
                    for c in 0..self.in_channels {
                        for r in 0..kernel_height {
                            for s in 0..kernel_width {
                                let row = self.window.input(0, i, r, height);
                                let column = self.window.input(1, j, s, width);
                                if let (Some(row), Some(column)) = (row, column) {
                                    products.push((
                                        (o * out_height + i) * out_width + j,
                                        (c * height + row) * width + column,
                                        ((o * self.in_channels + c) * kernel_height + r) * kernel_width + s,
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

    /// `y[o][i][j] = bias[o] + Σ w[o][c][r][s] x[c][i·stride + r - padding][j·stride + s - padding]`
    /// for each sample of a batch.
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
