//! A case: its tensors, attributes and tolerances.

use std::{cell::RefCell, collections::BTreeSet, fs};

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};
use tensorlet::{Module, Parameter, Path, Visitor, VisitorMut};
use tensorlet_host::json;

/// One case. Every `out` tensor must be compared, or named as left out with a reason.
pub(crate) struct Case {
    bytes: Vec<u8>,
    attributes: Value,
    tolerances: Value,
    /// TensorFlow Lite: scales and zero points of the tensors.
    quantization: Value,
    /// ONNX: the nodes of the graph.
    nodes: Value,
    /// Tolerance of a suite that has one for all.
    overall: Option<Tolerance>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    compared: BTreeSet<String>,
    failures: Vec<String>,
    /// What parts of modules are called.
    names: &'static [(&'static str, &'static str)],
}

/// `|got - expected| ≤ atol + rtol · |expected|`.
#[derive(Clone, Copy, Debug)]
struct Tolerance {
    rtol: f64,
    atol: f64,
}

impl Case {
    /// Reads a case.
    pub(crate) fn open(file: &str) -> Result<Self, String> {
        let bytes = fs::read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| format!("{file}: {error}"))?;
        let text = |key: &str| header.metadata().as_ref().and_then(|metadata| metadata.get(key)).cloned();
        // Structured values are JSON, others plain text.
        let json = |key: &str| match text(key) {
            Some(text) => json::parse(&text).unwrap_or(Value::String(text)),
            None => Value::Null,
        };
        let overall = match (json("rtol").as_f64(), json("atol").as_f64()) {
            // Formula files state an `atol` for float64; the suite's README states the one for float32.
            (Some(rtol), Some(atol)) => Some(Tolerance { rtol, atol: atol.max(1e-5) }),
            _ => None,
        };
        let attributes = match json("attrs") {
            Value::Object(attributes) => attributes,
            _ => Map::new(),
        };
        let (attributes, tolerances, nodes) = (Value::Object(attributes), json("tol"), json("nodes"));
        let quantization = json("quant");
        Ok(Self { bytes, attributes, tolerances, quantization, nodes, overall, state: RefCell::default() })
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("the case is sound")
    }

    /// ONNX: the name of input `i` of the first node, `in.X`; none if it is left out.
    pub(crate) fn input(&self, i: usize) -> Option<String> {
        let name = self.nodes[0]["inputs"][i].as_str()?;
        (!name.is_empty()).then(|| format!("in.{name}"))
    }

    /// ONNX: the name of output `i` of the last node, `out.Y`; none if it is left out.
    pub(crate) fn output(&self, i: usize) -> Option<String> {
        let name = self.nodes.as_array()?.last()?["outputs"][i].as_str()?;
        (!name.is_empty()).then(|| format!("out.{name}"))
    }

    /// The names of all inputs in alphabetical order; upstream gradients are none.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let mut names: Vec<_> = self.tensors().names().into_iter().map(str::to_owned).collect();
        names.retain(|name| name.starts_with("in.") && !name.starts_with("in.gy."));
        names.sort();
        names
    }

    /// Whether the case has this tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors().tensor(name).is_ok()
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        self.tensors().tensor(name).unwrap_or_else(|_| panic!("no tensor {name}")).shape().to_vec()
    }

    /// A tensor of any type as double precision.
    pub(crate) fn doubles(&self, name: &str) -> Vec<f64> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        let data = tensor.data();
        macro_rules! numbers {
            ($type:ty) => {
                data.as_chunks().0.iter().map(|bytes| <$type>::from_le_bytes(*bytes) as f64).collect()
            };
        }
        match tensor.dtype() {
            Dtype::F32 => numbers!(f32),
            Dtype::F64 => numbers!(f64),
            Dtype::I64 => numbers!(i64),
            Dtype::I32 => numbers!(i32),
            Dtype::I16 => numbers!(i16),
            Dtype::I8 => numbers!(i8),
            Dtype::U64 => numbers!(u64),
            Dtype::U32 => numbers!(u32),
            Dtype::U16 => numbers!(u16),
            Dtype::U8 => numbers!(u8),
            Dtype::BOOL => data.iter().map(|&byte| f64::from(byte)).collect(),
            other => panic!("{name} is of type {other:?}"),
        }
    }

    /// Whether a tensor holds truth values; no if there is none.
    pub(crate) fn is_bool(&self, name: &str) -> bool {
        self.tensors().tensor(name).is_ok_and(|tensor| tensor.dtype() == Dtype::BOOL)
    }

    /// A tensor as single precision.
    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        self.doubles(name).into_iter().map(|x| x as f32).collect()
    }

    /// A tensor of integers.
    pub(crate) fn integers(&self, name: &str) -> Vec<i64> {
        self.doubles(name).into_iter().map(|x| x as i64).collect()
    }

    /// A tensor of truth values.
    pub(crate) fn flags(&self, name: &str) -> Vec<bool> {
        self.doubles(name).into_iter().map(|x| x != 0.0).collect()
    }

    /// All attributes.
    pub(crate) fn attributes(&self) -> &Value {
        &self.attributes
    }

    /// Scales and zero points of the tensors, `in0`, `in1`, …, `out`; null if the case has none.
    pub(crate) fn quantization(&self) -> &Value {
        &self.quantization
    }

    /// A number among the attributes.
    pub(crate) fn number(&self, attribute: &str) -> Option<f64> {
        json::number(&self.attributes[attribute])
    }

    /// A truth value among the attributes, also as 0 and 1.
    pub(crate) fn flag(&self, attribute: &str) -> bool {
        let value = &self.attributes[attribute];
        value.as_bool().unwrap_or_else(|| value.as_i64().is_some_and(|flag| flag != 0))
    }

    /// A text among the attributes.
    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes[attribute].as_str()
    }

    /// The reduction of a loss: `mean` unless stated.
    pub(crate) fn reduction(&self) -> &str {
        self.text("reduction").unwrap_or("mean")
    }

    fn tolerance(&self, name: &str) -> Option<Tolerance> {
        let short = name.trim_start_matches("out.");
        let read = |value: &Value| Some(Tolerance { rtol: value["rtol"].as_f64()?, atol: value["atol"].as_f64()? });
        let table = &self.tolerances;
        [&table[name], &table[short], &table["others"], table].into_iter().find_map(read).or(self.overall)
    }

    /// Compares floats with an expected tensor; each may be compared any number of times.
    pub(crate) fn compare(&self, name: &str, got: &[f32]) {
        let wide: Vec<f64> = got.iter().map(|&x| f64::from(x)).collect();
        self.compare_doubles(name, &wide);
    }

    /// Compares integers with an expected tensor.
    pub(crate) fn compare_integers(&self, name: &str, got: impl IntoIterator<Item = i64>) {
        let wide: Vec<f64> = got.into_iter().map(|x| x as f64).collect();
        self.compare_doubles(name, &wide);
    }

    fn compare_doubles(&self, name: &str, got: &[f64]) {
        self.compare_with(name, got, &self.doubles(name));
    }

    /// Compares floats with the first elements of an expected tensor; the others are left out.
    pub(crate) fn compare_first(&self, name: &str, got: &[f32]) {
        let wide: Vec<f64> = got.iter().map(|&x| f64::from(x)).collect();
        let expected = self.doubles(name);
        self.compare_with(name, &wide, expected.get(..got.len()).unwrap_or(&expected));
    }

    fn compare_with(&self, name: &str, got: &[f64], expected: &[f64]) {
        let whole = !matches!(self.tensors().tensor(name).map(|tensor| tensor.dtype()), Ok(Dtype::F32 | Dtype::F64));
        let tolerance = if whole { None } else { self.tolerance(name) };
        // No tolerance is an exact comparison.
        let Tolerance { rtol, atol } = tolerance.unwrap_or(Tolerance { rtol: 0.0, atol: 0.0 });
        let mut state = self.state.borrow_mut();
        state.compared.insert(name.to_owned());
        if got.len() != expected.len() {
            state.failures.push(format!("{name} has {} elements, not {}", expected.len(), got.len()));
            return;
        }
        // The worst element: the largest excess over what is allowed, NaN before all.
        let mut worst: Option<(f64, usize)> = None;
        for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
            if got == expected || (got.is_nan() && expected.is_nan()) {
                continue;
            }
            let allowed = atol + rtol * expected.abs();
            let error = (got - expected).abs();
            if !(error <= allowed && allowed.is_finite()) {
                let excess = if error.is_nan() { f64::INFINITY } else { error / allowed.max(f64::MIN_POSITIVE) };
                if worst.is_none_or(|(most, _)| excess > most) {
                    worst = Some((excess, i));
                }
            }
        }
        if let Some((_, i)) = worst {
            let failure =
                format!("{name}[{i}] is {:e}, expected {:e} (rtol {rtol:e}, atol {atol:e})", got[i], expected[i]);
            state.failures.push(failure);
        }
    }

    /// Says that an expected tensor is not a result of the typed API.
    pub(crate) fn leave_out(&self, name: &str) {
        self.state.borrow_mut().compared.insert(name.to_owned());
    }

    /// The same for all whose names begin so.
    pub(crate) fn leave_out_all(&self, prefix: &str) {
        let tensors = self.tensors();
        tensors.names().into_iter().filter(|name| name.starts_with(prefix)).for_each(|name| self.leave_out(name));
    }

    /// Fails the case.
    pub(crate) fn fail(&self, message: String) {
        self.state.borrow_mut().failures.push(message);
    }

    /// All comparisons were made and passed.
    pub(crate) fn close(&self) -> Result<(), String> {
        let state = self.state.borrow();
        let missing: Vec<_> = self
            .tensors()
            .names()
            .into_iter()
            .filter(|name| name.starts_with("out.") && !state.compared.contains(*name))
            .map(str::to_owned)
            .collect();
        let mut failures = state.failures.clone();
        failures.dedup();
        if !missing.is_empty() {
            failures.push(format!("not compared: {}", missing.join(", ")));
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    }

    /// From here on the parts of modules have other names: `(path, name)` each, where a chain of layers only
    /// counts its parts.
    pub(crate) fn rename(&self, names: &'static [(&'static str, &'static str)]) {
        self.state.borrow_mut().names = names;
    }

    /// The tensor of the parameter at a path.
    fn parameter(&self, prefix: &str, path: &impl std::fmt::Display) -> String {
        let path = path.to_string();
        let names = self.state.borrow().names;
        let renamed = names.iter().find_map(|(part, name)| {
            let rest = path.strip_prefix(part)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{prefix}{name}{rest}"))
        });
        renamed.unwrap_or_else(|| format!("{prefix}{path}"))
    }

    /// Fills the parameters of a module with the tensors `{prefix}{path}`; those that the case does
    /// not have stay as they are.
    pub(crate) fn load<M: Module>(&self, module: &mut M, prefix: &str) {
        struct Load<'a>(&'a Case, &'a str);
        impl VisitorMut for Load<'_> {
            fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
                let name = self.0.parameter(self.1, &parameter.path);
                if self.0.has(&name) {
                    let from = self.0.floats(&name);
                    assert_eq!(from.len(), values.len(), "{name}");
                    from.iter().enumerate().for_each(|(i, &value)| values[parameter.position(i)] = value);
                }
            }
        }
        module.parameters_mut(Path::ROOT, &mut Load(self, prefix));
    }

    /// Compares gradients, in the order in which the module shows its trained parameters, with the
    /// tensors `{prefix}{path}`.
    pub(crate) fn compare_gradients<M: Module>(&self, module: &M, prefix: &str, gradients: &[f32]) {
        let mut rest = gradients;
        for (path, positions, trained) in positions(module) {
            if trained {
                let (gradient, behind) = rest.split_at(positions.len());
                rest = behind;
                let name = self.parameter(prefix, &path);
                if self.has(&name) {
                    self.compare(&name, &positions.iter().map(|&at| gradient[at]).collect::<Vec<_>>());
                }
            }
        }
        assert!(rest.is_empty(), "gradients of no parameter");
    }

    /// Compares the values of parameters with the tensors `{prefix}{path}`.
    pub(crate) fn compare_parameters<M: Module>(&self, module: &M, prefix: &str) {
        struct Compare<'a>(&'a Case, &'a str);
        impl Visitor for Compare<'_> {
            fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
                let name = self.0.parameter(self.1, &parameter.path);
                if self.0.has(&name) {
                    let ordered: Vec<f32> = (0..values.len()).map(|i| values[parameter.position(i)]).collect();
                    self.0.compare(&name, &ordered);
                }
            }
        }
        module.parameters(Path::ROOT, &mut Compare(self, prefix));
    }
}

/// Path, storage positions in PyTorch's order, and whether it is trained, of each parameter.
fn positions<M: Module>(module: &M) -> Vec<(String, Vec<usize>, bool)> {
    struct Positions(Vec<(String, Vec<usize>, bool)>);
    impl Visitor for Positions {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            let positions = (0..values.len()).map(|i| parameter.position(i)).collect();
            self.0.push((parameter.path.to_string(), positions, parameter.trained));
        }
    }
    let mut all = Positions(Vec::new());
    module.parameters(Path::ROOT, &mut all);
    all.0
}
