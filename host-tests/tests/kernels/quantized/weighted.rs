//! Convolutions and products with weights, prepared for every instruction set, with the weights in its order.

use proptest::prelude::*;
use tensorlet::{
    Kernels, Tensor,
    description::Window,
    quantized::{
        self, Clamp, ForDsp, ForHost, ForMve, Multiplier, Once, QuantizeError, QuantizedLayer, RowMajor, Twice,
        ZeroPoints, int16,
    },
    sliding::{Dilated, Padded, Slide, Sliding, Strided},
};
use tensorlet_host::{
    framed::FramedIntegers,
    reference::quantized::weighted::{Places, Rounding, Weights},
};

use super::{
    super::property::{Outcome, property, worst},
    Element,
    drawn::{drawn_convolutions, drawn_depthwise, drawn_linear},
    ends, integers, limits, multiplier, same, scale, wide, zero,
};

/// Weights, bias, multipliers, zero points, limits and inputs.
#[derive(Clone, Debug)]
struct Made<T> {
    weight: Vec<i8>,
    bias: Vec<i32>,
    multipliers: Vec<Multiplier>,
    zero: [i32; 2],
    clamp: Clamp<T>,
    x: Vec<T>,
}

/// Numbers of a layer: of so many weights, output channels, scales and elements of an input. `zeros` says whether
/// there are zero points.
fn made<T: Element>([weights, channels, scales, input]: [usize; 4], zeros: bool) -> BoxedStrategy<Made<T>> {
    // The smallest weight is seldom, so that all orders of weights are tried.
    let weight = (integers::<i8>(weights), 0..8).prop_map(|(weight, seldom): (Vec<i8>, i32)| {
        weight.into_iter().map(|w| if seldom == 0 { w } else { w.max(-127) }).collect()
    });
    let bias = proptest::collection::vec(-1_000_000..1_000_000, channels);
    let bias = prop_oneof![3 => bias, 1 => Just(Vec::new())];
    let multipliers = proptest::collection::vec(multiplier(-24..=2), scales);
    let x = (1_usize..=2).prop_flat_map(move |n| integers(n * input));
    let zero = if zeros { [zero::<i8>(), zero::<i8>()].boxed() } else { Just([0; 2]).boxed() };
    (weight, bias, multipliers, zero, limits::<T>(), x)
        .prop_map(|(weight, bias, multipliers, zero, clamp, x)| Made { weight, bias, multipliers, zero, clamp, x })
        .boxed()
}

impl<T: Element> Made<T> {
    /// The same as the reference takes it.
    fn weights(&self, rounding: Rounding) -> Weights {
        Weights {
            weight: wide(&self.weight),
            bias: self.bias.iter().map(|&bias| bias.into()).collect(),
            scales: self.multipliers.iter().map(|&by| scale(by)).collect(),
            zero: self.zero.map(i64::from),
            limits: ends(self.clamp),
            rounding,
        }
    }
}

/// Checks a layer that `make` makes, if its order of weights can hold them, on inputs of `len` elements.
fn check<T: Element, L, X, K: Kernels>(
    k: K,
    (sizes, rounding): ([usize; 4], Rounding),
    make: &dyn Fn(&Made<T>) -> Result<L, QuantizeError>,
    reference: &dyn Fn(&Weights, &[i64]) -> Vec<i64>,
) -> Outcome
where
    X: Tensor<Elem = T>,
    L: QuantizedLayer<X, Out: Tensor<Elem = T>>,
{
    property(made::<T>(sizes, T::MOST == 127), &|made| {
        let layer = match make(&made) {
            Ok(layer) => Box::new(layer),
            Err(QuantizeError::WeightOutOfRange { .. }) => return Ok(0.0),
            Err(error) => return Err(error.to_string()),
        };
        let weights = made.weights(rounding);
        let want: Vec<i64> = wide(&made.x).chunks(X::LEN).flat_map(|x| reference(&weights, x)).collect();
        let (x, mut y) = (FramedIntegers::new(&made.x), FramedIntegers::poisoned(want.len()));
        let (x, mut scratch) = (X::view(x.get()), vec![f32::NAN; L::SCRATCH]);
        layer.apply(k, x, L::Out::view_mut(y.get_mut()), &mut scratch);
        same(&y, &want)?;
        // Less scratch than the layer says is no reason for another result.
        let mut y = FramedIntegers::poisoned(want.len());
        layer.apply(k, x, L::Out::view_mut(y.get_mut()), &mut []);
        same(&y, &want)
    })
}

