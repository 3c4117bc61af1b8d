//! Recurrent layers and cells.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "rnn" | "gru" | "lstm" => sequence(entry),
        "rnn_cell" | "gru_cell" | "lstm_cell" => cell(entry),
        "RNN" | "GRU" | "LSTM" => onnx(entry),
        _ => return None,
    })
}

/// A recurrent network as its attributes describe it.
struct Network<'a> {
    kind: &'a str,
    inputs: usize,
    hidden: usize,
    layers: usize,
    both: bool,
    bias: bool,
    relu: bool,
}

impl Network<'_> {
    /// The type of the layer.
    fn layer(&self) -> String {
        let Self { inputs, hidden, layers, .. } = self;
        let directions = if self.both {
            format!("tensorlet::Bidirectional<{}>", 2 * hidden)
        } else {
            "tensorlet::Unidirectional".to_owned()
        };
        format!(
            "tensorlet::layer::recurrent::Recurrent<{}, {inputs}, {hidden}, {layers}, {directions}, {}>",
            self.gates(),
            self.biases()
        )
    }

    fn cell(&self) -> String {
        let Self { inputs, hidden, .. } = self;
        format!("tensorlet::layer::recurrent::Cell<{}, {inputs}, {hidden}, {}>", self.gates(), self.biases())
    }

    fn gates(&self) -> &'static str {
        match self.kind {
            "lstm" => "tensorlet::layer::recurrent::LstmGates",
            "gru" => "tensorlet::layer::recurrent::GruGates",
            _ if self.relu => "tensorlet::Relu",
            _ => "tensorlet::Tanh",
        }
    }

    fn biases(&self) -> String {
        if self.bias { format!("[f32; {}]", self.hidden) } else { "tensorlet::NoBias".to_owned() }
    }
}

fn size(entry: &Entry, attribute: &str) -> Result<usize, String> {
    let value = entry.integer(attribute).and_then(|value| usize::try_from(value).ok());
    value.filter(|&value| value > 0).ok_or_else(|| format!("the case has no {attribute}"))
}

fn sequence(entry: &Entry) -> Typed {
    let network = Network {
        kind: &entry.op,
        inputs: size(entry, "input_size")?,
        hidden: size(entry, "hidden_size")?,
        layers: if entry.attrs["num_layers"].is_null() { 1 } else { size(entry, "num_layers")? },
        both: entry.flag("bidirectional"),
        bias: entry.has("in.bias_ih_l0"),
        relu: entry.text("nonlinearity") == Some("relu"),
    };
    if network.layers > 8 {
        return Err("a recurrent layer has at most 8 layers".to_owned());
    }
    let shape = entry.shape("in.x")?;
    let &[first, second, inputs] = shape else { return Err(format!("the input has the shape {shape:?}")) };
    let steps = if entry.flag("batch_first") { second } else { first };
    if inputs != network.inputs || steps == 0 {
        return Err(format!("an input of the shape {shape:?} for {} numbers in each step", network.inputs));
    }
    Ok(format!("crate::recurrent::Sequence<{}, {inputs}, {steps}>", network.layer()))
}

fn cell(entry: &Entry) -> Typed {
    let network = Network {
        kind: entry.op.trim_end_matches("_cell"),
        inputs: size(entry, "input_size")?,
        hidden: size(entry, "hidden_size")?,
        layers: 1,
        both: false,
        bias: entry.has("in.bias_ih"),
        relu: entry.text("nonlinearity") == Some("relu"),
    };
    Ok(format!("crate::recurrent::Step<{}, {}>", network.cell(), network.inputs))
}

fn onnx(entry: &Entry) -> Typed {
    if entry.input(4).is_some() {
        return Err("sequences of different lengths in one batch".to_owned());
    }
    if entry.input(7).is_some() {
        return Err("peepholes are no part of PyTorch's LSTM".to_owned());
    }
    if entry.number("clip").is_some() {
        return Err("clipping of the gates' sums".to_owned());
    }
    let name = |i: usize| entry.input(i).ok_or_else(|| format!("the case has no input {i}"));
    let kind = entry.op.to_lowercase();
    let relu = match entry.attrs["activations"].as_array() {
        None => false,
        Some(names) if kind == "rnn" && names.iter().all(|name| name == "Tanh") => false,
        Some(names) if kind == "rnn" && names.iter().all(|name| name == "Relu") => true,
        Some(names) => return Err(format!("the activations {names:?}")),
    };
    let [directions, _, inputs] = *entry.shape(&name(1)?)? else {
        return Err("the weight has another rank".to_owned());
    };
    let hidden = size(entry, "hidden_size")?;
    let shape = entry.shape(&name(0)?)?;
    let steps = shape[usize::from(entry.integer("layout") == Some(1))];
    if kind == "gru" && !entry.flag("linear_before_reset") && (steps > 1 || entry.input(5).is_some()) {
        return Err("the reset gate before the product; PyTorch has it behind (linear_before_reset=1)".to_owned());
    }
    let network = Network { kind: &kind, inputs, hidden, layers: 1, both: directions == 2, bias: true, relu };
    Ok(format!("crate::recurrent::Onnx<{}, {inputs}, {steps}>", network.layer()))
}
