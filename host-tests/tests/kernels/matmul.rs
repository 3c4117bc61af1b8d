//! Matrix products.

use proptest::prelude::*;
use tensorlet::{
    Tensor,
    kernel::{Epilogue, Kernels, SgdStep},
};
use tensorlet_host::{
    framed::Framed,
    reference::{
        abs,
        matmul::{matmul as reference, transpose},
        wide,
    },
    tolerance,
};

use super::property::{Outcome, numbers, property, worst};

/// How long an operand is: so many numbers, or so many in each row of the batch.
#[derive(Clone, Copy)]
enum Length {
    Whole(usize),
    PerRow(usize),
}
use Length::{PerRow, Whole};

/// A kernel on flat matrices: two factors, and the sum that it adds to.
type Kernel<'a> = &'a dyn Fn(&[f32], &[f32], &mut [f32]);

/// The reference: the product of so many rows of the batch.
type Product<'a> = &'a dyn Fn(usize, &[f64], &[f64]) -> Vec<f64>;

/// Compares `c += product` with `c + product`, where `product(rows, a, b)` is the reference.
fn check(name: &str, lengths: [Length; 3], kernel: Kernel<'_>, product: Product<'_>) -> Outcome {
    let operands = (1_usize..=6).prop_flat_map(move |rows| {
        let [a, b, c] = lengths.map(|length| match length {
            Whole(n) => numbers(n),
            PerRow(n) => numbers(n * rows),
        });
        (Just(rows), a, b, c)
    });
    property(operands.boxed(), &|(rows, a, b, c)| {
        let (framed_a, framed_b, mut got) = (Framed::new(&a), Framed::new(&b), Framed::new(&c));
        kernel(framed_a.get(), framed_b.get(), got.get_mut());
        let [a, b, c] = [a, b, c].map(|x| wide(&x));
        let plus = |product: Vec<f64>, c: &[f64]| product.iter().zip(c).map(|(p, c)| p + c).collect::<Vec<_>>();
        let value = plus(product(rows, &a, &b), &c);
        let magnitude = plus(product(rows, &abs(&a), &abs(&b)), &abs(&c));
        tolerance::of(name).compare(got.get(), &value, &magnitude)
    })
}

fn nn<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    check(
        "matmul",
        [PerRow(K), Whole(K * N), PerRow(N)],
        &|a, b, c| k.matmul(<[f32; K]>::view(a), &<[[f32; N]; K]>::view(b)[0], <[f32; N]>::view_mut(c)),
        &|m, a, b| reference(a, b, [m, K, N]),
    )
}

fn nt<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    check(
        "matmul_nt",
        [PerRow(N), Whole(K * N), PerRow(K)],
        &|a, b, c| k.matmul_nt(<[f32; N]>::view(a), &<[[f32; N]; K]>::view(b)[0], <[f32; K]>::view_mut(c)),
        &|m, a, b| reference(a, &transpose(b, [K, N]), [m, N, K]),
    )
}

fn tn<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    check(
        "matmul_tn",
        [PerRow(K), PerRow(N), Whole(K * N)],
        &|a, b, c| k.matmul_tn(<[f32; K]>::view(a), <[f32; N]>::view(b), &mut <[[f32; N]; K]>::view_mut(c)[0]),
        &|m, a, b| reference(&transpose(a, [m, K]), b, [K, m, N]),
    )
}

/// The inner and outer size of each product.
macro_rules! sizes {
    ($check:ident($k:expr)) => {
        worst([
            $check::<T, 1, 1>($k),
            $check::<T, 3, 5>($k),
            $check::<T, 8, 16>($k),
            $check::<T, 7, 17>($k),
            $check::<T, 33, 9>($k),
            $check::<T, 64, 10>($k),
            $check::<T, 19, 47>($k),
            $check::<T, 130, 3>($k),
        ])
    };
}

pub(crate) fn matmul<T: Kernels>(k: T) -> Outcome {
    sizes!(nn(k))
}

