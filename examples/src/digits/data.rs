//! The handwritten digits as bytes: records of 64 pixels (0 to 16) and a label (0 to 9).

/// The whole set, as it lies in `examples/data/digits.bin`: 1,797 records.
///
/// A program that needs a few of them slices this in a constant, so that only those reach flash.
pub const BYTES: &[u8] = include_bytes!("../../data/digits.bin");

/// Bytes of one record: the pixels row by row, then the label.
pub const RECORD: usize = PIXELS + 1;

/// The number of classes.
pub const CLASSES: usize = 10;

const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;
const INK: u8 = 16;

/// One handwritten digit: one channel of 8x8 pixels, 0 (paper) to 1 (ink).
pub type Picture = [[[f32; SIDE]; SIDE]; 1];

/// What can be wrong with a file of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// There are no bytes at all.
    #[error("the data holds no record")]
    Empty,
    /// The last record is cut off.
    #[error("the data is truncated: {bytes} bytes are not a whole number of {RECORD}-byte records")]
    Truncated {
        /// Bytes that were given.
        bytes: usize,
    },
    /// A label is not a digit.
    #[error("record {record} has the label {label}: not one of the {CLASSES} digits")]
    Label {
        /// The number of the record, from 0.
        record: usize,
        /// The label found there.
        label: u8,
    },
    /// A pixel is darker than ink.
    #[error("record {record} has the value {value} at pixel {pixel}: the darkest is {INK}")]
    Pixel {
        /// The number of the record, from 0.
        record: usize,
        /// The number of the pixel, row by row from 0.
        pixel: usize,
        /// The value found there.
        value: u8,
    },
}

/// A set of handwritten digits, checked, still in the bytes that it came in.
#[derive(Clone, Copy, Debug)]
pub struct DataSet<'a> {
    records: &'a [[u8; RECORD]],
}

impl<'a> DataSet<'a> {
    /// Checks the bytes of a set.
    ///
    /// # Errors
    /// [`DataError`] if they are not whole records of pixels up to 16 and a label up to 9.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DataError> {
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(DataError::Truncated { bytes: bytes.len() });
        }
        if records.is_empty() {
            return Err(DataError::Empty);
        }
        for (record, [pixels @ .., label]) in records.iter().enumerate() {
            if usize::from(*label) >= CLASSES {
                return Err(DataError::Label { record, label: *label });
            }
            if let Some((pixel, &value)) = pixels.iter().enumerate().find(|(_, value)| **value > INK) {
                return Err(DataError::Pixel { record, pixel, value });
            }
        }
        Ok(Self { records })
    }

    /// The rows to train on, in the order of the file: those with `i % 5 != 0`.
    pub fn train(&self) -> impl Iterator<Item = Digit> + use<'a> {
        self.rows(|i| !i.is_multiple_of(5))
    }

    /// The rows to test on, in the order of the file: those with `i % 5 == 0`.
    pub fn test(&self) -> impl Iterator<Item = Digit> + use<'a> {
        self.rows(|i| i.is_multiple_of(5))
    }

    fn rows(&self, chosen: fn(usize) -> bool) -> impl Iterator<Item = Digit> + use<'a> {
        let rows = self.records.iter().enumerate();
        rows.filter(move |(i, _)| chosen(*i)).map(|(_, record)| Digit::new(record))
    }
}

/// One handwritten digit and what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digit {
    /// The pixels, scaled to 0 to 1.
    pub picture: Picture,
    /// Which digit was meant.
    pub label: u8,
}

impl Digit {
    fn new([pixels @ .., label]: &[u8; RECORD]) -> Self {
        let mut picture = [[[0.0; SIDE]; SIDE]; 1];
        for (to, from) in picture.as_flattened_mut().as_flattened_mut().iter_mut().zip(pixels) {
            *to = f32::from(*from) / f32::from(INK);
        }
        Self { picture, label: *label }
    }
}
