//! The counterparts of single layers.

use super::{
    super::{self as quantized, Clip, Fused, Packing, Quantization, QuantizeError, Reshape},
    Observer, Observers, Quantizable, Ranges, Recipe, RecipeVisitor, Scheme,
};
use crate::{
    AvgPool2d, Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d, Module, Path, Relu, Relu6, Sliding, Tensor,
    kernel::Kernels,
    layer::{Bias, Identity},
    memory::{End, Input},
    sliding::Divisor,
};

/// The scale of a channel's weights, symmetric in -127 to 127: PyTorch's `torch.per_channel_symmetric`.
pub(in super::super) fn symmetric_scale(weights: impl Iterator<Item = f32>) -> f32 {
    (weights.fold(0.0_f32, |most, w| most.max(w.abs())) / 127.0).max(f32::EPSILON)
}

/// A weight in steps of its scale.
pub(in super::super) fn rounded_weight(w: f32, scale: f32) -> i8 {
    (libm::rintf(w / scale) as i32).clamp(-127, 127) as i8
}

/// A bias in steps of the products' scale.
pub(in super::super) fn rounded_bias(b: f32, input: Quantization, scale: f32) -> i32 {
    libm::rint(f64::from(b) / (f64::from(input.scale) * f64::from(scale))) as i32
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    const PER_GROUP: usize,
    S: Sliding,
    B: Bias<OUT>,
    P: Packing,
> Quantizable<[[[f32; W]; H]; IN], P> for Conv2d<IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
{
    type Input = [[[i8; IN]; W]; H];
    type Quantized = quantized::Conv2d<IN, OUT, KH, KW, OH, OW, S, P, quantized::Twice, PER_GROUP>;
    const RANGES: usize = 1;

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        let input = scheme.at;
        let (output, fused) = scheme.output()?;
        let (mut weights, mut scales, mut biases) = ([[[[0; PER_GROUP]; KW]; KH]; OUT], [1.0; OUT], [0; OUT]);
        for (o, (to, from)) in weights.iter_mut().zip(&self.weight).enumerate() {
            let scale = symmetric_scale(from.elements().iter().copied());
            for (r, to) in to.iter_mut().enumerate() {
                for (s, to) in to.iter_mut().enumerate() {
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = rounded_weight(from[r][s], scale);
                    }
                }
            }
            scales[o] = scale;
            biases[o] = self.bias.values().get(o).map_or(0, |b| rounded_bias(*b, input, scale));
        }
        let weight = weights.elements();
        visitor.layer(
            path,
            Recipe::Weighted { name: "Conv2d", weight, bias: &biases, input, weight_scales: &scales, output, fused },
        );
        scheme.at = output;
        Self::Quantized::from_scales(weight, &biases, input, &scales, output, fused)
    }
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>, P: Packing> Quantizable<[f32; IN], P> for Linear<IN, OUT, B> {
    type Input = [i8; IN];
    type Quantized = quantized::Linear<IN, OUT, P, quantized::Once, OUT>;
    const RANGES: usize = 1;

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        let (input, order) = (scheme.at, scheme.order());
        let (output, fused) = scheme.output()?;
        let (mut weights, mut scales, mut biases) = ([[0; IN]; OUT], [1.0; OUT], [0; OUT]);
        for (o, to) in weights.iter_mut().enumerate() {
            let scale = symmetric_scale(self.weight.iter().map(|row| row[o]));
            for (i, to) in to.iter_mut().enumerate() {
                *to = rounded_weight(self.weight[order(i)][o], scale);
            }
            scales[o] = scale;
            biases[o] = self.bias.values().get(o).map_or(0, |b| rounded_bias(*b, input, scale));
        }
        let weight = weights.as_flattened();
        visitor.layer(
            path,
            Recipe::Weighted { name: "Linear", weight, bias: &biases, input, weight_scales: &scales, output, fused },
        );
        scheme.at = output;
        Self::Quantized::from_scales(weight, &biases, input, &scales, output, fused)
    }
}

/// Pooling layers, which keep the quantization: the range of an output is not needed.
macro_rules! pools {
    ($($name:ident $($check:block)?),+) => {$(
        impl<
            const C: usize,
            const KH: usize,
            const KW: usize,
            const OH: usize,
            const OW: usize,
            const H: usize,
            const W: usize,
            S: Sliding,
            P: Packing,
        > Quantizable<[[[f32; W]; H]; C], P> for $name<KH, KW, OH, OW, S>
        {
            type Input = [[[i8; C]; W]; H];
            type Quantized = quantized::$name<KH, KW, OH, OW, S>;
            const RANGES: usize = {
                $($check)?
                0
            };

            fn quantize<V: RecipeVisitor>(
                &self,
                path: Path<'_>,
                _: &mut Scheme<'_>,
                visitor: &mut V,
            ) -> Result<Self::Quantized, QuantizeError> {
                visitor.layer(path, Recipe::Plain);
                Ok(Module::ZERO)
            }
        }
    )+};
}

