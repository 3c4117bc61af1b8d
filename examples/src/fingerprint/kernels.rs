//! Every kernel, under its name.

use tensorlet::{
    Portable,
    description::{Activation, Window},
    kernel::{
        AdadeltaStep, AdagradStep, AdamStep, Conv2dDims, Conv2dShape, ConvKernels, ElementwiseKernels, Epilogue, Function,
        MatmulKernels, NormKernels, Pool2dDims, Pool2dShape, PoolKernels, RecurrentKernels, ReduceKernels, RmsPropStep, RowNorm, SgdStep,
        SoftmaxKernels, Standard, UpdateKernels,
    },
    math,
};

use super::{any, any_mut, cases::cases};

/// Two groups of two channels, 4x5, to two groups of three channels, 2x3.
struct Convolution;

impl Conv2dShape for Convolution {
    const DIMS: Conv2dDims = Conv2dDims {
        groups: 2,
        in_channels: 2,
        input: [4, 5],
        out_channels: 3,
        output: [2, 3],
        window: Window::new([3, 2], [2, 2], [1, 1]),
    };
}

/// Planes of 5x4, pooled to 3x2.
struct Pooling;

impl Pool2dShape for Pooling {
    const DIMS: Pool2dDims =
        Pool2dDims { input: [5, 4], output: [3, 2], window: Some(Window::new([3, 3], [2, 2], [1, 1])) };
}

/// Windows that divide the plane.
struct Dividing;

impl Pool2dShape for Dividing {
    const DIMS: Pool2dDims =
        Pool2dDims { input: [4, 6], output: [2, 3], window: Some(Window::new([2, 2], [2, 2], [0, 0])) };
}

/// `x · tanh(x)`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wave;

impl Function for Wave {
    const ACTIVATION: Activation = Activation::Custom("Wave");

    fn value(self, x: f32) -> f32 {
        x * math::tanh(x)
    }

    fn derivative(self, x: f32) -> f32 {
        let y = math::tanh(x);
        y + x * (1.0 - y * y)
    }
}

const ADAM: AdamStep = AdamStep {
    step_size: 0.02,
    beta1: 0.9,
    one_minus_beta1: 0.1,
    beta2: 0.99,
    one_minus_beta2: 0.01,
    rsqrt_correction2: 1.3,
    eps: 1e-6,
    weight_decay: 0.01,
};

type Row = [f32; 13];

