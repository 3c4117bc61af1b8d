//! The network as it can be computed: every tensor and operator checked.

use std::collections::BTreeMap;

use crate::{
    Error, Problem,
    layout::lay_out,
    operator::{self, Kind},
    schema::{Code, Model, Operator, Tensor, element},
};

/// The most elements of a tensor.
const MOST_ELEMENTS: usize = 1 << 28;
/// How often the bytes of a file can be constants: operators share some, but damage can make all share all.
const MOST_SHARED: usize = 8;

/// The scale and zero point of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantization {
    pub(crate) scale: f32,
    pub(crate) zero_point: i8,
}

/// A tensor that the network computes. There is one sample of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Activation {
    pub(crate) name: String,
    /// Without the number of samples.
    pub(crate) shape: Vec<usize>,
    /// None for floats.
    pub(crate) quantization: Option<Quantization>,
    /// Whether it is an image whose channels lie one behind the other, and not those of a pixel.
    pub(crate) planes: bool,
}

impl Activation {
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// 32-bit words in the arena.
    pub(crate) fn words(&self) -> usize {
        if self.quantization.is_some() { self.elements().div_ceil(4) } else { self.elements() }
    }
}

/// One operator: which activations it reads, and which it writes.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) kind: Kind<'a>,
    /// TensorFlow Lite's name of the operator.
    pub(crate) operator: &'static str,
    /// Names of tensors that say what it is, the most telling one first.
    pub(crate) names: Vec<&'a str>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) output: usize,
}

/// A network: activations by number, steps in the order in which they are computed.
#[derive(Clone, Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) activations: Vec<Activation>,
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) input: usize,
    pub(crate) output: usize,
}

/// Tensors of the file and what is known of them.
pub(crate) struct Tensors<'m, 'a> {
    model: &'m Model<'a>,
    /// The number of the activation that a tensor is, once it is computed.
    computed: BTreeMap<usize, usize>,
    activations: Vec<Activation>,
    /// Bytes of constants so far, and the most that there can be.
    bytes: usize,
    most: usize,
}

impl<'a> Graph<'a> {
    /// Reads and checks a file.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let model = Model::read(bytes)?;
        let mut tensors = Tensors {
            model: &model,
            computed: BTreeMap::new(),
            activations: Vec::new(),
            bytes: 0,
            most: MOST_SHARED * bytes.len(),
        };
        let one = |what, list: &[i32]| match *list {
            [only] => Ok(only),
            _ => Err(Error::Count { what, found: list.len(), expected: 1 }),
        };
        let input = tensors.index(one("inputs", &model.inputs)?, "the input of the graph")?;
        let input = tensors.compute(input)?;
        let mut steps = Vec::new();
        for (position, operator) in model.operators.iter().enumerate() {
            steps.push(step(position, operator, &mut tensors)?);
        }
        let output = tensors.index(one("outputs", &model.outputs)?, "the output of the graph")?;
        let output = tensors.activation(output)?;
        if steps.iter().all(|step| matches!(step.kind, Kind::View)) {
            return Err(Error::Count { what: "operators", found: 0, expected: 1 });
        }
        Ok(lay_out(Self { activations: tensors.activations, steps, input, output }))
    }
}

/// One operator, checked.
fn step<'a>(position: usize, operator: &Operator<'a>, tensors: &mut Tensors<'_, 'a>) -> Result<Step<'a>, Error> {
    let code = match operator.code {
        Code::Builtin(code) => operator::name(code).map_or_else(|| format!("operator code {code}"), str::to_owned),
        Code::Custom(name) => format!("custom operator `{name}`"),
    };
    let made = operator.outputs.first().and_then(|index| tensors.model.tensors.get(usize::try_from(*index).ok()?));
    let made = made.map_or("", |tensor| tensor.name);
    let fail = |problem| Error::Operator { position, operator: code.clone(), tensor: made.to_owned(), problem };
    let Code::Builtin(builtin) = operator.code else {
        return Err(fail(Problem::NotSupported));
    };
    let name = operator::name(builtin).ok_or_else(|| fail(Problem::NotSupported))?;
    if !operator::is_supported(builtin) {
        return Err(fail(Problem::NotSupported));
    }
    let [output] = operator.outputs[..] else {
        return Err(fail(Problem::mismatch("the number of outputs", operator.outputs.len(), 1)));
    };
    // -1 stands for an input that is left out.
    let mut inputs = Vec::new();
    for &index in &operator.inputs {
        inputs.push(match index {
            -1 => None,
            index => Some(tensors.index(index, &format!("an input of operator {position}, {name}"))?),
        });
    }
    let output = tensors.index(output, &format!("the output of operator {position}, {name}"))?;
    let mut context = operator::Context { tensors, operator, inputs, output, fail: &fail };
    let (kind, names, read) = operator::read(builtin, &mut context)?;
    let output = tensors.compute(output)?;
    Ok(Step { kind, operator: name, names, inputs: read, output })
}

