//! The cases as models in ONNX, for tract and for onnxruntime: parameters are constants of the model, so that both
//! may pack them as they like.

use std::convert::Infallible;

use prost::Message;
use tensorlet_benches::{
    arrays::Arrays,
    case::{Case, Cell, Op},
};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, attribute_proto::AttributeType, tensor_shape_proto, type_proto,
};

use crate::networks::{self, Layers};

/// Single precision, as ONNX numbers its types.
const FLOAT: i32 = 1;

/// The model of a case; empty where there is none: gradients and random numbers.
pub(crate) fn model(case: &Case, arrays: &Arrays) -> Vec<u8> {
    let mut graph = Graph { arrays, proto: GraphProto { name: "case".to_owned(), ..Default::default() }, values: 0 };
    match case.op {
        Op::Matmul { m, k, n } => {
            graph.input("a", &[m, k]);
            graph.input("b", &[k, n]);
            graph.node("MatMul", &["a", "b"], &["c"], vec![]);
            graph.output("c", &[m, n]);
        }
        Op::Conv(c) => {
            graph.input("x", &[c.n, c.channels, c.size, c.size]);
            graph.constant("weight", &arrays["weight"], &[c.out, c.channels / c.groups, c.kernel, c.kernel]);
            graph.constant("bias", &arrays["bias"], &[c.out]);
            let attributes =
                vec![ints("kernel_shape", &[c.kernel; 2]), ints("pads", &[c.padding; 4]), int("group", c.groups)];
            graph.node("Conv", &["x", "weight", "bias"], &["y"], attributes);
            graph.output("y", &[c.n, c.out, c.output(), c.output()]);
        }
        Op::MaxPool(p) => {
            graph.input("x", &[1, p.channels, p.size, p.size]);
            let attributes = vec![
                ints("kernel_shape", &[p.kernel; 2]),
                ints("strides", &[p.stride; 2]),
                ints("pads", &[p.padding; 4]),
            ];
            graph.node("MaxPool", &["x"], &["y"], attributes);
            graph.output("y", &[1, p.channels, p.output(), p.output()]);
        }
        Op::LayerNorm(rows) => {
            graph.input("x", &[rows.n, rows.width]);
            graph.constant("weight", &arrays["weight"], &[rows.width]);
            graph.constant("bias", &arrays["bias"], &[rows.width]);
            let epsilon = AttributeProto {
                name: "epsilon".to_owned(),
                r#type: AttributeType::Float as i32,
                f: 1e-5,
                ..Default::default()
            };
            graph.node("LayerNormalization", &["x", "weight", "bias"], &["y"], vec![epsilon]);
            graph.output("y", &[rows.n, rows.width]);
        }
        Op::Cell { cell, n } => graph.cell(cell, n),
        Op::Inference { network, n } if networks::known(network) => {
            let shape = arrays.0.get("x").map(|x| x.shape.clone()).unwrap_or_default();
            graph.input("x", &shape);
            let Ok(y) = networks::forward(network, &mut graph, "x".to_owned());
            graph.output(&y, &[n, 10]);
        }
        _ => return Vec::new(),
    }
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(graph.proto),
        ..Default::default()
    };
    model.encode_to_vec()
}

struct Graph<'a> {
    arrays: &'a Arrays,
    proto: GraphProto,
    values: usize,
}