pools!(MaxPool2d, AvgPool2d {
    let options = S::OPTIONS;
    let padded = options.padding[0] + options.padding[1] + options.padding_end[0] + options.padding_end[1] > 0;
    assert!(
        matches!(options.divisor, Divisor::Inside) || (!padded && matches!(options.divisor, Divisor::Window)),
        "a mean of integers is that of the elements inside the input: `AvgPool2d` with padding needs `ExcludePad`"
    );
});

/// A tensor of floats, and that of integers which stands for it.
pub trait ToIntegers: Tensor<Elem = f32> {
    /// The integers: the same, but for images, which are `[rows][columns][channels]`.
    type Integers: Tensor<Elem = i8>;
    /// Channels and elements of each; one of all elements where there are no channels.
    const PLANES: [usize; 2];

    /// The integers for a sample.
    fn quantize(&self, quantization: Quantization) -> Self::Integers;
}

impl<const C: usize, const H: usize, const W: usize> ToIntegers for [[[f32; W]; H]; C] {
    type Integers = [[[i8; C]; W]; H];
    const PLANES: [usize; 2] = [C, H * W];

    fn quantize(&self, quantization: Quantization) -> Self::Integers {
        let mut integers = [[[0; C]; W]; H];
        for (c, plane) in self.iter().enumerate() {
            for (row, to) in plane.iter().zip(&mut integers) {
                for (x, to) in row.iter().zip(to) {
                    if let Some(to) = to.get_mut(c) {
                        *to = quantization.quantize(*x);
                    }
                }
            }
        }
        integers
    }
}

impl<const N: usize> ToIntegers for [f32; N] {
    type Integers = [i8; N];
    const PLANES: [usize; 2] = [1, N];

    fn quantize(&self, quantization: Quantization) -> Self::Integers {
        self.map(|x| quantization.quantize(x))
    }
}

impl<X: ToIntegers, const N: usize, P: Packing> Quantizable<X, P> for Flatten<N> {
    type Input = X::Integers;
    type Quantized = Reshape<[i8; N]>;
    const RANGES: usize = 0;

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        scheme.flattened = Some(X::PLANES);
        visitor.layer(path, Recipe::Plain);
        Ok(Module::ZERO)
    }
}

/// Activations that a layer before them takes over, or that are limits on integers.
macro_rules! limits {
    ($($name:ident: $fused:ident),+) => {$(
        impl<X: ToIntegers, P: Packing> Quantizable<X, P> for $name {
            type Input = X::Integers;
            type Quantized = Clip;
            const RANGES: usize = 1;
            const FUSED: Fused = Fused::$fused;

            fn quantize<V: RecipeVisitor>(
                &self,
                path: Path<'_>,
                scheme: &mut Scheme<'_>,
                visitor: &mut V,
            ) -> Result<Self::Quantized, QuantizeError> {
                let clip = if scheme.activation() { Clip::NONE } else { Clip::new(Fused::$fused, scheme.at) };
                visitor.layer(path, Recipe::Clip { min: clip.clamp.min, max: clip.clamp.max });
                Ok(clip)
            }
        }
    )+};
}

limits!(Relu: Relu, Relu6: Relu6);

/// What does nothing at inference.
macro_rules! nothing {
    ($($name:ty),+) => {$(
        impl<X: ToIntegers, P: Packing> Quantizable<X, P> for $name {
            type Input = X::Integers;
            type Quantized = Identity;
            const RANGES: usize = 0;

            fn quantize<V: RecipeVisitor>(
                &self,
                path: Path<'_>,
                _: &mut Scheme<'_>,
                visitor: &mut V,
            ) -> Result<Self::Quantized, QuantizeError> {
                visitor.layer(path, Recipe::Plain);
                Ok(Module::ZERO)
            }
        }
    )+};
}

nothing!(Dropout, Identity);

impl<X, P, A, B> Quantizable<X, P> for (A, B)
where
    X: Tensor,
    A: Quantizable<X, P>,
    B: Quantizable<A::Out, P, Input = <A::Quantized as Layer<A::Input>>::Out>,
{
    type Input = A::Input;
    type Quantized = (A::Quantized, B::Quantized);
    const RANGES: usize = A::RANGES + B::RANGES;
    const FUSED: Fused = A::FUSED;

    fn observe<K: Kernels, O: Observer>(
        &self,
        k: K,
        input: Input<'_, X>,
        arena: &mut [f32],
        observers: &mut Observers<'_, O>,
    ) -> End {
        let n = input.n();
        let at = self.0.observe(k, input, arena, observers);
        self.1.observe(k, Input::Arena { n, at }, arena, observers)
    }

    fn learned(&self, ranges: &mut Ranges<'_>) {
        self.0.learned(ranges);
        self.1.learned(ranges);
    }

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        scheme.before(B::FUSED);
        let first = self.0.quantize(path.join("0"), scheme, visitor)?;
        scheme.before(Fused::Identity);
        Ok((first, self.1.quantize(path.join("1"), scheme, visitor)?))
    }
}
