//! Pictures that a network misreads, made with its own gradients: `cargo run --release --example adversarial`.
//!
//! Trains the convolutional network on the handwritten digits, then moves every pixel of the test
//! digits by at most `ε` so that the loss grows: once by the fast gradient sign method (Goodfellow et
//! al., 2015), `x + ε sign(∂L/∂x)`, and by projected gradient descent (Madry et al., 2018), ten smaller
//! steps of that kind, each brought back to within `ε` of the picture.

use clap::Parser;
use tensorlet::{
    Kernels, Tensor,
    loss::CrossEntropyLoss,
    train::{input_gradient, input_gradient_words},
};
use tensorlet_examples::{
    digits::{BATCH, Digits, data, data::Picture, training},
    options::Options,
};
use tensorlet_simd::{Isa, dispatch};

/// A picture one step further up the loss, at most `epsilon` from the original and between paper and ink.
fn climb(picture: &mut Picture, gradient: &Picture, original: &Picture, step: f32, epsilon: f32) {
    let gradient = gradient.elements().iter();
    for ((pixel, gradient), original) in picture.elements_mut().iter_mut().zip(gradient).zip(original.elements()) {
        let sign = if *gradient == 0.0 { 0.0 } else { gradient.signum() };
        let within = (*pixel + step * sign).clamp(original - epsilon, original + epsilon);
        *pixel = within.clamp(0.0, 1.0);
    }
}

/// The share of the digits that the network reads after `steps` steps against it.
fn attacked<K: Kernels>(
    k: K,
    network: &Digits,
    digits: &[data::Digit],
    (steps, step, epsilon): (usize, f32, f32),
) -> Result<f32, tensorlet::Error> {
    let mut network = *network;
    let mut workspace = vec![0.0; input_gradient_words::<Picture, Digits>(BATCH)];
    let mut changed = digits.to_vec();
    for (changed, digits) in changed.chunks_mut(BATCH).zip(digits.chunks(BATCH)) {
        let labels: Vec<u8> = digits.iter().map(|digit| digit.label).collect();
        for _ in 0..steps {
            let pictures: Vec<Picture> = changed.iter().map(|digit| digit.picture).collect();
            let (_, gradients) =
                input_gradient(k, &mut network, &CrossEntropyLoss, &pictures, &labels, &mut workspace)?;
            for ((changed, gradient), digit) in changed.iter_mut().zip(gradients).zip(digits) {
                climb(&mut changed.picture, gradient, &digit.picture, step, epsilon);
            }
        }
    }
    Ok(training::read(k, &network, &changed)?.accuracy)
}

fn run<K: Kernels>(k: K) -> Result<(), Box<dyn std::error::Error>> {
    let digits = training::Split::from(data::DataSet::parse(data::BYTES)?);
    let options = Options::parse_from(["adversarial", "--epochs", "10"]);
    let trained = training::train(k, &digits, 1, &options)?;
    println!("{:>6} {:>10} {:>10}", "ε", "one step", "ten steps");
    for epsilon in [0.0, 0.05, 0.1, 0.2, 0.3] {
        let once = attacked(k, &trained.network, &digits.test, (1, epsilon, epsilon))?;
        let often = attacked(k, &trained.network, &digits.test, (10, epsilon / 4.0, epsilon))?;
        println!("{epsilon:>6.2} {:>8.1} % {:>8.1} %", 100.0 * once, 100.0 * often);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    dispatch!(Isa::best(), |k| run(k))
}