pub(crate) fn matmul_nt<T: Kernels>(k: T) -> Outcome {
    sizes!(nt(k))
}

pub(crate) fn matmul_tn<T: Kernels>(k: T) -> Outcome {
    sizes!(tn(k))
}

/// Inner and outer size of each product whose sizes are numbers.
const FLAT: [[usize; 2]; 8] = [[1, 1], [3, 5], [8, 16], [7, 17], [33, 9], [64, 10], [19, 47], [130, 3]];

pub(crate) fn matmul_flat<T: Kernels>(k: T) -> Outcome {
    worst(FLAT.map(|[inner, columns]| {
        check(
            "matmul_flat",
            [PerRow(inner), Whole(inner * columns), PerRow(columns)],
            &|a, b, c| k.matmul_flat([inner, columns], a, b, c),
            &|rows, a, b| reference(a, b, [rows, inner, columns]),
        )
    }))
}

pub(crate) fn matmul_nt_flat<T: Kernels>(k: T) -> Outcome {
    worst(FLAT.map(|[columns, inner]| {
        check(
            "matmul_nt_flat",
            [PerRow(inner), Whole(inner * columns), PerRow(columns)],
            &|a, b, c| k.matmul_nt_flat([columns, inner], a, b, c),
            &|rows, a, b| reference(a, &transpose(b, [columns, inner]), [rows, inner, columns]),
        )
    }))
}

pub(crate) fn matmul_tn_flat<T: Kernels>(k: T) -> Outcome {
    worst(FLAT.map(|[rows, columns]| {
        check(
            "matmul_tn_flat",
            [PerRow(rows), PerRow(columns), Whole(rows * columns)],
            &|a, b, c| k.matmul_tn_flat([rows, columns], a, b, c),
            &|inner, a, b| reference(&transpose(a, [inner, rows]), b, [rows, inner, columns]),
        )
    }))
}

/// A fully connected layer on flat matrices: inputs, weight, bias, activation, outputs.
type Layer<'a> = &'a dyn Fn(&[f32], &[f32], &[f32], Epilogue, &mut [f32]);

/// Compares a layer of `inner` inputs and `columns` outputs with bias, product and activation.
fn check_layer(name: &str, [inner, columns]: [usize; 2], kernel: Layer<'_>) -> Outcome {
    let then =
        prop_oneof![Just(Epilogue::Identity), Just(Epilogue::Relu), Just(Epilogue::Sigmoid), Just(Epilogue::Tanh)];
    let bias = prop_oneof![numbers(columns), Just(Vec::new())];
    let operands = (1_usize..=6, then, bias)
        .prop_flat_map(move |(rows, then, bias)| {
            (numbers(rows * inner), numbers(inner * columns), Just(bias), Just(then), Just(rows))
        })
        .boxed();
    property(operands, &|(x, w, bias, then, rows)| {
        let (framed_x, framed_w, framed_bias) = (Framed::new(&x), Framed::new(&w), Framed::new(&bias));
        let mut got = Framed::poison(rows * columns);
        kernel(framed_x.get(), framed_w.get(), framed_bias.get(), then, got.get_mut());
        let [x, w, bias] = [x, w, bias].map(|x| wide(&x));
        let sums = |x: &[f64], w: &[f64], bias: &[f64]| -> Vec<f64> {
            let product = reference(x, w, [rows, inner, columns]);
            product.iter().enumerate().map(|(i, sum)| sum + bias.get(i % columns).unwrap_or(&0.0)).collect()
        };
        let value = sums(&x, &w, &bias);
        let magnitude = sums(&abs(&x), &abs(&w), &abs(&bias));
        let [value, magnitude] = activated(then, &value, &magnitude);
        tolerance::of(name).compare(got.get(), &value, &magnitude)
    })
}

