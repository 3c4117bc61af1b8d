//! Operators without weights.

use super::{Context, Fused, Kind, Lookup, Two, Window, table};
use crate::{Error, Problem, flat::Field, graph::Quantization, schema::Options};

impl<'a, F: Fn(Problem) -> Error> Context<'_, '_, 'a, F> {
    pub(super) fn pool(&self, input: usize) -> Result<(Window, Fused), Error> {
        let options = self.options(table::POOL_2D)?;
        let fused = self.fused(options, 5)?;
        let kernel = self.pool_kernel(options)?;
        let (to, quantization) = self.output()?;
        let from = self.image(&self.tensors.computed(input).shape)?;
        let to = self.image(&to)?;
        self.equal("the number of output channels", to[2], from[2])?;
        self.same_quantization(input, quantization)?;
        Ok((self.window(options, kernel, [1, 1], [&from, &to])?, fused))
    }

    /// Rows and columns of a pooling's window.
    pub(super) fn pool_kernel(&self, options: Options<'a>) -> Result<[usize; 2], Error> {
        let kernel = [
            self.size(options, Field::new(4, "filter_height"), 0)?,
            self.size(options, Field::new(3, "filter_width"), 0)?,
        ];
        if kernel[0] * kernel[1] < 1 << 16 {
            return Ok(kernel);
        }
        Err((self.fail)(Problem::range("the size of a window", kernel)))
    }

