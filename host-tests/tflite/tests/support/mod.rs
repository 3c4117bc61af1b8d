//! Small models, written byte by byte as the FlatBuffers format and TensorFlow Lite's schema say, and not by what
//! reads them.

#[allow(dead_code, reason = "not every test has use for all models")]
pub(crate) mod floats;
#[allow(dead_code, reason = "not every test has use for all models")]
pub(crate) mod operators;

/// A value of a table's field.
pub(crate) enum Value {
    Byte(u8),
    Int(i32),
    Float(f32),
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
    Table(Table),
    Tables(Vec<Table>),
}

/// A table: fields by their number.
pub(crate) struct Table(pub(crate) Vec<(usize, Value)>);

/// A file with this table at its root. Everything lies behind what refers to it.
pub(crate) fn file(root: &Table) -> Vec<u8> {
    let mut bytes = b"\0\0\0\0TFL3".to_vec();
    let at = table(&mut bytes, root);
    bytes[..4].copy_from_slice(&(at as u32).to_le_bytes());
    bytes
}

fn align(bytes: &mut Vec<u8>, to: usize) {
    while !bytes.len().is_multiple_of(to) {
        bytes.push(0);
    }
}

/// Appends a table, the list of its fields before it, what it refers to behind it; returns its place.
fn table(bytes: &mut Vec<u8>, Table(fields): &Table) -> usize {
    let count = fields.iter().map(|(number, _)| number + 1).max().unwrap_or_default();
    align(bytes, 4);
    // An odd number of fields would leave the table at an odd place.
    let list = bytes.len();
    let len = 4 + 4 * fields.len();
    bytes.extend(((4 + 2 * count) as u16).to_le_bytes());
    bytes.extend((len as u16).to_le_bytes());
    for number in 0..count {
        let place = fields.iter().position(|(own, _)| *own == number);
        bytes.extend(place.map_or(0, |place| 4 + 4 * place as u16).to_le_bytes());
    }
    align(bytes, 4);
    let at = bytes.len();
    bytes.extend(((at - list) as i32).to_le_bytes());
    bytes.extend(std::iter::repeat_n(0, 4 * fields.len()));
    for (place, (_, value)) in fields.iter().enumerate() {
        let slot = at + 4 + 4 * place;
        let word = match value {
            Value::Byte(byte) => [*byte, 0, 0, 0],
            Value::Int(number) => number.to_le_bytes(),
            Value::Float(number) => number.to_le_bytes(),
            Value::Ints(numbers) => vector(bytes, slot, numbers.len(), numbers.iter().flat_map(|n| n.to_le_bytes())),
            Value::Longs(numbers) => vector(bytes, slot, numbers.len(), numbers.iter().flat_map(|n| n.to_le_bytes())),
            Value::Floats(numbers) => vector(bytes, slot, numbers.len(), numbers.iter().flat_map(|n| n.to_le_bytes())),
            Value::Bytes(data) => vector(bytes, slot, data.len(), data.iter().copied()),
            Value::Table(inner) => ((table(bytes, inner) - slot) as u32).to_le_bytes(),
            Value::Tables(inner) => {
                let word = vector(bytes, slot, inner.len(), std::iter::repeat_n(0, 4 * inner.len()));
                let start = bytes.len() - 4 * inner.len();
                for (i, inner) in inner.iter().enumerate() {
                    let entry = start + 4 * i;
                    let offset = (table(bytes, inner) - entry) as u32;
                    bytes[entry..entry + 4].copy_from_slice(&offset.to_le_bytes());
                }
                word
            }
        };
        bytes[slot..slot + 4].copy_from_slice(&word);
    }
    at
}

/// Appends a vector; returns the offset that leads there from `slot`.
fn vector(bytes: &mut Vec<u8>, slot: usize, count: usize, data: impl IntoIterator<Item = u8>) -> [u8; 4] {
    align(bytes, 4);
    let at = bytes.len();
    bytes.extend((count as u32).to_le_bytes());
    bytes.extend(data);
    ((at - slot) as u32).to_le_bytes()
}

/// A tensor of int8: name, shape, buffer, scales, zero point, axis of the scales.
pub(crate) fn tensor(name: &str, shape: &[i32], buffer: i32, scales: &[f32], zero_point: i64, axis: i32) -> Table {
    tensor_of(9, name, shape, buffer, scales, zero_point, axis)
}

/// A tensor of a type.
pub(crate) fn tensor_of(
    element: u8,
    name: &str,
    shape: &[i32],
    buffer: i32,
    scales: &[f32],
    zero_point: i64,
    axis: i32,
) -> Table {
    let quantization = Table(vec![
        (2, Value::Floats(scales.to_vec())),
        (3, Value::Longs(vec![zero_point; scales.len()])),
        (6, Value::Int(axis)),
    ]);
    Table(vec![
        (0, Value::Ints(shape.to_vec())),
        (1, Value::Byte(element)),
        (2, Value::Int(buffer)),
        (3, Value::Bytes(name.as_bytes().to_vec())),
        (4, Value::Table(quantization)),
    ])
}

