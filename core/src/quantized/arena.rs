//! Networks that lay out their own memory: every step reads and writes at constant places of one arena.

mod float;

use super::{Binary, Concat, Integer, QuantizedLayer, Rounding};
use crate::{Error, Tensor, kernel::Kernels};

/// An arena of `WORDS` words in which a network computes step by step, at places that someone has planned.
///
/// That the places of a step lie in the arena and apart from each other is checked when the network is compiled.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Arena, Fused, Linear, Quantization}};
/// const Q: Quantization = Quantization::new(1.0, 0);
/// static TWICE: Linear<2, 1> = quantized::unwrap(Linear::from_scales(&[2, 2], &[], Q, &[1.0], Q, Fused::Relu));
/// let mut words = [0.0; 2];
/// let mut arena = Arena::<2>::new(&mut words)?;
/// *arena.get_mut::<0, [i8; 2]>()? = [5, -1];
/// arena.step::<0, 1, 2, [i8; 2]>(Portable, &TWICE);
/// assert_eq!(arena.into_ref::<1, [i8; 1]>()?, &[8]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Debug)]
pub struct Arena<'a, const WORDS: usize>(&'a mut [f32; WORDS]);

/// Steps that put several tensors one behind the other: `name of the method, how many, place and type of each`.
macro_rules! concat_steps {
    ($($name:ident $n:literal $($at:ident $part:ident),+;)+) => {$(
        /// Puts tensors one behind the other: those at the first words, which lie apart, to word `Y`.
        #[inline(always)]
        pub fn $name<
            $(const $at: usize,)+ const Y: usize, $($part,)+ Out, const D: isize, const TABLES: usize, R: Rounding,
        >(
            &mut self,
            k: impl Kernels,
            layer: &Concat<D, $n, TABLES, R>,
        ) where
            Out: Tensor<Elem = i8>,
            $($part: Tensor<Elem = i8>,)+
        {
            const {
                assert!(Y + Out::WORDS <= WORDS $(&& $at + $part::WORDS <= WORDS)+, "a step lies in the arena");
                assert!(true $(&& apart($at, $part::WORDS, Y, Out::WORDS))+, "inputs and output of a step lie apart");
            }
            let places = [$($at..$at + $part::WORDS,)+ Y..Y + Out::WORDS];
            #[allow(non_snake_case, reason = "words are named as their types")]
            if let Ok([$($part,)+ y]) = self.0.get_disjoint_mut(places)
                && let ($(Some($part),)+ Some(y)) =
                    ($($part::in_words($part, 1).first(),)+ Out::in_words_mut(y, 1).first_mut())
            {
                layer.apply_parts(k, ($($part,)+), y);
            }
        }
    )+};
}

/// Whether two runs of words have none in common.
const fn apart(a: usize, a_words: usize, b: usize, b_words: usize) -> bool {
    a_words == 0 || b_words == 0 || a + a_words <= b || b + b_words <= a
}

/// The words up to the end of the scratch of layer `L` on inputs of type `X`, which begins at word `start`.
#[must_use]
pub const fn end_of_scratch<X: Tensor, L: QuantizedLayer<X>>(start: usize) -> usize {
    start + L::SCRATCH
}

/// The words of an arena: the largest of its steps' ends.
#[must_use]
pub const fn arena_words(ends: &[usize]) -> usize {
    let (mut words, mut i) = (0, 0);
    while i < ends.len() {
        words = crate::memory::max(words, ends[i]);
        i += 1;
    }
    words
}

impl<'a, const WORDS: usize> Arena<'a, WORDS> {
    /// The first `WORDS` words.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`]: there are fewer.
    #[inline(always)]
    pub fn new(words: &'a mut [f32]) -> Result<Self, Error> {
        let given = words.len();
        words.first_chunk_mut().map(Self).ok_or(Error::WorkspaceTooSmall { needed: WORDS, given })
    }

    /// The tensor at word `AT`, to be read or written.
    ///
    /// # Errors
    /// None: that it lies inside is checked when the call is compiled.
    #[inline(always)]
    pub fn get_mut<const AT: usize, T: Tensor>(&mut self) -> Result<&mut T, Error> {
        const { assert!(AT + T::WORDS <= WORDS, "a tensor lies in the arena") };
        let words = self.0.get_mut(AT..AT + T::WORDS).map_or(&mut [][..], |words| words);
        T::in_words_mut(words, 1).first_mut().ok_or(Error::WorkspaceTooSmall { needed: AT + T::WORDS, given: WORDS })
    }