cases! {
    matmul(a: [[f32; 7]; 3], b: [[f32; 5]; 7] => c: [[f32; 5]; 3]) Portable.matmul(any(a), b, any_mut(c));
    matmul_nt(a: [[f32; 5]; 3], b: [[f32; 5]; 7] => c: [[f32; 7]; 3]) Portable.matmul_nt(any(a), b, any_mut(c));
    matmul_tn(a: [[f32; 7]; 3], b: [[f32; 5]; 3] => c: [[f32; 5]; 7]) Portable.matmul_tn(any(a), any(b), c);
    matmul_flat(inner: u8 = 3.0..3.5, columns: u8 = 5.0..5.5, a: [f32; 12], b: [f32; 15] => c: [f32; 20])
        Portable.matmul_flat([usize::from(*inner), usize::from(*columns)], any(a), any(b), any_mut(c));
    matmul_nt_flat(inner: u8 = 3.0..3.5, columns: u8 = 5.0..5.5, a: [f32; 12], b: [f32; 15] => c: [f32; 20])
        Portable.matmul_nt_flat([usize::from(*columns), usize::from(*inner)], any(a), any(b), any_mut(c));
    matmul_tn_flat(rows: u8 = 3.0..3.5, columns: u8 = 5.0..5.5, a: [f32; 12], b: [f32; 20] => c: [f32; 15])
        Portable.matmul_tn_flat([usize::from(*rows), usize::from(*columns)], any(a), any(b), any_mut(c));
    linear(x: [[f32; 7]; 3], w: [[f32; 5]; 7], bias: [f32; 5] => y: [[f32; 5]; 3])
        Portable.linear(any(x), w, bias, Epilogue::Relu, any_mut(y));
    linear_flat(inner: u8 = 3.0..3.5, columns: u8 = 5.0..5.5, x: [f32; 12], w: [f32; 15], bias: [f32; 5] => y: [f32; 20])
        Portable.linear_flat([usize::from(*inner), usize::from(*columns)], any(x), any(w), any(bias), Epilogue::Tanh, any_mut(y));

    conv2d(x: [f32; 80], w: [f32; 72], bias: [f32; 6] => y: [f32; 36])
        Portable.conv2d::<Convolution>(any(x), any(w), any(bias), any_mut(y));
    conv2d_fused(x: [f32; 80], w: [f32; 72], bias: [f32; 6] => y: [f32; 36])
        Portable.conv2d_fused::<Convolution>(any(x), any(w), any(bias), Epilogue::Sigmoid, any_mut(y));
    conv2d_input_gradient(dy: [f32; 36], w: [f32; 72] => dx: [f32; 80])
        Portable.conv2d_input_gradient::<Convolution>(any(dy), any(w), any_mut(dx));
    conv2d_weight_gradient(x: [f32; 80], dy: [f32; 36] => dw: [f32; 72], db: [f32; 6])
        Portable.conv2d_weight_gradient::<Convolution>(any(x), any(dy), any_mut(dw), any_mut(db));
    conv2d_bias_gradient(dy: [f32; 36] => db: [f32; 6])
        Portable.conv2d_bias_gradient::<Convolution>(any(dy), any_mut(db));
    conv2d_channel_input_gradient(channel: u8, dy: [f32; 36], w: [f32; 72] => dx: [f32; 80])
        Portable.conv2d_channel_input_gradient::<Convolution>(usize::from(*channel), any(dy), any(w), any_mut(dx));
    conv2d_channel_weight_gradient(channel: u8, x: [f32; 80], dy: [f32; 36] => dw: [f32; 12])
        Portable.conv2d_channel_weight_gradient::<Convolution>(usize::from(*channel), any(x), any(dy), any_mut(dw));

    max_pool2d(x: [f32; 40] => y: [f32; 12], index: [u8; 12])
        Portable.max_pool2d::<Pooling>(any(x), any_mut(y), any_mut(index));
    max_pool2d_backward(dy: [f32; 12], index: [u8; 12] = 0.0..9.0 => dx: [f32; 40])
        Portable.max_pool2d_backward::<Pooling>(any(dy), any(index), any_mut(dx));
    avg_pool2d(x: [f32; 40] => y: [f32; 12]) Portable.avg_pool2d::<Pooling>(any(x), any_mut(y));
    avg_pool2d_backward(dy: [f32; 12] => dx: [f32; 40]) Portable.avg_pool2d_backward::<Pooling>(any(dy), any_mut(dx));
    avg_pool2d_backward_through(dy: [f32; 6] => y: [f32; 24] = 0.0..1.0)
        Portable.avg_pool2d_backward_through::<Dividing>(Epilogue::Sigmoid, any(dy), any_mut(y));

    relu(=> x: Row) Portable.relu(any_mut(x));
    relu_masked(=> x: Row, mask: [u32; 1]) Portable.relu_masked(any_mut(x), any_mut(mask));
    relu_backward(mask: [u32; 1] = 0.0..8000.0 => dy: Row) Portable.relu_backward(any_mut(dy), any(mask));
    sigmoid(=> x: Row) Portable.sigmoid(any_mut(x));
    sigmoid_backward(dy: Row => y: Row = 0.0..1.0) Portable.sigmoid_backward(any_mut(y), any(dy));
    tanh(=> x: Row) Portable.tanh(any_mut(x));
    tanh_backward(dy: Row => y: Row = -1.0..1.0) Portable.tanh_backward(any_mut(y), any(dy));
    map(=> x: Row) Portable.map(Wave, any_mut(x));
    map_backward(dy: Row => x: Row) Portable.map_backward(Wave, any_mut(x), any(dy));
    gate(a: Row, b: Row => y: Row) Portable.gate(Wave, any(a), any(b), any_mut(y));
    gate_backward(dy: Row => a: Row, b: Row) Portable.gate_backward(Wave, any_mut(a), any_mut(b), any(dy));
    add(x: Row => y: Row) Portable.add(any_mut(y), any(x));
    add_scaled(x: Row, a: f32 => y: Row) Portable.add_scaled(any_mut(y), *a, any(x));
    scale(a: f32 => x: Row) Portable.scale(any_mut(x), *a);
    divide(a: f32 = 0.5..2.0 => x: Row) Portable.divide(any_mut(x), *a);
    add_gumbel(u: Row = 0.0..1.0 => x: Row) Portable.add_gumbel(any_mut(x), any(u));
    draw_gumbel(seed: u8 => x: Row) Portable.draw_gumbel(any_mut(x), u64::from(*seed));

    lstm_gates(=> gates: [f32; 20], c: [f32; 5], h: [f32; 5])
        Portable.lstm_gates(any_mut(gates), &[], any_mut(c), any_mut(h));
    lstm_gates_backward(before: [f32; 5], c: [f32; 5] = -1.0..1.0, dh: [f32; 5] => gates: [f32; 20] = 0.0..1.0, dc: [f32; 5])
        Portable.lstm_gates_backward(any_mut(gates), any(before), any(c), any(dh), any_mut(dc));
    gru_gates(side: [f32; 15] => gates: [f32; 15], h: [f32; 5])
        Portable.gru_gates(any_mut(gates), any(side), any_mut(h));
    gru_gates_backward(before: [f32; 5] => gates: [f32; 15] = 0.0..1.0, side: [f32; 5], dh: [f32; 5])
        Portable.gru_gates_backward(any_mut(gates), any_mut(side), any(before), any_mut(dh));

    sum(x: Row) Portable.sum(any(x));
    max(x: Row) Portable.max(any(x));
    dot(a: Row, b: Row) Portable.dot(any(a), any(b));
    argmax(x: Row) Portable.argmax(any(x));
    one_hot_max(x: [[f32; 5]; 3] => y: [[f32; 5]; 3])
        Portable.one_hot_max(5, any(x.as_flattened()), any_mut(y.as_flattened_mut()));

    softmax(=> x: Row) Portable.softmax(any_mut(x));
    softmax_rows(=> x: [[f32; 5]; 3]) Portable.softmax_rows(any_mut(x.as_flattened_mut()), 5);
    softmax_backward(dy: Row => y: Row = 0.0..0.2) Portable.softmax_backward(any_mut(y), any(dy));
    log_softmax(=> x: Row) Portable.log_softmax(any_mut(x));
    log_softmax_backward(dy: Row => y: Row = -4.0..-1.0) Portable.log_softmax_backward(any_mut(y), any(dy));
    cross_entropy(target: u8, scale: f32 => x: Row) Portable.cross_entropy(any_mut(x), usize::from(*target), *scale);
    cross_entropy_rows(target: u8 => x: [[f32; 5]; 3], losses: [f32; 3])
        Portable.cross_entropy_rows(
            any_mut(x.as_flattened_mut()), 5, &[usize::from(*target), 4, 0], any_mut(losses),
        );

    deviations(x: Row, mean: f32) Portable.deviations(any(x), *mean);
    dot_deviations(x: Row, dy: Row, mean: f32) Portable.dot_deviations(any(x), any(dy), *mean);
    standardize(mean: f32, scale: f32, shift: f32 => x: Row) Portable.standardize(any_mut(x), *mean, *scale, *shift);
    standardize_backward(dy: Row, mean: f32, factors: [f32; 3] => x: Row)
        Portable.standardize_backward(any_mut(x), any(dy), *mean, *factors);
    layer_norm(mean: f32, rstd: f32, weight: Row, bias: Row => x: Row)
        Portable.layer_norm(any_mut(x), Standard { mean: *mean, rstd: *rstd }, any(weight), any(bias));
    layer_norm_backward(dy: Row, mean: f32, rstd: f32, weight: Row => x: Row, dweight: Row)
        Portable.layer_norm_backward(
            any_mut(x), any(dy), Standard { mean: *mean, rstd: *rstd }, true, any(weight), any_mut(dweight),
        );
    layer_norm_rows(eps: f32 = 0.1..0.2, x: [[f32; 5]; 3], weight: [f32; 5], bias: [f32; 5] => y: [[f32; 5]; 3])
        Portable.layer_norm_rows(
            RowNorm { len: 5, centered: true, eps: *eps, weight: any(weight), bias: any(bias) },
            Some(any(x.as_flattened())), any_mut(y.as_flattened_mut()),
        );
    layer_norm_rows_backward(
        eps: f32 = 0.1..0.2, dy: [[f32; 5]; 3], weight: [f32; 5] => x: [[f32; 5]; 3], dweight: [f32; 5], dbias: [f32; 5]
    )
        Portable.layer_norm_rows_backward(
            RowNorm { len: 5, centered: false, eps: *eps, weight: any(weight), bias: &[] },
            any_mut(x.as_flattened_mut()), any(dy.as_flattened()), any_mut(dweight), any_mut(dbias),
        );

    sgd(lr: f32, g: Row => w: Row)
        Portable.sgd(SgdStep { lr: *lr, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay: 0.1 }, any_mut(w), any(g));
    sgd_linear(lr: f32, dy: [[f32; 5]; 3] => x: [[f32; 7]; 3], w: [[f32; 5]; 7], scratch: [f32; 3])
        Portable.sgd_linear(
            SgdStep { lr: *lr, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay: 0.1 },
            any_mut(x), any(dy), w, scratch, true,
        );
    sgd_momentum(lr: f32, g: Row => w: Row, buffer: Row)
        Portable.sgd_momentum(
            SgdStep { lr: *lr, momentum: 0.9, gain: 0.8, nesterov: true, weight_decay: 0.1 },
            any_mut(w), any(g), any_mut(buffer),
        );
    adam(g: Row => w: Row, m: Row, v: Row = 0.0..1.0)
        Portable.adam(ADAM, any_mut(w), any(g), any_mut(m), any_mut(v));
    adam_amsgrad(g: Row => w: Row, m: Row, v: Row = 0.0..1.0, largest: Row = 0.0..1.0)
        Portable.adam_amsgrad(ADAM, any_mut(w), any(g), any_mut(m), any_mut(v), any_mut(largest));
    nadam(size: f32, g: Row => w: Row, m: Row, v: Row = 0.0..1.0)
        Portable.nadam(ADAM, *size, any_mut(w), any(g), any_mut(m), any_mut(v));
    adamax(g: Row => w: Row, m: Row, u: Row = 0.1..1.0)
        Portable.adamax(ADAM, any_mut(w), any(g), any_mut(m), any_mut(u));
    rmsprop(g: Row => w: Row, square: Row = 0.5..1.0, mean: Row = -0.1..0.1, buffer: Row)
        Portable.rmsprop(
            RmsPropStep { lr: 0.02, alpha: 0.9, one_minus_alpha: 0.1, eps: 1e-6, momentum: 0.8, weight_decay: 0.1 },
            any_mut(w), any(g), any_mut(square), any_mut(mean), any_mut(buffer),
        );
    adagrad(g: Row => w: Row, total: Row = 0.0..1.0)
        Portable.adagrad(
            AdagradStep { lr: 0.02, initial: 0.1, eps: 1e-6, weight_decay: 0.1 }, any_mut(w), any(g), any_mut(total),
        );
    adadelta(g: Row => w: Row, square: Row = 0.0..1.0, delta: Row = 0.0..1.0)
        Portable.adadelta(
            AdadeltaStep { lr: 1.0, rho: 0.9, one_minus_rho: 0.1, eps: 1e-6, weight_decay: 0.1 },
            any_mut(w), any(g), any_mut(square), any_mut(delta),
        );
}
