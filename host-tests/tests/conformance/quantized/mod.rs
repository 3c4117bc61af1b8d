//! Layers on integers, bit for bit.

pub(crate) mod matmul;
pub(crate) mod movement;
pub(crate) mod pool;
pub(crate) mod recurrent;
pub(crate) mod softmax;
pub(crate) mod two;
pub(crate) mod weighted;
pub(crate) mod wide;

use tensorlet::{
    Tensor,
    quantized::{Clamp, Fused, Multiplier, Quantization, ZeroPoints},
};

use crate::case::Case;

/// An attribute that is a whole number.
pub(crate) fn integer(case: &Case, attribute: &str) -> Option<i32> {
    case.attributes()[attribute].as_i64().and_then(|n| i32::try_from(n).ok())
}

/// The same of a smaller type.
fn small<T: TryFrom<i32>>(case: &Case, attribute: &str) -> Option<T> {
    integer(case, attribute).and_then(|n| T::try_from(n).ok())
}

/// A tensor of int8.
pub(crate) fn bytes(case: &Case, name: &str) -> Vec<i8> {
    case.integers(name).into_iter().map(|n| i8::try_from(n).expect("an int8")).collect()
}

/// A tensor of int8 or int16.
pub(crate) fn elements<T: TryFrom<i64>>(case: &Case, name: &str) -> Vec<T> {
    case.integers(name).into_iter().map(|n| T::try_from(n).ok().expect("an element of this type")).collect()
}

/// The scale and zero point of a tensor, `in0`, of a case that has them.
pub(crate) fn quantization(case: &Case, tensor: &str) -> Option<Quantization> {
    let quant = &case.quantization()[tensor];
    let (scale, zero) = (&quant["scale"][0], &quant["zero_point"][0]);
    Some(Quantization::new(scale.as_f64()? as f32, i32::try_from(zero.as_i64()?).ok()?))
}

/// The fused activation of a case that says which.
pub(crate) fn fused(case: &Case) -> Option<Fused> {
    Some(match case.attributes()["options"]["fusedActivationFunction"].as_str()? {
        "NONE" => Fused::Identity,
        "RELU" => Fused::Relu,
        "RELU6" => Fused::Relu6,
        "RELU_N1_TO_1" => Fused::Hardtanh,
        other => panic!("no activation {other}"),
    })
}

/// Limits of the output.
pub(crate) fn limits<T: TryFrom<i32>>(case: &Case, names: [&str; 2]) -> Clamp<T> {
    let [min, max] = names.map(|name| small(case, name).expect("a limit"));
    Clamp { min, max }
}

/// A tensor of int32; empty if there is none.
pub(crate) fn words(case: &Case, name: &str) -> Vec<i32> {
    if !case.has(name) {
        return Vec::new();
    }
    case.integers(name).into_iter().map(|n| i32::try_from(n).expect("an int32")).collect()
}

/// Multipliers from two tensors.
pub(crate) fn multipliers(case: &Case) -> Vec<Multiplier> {
    let (multipliers, shifts) = (words(case, "in.output_multiplier"), words(case, "in.output_shift"));
    assert_eq!(multipliers.len(), shifts.len());
    multipliers.into_iter().zip(shifts).map(|(multiplier, shift)| Multiplier { multiplier, shift }).collect()
}

/// The zero points of input and output, and the limits of the output.
pub(crate) fn zero_points(case: &Case) -> ZeroPoints {
    let offset = integer(case, "input_offset").expect("an offset of the input");
    ZeroPoints {
        input: i8::try_from(-offset).expect("an int8"),
        output: small(case, "output_offset").expect("an offset of the output"),
        clamp: Clamp {
            min: small(case, "out_activation_min").expect("a limit"),
            max: small(case, "out_activation_max").expect("a limit"),
        },
    }
}

/// Compares a batch of tensors of integers.
pub(crate) fn compare<Y: Tensor<Elem: Into<i64>>>(case: &Case, name: &str, y: &[Y]) {
    case.compare_integers(name, Y::flat(y).iter().map(|&y| y.into()));
}
