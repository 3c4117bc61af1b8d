//! Attention before it was called so: `cargo run --release --example nadaraya_watson`.
//!
//! Nadaraya and Watson (1964) estimate a function from noisy examples `(x_i, y_i)` by their mean, weighted
//! by how near each is: `f(x) = Σ_i softmax_i(-(w (x - x_i))² / 2) y_i`. That is attention: `x` is the query,
//! the `x_i` are keys and the `y_i` values. Since `-(w x - w x_i)² / 2 = w x · w x_i - (w x_i)² / 2` up to what
//! is the same for all keys, it is scaled dot-product attention of queries `[w x, 1]` and keys
//! `[w x_i, -(w x_i)² / 2]`. The width `w` of the kernel is learned, each example from all others, as in
//! "Dive into Deep Learning".

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Tensor,
    ops::{self, Attention},
    random,
};
use tensorlet_simd::{Isa, dispatch};

/// Examples, and places at which the function is estimated.
const N: usize = 50;

type Column = [[f32; 1]; N];
type Pairs = [[f32; 2]; N];
type Weights = [[f32; N]; N];

/// The function behind the examples.
fn truth(x: f32) -> f32 {
    2.0 * x.sin() + x.powf(0.8)
}

fn queries(w: f32, x: &Column) -> Pairs {
    x.map(|[x]| [w * x, 1.0])
}

fn keys(w: f32, x: &Column) -> Pairs {
    x.map(|[x]| [w * x, -0.5 * (w * x) * (w * x)])
}

/// The products themselves are the scores.
const SCORES: Attention = Attention { scale: Some(1.0), ..Attention::new() };

fn error(a: &Column, b: &Column) -> f32 {
    a.iter().zip(b).map(|([a], [b])| (a - b) * (a - b)).sum::<f32>() / N as f32
}

/// The mean squared error of each example, estimated from all others, and its derivative with respect to `w`.
fn step<K: Kernels>(k: K, w: f32, x: &Column, y: &Column, others: &[[u8; N]; N]) -> (f32, f32) {
    let (query, key) = (queries(w, x), keys(w, x));
    let (mut weights, mut estimate) = (Weights::ZERO, Column::ZERO);
    ops::scaled_dot_product_attention(k, (&query, &key, y), others, &SCORES, &mut weights, &mut estimate);
    let mut gradient = estimate;
    gradient.iter_mut().zip(y).for_each(|([estimate], [y])| *estimate = 2.0 * (*estimate - y) / N as f32);
    let (mut scratch, mut dquery, mut dkey) = (Weights::ZERO, Pairs::ZERO, Pairs::ZERO);
    let gradients = (&mut dquery, &mut dkey, &mut ());
    let inputs = (&query, &key, y);
    ops::scaled_dot_product_attention_backward(k, inputs, &weights, &SCORES, &gradient, &mut scratch, gradients);
    let of_query = dquery.iter().zip(x).map(|([d, _], [x])| d * x);
    let of_key = dkey.iter().zip(x).map(|([d, e], [x])| d * x - e * w * x * x);
    (error(&estimate, y), of_query.chain(of_key).sum())
}

/// The error of the estimate at other places.
fn test<K: Kernels>(k: K, w: f32, x: &Column, y: &Column) -> f32 {
    let places: Column = core::array::from_fn(|i| [5.0 * i as f32 / N as f32]);
    let (mut weights, mut estimate) = (Weights::ZERO, Column::ZERO);
    let inputs = (&queries(w, &places), &keys(w, x), y);
    ops::scaled_dot_product_attention(k, inputs, &(), &SCORES, &mut weights, &mut estimate);
    error(&estimate, &places.map(|[x]| [truth(x)]))
}

fn run<K: Kernels>(k: K) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let x: Column = core::array::from_fn(|_| [5.0 * random::uniform(&mut rng)]);
    let y = x.map(|[x]| [truth(x) + 0.5 * random::normal(&mut rng)]);
    let others: [[u8; N]; N] = core::array::from_fn(|i| core::array::from_fn(|j| u8::from(i != j)));

    println!("mean squared error with w = 0, the mean of all examples: {:.3}", test(k, 0.0, &x, &y));
    println!("                   with w = 1:                          {:.3}", test(k, 1.0, &x, &y));
    let mut w = 1.0;
    for epoch in 1..=5 {
        let (loss, derivative) = step(k, w, &x, &y, &others);
        w -= 5.0 * derivative;
        println!("epoch {epoch}: error of each example from all others {loss:.3}, w becomes {w:.2}");
    }
    println!("                   with w = {w:.2}:                       {:.3}", test(k, w, &x, &y));
}

fn main() {
    dispatch!(Isa::best(), |k| run(k));
}
