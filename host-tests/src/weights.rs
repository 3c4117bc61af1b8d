//! Weights as safetensors, under PyTorch's names and in PyTorch's shapes.
//!
//! A file that this module writes loads with `torch.nn.Module.load_state_dict`, and the other way
//! round. Loading checks the whole file before it changes the network.
//!
//! PyTorch's batch normalisation counts batches in a 64-bit integer, `num_batches_tracked`, beside its
//! running statistics. Only averages over all batches need it; files of this module leave it out, which
//! PyTorch allows, and those of PyTorch may have it wherever the network has a `running_mean`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path as FilePath, PathBuf};

use safetensors::tensor::{SafeTensorError, SafeTensors, TensorView, View};
use safetensors::{Dtype, serialize};
use tensorlet::{Module, Parameter, Path, Shape, Visitor, VisitorMut, quantized::qas::Int8Weights};

use crate::file;

/// Why weights could not be stored or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The bytes are no safetensors file: damaged, cut off or something else.
    #[error("the weights file is damaged or no safetensors file: {0}")]
    Damaged(#[from] SafeTensorError),
    /// The network has a parameter that the file does not have.
    #[error("the file does not hold the network's parameter `{name}` of shape {shape}")]
    Missing {
        /// The parameter.
        name: String,
        /// Its shape in the network.
        shape: Shape,
    },
    /// The file has a tensor that the network does not have.
    #[error("the file holds `{name}` of shape {shape:?}, which the network does not have")]
    Extra {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        shape: Vec<usize>,
    },
    /// A tensor is of another type than in the network: 32-bit floats, or int8 in layers that train such weights.
    #[error("`{name}` is stored as {found:?}, but the network holds {expected:?}")]
    Type {
        /// The parameter.
        name: String,
        /// Its type in the file.
        found: Dtype,
        /// Its type in the network.
        expected: Dtype,
    },
    /// A tensor has another shape: the file is of another network.
    #[error("`{name}` has the shape {found:?} in the file, but {expected} in the network")]
    Shape {
        /// The parameter.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the network.
        expected: Shape,
    },
    /// A value is NaN or infinite.
    #[error("`{name}` holds {value} as element {index}")]
    NotFinite {
        /// The parameter.
        name: String,
        /// The position in PyTorch's row-major order.
        index: usize,
        /// The value.
        value: f32,
    },
}

/// The weights of a network as the bytes of a safetensors file.
///
/// # Errors
/// [`WeightsError::NotFinite`] for a network that no one could load.
pub fn to_bytes<M: Module>(network: &M) -> Result<Vec<u8>, WeightsError> {
    let mut export = Export { tensors: Vec::new(), error: None };
    network.parameters(Path::ROOT, &mut export);
    if let Some(error) = export.error {
        return Err(error);
    }
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    Ok(serialize(export.tensors, Some(metadata))?)
}

/// Writes the weights of a network to a safetensors file, whole or not at all.
///
/// # Errors
/// As [`to_bytes`], and [`WeightsError::Write`].
pub fn save<M: Module>(network: &M, path: &FilePath) -> Result<(), WeightsError> {
    let bytes = to_bytes(network)?;
    file::replace(path, &bytes).map_err(|source| WeightsError::Write { path: path.to_owned(), source })
}

/// Puts the weights in the bytes of a safetensors file into a network.
///
/// # Errors
/// Any [`WeightsError`] about the contents; the network is then as it was.
pub fn from_bytes<M: Module>(network: &mut M, bytes: &[u8]) -> Result<(), WeightsError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut check = Check { file: &file, seen: HashSet::new(), error: None };
    network.parameters(Path::ROOT, &mut check);
    if let Some(error) = check.error {
        return Err(error);
    }
    let known = |name: &str| check.seen.contains(name) || is_counter(name, &check.seen);
    let mut extra: Vec<_> = file.iter().filter(|(name, _)| !known(name)).collect();
    extra.sort_unstable_by_key(|(name, _)| *name);
    if let Some((name, tensor)) = extra.first() {
        return Err(WeightsError::Extra { name: (*name).to_owned(), shape: tensor.shape().to_vec() });
    }
    network.parameters_mut(Path::ROOT, &mut Import { file: &file });
    Ok(())
}