fn zero_points(made: &Made<i8>) -> ZeroPoints {
    let [input, output] = made.zero.map(|zero| i8::try_from(zero).expect("a zero point"));
    ZeroPoints { input, output, clamp: made.clamp }
}

/// The layer on int8 from its numbers.
macro_rules! int8 {
    ($layer:ty) => {
        &|made| <$layer>::from_multipliers(&made.weight, &made.bias, &made.multipliers, zero_points(made))
    };
}

/// The layer on int16 from its numbers.
macro_rules! int16 {
    ($layer:ty) => {
        &|made| {
            let bias: Vec<_> = made.bias.iter().map(|&bias| bias.into()).collect();
            <$layer>::from_multipliers(&made.weight, &bias, &made.multipliers, made.clamp)
        }
    };
}

macro_rules! linear {
    ($k:ident: $($inputs:literal $outputs:literal $scales:literal),+ $(,)?) => {
        worst([$({
            const SIZES: [usize; 4] = [$inputs * $outputs, $outputs, $scales, $inputs];
            let of = |weights: &Weights, x: &[i64]| weights.linear($outputs, x);
            worst([
                linear!(@ $k, $inputs $outputs $scales, RowMajor Twice of),
                linear!(@ $k, $inputs $outputs $scales, RowMajor Once of),
                linear!(@ $k, $inputs $outputs $scales, ForDsp Twice of),
                linear!(@ $k, $inputs $outputs $scales, ForDsp Once of),
                linear!(@ $k, $inputs $outputs $scales, ForMve Once of),
                linear!(@ $k, $inputs $outputs $scales, ForHost Twice of),
                linear!(@ $k, $inputs $outputs $scales, ForHost Once of),
            ])
        }),+])
    };
    (@ $k:ident, $inputs:literal $outputs:literal $scales:literal, $order:ident $rounding:ident $of:ident) => {
        check::<i8, _, [i8; $inputs], _>(
            $k,
            (SIZES, Rounding::$rounding),
            int8!(quantized::Linear<$inputs, $outputs, $order, $rounding, $scales>),
            &$of,
        )
    };
}

pub(crate) fn linear_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        linear!(k: 1 1 1, 3 2 2, 8 5 1, 16 16 16, 33 7 1, 64 10 10, 130 3 1),
        // Blocks of channels, whole vectors of them and parts of one.
        linear!(k: 12 64 64, 23 109 109),
        drawn_linear!(linear k),
    ])
}

macro_rules! linear_wide {
    ($k:ident: $($inputs:literal $outputs:literal $scales:literal),+ $(,)?) => {
        worst([$({
            const SIZES: [usize; 4] = [$inputs * $outputs, $outputs, $scales, $inputs];
            let of = |weights: &Weights, x: &[i64]| weights.linear($outputs, x);
            worst([
                check::<i16, _, [i16; $inputs], _>(
                    $k, (SIZES, Rounding::Reduced), int16!(int16::Linear<$inputs, $outputs, i64, $scales>), &of,
                ),
                check::<i16, _, [i16; $inputs], _>(
                    $k, (SIZES, Rounding::Twice), int16!(int16::Linear<$inputs, $outputs, i32, $scales>), &of,
                ),
            ])
        }),+])
    };
}

pub(crate) fn linear_i16<K: Kernels>(k: K) -> Outcome {
    linear_wide!(k: 1 1 1, 3 2 2, 16 16 16, 33 7 1, 130 3 1)
}

/// A window that slides as `S`.
fn places<S: Sliding>(kernel: [usize; 2], input: [usize; 3], output: [usize; 3]) -> Places {
    Places { window: Window { kernel, options: S::OPTIONS }.into(), input, output }
}

type RowsTwice = Dilated<Strided<Slide, 2, 1>, 2, 3>;

