//! The data of the tasks: tables and pictures, split as PyTorch's recipes split them.

use std::{fs, io::Read, path::Path};

use safetensors::{Dtype, SafeTensors};
use tensorlet::{Image, Tensor, Vector};

use super::error::Error;
use crate::digits::data::{BYTES, DataSet, Digit, Picture};

/// Inputs with their targets.
#[derive(Clone, Debug)]
pub struct Rows<X, T> {
    /// The inputs.
    pub x: Vec<X>,
    /// The target of each.
    pub targets: Vec<T>,
}

impl<X, T> FromIterator<(X, T)> for Rows<X, T> {
    fn from_iter<I: IntoIterator<Item = (X, T)>>(rows: I) -> Self {
        let (x, targets) = rows.into_iter().unzip();
        Self { x, targets }
    }
}

/// Rows to learn from and rows to test with.
#[derive(Clone, Debug)]
pub struct Split<X, T> {
    /// To learn from.
    pub train: Rows<X, T>,
    /// To test with.
    pub test: Rows<X, T>,
}

impl<X: Copy, T: Copy> Split<X, T> {
    /// Rows by their number: those that `is_test` chooses are for testing.
    fn by(rows: impl IntoIterator<Item = (X, T)>, is_test: impl Fn(usize) -> bool) -> Self {
        let (test, train): (Vec<_>, Vec<_>) = rows.into_iter().enumerate().partition(|(i, _)| is_test(*i));
        let rows = |part: Vec<(usize, (X, T))>| part.into_iter().map(|(_, row)| row).collect();
        Self { train: rows(train), test: rows(test) }
    }

    /// The same rows in another form.
    #[must_use]
    pub fn map<Y>(&self, f: impl Fn(&X) -> Y) -> Split<Y, T> {
        let rows = |rows: &Rows<X, T>| Rows { x: rows.x.iter().map(&f).collect(), targets: rows.targets.clone() };
        Split { train: rows(&self.train), test: rows(&self.test) }
    }
}

/// The handwritten digits of this package, pixels from 0 to 1.
///
/// # Panics
/// Not: the data is part of the package and tested.
#[must_use]
pub fn digits() -> Split<Picture, u8> {
    let digits = DataSet::parse(BYTES).expect("the package's digits are sound");
    let rows = |digit: Digit| (digit.picture, digit.label);
    Split { train: digits.train().map(rows).collect(), test: digits.test().map(rows).collect() }
}

/// A table of this package: `N` features, standardised by mean and deviation of the training rows.
///
/// # Errors
/// The file is damaged.
pub fn table<const N: usize>(name: &str, bytes: &[u8]) -> Result<Split<Vector<N>, f32>, Error> {
    let damaged = |what: &str| Error::Damaged { file: name.to_owned(), what: what.to_owned() };
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error.to_string()))?;
    let [x, y] = ["x", "y"].map(|tensor| file.tensor(tensor));
    let (x, y) = (x.map_err(|_| damaged("no tensor x"))?, y.map_err(|_| damaged("no tensor y"))?);
    if x.dtype() != Dtype::F32 || x.shape().len() != 2 || x.shape()[1] != N || y.shape() != [x.shape()[0]] {
        return Err(damaged("x or y has another shape or type"));
    }
    let floats: Vec<f32> = x.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let targets: Vec<f32> = match y.dtype() {
        Dtype::U8 => y.data().iter().map(|&label| f32::from(label)).collect(),
        Dtype::F32 => y.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        _ => return Err(damaged("y is of another type")),
    };
    let rows = <[f32; N]>::view(&floats).iter().copied().zip(targets);
    let mut split = Split::by(rows, |i| i.is_multiple_of(5));
    for feature in 0..N {
        let values: Vec<f64> = split.train.x.iter().map(|row| f64::from(row[feature])).collect();
        let (mean, deviation) = mean_and_deviation(&values);
        for row in split.train.x.iter_mut().chain(&mut split.test.x) {
            row[feature] = ((f64::from(row[feature]) - mean) / deviation) as f32;
        }
    }
    Ok(split)
}

/// Mean and (biased) deviation.
pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt())
}

/// Standardises targets by mean and deviation of the training rows.
pub fn standardise_targets<X>(split: &mut Split<X, f32>) {
    let wide: Vec<f64> = split.train.targets.iter().map(|&y| f64::from(y)).collect();
    let (mean, deviation) = mean_and_deviation(&wide);
    for y in split.train.targets.iter_mut().chain(&mut split.test.targets) {
        *y = ((f64::from(*y) - mean) / deviation) as f32;
    }
}

