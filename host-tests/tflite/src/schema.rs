//! The tables of TensorFlow Lite's schema, version 3: those, and of them those fields, that a network needs.
//!
//! The numbers of fields and of their values are the schema's (`schema.fbs` of TensorFlow).

use crate::{
    Error,
    flat::{Field, Number, Table, Vector},
};

/// More entries than in any sensible model; a list of more is damage.
const MOST: usize = 1 << 12;
/// The most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

/// A model as it is stored. Nothing is checked but that it can be read.
pub(crate) struct Model<'a> {
    pub(crate) tensors: Vec<Tensor<'a>>,
    pub(crate) operators: Vec<Operator<'a>>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
}

/// A tensor.
pub(crate) struct Tensor<'a> {
    pub(crate) name: &'a str,
    pub(crate) shape: Vec<i32>,
    pub(crate) element: i8,
    /// Empty unless it is a constant.
    pub(crate) data: &'a [u8],
    pub(crate) scales: Vector<'a, f32>,
    pub(crate) zero_points: Vector<'a, i64>,
    /// The axis of the scales, if there are several.
    pub(crate) axis: i32,
    /// What it has that is not supported.
    pub(crate) special: Option<&'static str>,
}

/// An operator.
pub(crate) struct Operator<'a> {
    pub(crate) code: Code<'a>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
    options_kind: u8,
    options: Option<Table<'a>>,
}

/// Which operator it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code<'a> {
    Builtin(i32),
    Custom(&'a str),
}

mod field {
    use super::Field;

    pub(super) const VERSION: Field = Field::new(0, "Model.version");
    pub(super) const CODES: Field = Field::new(1, "Model.operator_codes");
    pub(super) const SUBGRAPHS: Field = Field::new(2, "Model.subgraphs");
    pub(super) const BUFFERS: Field = Field::new(4, "Model.buffers");

    pub(super) const SHORT_CODE: Field = Field::new(0, "OperatorCode.deprecated_builtin_code");
    pub(super) const CUSTOM_CODE: Field = Field::new(1, "OperatorCode.custom_code");
    pub(super) const CODE: Field = Field::new(3, "OperatorCode.builtin_code");

    pub(super) const DATA: Field = Field::new(0, "Buffer.data");
    pub(super) const LARGE_OFFSET: Field = Field::new(1, "Buffer.offset");

    pub(super) const TENSORS: Field = Field::new(0, "SubGraph.tensors");
    pub(super) const INPUTS: Field = Field::new(1, "SubGraph.inputs");
    pub(super) const OUTPUTS: Field = Field::new(2, "SubGraph.outputs");
    pub(super) const OPERATORS: Field = Field::new(3, "SubGraph.operators");

    pub(super) const SHAPE: Field = Field::new(0, "Tensor.shape");
    pub(super) const ELEMENT: Field = Field::new(1, "Tensor.type");
    pub(super) const BUFFER: Field = Field::new(2, "Tensor.buffer");
    pub(super) const NAME: Field = Field::new(3, "Tensor.name");
    pub(super) const QUANTIZATION: Field = Field::new(4, "Tensor.quantization");
    pub(super) const IS_VARIABLE: Field = Field::new(5, "Tensor.is_variable");
    pub(super) const SPARSITY: Field = Field::new(6, "Tensor.sparsity");
    pub(super) const EXTERNAL: Field = Field::new(10, "Tensor.external_buffer");

    pub(super) const SCALE: Field = Field::new(2, "QuantizationParameters.scale");
    pub(super) const ZERO_POINT: Field = Field::new(3, "QuantizationParameters.zero_point");
    pub(super) const AXIS: Field = Field::new(6, "QuantizationParameters.quantized_dimension");

    pub(super) const OPCODE: Field = Field::new(0, "Operator.opcode_index");
    pub(super) const OPERATOR_INPUTS: Field = Field::new(1, "Operator.inputs");
    pub(super) const OPERATOR_OUTPUTS: Field = Field::new(2, "Operator.outputs");
    pub(super) const OPTIONS_KIND: Field = Field::new(3, "Operator.builtin_options_type");
    pub(super) const OPTIONS: Field = Field::new(4, "Operator.builtin_options");
}

/// Types of elements.
pub(crate) mod element {
    pub(crate) const FLOAT32: i8 = 0;
    pub(crate) const INT32: i8 = 2;
    pub(crate) const INT8: i8 = 9;
    const NAMES: [&str; 18] = [
        "float32",
        "float16",
        "int32",
        "uint8",
        "int64",
        "string",
        "bool",
        "int16",
        "complex64",
        "int8",
        "float64",
        "complex128",
        "uint64",
        "resource",
        "variant",
        "uint32",
        "uint16",
        "int4",
    ];

    /// The name of a type.
    pub(crate) fn name(element: i8) -> String {
        let name = usize::try_from(element).ok().and_then(|place| NAMES.get(place));
        name.map_or_else(|| format!("type {element}"), |name| (*name).to_owned())
    }
}

/// The options of one kind of operator: which table they are, in the union of all.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a>(Option<Table<'a>>);