impl<'a> Tensors<'_, 'a> {
    /// The place of a tensor.
    fn index(&self, index: i32, what: &str) -> Result<usize, Error> {
        let count = self.model.tensors.len();
        let place = usize::try_from(index).ok().filter(|place| *place < count);
        place.ok_or_else(|| Error::Index { what: what.to_owned(), index: index.into(), count })
    }

    pub(crate) fn name(&self, place: usize) -> &'a str {
        self.model.tensors[place].name
    }

    fn fail(&self, position: usize, problem: Problem) -> Error {
        Error::Tensor { position, name: self.name(position).to_owned(), problem }
    }

    /// The tensor of an activation, and its quantization if it is of int8, or none if it is of floats.
    fn numbers(&self, place: usize) -> Result<(&Tensor<'a>, Option<Quantization>), Error> {
        if self.model.tensors[place].element == element::FLOAT32 {
            return Ok((self.of(place, element::FLOAT32)?, None));
        }
        let tensor = self.of(place, element::INT8)?;
        Ok((tensor, Some(self.quantization(place, tensor)?)))
    }

    /// The tensor, which must have elements of this type.
    fn of(&self, place: usize, kind: i8) -> Result<&Tensor<'a>, Error> {
        let tensor = &self.model.tensors[place];
        if let Some(what) = tensor.special {
            return Err(self.fail(place, Problem::unsupported("it", what)));
        }
        if tensor.element != kind {
            let [found, expected] = [tensor.element, kind].map(element::name);
            let problem = Problem::Mismatch { what: "its type", found, expected };
            return Err(self.fail(place, problem));
        }
        Ok(tensor)
    }

    /// Its dimensions, all of them known and none of them 0.
    fn shape(&self, place: usize) -> Result<Vec<usize>, Error> {
        let stored = &self.model.tensors[place].shape;
        let range = || self.fail(place, Problem::range("its shape", stored));
        let shape: Vec<usize> = stored.iter().map_while(|&dim| usize::try_from(dim).ok()).collect();
        let elements = shape.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        match elements {
            Some(1..=MOST_ELEMENTS) if shape.len() == stored.len() => Ok(shape),
            _ => Err(range()),
        }
    }

    /// The scale and zero point of a tensor that has one of each.
    fn quantization(&self, place: usize, tensor: &Tensor<'a>) -> Result<Quantization, Error> {
        let (Some(scale), Some(zero_point), 1, 1) =
            (tensor.scales.get(0), tensor.zero_points.get(0), tensor.scales.len(), tensor.zero_points.len())
        else {
            let found = [tensor.scales.len(), tensor.zero_points.len()];
            return Err(self.fail(place, Problem::mismatch("the number of its scales and zero points", found, [1, 1])));
        };
        check_scale(scale).map_err(|problem| self.fail(place, problem))?;
        let range = |_| self.fail(place, Problem::range("its zero point", zero_point));
        Ok(Quantization { scale, zero_point: i8::try_from(zero_point).map_err(range)? })
    }

    /// Makes an activation of a tensor that nothing made before.
    fn compute(&mut self, place: usize) -> Result<usize, Error> {
        let (tensor, quantization) = self.numbers(place)?;
        if !tensor.data.is_empty() || self.computed.contains_key(&place) {
            let found = if tensor.data.is_empty() { "computed twice" } else { "a constant" };
            return Err(self.fail(place, Problem::mismatch("it", found, "computed once")));
        }
        let mut shape = self.shape(place)?;
        if shape.len() < 2 || shape[0] != 1 {
            return Err(self.fail(place, Problem::unsupported("its shape", shape)));
        }
        shape.remove(0);
        let activation = Activation { name: tensor.name.to_owned(), shape, quantization, planes: false };
        self.activations.push(activation);
        self.computed.insert(place, self.activations.len() - 1);
        Ok(self.activations.len() - 1)
    }

    /// What an operator is about to make, as [`compute`](Self::compute) will have it.
    pub(crate) fn output(&self, place: usize) -> Result<(Vec<usize>, Option<Quantization>), Error> {
        let (_, quantization) = self.numbers(place)?;
        Ok((self.shape(place)?.get(1..).unwrap_or_default().to_vec(), quantization))
    }

    /// The number of an activation that is computed by now.
    pub(crate) fn activation(&self, place: usize) -> Result<usize, Error> {
        self.numbers(place)?;
        let number = self.computed.get(&place).copied();
        number.ok_or_else(|| self.fail(place, Problem::Missing("operator that makes it before it is read")))
    }

    /// The activation of a number.
    pub(crate) fn computed(&self, number: usize) -> &Activation {
        &self.activations[number]
    }

    /// The bytes and shape of a constant.
    fn constant(&mut self, place: usize, kind: i8, size: usize) -> Result<(&'a [u8], Vec<usize>), Error> {
        let tensor = self.of(place, kind)?;
        let (data, shape) = (tensor.data, self.shape(place)?);
        let needed = size * shape.iter().product::<usize>();
        if data.len() != needed {
            return Err(self.fail(place, Problem::mismatch("the number of its bytes", data.len(), needed)));
        }
        self.count(data.len())?;
        Ok((data, shape))
    }

    /// Counts bytes of constants. Few operators share what is large, unless the file is damaged.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes += bytes;
        if self.bytes > self.most {
            return Err(Error::TooMany { what: "all constants", found: self.bytes, most: self.most });
        }
        Ok(())
    }

    /// A constant weight: bytes, shape, and a scale for all or one for each index of the axis `axis`.
    pub(crate) fn weight(&mut self, place: usize, axis: usize) -> Result<Weight<'a>, Error> {
        let (data, shape) = self.constant(place, element::INT8, 1)?;
        let tensor = &self.model.tensors[place];
        let (scales, zero_points) = (tensor.scales.len(), tensor.zero_points.len());
        let channels = shape.get(axis).copied().unwrap_or_default();
        if scales == 0 || ![1, channels].contains(&scales) || zero_points != scales {
            let problem = Problem::mismatch(
                "the number of its scales and zero points",
                [scales, zero_points],
                [channels, channels],
            );
            return Err(self.fail(place, problem));
        }
        if scales > 1 && usize::try_from(tensor.axis) != Ok(axis) {
            return Err(self.fail(place, Problem::mismatch("the axis of its scales", tensor.axis, axis)));
        }
        for scale in tensor.scales.iter() {
            check_scale(scale).map_err(|problem| self.fail(place, problem))?;
        }
        if let Some(zero_point) = tensor.zero_points.iter().find(|zero_point| *zero_point != 0) {
            return Err(self.fail(place, Problem::unsupported("the zero point of a weight", zero_point)));
        }
        Ok(Weight { data, shape, scales: tensor.scales.iter().collect() })
    }

    /// A constant bias of so many elements, whose scales must be about those given.
    pub(crate) fn bias(&mut self, place: usize, scales: &[f64], output: f32, len: usize) -> Result<Vec<i32>, Error> {
        let (data, shape) = self.constant(place, element::INT32, 4)?;
        if shape.iter().product::<usize>() != len {
            return Err(self.fail(place, Problem::mismatch("its shape", shape, [len])));
        }
        let tensor = &self.model.tensors[place];
        if tensor.scales.len() != scales.len() {
            let problem = Problem::mismatch("the number of its scales", tensor.scales.len(), scales.len());
            return Err(self.fail(place, problem));
        }
        for (found, &expected) in tensor.scales.iter().zip(scales) {
            // TensorFlow Lite's own check.
            let apart = (f64::from(found) - expected).abs() / f64::from(output);
            if apart.is_nan() || apart > 0.02 {
                return Err(self.fail(place, Problem::mismatch("a scale", found, expected)));
            }
        }
        if let Some(zero_point) = tensor.zero_points.iter().find(|zero_point| *zero_point != 0) {
            return Err(self.fail(place, Problem::unsupported("the zero point of a bias", zero_point)));
        }
        Ok(data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// The type of a tensor's elements.
    pub(crate) fn element(&self, place: usize) -> i8 {
        self.model.tensors[place].element
    }

    /// A constant of floats, and its shape. What is not finite is damage.
    pub(crate) fn floats(&mut self, place: usize) -> Result<(Vec<f32>, Vec<usize>), Error> {
        let (data, shape) = self.constant(place, element::FLOAT32, 4)?;
        let numbers: Vec<f32> = data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(self.fail(place, Problem::range("one of its numbers", number))),
            None => Ok((numbers, shape)),
        }
    }

    /// A constant of a few integers of 32 bits, such as a list of axes.
    pub(crate) fn integers(&mut self, place: usize) -> Result<Vec<i32>, Error> {
        let (data, shape) = self.constant(place, element::INT32, 4)?;
        if data.len() > 256 {
            return Err(self.fail(place, Problem::range("its shape", shape)));
        }
        Ok(data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }
}

/// A constant weight.
#[derive(Clone, Debug)]
pub(crate) struct Weight<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) shape: Vec<usize>,
    pub(crate) scales: Vec<f32>,
}

/// A scale is a positive number, neither so small nor so large that it can only be damage.
fn check_scale(scale: f32) -> Result<(), Problem> {
    if scale.is_normal() && scale > 0.0 { Ok(()) } else { Err(Problem::range("a scale", scale)) }
}