    /// An operator of two tensors, which are broadcast to each other.
    pub(super) fn two(&self, operator: Two, [a, b]: [usize; 2]) -> Result<Kind<'static>, Error> {
        let kind = match operator {
            Two::Add => table::ADD,
            Two::Mul => table::MUL,
            Two::Minimum | Two::Maximum => 0,
        };
        let fused = if kind == 0 { Fused::Identity } else { self.fused(self.options(kind)?, 0)? };
        let (to, output) = self.output()?;
        let shapes = [a, b].map(|input| &self.tensors.computed(input).shape);
        if broadcast(shapes) != Some(to.clone()) {
            return Err((self.fail)(Problem::mismatch("the shape of the output", to, shapes)));
        }
        for input in [a, b] {
            let ratio = self.quantization(input)?.scale / output.scale;
            if !(1e-6..1e6).contains(&ratio) {
                return Err((self.fail)(Problem::range("the ratio of the scales of input and output", ratio)));
            }
            if kind == 0 {
                self.same_quantization(input, output)?;
            }
        }
        let [a, b] = [self.quantization(a)?.scale, self.quantization(b)?.scale];
        if operator == Two::Mul && !(1e-9..1e9).contains(&(f64::from(a) * f64::from(b) / f64::from(output.scale))) {
            return Err((self.fail)(Problem::range("the scale of a product", a * b / output.scale)));
        }
        Ok(Kind::Two { operator, fused })
    }

    /// A function of one integer.
    pub(super) fn lookup(&self, lookup: Lookup, input: usize) -> Result<Kind<'static>, Error> {
        self.same_shape(input)?;
        let ratio = self.quantization(input)?.scale / self.output()?.1.scale;
        if !(1e-6..1e6).contains(&ratio) {
            return Err((self.fail)(Problem::range("the ratio of the scales of input and output", ratio)));
        }
        Ok(Kind::Lookup(lookup))
    }

    /// The output has the shape of the input.
    pub(super) fn same_shape(&self, input: usize) -> Result<(), Error> {
        let (to, from) = (self.output_shape()?, &self.tensors.computed(input).shape);
        if to == *from { Ok(()) } else { Err((self.fail)(Problem::mismatch("the shape of the output", to, from))) }
    }

    /// The mean over rows and columns.
    pub(super) fn mean(&mut self, input: usize) -> Result<Kind<'static>, Error> {
        let from = self.mean_window(input)?;
        let ratio = self.quantization(input)?.scale / self.output()?.1.scale;
        if from[0] * from[1] >= 1 << 23 || !(1e-3..1e3).contains(&ratio) {
            return Err((self.fail)(Problem::range("the number of its pixels or the ratio of its scales", ratio)));
        }
        Ok(Kind::Mean { pixels: from[0] * from[1] })
    }

    /// Rows and columns of which there is a mean.
    pub(super) fn mean_window(&mut self, input: usize) -> Result<[usize; 2], Error> {
        let axes = self.required(1, "axes")?;
        let mut axes = self.tensors.integers(axes)?;
        axes.iter_mut().filter(|axis| **axis < 0).for_each(|axis| *axis += 4);
        axes.sort_unstable();
        let from = self.image(&self.tensors.computed(input).shape)?;
        if axes != [1, 2] {
            return Err((self.fail)(Problem::unsupported("the list of its axes", axes)));
        }
        self.equal("the number of outputs", self.output_shape()?.iter().product(), from[2])?;
        Ok([from[0], from[1]])
    }

    /// A margin that holds the zero point.
    pub(super) fn pad(&mut self, input: usize) -> Result<Kind<'static>, Error> {
        let margins = self.required(1, "paddings")?;
        let margins = self.tensors.integers(margins)?;
        let (to, output) = self.output()?;
        self.same_quantization(input, output)?;
        let from = &self.tensors.computed(input).shape;
        let sizes: Option<Vec<[usize; 2]>> = margins
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| Some([usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?]))
            .collect();
        // The first pair is that of the samples.
        match sizes.as_deref() {
            Some([[0, 0], sizes @ ..])
                if sizes.len() == from.len()
                    && sizes.len() == to.len()
                    && margins.len() == 2 * sizes.len() + 2
                    && sizes.iter().zip(from).zip(&to).all(|(([a, b], from), to)| a + from + b == *to) =>
            {
                Ok(Kind::Pad { margins: sizes.to_vec() })
            }
            _ => Err((self.fail)(Problem::mismatch("the shape of the output", &to, (from, margins)))),
        }
    }

    /// Dimensions in another order.
    pub(super) fn transpose(&mut self, input: usize) -> Result<Kind<'static>, Error> {
        let order = self.required(1, "order of dimensions")?;
        let order = self.tensors.integers(order)?;
        let (to, output) = self.output()?;
        self.same_quantization(input, output)?;
        let from = &self.tensors.computed(input).shape;
        let dims: Vec<usize> =
            order.iter().skip(1).filter_map(|dim| usize::try_from(dim.checked_sub(1)?).ok()).collect();
        let mut sorted = dims.clone();
        sorted.sort_unstable();
        let is_permutation =
            order.first() == Some(&0) && order.len() == from.len() + 1 && sorted.iter().copied().eq(0..from.len());
        if !is_permutation || !dims.iter().map(|dim| from[*dim]).eq(to.iter().copied()) {
            return Err((self.fail)(Problem::mismatch("the shape of the output", to, (from, order))));
        }
        Ok(Kind::Transpose { dims })
    }

    /// Tensors one behind the other.
    pub(super) fn concat(&self, inputs: &[usize]) -> Result<Kind<'static>, Error> {
        let options = self.options(table::CONCATENATION)?;
        let axis = options.number::<i32>(Field::new(0, "axis"), 0)?;
        if self.fused(options, 1)? != Fused::Identity {
            return Err((self.fail)(Problem::unsupported("its activation", "not none")));
        }
        let (to, output) = self.output()?;
        let rank = to.len() as i32 + 1;
        let dim = if axis < 0 { axis.saturating_add(rank) } else { axis } - 1;
        let dim = usize::try_from(dim).ok().filter(|dim| *dim < to.len());
        let dim = dim.ok_or_else(|| (self.fail)(Problem::unsupported("its axis", axis)))?;
        let mut distinct = inputs.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if !(2..=4).contains(&inputs.len()) || distinct.len() != inputs.len() {
            return Err((self.fail)(Problem::unsupported("the number of its different inputs", distinct.len())));
        }
        let mut total = 0_usize;
        for &input in inputs {
            let mut shape = self.tensors.computed(input).shape.clone();
            let Some(size) = shape.get_mut(dim) else {
                return Err((self.fail)(Problem::mismatch("the shape of an input", shape, to)));
            };
            total = total.saturating_add(std::mem::replace(size, to[dim]));
            if shape != to {
                return Err((self.fail)(Problem::mismatch("the shape of an input", shape, to)));
            }
            let ratio = self.quantization(input)?.scale / output.scale;
            if !(1e-6..1e6).contains(&ratio) {
                return Err((self.fail)(Problem::range("the ratio of the scales of input and output", ratio)));
            }
        }
        self.equal("the size of the output", to[dim], total)?;
        Ok(Kind::Concat { dim })
    }

    pub(super) fn softmax(&self, input: usize) -> Result<Kind<'static>, Error> {
        let beta = self.options(table::SOFTMAX)?.number::<f32>(Field::new(0, "beta"), 0.0)?;
        let (shape, quantization) = self.output()?;
        let from = self.tensors.computed(input);
        if shape != from.shape {
            return Err((self.fail)(Problem::mismatch("the shape of the output", shape, &from.shape)));
        }
        let expected = Quantization { scale: 1.0 / 256.0, zero_point: -128 };
        if quantization != expected {
            return Err((self.fail)(Problem::mismatch("the quantization of the output", quantization, expected)));
        }
        // In units of the fixed point that exponentials are computed in.
        let step = f64::from(beta) * f64::from(self.quantization(input)?.scale) * f64::from(1 << 26);
        if !(step > 1.0 && beta.is_finite()) {
            return Err((self.fail)(Problem::range("beta or the scale of the input", beta)));
        }
        Ok(Kind::Softmax { beta })
    }
}

/// The shape that two shapes are broadcast to.
fn broadcast([a, b]: [&Vec<usize>; 2]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], dim: usize| (dim + shape.len()).checked_sub(rank).map_or(1, |dim| shape[dim]);
    let both = (0..rank).map(|dim| match (size(a, dim), size(b, dim)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    both.collect()
}
