//! Normalisation.

use proptest::prelude::*;
use tensorlet::kernel::{Kernels, RowNorm, Standard};
use tensorlet_host::{framed::Framed, reference::abs, reference::wide, tolerance};

use super::{
    elementwise::pairs,
    property::{Outcome, any_length, number, numbers, property, worst},
};

pub(crate) fn deviations<T: Kernels>(k: T) -> Outcome {
    property((any_length(), number()).boxed(), &|(x, mean)| {
        let fx = Framed::new(&x);
        let got = k.deviations(fx.get(), mean);
        let deviations: Vec<f64> = wide(&x).iter().map(|x| x - f64::from(mean)).collect();
        let squares = deviations.iter().map(|x| x * x).sum();
        let value = [deviations.iter().sum(), squares];
        tolerance::of("deviations").compare(&got, &value, &[abs(&deviations).iter().sum(), squares])
    })
}

pub(crate) fn dot_deviations<T: Kernels>(k: T) -> Outcome {
    property((pairs(), number()).boxed(), &|((x, dy), mean)| {
        let (fx, fdy) = (Framed::new(&x), Framed::new(&dy));
        let got = k.dot_deviations(fx.get(), fdy.get(), mean);
        let terms: Vec<f64> = wide(&x).iter().zip(wide(&dy)).map(|(x, dy)| dy * (x - f64::from(mean))).collect();
        let sum = terms.iter().sum();
        tolerance::of("dot_deviations").compare(&[got], &[sum], &[abs(&terms).iter().sum()])
    })
}

pub(crate) fn standardize<T: Kernels>(k: T) -> Outcome {
    property((any_length(), [number(), number(), number()]).boxed(), &|(x, [mean, scale, shift])| {
        let mut got = Framed::new(&x);
        k.standardize(got.get_mut(), mean, scale, shift);
        let [mean, scale, shift] = [mean, scale, shift].map(f64::from);
        let value: Vec<f64> = wide(&x).iter().map(|x| (x - mean) * scale + shift).collect();
        let size: Vec<f64> = wide(&x).iter().map(|x| ((x - mean) * scale).abs() + shift.abs()).collect();
        tolerance::of("standardize").compare(got.get(), &value, &size)
    })
}

pub(crate) fn standardize_backward<T: Kernels>(k: T) -> Outcome {
    property((pairs(), [number(), number(), number(), number()]).boxed(), &|((x, dy), [mean, a, b, c])| {
        let (mut got, fdy) = (Framed::new(&x), Framed::new(&dy));
        k.standardize_backward(got.get_mut(), fdy.get(), mean, [a, b, c]);
        let [mean, a, b, c] = [mean, a, b, c].map(f64::from);
        let terms = || wide(&x).into_iter().zip(wide(&dy)).map(|(x, dy)| [a * dy, b * (x - mean), c]);
        let value: Vec<f64> = terms().map(|terms| terms.iter().sum()).collect();
        let size: Vec<f64> = terms().map(|terms| abs(&terms).iter().sum()).collect();
        tolerance::of("standardize_backward").compare(got.get(), &value, &size)
    })
}

/// A row, its gradient, a weight and a bias, or none.
#[derive(Debug)]
struct Row {
    x: Vec<f32>,
    dy: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    standard: Standard,
}

fn rows() -> BoxedStrategy<Row> {
    let optional = |n: usize| prop_oneof![2 => numbers(n), 1 => Just(Vec::new()).boxed()];
    any_length()
        .prop_flat_map(move |x| {
            let n = x.len();
            (Just(x), numbers(n), optional(n), optional(n), -1.0_f32..1.0, 0.1_f32..2.0)
        })
        .prop_map(|(x, dy, weight, bias, mean, rstd)| Row { x, dy, weight, bias, standard: Standard { mean, rstd } })
        .boxed()
}

impl Row {
    /// `(x - mean) · rstd`.
    fn standardized(&self) -> Vec<f64> {
        let (mean, rstd) = (f64::from(self.standard.mean), f64::from(self.standard.rstd));
        wide(&self.x).iter().map(|x| (x - mean) * rstd).collect()
    }

    fn weight(&self, i: usize) -> f64 {
        self.weight.get(i).map_or(1.0, |&weight| weight.into())
    }
}

