//! burn with its flex backend.

use burn::tensor::{
    Device, Int, Tensor, TensorData, activation, module,
    ops::{ConvOptions, ConvTransposeOptions, MaxPoolOptions},
};
use tensorlet_benches::{
    arrays::Arrays,
    case::{Case, Cell, Conv, Op},
    contestant::Peer,
};

use crate::{Contestants, burn_networks};

pub(crate) fn contestants(case: &Case, arrays: &Arrays) -> Contestants {
    let device = Device::flex();
    let d = &device;
    let two = |name| tensor::<2>(arrays, name, d);
    match case.op {
        Op::Matmul { .. } => {
            one("eager", [two("a"), two("b")], |[a, b]| vec![("c", flat(a.clone().matmul(b.clone())))])
        }
        Op::Conv(c) => {
            let state = (tensor::<4>(arrays, "x", d), tensor::<4>(arrays, "weight", d), tensor::<1>(arrays, "bias", d));
            one("eager", state, move |(x, weight, bias)| {
                vec![("y", flat(module::conv2d(x.clone(), weight.clone(), Some(bias.clone()), options(c))))]
            })
        }
        Op::ConvGradient(c) => {
            let state = ["x", "weight", "dy"].map(|name| tensor::<4>(arrays, name, d));
            one("conv_transpose2d, conv2d_weight_backward, sum", state, move |[x, weight, dy]| {
                let padding = [c.padding; 2];
                let transposed = ConvTransposeOptions::new([1, 1], padding, [0, 0], [1, 1], c.groups);
                let dx = module::conv_transpose2d(dy.clone(), weight.clone(), None, transposed);
                let dw = module::conv2d_weight_backward(x.clone(), weight.clone(), dy.clone(), options(c));
                let db = dy.clone().sum_dim(0).sum_dim(2).sum_dim(3);
                vec![("dx", flat(dx)), ("dw", flat(dw)), ("db", flat(db))]
            })
        }
        Op::MaxPool(p) => one("eager", tensor::<4>(arrays, "x", d), move |x| {
            let options = MaxPoolOptions::new([p.kernel; 2]).with_stride([p.stride; 2]).with_padding([p.padding; 2]);
            vec![("y", flat(module::max_pool2d(x.clone(), options)))]
        }),
        Op::CrossEntropy(_) => {
            let state = (two("x").autodiff().require_grad(), labels(arrays, d));
            one("autodiff", state, |(x, labels)| {
                let loss = cross_entropy(x.clone(), labels.clone());
                let gradients = loss.backward();
                let gradient = x.grad(&gradients).map(flat);
                gradient.into_iter().map(|gradient| ("gradient", gradient)).chain([("loss", flat(loss))]).collect()
            })
        }
        Op::LayerNorm(_) => {
            let state = (two("x"), tensor::<1>(arrays, "weight", d), tensor::<1>(arrays, "bias", d));
            one("eager", state, |(x, weight, bias)| {
                vec![("y", flat(module::layer_norm(x.clone(), weight.clone(), Some(bias.clone()), 1e-5)))]
            })
        }
        Op::LayerNormGradient(_) => {
            let leaf = |name| tensor::<1>(arrays, name, d).autodiff().require_grad();
            let state = (two("x").autodiff().require_grad(), leaf("weight"), leaf("bias"), two("dy"));
            one("autodiff", state, |(x, weight, bias, dy)| {
                let y = module::layer_norm(x.clone(), weight.clone(), Some(bias.clone()), 1e-5);
                let gradients = (y * dy.clone()).sum().backward();
                let dx = x.grad(&gradients).map(|dx| ("dx", flat(dx)));
                let dw = weight.grad(&gradients).map(|dw| ("dw", dw));
                let db = bias.grad(&gradients).map(|db| ("db", db));
                [dx, dw, db].into_iter().flatten().collect()
            })
        }
        Op::Cell { cell, .. } => recurrent(cell, arrays, d),
        Op::Inference { network, .. } => burn_networks::inference(network, arrays, d),
        Op::Train { network, optimizer, lr, .. } => burn_networks::training(network, optimizer, lr, arrays, d),
        Op::Gumbel { .. } | Op::Threads { .. } => Vec::new(),
    }
}

