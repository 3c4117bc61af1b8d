//! Matrix products.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::tensor,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let answer = match entry.op.as_str() {
        "matmul" if entry.has("in.a_batch_123") => seed(entry),
        "matmul" if entry.suite == "seeds" => values(entry, "in.a", "in.b", "out.y"),
        "matmul" => trained(entry, "Plain"),
        "matmul_t" => trained(entry, form(entry)),
        "mv" => mv(entry),
        "outer" => outer(entry),
        "addmm" => addmm(entry, ["in.c", "in.a", "in.b"], "Trained"),
        "fm_second_order" => factorisation(entry),
        "MatMul" => onnx(entry),
        "Gemm" => gemm(entry),
        // What PyTorch exports for a linear layer without bias.
        "Transpose+MatMul" => linear(entry),
        _ => return None,
    };
    Some(answer.map(|adapter| format!("crate::product::{adapter}")))
}

/// The form with the factors transposed as the attributes say.
fn form(entry: &Entry) -> &'static str {
    match (entry.flag("transA"), entry.flag("transB")) {
        (false, false) => "Plain",
        (true, false) => "First",
        (false, true) => "Second",
        (true, true) => "Both",
    }
}

fn shape(entry: &Entry, name: &str) -> Typed {
    let shape = entry.shape(name)?;
    if shape.contains(&0) { Err("a tensor without elements has no type".to_owned()) } else { Ok(tensor(shape)) }
}

/// Fails unless these tensors are factors and their product.
fn check(entry: &Entry, [a, b, y]: [&str; 3], swapped: [bool; 2]) -> fit::Fit {
    fit::multiplied(entry.shape(a)?, entry.shape(b)?, swapped, entry.shape(y)?)
}

fn trained(entry: &Entry, form: &str) -> Typed {
    let swapped = [matches!(form, "First" | "Both"), matches!(form, "Second" | "Both")];
    check(entry, ["in.a", "in.b", "out.y"], swapped)?;
    let [a, b, y] = [shape(entry, "in.a")?, shape(entry, "in.b")?, shape(entry, "out.y")?];
    Ok(format!("Trained<crate::product::{form}, {a}, {b}, {y}>"))
}

fn values(entry: &Entry, a: &str, b: &str, y: &str) -> Typed {
    check(entry, [a, b, y], [false; 2])?;
    let [a, b, y] = [shape(entry, a)?, shape(entry, b)?, shape(entry, y)?];
    Ok(format!("Values<{a}, {b}, {y}>"))
}

fn matrix(entry: &Entry, name: &str) -> Result<[usize; 2], String> {
    let [rows, columns] = *entry.shape(name)? else { return Err(format!("{name} is no matrix")) };
    Ok([rows, columns])
}

fn vector(entry: &Entry, name: &str) -> Result<usize, String> {
    let [len] = *entry.shape(name)? else { return Err(format!("{name} is no vector")) };
    Ok(len)
}

fn mv(entry: &Entry) -> Typed {
    check(entry, ["in.a", "in.x", "out.y"], [false; 2])?;
    let [rows, columns] = matrix(entry, "in.a")?;
    Ok(format!("MatrixVector<{rows}, {columns}>"))
}

fn outer(entry: &Entry) -> Typed {
    Ok(format!("Outer<{}, {}>", vector(entry, "in.a")?, vector(entry, "in.b")?))
}

fn addmm(entry: &Entry, [c, a, b]: [&str; 3], kind: &str) -> Typed {
    let ([rows, inner], [other, columns]) = (matrix(entry, a)?, matrix(entry, b)?);
    fit::equal(&[other], &[inner])?;
    fit::expanded(entry.shape(c)?, &[rows, columns])?;
    Ok(format!("Addmm{kind}<{}, {rows}, {inner}, {columns}>", shape(entry, c)?))
}

fn factorisation(entry: &Entry) -> Typed {
    let ([rows, features], [other, factors]) = (matrix(entry, "in.x")?, matrix(entry, "in.v")?);
    fit::equal(&[other], &[features])?;
    fit::equal(entry.shape("out.y")?, &[rows])?;
    Ok(format!("FactorisationMachine<{rows}, {features}, {factors}>"))
}

/// The worked example: elementwise product, `matmul`, `mm` and `bmm`.
fn seed(entry: &Entry) -> Typed {
    let ([rows, columns], [batch, m, k]) = (
        matrix(entry, "in.a_23")?,
        entry.shape("in.a_batch_123")?.try_into().map_err(|_| "in.a_batch_123 is no batch of matrices")?,
    );
    Ok(format!("Kinds<{rows}, {columns}, {batch}, {m}, {k}>"))
}

fn onnx(entry: &Entry) -> Typed {
    let names = [entry.input(0), entry.input(1), entry.output(0)].map(Option::unwrap_or_default);
    let [a, b, y] = names.each_ref();
    values(entry, a, b, y)
}

fn gemm(entry: &Entry) -> Typed {
    let names = [entry.input(0), entry.input(1), entry.output(0)].map(Option::unwrap_or_default);
    let [a, b, y] = names.each_ref();
    match (entry.input(2), form(entry)) {
        (Some(c), "Plain") => addmm(entry, [&c, a, b], "Values"),
        (c, form) => {
            let c = c.map_or_else(|| Ok("f32".to_owned()), |c| shape(entry, &c))?;
            let [a, b, y] = [shape(entry, a)?, shape(entry, b)?, shape(entry, y)?];
            Ok(format!("Gemm<crate::product::{form}, {a}, {b}, {c}, {y}>"))
        }
    }
}

fn linear(entry: &Entry) -> Typed {
    let transposed = &entry.nodes[0]["outputs"][0];
    if entry.nodes[0]["attrs"]["perm"] != serde_json::json!([1, 0]) || entry.nodes[1]["inputs"][1] != *transposed {
        return Err("another graph".to_owned());
    }
    let [x, weight] = [entry.nodes[1]["inputs"][0].as_str(), entry.nodes[0]["inputs"][0].as_str()];
    let (Some(x), Some(weight)) = (x, weight) else { return Err("another graph".to_owned()) };
    let [x, weight] = [shape(entry, &format!("in.{x}"))?, shape(entry, &format!("in.{weight}"))?];
    let y = shape(entry, &entry.output(0).unwrap_or_default())?;
    Ok(format!("LinearNoBias<{x}, {weight}, {y}>"))
}