/// `layer[in channels of a group]: in, out, kernel, input, output, sliding; …`.
macro_rules! convolutions {
    ($form:ident $k:ident) => {
        worst([
            $form!($k, 3 5 3, 3 3, 6 7, 6 7, Slide<1, 1>),
            $form!($k, 8 16 8, 3 3, 9 8, 5 4, Slide<2, 1>),
            $form!($k, 16 8 16, 1 1, 5 4, 5 4, Slide),
            $form!($k, 17 9 17, 1 1, 3 3, 3 3, Slide),
            $form!($k, 3 7 3, 5 5, 8 8, 8 8, Slide<1, 2>),
            $form!($k, 4 3 4, 2 3, 6 5, 6 6, Padded<Slide, 0, 1, 1, 2>),
            $form!($k, 5 4 5, 3 2, 9 8, 3 5, RowsTwice),
            $form!($k, 6 4 3, 3 3, 5 5, 5 5, Slide<1, 1>),
            $form!($k, 4 1 4, 1 7, 1 20, 1 20, Padded<Slide, 0, 3>),
            $form!($k, 3 10 3, 4 5, 4 5, 1 1, Slide),
        ])
    };
}

/// One convolution through several types.
macro_rules! conv {
    (@ $k:ident, $t:ty, $layer:expr, $rounding:ident,
     $in:literal $out:literal $per_group:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {{
        let sizes = [$out * $kh * $kw * $per_group, $out, $out, $in * $h * $w];
        let places = places::<$slide>([$kh, $kw], [$h, $w, $in], [$oh, $ow, $out]);
        check::<$t, _, [[[$t; $in]; $w]; $h], _>($k, (sizes, Rounding::$rounding), $layer, &|weights, x| {
            weights.conv(&places, $per_group, x)
        })
    }};
}

macro_rules! conv_i8 {
    ($k:ident, $in:literal $out:literal $per_group:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, RowMajor, Twice, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, RowMajor, Once, $per_group>), Once,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForDsp, Twice, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForDsp, Once, $per_group>), Once,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForMve, Twice, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

/// The same for the order of hosts alone.
macro_rules! conv_for_host {
    ($k:ident, $in:literal $out:literal $per_group:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForHost, Twice, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForHost, Once, $per_group>), Once,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

/// The same for that and the order that all instruction sets take.
macro_rules! conv_for_all {
    ($k:ident, $in:literal $out:literal $per_group:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv!(@ $k, i8, int8!(quantized::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, RowMajor, Twice, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv_for_host!($k, $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

macro_rules! conv_i16 {
    ($k:ident, $in:literal $out:literal $per_group:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv!(@ $k, i16, int16!(int16::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i64, $per_group>), Reduced,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
            conv!(@ $k, i16, int16!(int16::Conv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i32, $per_group>), Twice,
                $in $out $per_group, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

pub(crate) fn conv2d_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        convolutions!(conv_i8 k),
        convolutions!(conv_for_host k),
        drawn_convolutions!(conv_for_all k),
        // Whole tiles of pixels and of channels, in lines, in windows and pixel by pixel.
        conv_for_host!(k, 4 83 4, 3 3, 7 11, 7 11, Slide<1, 1>),
        conv_for_host!(k, 8 32 8, 3 2, 9 23, 4 12, Padded<Slide<2>, 0, 1>),
        conv_for_host!(k, 3 40 3, 3 3, 6 9, 6 9, Slide<1, 1>),
        conv_for_host!(k, 20 65 20, 1 1, 5 7, 5 7, Slide),
        conv_for_host!(k, 8 34 4, 3 3, 5 6, 5 6, Slide<1, 1>),
    ])
}

pub(crate) fn conv2d_i16<K: Kernels>(k: K) -> Outcome {
    convolutions!(conv_i16 k)
}

/// As [`convolutions`], of channels on their own: `in, outputs of each, …`.
macro_rules! depthwise {
    ($form:ident $k:ident) => {
        worst([
            $form!($k, 3 3, 3 3, 6 7, 6 7, Slide<1, 1>),
            $form!($k, 16 16, 3 3, 9 8, 5 4, Slide<2, 1>),
            $form!($k, 19 19, 1 1, 3 4, 3 4, Slide),
            $form!($k, 5 10, 3 3, 5 5, 5 5, Slide<1, 1>),
            $form!($k, 1 8, 5 4, 9 8, 5 4, Strided<Padded<Slide, 2, 2, 2, 1>, 2, 2>),
            $form!($k, 4 4, 2 3, 6 5, 6 6, Padded<Slide, 0, 1, 1, 2>),
            $form!($k, 6 6, 3 2, 9 8, 3 5, RowsTwice),
            $form!($k, 32 32, 4 5, 4 5, 1 1, Slide),
        ])
    };
}

macro_rules! separate {
    (@ $k:ident, $t:ty, $layer:expr, $rounding:ident,
     $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {{
        let sizes = [$out * $kh * $kw, $out, $out, $in * $h * $w];
        let places = places::<$slide>([$kh, $kw], [$h, $w, $in], [$oh, $ow, $out]);
        check::<$t, _, [[[$t; $in]; $w]; $h], _>($k, (sizes, Rounding::$rounding), $layer, &|weights, x| {
            weights.depthwise(&places, x)
        })
    }};
}

macro_rules! depthwise_i8 {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, RowMajor, Twice>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForDsp, Once>), Once,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForMve, Twice>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            depthwise_for_host!($k, $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

/// The same for the order of hosts alone.
macro_rules! depthwise_for_host {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForHost, Twice>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, ForHost, Once>), Once,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

/// The same for that and the order that all instruction sets take.
macro_rules! depthwise_for_all {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            separate!(@ $k, i8, int8!(quantized::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, RowMajor, Once>), Once,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            depthwise_for_host!($k, $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

macro_rules! depthwise_i16 {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            separate!(@ $k, i16, int16!(int16::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i64>), Reduced,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            separate!(@ $k, i16, int16!(int16::DepthwiseConv2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i32>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

pub(crate) fn depthwise_conv2d_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        depthwise!(depthwise_i8 k),
        drawn_depthwise!(depthwise_for_all k),
        // Whole tiles of pixels and of channels, and parts of them.
        depthwise_for_host!(k, 71 71, 3 3, 5 10, 5 10, Slide<1, 1>),
        depthwise_for_host!(k, 40 40, 3 4, 9 7, 6 4, Slide<2, 2>),
    ])
}

pub(crate) fn depthwise_conv2d_i16<K: Kernels>(k: K) -> Outcome {
    depthwise!(depthwise_i16 k)
}

macro_rules! conv_transpose {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv_transpose!(@ $k, i8, int8!(quantized::ConvTranspose2d<$in, $out, $kh, $kw, $oh, $ow, $slide, Twice>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            conv_transpose!(@ $k, i8, int8!(quantized::ConvTranspose2d<$in, $out, $kh, $kw, $oh, $ow, $slide, Once>), Once,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
    (@ $k:ident, $t:ty, $layer:expr, $rounding:ident,
     $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {{
        let sizes = [$out * $kh * $kw * $in, $out, $out, $in * $h * $w];
        // Those of the convolution back.
        let places = places::<$slide>([$kh, $kw], [$oh, $ow, $out], [$h, $w, $in]);
        check::<$t, _, [[[$t; $in]; $w]; $h], _>($k, (sizes, Rounding::$rounding), $layer, &|weights, x| {
            weights.conv_transpose(&places, x)
        })
    }};
}

macro_rules! conv_transpose_i16 {
    ($k:ident, $in:literal $out:literal, $kh:literal $kw:literal, $h:literal $w:literal, $oh:literal $ow:literal, $slide:ty) => {
        worst([
            conv_transpose!(@ $k, i16, int16!(int16::ConvTranspose2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i64>), Reduced,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
            conv_transpose!(@ $k, i16, int16!(int16::ConvTranspose2d<$in, $out, $kh, $kw, $oh, $ow, $slide, i32>), Twice,
                $in $out, $kh $kw, $h $w, $oh $ow, $slide),
        ])
    };
}

/// As [`convolutions`], of those that are mirrored: `in out, kernel, input, output, sliding`.
macro_rules! transposed {
    ($form:ident $k:ident) => {
        worst([
            $form!($k, 3 5, 3 3, 4 5, 4 5, Slide<1, 1>),
            $form!($k, 4 3, 2 2, 3 4, 6 8, Slide<2>),
            $form!($k, 17 2, 3 3, 3 3, 7 7, Slide<2>),
            $form!($k, 2 9, 1 4, 5 3, 5 6, Slide),
        ])
    };
}

pub(crate) fn conv_transpose2d_i8<K: Kernels>(k: K) -> Outcome {
    transposed!(conv_transpose k)
}

pub(crate) fn conv_transpose2d_i16<K: Kernels>(k: K) -> Outcome {
    transposed!(conv_transpose_i16 k)
}
