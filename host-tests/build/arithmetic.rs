//! Functions of elements, of one tensor or of several that are broadcast to each other.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{element, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let answer = match entry.op.as_str() {
        "unary_pow" => torch(entry, "PowNumber<{X}>"),
        "clamp" => torch(entry, "Clamp<{X}>"),
        "entropy" => entropy(entry),
        "math_accuracy" => accuracy(entry),
        "binary_add" => binary(entry, "Add"),
        "binary_sub" => binary(entry, "Sub"),
        "binary_mul" => binary(entry, "Mul"),
        "binary_div" => binary(entry, "Div"),
        "binary_maximum" => binary(entry, "Maximum"),
        "binary_minimum" => binary(entry, "Minimum"),
        "binary_pow" => binary(entry, "Pow"),
        "Clip" => elements(entry, "Clip<{X}>"),
        "Not" => elements(entry, "Not<{X}>"),
        "Max" => fold(entry, "Maximum", ""),
        "Min" => fold(entry, "Minimum", ""),
        "Sum" => fold(entry, "Add", ""),
        "Mean" => fold(entry, "Add", "Mean"),
        "Where" => where_(entry),
        // What PyTorch exports for sums of parameters.
        "Add+Mul+Tanh+Sigmoid+Neg" => {
            shape(entry, "in.0").and_then(|a| Ok(format!("Parameters<{a}, {}>", shape(entry, "in.1")?)))
        }
        "Add+Mul+Gradient" => shape(entry, "in.a").map(|a| format!("AddMulGradient<{a}>")),
        name => {
            if let Some(function) = name.strip_prefix("unary_").and_then(function) {
                torch(entry, &format!("Unary<{function}, {{X}}>"))
            } else if let Some(function) = onnx_function(name) {
                elements(entry, &format!("Values<{function}, {{X}}>"))
            } else if let Some(operation) = onnx_binary(name) {
                onnx(entry, operation, false)
            } else if let Some(comparison) = onnx_comparison(name) {
                onnx(entry, comparison, true)
            } else {
                return None;
            }
        }
    };
    Some(answer.map(|adapter| format!("crate::arithmetic::{adapter}")))
}

/// The adapter of a function with a gradient.
fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "abs" => "crate::arithmetic::Abs",
        "neg" => "crate::arithmetic::Neg",
        "exp" => "crate::arithmetic::Exp",
        "expm1" => "crate::arithmetic::Expm1",
        "log" => "crate::arithmetic::Log",
        "log1p" => "crate::arithmetic::Log1p",
        "sqrt" => "crate::arithmetic::Sqrt",
        "rsqrt" => "crate::arithmetic::Rsqrt",
        "sin" => "crate::arithmetic::Sin",
        "cos" => "crate::arithmetic::Cos",
        "erf" => "crate::arithmetic::Erf",
        "square" => "crate::arithmetic::Square",
        "reciprocal" => "crate::arithmetic::Reciprocal",
        "sigmoid" => "crate::arithmetic::Sigmoid",
        "tanh" => "crate::arithmetic::Tanh",
        _ => return None,
    })
}

fn onnx_function(name: &str) -> Option<&'static str> {
    match name {
        "Sign" => Some("crate::arithmetic::Sign"),
        "Ceil" => Some("crate::arithmetic::Ceil"),
        "Floor" => Some("crate::arithmetic::Floor"),
        "Round" => Some("crate::arithmetic::Round"),
        "Abs" | "Neg" | "Exp" | "Log" | "Sqrt" | "Sin" | "Cos" | "Erf" | "Reciprocal" => {
            function(&name.to_ascii_lowercase())
        }
        _ => None,
    }
}

fn onnx_binary(name: &str) -> Option<&'static str> {
    Some(match name {
        "Add" => "Add",
        "Sub" => "Sub",
        "Mul" => "Mul",
        "Div" => "Div",
        "Pow" => "Pow",
        _ => return None,
    })
}

fn onnx_comparison(name: &str) -> Option<&'static str> {
    Some(match name {
        "Greater" => "Gt",
        "GreaterOrEqual" => "Ge",
        "Less" => "Lt",
        "LessOrEqual" => "Le",
        "Equal" => "Eq",
        "And" => "LogicalAnd",
        "Or" => "LogicalOr",
        "Xor" => "LogicalXor",
        _ => return None,
    })
}

