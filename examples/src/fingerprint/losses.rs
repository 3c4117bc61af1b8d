//! Losses: mean and gradient of a batch, every element with a gradient from above.

use tensorlet::{
    Error, Portable, Tensor,
    loss::{
        BatchMean, BceLoss, BceWithLogitsLoss, CategoricalKl, CrossEntropyLoss, FocalLoss, GaussianKl, GaussianNllLoss,
        HuberLoss, KlDivLoss, L1Loss, Loss, MaskedSoftmaxCeLoss, MseLoss, NllLoss, PerStep, SmoothL1Loss, Sum,
        UniformKl, VaeLoss, WeightedCrossEntropyLoss,
    },
};

use super::{Bits, any, any_mut, cases::cases, hash::Fingerprint};

type Y = [[f32; 5]; 3];

/// All that a loss does; `y` is left with the gradient of the mean.
fn all<Y: Tensor<Elem = f32>, T, L: Loss<Y, T>, const N: usize>(
    loss: &L,
    y: &mut [Y; N],
    targets: &[T; N],
) -> Result<impl Bits + use<Y, T, L, N>, Error> {
    let targets = any(targets);
    loss.check(targets)?;
    let mut outputs = *y;
    let mean = loss.mean(Portable, any_mut(y), targets);
    let mut values = [0.0; 16];
    loss.each(Portable, any_mut(&mut outputs), targets, any(&[0.5, -1.0]), any_mut(&mut values));
    let mut gradient = Fingerprint::new();
    gradient.add(Y::flat(&outputs));
    Ok(((mean, values), gradient.value()))
}

cases! {
    cross_entropy(labels: [u8; 3] => y: Y) all(&CrossEntropyLoss, y, labels);
    cross_entropy_at_places(labels: [[i16; 2]; 3] => y: [[[f32; 2]; 5]; 3]) all(&CrossEntropyLoss, y, labels);
    cross_entropy_of_probabilities(p: Y = 0.0..0.4 => y: Y) all(&CrossEntropyLoss, y, p);
    weighted_cross_entropy(w: [f32; 5] = 0.5..2.0, smoothing: f32 = 0.1..0.3, labels: [i8; 3] => y: Y) {
        let loss = WeightedCrossEntropyLoss::NEW.weight(*w).ignore_index(2).label_smoothing(*smoothing);
        all(&loss, y, labels)
    };
    nll(w: [f32; 5] = 0.5..2.0, labels: [u8; 3] => y: Y) all(&NllLoss::NEW.weight(*w).ignore_index(1), y, labels);
    bce(w: [f32; 5] = 0.5..2.0, t: Y = 0.0..1.0 => y: Y = 0.0..1.0) all(&BceLoss::NEW.weight(*w), y, t);
    bce_with_logits(w: [f32; 5] = 0.5..2.0, t: Y = 0.0..1.0 => y: Y)
        all(&BceWithLogitsLoss::NEW.weight(*w).pos_weight([2.0; 5]), y, t);
    focal(t: Y = 0.0..1.0 => y: Y) all(&FocalLoss::NEW, y, t);
    mse(t: Y => y: Y) all(&MseLoss, y, t);
    l1(t: Y => y: Y) all(&L1Loss, y, t);
    smooth_l1(beta: f32 = 0.1..1.0, t: Y => y: Y) all(&SmoothL1Loss { beta: *beta }, y, t);
    huber(delta: f32 = 0.1..1.0, t: Y => y: Y) all(&HuberLoss { delta: *delta }, y, t);
    target_gradient(dy: Y => dt: Y) MseLoss.target_gradient(any(dy), any_mut(dt));
    kl_div(t: Y = 0.0..0.4 => y: Y = -3.0..0.0) all(&KlDivLoss::NEW, y, t);
    kl_div_of_logarithms(t: Y = -3.0..0.0 => y: Y = -3.0..0.0) all(&KlDivLoss { log_target: true }, y, t);
    gaussian_kl(=> y: [[[f32; 5]; 2]; 3]) all(&Sum(GaussianKl), y, &[(); 3]);
    gaussian_kl_of_two(=> y: [[[f32; 5]; 4]; 3]) all(&BatchMean(GaussianKl), y, &[(); 3]);
    gaussian_kl_from_another(t: [[[f32; 5]; 2]; 3] => y: [[[f32; 5]; 2]; 3]) all(&GaussianKl, y, t);
    categorical_kl(=> y: [[[f32; 5]; 2]; 3]) all(&CategoricalKl, y, &[(); 3]);
    categorical_kl_from_another(t: Y => y: Y) all(&CategoricalKl, y, t);
    uniform_kl(=> y: [[[f32; 5]; 2]; 3]) all(&UniformKl, y, &[(); 3]);
    gaussian_nll(t: Y => y: [[[f32; 5]; 2]; 3] = 0.1..2.0) all(&GaussianNllLoss { full: true, ..GaussianNllLoss::NEW }, y, t);
    masked_softmax_ce(labels: [[u8; 4]; 3], valid: u8 => y: [[[f32; 5]; 4]; 3])
        all(&MaskedSoftmaxCeLoss, y, &labels.map(|labels| (labels, usize::from(*valid))));
    per_step(labels: [[u8; 4]; 3] => y: [[[f32; 5]; 4]; 3]) all(&PerStep(CrossEntropyLoss), y, labels);
    vae(t: [[f32; 5]; 3] = 0.0..1.0 => y: [[f32; 9]; 3]) all(&VaeLoss::<[[f32; 2]; 2]>::new().beta(0.5), y, t);
}
