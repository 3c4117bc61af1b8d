//! Layers with trained int8 weights as layers of integers.

use super::{
    super::{
        self as quantized, Once, Packing, Quantizable, QuantizeError, Recipe, RecipeVisitor, Scheme, Twice,
        float::rounded_bias,
    },
    Conv2d, Linear,
};
use crate::{Path, Sliding, Tensor};

/// Weights and scales are taken as they are.
impl<const IN: usize, const OUT: usize, P: Packing> Quantizable<[f32; IN], P> for Linear<IN, OUT> {
    type Input = [i8; IN];
    type Quantized = quantized::Linear<IN, OUT, P, Once, OUT>;
    const RANGES: usize = 1;

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        let (input, order) = (scheme.at, scheme.order());
        let (output, fused) = scheme.output()?;
        let (mut weights, mut biases) = ([[0; IN]; OUT], [0; OUT]);
        for (o, to) in weights.iter_mut().enumerate() {
            for (i, to) in to.iter_mut().enumerate() {
                let row = self.weight.get(order(i));
                *to = row.and_then(|row| row.get(o)).copied().unwrap_or(0);
            }
        }
        for ((to, bias), scale) in biases.iter_mut().zip(&self.bias).zip(&self.scale) {
            *to = rounded_bias(*bias, input, *scale);
        }
        let weight = weights.as_flattened();
        let recipe = Recipe::Weighted {
            name: "Linear",
            weight,
            bias: &biases,
            input,
            weight_scales: &self.scale,
            output,
            fused,
        };
        visitor.layer(path, recipe);
        scheme.at = output;
        Self::Quantized::from_scales(weight, &biases, input, &self.scale, output, fused)
    }
}

/// Weights and scales are taken as they are.
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
    P: Packing,
> Quantizable<[[[f32; W]; H]; IN], P> for Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    type Input = [[[i8; IN]; W]; H];
    type Quantized = quantized::Conv2d<IN, OUT, KH, KW, OH, OW, S, P, Twice, PER_GROUP>;
    const RANGES: usize = 1;

    fn quantize<V: RecipeVisitor>(
        &self,
        path: Path<'_>,
        scheme: &mut Scheme<'_>,
        visitor: &mut V,
    ) -> Result<Self::Quantized, QuantizeError> {
        let input = scheme.at;
        let (output, fused) = scheme.output()?;
        let (mut weights, mut biases) = ([[[[0_i8; PER_GROUP]; KW]; KH]; OUT], [0; OUT]);
        for (to, from) in weights.iter_mut().zip(&self.weight) {
            for (i, to) in to.elements_mut().iter_mut().enumerate() {
                *to = from[i % PER_GROUP][i / PER_GROUP / KW][i / PER_GROUP % KW];
            }
        }
        for ((to, bias), scale) in biases.iter_mut().zip(&self.bias).zip(&self.scale) {
            *to = rounded_bias(*bias, input, *scale);
        }
        let weight = weights.elements();
        let recipe = Recipe::Weighted {
            name: "Conv2d",
            weight,
            bias: &biases,
            input,
            weight_scales: &self.scale,
            output,
            fused,
        };
        visitor.layer(path, recipe);
        scheme.at = output;
        Self::Quantized::from_scales(weight, &biases, input, &self.scale, output, fused)
    }
}