impl<'a> Options<'a> {
    pub(crate) fn number<T: Number>(&self, field: Field, default: T) -> Result<T, Error> {
        match self.0 {
            Some(table) => table.number(field, default),
            None => Ok(default),
        }
    }
}

impl<'a> Operator<'a> {
    /// Its options, which must be of this kind; all defaults if it has none.
    pub(crate) fn options(&self, kind: u8) -> Option<Options<'a>> {
        match self.options_kind {
            0 => Some(Options(None)),
            own if own == kind => Some(Options(self.options)),
            _ => None,
        }
    }
}

impl<'a> Model<'a> {
    /// Reads a file.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let model = Table::root(bytes, b"TFL3")?;
        match model.number::<u32>(field::VERSION, 0)? {
            3 => {}
            other => return Err(Error::Version(other)),
        }
        let codes = model.tables(field::CODES, MOST)?;
        let codes = codes.iter().map(code).collect::<Result<Vec<_>, _>>()?;
        let buffers = model.tables(field::BUFFERS, MOST)?;
        let subgraphs = model.tables(field::SUBGRAPHS, MOST)?;
        let [graph] = subgraphs[..] else {
            return Err(Error::Count { what: "subgraphs", found: subgraphs.len(), expected: 1 });
        };
        let tensors = graph.tables(field::TENSORS, MOST)?;
        let operators = graph.tables(field::OPERATORS, MOST)?;
        Ok(Self {
            tensors: tensors.iter().map(|table| tensor(table, &buffers)).collect::<Result<_, _>>()?,
            operators: operators.iter().map(|table| operator(table, &codes)).collect::<Result<_, _>>()?,
            inputs: indices(&graph, field::INPUTS)?,
            outputs: indices(&graph, field::OUTPUTS)?,
        })
    }
}

/// A short list of numbers of tensors.
fn indices(table: &Table<'_>, field: Field) -> Result<Vec<i32>, Error> {
    short(table, field, "tensors of an operator or graph", 64)
}

/// A list of numbers that is short, so that a file in which many tables share a long list costs nothing.
fn short(table: &Table<'_>, field: Field, what: &'static str, most: usize) -> Result<Vec<i32>, Error> {
    let numbers = table.vector::<i32>(field)?;
    if numbers.len() > most {
        return Err(Error::TooMany { what, found: numbers.len(), most });
    }
    Ok(numbers.iter().collect())
}

fn code<'a>(table: &Table<'a>) -> Result<Code<'a>, Error> {
    // Old files have the byte alone; new ones have both, the byte at most 127.
    let short = i32::from(table.number::<i8>(field::SHORT_CODE, 0)?);
    let code = table.number::<i32>(field::CODE, 0)?.max(short);
    const CUSTOM: i32 = 32;
    Ok(if code == CUSTOM { Code::Custom(table.text(field::CUSTOM_CODE)?) } else { Code::Builtin(code) })
}

fn tensor<'a>(table: &Table<'a>, buffers: &[Table<'a>]) -> Result<Tensor<'a>, Error> {
    let buffer = table.number::<u32>(field::BUFFER, 0)?;
    let index = || Error::Index { what: "Tensor.buffer".to_owned(), index: buffer.into(), count: buffers.len() };
    let buffer = buffers.get(buffer as usize).ok_or_else(index)?;
    let quantization = table.table(field::QUANTIZATION)?;
    let (scales, zero_points, axis) = match quantization {
        Some(table) => (table.vector(field::SCALE)?, table.vector(field::ZERO_POINT)?, table.number(field::AXIS, 0)?),
        None => (Vector::EMPTY, Vector::EMPTY, 0),
    };
    let special = [
        (table.flag(field::IS_VARIABLE)?, "a value from one call to the next"),
        (table.table(field::SPARSITY)?.is_some(), "a sparse constant"),
        (table.number::<u32>(field::EXTERNAL, 0)? != 0, "a constant in another file"),
        (buffer.number::<u64>(field::LARGE_OFFSET, 0)? > 1, "a constant behind the model"),
    ];
    Ok(Tensor {
        name: table.text(field::NAME)?,
        shape: short(table, field::SHAPE, "Tensor.shape", MOST_DIMENSIONS)?,
        element: table.number(field::ELEMENT, 0)?,
        data: buffer.vector::<u8>(field::DATA)?.bytes(),
        scales,
        zero_points,
        axis,
        special: special.into_iter().find_map(|(is, what)| is.then_some(what)),
    })
}

fn operator<'a>(table: &Table<'a>, codes: &[Code<'a>]) -> Result<Operator<'a>, Error> {
    let opcode = table.number::<u32>(field::OPCODE, 0)?;
    let index = || Error::Index { what: "Operator.opcode_index".to_owned(), index: opcode.into(), count: codes.len() };
    Ok(Operator {
        code: *codes.get(opcode as usize).ok_or_else(index)?,
        inputs: indices(table, field::OPERATOR_INPUTS)?,
        outputs: indices(table, field::OPERATOR_OUTPUTS)?,
        options_kind: table.number(field::OPTIONS_KIND, 0)?,
        options: table.table(field::OPTIONS)?,
    })
}
