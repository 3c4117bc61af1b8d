//! Optimisers, schedules, clipping and whole trainings.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let adapter = match entry.op.as_str() {
        op if op.starts_with("optim_") => "optimizer::Steps",
        "lr_schedule" => "schedule::Rates",
        "grad_clip_norm" => "schedule::ClipNorm",
        "grad_clip_value" => "schedule::ClipValue",
        "train_lenet" => "training::Classes<tensorlet::Image<1, 28, 28>, crate::training::LeNet>",
        "train_mlp_digits" => "training::Classes<tensorlet::Vector<64>, crate::training::Mlp>",
        "train_resnet_bn" => "training::Residual",
        "train_transformer" => "training::NextToken",
        "train_char_rnn" => "training::Characters<crate::training::CharRnn>",
        "train_char_gru" => "training::Characters<crate::training::CharGru>",
        "train_char_lstm" => "training::Characters<crate::training::CharLstm>",
        "Momentum" | "Adam" | "Adagrad" if entry.suite == "onnx" => "optimizer::OnnxStep",
        "train" => "training::Line",
        "digits_cnn" => "trained::Cnn",
        "digits_mlp" => "trained::Mlp",
        _ => return None,
    };
    Some(Ok(format!("crate::{adapter}")))
}
