//! The tests are tested: a token that spoils the results of its kernels slightly must fail every one.

use tensorlet::{
    Portable,
    kernel::{
        AdadeltaStep, AdagradStep, AdamStep, Conv2dShape, ConvKernels, ElementwiseKernels, Epilogue, Function, Kernels,
        MatmulKernels, NormKernels, Pool2dShape, PoolKernels, RecurrentKernels, ReduceKernels, RmsPropStep, SgdStep,
        SoftmaxKernels, Standard, UpdateKernels,
    },
};

use super::property::Outcome;

/// Computes as [`Portable`] does, and then moves the last result by a thousandth.
#[derive(Clone, Copy)]
pub(crate) struct Spoiled;

fn spoil(x: &mut [f32]) {
    if let Some(last) = x.last_mut() {
        *last += 1e-3 * (1.0 + last.abs());
    }
}

impl MatmulKernels for Spoiled {
    fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
        Portable.matmul(a, b, c);
        spoil(c.as_flattened_mut());
    }

    fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
        Portable.matmul_nt(a, b, c);
        spoil(c.as_flattened_mut());
    }

    fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
        Portable.matmul_tn(a, b, c);
        spoil(c.as_flattened_mut());
    }

    fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        Portable.matmul_flat(sizes, a, b, c);
        spoil(c);
    }

    fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        Portable.matmul_nt_flat(sizes, a, b, c);
        spoil(c);
    }

    fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        Portable.matmul_tn_flat(sizes, a, b, c);
        spoil(c);
    }

    fn linear<const K: usize, const N: usize>(
        self,
        x: &[[f32; K]],
        w: &[[f32; N]; K],
        bias: &[f32],
        then: Epilogue,
        y: &mut [[f32; N]],
    ) {
        Portable.linear(x, w, bias, then, y);
        spoil(y.as_flattened_mut());
    }

    fn linear_flat(self, sizes: [usize; 2], x: &[f32], w: &[f32], bias: &[f32], then: Epilogue, y: &mut [f32]) {
        Portable.linear_flat(sizes, x, w, bias, then, y);
        spoil(y);
    }
}

impl ConvKernels for Spoiled {
    fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        Portable.conv2d::<G>(x, weight, bias, y);
        spoil(y);
    }

    fn conv2d_fused<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], then: Epilogue, y: &mut [f32]) {
        Portable.conv2d_fused::<G>(x, weight, bias, then, y);
        spoil(y);
    }

    fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        Portable.conv2d_input_gradient::<G>(dy, weight, dx);
        spoil(dx);
    }

    fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        Portable.conv2d_weight_gradient::<G>(x, dy, dw, db);
        spoil(dw);
    }

    fn conv2d_bias_gradient<G: Conv2dShape>(self, dy: &[f32], db: &mut [f32]) {
        Portable.conv2d_bias_gradient::<G>(dy, db);
        spoil(db);
    }

    fn conv2d_channel_input_gradient<G: Conv2dShape>(self, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        Portable.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx);
        spoil(dx);
    }

    fn conv2d_channel_weight_gradient<G: Conv2dShape>(self, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        Portable.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw);
        spoil(dw);
    }
}

impl PoolKernels for Spoiled {
    /// The value is right, its place is not.
    fn max_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32], index: &mut [u8]) {
        Portable.max_pool2d::<G>(x, y, index);
        if let Some(last) = index.last_mut() {
            *last ^= 1;
        }
    }

    fn max_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], index: &[u8], dx: &mut [f32]) {
        Portable.max_pool2d_backward::<G>(dy, index, dx);
        spoil(dx);
    }

    fn avg_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32]) {
        Portable.avg_pool2d::<G>(x, y);
        spoil(y);
    }

    fn avg_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], dx: &mut [f32]) {
        Portable.avg_pool2d_backward::<G>(dy, dx);
        spoil(dx);
    }

    fn avg_pool2d_backward_through<G: Pool2dShape>(self, through: Epilogue, dy: &[f32], x: &mut [f32]) {
        Portable.avg_pool2d_backward_through::<G>(through, dy, x);
        spoil(x);
    }
}

