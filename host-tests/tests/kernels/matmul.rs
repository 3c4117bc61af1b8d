//! Matrix products.

use proptest::prelude::*;
use tensorlet::{Tensor, kernel::Kernels};
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
