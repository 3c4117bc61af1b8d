//! Positions: what tells the elements of a sequence apart where a network sees them all at once.

use rand_core::Rng;

use super::{Layer, Pass, Train};
use crate::{
    Module, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::{Kernels, samples, samples_mut},
    math,
    memory::{self, End, Input},
    message::{Part, fail},
    module::{no_parameters, visit_parameters},
    ops::rotary::{Pairing, Rotation},
};

/// `x + P` with `P[t][2j] = sin(t / base^(2j/D))`, `P[t][2j+1] = cos(t / base^(2j/D))`: the sinusoidal encoding
/// of "Attention is all you need" (Vaswani et al., 2017): d2l's `PositionalEncoding`.
///
/// The input is a sequence `[[f32; D]; T]`. `P` is computed on the way and takes no memory; all samples of
/// a batch share it.
///
/// ```
/// use tensorlet::{Layer, Portable, PositionalEncoding, math};
/// let y = PositionalEncoding::NEW.forward(Portable, &[[[10.0, 20.0]; 2]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y[0][0], [10.0, 21.0]);
/// assert_eq!(y[0][1], [10.0 + math::sin(1.0), 20.0 + math::cos(1.0)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionalEncoding {
    /// The base of the wavelengths; 10000 by default.
    pub base: f32,
}

/// PyTorch's `x + weight` of an `nn.Parameter`: a vector that is learned for each position, or anything else
/// of the input's type.
///
/// ```
/// use tensorlet::{Layer, LearnedPositions, Portable};
/// let positions = LearnedPositions { weight: [[1.0, 2.0], [3.0, 4.0]] };
/// let y = positions.forward(Portable, &[[[10.0, 10.0]; 2]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[11.0, 12.0], [13.0, 14.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct LearnedPositions<X> {
    /// What is added.
    pub weight: X,
}

/// Rotates pairs of numbers by angles that grow with the position: rotary embedding (Su et al., 2021), torchtune's
/// `RotaryPositionalEmbeddings`, for the queries and keys of attention. Pair `i` of `D / 2` at position `t` turns
/// by `t / base^(2i/D)`.
///
/// The input ends with dimensions `[positions][features]`, `POSITIONS = -2`; heads may be in front, or
/// between them: `[positions][heads][features]` with `POSITIONS = -3`.
///
/// ```
/// use tensorlet::{Layer, Portable, RotaryEmbedding, math};
/// let y = RotaryEmbedding::<-2>::NEW.forward(Portable, &[[[1.0, 0.0]; 2]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y[0], [[1.0, 0.0], [math::cos(1.0), math::sin(1.0)]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotaryEmbedding<const POSITIONS: isize = -2> {
    /// The base of the wavelengths; 10000 by default.
    pub base: f32,
    /// Which numbers make a pair; [`Pairing::Halves`] by default.
    pub pairing: Pairing,
}

impl PositionalEncoding {
    /// With the usual base.
    pub const NEW: Self = Self { base: 10_000.0 };

    /// Adds the encoding to every sample of a batch.
    #[inline]
    fn add(&self, [positions, features]: [usize; 2], x: &mut [f32]) {
        for j in 0..features.div_ceil(2) {
            let frequency = frequency(self.base, 2 * j, features);
            for t in 0..positions {
                let angle = t as f32 * frequency;
                let (sin, cos) = (math::sin(angle), math::cos(angle));
                for x in samples_mut(x, positions * features) {
                    let row = samples_mut(x, features).nth(t).unwrap_or_default();
                    let mut pair = row.iter_mut().skip(2 * j);
                    if let Some(x) = pair.next() {
                        *x += sin;
                    }
                    if let Some(x) = pair.next() {
                        *x += cos;
                    }
                }
            }
        }
    }
}

/// `base^(-numerator / denominator)`.
#[inline(always)]
fn frequency(base: f32, numerator: usize, denominator: usize) -> f32 {
    math::pow(base, -(numerator as f32 / denominator as f32))
}

impl Default for PositionalEncoding {
    fn default() -> Self {
        Self::NEW
    }
}

no_parameters!([] PositionalEncoding, base);

impl<const T: usize, const D: usize> Layer<[[f32; D]; T]> for PositionalEncoding {
    type Out = [[f32; D]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::PositionalEncoding,
        input: <[[f32; D]; T]>::SHAPE,
        output: <[[f32; D]; T]>::SHAPE,
        parameters: &[],
        macs: 0,
    });
    const PEAK: usize = T * D;
    const PEAK_GIVEN: usize = T * D;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, [[f32; D]; T]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| self.add([T, D], x))
    }
}