impl ElementwiseKernels for Spoiled {
    fn relu(self, x: &mut [f32]) {
        Portable.relu(x);
        spoil(x);
    }

    /// The value is right, its bit is not.
    fn relu_masked(self, x: &mut [f32], mask: &mut [u32]) {
        Portable.relu_masked(x, mask);
        if let Some(last) = mask.last_mut() {
            *last ^= 1;
        }
    }

    fn relu_backward(self, dy: &mut [f32], mask: &[u32]) {
        Portable.relu_backward(dy, mask);
        spoil(dy);
    }

    fn sigmoid(self, x: &mut [f32]) {
        Portable.sigmoid(x);
        spoil(x);
    }

    fn sigmoid_backward(self, y: &mut [f32], dy: &[f32]) {
        Portable.sigmoid_backward(y, dy);
        spoil(y);
    }

    fn tanh(self, x: &mut [f32]) {
        Portable.tanh(x);
        spoil(x);
    }

    fn tanh_backward(self, y: &mut [f32], dy: &[f32]) {
        Portable.tanh_backward(y, dy);
        spoil(y);
    }

    fn map<F: Function>(self, f: F, x: &mut [f32]) {
        Portable.map(f, x);
        spoil(x);
    }

    fn map_backward<F: Function>(self, f: F, x: &mut [f32], dy: &[f32]) {
        Portable.map_backward(f, x, dy);
        spoil(x);
    }

    fn gate<F: Function>(self, f: F, a: &[f32], b: &[f32], y: &mut [f32]) {
        Portable.gate(f, a, b, y);
        spoil(y);
    }

    fn gate_backward<F: Function>(self, f: F, a: &mut [f32], b: &mut [f32], dy: &[f32]) {
        Portable.gate_backward(f, a, b, dy);
        spoil(b);
    }

    fn add(self, y: &mut [f32], x: &[f32]) {
        Portable.add(y, x);
        spoil(y);
    }

    fn add_scaled(self, y: &mut [f32], a: f32, x: &[f32]) {
        Portable.add_scaled(y, a, x);
        spoil(y);
    }

    fn scale(self, x: &mut [f32], a: f32) {
        Portable.scale(x, a);
        spoil(x);
    }

    fn divide(self, x: &mut [f32], a: f32) {
        Portable.divide(x, a);
        spoil(x);
    }

    fn add_gumbel(self, x: &mut [f32], u: &[f32]) {
        Portable.add_gumbel(x, u);
        spoil(x);
    }

    fn draw_gumbel(self, x: &mut [f32], seed: u64) {
        Portable.draw_gumbel(x, seed);
        spoil(x);
    }
}

impl RecurrentKernels for Spoiled {
    fn lstm_gates(self, gates: &mut [f32], side: &[f32], c: &mut [f32], h: &mut [f32]) {
        Portable.lstm_gates(gates, side, c, h);
        spoil(c);
    }

    fn lstm_gates_backward(self, gates: &mut [f32], before: &[f32], tanh_c: &[f32], dh: &[f32], dc: &mut [f32]) {
        Portable.lstm_gates_backward(gates, before, tanh_c, dh, dc);
        spoil(gates);
    }

    fn gru_gates(self, gates: &mut [f32], side: &[f32], h: &mut [f32]) {
        Portable.gru_gates(gates, side, h);
        spoil(h);
    }

    fn gru_gates_backward(self, gates: &mut [f32], side_new: &mut [f32], before: &[f32], dh: &mut [f32]) {
        Portable.gru_gates_backward(gates, side_new, before, dh);
        spoil(side_new);
    }
}

impl ReduceKernels for Spoiled {
    fn sum(self, x: &[f32]) -> f32 {
        Portable.sum(x) + 1e-3
    }

    fn max(self, x: &[f32]) -> f32 {
        Portable.max(x).next_up()
    }

    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        Portable.dot(a, b) + 1e-3
    }

    fn argmax(self, x: &[f32]) -> usize {
        Portable.argmax(x) + 1
    }
}

impl SoftmaxKernels for Spoiled {
    fn softmax(self, x: &mut [f32]) {
        Portable.softmax(x);
        spoil(x);
    }