/// The same rows with class labels for targets.
#[must_use]
pub fn labelled<X: Copy>(split: Split<X, f32>) -> Split<X, u8> {
    let rows =
        |rows: Rows<X, f32>| Rows { x: rows.x, targets: rows.targets.iter().map(|&label| label as u8).collect() };
    Split { train: rows(split.train), test: rows(split.test) }
}

/// A file of the folder.
fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    fs::read(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::Missing { path },
        _ => Error::Read { path, source },
    })
}

/// The content of an IDX file, compressed with gzip, of these dimensions (LeCun's format of MNIST).
///
/// # Errors
/// The bytes are damaged, or hold something else.
pub fn idx(name: &str, compressed: &[u8], dims: &[u32]) -> Result<Vec<u8>, Error> {
    let damaged = |what: &str| Error::Damaged { file: name.to_owned(), what: what.to_owned() };
    // A few bytes can unpack to gigabytes: no more is unpacked than what is wanted, and a byte that shows more.
    let most = 5 + 4 * dims.len() as u64 + dims.iter().map(|&dim| u64::from(dim)).product::<u64>();
    let mut bytes = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(compressed).take(most);
    unpacked.read_to_end(&mut bytes).map_err(|error| damaged(&error.to_string()))?;
    let mut header = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| header.extend(dim.to_be_bytes()));
    match bytes.strip_prefix(&header[..]) {
        Some(data) if data.len() == dims.iter().product::<u32>() as usize => Ok(data.to_vec()),
        _ => Err(damaged("it holds something else")),
    }
}

fn image(pixels: &[u8; 784]) -> Image<1, 28, 28> {
    let mut image = [[[0.0; 28]; 28]; 1];
    image.elements_mut().iter_mut().zip(pixels).for_each(|(to, &from)| *to = f32::from(from) / 255.0);
    image
}

fn images(pixels: &[u8], labels: &[u8], is_test: impl Fn(usize) -> bool) -> Split<Image<1, 28, 28>, u8> {
    let rows = pixels.as_chunks().0.iter().map(image).zip(labels.iter().copied());
    Split::by(rows, is_test)
}

/// MNIST's 10,000 test images: the first 8,000 to learn from, the others to test with.
///
/// # Errors
/// The files are not there or damaged.
pub fn mnist(folder: &Path) -> Result<Split<Image<1, 28, 28>, u8>, Error> {
    let file = |name, dims: &[u32]| idx(name, &read(folder, name)?, dims);
    let pixels = file("mnist_t10k_images.idx3.gz", &[10_000, 28, 28])?;
    let labels = file("mnist_t10k_labels.idx1.gz", &[10_000])?;
    Ok(images(&pixels, &labels, |i| i >= 8_000))
}

/// 900 images of Fashion-MNIST, 90 of each class: the last 18 of each are to test with.
///
/// # Errors
/// The file is not there or damaged.
pub fn fashion(folder: &Path) -> Result<Split<Image<1, 28, 28>, u8>, Error> {
    const NAME: &str = "fashion900.safetensors";
    let damaged = |what: &str| Error::Damaged { file: NAME.to_owned(), what: what.to_owned() };
    let bytes = read(folder, NAME)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(&error.to_string()))?;
    let tensor = |name: &str, shape: &[usize]| match file.tensor(name) {
        Ok(tensor) if tensor.dtype() == Dtype::U8 && tensor.shape() == shape => Ok(tensor.data()),
        _ => Err(damaged(&format!("{name} is not there or of another shape or type"))),
    };
    Ok(images(tensor("x", &[900, 28, 28])?, tensor("y", &[900])?, |i| i % 90 >= 72))
}

/// The characters of "The Time Machine": letters from 1 on, 0 for everything between words.
///
/// # Errors
/// The file is not there.
pub fn characters(folder: &Path) -> Result<Vec<u8>, Error> {
    let text = read(folder, "timemachine.txt")?;
    let mut tokens: Vec<u8> = text
        .iter()
        .map(|byte| if byte.is_ascii_alphabetic() { byte.to_ascii_lowercase() - b'a' + 1 } else { 0 })
        .collect();
    tokens.dedup_by(|next, before| *next == 0 && *before == 0);
    Ok(tokens)
}
