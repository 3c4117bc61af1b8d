//! Losses, sampling with gradients, and trainings with both.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{tensor, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let typed = match (entry.suite.as_str(), entry.op.as_str()) {
        ("seeds", "cross_entropy") => classes(entry, "in.x", "in.target", "seed::CrossEntropy"),
        ("seeds", "kl_div") => entry.shape("in.p").map(|p| format!("crate::loss::seed::Discrete<{}>", tensor(p))),
        ("seeds", "mse") => grid(entry),
        (_, "cross_entropy") => classes(entry, "in.x", "in.target", "CrossEntropy"),
        (_, "nll_loss") => classes(entry, "in.x", "in.target", "Nll"),
        (_, "NegativeLogLikelihoodLoss") => onnx(entry, "Nll"),
        (_, "SoftmaxCrossEntropyLoss") => onnx(entry, "CrossEntropy"),
        (_, "masked_softmax_ce") => masked(entry),
        (_, "mse") => elementwise(entry, "Mse"),
        (_, "l1") => elementwise(entry, "L1"),
        (_, "smooth_l1") => elementwise(entry, "SmoothL1"),
        (_, "huber") => elementwise(entry, "Huber"),
        (_, "kl_div") => elementwise(entry, "KlDiv"),
        (_, "focal_bce_logits") => elementwise(entry, "Focal"),
        (_, "bce") => weighted(entry, "Bce", &["in.weight"]),
        (_, "bce_with_logits") => weighted(entry, "BceWithLogits", &["in.weight", "in.pos_weight"]),
        (_, "gaussian_nll") => stacked(entry, "in.x", "GaussianNll"),
        (_, "gaussian_kl") => stacked(entry, "in.mu", "GaussianKl"),
        (_, "gaussian_kl_two") => stacked(entry, "in.m1", "GaussianKlTwo"),
        (_, "categorical_kl") => stacked(entry, "in.a", "CategoricalKl"),
        (_, "gumbel_softmax") => gumbel_softmax(entry),
        (_, "gaussian_reparam") => reparam(entry, "LogVariance"),
        (_, "gaussian_sigma_reparam") => reparam(entry, "Sigma"),
        (_, "train_vae") => vae(entry),
        (_, "train_gumbel_soft") => gumbel_autoencoder(entry, false),
        (_, "train_gumbel_hard") => gumbel_autoencoder(entry, true),
        (_, "train_mlp_bce") => binary_mlp(entry),
        _ => return None,
    };
    Some(typed)
}

/// The shape of a sample: all but the first dimension.
fn sample(shape: &[usize]) -> &[usize] {
    shape.get(1..).unwrap_or_default()
}

/// Scores `[N, C, …]` or `[C]` with labels `[N, …]` or none, or with probabilities.
fn classes(entry: &Entry, scores: &str, target: &str, loss: &str) -> Typed {
    let shape = entry.shape(scores)?;
    let scores = if shape.len() == 1 { shape } else { sample(shape) };
    let [classes, places @ ..] = scores else { return Err("scores without classes".to_owned()) };
    let probabilities = entry.tensors.get(target).is_some_and(|(dtype, _)| dtype.starts_with("float"));
    // How many dimensions of places the losses are written out for.
    let most = if probabilities { 3 } else { 4 };
    if places.len() > most || probabilities && loss == "Nll" {
        return Err(format!("targets of more than {most} dimensions, or probabilities without softmax"));
    }
    let target = if probabilities { tensor(scores) } else { tensor_of("i32", places) };
    Ok(format!("crate::loss::{loss}<{}, {classes}, {target}>", tensor(places)))
}

fn onnx(entry: &Entry, loss: &str) -> Typed {
    let [Some(scores), Some(target)] = [entry.input(0), entry.input(1)] else {
        return Err("an input is missing".to_owned());
    };
    classes(entry, &scores, &target, loss)
}

