//! Rust types as text.

/// `[[f32; 3]; 2]` for the shape `[2, 3]`.
pub(crate) fn tensor(dims: &[usize]) -> String {
    tensor_of("f32", dims)
}

/// `[[u32; 3]; 2]` for the shape `[2, 3]` and the element `u32`.
pub(crate) fn tensor_of(element: &str, dims: &[usize]) -> String {
    dims.iter().rev().fold(element.to_owned(), |inner, dim| format!("[{inner}; {dim}]"))
}
