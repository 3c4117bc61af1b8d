//! Small models on floats. Their formulas are in `host-tests/tests/tflite_float.rs`.

use super::{Parts, Table, Value, operator, tensor, tensor_of};

/// A weight or bias: the same in every run, positive and negative.
pub(crate) fn number(i: usize) -> f32 {
    (i * 37 % 101) as f32 / 101.0 - 0.45
}

fn floats(name: &str, shape: &[i32], buffer: i32) -> Table {
    tensor_of(0, name, shape, buffer, &[], 0, 0)
}

fn numbers(len: usize) -> Vec<u8> {
    (0..len).flat_map(|i| number(i).to_le_bytes()).collect()
}

/// Padding, strides of columns and rows, and what comes behind them: SAME is 0, VALID is 1.
fn window(padding: u8, stride: i32, rest: Vec<(usize, Value)>) -> Vec<(usize, Value)> {
    let mut options = vec![(0, Value::Byte(padding)), (1, Value::Int(stride)), (2, Value::Int(stride))];
    options.extend(rest);
    options
}

/// A network of images, all operators that floats have but those of the others; images are turned at both ends of its
/// middle.
pub(crate) fn image() -> Parts {
    let pooled = |rows, columns| vec![(3, Value::Int(columns)), (4, Value::Int(rows))];
    Parts {
        codes: vec![3, 4, 0, 1, 17, 22, 9, 25],
        tensors: vec![
            floats("x", &[1, 5, 4, 3], 0),
            floats("model/conv2d/Conv2D", &[4, 3, 3, 3], 1),
            floats("model/conv2d/bias", &[4], 2),
            floats("model/conv2d/Relu", &[1, 3, 2, 4], 0),
            floats("model/depthwise/depthwise", &[1, 3, 3, 4], 3),
            floats("model/depthwise/Relu6", &[1, 3, 2, 4], 0),
            floats("model/add/add", &[1, 3, 2, 4], 0),
            floats("model/average_pool/AvgPool", &[1, 3, 2, 4], 0),
            floats("model/max_pool/MaxPool", &[1, 2, 1, 4], 0),
            floats("model/flatten/Reshape", &[1, 8], 0),
            floats("model/dense/MatMul", &[3, 8], 4),
            floats("model/dense/bias", &[3], 5),
            floats("model/dense/BiasAdd", &[1, 3], 0),
            floats("Identity", &[1, 3], 0),
        ],
        operators: vec![
            operator(0, &[0, 1, 2], 3, 1, window(0, 2, vec![(3, Value::Byte(1))])),
            operator(1, &[3, 4], 5, 2, window(0, 1, vec![(3, Value::Int(1)), (4, Value::Byte(3))])),
            operator(2, &[3, 5], 6, 11, vec![(0, Value::Byte(1))]),
            operator(3, &[6], 7, 5, window(0, 1, pooled(2, 2))),
            operator(4, &[7], 8, 5, window(0, 2, pooled(2, 2))),
            operator(5, &[8], 9, 0, vec![]),
            operator(6, &[9, 10, 11], 12, 8, vec![]),
            operator(7, &[12], 13, 9, vec![(0, Value::Float(1.0))]),
        ],
        ends: [0, 13],
        data: vec![numbers(108), numbers(4), numbers(36), numbers(24), numbers(3)],
    }
}

/// Weights of int8 behind floats: a convolution, the mean of its output, a fully connected layer without a bias.
pub(crate) fn hybrid() -> Parts {
    let bytes = |len: usize| (0..len).map(|i| (i * 53 % 255) as u8 ^ 0x80).map(|b| if b == 0x80 { 1 } else { b });
    let integers = |numbers: [i32; 2]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Parts {
        codes: vec![3, 40, 9],
        tensors: vec![
            floats("x", &[1, 3, 4, 2], 0),
            tensor("w", &[5, 1, 2, 2], 1, &[0.01], 0, 0),
            floats("b", &[5], 2),
            floats("conv", &[1, 3, 3, 5], 0),
            tensor_of(2, "axes", &[2], 3, &[], 0, 0),
            floats("mean", &[1, 5], 0),
            tensor("v", &[2, 5], 4, &[0.02], 0, 0),
            floats("y", &[1, 2], 0),
        ],
        operators: vec![
            operator(0, &[0, 1, 2], 3, 1, window(1, 1, vec![])),
            operator(1, &[3, 4], 5, 27, vec![]),
            operator(2, &[5, 6, -1], 7, 8, vec![(0, Value::Byte(1))]),
        ],
        ends: [0, 7],
        data: vec![bytes(20).collect(), numbers(5), integers([1, 2]), bytes(10).collect()],
    }
}

/// An image that goes out as one, in the order in which it came in.
pub(crate) fn same_image() -> Parts {
    let image = [1, 3, 4, 2];
    Parts {
        codes: vec![0, 21, 19],
        tensors: vec![floats("x", &image, 0), floats("y", &image, 0), floats("sum", &image, 0), floats("r", &image, 0)],
        operators: vec![
            operator(0, &[0, 0], 2, 11, vec![]),
            operator(1, &[2], 3, 0, vec![]),
            operator(0, &[3, 2], 1, 11, vec![(0, Value::Byte(3))]),
        ],
        ends: [0, 1],
        data: vec![],
    }
}

/// All of them, with names.
pub(crate) fn models() -> Vec<(&'static str, Parts)> {
    vec![("float_image", image()), ("float_hybrid", hybrid()), ("float_same", same_image())]
}
