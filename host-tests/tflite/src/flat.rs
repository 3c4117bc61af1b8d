//! FlatBuffers, the form of the file: tables whose fields lie wherever an offset says.
//!
//! Nothing that the file says of its own sizes is believed: every access looks whether the bytes are there, and says
//! which field of which table it was about if they are not. Nothing is followed but what was asked for, so offsets in
//! circles lead nowhere.

use crate::{Damage, Error};

/// The longest text that is read.
const MOST_LETTERS: usize = 1 << 14;

/// A field of a table: its number there and its name.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    number: usize,
    name: &'static str,
}

impl Field {
    pub(crate) const fn new(number: usize, name: &'static str) -> Self {
        Self { number, name }
    }
}

/// A number as the file stores it.
pub(crate) trait Number: Sized {
    const BYTES: usize;
    /// None if there are too few bytes.
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const BYTES: usize = size_of::<Self>();

            fn read(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(*bytes.first_chunk()?))
            }
        }
    )*};
}

numbers!(i8, u8, u16, i32, u32, i64, u64, f32);

/// The bytes of the file.
#[derive(Clone, Copy)]
pub(crate) struct File<'a>(&'a [u8]);

impl<'a> File<'a> {
    /// The number at a place.
    fn number<T: Number>(self, at: usize, what: &'static str) -> Result<T, Error> {
        let read = self.0.get(at..).and_then(T::read);
        read.ok_or(Error::Damaged { what, at, how: Damage::BeyondEnd })
    }

    /// The place that the offset at a place leads to.
    fn follow(self, at: usize, what: &'static str) -> Result<usize, Error> {
        let offset: u32 = self.number(at, what)?;
        at.checked_add(offset as usize).ok_or(Error::Damaged { what, at, how: Damage::BeyondEnd })
    }

    fn vector<T: Number>(self, at: usize, what: &'static str) -> Result<Vector<'a, T>, Error> {
        let count: u32 = self.number(at, what)?;
        let bytes = (count as usize).checked_mul(T::BYTES);
        let start = at + u32::BYTES;
        let bytes = bytes.and_then(|bytes| self.0.get(start..start.checked_add(bytes)?));
        let bytes = bytes.ok_or(Error::Damaged { what, at, how: Damage::BeyondEnd })?;
        Ok(Vector { bytes, start, kind: std::marker::PhantomData })
    }
}

/// The numbers of a vector.
pub(crate) struct Vector<'a, T> {
    bytes: &'a [u8],
    start: usize,
    kind: std::marker::PhantomData<T>,
}

impl<'a, T: Number> Vector<'a, T> {
    /// None.
    pub(crate) const EMPTY: Self = Self { bytes: &[], start: 0, kind: std::marker::PhantomData };

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / T::BYTES
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        self.bytes.chunks_exact(T::BYTES).filter_map(T::read)
    }

    /// Element `i`.
    pub(crate) fn get(&self, i: usize) -> Option<T> {
        self.bytes.get(i.checked_mul(T::BYTES)?..).and_then(T::read)
    }

    /// All of them as they are stored.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    file: File<'a>,
    at: usize,
    /// Where its list of fields lies, and how long it is.
    fields: [usize; 2],
    /// The bytes of the table itself.
    len: usize,
}

impl<'a> Table<'a> {
    /// The table at the root of a file with this identifier.
    pub(crate) fn root(bytes: &'a [u8], identifier: &[u8; 4]) -> Result<Self, Error> {
        if bytes.get(4..8) != Some(identifier) {
            return Err(Error::NotTensorFlowLite);
        }
        let file = File(bytes);
        Self::at(file, file.follow(0, "the root")?, "the root")
    }

    fn at(file: File<'a>, at: usize, what: &'static str) -> Result<Self, Error> {
        let damaged = |how| Error::Damaged { what, at, how };
        let back: i32 = file.number(at, what)?;
        let fields = usize::try_from(at as i64 - i64::from(back)).map_err(|_| damaged(Damage::BeyondEnd))?;
        let list: u16 = file.number(fields, what)?;
        let len: u16 = file.number(fields + u16::BYTES, what)?;
        let (list, len) = (usize::from(list), usize::from(len));
        if list < 4 || !list.is_multiple_of(2) || len < 4 {
            return Err(damaged(Damage::NoTable));
        }
        Ok(Self { file, at, fields: [fields, list], len })
    }

    /// Where a field of so many bytes lies, if the table has it.
    fn place(&self, field: Field, bytes: usize) -> Result<Option<usize>, Error> {
        let entry = 4 + 2 * field.number;
        if entry + 2 > self.fields[1] {
            return Ok(None);
        }
        let offset: u16 = self.file.number(self.fields[0] + entry, field.name)?;
        match usize::from(offset) {
            0 => Ok(None),
            offset if offset < 4 || offset + bytes > self.len => {
                Err(Error::Damaged { what: field.name, at: self.at, how: Damage::OutsideTable })
            }
            offset => Ok(Some(self.at + offset)),
        }
    }

    /// A number, or what it is where the file leaves it out.
    pub(crate) fn number<T: Number>(&self, field: Field, default: T) -> Result<T, Error> {
        match self.place(field, T::BYTES)? {
            Some(at) => self.file.number(at, field.name),
            None => Ok(default),
        }
    }

    pub(crate) fn flag(&self, field: Field) -> Result<bool, Error> {
        Ok(self.number::<u8>(field, 0)? != 0)
    }

    /// Numbers; none where the file leaves them out.
    pub(crate) fn vector<T: Number>(&self, field: Field) -> Result<Vector<'a, T>, Error> {
        match self.place(field, u32::BYTES)? {
            Some(at) => self.file.vector(self.file.follow(at, field.name)?, field.name),
            None => Ok(Vector::EMPTY),
        }
    }

    pub(crate) fn text(&self, field: Field) -> Result<&'a str, Error> {
        let bytes = self.vector::<u8>(field)?;
        // Many tables can share one text.
        if bytes.len() > MOST_LETTERS {
            return Err(Error::TooMany { what: field.name, found: bytes.len(), most: MOST_LETTERS });
        }
        let damaged = |_| Error::Damaged { what: field.name, at: bytes.start, how: Damage::NotText };
        std::str::from_utf8(bytes.bytes()).map_err(damaged)
    }

    /// A table, if there is one.
    pub(crate) fn table(&self, field: Field) -> Result<Option<Self>, Error> {
        match self.place(field, u32::BYTES)? {
            Some(at) => Self::at(self.file, self.file.follow(at, field.name)?, field.name).map(Some),
            None => Ok(None),
        }
    }

    /// The tables of a list, of at most `most`.
    pub(crate) fn tables(&self, field: Field, most: usize) -> Result<Vec<Self>, Error> {
        let offsets = self.vector::<u32>(field)?;
        if offsets.len() > most {
            return Err(Error::TooMany { what: field.name, found: offsets.len(), most });
        }
        let table = |i| {
            let at = offsets.start + i * u32::BYTES;
            Self::at(self.file, self.file.follow(at, field.name)?, field.name)
        };
        (0..offsets.len()).map(table).collect()
    }
}