    /// The tensor at word `AT`, for as long as the arena is lent.
    ///
    /// # Errors
    /// None: that it lies inside is checked when the call is compiled.
    #[inline(always)]
    pub fn into_ref<const AT: usize, T: Tensor>(self) -> Result<&'a T, Error> {
        const { assert!(AT + T::WORDS <= WORDS, "a tensor lies in the arena") };
        let words: &'a [f32] = self.0;
        let words = words.get(AT..AT + T::WORDS).unwrap_or_default();
        T::in_words(words, 1).first().ok_or(Error::WorkspaceTooSmall { needed: AT + T::WORDS, given: WORDS })
    }

    /// [`into_ref`](Self::into_ref), to be written.
    ///
    /// # Errors
    /// None: that it lies inside is checked when the call is compiled.
    #[inline(always)]
    pub fn into_mut<const AT: usize, T: Tensor>(self) -> Result<&'a mut T, Error> {
        const { assert!(AT + T::WORDS <= WORDS, "a tensor lies in the arena") };
        let words = self.0.get_mut(AT..AT + T::WORDS).map_or(&mut [][..], |words| words);
        T::in_words_mut(words, 1).first_mut().ok_or(Error::WorkspaceTooSmall { needed: AT + T::WORDS, given: WORDS })
    }

    /// Runs a layer on the tensor at word `X`; its output goes to word `Y`, its scratch begins at word `S`.
    #[inline(always)]
    pub fn step<const X: usize, const Y: usize, const S: usize, I: Tensor>(
        &mut self,
        k: impl Kernels,
        layer: &impl QuantizedLayer<I>,
    ) {
        self.run::<X, Y, S, I, _>(k, layer);
    }

    #[inline(always)]
    fn run<const X: usize, const Y: usize, const S: usize, I: Tensor, L: QuantizedLayer<I>>(
        &mut self,
        k: impl Kernels,
        layer: &L,
    ) {
        const {
            let (y, scratch) = (<L::Out as Tensor>::WORDS, L::SCRATCH);
            let inside = X + I::WORDS <= WORDS && Y + y <= WORDS && S + scratch <= WORDS;
            assert!(inside, "input, output and scratch of a step lie in the arena");
            let apart = apart(X, I::WORDS, Y, y) && apart(X, I::WORDS, S, scratch) && apart(Y, y, S, scratch);
            assert!(apart, "input, output and scratch of a step lie apart");
        }
        let places = [X..X + I::WORDS, Y..Y + <L::Out as Tensor>::WORDS, S..S + L::SCRATCH];
        if let Ok([x, y, scratch]) = self.0.get_disjoint_mut(places) {
            layer.apply(k, I::in_words(x, 1), <L::Out as Tensor>::in_words_mut(y, 1), scratch);
        }
    }

    /// Runs a layer with two inputs on the tensors at words `A` and `B`; its output goes to word `Y`.
    #[inline(always)]
    pub fn step2<const A: usize, const B: usize, const Y: usize, First, Second, Out: Tensor>(
        &mut self,
        k: impl Kernels,
        layer: &impl Binary<Out::Elem>,
    ) where
        First: Tensor<Elem = Out::Elem>,
        Second: Tensor<Elem = Out::Elem>,
        Out::Elem: Integer,
    {
        const {
            let inside = A + First::WORDS <= WORDS && B + Second::WORDS <= WORDS && Y + Out::WORDS <= WORDS;
            assert!(inside, "inputs and output of a step lie in the arena");
            let apart = apart(A, First::WORDS, Y, Out::WORDS) && apart(B, Second::WORDS, Y, Out::WORDS);
            assert!(apart, "inputs and output of a step lie apart");
        }
        // Both inputs can be one tensor.
        let places = [A..A + First::WORDS, B..B + Second::WORDS, Y..Y + Out::WORDS];
        if A == B {
            let [a, _, y] = places;
            if let Ok([x, y]) = self.0.get_disjoint_mut([a, y]) {
                let x: &[f32] = x;
                layer.apply2(k, First::in_words(x, 1), Second::in_words(x, 1), Out::in_words_mut(y, 1));
            }
        } else if let Ok([a, b, y]) = self.0.get_disjoint_mut(places) {
            layer.apply2(k, First::in_words(a, 1), Second::in_words(b, 1), Out::in_words_mut(y, 1));
        }
    }

    /// Runs a layer with two inputs on the tensors at words `Y` and `B`; its output takes the place of the first.
    #[inline(always)]
    pub fn step_onto<const B: usize, const Y: usize, X: Tensor>(
        &mut self,
        k: impl Kernels,
        layer: &impl Binary<X::Elem>,
    ) where
        X::Elem: Integer,
    {
        const {
            assert!(B + X::WORDS <= WORDS && Y + X::WORDS <= WORDS, "inputs and output of a step lie in the arena");
            assert!(apart(B, X::WORDS, Y, X::WORDS), "the inputs of a step lie apart");
        }
        if let Ok([b, y]) = self.0.get_disjoint_mut([B..B + X::WORDS, Y..Y + X::WORDS]) {
            layer.apply_onto(k, X::in_words(b, 1), X::in_words_mut(y, 1));
        }
    }

    concat_steps! {
        concat2 2 A First, B Second;
        concat3 3 A First, B Second, C Third;
        concat4 4 A First, B Second, C Third, E Fourth;
    }
}