/// In place and without a trace: the slot of the input is the slot of the output.
impl<const T: usize, const D: usize> Train<[[f32; D]; T]> for PositionalEncoding {
    const TAPE: usize = 0;
    const OVERWRITES_X: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, _: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        self.add([T, D], x);
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}

impl<X: Tensor<Elem = f32>> LearnedPositions<X> {
    const WEIGHT: ParameterInfo = ParameterInfo { name: "weight", shape: X::SHAPE, layout: Layout::RowMajor };
}

impl<X: Tensor<Elem = f32>> Module for LearnedPositions<X> {
    const ZERO: Self = Self { weight: X::ZERO };
    const PARAMETERS: usize = X::LEN;

    /// Standard normal numbers, as `torch.randn` and `nn.Embedding` give.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        init::normal(&mut self.weight, 0.0, 1.0, rng);
    }

    visit_parameters!(weight: Self::WEIGHT);
}

impl<X: Tensor<Elem = f32>> Layer<X> for LearnedPositions<X> {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::LearnedPositions,
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[Self::WEIGHT],
        macs: 0,
    });
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| {
            for x in samples_mut(x, X::LEN) {
                k.add(x, self.weight.elements());
            }
        })
    }
}

/// In place: the slot of the input is the slot of the output.
impl<X: Tensor<Elem = f32>> Train<X> for LearnedPositions<X> {
    const TAPE: usize = 0;
    const OVERWRITES_X: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        for x in samples_mut(x, X::LEN) {
            k.add(x, self.weight.elements());
        }
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], grad: &mut [f32]) {
        for dy in samples(x, X::LEN) {
            k.add(grad, dy);
        }
    }
}

impl<const POSITIONS: isize> RotaryEmbedding<POSITIONS> {
    /// With the usual base, pairs across the halves.
    pub const NEW: Self = Self { base: 10_000.0, pairing: Pairing::Halves };

    /// How the input consists of rows, all of which are pairs. Fails to compile where they are not.
    const fn rotation<X: Tensor>() -> Rotation {
        let rotation = Rotation::of::<X>("RotaryEmbedding", POSITIONS);
        if rotation.features() % 2 == 1 {
            fail(&[
                Part::Text(
                    "shape mismatch: layer `RotaryEmbedding` cannot make pairs of the rows of an input of shape ",
                ),
                Part::Shape(X::SHAPE),
            ]);
        }
        rotation
    }

    /// Turns every pair of `n` samples by its angle times `sign`.
    #[inline]
    fn turn(&self, rotation: Rotation, sign: f32, n: usize, x: &mut [f32]) {
        let features = rotation.features();
        rotation.turn((self.pairing, features / 2), n, x, |t, i| {
            let angle = t as f32 * frequency(self.base, 2 * i, features);
            [math::cos(angle), sign * math::sin(angle)]
        });
    }
}

impl<const POSITIONS: isize> Default for RotaryEmbedding<POSITIONS> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<const POSITIONS: isize> Module for RotaryEmbedding<POSITIONS> {
    const ZERO: Self = Self::NEW;
    const PARAMETERS: usize = 0;

    #[inline(always)]
    fn init<R: Rng>(&mut self, _: &mut R) {}

    #[inline]
    fn parameters<V: crate::Visitor>(&self, path: crate::Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("base"), self.base);
        visitor.setting(path.join("interleaved"), if self.pairing == Pairing::Neighbours { 1.0 } else { 0.0 });
    }

    #[inline(always)]
    fn parameters_mut<V: crate::VisitorMut>(&mut self, _: crate::Path<'_>, _: &mut V) {}
}

impl<X: Tensor<Elem = f32>, const POSITIONS: isize> Layer<X> for RotaryEmbedding<POSITIONS> {
    type Out = X;
    const DESCRIPTION: Description = {
        let _ = Self::rotation::<X>();
        Description::Layer(LayerInfo {
            op: Op::RotaryEmbedding { axis: crate::ops::axis::<X>("RotaryEmbedding", POSITIONS) },
            input: X::SHAPE,
            output: X::SHAPE,
            parameters: &[],
            macs: 2 * X::LEN,
        })
    };
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        let n = input.n();
        memory::in_place(input, arena, |x| self.turn(const { Self::rotation::<X>() }, 1.0, n, x))
    }
}

/// In place: the gradient is turned back where it is.
impl<X: Tensor<Elem = f32>, const POSITIONS: isize> Train<X> for RotaryEmbedding<POSITIONS> {
    const TAPE: usize = 0;
    const OVERWRITES_X: bool = true;
    const OVERWRITES_DY: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        self.turn(const { Self::rotation::<X>() }, 1.0, pass.n, x);
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            self.turn(const { Self::rotation::<X>() }, -1.0, pass.n, x);
        }
    }
}