/// An operator: its place in the list of codes, inputs, output, the kind of its options and these.
pub(crate) fn operator(code: i32, inputs: &[i32], output: i32, kind: u8, options: Vec<(usize, Value)>) -> Table {
    Table(vec![
        (0, Value::Int(code)),
        (1, Value::Ints(inputs.to_vec())),
        (2, Value::Ints(vec![output])),
        (3, Value::Byte(kind)),
        (4, Value::Table(Table(options))),
    ])
}

/// A model: codes of operators, tensors, operators, input, output, and the contents of buffers but the first.
pub(crate) fn model(
    codes: &[i32],
    tensors: Vec<Table>,
    operators: Vec<Table>,
    [input, output]: [i32; 2],
    data: Vec<Vec<u8>>,
) -> Vec<u8> {
    let code = |&code: &i32| Table(vec![(0, Value::Byte(code.min(127) as u8)), (3, Value::Int(code))]);
    let buffers = data.into_iter().map(|data| Table(vec![(0, Value::Bytes(data))]));
    let graph = Table(vec![
        (0, Value::Tables(tensors)),
        (1, Value::Ints(vec![input])),
        (2, Value::Ints(vec![output])),
        (3, Value::Tables(operators)),
    ]);
    file(&Table(vec![
        (0, Value::Int(3)),
        (1, Value::Tables(codes.iter().map(code).collect())),
        (2, Value::Tables(vec![graph])),
        (4, Value::Tables(std::iter::once(Table(Vec::new())).chain(buffers).collect())),
    ]))
}

/// What is in [`residual`], to be changed before it is written.
pub(crate) struct Parts {
    pub(crate) codes: Vec<i32>,
    pub(crate) tensors: Vec<Table>,
    pub(crate) operators: Vec<Table>,
    pub(crate) ends: [i32; 2],
    pub(crate) data: Vec<Vec<u8>>,
}

impl Parts {
    pub(crate) fn write(self) -> Vec<u8> {
        model(&self.codes, self.tensors, self.operators, self.ends, self.data)
    }
}

/// A network with every operator: a convolution, a depthwise one, their sum, pooling, a view, a fully connected layer,
/// softmax.
pub(crate) fn residual() -> Parts {
    let bytes = |len: usize| (0..len).map(|i| (i * 37 % 255) as u8 ^ 0x80).map(|b| if b == 0x80 { 1 } else { b });
    let biases = |len: usize| (0..len as i32).flat_map(|i| (i * 11 - 20).to_le_bytes());
    let activation = |name: &str, shape: &[i32]| tensor(name, shape, 0, &[0.5], -3, 0);
    let scales = [0.01, 0.02, 0.03, 0.04];
    let bias_scales = scales.map(|scale| scale * 0.5);
    let tensors = vec![
        activation("serving_default_x", &[1, 5, 4, 3]),
        tensor("model/conv2d/Conv2D", &[4, 3, 3, 3], 1, &scales, 0, 0),
        tensor_of(2, "model/conv2d/bias", &[4], 2, &bias_scales, 0, 0),
        activation("model/conv2d/Relu", &[1, 3, 2, 4]),
        tensor("model/depthwise_conv2d/depthwise", &[1, 3, 3, 4], 3, &scales, 0, 3),
        tensor_of(2, "model/depthwise_conv2d/bias", &[4], 4, &bias_scales, 0, 0),
        activation("model/depthwise_conv2d/Relu", &[1, 3, 2, 4]),
        activation("model/add/add", &[1, 3, 2, 4]),
        activation("model/average_pooling2d/AvgPool", &[1, 1, 1, 4]),
        activation("model/flatten/Reshape", &[1, 4]),
        tensor("model/dense/MatMul", &[3, 4], 5, &[0.02], 0, 0),
        tensor_of(2, "model/dense/bias", &[3], 6, &[0.01], 0, 0),
        activation("model/dense/BiasAdd", &[1, 3]),
        tensor("Identity", &[1, 3], 0, &[1.0 / 256.0], -128, 0),
    ];
    let one = || Value::Int(1);
    let two = || Value::Int(2);
    let operators = vec![
        // SAME, by two, ReLU.
        operator(0, &[0, 1, 2], 3, 1, vec![(0, Value::Byte(0)), (1, two()), (2, two()), (3, Value::Byte(1))]),
        operator(1, &[3, 4, 5], 6, 2, vec![(1, one()), (2, one()), (3, one()), (4, Value::Byte(1))]),
        operator(2, &[3, 6], 7, 11, vec![]),
        // VALID, the whole image.
        operator(3, &[7], 8, 5, vec![(0, Value::Byte(1)), (1, one()), (2, one()), (3, two()), (4, Value::Int(3))]),
        operator(4, &[8], 9, 0, vec![]),
        operator(5, &[9, 10, 11], 12, 8, vec![]),
        operator(6, &[12], 13, 9, vec![(0, Value::Float(1.0))]),
    ];
    Parts {
        codes: vec![3, 4, 0, 1, 22, 9, 25],
        tensors,
        operators,
        ends: [0, 13],
        data: vec![
            bytes(108).collect(),
            biases(4).collect(),
            bytes(36).collect(),
            biases(4).collect(),
            bytes(12).collect(),
            biases(3).collect(),
        ],
    }
}
