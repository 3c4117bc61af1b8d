//! Optimisers, schedules, clipping and whole trainings.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let adapter = match entry.op.as_str() {
        op if op.starts_with("optim_") => optimizer(entry),
        "lr_schedule" => Ok("schedule::Rates".to_owned()),
        "grad_clip_norm" => Ok("schedule::ClipNorm".to_owned()),
        "grad_clip_value" => Ok("schedule::ClipValue".to_owned()),
        op if op.starts_with("train_") => training(entry)?,
        "Momentum" | "Adam" | "Adagrad" if entry.suite == "onnx" => Ok("optimizer::OnnxStep".to_owned()),
        "train" => Ok("training::Line".to_owned()),
        "digits_cnn" => Ok("trained::Cnn".to_owned()),
        "digits_mlp" => Ok("trained::Mlp".to_owned()),
        _ => return None,
    };
    Some(adapter.map(|adapter| format!("crate::{adapter}")))
}

/// Optimisers by PyTorch's names in lower case.
const OPTIMIZERS: &[&str] =
    &["sgd", "momentum", "nesterov", "adam", "adamw", "adamax", "nadam", "radam", "rmsprop", "adagrad", "adadelta"];

/// Fails for an optimiser that there is none of.
fn known(entry: &Entry) -> Result<(), String> {
    let name = entry.text("optimizer").unwrap_or_default().to_lowercase();
    if OPTIMIZERS.contains(&name.as_str()) { Ok(()) } else { Err(format!("there is no optimiser {name}")) }
}

fn optimizer(entry: &Entry) -> Typed {
    known(entry)?;
    Ok("optimizer::Steps".to_owned())
}

/// A whole training of one of the networks whose operator names it, of whatever sizes its weights have.
fn training(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "train_lenet" => fixed(entry, LENET)
            .map(|()| "golden::Classes<tensorlet::Image<1, 28, 28>, crate::golden::LeNet>".to_owned()),
        "train_resnet_bn" => fixed(entry, RESNET).map(|()| "golden::Residual".to_owned()),
        "train_mlp_digits" => mlp(entry),
        "train_transformer" => transformer(entry),
        "train_char_rnn" => characters(entry, "Rnn"),
        "train_char_gru" => characters(entry, "Gru"),
        "train_char_lstm" => characters(entry, "Lstm"),
        _ => return None,
    })
}

/// Sizes of some tensors; those of `in.x` are a sample's.
type Sizes = &'static [(&'static str, &'static [usize])];

const LENET: Sizes = &[
    ("in.x", &[1, 28, 28]),
    ("in.W.c1.weight", &[6, 1, 5, 5]),
    ("in.W.c2.weight", &[16, 6, 5, 5]),
    ("in.W.f1.weight", &[120, 400]),
    ("in.W.f2.weight", &[84, 120]),
    ("in.W.f3.weight", &[10, 84]),
];

const RESNET: Sizes = &[("in.x", &[1, 8, 7]), ("in.W.conv0.weight", &[4, 1, 3, 3]), ("in.W.fc.weight", &[3, 4])];

/// Fails unless the network has these sizes.
fn fixed(entry: &Entry, sizes: Sizes) -> Result<(), String> {
    known(entry)?;
    for (name, size) in sizes {
        let shape = entry.shape(name)?;
        let shape = if *name == "in.x" { shape.get(1..).unwrap_or_default() } else { shape };
        if shape != *size {
            return Err(format!("a network of other sizes: {name} is {shape:?}, not {size:?}"));
        }
    }
    Ok(())
}

/// The sizes of a weight that is a matrix.
fn weight(entry: &Entry, name: &str) -> Result<[usize; 2], String> {
    let shape = entry.shape(&format!("in.W.{name}"))?;
    let sizes: [usize; 2] = shape.try_into().map_err(|_| format!("{name} is no matrix"))?;
    if sizes.contains(&0) { Err(format!("{name} is empty")) } else { Ok(sizes) }
}

fn mlp(entry: &Entry) -> Typed {
    known(entry)?;
    let ([hidden, input], [classes, _]) = (weight(entry, "l1.weight")?, weight(entry, "l2.weight")?);
    Ok(format!("golden::Mlp<{input}, {hidden}, {classes}>"))
}

fn transformer(entry: &Entry) -> Typed {
    known(entry)?;
    let ([tokens, width], [feed, _]) = (weight(entry, "emb.weight")?, weight(entry, "ff1.weight")?);
    let [_, length] = *entry.shape("in.tokens")? else { return Err("the tokens are no sequences".to_owned()) };
    if width % 2 == 1 || length < 2 {
        return Err("heads of different widths, or sequences of one token".to_owned());
    }
    Ok(format!("golden::NextToken<{tokens}, {width}, {feed}, {}>", length - 1))
}

fn characters(entry: &Entry, cell: &str) -> Typed {
    known(entry)?;
    if entry.has("in.W.rnn.weight_ih_l1") || !entry.has("in.W.rnn.bias_ih_l0") {
        return Err("a recurrent network of several layers, or without biases".to_owned());
    }
    let [letters, hidden] = weight(entry, "linear.weight")?;
    if letters != 28 {
        return Err("an alphabet of another size than 28".to_owned());
    }
    Ok(format!("golden::Characters<tensorlet::{cell}<28, {hidden}>, {hidden}>"))
}
