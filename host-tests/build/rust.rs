//! Rust types as text.

use crate::entry::Entry;

/// `[[f32; 3]; 2]` for the shape `[2, 3]`.
pub(crate) fn tensor(dims: &[usize]) -> String {
    tensor_of("f32", dims)
}

/// `[[u32; 3]; 2]` for the shape `[2, 3]` and the element `u32`.
pub(crate) fn tensor_of(element: &str, dims: &[usize]) -> String {
    dims.iter().rev().fold(element.to_owned(), |inner, dim| format!("[{inner}; {dim}]"))
}

/// The element that tensors of these names are computed with: their own, `i32` for wider integers,
/// `f32` for several.
pub(crate) fn element(entry: &Entry, names: &[&str]) -> Result<&'static str, String> {
    let mut found = None;
    for name in names {
        let (element, _) = entry.tensors.get(*name).ok_or_else(|| format!("the case has no tensor {name}"))?;
        let element = match element.as_str() {
            "float32" | "float64" => "f32",
            "int64" | "int32" => "i32",
            "int16" => "i16",
            "int8" => "i8",
            "uint32" => "u32",
            "uint16" => "u16",
            "uint8" | "bool" => "u8",
            other => return Err(format!("there is no element type {other}")),
        };
        found = Some(found.map_or(element, |found| if found == element { element } else { "f32" }));
    }
    found.ok_or_else(|| "no tensor".to_owned())
}
