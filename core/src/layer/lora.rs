//! Low-rank adaptation.

use rand_core::Rng;

use super::{Bias, Frozen, Layer, Linear, Pass, Train, bias::listed};
use crate::{
    Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::Kernels,
    memory::{self, End, Input},
    shape::Shape,
};

/// A [`Linear`] layer that is not trained, and beside it a product of two thin matrices that is (Hu et
/// al., 2022), PEFT's `lora.Linear`: `y = W x + b + scale · B A x`, with `A` of `R` rows and `B` of `R` columns.
///
/// Gradient and optimiser keep words for `R · (IN + OUT)` weights, not for `IN · OUT`. `A` begins as a
/// linear layer does and `B` with zeros, so that at first nothing is changed; `scale`, PEFT's `α / R`, is
/// 1 unless set. [`merge`](Self::merge) adds the product to the weight. The names of the parameters are
/// those of PEFT: `base_layer.weight`, `lora_A.weight`, `lora_B.weight`.
///
/// ```
/// use tensorlet::{Linear, Lora, Module};
/// type Layer = Lora<64, 64, 4>;
/// assert_eq!(Layer::GRAD, 4 * (64 + 64));
///
/// let base = Linear { weight: [[1.0], [2.0]], bias: [0.5] };
/// let mut layer = Lora { a: [[3.0], [4.0]], b: [[10.0]], scale: 0.5, ..Lora::<2, 1, 1>::new(base) };
/// layer.merge();
/// assert_eq!((layer.base.0.weight, layer.b), ([[16.0], [22.0]], [[0.0]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lora<const IN: usize, const OUT: usize, const R: usize, B = [f32; OUT]> {
    /// The layer that is not trained.
    pub base: Frozen<Linear<IN, OUT, B>>,
    /// `A`, stored `[IN][R]`.
    pub a: [[f32; R]; IN],
    /// `B`, stored `[R][OUT]`.
    pub b: [[f32; OUT]; R],
    /// What the product is multiplied by.
    pub scale: f32,
}

impl<const IN: usize, const OUT: usize, const R: usize, B: Bias<OUT>> Lora<IN, OUT, R, B> {
    const INFOS: [ParameterInfo; 4] = [
        transposed("lora_A.weight", R, IN),
        transposed("lora_B.weight", OUT, R),
        transposed("base_layer.weight", OUT, IN),
        ParameterInfo { name: "base_layer.bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
    ];

    /// A layer that computes what `base` does.
    #[must_use]
    pub const fn new(base: Linear<IN, OUT, B>) -> Self {
        Self { base: Frozen(base), a: [[0.0; R]; IN], b: [[0.0; OUT]; R], scale: 1.0 }
    }

    /// Adds the product to the weight, and sets `B` to zero: the layer computes what it did, and its base
    /// alone does too.
    pub fn merge(&mut self) {
        for (row, a) in self.base.0.weight.iter_mut().zip(&self.a) {
            for (a, b) in a.iter().zip(&self.b) {
                for (w, b) in row.iter_mut().zip(b) {
                    *w += self.scale * a * b;
                }
            }
        }
        self.b = [[0.0; OUT]; R];
    }

    /// `y = W x + b + B h` with `h = scale · A x`.
    #[inline(always)]
    fn apply<K: Kernels>(&self, k: K, x: &[[f32; IN]], h: &mut [[f32; R]], y: &mut [[f32; OUT]]) {
        h.as_flattened_mut().fill(0.0);
        k.matmul(x, &self.a, h);
        k.scale(h.as_flattened_mut(), self.scale);
        self.base.0.apply(k, x, y);
        k.matmul(h, &self.b, y);
    }
}

impl<const IN: usize, const OUT: usize, const R: usize, B: Bias<OUT>> Module for Lora<IN, OUT, R, B> {
    const ZERO: Self = Self::new(Linear::ZERO);
    const PARAMETERS: usize = Linear::<IN, OUT, B>::PARAMETERS + Self::GRAD;
    const GRAD: usize = IN * R + R * OUT;

    fn init<G: Rng>(&mut self, rng: &mut G) {
        self.base.init(rng);
        let bound = init::default_bound(IN);
        init::uniform(&mut self.a, -bound, bound, rng);
        self.b = [[0.0; OUT]; R];
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        for (info, values) in Self::INFOS.iter().zip([self.a.elements(), self.b.elements()]) {
            visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
        }
        self.base.parameters(path.join("base_layer"), visitor);
        visitor.setting(path.join("scale"), self.scale);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        for (info, values) in Self::INFOS.iter().zip([self.a.elements_mut(), self.b.elements_mut()]) {
            visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
        }
        self.base.parameters_mut(path.join("base_layer"), visitor);
    }
}

const fn transposed(name: &'static str, rows: usize, columns: usize) -> ParameterInfo {
    ParameterInfo { name, shape: Shape::new(&[rows, columns]), layout: Layout::Transposed }
}

impl<const IN: usize, const OUT: usize, const R: usize, B: Bias<OUT>> Layer<[f32; IN]> for Lora<IN, OUT, R, B> {
    type Out = [f32; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Lora(R),
        input: <[f32; IN]>::SHAPE,
        output: <[f32; OUT]>::SHAPE,
        parameters: listed::<OUT, B>(&Self::INFOS, 1),
        macs: IN * OUT + R * (IN + OUT),
    });
    const PEAK: usize = IN + OUT + R;
    const PEAK_GIVEN: usize = OUT + R;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [f32; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, scratch| {
            self.apply(k, x, <[f32; R]>::in_words_mut(scratch, x.len()), y);
        })
    }
}

/// The tape holds `h` and the output.
impl<const IN: usize, const OUT: usize, const R: usize, B: Bias<OUT>> Train<[f32; IN]> for Lora<IN, OUT, R, B> {
    const TAPE: usize = R + OUT;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (h, y) = memory::split(tape, pass.n * R);
        let (h, y) = (<[f32; R]>::in_words_mut(h, pass.n), <[f32; OUT]>::in_words_mut(y, pass.n));
        self.apply(k, <[f32; IN]>::in_words(x, pass.n), h, y);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (h_words, y_words) = memory::split(tape, pass.n * R);
        let h = <[f32; R]>::in_words_mut(h_words, pass.n);
        let dy = <[f32; OUT]>::in_words(y_words, pass.n);
        let (a, b) = memory::split(grad, IN * R);
        if let Some(b) = <[[f32; OUT]; R]>::view_mut(b).first_mut() {
            k.matmul_tn(h, dy, b);
        }
        // `∂L/∂(A x)` takes the place of `h`.
        h.as_flattened_mut().fill(0.0);
        k.matmul_nt(dy, &self.b, h);
        k.scale(h.as_flattened_mut(), self.scale);
        if let Some(a) = <[[f32; R]; IN]>::view_mut(a).first_mut() {
            k.matmul_tn(<[f32; IN]>::in_words(x, pass.n), h, a);
        }
        if pass.input_gradient {
            Train::<[f32; IN]>::backward(&mut self.base, k, pass, x, y_words, &mut []);
            k.matmul_nt(h, &self.a, <[f32; IN]>::in_words_mut(x, pass.n));
        }
    }
}
