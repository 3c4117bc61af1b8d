//! Layers whose windows slide, where they differ from others: indices, states and order of parameters.

use std::marker::PhantomData;

use tensorlet::{
    AdaptiveMaxPool1d, AdaptiveMaxPool2d, Kernels, Layer, MaxPool1d, MaxPool2d, Module, Parameter, Path, Shape,
    Sliding, Tensor, Train, VisitorMut, ops,
};

use crate::{
    Adapter,
    case::Case,
    layer::{check, input, output},
};

/// A layer whose parameters are the inputs behind the first, as ONNX has them.
pub(crate) struct InOrder<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>> Adapter for InOrder<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(L::ZERO);
        in_order(case, &mut *layer);
        check::<K, X, L>(k, case, &mut layer);
    }
}

/// Fills the parameters in order with the inputs behind the first.
fn in_order<M: Module>(case: &Case, module: &mut M) {
    struct Load<'a>(&'a Case, usize);
    impl VisitorMut for Load<'_> {
        fn parameter(&mut self, _: Parameter<'_>, values: &mut [f32]) {
            self.1 += 1;
            values.copy_from_slice(&self.0.floats(&self.0.input(self.1).expect("a parameter")));
        }
    }
    module.parameters_mut(Path::ROOT, &mut Load(case, 0));
}

/// A causal convolution with its state: inputs `input, weight, bias, past_state`, outputs `output,
/// present_state`.
pub(crate) struct Stream<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Layer<X, Out: Tensor<Elem = f32>>> Adapter for Stream<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(L::ZERO);
        in_order(case, &mut *layer);
        let x = case.floats(&input(case));
        let n = x.len() / X::LEN;
        let mut state = case.input(3).map_or_else(|| vec![0.0; n * L::STATE], |name| case.floats(&name));
        let mut arena = vec![0.0; n * L::PEAK];
        let y = layer.forward_with_state(k, X::view(&x), &mut state, &mut arena).expect("all is large enough");
        case.compare(&output(case), L::Out::flat(y));
        if let Some(present) = case.output(1) {
            case.compare(&present, &state);
        }
    }
}

/// A layer applied to `N` samples of ones: all outputs of a channel have the stated value.
pub(crate) struct OfOnes<const N: usize, X, L>(PhantomData<(X, L)>);

impl<const N: usize, X: Tensor<Elem = f32>, L: Layer<X, Out: Tensor<Elem = f32>>> Adapter for OfOnes<N, X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(L::ZERO);
        case.load(&mut *layer, "in.");
        let (x, mut arena) = (vec![1.0; N * X::LEN], vec![0.0; N * L::PEAK]);
        let y = layer.forward(k, X::view(&x), &mut arena).expect("the arena is large enough");
        let plane = L::Out::LEN / L::Out::SHAPE.dim(0);
        for y in y {
            for i in 0..plane {
                let values: Vec<f32> = y.elements().iter().skip(i).step_by(plane).copied().collect();
                case.compare("out.channel_value", &values);
            }
        }
    }
}

/// A max pooling that can say where the maxima are.
pub(crate) trait Maxima<X: Tensor>: Train<X> {
    /// The places of one sample.
    type Indices: Tensor<Elem = u32>;

    fn maxima(&self, x: &[X], y: &mut [Self::Out], indices: &mut [Self::Indices]);
}

macro_rules! maxima {
    ($name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $plane:ty => $out:ty, $indices:ty) => {
        impl<const C: usize, $($on)* $($own)*> Maxima<[$plane; C]> for $name<$($arg),*> {
            type Indices = [$indices; C];

            fn maxima(&self, x: &[[$plane; C]], y: &mut [[$out; C]], indices: &mut [[$indices; C]]) {
                self.forward_with_indices(x, y, indices);
            }
        }
    };
}

