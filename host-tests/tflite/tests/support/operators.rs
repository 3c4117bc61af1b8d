//! A small model for each of the other operators. Numbers of integers stand for are in `host-tests/tests/tflite.rs`.

use super::{Parts, Table, Value, operator, tensor, tensor_of};

/// A tensor of int8 that is computed.
fn activation(name: &str, shape: &[i32], scale: f32, zero_point: i64) -> Table {
    tensor(name, shape, 0, &[scale], zero_point, 0)
}

/// A constant of integers.
fn integers(name: &str, shape: &[i32], buffer: i32) -> Table {
    tensor_of(2, name, shape, buffer, &[], 0, 0)
}

fn words(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A model with one operator on tensor 0, of this code; tensor 1 is the output, the others are constants.
fn one(
    code: i32,
    tensors: Vec<Table>,
    inputs: &[i32],
    kind: u8,
    options: Vec<(usize, Value)>,
    data: Vec<Vec<u8>>,
) -> Parts {
    Parts { codes: vec![code], tensors, operators: vec![operator(0, inputs, 1, kind, options)], ends: [0, 1], data }
}

/// A model that combines tensor 0 with tensor 2, which is `first` of it, to tensor 1.
fn two(
    codes: [i32; 2],
    tensors: Vec<Table>,
    first: &[i32],
    kind: u8,
    options: Vec<(usize, Value)>,
    data: Vec<Vec<u8>>,
) -> Parts {
    let operators = vec![operator(0, first, 2, 0, vec![]), operator(1, &[0, 2], 1, kind, options)];
    Parts { codes: codes.to_vec(), tensors, operators, ends: [0, 1], data }
}

/// All of them, with names.
pub(crate) fn operators() -> Vec<(&'static str, Parts)> {
    let image = [1, 3, 4, 2];
    let x = || activation("x", &image, 0.1, -3);
    let same = |name| activation(name, &image, 0.1, -3);
    let extreme = |code| two([19, code], vec![x(), same("y"), same("t")], &[0], 0, vec![], vec![]);
    let weight = (0..108).map(|i| (i * 37 % 251 - 125) as i8 as u8).collect();
    vec![
        ("relu", one(19, vec![x(), activation("y", &image, 0.07, -128)], &[0], 0, vec![], vec![])),
        ("relu6", one(21, vec![x(), activation("y", &image, 0.03, -100)], &[0], 0, vec![], vec![])),
        ("rescale", one(114, vec![x(), activation("y", &image, 0.2, 10)], &[0], 89, vec![], vec![])),
        (
            "mul",
            two(
                [19, 18],
                vec![x(), activation("y", &image, 0.5, 7), activation("t", &image, 0.05, -128)],
                &[0],
                21,
                vec![],
                vec![],
            ),
        ),
        ("minimum", extreme(57)),
        ("maximum", extreme(55)),
        (
            "mean",
            one(
                40,
                vec![x(), activation("y", &[1, 2], 0.04, 5), integers("axes", &[2], 1)],
                &[0, 2],
                27,
                vec![],
                vec![words(&[2, 1])],
            ),
        ),
        (
            "pad",
            one(
                34,
                vec![x(), activation("y", &[1, 6, 5, 2], 0.1, -3), integers("margins", &[4, 2], 1)],
                &[0, 2],
                22,
                vec![],
                vec![words(&[0, 0, 1, 2, 0, 1, 0, 0])],
            ),
        ),
        (
            "transpose",
            one(
                39,
                vec![x(), activation("y", &[1, 4, 2, 3], 0.1, -3), integers("order", &[4], 1)],
                &[0, 2],
                26,
                vec![],
                vec![words(&[0, 2, 3, 1])],
            ),
        ),
        (
            "concat",
            two(
                [19, 2],
                vec![x(), activation("y", &[1, 3, 4, 4], 0.1, -3), activation("t", &image, 0.06, -128)],
                &[0],
                10,
                vec![(0, Value::Int(-1))],
                vec![],
            ),
        ),
        (
            "broadcast",
            two(
                [40, 0],
                vec![
                    x(),
                    activation("y", &image, 0.11, 4),
                    activation("t", &[1, 1, 1, 2], 0.09, 0),
                    integers("axes", &[2], 1),
                ],
                &[0, 3],
                11,
                vec![],
                vec![words(&[1, 2])],
            ),
        ),
        (
            "max_pool",
            one(
                17,
                vec![x(), activation("y", &[1, 2, 2, 2], 0.1, -3)],
                &[0],
                5,
                vec![
                    (0, Value::Byte(0)),
                    (1, Value::Int(2)),
                    (2, Value::Int(2)),
                    (3, Value::Int(3)),
                    (4, Value::Int(2)),
                    (5, Value::Byte(1)),
                ],
                vec![],
            ),
        ),
        (
            "transpose_conv",
            one(
                67,
                vec![
                    activation("x", &[1, 2, 3, 4], 0.1, -3),
                    activation("y", &[1, 4, 5, 3], 2.0, 9),
                    integers("size", &[4], 1),
                    tensor("w", &[3, 3, 3, 4], 2, &[0.05, 0.06, 0.07], 0, 0),
                    tensor_of(2, "b", &[3], 3, &[0.005, 0.006, 0.007], 0, 0),
                ],
                &[2, 3, 0, 4],
                49,
                vec![(0, Value::Byte(0)), (1, Value::Int(2)), (2, Value::Int(2))],
                vec![words(&[1, 4, 5, 3]), weight, words(&[1000, -2000, 300])],
            ),
        ),
        ("floats", {
            let float = |name| tensor_of(0, name, &[1, 6], 0, &[], 0, 0);
            Parts {
                codes: vec![114, 19, 6],
                tensors: vec![
                    float("x"),
                    float("y"),
                    activation("q", &[1, 6], 0.1, -3),
                    activation("r", &[1, 6], 0.05, -128),
                ],
                operators: vec![
                    operator(0, &[0], 2, 89, vec![]),
                    operator(1, &[2], 3, 0, vec![]),
                    operator(2, &[3], 1, 38, vec![]),
                ],
                ends: [0, 1],
                data: vec![],
            }
        }),
    ]
}
