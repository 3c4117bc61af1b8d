//! Hashes of results.

use tensorlet::{Error, Parameter, Visitor};

/// FNV-1a over the bits of numbers.
///
/// All NaN count as one: which of them an operation gives is up to the processor.
///
/// ```
/// use tensorlet_examples::fingerprint::Fingerprint;
/// let (mut a, mut b) = (Fingerprint::new(), Fingerprint::new());
/// a.add(&[0.0_f32]);
/// b.add(&[-0.0_f32]);
/// assert_ne!(a.value(), b.value());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u32);

impl Fingerprint {
    /// Of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0x811c_9dc5)
    }

    /// The hash of all that was added.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Adds the bits of a result.
    #[inline]
    pub fn add<T: Bits + ?Sized>(&mut self, result: &T) {
        result.add_to(self);
    }

    fn word(&mut self, word: u32) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

/// The values of all parameters.
impl Visitor for Fingerprint {
    #[inline]
    fn parameter(&mut self, _: Parameter<'_>, values: &[f32]) {
        self.add(values);
    }
}

/// A result that has bits to compare.
pub trait Bits {
    /// Adds them to a fingerprint.
    fn add_to(&self, fingerprint: &mut Fingerprint);
}

impl Bits for f32 {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.word(if self.is_nan() { f32::NAN.to_bits() } else { self.to_bits() });
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Bits for $t {
            fn add_to(&self, fingerprint: &mut Fingerprint) {
                fingerprint.word(*self as u32);
            }
        }
    )*};
}

integers!(bool u8 i8 u16 i16 u32 i32 usize);

impl Bits for () {
    fn add_to(&self, _: &mut Fingerprint) {}
}

impl<T: Bits> Bits for [T] {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        self.iter().for_each(|x| x.add_to(fingerprint));
    }
}

impl<T: Bits, const N: usize> Bits for [T; N] {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        self.as_slice().add_to(fingerprint);
    }
}

impl<A: Bits, B: Bits> Bits for (A, B) {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        self.0.add_to(fingerprint);
        self.1.add_to(fingerprint);
    }
}

impl<T: Bits> Bits for Option<T> {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        self.is_some().add_to(fingerprint);
        if let Some(value) = self {
            value.add_to(fingerprint);
        }
    }
}

/// Which error it is does not count.
impl<T: Bits> Bits for Result<T, Error> {
    fn add_to(&self, fingerprint: &mut Fingerprint) {
        self.as_ref().ok().is_some().add_to(fingerprint);
        if let Ok(value) = self {
            value.add_to(fingerprint);
        }
    }
}