maxima!(
    MaxPool2d [const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding] <KH, KW, OH, OW, S>
    [const H: usize, const W: usize,] [[f32; W]; H] => [[f32; OW]; OH], [[u32; OW]; OH]
);
maxima!(MaxPool1d [const K: usize, const OL: usize, S: Sliding] <K, OL, S> [const L: usize,] [f32; L] => [f32; OL], [u32; OL]);
maxima!(
    AdaptiveMaxPool2d [const OH: usize, const OW: usize] <OH, OW>
    [const H: usize, const W: usize,] [[f32; W]; H] => [[f32; OW]; OH], [[u32; OW]; OH]
);
maxima!(AdaptiveMaxPool1d [const OL: usize] <OL> [const L: usize,] [f32; L] => [f32; OL], [u32; OL]);

/// A max pooling: as a layer, and with indices where the case has them.
pub(crate) struct WithIndices<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Maxima<X, Out: Tensor<Elem = f32>>> Adapter for WithIndices<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = L::ZERO;
        check::<K, X, L>(k, case, &mut layer);
        let x = case.floats(&input(case));
        let n = x.len() / X::LEN;
        let (mut y, mut indices) = (vec![0.0; n * L::Out::LEN], vec![0; n * L::Indices::LEN]);
        layer.maxima(X::view(&x), L::Out::view_mut(&mut y), L::Indices::view_mut(&mut indices));
        case.compare(&output(case), &y);
        let places = indices.iter().map(|&index| i64::from(index));
        if case.has("out.indices") {
            case.compare_integers("out.indices", places);
        } else if let Some(name) = case.output(1) {
            // ONNX counts through the whole tensor, and column by column where it is told so.
            let (plane, outputs) = (X::LEN / X::SHAPE.dim(0), L::Indices::LEN / X::SHAPE.dim(0));
            let (height, width) = (X::SHAPE.dim(1) as i64, (plane / X::SHAPE.dim(1)) as i64);
            let by_columns = case.flag("storage_order");
            let of_plane = |place: i64| if by_columns { place % width * height + place / width } else { place };
            let offset = |i: usize| (i / outputs * plane) as i64;
            case.compare_integers(&name, places.enumerate().map(|(i, place)| offset(i) + of_plane(place)));
        }
    }
}

/// Unpooling and its gradient; `Name: dimensions, function, gradient`.
macro_rules! unpooling {
    ($name:ident: $dimensions:literal, $forward:ident, $backward:ident) => {
        pub(crate) struct $name<X, I, Y>(PhantomData<(X, I, Y)>);

        impl<X: Tensor<Elem = f32>, I: Tensor<Elem = u32>, Y: Tensor<Elem = f32>> Adapter for $name<X, I, Y> {
            fn run<K: Kernels>(_: K, case: &Case) {
                let (x, indices) = (case.floats(&input(case)), indices(case, Y::SHAPE, $dimensions));
                let (mut y, indices) = (vec![f32::NAN; Y::LEN], &I::view(&indices)[0]);
                ops::$forward(&X::view(&x)[0], indices, &mut Y::view_mut(&mut y)[0]).expect("the indices are in range");
                case.compare(&output(case), &y);
                if case.has("in.gy.y") {
                    let (dy, mut dx) = (case.floats("in.gy.y"), vec![0.0; X::LEN]);
                    ops::$backward(indices, &Y::view(&dy)[0], &mut X::view_mut(&mut dx)[0])
                        .expect("the indices are in range");
                    case.compare("out.grad.x", &dx);
                }
            }
        }
    };
}

unpooling!(Unpool1d: 1, max_unpool1d, max_unpool1d_backward);
unpooling!(Unpool2d: 2, max_unpool2d, max_unpool2d_backward);

/// The indices of an unpooling to this shape; ONNX counts through the whole tensor.
fn indices(case: &Case, to: Shape, dimensions: usize) -> Vec<u32> {
    let name = case.input(1).unwrap_or_else(|| "in.indices".to_owned());
    let plane: usize = to.dims()[to.rank() - dimensions..].iter().product();
    let place = |index: i64| u32::try_from(index as usize % plane).expect("planes are small");
    case.integers(&name).into_iter().map(place).collect()
}