/// What sums become behind an activation, and the magnitude of the result.
pub(crate) fn activated(then: Epilogue, sums: &[f64], magnitude: &[f64]) -> [Vec<f64>; 2] {
    let value_of = |x: f64| match then {
        Epilogue::Identity => x,
        Epilogue::Relu => x.max(0.0),
        Epilogue::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Epilogue::Tanh => x.tanh(),
    };
    // The rounding of a sum counts as the slope says.
    let magnitude_of = |x: f64, size: f64| match then {
        Epilogue::Identity | Epilogue::Relu => size,
        Epilogue::Sigmoid => value_of(x) * (1.0 + value_of(-x) * size),
        Epilogue::Tanh => x.tanh().abs() + (1.0 - x.tanh().powi(2)) * size,
    };
    let magnitude = sums.iter().zip(magnitude).map(|(x, size)| magnitude_of(*x, *size)).collect();
    [sums.iter().map(|x| value_of(*x)).collect(), magnitude]
}

fn layer<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    check_layer("linear", [K, N], &|x, w, bias, then, y| {
        k.linear(<[f32; K]>::view(x), &<[[f32; N]; K]>::view(w)[0], bias, then, <[f32; N]>::view_mut(y));
    })
}

pub(crate) fn linear<T: Kernels>(k: T) -> Outcome {
    sizes!(layer(k))
}

pub(crate) fn linear_flat<T: Kernels>(k: T) -> Outcome {
    worst(FLAT.map(|sizes| {
        check_layer("linear_flat", sizes, &|x, w, bias, then, y| k.linear_flat(sizes, x, w, bias, then, y))
    }))
}

/// The step of a layer of `K` inputs and `N` outputs, with and without the gradient of its input.
fn step<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    let step = (1e-3_f32..1.0, prop_oneof![Just(0.0_f32), 1e-4_f32..0.5], any::<bool>());
    let operands = (1_usize..=40, step)
        .prop_flat_map(|(samples, step)| {
            (numbers(samples * K), numbers(samples * N), numbers(K * N), Just(step), Just(samples))
        })
        .boxed();
    property(operands, &|(x, dy, w, (lr, weight_decay, input_gradient), samples)| {
        let (mut got_x, framed_dy, mut got_w) = (Framed::new(&x), Framed::new(&dy), Framed::new(&w));
        let mut scratch = Framed::poison(samples);
        let plain = SgdStep { lr, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay };
        k.sgd_linear(
            plain,
            <[f32; K]>::view_mut(got_x.get_mut()),
            <[f32; N]>::view(framed_dy.get()),
            &mut <[[f32; N]; K]>::view_mut(got_w.get_mut())[0],
            scratch.get_mut(),
            input_gradient,
        );
        let [x, dy, w] = [x, dy, w].map(|x| wide(&x));
        let (lr, weight_decay) = (f64::from(lr), f64::from(weight_decay));
        let weights = |x: &[f64], dy: &[f64], w: &[f64], keep: f64, lr: f64| -> Vec<f64> {
            let gradient = reference(&transpose(x, [samples, K]), dy, [K, samples, N]);
            w.iter().zip(gradient).map(|(w, g)| keep * w - lr * g).collect()
        };
        let row = tolerance::of("sgd_linear");
        let value = weights(&x, &dy, &w, 1.0 - lr * weight_decay, lr);
        let magnitude = weights(&abs(&x), &abs(&dy), &abs(&w), 1.0 + lr * weight_decay, -lr);
        let weight = row.compare(got_w.get(), &value, &magnitude);
        let inputs = |dy: &[f64], w: &[f64]| reference(dy, &transpose(w, [K, N]), [samples, N, K]);
        let input = if input_gradient {
            row.compare(got_x.get(), &inputs(&dy, &w), &inputs(&abs(&dy), &abs(&w)))
        } else {
            row.compare(got_x.get(), &x, &vec![0.0; x.len()])
        };
        worst([weight, input])
    })
}

pub(crate) fn sgd_linear<T: Kernels>(k: T) -> Outcome {
    sizes!(step(k))
}
