//! The constants of layers: all in one file, and the calls that read them there.

use std::fmt::{Debug, Display};

/// Appends a layer's constants to the file of all, and returns the call behind the name of its type that makes the
/// layer of them; `BYTES` is the file in the code. `indent` is put in front of the call's last line.
///
/// The weights are bytes in TensorFlow Lite's order, `input` and `output` expressions of type `Quantization`, and
/// `fused` is a variant of `Fused`.
pub fn from_scales(
    bytes: &mut Vec<u8>,
    (weight, bias, scales): (&[u8], &[i32], &[f32]),
    (input, output, fused): (&dyn Display, &dyn Display, &dyn Debug),
    indent: &str,
) -> String {
    let at = bytes.len();
    bytes.extend(weight);
    let weight = format!("&quantized::stored_i8::<{}>(BYTES, {at})", weight.len());
    let at = bytes.len();
    bytes.extend(bias.iter().flat_map(|bias| bias.to_le_bytes()));
    let bias = match bias.len() {
        0 => "&[]".to_owned(),
        len => format!("&quantized::stored_i32::<{len}>(BYTES, {at})"),
    };
    let at = bytes.len();
    let scales = match scales {
        [scale] => format!("&[{scale:?}]"),
        _ => {
            bytes.extend(scales.iter().flat_map(|scale| scale.to_le_bytes()));
            format!("&quantized::stored_f32::<{}>(BYTES, {at})", scales.len())
        }
    };
    let arguments = [weight, bias, input.to_string(), scales, output.to_string(), format!("Fused::{fused:?}")];
    let lines: String = arguments.iter().map(|argument| format!("\n{indent}    {argument},")).collect();
    format!("from_scales({lines}\n{indent})")
}

/// A quantization as an expression.
///
/// ```
/// use tensorlet_tflite::constants::quantization;
/// assert_eq!(quantization(0.5, -3), "Quantization::new(0.5, -3)");
/// ```
#[must_use]
pub fn quantization(scale: f32, zero_point: i32) -> String {
    // What `{:?}` writes of a float reads as the same float.
    format!("Quantization::new({scale:?}, {zero_point})")
}
