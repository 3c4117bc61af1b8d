//! Slices with poisoned surroundings: a kernel that reads or writes outside its slices is found out.

/// Words of poison on each side: odd, so that the slice is not aligned for vectors.
const BORDER: usize = 67;

/// A NaN that no computation gives.
const POISON: u32 = 0x7fc0_dead;

/// A slice in a frame of NaN. What is read from the frame makes the result NaN; what is written
/// there is seen by [`get`](Self::get).
#[derive(Clone, Debug)]
pub struct Framed {
    words: Vec<f32>,
}

impl Framed {
    /// These values in a frame.
    #[must_use]
    pub fn new(values: &[f32]) -> Self {
        let border = [f32::from_bits(POISON); BORDER];
        Self { words: [&border, values, &border].concat() }
    }

    /// `n` words of poison in a frame: for results that must not depend on what was there.
    #[must_use]
    pub fn poison(n: usize) -> Self {
        Self { words: vec![f32::from_bits(POISON); n + 2 * BORDER] }
    }

    /// The values.
    ///
    /// # Panics
    /// If the frame was written to.
    #[must_use]
    pub fn get(&self) -> &[f32] {
        let (before, rest) = self.words.split_at(BORDER);
        let (values, after) = rest.split_at(rest.len() - BORDER);
        let whole = before.iter().chain(after).all(|word| word.to_bits() == POISON);
        assert!(whole, "something was written outside of a slice");
        values
    }

    /// The values, to be changed.
    pub fn get_mut(&mut self) -> &mut [f32] {
        let end = self.words.len() - BORDER;
        &mut self.words[BORDER..end]
    }
}

/// The same for integers. What is read from the frame cannot be seen there; what is written can.
#[derive(Clone, Debug)]
pub struct FramedIntegers<T> {
    elements: Vec<T>,
}

impl<T: Copy + PartialEq + From<i8>> FramedIntegers<T> {
    fn poison() -> T {
        T::from(-86)
    }

    /// These values in a frame.
    #[must_use]
    pub fn new(values: &[T]) -> Self {
        let border = [Self::poison(); BORDER];
        Self { elements: [&border, values, &border].concat() }
    }

    /// `n` elements of poison in a frame.
    #[must_use]
    pub fn poisoned(n: usize) -> Self {
        Self { elements: vec![Self::poison(); n + 2 * BORDER] }
    }

    /// The values.
    ///
    /// # Panics
    /// If the frame was written to.
    #[must_use]
    pub fn get(&self) -> &[T] {
        let (before, rest) = self.elements.split_at(BORDER);
        let (values, after) = rest.split_at(rest.len() - BORDER);
        let whole = before.iter().chain(after).all(|element| *element == Self::poison());
        assert!(whole, "something was written outside of a slice");
        values
    }

    /// The values, to be changed.
    pub fn get_mut(&mut self) -> &mut [T] {
        let end = self.elements.len() - BORDER;
        &mut self.elements[BORDER..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_values() {
        let mut framed = Framed::new(&[1.0, 2.0]);
        framed.get_mut()[1] = 3.0;
        assert_eq!(framed.get(), [1.0, 3.0]);
        assert!(Framed::poison(1).get()[0].is_nan());
    }

    #[test]
    #[should_panic(expected = "outside of a slice")]
    fn sees_a_write_behind_the_end() {
        let mut framed = Framed::new(&[1.0, 2.0]);
        framed.words[BORDER + 2] = 0.0;
        let _ = framed.get();
    }
}