/// The type of a tensor of `f32`.
fn shape(entry: &Entry, name: &str) -> Typed {
    tensor_of_element(entry, name, "f32")
}

fn tensor_of_element(entry: &Entry, name: &str, element: &str) -> Typed {
    let shape = entry.shape(name)?;
    if shape.contains(&0) {
        return Err("a tensor without elements has no type".to_owned());
    }
    if shape.len() > 6 {
        return Err("a tensor has at most 6 dimensions".to_owned());
    }
    Ok(tensor_of(element, shape))
}

/// An adapter over the type of `in.x`.
fn torch(entry: &Entry, adapter: &str) -> Typed {
    Ok(adapter.replace("{X}", &shape(entry, "in.x")?))
}

/// An adapter over the type of the only or first input, with its element.
fn elements(entry: &Entry, adapter: &str) -> Typed {
    let name = entry.input(0).ok_or("no input")?;
    let element = element(entry, &[&name])?;
    Ok(adapter.replace("{X}", &tensor_of_element(entry, &name, element)?))
}

fn entropy(entry: &Entry) -> Typed {
    let mut kept = entry.shape("in.x")?.to_vec();
    *kept.last_mut().ok_or("the logits have no dimension")? = 1;
    fit::equal(entry.shape("out.y")?, &kept[..kept.len() - 1])?;
    Ok(format!("Entropy<{}, {}, {}>", shape(entry, "in.x")?, tensor_of("f32", &kept), shape(entry, "out.y")?))
}

fn accuracy(entry: &Entry) -> Typed {
    let name = match entry.text("function").unwrap_or_default() {
        "lnf" | "ln" | "logf" => "log",
        "erff" | "erf" => "erf",
        name => name.trim_end_matches('f'),
    };
    let function = function(name).ok_or_else(|| format!("there is no function {name}"))?;
    torch(entry, &format!("Accuracy<{function}, {{X}}>"))
}

fn binary(entry: &Entry, operation: &str) -> Typed {
    fit::broadcast(&[entry.shape("in.a")?, entry.shape("in.b")?], entry.shape("out.y")?)?;
    let [a, b, y] = [shape(entry, "in.a")?, shape(entry, "in.b")?, shape(entry, "out.y")?];
    Ok(format!("Trained<crate::arithmetic::{operation}, {a}, {b}, {y}>"))
}

/// Two inputs and a result of their element, or truth values.
fn onnx(entry: &Entry, operation: &str, truth: bool) -> Typed {
    let names = [entry.input(0), entry.input(1), entry.output(0)].map(Option::unwrap_or_default);
    let [a, b, y] = names.each_ref();
    fit::broadcast(&[entry.shape(a)?, entry.shape(b)?], entry.shape(y)?)?;
    let element = element(entry, &[a, b])?;
    let (kind, result) = if truth { ("Comparison", "u8") } else { ("Binary", element) };
    let a = tensor_of_element(entry, a, element)?;
    let b = tensor_of_element(entry, b, element)?;
    Ok(format!("{kind}<crate::arithmetic::{operation}, {a}, {b}, {}>", tensor_of_element(entry, y, result)?))
}

/// Any number of inputs of one shape.
fn fold(entry: &Entry, operation: &str, last: &str) -> Typed {
    let name = entry.input(0).ok_or("no input")?;
    let mut names = vec![name.clone()];
    names.extend((1..).map_while(|i| entry.input(i)));
    let element = element(entry, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    for name in &names {
        if entry.shape(name)? != entry.shape(&names[0])? {
            return Err("several inputs of different shapes".to_owned());
        }
    }
    Ok(format!("{last}Fold<crate::arithmetic::{operation}, {}>", tensor_of_element(entry, &name, element)?))
}

fn where_(entry: &Entry) -> Typed {
    let names = [entry.input(0), entry.input(1), entry.input(2), entry.output(0)].map(Option::unwrap_or_default);
    let [condition, a, b, y] = names.each_ref();
    fit::broadcast(&[entry.shape(condition)?, entry.shape(a)?, entry.shape(b)?], entry.shape(y)?)?;
    let element = element(entry, &[a, b])?;
    let condition = tensor_of_element(entry, condition, "u8")?;
    let [a, b, y] = [a, b, y].map(|name| tensor_of_element(entry, name, element));
    Ok(format!("Where<{condition}, {}, {}, {}>", a?, b?, y?))
}
