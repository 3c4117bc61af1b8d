//! Whole trainings of networks that sample, with given noise, and of one that says yes or no.

use tensorlet::{
    Linear, Matrix, Sigmoid, Tanh, Tensor, Vector,
    layer::{Annealing, Concat, GaussianReparam, Given, GumbelSoftmax, Identity},
    loss::{BceLoss, MseLoss, VaeLoss},
};

use super::{Computable, Job, Runner, Training, case::Case};

type Encoder<const IN: usize, const HIDDEN: usize, const LATENT: usize> =
    (Linear<IN, HIDDEN>, (Tanh, Concat<Linear<HIDDEN, LATENT>, Linear<HIDDEN, LATENT>, Matrix<2, LATENT>>));
type Decoder<const IN: usize, const HIDDEN: usize, const LATENT: usize> =
    (Linear<LATENT, HIDDEN>, (Tanh, Linear<HIDDEN, IN>));
/// The reconstruction, and behind it means and log-variances.
type Autoencoder<'a, const IN: usize, const HIDDEN: usize, const LATENT: usize, const OUT: usize> = (
    Encoder<IN, HIDDEN, LATENT>,
    Concat<(GaussianReparam<Given<'a>>, Decoder<IN, HIDDEN, LATENT>), Identity, Vector<OUT>>,
);

/// `train_vae`.
pub(crate) struct Vae<const IN: usize, const HIDDEN: usize, const LATENT: usize, const OUT: usize>;

impl<const IN: usize, const HIDDEN: usize, const LATENT: usize, const OUT: usize> Job for Vae<IN, HIDDEN, LATENT, OUT>
where
    VaeLoss<Matrix<2, LATENT>>: Computable<Vector<OUT>, Vector<IN>>,
{
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(&[("0.0", "e1"), ("0.1.1.0", "mu"), ("0.1.1.1", "lv"), ("1.0.1.0", "d1"), ("1.0.1.1.1", "d2")]);
        let (x, noise) = (case.floats("in.x"), case.floats("in.eps"));
        let x = <Vector<IN>>::view(&x);
        let noise: Vec<&[f32]> = noise.chunks(x.len() * LATENT).collect();
        let loss = VaeLoss::<Matrix<2, LATENT>>::new();
        let batches = [(x, x)];
        let training = Training::<_, Autoencoder<'_, IN, HIDDEN, LATENT, OUT>, _, _> {
            prepare: &|net, t| net.1.first.0.noise = Given(noise[t]),
            noise: Some(("1.0.0", &noise)),
            ..Training::new(&loss, &batches)
        };
        runner.train(case, &training);
    }
}

/// An autoencoder with one categorical variable.
type Categorical<'a, const IN: usize, const CLASSES: usize> =
    (Linear<IN, CLASSES>, (GumbelSoftmax<-1, Given<'a>>, Linear<CLASSES, IN>));

/// `train_gumbel_soft` and `train_gumbel_hard`.
pub(crate) struct GumbelAutoencoder<const IN: usize, const CLASSES: usize, const HARD: bool>;

impl<const IN: usize, const CLASSES: usize, const HARD: bool> Job for GumbelAutoencoder<IN, CLASSES, HARD> {
    fn run<R: Runner>(runner: &R, case: &Case) {
        case.rename(&[("0", "enc"), ("1.1", "dec")]);
        let (x, noise) = (case.floats("in.x"), case.floats("in.u"));
        let x = <Vector<IN>>::view(&x);
        let noise: Vec<&[f32]> = noise.chunks(x.len() * CLASSES).collect();
        let annealing = Annealing { start: 1.0, factor: 0.95, least: 0.0 };
        let batches = [(x, x)];
        let training = Training::<_, Categorical<'_, IN, CLASSES>, _, _> {
            prepare: &|net, t| {
                net.1.0 = GumbelSoftmax { tau: annealing.tau(t as u32), hard: HARD, noise: Given(noise[t]) };
            },
            noise: Some(("1.0", &noise)),
            ..Training::new(&MseLoss, &batches)
        };
        runner.train(case, &training);
    }
}

/// `train_mlp_bce`.
pub(crate) struct BinaryMlp<const IN: usize, const A: usize, const B: usize, const OUT: usize>;

impl<const IN: usize, const A: usize, const B: usize, const OUT: usize> Job for BinaryMlp<IN, A, B, OUT> {
    fn run<R: Runner>(runner: &R, case: &Case) {
        type Net<const IN: usize, const A: usize, const B: usize, const OUT: usize> =
            (Linear<IN, A>, (Sigmoid, (Linear<A, B>, (Sigmoid, (Linear<B, OUT>, Sigmoid)))));
        case.rename(&[("0", "l1"), ("1.1.0", "l2"), ("1.1.1.1.0", "l3")]);
        let (x, y) = (case.floats("in.x"), case.floats("in.y"));
        let (x, y) = (<Vector<IN>>::view(&x), <Vector<OUT>>::view(&y));
        let batches = [(x, y)];
        runner.train::<_, Net<IN, A, B, OUT>, _, _>(case, &Training::new(&BceLoss::NEW, &batches));
    }
}
