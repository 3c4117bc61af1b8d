//! The table of operations in core's documentation is what the source says, and that is true.

use std::{fs, path::Path};

use tensorlet_host::operations::{Answer, FILE, Operation, operations, table};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn rows() -> Vec<Operation> {
    operations(root()).expect("the source can be read")
}

fn row<'a>(rows: &'a [Operation], path: &str) -> &'a Operation {
    let found: Vec<_> = rows.iter().filter(|row| format!("{}::{}", row.module, row.name) == path).collect();
    assert_eq!(found.len(), 1, "rows of {path}");
    found[0]
}

#[test]
fn the_table_is_up_to_date() {
    let table = table(root()).expect("the source can be read");
    let found = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    assert!(found == table, "{FILE} is not what the source says: `cargo xtask operations` writes it anew");
}

/// Read by hand: what each of these calls on its token, and which of that `simd/src/kernels` has.
#[test]
fn own_code_is_where_it_is() {
    let expected: &[(&str, &[&str])] = &[
        ("ops::matmul", &["matmul"]),
        ("ops::mm", &["matmul"]),
        ("ops::bmm", &["matmul"]),
        ("ops::softmax", &["softmax"]),
        ("ops::log_softmax", &["log_softmax"]),
        ("layer::Linear", &["add", "dot", "linear", "matmul", "sgd"]),
        ("layer::Conv2d", &["conv2d", "sum"]),
        ("layer::DepthwiseConv2d", &["conv2d", "sum"]),
        ("layer::CausalConv1d", &["conv2d"]),
        ("layer::MaxPool2d", &["max_pool2d"]),
        ("layer::AvgPool1d", &["avg_pool2d"]),
        ("layer::GlobalAvgPool2d", &["avg_pool2d"]),
        ("layer::Relu", &["relu"]),
        ("layer::Sigmoid", &["sigmoid"]),
        ("layer::Glu", &["gate", "sigmoid"]),
        ("layer::Softmax", &["softmax"]),
        ("layer::LogSoftmax", &["log_softmax"]),
        ("layer::Relu6", &["map"]),
        ("layer::Gelu", &["map"]),
        ("layer::Selu", &["map"]),
        ("layer::GumbelSoftmax", &["divide", "draw_gumbel", "one_hot_max", "softmax"]),
        ("layer::Embedding", &["add"]),
        ("layer::Residual", &["add"]),
        ("layer::RnnCell", &["add", "linear", "matmul", "tanh"]),
        ("layer::Lstm", &["add", "linear", "lstm_gates", "matmul", "tanh"]),
        ("loss::CrossEntropyLoss", &["cross_entropy"]),
        ("optim::Sgd", &["sgd"]),
        ("optim::Adam", &["adam"]),
        ("optim::RmsProp", &["rmsprop"]),
        ("optim::clip_grad_norm", &["dot", "scale"]),
        // It takes the largest logit with a kernel.
        ("metrics::Accuracy", &["argmax"]),
    ];
    let none = [
        "ops::add",
        "ops::sum",
        "ops::permute",
        "ops::gather",
        "ops::scatter_add",
        "ops::topk",
        "ops::exp",
        "layer::LpPool2d",
        "layer::LocalResponseNorm",
        "layer::Dropout",
        "layer::LastStep",
        "layer::Unfold",
        "loss::MseLoss",
        "optim::schedule::StepLR",
        "optim::schedule::CosineAnnealingLR",
        "optim::schedule::CyclicLR",
        "optim::schedule::ReduceLROnPlateau",
        "metrics::TopKAccuracy",
        "data::augment::crop",
        "math::exp",
    ];
    let rows = rows();
    for (path, kernels) in expected {
        let row = row(&rows, path);
        let found: Vec<&str> = row.kernels.iter().map(String::as_str).collect();
        assert_eq!((&found[..], row.own_code), (*kernels, Answer::Yes), "{path}");
    }
    for path in none {
        let row = row(&rows, path);
        assert!(row.kernels.is_empty() && row.own_code == Answer::No, "{path}: {:?}", row.kernels);
    }
}

#[test]
fn gradients_are_found_under_other_names() {
    let rows = rows();
    let expected = [
        ("ops::mm", Answer::Yes),
        ("ops::dot", Answer::Yes),
        ("ops::where_", Answer::Yes),
        ("ops::reshape", Answer::Yes),
        ("ops::unsqueeze", Answer::Yes),
        ("ops::max", Answer::Yes),
        ("ops::scatter_reduce", Answer::No),
        ("ops::gt", Answer::Meaningless),
        ("ops::argmax", Answer::Meaningless),
        ("ops::floor", Answer::Meaningless),
        ("ops::item", Answer::Meaningless),
        ("layer::Dropout1d", Answer::Yes),
        ("layer::BatchNorm2d", Answer::Yes),
        ("layer::InstanceNorm1d", Answer::Yes),
        ("layer::SwiGlu", Answer::Yes),
        ("layer::recurrent::Recurrent", Answer::Yes),
        ("optim::Adam", Answer::Meaningless),
        ("metrics::Mean", Answer::Meaningless),
    ];
    for (path, backward) in expected {
        assert_eq!(row(&rows, path).backward, backward, "{path}");
    }
    // Every layer has a gradient, and every loss.
    let without = |row: &&Operation| ["layer", "loss"].contains(&row.room) && row.backward != Answer::Yes;
    assert_eq!(rows.iter().find(without), None);
}

#[test]
fn what_pytorch_has_no_name_for_has_a_row() {
    let rows = rows();
    for path in ["layer::Repeat", "layer::Channels", "ops::epsilon_greedy", "data::detection::hard_negatives"] {
        assert_eq!(row(&rows, path).pytorch, None, "{path}");
    }
    let names = [
        ("layer::NormFirstEncoderLayer", "`nn.TransformerEncoderLayer(…, norm_first=True)`"),
        ("layer::Lora", "PEFT `lora.Linear`"),
        ("layer::Residual", "`x + f(x)`"),
        ("layer::Bidirectional", "`bidirectional=True`"),
        ("loss::MaskedSoftmaxCeLoss", "d2l `MaskedSoftmaxCELoss`"),
        ("data::detection::iou", "torchvision `box_iou`"),
        ("math::exp", "`torch.exp`"),
    ];
    for (path, name) in names {
        assert_eq!(row(&rows, path).pytorch.as_deref(), Some(name), "{path}");
    }
    // Arguments of others and their parts are no operations.
    for name in ["Dim", "Pad", "Running", "BagMode", "Fans", "Pass", "GruGates", "States", "Detection", "exp_backward"]
    {
        assert!(rows.iter().all(|row| row.name != name), "{name}");
    }
}
