//! Branches side by side, and layers that sample.

use tensorlet::{
    Conv2d, Frozen, Image, Linear, Matrix, Relu, Residual, Slide, Tanh, Vector,
    layer::{Concat, Drawn, GaussianReparam, GaussianSigmaReparam, GumbelSoftmax, Identity, Pass},
};
use tensorlet::{Layer, Module, Portable, Train};
use tensorlet_host::reference::sample::Sequence;

use crate::gradients;

type Same<const OUT: usize> = Conv2d<2, OUT, 3, 3, 4, 5, Slide<1, 1>>;
type Heads = Concat<Linear<6, 2>, Linear<6, 2>, Matrix<2, 2>>;
type Decoder = (Linear<2, 5>, (Tanh, Linear<5, 4>));

gradients! {
    identity: Vector<5> => Identity;

    concat: Vector<6> => Concat<Linear<6, 4>, Linear<6, 3>, Vector<7>>;
    concat_of_channels: Image<2, 4, 5> => Concat<Same<3>, Same<1>, Image<4, 4, 5>>;
    concat_stacked: Vector<3> => Concat<Linear<3, 5>, (Linear<3, 4>, (Relu, Linear<4, 5>)), Matrix<2, 5>>;
    concat_flat: Image<2, 4, 5> => Concat<Same<1>, (Relu, Same<2>), Vector<60>>;
    concat_with_input: Vector<5> => Concat<(Tanh, Linear<5, 3>), Identity, Vector<8>>;
    concat_behind_input: Vector<5> => Concat<Identity, (Relu, Linear<5, 3>), Vector<8>>;
    concat_in_place: Vector<5> => (Linear<5, 4>, Concat<Relu, Tanh, Matrix<2, 4>>);
    concat_of_three: Vector<4> => Concat<Linear<4, 2>, Concat<Relu, Linear<4, 3>, Vector<7>>, Vector<9>>;
    concat_frozen: Vector<4> => (Linear<4, 3>, Concat<Frozen<Linear<3, 2>>, Linear<3, 2>, Vector<4>>);
    concat_behind_frozen: Vector<4> => (Frozen<Linear<4, 3>>, Concat<Tanh, Linear<3, 2>, Vector<5>>);
    concat_in_residual: Vector<6> => Residual<(Concat<Linear<6, 2>, Tanh, Vector<8>>, Linear<8, 6>)>;

    gaussian_reparam: Matrix<2, 5> => GaussianReparam<Sequence>;
    gaussian_reparam_of_images: [Image<2, 3, 1>; 2] => GaussianReparam<Sequence>;
    gaussian_sigma_reparam: Matrix<2, 7> => GaussianSigmaReparam<Sequence>;
    gumbel_softmax: Matrix<3, 4> => GumbelSoftmax<-1, Sequence>;
    gumbel_softmax_over_rows: Matrix<3, 4> => GumbelSoftmax<0, Sequence>;
    gumbel_softmax_in_the_middle: Image<2, 3, 5> => GumbelSoftmax<1, Sequence>;
    gumbel_softmax_cold: Vector<6> => GumbelSoftmax<0, Sequence> = GumbelSoftmax { tau: 0.4, ..GumbelSoftmax::NEW };
    gumbel_softmax_inside: Vector<6> => (Linear<6, 5>, (GumbelSoftmax<-1, Sequence>, Linear<5, 6>));

    variational_autoencoder: Vector<4> =>
        (Linear<4, 6>, (Tanh, (Heads, Concat<(GaussianReparam<Sequence>, Decoder), Identity, Vector<8>>)));
}

/// The straight-through estimator: the output is one-hot, the gradient that of the soft form.
#[test]
fn hard_gumbel_softmax() {
    type Sample = GumbelSoftmax<-1, Sequence>;
    type X = Matrix<3, 4>;
    let pass = Pass { n: 2, input_gradient: true, training: true, seed: 1, ..Pass::NEW };
    let logits: Vec<f32> = (0..24).map(|i| ((i * 7) % 11) as f32 / 4.0).collect();
    let dy: Vec<f32> = (0..24).map(|i| ((i * 5) % 13) as f32 - 6.0).collect();
    let run = |mut sample: Sample| {
        let (mut slot, mut tape) = (logits.clone(), vec![f32::NAN; 24]);
        Train::<X>::forward_train(&sample, Portable, pass, &mut slot, &mut [], &mut tape);
        let y = tape.clone();
        tape.copy_from_slice(&dy);
        Train::<X>::backward(&mut sample, Portable, pass, &mut slot, &mut tape, &mut []);
        (y, slot)
    };
    let (soft, gradient) = run(Sample::ZERO);
    let (hard, same_gradient) = run(Sample { hard: true, ..Sample::ZERO });
    assert_eq!(gradient, same_gradient);
    assert!(gradient.iter().any(|g| g.abs() > 0.1));
    for (soft, hard) in soft.chunks(4).zip(hard.chunks(4)) {
        let largest = soft.iter().fold(0.0, |max: f32, y| max.max(*y));
        let expected: Vec<f32> = soft.iter().map(|&y| if y == largest { 1.0 } else { 0.0 }).collect();
        assert_eq!(hard, expected);
    }
    // At inference there is no noise.
    let sample = Sample { hard: true, ..Sample::ZERO };
    let y = sample
        .forward(Portable, &[[[0.0, 0.1, 0.0, 0.0], [2.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 9.0]]], &mut [0.0; 12])
        .expect("the arena is large enough")
        .to_vec();
    assert_eq!(y, [[[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]);
}

/// Noise that is drawn differs from step to step, and is the same forwards and backwards.
#[test]
fn drawn_noise() {
    type X = [Vector<2000>; 2];
    let run = |seed| {
        let pass = Pass { n: 1, input_gradient: true, training: true, seed, ..Pass::NEW };
        let mut layer = GaussianReparam { noise: Drawn };
        let (mut slot, mut tape) = ([[0.25; 2000], [0.5; 2000]].concat(), vec![f32::NAN; 2000]);
        Train::<X>::forward_train(&layer, Portable, pass, &mut slot, &mut [], &mut tape);
        let z = tape.clone();
        tape.fill(1.0);
        Train::<X>::backward(&mut layer, Portable, pass, &mut slot, &mut tape, &mut []);
        // z = μ + σ ε, ∂z/∂ln σ² = σ ε / 2
        for (z, gradient) in z.iter().zip(&slot[2000..]) {
            assert!((z - 0.25 - 2.0 * gradient).abs() < 1e-5, "{z}, {gradient}");
        }
        z
    };
    let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
    let steps: Vec<Vec<f32>> = (0..6).map(run).collect();
    for z in &steps {
        let variance = z.iter().map(|z| (z - 0.25).powi(2)).sum::<f32>() / 2000.0;
        assert!((mean(z) - 0.25).abs() < 0.1 && (variance - 0.5_f32.exp()).abs() < 0.2, "{}, {variance}", mean(z));
    }
    // Neither equal nor the same numbers one place further on, as from seeds that differ by a generator's step.
    for (a, b) in steps.iter().zip(&steps[1..]) {
        for shift in 0..3 {
            let products = a[shift..].iter().zip(b).map(|(a, b)| (a - 0.25) * (b - 0.25));
            let correlation = products.sum::<f32>() / 2000.0 / 0.5_f32.exp();
            assert!(correlation.abs() < 0.1, "{correlation}");
        }
    }
}
