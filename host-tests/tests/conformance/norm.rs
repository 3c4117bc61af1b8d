//! Normalisation.

use std::marker::PhantomData;

use tensorlet::{
    GroupNorm, InstanceNorm, Kernels, Layer, LayerNorm, LocalResponseNorm, Module, Parameter, Path, RmsNorm, Tensor,
    Train, VisitorMut,
    layer::{Affine, BatchNorm, RunningStatistics},
};

use crate::{
    Adapter,
    case::Case,
    layer::{check, input, output, train},
};

/// A normalisation, as far as a case sets it.
pub(crate) trait Norm {
    fn eps_mut(&mut self) -> &mut f32;

    /// Compares what ONNX gives beside the output: mean and one over the deviation.
    fn statistics<K: Kernels, X: Tensor<Elem = f32>>(&self, k: K, case: &Case) {
        let _ = (k, case);
    }
}

impl<T: Tensor<Elem = f32>, W: Affine<T>, B: Affine<T>> Norm for LayerNorm<T, W, B> {
    fn eps_mut(&mut self) -> &mut f32 {
        &mut self.eps
    }

    fn statistics<K: Kernels, X: Tensor<Elem = f32>>(&self, k: K, case: &Case) {
        let x = case.floats(&input(case));
        let (mut mean, mut rstd) = (vec![0.0; x.len() / T::LEN], vec![0.0; x.len() / T::LEN]);
        LayerNorm::statistics(self, k, X::view(&x), &mut mean, &mut rstd);
        for (i, values) in [(1, mean), (2, rstd)] {
            if let Some(name) = case.output(i) {
                case.compare(&name, &values);
            }
        }
    }
}

impl<T: Tensor<Elem = f32>, W: Affine<T>> Norm for RmsNorm<T, W> {
    fn eps_mut(&mut self) -> &mut f32 {
        &mut self.eps
    }
}

impl<const G: usize, const C: usize, W, B> Norm for GroupNorm<G, C, W, B> {
    fn eps_mut(&mut self) -> &mut f32 {
        &mut self.eps
    }
}

impl<const C: usize, W, B> Norm for InstanceNorm<C, W, B> {
    fn eps_mut(&mut self) -> &mut f32 {
        &mut self.eps
    }
}

/// Fills the parameters of a layer by name, or from the places that ONNX gives them.
fn fill<L: Module>(case: &Case, layer: &mut L) {
    struct Fill<'a>(&'a Case);
    impl VisitorMut for Fill<'_> {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
            let order = ["", "weight", "bias", "running_mean", "running_var"];
            let place = order.iter().position(|name| parameter.path.is(name)).expect("a parameter of a normalisation");
            let name = self.0.input(place).unwrap_or_else(|| format!("in.{}", parameter.path));
            values.copy_from_slice(&self.0.floats(&name));
        }
    }
    layer.parameters_mut(Path::ROOT, &mut Fill(case));
}

/// The case's `eps`: ONNX's name, then PyTorch's.
fn eps(case: &Case) -> Option<f32> {
    let onnx = case.input(0).map(|_| case.number("epsilon").unwrap_or(1e-5));
    onnx.or(case.number("eps")).map(|eps| eps as f32)
}

/// A normalisation that is the same in training and evaluation.
pub(crate) struct Normalised<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Train<X, Out = X> + Norm> Adapter for Normalised<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(L::ZERO);
        fill(case, &mut *layer);
        if let Some(eps) = eps(case) {
            *layer.eps_mut() = eps;
        }
        layer.statistics::<K, X>(k, case);
        check::<K, X, L>(k, case, &mut layer);
        // A worked example has its values in print, too.
        if case.has("out.y_printed") {
            let x = case.floats(&input(case));
            let mut arena = vec![0.0; x.len()];
            let y = layer.forward(k, X::view(&x), &mut arena).expect("the arena is large enough");
            case.compare("out.y_printed", X::flat(y));
        }
    }
}

/// Batch normalisation in training.
pub(crate) struct Trained<X, const C: usize, W, B, R>(PhantomData<(X, W, B, R)>);

/// Batch normalisation in evaluation.
pub(crate) struct Evaluated<X, const C: usize, W, B, R>(PhantomData<(X, W, B, R)>);

/// The layer of a case.
fn batch_norm<const C: usize, W, B, R>(case: &Case) -> Box<BatchNorm<C, W, B, R>>
where
    W: Affine<[f32; C]>,
    B: Affine<[f32; C]>,
    R: RunningStatistics<C>,
{
    let mut layer = Box::new(BatchNorm::<C, W, B, R>::ZERO);
    fill(case, &mut *layer);
    if let Some(eps) = eps(case) {
        layer.eps = eps;
    }
    // Without a number, `None`, all batches count the same.
    layer.momentum = case.number("momentum").map(|momentum| momentum as f32);
    layer
}

impl<X, const C: usize, W, B, R> Adapter for Trained<X, C, W, B, R>
where
    X: Tensor<Elem = f32>,
    W: Affine<[f32; C]>,
    B: Affine<[f32; C]>,
    R: RunningStatistics<C>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = batch_norm::<C, W, B, R>(case);
        train::<K, X, _>(k, case, &mut *layer, &output(case), true);
        case.compare_parameters(&*layer, "out.");
    }
}

impl<X, const C: usize, W, B, R> Adapter for Evaluated<X, C, W, B, R>
where
    X: Tensor<Elem = f32>,
    W: Affine<[f32; C]>,
    B: Affine<[f32; C]>,
    R: RunningStatistics<C>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = batch_norm::<C, W, B, R>(case);
        let before = *layer;
        let x = case.floats(&input(case));
        let mut arena = vec![0.0; x.len()];
        let y = layer.forward(k, X::view(&x), &mut arena).expect("the arena is large enough");
        case.compare(&output(case), X::flat(y));
        train::<K, X, _>(k, case, &mut *layer, &output(case), false);
        assert!(before == *layer, "evaluation changes nothing");
    }
}

/// Normalisation by the channels around.
pub(crate) struct Local<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for Local<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = LocalResponseNorm::new(case.number("size").expect("a size") as usize);
        let settings = [("alpha", &mut layer.alpha), ("beta", &mut layer.beta)];
        // What ONNX calls the bias.
        for (name, setting) in settings.into_iter().chain([("k", &mut layer.k)]) {
            let other = if name == "k" { "bias" } else { name };
            if let Some(value) = case.number(name).or(case.number(other)) {
                *setting = value as f32;
            }
        }
        check::<K, X, _>(k, case, &mut layer);
    }
}
