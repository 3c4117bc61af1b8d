//! Losses: value and gradient against the float64 formula and its finite differences.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Tensor,
    loss::{CrossEntropyLoss, Loss},
    random,
};
use tensorlet_host::{on_every_instruction_set, reference::softmax, reference::wide, tolerance};

const H: f64 = 1e-5;

/// `scale · Σ loss` of a batch of logits, all of `C` classes.
fn reference<const C: usize>(y: &[f64], targets: &[u8], scale: f64) -> f64 {
    scale * y.chunks(C).zip(targets).map(|(y, &t)| softmax::cross_entropy(y, t.into())).sum::<f64>()
}

fn check<K: Kernels, const C: usize>(k: K, n: usize) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(n as u64);
    let logits: Vec<f32> = (0..n * C).map(|_| 6.0 * random::uniform(&mut rng) - 3.0).collect();
    let targets: Vec<u8> = (0..n).map(|_| random::below(C as u32, &mut rng) as u8).collect();
    let scale = 1.0 / n as f32;

    let mut y = <[f32; C]>::view(&logits).to_vec();
    let value = CrossEntropyLoss.value_and_gradient(k, &mut y, &targets, scale);

    let (wide_y, wide_scale) = (wide(&logits), f64::from(scale));
    let row = tolerance::of("gradient");
    let expected = reference::<C>(&wide_y, &targets, wide_scale);
    row.compare(&[value], &[expected], &[expected.max(1.0)]).expect("the value");
    let differences: Vec<f64> = (0..wide_y.len())
        .map(|i| {
            let at = |h: f64| {
                let mut y = wide_y.clone();
                y[i] += h;
                reference::<C>(&y, &targets, wide_scale)
            };
            (at(H) - at(-H)) / (2.0 * H)
        })
        .collect();
    row.compare(<[f32; C]>::flat(&y), &differences, &vec![wide_scale; n * C]).expect("the gradient");
}

#[test]
fn cross_entropy_loss() {
    for n in [1, 3] {
        on_every_instruction_set!(check::<_, 2>, n);
        on_every_instruction_set!(check::<_, 10>, n);
        on_every_instruction_set!(check::<_, 37>, n);
    }
}
