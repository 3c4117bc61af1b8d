//! What the generator makes of models, and what it says of those that it cannot make anything of.

mod support;

use support::{Parts, Value, floats, operator, residual, tensor, tensor_of};
use tensorlet_tflite::{Damage, Error, Options, Problem, generate};

fn rust(parts: Parts) -> Result<tensorlet_tflite::Rust, Error> {
    generate(&parts.write(), &Options { name: "Tiny", source: "tiny.tflite", ..Options::NEW })
}

/// The error of a model with a change.
fn refused(change: impl FnOnce(&mut Parts)) -> String {
    let mut parts = residual();
    change(&mut parts);
    rust(parts).expect_err("the model is damaged").to_string()
}

#[test]
fn every_operator_becomes_a_layer() {
    let made = rust(residual()).unwrap();
    for line in [
        "pub type Conv2d = quantized::Conv2d<3, 4, 3, 3, 3, 2, sliding::Padded<Slide<2>, 1, 0, 1, 1>, Packing>;",
        "pub type DepthwiseConv2d = quantized::DepthwiseConv2d<4, 4, 3, 3, 3, 2, Slide<1, 1>, Packing>;",
        "pub type Add = quantized::Add;",
        "pub type AveragePooling2d = quantized::AvgPool2d<3, 2, 1, 1, Slide<1, 0>>;",
        "pub type Dense = quantized::Linear<4, 3, Packing>;",
        "pub type Softmax = quantized::Softmax;",
        "pub type Input = [[[i8; 3]; 4]; 5];",
        "pub type Output = [i8; 3];",
        "pub static TINY: Tiny = Tiny::NEW;",
    ] {
        assert!(made.code.lines().any(|own| own == line), "no line {line} in:\n{}", made.code);
    }
    // The input of 15 words and the first output of 6; the sum lies where its first input lies.
    assert_eq!(made.words, 21);
    assert_eq!(made.macs, 6 * 108 + 6 * 36 + 12);
    assert_eq!(made.weights.len(), 108 + 36 + 12 + 4 * (4 + 4 + 3) + 4 * (4 + 4));
}

#[test]
fn images_of_floats_are_turned_once() {
    let made = rust(floats::image()).unwrap();
    for line in [
        "pub type ToPlanes = quantized::Permute<[[[f32; 4]; 5]; 3], (ops::Dim<2>, ops::Dim<0>, ops::Dim<1>)>;",
        "pub type Conv2d = (tensorlet::Conv2d<3, 4, 3, 3, 3, 2, sliding::Padded<Slide<2>, 1, 0, 1, 1>, [f32; 4], 3>, \
         tensorlet::Relu);",
        "pub type Depthwise = (tensorlet::Conv2d<4, 4, 3, 3, 3, 2, Slide<1, 1>, tensorlet::NoBias, 1>, tensorlet::Relu6);",
        "pub type Add = tensorlet::Relu;",
        "pub type AveragePool = tensorlet::AvgPool2d<2, 2, 3, 2, sliding::ExcludePad<sliding::Padded<Slide<1>, 0, 0, 1, 1>>>;",
        "pub type ToPixels = quantized::Permute<[[[f32; 4]; 1]; 2], (ops::Dim<1>, ops::Dim<2>, ops::Dim<0>)>;",
        "pub type Dense = tensorlet::Linear<8, 3, [f32; 3]>;",
        "pub type Input = [[[f32; 3]; 4]; 5];",
    ] {
        assert!(made.code.lines().any(|own| own == line), "no line {line} in:\n{}", made.code);
    }
    assert_eq!(made.weights.len(), 4 * (108 + 4 + 36 + 24 + 3));
    assert_eq!(made.code.matches("self.to_planes)").count(), 1);
    // The sum lies where its first input lies; the input of 60 words is gone when the largest pair is there.
    assert_eq!(made.words, 120);
}

