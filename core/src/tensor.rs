//! A tensor is an array: `[f32; 10]`, `[[[f32; 28]; 28]; 1]`.
//!
//! Nothing wraps the array, so array literals, `static` data in flash, `size_of` and slice patterns
//! all work. [`Tensor`] adds what the kernels need to know: the shape as a constant and the flat,
//! row-major view of a batch. All conversions are safe and free, and none can panic.

use crate::Shape;

mod sealed {
    pub trait Sealed {}
}

/// An element of a tensor: a plain number.
///
/// An arena is a slice of `f32` words; [`Element::from_words`] views such words as elements of
/// this type, so that one arena serves float and integer layers.
pub trait Element: sealed::Sealed + bytemuck::Pod + Default + PartialOrd + Send + Sync + 'static {
    /// Zero.
    const ZERO: Self;
    /// The name of the type as `safetensors` and PyTorch's short forms spell it: `F32`, `I8`, …
    const NAME: &'static str;
    /// Elements in one 32-bit word of an arena.
    const PER_WORD: usize;

    /// Views arena words as elements.
    fn from_words(words: &[f32]) -> &[Self];
    /// Views arena words as elements, mutably.
    fn from_words_mut(words: &mut [f32]) -> &mut [Self];
}

/// A fixed-shape tensor: a number or a nested array of numbers, row-major and contiguous.
///
/// A *batch* is a slice of tensors, `&[X]`: its length is known at run time only, so that a last,
/// smaller batch needs no padding, and a microcontroller passes a batch of one.
///
/// ```
/// use tensorlet::Tensor;
/// let x = [[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// assert_eq!(<[[f32; 3]; 2]>::LEN, 6);
/// assert_eq!(x.elements(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
///
/// // A batch of two vectors, and its flat view.
/// let batch: &[[f32; 3]] = &x;
/// assert_eq!(<[f32; 3]>::flat(batch).len(), 6);
/// assert_eq!(<[f32; 3]>::view(x.elements()), batch);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor",
    note = "a tensor is a number (f32, i8, u8, i16, u16, i32, u32) or a nested array of them, such as `[[f32; 3]; 2]`"
)]
pub trait Tensor: sealed::Sealed + bytemuck::Pod + Send + Sync + 'static {
    /// The type of the numbers.
    type Elem: Element;
    /// The dimensions, outermost first.
    const SHAPE: Shape;
    /// The number of elements (PyTorch's `numel`).
    const LEN: usize;
    /// The 32-bit words that one tensor takes in an arena.
    const WORDS: usize = Self::LEN.div_ceil(<Self::Elem as Element>::PER_WORD);
    /// All zeros.
    const ZERO: Self;

    /// The elements of a batch in memory order.
    fn flat(batch: &[Self]) -> &[Self::Elem];
    /// The elements of a batch in memory order, mutably.
    fn flat_mut(batch: &mut [Self]) -> &mut [Self::Elem];
    /// The tensors in a run of elements; elements left over at the end are not seen.
    fn view(elements: &[Self::Elem]) -> &[Self];
    /// The tensors in a run of elements, mutably.
    fn view_mut(elements: &mut [Self::Elem]) -> &mut [Self];

    /// The elements of this tensor in memory order.
    #[inline(always)]
    fn elements(&self) -> &[Self::Elem] {
        Self::flat(core::slice::from_ref(self))
    }

    /// The elements of this tensor in memory order, mutably.
    #[inline(always)]
    fn elements_mut(&mut self) -> &mut [Self::Elem] {
        Self::flat_mut(core::slice::from_mut(self))
    }

    /// The first `n` tensors at the start of arena words.
    #[inline(always)]
    fn in_words(words: &[f32], n: usize) -> &[Self] {
        let all = Self::view(Self::Elem::from_words(words));
        all.get(..n).unwrap_or(all)
    }

    /// The first `n` tensors at the start of arena words, mutably.
    #[inline(always)]
    fn in_words_mut(words: &mut [f32], n: usize) -> &mut [Self] {
        let all = Self::view_mut(Self::Elem::from_words_mut(words));
        let n = n.min(all.len());
        all.split_at_mut_checked(n).map_or(&mut [], |(first, _)| first)
    }
}

macro_rules! element {
    ($($t:ty: $name:literal, $zero:literal),*) => {$(
        impl sealed::Sealed for $t {}

        impl Element for $t {
            const ZERO: Self = $zero;
            const NAME: &'static str = $name;
            const PER_WORD: usize = 4 / size_of::<$t>();

            #[inline(always)]
            fn from_words(words: &[f32]) -> &[Self] {
                bytemuck::must_cast_slice(words)
            }

            #[inline(always)]
            fn from_words_mut(words: &mut [f32]) -> &mut [Self] {
                bytemuck::must_cast_slice_mut(words)
            }
        }

        impl Tensor for $t {
            type Elem = $t;
            const SHAPE: Shape = Shape::SCALAR;
            const LEN: usize = 1;
            const ZERO: Self = $zero;

            #[inline(always)]
            fn flat(batch: &[Self]) -> &[Self] {
                batch
            }

            #[inline(always)]
            fn flat_mut(batch: &mut [Self]) -> &mut [Self] {
                batch
            }

            #[inline(always)]
            fn view(elements: &[Self]) -> &[Self] {
                elements
            }

            #[inline(always)]
            fn view_mut(elements: &mut [Self]) -> &mut [Self] {
                elements
            }
        }
    )*};
}

element!(f32: "F32", 0.0, i8: "I8", 0, u8: "U8", 0, i16: "I16", 0, u16: "U16", 0, i32: "I32", 0, u32: "U32", 0);

impl<T: sealed::Sealed, const N: usize> sealed::Sealed for [T; N] {}

impl<T: Tensor, const N: usize> Tensor for [T; N] {
    type Elem = T::Elem;
    const SHAPE: Shape = T::SHAPE.prepend(N);
    const LEN: usize = {
        assert!(N > 0, "a dimension of a tensor cannot be zero");
        N * T::LEN
    };
    const ZERO: Self = [T::ZERO; N];

    #[inline(always)]
    fn flat(batch: &[Self]) -> &[T::Elem] {
        T::flat(batch.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(batch: &mut [Self]) -> &mut [T::Elem] {
        T::flat_mut(batch.as_flattened_mut())
    }

    #[inline(always)]
    fn view(elements: &[T::Elem]) -> &[Self] {
        T::view(elements).as_chunks().0
    }

    #[inline(always)]
    fn view_mut(elements: &mut [T::Elem]) -> &mut [Self] {
        T::view_mut(elements).as_chunks_mut().0
    }
}

/// A vector of `N` numbers.
pub type Vector<const N: usize, T = f32> = [T; N];
/// A matrix of `R` rows and `C` columns.
pub type Matrix<const R: usize, const C: usize, T = f32> = [[T; C]; R];
/// An image of `C` channels, `H` rows and `W` columns: PyTorch's CHW.
pub type Image<const C: usize, const H: usize, const W: usize, T = f32> = [[[T; W]; H]; C];