/// Sequences `[N, T, C]`.
fn masked(entry: &Entry) -> Typed {
    let [_, steps, classes] = *entry.shape("in.x")? else { return Err("the scores are no sequences".to_owned()) };
    Ok(format!("crate::loss::MaskedSoftmaxCe<{classes}, {steps}>"))
}

fn elementwise(entry: &Entry, loss: &str) -> Typed {
    Ok(format!("crate::loss::Elementwise<{}, crate::loss::{loss}>", tensor(sample(entry.shape("in.x")?))))
}

/// Weights belong to a sample; with weights for the whole batch, the batch is one sample.
fn weighted(entry: &Entry, loss: &str, weights: &[&str]) -> Typed {
    let shape = entry.shape("in.x")?;
    let present = |name: &&&str| entry.has(name);
    let whole = weights.iter().filter(present).any(|name| entry.shape(name).is_ok_and(|w| w.len() == shape.len()));
    let types: Vec<_> = weights
        .iter()
        .map(|name| match entry.shape(name) {
            Ok(shape) => format!("crate::loss::Weight<{}>", tensor(shape)),
            Err(_) => "crate::loss::Even".to_owned(),
        })
        .collect();
    let output = if whole { shape } else { sample(shape) };
    for name in weights.iter().filter(present) {
        fit::expanded(entry.shape(name)?, output)?;
    }
    Ok(format!("crate::loss::Elementwise<{}, crate::loss::{loss}<{}>>", tensor(output), types.join(", ")))
}

/// Several tensors of the same shape that a network gives together; a single distribution has all numbers.
fn stacked(entry: &Entry, first: &str, loss: &str) -> Typed {
    let shape = entry.shape(first)?;
    let whole = loss == "CategoricalKl" && shape.len() == 1;
    Ok(format!("crate::loss::stacked::{loss}<{}>", tensor(if whole { shape } else { sample(shape) })))
}

fn grid(entry: &Entry) -> Typed {
    let ([points], [values]) = (entry.shape("in.w")?, entry.shape("in.x")?) else {
        return Err("the tensors are no vectors".to_owned());
    };
    Ok(format!("crate::loss::seed::Grid<{points}, {values}>"))
}

fn gumbel_softmax(entry: &Entry) -> Typed {
    let dim = entry.integer("dim").unwrap_or(-1);
    fit::place(dim, entry.shape("in.x")?.len())?;
    Ok(format!("crate::loss::sampling::Gumbel<{}, {dim}>", tensor(entry.shape("in.x")?)))
}

fn reparam(entry: &Entry, parameter: &str) -> Typed {
    let sampling = "crate::loss::sampling";
    Ok(format!("{sampling}::Reparam<{}, {sampling}::{parameter}>", tensor(entry.shape("in.mu")?)))
}

/// Outputs and inputs of a linear layer of a training.
fn weight(entry: &Entry, layer: &str) -> Result<[usize; 2], String> {
    let name = format!("in.W.{layer}.weight");
    let sizes: [usize; 2] = entry.shape(&name)?.try_into().map_err(|_| format!("{name} is no matrix"))?;
    if sizes.contains(&0) { Err(format!("{name} is empty")) } else { Ok(sizes) }
}

fn vae(entry: &Entry) -> Typed {
    let ([hidden, input], [latent, _]) = (weight(entry, "e1")?, weight(entry, "mu")?);
    Ok(format!("crate::golden::Vae<{input}, {hidden}, {latent}, {}>", input + 2 * latent))
}

fn gumbel_autoencoder(entry: &Entry, hard: bool) -> Typed {
    let [classes, input] = weight(entry, "enc")?;
    Ok(format!("crate::golden::GumbelAutoencoder<{input}, {classes}, {hard}>"))
}

fn binary_mlp(entry: &Entry) -> Typed {
    let ([a, input], [b, _], [output, _]) = (weight(entry, "l1")?, weight(entry, "l2")?, weight(entry, "l3")?);
    Ok(format!("crate::golden::BinaryMlp<{input}, {a}, {b}, {output}>"))
}