pub(crate) fn layer_norm<T: Kernels>(k: T) -> Outcome {
    property(rows(), &|row| {
        let (mut got, fweight, fbias) = (Framed::new(&row.x), Framed::new(&row.weight), Framed::new(&row.bias));
        k.layer_norm(got.get_mut(), row.standard, fweight.get(), fbias.get());
        let bias = |i: usize| row.bias.get(i).map_or(0.0, |&bias| bias.into());
        let terms = || row.standardized().into_iter().enumerate().map(|(i, x)| [x * row.weight(i), bias(i)]);
        let value: Vec<f64> = terms().map(|terms| terms.iter().sum()).collect();
        let size: Vec<f64> = terms().map(|terms| abs(&terms).iter().sum()).collect();
        tolerance::of("layer_norm").compare(got.get(), &value, &size)
    })
}

pub(crate) fn layer_norm_backward<T: Kernels>(k: T) -> Outcome {
    property((rows(), any::<bool>(), any::<bool>()).boxed(), &|(row, centered, wanted)| {
        let before = vec![0.5; if wanted { row.x.len() } else { 0 }];
        let (mut got, mut dweight) = (Framed::new(&row.x), Framed::new(&before));
        let (fdy, fweight) = (Framed::new(&row.dy), Framed::new(&row.weight));
        k.layer_norm_backward(got.get_mut(), fdy.get(), row.standard, centered, fweight.get(), dweight.get_mut());

        let (x, dy, n) = (row.standardized(), wide(&row.dy), row.x.len() as f64);
        let g: Vec<f64> = dy.iter().enumerate().map(|(i, dy)| dy * row.weight(i)).collect();
        let products: Vec<f64> = g.iter().zip(&x).map(|(g, x)| g * x).collect();
        let total = |terms: &[f64]| terms.iter().sum::<f64>() / n;
        let rstd = f64::from(row.standard.rstd);
        let terms =
            |g: f64, x: f64, sum: f64, dot: f64| [rstd * g, -rstd * x * dot, if centered { -rstd * sum } else { 0.0 }];
        let each =
            |sum: f64, dot: f64| -> Vec<[f64; 3]> { g.iter().zip(&x).map(|(&g, &x)| terms(g, x, sum, dot)).collect() };
        let value: Vec<f64> = each(total(&g), total(&products)).iter().map(|terms| terms.iter().sum()).collect();
        let sizes = each(total(&abs(&g)), total(&abs(&products)));
        let size: Vec<f64> = sizes.iter().map(|terms| abs(terms).iter().sum()).collect();

        let own: Vec<f64> = dy.iter().zip(&x).map(|(dy, x)| 0.5 + dy * x).collect();
        let own_size: Vec<f64> = dy.iter().zip(&x).map(|(dy, x)| 0.5 + (dy * x).abs()).collect();
        let kernel = tolerance::of("layer_norm_backward");
        let wanted = if wanted { own.len() } else { 0 };
        worst([
            kernel.compare(got.get(), &value, &size),
            kernel.compare(dweight.get(), &own[..wanted], &own_size[..wanted]),
        ])
    })
}

/// Rows of the same length, their gradients, a weight and a bias, or none.
#[derive(Debug)]
struct Rows {
    x: Vec<f32>,
    dy: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    len: usize,
    centered: bool,
}

fn several() -> BoxedStrategy<Rows> {
    let optional = |n: usize| prop_oneof![2 => numbers(n), 1 => Just(Vec::new()).boxed()];
    (1_usize..40, 0_usize..7, any::<bool>())
        .prop_flat_map(move |(len, rows, centered)| {
            let slices = (numbers(len * rows), numbers(len * rows), optional(len), optional(len));
            (slices, Just(len), Just(centered))
        })
        .prop_map(|((x, dy, weight, bias), len, centered)| Rows { x, dy, weight, bias, len, centered })
        .boxed()
}

const EPS: f32 = 0.5;

impl Rows {
    fn norm<'a>(&self, weight: &'a Framed, bias: &'a Framed) -> RowNorm<'a> {
        let Self { len, centered, .. } = *self;
        RowNorm { len, centered, eps: EPS, weight: weight.get(), bias: bias.get() }
    }

