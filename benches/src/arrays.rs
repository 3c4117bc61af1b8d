//! Named arrays: what every contestant of a case is given, and what it answers.

use std::{collections::BTreeMap, ops::Index};

use safetensors::{
    Dtype, SafeTensors,
    tensor::{TensorView, serialize},
};

use crate::Result;

/// An array of numbers, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub data: Vec<f32>,
}

/// Arrays by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrays(pub BTreeMap<String, Array>);

impl Arrays {
    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &str, shape: &[usize], data: Vec<f32>) -> Self {
        self.insert(name, shape, data);
        self
    }

    /// Puts one in.
    pub fn insert(&mut self, name: &str, shape: &[usize], data: Vec<f32>) {
        self.0.insert(name.to_owned(), Array { shape: shape.to_vec(), data });
    }

    /// The bytes of a safetensors file of them.
    ///
    /// # Errors
    /// A shape that does not fit its data.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut views = Vec::new();
        for (name, array) in &self.0 {
            let bytes = bytemuck::cast_slice(&array.data);
            views.push((name, TensorView::new(Dtype::F32, array.shape.clone(), bytes)?));
        }
        Ok(serialize(views, None)?)
    }

    /// From the bytes of a safetensors file.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut arrays = Self::default();
        for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
            let data = view.data().chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            arrays.insert(&name, view.shape(), data.collect());
        }
        Ok(arrays)
    }
}

/// The numbers of an array.
impl Index<&str> for Arrays {
    type Output = [f32];

    fn index(&self, name: &str) -> &[f32] {
        self.0.get(name).map_or(&[], |array| &array.data)
    }
}

/// Numbers that begin at a multiple of 64 bytes, as those of every peer do that allocates its own.
#[derive(Clone, Debug)]
pub struct Aligned {
    words: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let words = vec![0.0; len + 15];
        let start = words.as_ptr().align_offset(64).min(15);
        Self { words, start, len }
    }

    /// A copy.
    #[must_use]
    pub fn of(data: &[f32]) -> Self {
        let mut aligned = Self::zeros(data.len());
        aligned.copy_from_slice(data);
        aligned
    }

    /// Its numbers for as long as the program runs, which measures each case once.
    #[must_use]
    pub fn leak(self) -> &'static mut [f32] {
        let words: &'static mut [f32] = self.words.leak();
        &mut words[self.start..self.start + self.len]
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.words[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.words[self.start..self.start + self.len]
    }
}