#[test]
fn what_floats_have_no_layer_for_is_named() {
    let changed = |change: fn(&mut Parts), mut parts: Parts| {
        change(&mut parts);
        rust(parts).expect_err("the model is changed").to_string()
    };
    let error = changed(|parts| parts.codes[7] = 98, floats::image());
    assert_eq!(error, "operator 7, LEAKY_RELU, which makes tensor `Identity`: is not supported");
    let error = changed(|parts| parts.codes[2] = 18, floats::image());
    assert!(error.contains("operator 2, MUL") && error.contains("an input is \"float32\""), "{error}");
    let error = changed(|parts| parts.data[0][..4].copy_from_slice(&f32::NAN.to_le_bytes()), floats::image());
    assert!(error.contains("one of its numbers is NaN"), "{error}");
    let error = changed(|parts| parts.tensors[6] = tensor("a", &[1, 3, 2, 4], 0, &[0.5], 0, 0), floats::image());
    assert!(error.contains("the type of the output is \"int8\""), "{error}");
    let per_channel = |parts: &mut Parts| parts.tensors[1] = tensor("w", &[5, 1, 2, 2], 1, &[0.01; 5], 0, 0);
    let error = changed(per_channel, floats::hybrid());
    assert!(error.contains("the number of scales of an int8 weight before floats is 5"), "{error}");
}

#[test]
fn what_is_not_supported_is_named() {
    let error = refused(|parts| parts.codes[2] = 98);
    assert_eq!(error, "operator 2, LEAKY_RELU, which makes tensor `model/add/add`: is not supported");
    let error = refused(|parts| parts.codes[2] = 4711);
    assert_eq!(error, "operator 2, operator code 4711, which makes tensor `model/add/add`: is not supported");
    let error = refused(|parts| parts.tensors[0] = tensor_of(0, "x", &[1, 5, 4, 3], 0, &[], 0, 0));
    assert_eq!(
        error,
        "operator 0, CONV_2D, which makes tensor `model/conv2d/Relu`: the type of the output is \"int8\", but must be \
         \"float32\""
    );
    let error = refused(|parts| parts.tensors[0] = tensor_of(1, "x", &[1, 5, 4, 3], 0, &[], 0, 0));
    assert_eq!(error, "tensor 0, `x`: its type is float16, but must be int8");
    let error = refused(|parts| parts.operators[0] = operator(0, &[0, 1, 2], 3, 1, vec![(3, Value::Byte(4))]));
    assert!(error.contains("operator 0, CONV_2D") && error.contains("its activation is 4"), "{error}");
}

#[test]
fn what_does_not_fit_is_named() {
    // Shapes.
    let error = refused(|parts| parts.tensors[3] = tensor("a", &[1, 3, 3, 4], 0, &[0.5], -3, 0));
    assert!(error.starts_with("operator 0, CONV_2D") && error.contains("the shape of the output"), "{error}");
    let error = refused(|parts| parts.tensors[9] = tensor("a", &[1, 5], 0, &[0.5], -3, 0));
    assert!(error.starts_with("operator 4, RESHAPE"), "{error}");
    let error = refused(|parts| parts.tensors[3] = tensor("a", &[1, 0, 2, 4], 0, &[0.5], -3, 0));
    assert!(error.contains("its shape is [1, 0, 2, 4], out of range"), "{error}");
    let error = refused(|parts| parts.tensors[0] = tensor("a", &[1, i32::MAX, i32::MAX, 3], 0, &[0.5], -3, 0));
    assert!(error.contains("out of range"), "{error}");
    // Buffers.
    let error = refused(|parts| parts.data[0].truncate(107));
    assert!(error.contains("the number of its bytes is 107, but must be 108"), "{error}");
    let error = refused(|parts| parts.tensors[1] = tensor("w", &[4, 3, 3, 3], 99, &[0.1], 0, 0));
    assert_eq!(error, "Tensor.buffer is 99, but the model has 7");
    // Quantization.
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-40] {
        let error = refused(|parts| parts.tensors[3] = tensor("a", &[1, 3, 2, 4], 0, &[scale], -3, 0));
        assert!(error.contains("a scale is"), "{error}");
    }
    let error = refused(|parts| parts.tensors[3] = tensor("a", &[1, 3, 2, 4], 0, &[0.5], 128, 0));
    assert!(error.contains("its zero point is 128, out of range"), "{error}");
    let error = refused(|parts| parts.tensors[1] = tensor("w", &[4, 3, 3, 3], 1, &[0.1; 3], 0, 0));
    assert!(error.contains("the number of its scales"), "{error}");
    let error = refused(|parts| parts.tensors[1] = tensor("w", &[4, 3, 3, 3], 1, &[0.1; 4], 0, 2));
    assert!(error.contains("the axis of its scales is 2, but must be 0"), "{error}");
    let error = refused(|parts| parts.tensors[2] = tensor_of(2, "b", &[4], 2, &[0.5; 4], 0, 0));
    assert!(error.contains("tensor 2, `b`: a scale"), "{error}");
    // The order of operators.
    let error = refused(|parts| parts.operators.swap(1, 2));
    assert!(error.contains("has no operator that makes it before it is read"), "{error}");
    let error = refused(|parts| parts.operators[2] = operator(2, &[3, 6], 6, 11, vec![]));
    assert!(error.contains("computed twice"), "{error}");
    let error = refused(|parts| parts.operators[2] = operator(2, &[3, 600], 7, 11, vec![]));
    assert_eq!(error, "an input of operator 2, ADD is 600, but the model has 14");
    // Sums.
    let error = refused(|parts| parts.data[1] = i32::MAX.to_le_bytes().repeat(4));
    assert!(error.contains("the sum of output channel 0 can leave an accumulator of 32 bits"), "{error}");
}