    /// One over the deviation of a row, and each of its numbers normalised with what rounding is proportional to:
    /// where there is a mean, it is rounded like the sum that it is, in proportion to the numbers' sizes.
    fn standardized(&self, x: &[f64]) -> (f64, Vec<[f64; 2]>) {
        let n = x.len() as f64;
        let [mean, size] =
            if self.centered { [x.iter().sum::<f64>() / n, abs(x).iter().sum::<f64>() / n] } else { [0.0; 2] };
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let rstd = 1.0 / (variance + f64::from(EPS)).sqrt();
        (rstd, x.iter().map(|x| [(x - mean) * rstd, ((x - mean).abs() + size) * rstd]).collect())
    }

    fn weight(&self, i: usize) -> f64 {
        self.weight.get(i).map_or(1.0, |&weight| weight.into())
    }
}

pub(crate) fn layer_norm_rows<T: Kernels>(k: T) -> Outcome {
    property((several(), any::<bool>()).boxed(), &|(rows, elsewhere)| {
        let (weight, bias) = (Framed::new(&rows.weight), Framed::new(&rows.bias));
        let x = Framed::new(&rows.x);
        let mut got = if elsewhere { Framed::poison(rows.x.len()) } else { x.clone() };
        k.layer_norm_rows(rows.norm(&weight, &bias), elsewhere.then(|| x.get()), got.get_mut());
        let (mut value, mut size) = (Vec::new(), Vec::new());
        for x in wide(&rows.x).chunks(rows.len) {
            for (i, [x, magnitude]) in rows.standardized(x).1.into_iter().enumerate() {
                let bias = rows.bias.get(i).map_or(0.0, |&bias| bias.into());
                value.push(x * rows.weight(i) + bias);
                size.push(magnitude * rows.weight(i).abs() + bias.abs());
            }
        }
        tolerance::of("layer_norm_rows").compare(got.get(), &value, &size)
    })
}

pub(crate) fn layer_norm_rows_backward<T: Kernels>(k: T) -> Outcome {
    property((several(), any::<bool>()).boxed(), &|(rows, wanted)| {
        let (weight, bias) = (Framed::new(&rows.weight), Framed::new(&rows.bias));
        let before = vec![0.5; if wanted { rows.len } else { 0 }];
        let (mut got, dy) = (Framed::new(&rows.x), Framed::new(&rows.dy));
        let [mut dweight, mut dbias] = [Framed::new(&before), Framed::new(&before)];
        let norm = rows.norm(&weight, &bias);
        k.layer_norm_rows_backward(norm, got.get_mut(), dy.get(), dweight.get_mut(), dbias.get_mut());

        let (mut value, mut size) = (Vec::new(), Vec::new());
        let mut own = vec![[0.5; 4]; rows.len];
        for (x, dy) in wide(&rows.x).chunks(rows.len).zip(wide(&rows.dy).chunks(rows.len)) {
            let (rstd, x) = rows.standardized(x);
            let g: Vec<f64> = dy.iter().enumerate().map(|(i, dy)| dy * rows.weight(i)).collect();
            let mean = |terms: &mut dyn Iterator<Item = f64>| terms.sum::<f64>() / rows.len as f64;
            let (sum, total) = (mean(&mut g.iter().copied()), mean(&mut g.iter().map(|g| g.abs())));
            let dot = mean(&mut g.iter().zip(&x).map(|(g, [x, _])| g * x));
            let most = mean(&mut g.iter().zip(&x).map(|(g, [_, size])| g.abs() * size));
            let centered = if rows.centered { 1.0 } else { 0.0 };
            for (i, (g, [x, magnitude])) in g.into_iter().zip(x).enumerate() {
                value.push(rstd * (g - centered * sum - x * dot));
                size.push(rstd * (g.abs() + centered * total + magnitude * most));
                let more = [dy[i] * x, dy[i].abs() * magnitude, dy[i], dy[i].abs()];
                own[i].iter_mut().zip(more).for_each(|(own, more)| *own += more);
            }
        }
        let part = |part: usize| own[..before.len()].iter().map(|own| own[part]).collect::<Vec<_>>();
        let kernel = tolerance::of("layer_norm_rows_backward");
        worst([
            kernel.compare(got.get(), &value, &size),
            kernel.compare(dweight.get(), &part(0), &part(1)),
            kernel.compare(dbias.get(), &part(2), &part(3)),
        ])
    })
}