/// Whether this is the counter of a batch normalisation that the network has.
fn is_counter(name: &str, seen: &HashSet<String>) -> bool {
    name.strip_suffix("num_batches_tracked").is_some_and(|layer| seen.contains(&format!("{layer}running_mean")))
}

/// Reads the weights of a network from a safetensors file.
///
/// # Errors
/// As [`from_bytes`], and [`WeightsError::Read`]; the network is then as it was.
pub fn load<M: Module>(network: &mut M, path: &FilePath) -> Result<(), WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Read { path: path.to_owned(), source })?;
    from_bytes(network, &bytes)
}

/// A parameter in PyTorch's order.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Collects every parameter, in PyTorch's order; keeps the first error.
struct Export {
    tensors: Vec<(String, Tensor)>,
    error: Option<WeightsError>,
}

impl Visitor for Export {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        let name = parameter.path.to_string();
        let shape = parameter.info.shape.dims().to_vec();
        let values: Vec<f32> = (0..values.len()).map(|i| values[parameter.position(i)]).collect();
        if self.error.is_none() {
            self.error = not_finite(&name, values.iter().copied());
        }
        let bytes = values.into_iter().flat_map(f32::to_le_bytes).collect();
        self.tensors.push((name, Tensor { dtype: Dtype::F32, shape, bytes }));
    }

    fn int8(&mut self, parameter: Parameter<'_>, values: &[i8]) {
        let shape = parameter.info.shape.dims().to_vec();
        let bytes = (0..values.len()).map(|i| values[parameter.position(i)].to_ne_bytes()[0]).collect();
        self.tensors.push((parameter.path.to_string(), Tensor { dtype: Dtype::I8, shape, bytes }));
    }
}

/// Compares every parameter with the file; keeps the first error.
struct Check<'a> {
    file: &'a SafeTensors<'a>,
    seen: HashSet<String>,
    error: Option<WeightsError>,
}

impl Visitor for Check<'_> {
    fn parameter(&mut self, parameter: Parameter<'_>, _: &[f32]) {
        self.check(parameter, Dtype::F32);
    }

    fn int8(&mut self, parameter: Parameter<'_>, _: &[i8]) {
        self.check(parameter, Dtype::I8);
    }
}

impl Check<'_> {
    fn check(&mut self, parameter: Parameter<'_>, dtype: Dtype) {
        let (name, expected) = (parameter.path.to_string(), parameter.info.shape);
        if self.error.is_none() {
            self.error = match self.file.tensor(&name) {
                Err(_) => Some(WeightsError::Missing { name: name.clone(), shape: expected }),
                Ok(tensor) if tensor.shape() != expected.dims() => {
                    Some(WeightsError::Shape { name: name.clone(), found: tensor.shape().to_vec(), expected })
                }
                Ok(tensor) if tensor.dtype() != dtype => {
                    Some(WeightsError::Type { name: name.clone(), found: tensor.dtype(), expected: dtype })
                }
                Ok(_) if dtype == Dtype::I8 => None,
                Ok(tensor) => not_finite(&name, numbers(&tensor)),
            };
        }
        self.seen.insert(name);
    }
}

/// Copies every parameter out of a file that has been checked.
struct Import<'a> {
    file: &'a SafeTensors<'a>,
}

impl VisitorMut for Import<'_> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        if let Ok(tensor) = self.file.tensor(&parameter.path.to_string()) {
            for (i, value) in numbers(&tensor).enumerate() {
                values[parameter.position(i)] = value;
            }
        }
    }

    fn int8(&mut self, parameter: Parameter<'_>, weights: Int8Weights<'_>) {
        if let Ok(tensor) = self.file.tensor(&parameter.path.to_string()) {
            for (i, byte) in tensor.data().iter().enumerate() {
                weights.values[parameter.position(i)] = i8::from_ne_bytes([*byte]);
            }
        }
    }
}

fn numbers(tensor: &TensorView<'_>) -> impl Iterator<Item = f32> {
    let (words, _) = tensor.data().as_chunks();
    words.iter().map(|word| f32::from_le_bytes(*word))
}

fn not_finite(name: &str, values: impl Iterator<Item = f32>) -> Option<WeightsError> {
    let (index, value) = values.enumerate().find(|(_, value)| !value.is_finite())?;
    Some(WeightsError::NotFinite { name: name.to_owned(), index, value })
}
