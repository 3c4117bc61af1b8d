//! Activations and gates.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::tensor,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let layer = match entry.op.as_str() {
        "relu" | "Relu" => "Relu",
        "sigmoid" | "Sigmoid" => "Sigmoid",
        "tanh" | "Tanh" => "Tanh",
        "relu6" => "Relu6",
        "leaky_relu" | "LeakyRelu" => "LeakyRelu",
        "threshold" | "ThresholdedRelu" => "Threshold",
        "hardtanh" => "Hardtanh",
        "hardsigmoid" | "HardSigmoid" => "Hardsigmoid",
        "hardswish" | "HardSwish" => "Hardswish",
        "hardshrink" => "Hardshrink",
        "softshrink" => "Softshrink",
        "Shrink" => "Shrink",
        "elu" | "Elu" => "Elu",
        "selu" | "Selu" => "Selu",
        "celu" | "Celu" => "Celu",
        "log_sigmoid" => "LogSigmoid",
        "softplus" | "Softplus" => "Softplus",
        "softsign" | "Softsign" => "Softsign",
        "gelu" | "gelu_tanh" | "Gelu" if entry.text("approximate") == Some("tanh") => "GeluTanh",
        "gelu" | "Gelu" => "Gelu",
        "gelu_tanh" => "GeluTanh",
        "silu" => "Silu",
        "swish_beta" | "Swish" => "Swish",
        "mish" | "Mish" => "Mish",
        "tanhshrink" => "Tanhshrink",
        "prelu" => return Some(prelu(entry, "in.x", "in.weight")),
        "PRelu" => {
            let names = || Some((entry.input(0)?, entry.input(1)?));
            return names().map(|(x, slope)| prelu(entry, &x, &slope));
        }
        "glu" => return Some(glu(entry, "in.x", entry.integer("dim").unwrap_or(-1))),
        // What PyTorch exports for `nn.GLU`.
        "Split+Sigmoid+Mul" => {
            let axis = entry.nodes[0]["attrs"]["axis"].as_i64().unwrap_or(0);
            return entry.input(0).map(|x| glu(entry, &x, axis));
        }
        "swiglu" => return Some(swiglu(entry)),
        "SwiGLU" => return Some(Ok("crate::activation::SwiGlu".to_owned())),
        _ => return None,
    };
    Some(sample(entry).map(|x| format!("crate::activation::Activated<{x}, tensorlet::{layer}>")))
}

/// The type of a sample of the input: its first dimension is the batch, if it has others.
fn sample(entry: &Entry) -> Typed {
    let name = entry.input(0).unwrap_or_else(|| "in.x".to_owned());
    let shape = entry.shape(&name)?;
    Ok(tensor(if shape.len() > 1 { &shape[1..] } else { shape }))
}

/// The slope has the dimensions of `x` from the right on, some of them 1; or, as in PyTorch, that of the
/// channels alone.
fn prelu(entry: &Entry, x: &str, slope: &str) -> Typed {
    let (x, slope) = (entry.shape(x)?, entry.shape(slope)?);
    let channels: usize = slope.iter().product();
    let aligned = match slope {
        [c] if entry.op == "prelu" || x.last() != Some(c) => {
            // Dimension 1 of PyTorch.
            let mut aligned = vec![1; x.len()];
            *aligned.get_mut(1).unwrap_or(&mut 1) = *c;
            aligned
        }
        _ => [vec![1; x.len().saturating_sub(slope.len())], slope.to_vec()].concat(),
    };
    if channels == 1 {
        let x: usize = x.iter().product();
        return Ok(format!("crate::activation::Rectified<{}, tensorlet::PRelu<1>>", tensor(&[x])));
    }
    // Dimensions that share a slope lie behind those that have their own.
    let end = aligned.iter().rposition(|&dim| dim > 1).map_or(0, |last| last + 1);
    let start = aligned.iter().position(|&dim| dim > 1).unwrap_or(0);
    if aligned.len() != x.len() || aligned[start..end] != x[start..end] {
        return Err(format!("slopes of shape {slope:?} for an input of shape {x:?}"));
    }
    let plane: usize = x[end..].iter().product();
    Ok(format!("crate::activation::Rectified<{}, tensorlet::PRelu<{channels}>>", tensor(&[channels, plane])))
}

fn glu(entry: &Entry, x: &str, dim: i64) -> Typed {
    let mut dims = entry.shape(x)?.to_vec();
    let mut axis = fit::place(dim, dims.len())?;
    // The first dimension is the batch, unless it is the one that is halved.
    if axis > 0 {
        dims.remove(0);
        axis -= 1;
    }
    let x = tensor(&dims);
    let half = dims.get_mut(axis).filter(|whole| **whole % 2 == 0).ok_or("no two halves")?;
    *half /= 2;
    Ok(format!("crate::layer::Plain<{x}, tensorlet::Glu<{}, {axis}>>", tensor(&dims)))
}

fn swiglu(entry: &Entry) -> Typed {
    let [out, inp] = *entry.shape("in.w1")? else { return Err("the weight is no matrix".to_owned()) };
    Ok(format!("crate::activation::Gated<{inp}, {out}>"))
}