/// A contestant whose run gives tensors.
pub(crate) fn one<S: 'static>(
    form: &'static str,
    state: S,
    run: impl FnMut(&mut S) -> Vec<(&'static str, Tensor<1>)> + 'static,
) -> Contestants {
    vec![Box::new(Peer {
        name: "burn",
        form,
        state,
        run,
        answer: |_: &mut S, values: Vec<(&'static str, Tensor<1>)>| {
            let mut answer = Arrays::default();
            for (name, value) in values {
                let data = data(value);
                answer.insert(name, &[data.len()], data);
            }
            answer
        },
    })]
}

/// An array as a tensor.
pub(crate) fn tensor<const D: usize>(arrays: &Arrays, name: &str, device: &Device) -> Tensor<D> {
    let array = arrays.0.get(name).cloned().unwrap_or_default();
    Tensor::from_data(TensorData::new(array.data, array.shape), device)
}

/// The labels of all rows.
pub(crate) fn labels(arrays: &Arrays, device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i32> = arrays["labels"].iter().map(|&label| label as i32).collect();
    let len = labels.len();
    Tensor::from_data(TensorData::new(labels, [len]), device)
}

/// The numbers of a tensor.
pub(crate) fn data<const D: usize>(value: Tensor<D>) -> Vec<f32> {
    value.into_data().try_to_vec().unwrap_or_default()
}

/// What burn's own loss computes, without its checks.
pub(crate) fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    activation::log_softmax(logits, 1).gather(1, labels.reshape([rows, 1])).mean().neg()
}

fn flat<const D: usize>(value: Tensor<D>) -> Tensor<1> {
    value.flatten(0, D - 1)
}

fn options(c: Conv) -> ConvOptions<2> {
    ConvOptions::new([1, 1], [c.padding; 2], [1, 1], c.groups)
}

/// A step of a cell from its gates, which are computed together. Weights are kept as burn has them, `[in, out]`.
fn recurrent(cell: Cell, arrays: &Arrays, d: &Device) -> Contestants {
    let weights = ["weight_ih", "weight_hh"].map(|name| tensor::<2>(arrays, name, d).transpose().mul_scalar(1.0));
    let biases = ["bias_ih", "bias_hh"].map(|name| tensor::<1>(arrays, name, d));
    let (x, h) = (tensor::<2>(arrays, "x", d), tensor::<2>(arrays, "h", d));
    let sides = move |x: &Tensor<2>, h: &Tensor<2>| {
        let [ih, hh] = weights.clone();
        let [bias_ih, bias_hh] = biases.clone();
        [module::linear(x.clone(), ih, Some(bias_ih)), module::linear(h.clone(), hh, Some(bias_hh))]
    };
    match cell {
        Cell::Lstm => one("gates computed together", (h, tensor::<2>(arrays, "c", d)), move |(h, c)| {
            let [from_x, from_h] = sides(&x, h);
            let gates = (from_x + from_h).chunk(4, 1);
            let [i, f, o] = [0, 1, 3].map(|gate| activation::sigmoid(gates[gate].clone()));
            *c = f * c.clone() + i * gates[2].clone().tanh();
            *h = o * c.clone().tanh();
            vec![("h", flat(h.clone())), ("c", flat(c.clone()))]
        }),
        Cell::Gru => one("gates computed together", h, move |h| {
            let [from_x, from_h] = sides(&x, h).map(|side| side.chunk(3, 1));
            let [r, z] = [0, 1].map(|gate| activation::sigmoid(from_x[gate].clone() + from_h[gate].clone()));
            let n = (from_x[2].clone() + r * from_h[2].clone()).tanh();
            *h = n.clone() + z * (h.clone() - n);
            vec![("h", flat(h.clone()))]
        }),
    }
}
