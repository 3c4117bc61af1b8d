//! Steps on floats.

use super::{Arena, apart};
use crate::{
    Layer, Tensor,
    kernel::Kernels,
    memory::{End, Input},
};

impl<const WORDS: usize> Arena<'_, WORDS> {
    /// Runs any layer that needs no scratch on the tensor at word `X`; its output goes to word `Y`.
    ///
    /// ```
    /// use tensorlet::{Linear, Portable, Relu, quantized::Arena};
    /// static NET: (Linear<2, 1>, Relu) = (Linear { weight: [[2.0], [1.0]], bias: [-9.0] }, Relu);
    /// let mut words = [0.0; 3];
    /// let mut arena = Arena::<3>::new(&mut words)?;
    /// *arena.get_mut::<0, [f32; 2]>()? = [5.0, 1.0];
    /// arena.layer::<0, 2, [f32; 2]>(Portable, &NET);
    /// assert_eq!(arena.into_ref::<2, [f32; 1]>()?, &[2.0]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    #[inline(always)]
    pub fn layer<const X: usize, const Y: usize, I: Tensor>(&mut self, k: impl Kernels, layer: &impl Layer<I>) {
        self.run_layer::<X, Y, I, _>(k, layer);
    }

    #[inline(always)]
    fn run_layer<const X: usize, const Y: usize, I: Tensor, L: Layer<I>>(&mut self, k: impl Kernels, layer: &L) {
        const {
            let y = <L::Out as Tensor>::WORDS;
            assert!(L::PEAK_GIVEN == y, "a layer in an arena that someone has planned needs no scratch");
            assert!(X + I::WORDS <= WORDS && Y + y <= WORDS, "input and output of a step lie in the arena");
            assert!(apart(X, I::WORDS, Y, y), "input and output of a step lie apart");
        }
        if let Ok([x, y]) = self.0.get_disjoint_mut([X..X + I::WORDS, Y..Y + <L::Out as Tensor>::WORDS]) {
            // The output takes all of its words: it makes no difference at which end it lies.
            let _ = layer.infer(k, Input::Given(I::in_words(x, 1)), &mut [], y);
        }
    }

    /// The sum of the tensors at words `A` and `B` goes to word `Y`, and through a layer that works in place.
    ///
    /// ```
    /// use tensorlet::{Portable, Relu, quantized::Arena};
    /// let mut words = [1.0, -4.0, 2.0, 3.0, 0.0, 0.0];
    /// Arena::<6>::new(&mut words)?.sum::<0, 2, 4, [f32; 2]>(Portable, &Relu);
    /// assert_eq!(words, [1.0, -4.0, 2.0, 3.0, 3.0, 0.0]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    #[inline(always)]
    pub fn sum<const A: usize, const B: usize, const Y: usize, X: Tensor<Elem = f32>>(
        &mut self,
        k: impl Kernels,
        then: &impl Layer<X, Out = X>,
    ) {
        const {
            assert!(A + X::WORDS <= WORDS && Y + X::WORDS <= WORDS, "inputs and output of a step lie in the arena");
            assert!(apart(A, X::WORDS, Y, X::WORDS), "inputs and output of a step lie apart");
        }
        if let Ok([a, y]) = self.0.get_disjoint_mut([A..A + X::WORDS, Y..Y + X::WORDS]) {
            y.copy_from_slice(a);
        }
        self.sum_onto::<B, Y, X>(k, then);
    }

    /// [`sum`](Self::sum) of the tensors at words `Y` and `B`, which takes the place of the first.
    #[inline(always)]
    pub fn sum_onto<const B: usize, const Y: usize, X: Tensor<Elem = f32>>(
        &mut self,
        k: impl Kernels,
        then: &impl Layer<X, Out = X>,
    ) {
        self.run_sum::<B, Y, X, _>(k, then);
    }

    #[inline(always)]
    fn run_sum<const B: usize, const Y: usize, X: Tensor<Elem = f32>, L: Layer<X, Out = X>>(
        &mut self,
        k: impl Kernels,
        then: &L,
    ) {
        const {
            assert!(L::PEAK == X::WORDS, "what stands behind a sum works in place");
            assert!(B + X::WORDS <= WORDS && Y + X::WORDS <= WORDS, "inputs and output of a step lie in the arena");
            assert!(apart(B, X::WORDS, Y, X::WORDS), "the inputs of a step lie apart");
        }
        if let Ok([b, y]) = self.0.get_disjoint_mut([B..B + X::WORDS, Y..Y + X::WORDS]) {
            k.add(y, b);
            let _ = then.infer(k, Input::Arena { n: 1, at: End::Low }, &mut [], y);
        }
    }
}
