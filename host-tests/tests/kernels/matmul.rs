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

/// Three matrices: two factors and the sum that is added to.
type Operands = (Vec<f32>, Vec<f32>, Vec<f32>);

/// Operands of these lengths, each times the number of rows where the flag says so.
fn operands([a, b, c]: [(usize, bool); 3]) -> impl Strategy<Value = (usize, Operands)> {
    (1_usize..=6).prop_flat_map(move |m| {
        let len = move |(n, per_row): (usize, bool)| numbers(if per_row { n * m } else { n });
        (Just(m), (len(a), len(b), len(c)))
    })
}

/// `c + product` beside the kernel's result.
fn compare(
    kernel: &str,
    got: &Framed,
    c: &[f32],
    product: impl Fn(&dyn Fn(&[f64]) -> Vec<f64>) -> Vec<f64>,
) -> Outcome {
    let plus = |product: Vec<f64>, c: Vec<f64>| product.iter().zip(c).map(|(p, c)| p + c).collect::<Vec<_>>();
    let value = plus(product(&|x| x.to_vec()), wide(c));
    let magnitude = plus(product(&abs), abs(&wide(c)));
    tolerance::of(kernel).compare(got.get(), &value, &magnitude)
}

fn nn<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    property(operands([(K, true), (K * N, false), (N, true)]), |(m, (a, b, c))| {
        let (fa, fb, mut got) = (Framed::new(&a), Framed::new(&b), Framed::new(&c));
        k.matmul(<[f32; K]>::view(fa.get()), &<[[f32; N]; K]>::view(fb.get())[0], <[f32; N]>::view_mut(got.get_mut()));
        compare("matmul", &got, &c, |part| reference(&part(&wide(&a)), &part(&wide(&b)), [m, K, N]))
    })
}

fn nt<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    property(operands([(N, true), (K * N, false), (K, true)]), |(m, (a, b, c))| {
        let (fa, fb, mut got) = (Framed::new(&a), Framed::new(&b), Framed::new(&c));
        k.matmul_nt(
            <[f32; N]>::view(fa.get()),
            &<[[f32; N]; K]>::view(fb.get())[0],
            <[f32; K]>::view_mut(got.get_mut()),
        );
        compare("matmul_nt", &got, &c, |part| {
            reference(&part(&wide(&a)), &transpose(&part(&wide(&b)), [K, N]), [m, N, K])
        })
    })
}

fn tn<T: Kernels, const K: usize, const N: usize>(k: T) -> Outcome {
    property(operands([(K, true), (N, true), (K * N, false)]), |(m, (a, b, c))| {
        let (fa, fb, mut got) = (Framed::new(&a), Framed::new(&b), Framed::new(&c));
        k.matmul_tn(
            <[f32; K]>::view(fa.get()),
            <[f32; N]>::view(fb.get()),
            &mut <[[f32; N]; K]>::view_mut(got.get_mut())[0],
        );
        compare("matmul_tn", &got, &c, |part| {
            reference(&transpose(&part(&wide(&a)), [m, K]), &part(&wide(&b)), [K, m, N])
        })
    })
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