impl Graph<'_> {
    fn input(&mut self, name: &str, shape: &[usize]) {
        self.proto.input.push(value(name, shape));
    }

    fn output(&mut self, name: &str, shape: &[usize]) {
        self.proto.output.push(value(name, shape));
    }

    fn constant(&mut self, name: &str, data: &[f32], shape: &[usize]) {
        self.proto.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: shape.iter().map(|&dim| dim as i64).collect(),
            data_type: FLOAT,
            raw_data: data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            ..Default::default()
        });
    }

    fn node(&mut self, op: &str, input: &[&str], output: &[&str], attribute: Vec<AttributeProto>) {
        self.proto.node.push(NodeProto {
            op_type: op.to_owned(),
            name: format!("{op}{}", self.proto.node.len()),
            input: input.iter().map(|&name| name.to_owned()).collect(),
            output: output.iter().map(|&name| name.to_owned()).collect(),
            attribute,
            ..Default::default()
        });
    }

    /// A node with one result, under a name of its own.
    fn apply(&mut self, op: &str, input: &[&str], attribute: Vec<AttributeProto>) -> Result<String, Infallible> {
        self.values += 1;
        let name = format!("v{}", self.values);
        self.node(op, input, &[&name], attribute);
        Ok(name)
    }

    /// The parameters of a layer as constants.
    fn parameters(&mut self, layer: &str) -> [String; 2] {
        ["weight", "bias"].map(|name| {
            let path = format!("{layer}.{name}");
            if let Some(array) = self.arrays.0.get(&path) {
                self.constant(&path, &array.data, &array.shape);
            }
            path
        })
    }

    fn pool(&mut self, op: &str, x: &str) -> Result<String, Infallible> {
        self.apply(op, &[x], vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])])
    }

    /// One step of a recurrent cell: a sequence of length one. ONNX has another order of gates.
    fn cell(&mut self, cell: Cell, n: usize) {
        let (op, order): (_, &[usize]) = match cell {
            Cell::Lstm => ("LSTM", &[0, 3, 1, 2]),
            Cell::Gru => ("GRU", &[1, 0, 2]),
        };
        let (h, gates) = (Cell::HIDDEN, order.len());
        let reordered = |data: &[f32], columns: usize| -> Vec<f32> {
            order.iter().flat_map(|gate| &data[gate * h * columns..(gate + 1) * h * columns]).copied().collect()
        };
        let arrays = self.arrays;
        self.constant("w", &reordered(&arrays["weight_ih"], Cell::INPUTS), &[1, gates * h, Cell::INPUTS]);
        self.constant("r", &reordered(&arrays["weight_hh"], h), &[1, gates * h, h]);
        let bias = [reordered(&arrays["bias_ih"], 1), reordered(&arrays["bias_hh"], 1)].concat();
        self.constant("bias", &bias, &[1, 2 * gates * h]);
        self.input("x", &[1, n, Cell::INPUTS]);
        self.input("h", &[1, n, h]);
        self.output("h'", &[1, n, h]);
        let mut attributes = vec![int("hidden_size", h)];
        match cell {
            Cell::Lstm => {
                self.input("c", &[1, n, h]);
                self.output("c'", &[1, n, h]);
                self.node(op, &["x", "w", "r", "bias", "", "h", "c"], &["", "h'", "c'"], attributes);
            }
            Cell::Gru => {
                attributes.push(int("linear_before_reset", 1));
                self.node(op, &["x", "w", "r", "bias", "", "h"], &["", "h'"], attributes);
            }
        }
    }
}

impl Layers for Graph<'_> {
    type Value = String;
    type Error = Infallible;

    fn conv(&mut self, x: String, name: &str, padding: usize) -> Result<String, Infallible> {
        let [weight, bias] = self.parameters(name);
        self.apply("Conv", &[&x, &weight, &bias], vec![ints("pads", &[padding; 4])])
    }

    fn linear(&mut self, x: String, name: &str) -> Result<String, Infallible> {
        let [weight, bias] = self.parameters(name);
        self.apply("Gemm", &[&x, &weight, &bias], vec![int("transB", 1)])
    }

    fn sigmoid(&mut self, x: String) -> Result<String, Infallible> {
        self.apply("Sigmoid", &[&x], vec![])
    }

    fn relu(&mut self, x: String) -> Result<String, Infallible> {
        self.apply("Relu", &[&x], vec![])
    }

    fn avg_pool(&mut self, x: String) -> Result<String, Infallible> {
        self.pool("AveragePool", &x)
    }

    fn max_pool(&mut self, x: String) -> Result<String, Infallible> {
        self.pool("MaxPool", &x)
    }

    fn flatten(&mut self, x: String) -> Result<String, Infallible> {
        self.apply("Flatten", &[&x], vec![])
    }
}

fn int(name: &str, i: usize) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Int as i32, i: i as i64, ..Default::default() }
}

fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|&i| i as i64).collect();
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Ints as i32, ints, ..Default::default() }
}

fn value(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dim = |&dim: &usize| tensor_shape_proto::Dimension {
        value: Some(tensor_shape_proto::dimension::Value::DimValue(dim as i64)),
        ..Default::default()
    };
    let shape = Some(TensorShapeProto { dim: shape.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: FLOAT, shape };
    let r#type = Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() });
    ValueInfoProto { name: name.to_owned(), r#type, ..Default::default() }
}