#[test]
fn damaged_bytes_are_named() {
    let options = Options::NEW;
    assert_eq!(generate(b"", &options), Err(Error::NotTensorFlowLite));
    assert_eq!(generate(b"\x10\0\0\0TFL2", &options), Err(Error::NotTensorFlowLite));
    let beyond = |what, at| Err(Error::Damaged { what, at, how: Damage::BeyondEnd });
    assert_eq!(generate(b"\xff\xff\xff\xffTFL3", &options), beyond("the root", 0xffff_ffff));
    // A table whose list of fields is itself.
    assert_eq!(
        generate(b"\x08\0\0\0TFL3\0\0\0\0", &options),
        Err(Error::Damaged { what: "the root", at: 8, how: Damage::NoTable })
    );
    let sound = residual().write();
    for len in 0..sound.len() {
        // Only the last buffer's last bytes could be missing unseen, and they are not.
        assert!(generate(&sound[..len], &options).is_err(), "{len} of {} bytes", sound.len());
    }
}

#[test]
fn weights_that_do_not_fit_in_pairs_are_packed_otherwise() {
    let mut parts = residual();
    parts.data[0][5] = 0x80;
    let made = rust(parts).unwrap();
    assert!(made.code.contains("Padded<Slide<2>, 1, 0, 1, 1>, <Packing as quantized::Packing>::AnyWeight>;"));
}

#[test]
fn names_cannot_leave_their_comments() {
    let mut parts = residual();
    parts.tensors[0] = tensor("x\n*/ pub fn evil() {} `", &[1, 5, 4, 3], 0, &[0.5], -3, 0);
    parts.tensors[1] = tensor("conv(/conv{/fn/conv2d", &[4, 3, 3, 3], 1, &[0.01, 0.02, 0.03, 0.04], 0, 0);
    let made = rust(parts).unwrap();
    assert!(made.code.contains("/// The input, `x?*/?pub?fn?evil()?{}??`.\n"), "{}", made.code);
    assert!(made.code.contains("    pub conv: Conv,\n"), "{}", made.code);
    let error = generate(&residual().write(), &Options { name: "A; fn b", ..Options::NEW });
    assert_eq!(error, Err(Error::Name("A; fn b".to_owned())));
    assert!(matches!(
        rust(Parts { codes: vec![32; 7], ..residual() }),
        Err(Error::Operator { problem: Problem::NotSupported, .. })
    ));
}