    fn softmax_backward(self, y: &mut [f32], dy: &[f32]) {
        Portable.softmax_backward(y, dy);
        spoil(y);
    }

    fn log_softmax(self, x: &mut [f32]) {
        Portable.log_softmax(x);
        spoil(x);
    }

    fn log_softmax_backward(self, y: &mut [f32], dy: &[f32]) {
        Portable.log_softmax_backward(y, dy);
        spoil(y);
    }

    fn cross_entropy(self, x: &mut [f32], target: usize, scale: f32) -> f32 {
        let loss = Portable.cross_entropy(x, target, scale);
        spoil(x);
        loss
    }
}

impl NormKernels for Spoiled {
    fn deviations(self, x: &[f32], mean: f32) -> [f32; 2] {
        Portable.deviations(x, mean).map(|sum| sum * 1.001 + 1e-3)
    }

    fn dot_deviations(self, x: &[f32], dy: &[f32], mean: f32) -> f32 {
        Portable.dot_deviations(x, dy, mean) * 1.001 + 1e-3
    }

    fn standardize(self, x: &mut [f32], mean: f32, scale: f32, shift: f32) {
        Portable.standardize(x, mean, scale, shift);
        spoil(x);
    }

    fn standardize_backward(self, x: &mut [f32], dy: &[f32], mean: f32, factors: [f32; 3]) {
        Portable.standardize_backward(x, dy, mean, factors);
        spoil(x);
    }

    fn layer_norm(self, x: &mut [f32], standard: Standard, weight: &[f32], bias: &[f32]) {
        Portable.layer_norm(x, standard, weight, bias);
        spoil(x);
    }

    fn layer_norm_backward(
        self,
        x: &mut [f32],
        dy: &[f32],
        standard: Standard,
        centered: bool,
        weight: &[f32],
        dweight: &mut [f32],
    ) {
        Portable.layer_norm_backward(x, dy, standard, centered, weight, dweight);
        spoil(x);
    }
}

impl UpdateKernels for Spoiled {
    fn sgd(self, step: SgdStep, w: &mut [f32], g: &[f32]) {
        Portable.sgd(step, w, g);
        spoil(w);
    }

    fn sgd_linear<const K: usize, const N: usize>(
        self,
        step: SgdStep,
        x: &mut [[f32; K]],
        dy: &[[f32; N]],
        w: &mut [[f32; N]; K],
        scratch: &mut [f32],
        input_gradient: bool,
    ) {
        Portable.sgd_linear(step, x, dy, w, scratch, input_gradient);
        spoil(w.as_flattened_mut());
    }

    fn sgd_momentum(self, step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) {
        Portable.sgd_momentum(step, w, g, buffer);
        spoil(buffer);
    }

    fn adam(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        Portable.adam(step, w, g, m, v);
        spoil(v);
    }

    fn adam_amsgrad(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], u: &mut [f32]) {
        Portable.adam_amsgrad(step, w, g, m, v, u);
        spoil(u);
    }

    fn nadam(self, step: AdamStep, size: f32, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        Portable.nadam(step, size, w, g, m, v);
        spoil(w);
    }

    fn adamax(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], u: &mut [f32]) {
        Portable.adamax(step, w, g, m, u);
        spoil(u);
    }

    fn rmsprop(self, step: RmsPropStep, w: &mut [f32], g: &[f32], q: &mut [f32], a: &mut [f32], b: &mut [f32]) {
        Portable.rmsprop(step, w, g, q, a, b);
        spoil(b);
    }

    fn adagrad(self, step: AdagradStep, w: &mut [f32], g: &[f32], s: &mut [f32]) {
        Portable.adagrad(step, w, g, s);
        spoil(s);
    }

    fn adadelta(self, step: AdadeltaStep, w: &mut [f32], g: &[f32], q: &mut [f32], d: &mut [f32]) {
        Portable.adadelta(step, w, g, q, d);
        spoil(d);
    }
}

impl Kernels for Spoiled {
    const NAME: &'static str = "spoiled";
}

/// Fails where a spoiled kernel passes its test.
pub(crate) fn expect_caught(kernel: &str, outcome: Outcome) {
    assert!(outcome.is_err(), "the test of {kernel} does not notice a wrong result");
}
