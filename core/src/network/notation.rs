//! The layers of `network!`: from their notation to types.

/// The type of a layer from its notation and the type of its input.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_layer {
    ($field:ident, $in:ty, [= $layer:ty]) => { $layer };
    ($field:ident, $in:ty, [Linear($out:expr $(, bias = $b:tt)? $(,)?)]) => {
        $crate::Linear<
            { $crate::__private::features::<$in>(concat!(stringify!($field), ": Linear(", stringify!($out), ")")) },
            { $out },
            $crate::__network_bias!([$($b)?] $out),
        >
    };
    ($field:ident, $in:ty, [Conv2d(
        $out:expr, $k:expr $(, stride = $s:expr)? $(, padding = $p:expr)? $(, dilation = $d:expr)? $(, groups = $g:expr)?
        $(, bias = $b:tt)? $(,)?
    )]) => {
        $crate::Conv2d<
            { $crate::__private::channels::<$in>(concat!(stringify!($field), ": Conv2d"), 2) },
            { $out },
            { $k },
            { $k },
            { $crate::__network_output!($field Conv2d, $in, 2, 1, $k, [$($s)?; 1] [$($p)?; 0] [$($d)?]) },
            { $crate::__network_output!($field Conv2d, $in, 2, 2, $k, [$($s)?; 1] [$($p)?; 0] [$($d)?]) },
            $crate::__network_slide!([$($s)?; 1] [$($p)?; 0] [$($d)?]),
            $crate::__network_bias!([$($b)?] $out),
            { $crate::__private::grouped::<$in>(concat!(stringify!($field), ": Conv2d"), 2, $crate::__or!($($g)?; 1)) },
        >
    };
    ($field:ident, $in:ty, [Conv1d(
        $out:expr, $k:expr $(, stride = $s:expr)? $(, padding = $p:expr)? $(, dilation = $d:expr)? $(, groups = $g:expr)?
        $(, bias = $b:tt)? $(,)?
    )]) => {
        $crate::Conv1d<
            { $crate::__private::channels::<$in>(concat!(stringify!($field), ": Conv1d"), 1) },
            { $out },
            { $k },
            { $crate::__network_output!($field Conv1d, $in, 1, 1, $k, [$($s)?; 1] [$($p)?; 0] [$($d)?]) },
            $crate::__network_slide!([$($s)?; 1] [$($p)?; 0] [$($d)?]),
            $crate::__network_bias!([$($b)?] $out),
            { $crate::__private::grouped::<$in>(concat!(stringify!($field), ": Conv1d"), 1, $crate::__or!($($g)?; 1)) },
        >
    };
    ($field:ident, $in:ty, [MaxPool2d($($args:tt)+)]) => { $crate::__network_pool2d!($field MaxPool2d, $in, $($args)+) };
    ($field:ident, $in:ty, [AvgPool2d($($args:tt)+)]) => { $crate::__network_pool2d!($field AvgPool2d, $in, $($args)+) };
    ($field:ident, $in:ty, [MaxPool1d($($args:tt)+)]) => { $crate::__network_pool1d!($field MaxPool1d, $in, $($args)+) };
    ($field:ident, $in:ty, [AvgPool1d($($args:tt)+)]) => { $crate::__network_pool1d!($field AvgPool1d, $in, $($args)+) };
    ($field:ident, $in:ty, [AdaptiveAvgPool2d($o:expr)]) => { $crate::AdaptiveAvgPool2d<{ $o }, { $o }> };
    ($field:ident, $in:ty, [AdaptiveMaxPool2d($o:expr)]) => { $crate::AdaptiveMaxPool2d<{ $o }, { $o }> };
    ($field:ident, $in:ty, [Rnn($($args:tt)+)]) => { $crate::__network_recurrent!($field Rnn, $in, $($args)+) };
    ($field:ident, $in:ty, [Gru($($args:tt)+)]) => { $crate::__network_recurrent!($field Gru, $in, $($args)+) };
    ($field:ident, $in:ty, [Lstm($($args:tt)+)]) => { $crate::__network_recurrent!($field Lstm, $in, $($args)+) };
    ($field:ident, $in:ty, [Embedding($n:expr, $dim:expr $(,)?)]) => { $crate::Embedding<{ $n }, { $dim }> };
    ($field:ident, $in:ty, [BatchNorm1d]) => { $crate::__network_norm!($field BatchNorm1d, $in, 0) };
    ($field:ident, $in:ty, [BatchNorm2d]) => { $crate::__network_norm!($field BatchNorm2d, $in, 0) };
    ($field:ident, $in:ty, [InstanceNorm1d]) => { $crate::__network_norm!($field InstanceNorm1d, $in, 0) };
    ($field:ident, $in:ty, [InstanceNorm2d]) => { $crate::__network_norm!($field InstanceNorm2d, $in, 0) };
    ($field:ident, $in:ty, [GroupNorm($groups:expr)]) => {
        $crate::GroupNorm<{ $groups }, { $crate::__private::axis::<$in>(concat!(stringify!($field), ": GroupNorm"), 0) }>
    };
    ($field:ident, $in:ty, [LayerNorm]) => {
        $crate::LayerNorm<[f32; { $crate::__private::axis::<$in>(concat!(stringify!($field), ": LayerNorm"), -1) }]>
    };
    ($field:ident, $in:ty, [RmsNorm]) => {
        $crate::RmsNorm<[f32; { $crate::__private::axis::<$in>(concat!(stringify!($field), ": RmsNorm"), -1) }]>
    };
    ($field:ident, $in:ty, [Flatten]) => { $crate::Flatten<{ <$in as $crate::Tensor>::LEN }> };
    ($field:ident, $in:ty, [Frozen($($inner:tt)+)]) => {
        $crate::Frozen<$crate::__network_layer!($field, $in, [$($inner)+])>
    };
    ($field:ident, $in:ty, [Residual($($inner:tt)+)]) => {
        $crate::Residual<$crate::__network_layer!($field, $in, [$($inner)+])>
    };
    ($field:ident, $in:ty, [$other:ident $($args:tt)*]) => { $crate::__network_simple!($field $other $($args)*) };
}

/// Layers whose types need nothing of the input: `Name`, and those that take settings, `Name(0.1)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_simple {
    ($field:ident Relu) => { $crate::Relu };
    ($field:ident Sigmoid) => { $crate::Sigmoid };
    ($field:ident Tanh) => { $crate::Tanh };
    ($field:ident Relu6) => { $crate::Relu6 };
    ($field:ident LeakyRelu) => { $crate::LeakyRelu };
    ($field:ident Threshold) => { $crate::Threshold };
    ($field:ident Hardtanh) => { $crate::Hardtanh };
    ($field:ident Hardsigmoid) => { $crate::Hardsigmoid };
    ($field:ident Hardswish) => { $crate::Hardswish };
    ($field:ident Hardshrink) => { $crate::Hardshrink };
    ($field:ident Softshrink) => { $crate::Softshrink };
    ($field:ident Elu) => { $crate::Elu };
    ($field:ident Selu) => { $crate::Selu };
    ($field:ident Celu) => { $crate::Celu };
    ($field:ident LogSigmoid) => { $crate::LogSigmoid };
    ($field:ident Softplus) => { $crate::Softplus };
    ($field:ident Softsign) => { $crate::Softsign };
    ($field:ident Gelu) => { $crate::Gelu };
    ($field:ident GeluTanh) => { $crate::GeluTanh };
    ($field:ident Silu) => { $crate::Silu };
    ($field:ident Swish) => { $crate::Swish };
    ($field:ident Mish) => { $crate::Mish };
    ($field:ident Tanhshrink) => { $crate::Tanhshrink };
    ($field:ident PRelu) => { $crate::PRelu };
    ($field:ident FakeQuantize) => { $crate::FakeQuantize };
    ($field:ident Softmax) => { $crate::Softmax };
    ($field:ident LogSoftmax) => { $crate::LogSoftmax };
    ($field:ident Softmin) => { $crate::Softmin };
    ($field:ident Dropout) => { $crate::Dropout };
    ($field:ident GlobalAvgPool1d) => { $crate::GlobalAvgPool1d };
    ($field:ident GlobalAvgPool2d) => { $crate::GlobalAvgPool2d };
    ($field:ident GlobalMaxPool1d) => { $crate::GlobalMaxPool1d };
    ($field:ident GlobalMaxPool2d) => { $crate::GlobalMaxPool2d };
    ($field:ident LastStep) => { $crate::LastStep };
    ($field:ident MeanStep) => { $crate::MeanStep };
    ($field:ident LeakyRelu $settings:tt) => { $crate::LeakyRelu };
    ($field:ident Threshold $settings:tt) => { $crate::Threshold };
    ($field:ident Hardtanh $settings:tt) => { $crate::Hardtanh };
    ($field:ident Hardshrink $settings:tt) => { $crate::Hardshrink };
    ($field:ident Softshrink $settings:tt) => { $crate::Softshrink };
    ($field:ident Elu $settings:tt) => { $crate::Elu };
    ($field:ident Celu $settings:tt) => { $crate::Celu };
    ($field:ident Softplus $settings:tt) => { $crate::Softplus };
    ($field:ident Swish $settings:tt) => { $crate::Swish };
    ($field:ident Dropout $settings:tt) => { $crate::Dropout };
    ($field:ident $other:ident $($args:tt)*) => {
        compile_error!(concat!(
            "`network!` does not know the layer `", stringify!($field), ": ", stringify!($other $($args)*),
            "`: write `", stringify!($field), " = Type` for a layer type of your own",
        ))
    };
}

/// A layer as it is before it is initialised: with the settings of its notation, or PyTorch's.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_zero {
    ([Frozen($($inner:tt)+)] $layer:ty) => { $crate::Frozen($crate::__network_zero!([$($inner)+] _)) };
    ([Residual($($inner:tt)+)] $layer:ty) => { $crate::Residual($crate::__network_zero!([$($inner)+] _)) };
    ([LeakyRelu($($setting:expr),+)] $layer:ty) => { $crate::LeakyRelu::new($($setting),+) };
    ([Threshold($($setting:expr),+)] $layer:ty) => { $crate::Threshold::new($($setting),+) };
    ([Hardtanh($($setting:expr),+)] $layer:ty) => { $crate::Hardtanh::new($($setting),+) };
    ([Hardshrink($($setting:expr),+)] $layer:ty) => { $crate::Hardshrink::new($($setting),+) };
    ([Softshrink($($setting:expr),+)] $layer:ty) => { $crate::Softshrink::new($($setting),+) };
    ([Elu($($setting:expr),+)] $layer:ty) => { $crate::Elu::new($($setting),+) };
    ([Celu($($setting:expr),+)] $layer:ty) => { $crate::Celu::new($($setting),+) };
    ([Softplus($($setting:expr),+)] $layer:ty) => { $crate::Softplus::new($($setting),+) };
    ([Swish($($setting:expr),+)] $layer:ty) => { $crate::Swish::new($($setting),+) };
    ([Dropout($($setting:expr),+)] $layer:ty) => { $crate::Dropout::new($($setting),+) };
    ($spec:tt $layer:ty) => { <$layer as $crate::Module>::ZERO };
}

/// The bias of a layer: an array unless `bias = false`.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_bias {
    ([false] $out:expr) => {
        $crate::NoBias
    };
    ([$(true)?] $out:expr) => {
        [f32; $out]
    };
}

/// How a window slides: stride, padding and dilation.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_slide {
    ([$($s:expr)?; $stride:expr] [$($p:expr)?; $padding:expr] []) => {
        $crate::Slide<{ $crate::__or!($($s)?; $stride) }, { $crate::__or!($($p)?; $padding) }>
    };
    ($s:tt $p:tt [$d:expr]) => { $crate::sliding::Dilated<$crate::__network_slide!($s $p []), { $d }> };
}

/// The windows along an axis.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_output {
    ($field:ident $kind:ident, $in:ty, $axes:literal, $axis:literal, $k:expr, $($slide:tt)+) => {
        $crate::__private::output::<$in, $crate::__network_slide!($($slide)+)>(
            concat!(stringify!($field), ": ", stringify!($kind)), $axes, $axis, $k,
        )
    };
}

/// The type of a pooling layer of rows and columns; the stride is the kernel unless given.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_pool2d {
    ($field:ident $kind:ident, $in:ty, $k:expr $(, stride = $s:expr)? $(, padding = $p:expr)? $(,)?) => {
        $crate::$kind<
            { $k },
            { $k },
            { $crate::__network_output!($field $kind, $in, 2, 1, $k, [$($s)?; $k] [$($p)?; 0] []) },
            { $crate::__network_output!($field $kind, $in, 2, 2, $k, [$($s)?; $k] [$($p)?; 0] []) },
            $crate::__network_slide!([$($s)?; $k] [$($p)?; 0] []),
        >
    };
}

/// The type of a pooling layer of columns alone.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_pool1d {
    ($field:ident $kind:ident, $in:ty, $k:expr $(, stride = $s:expr)? $(, padding = $p:expr)? $(,)?) => {
        $crate::$kind<
            { $k },
            { $crate::__network_output!($field $kind, $in, 1, 1, $k, [$($s)?; $k] [$($p)?; 0] []) },
            $crate::__network_slide!([$($s)?; $k] [$($p)?; 0] []),
        >
    };
}

/// The type of a recurrent layer.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_recurrent {
    ($field:ident $kind:ident, $in:ty, $h:expr $(, layers = $n:expr)? $(,)?) => {
        $crate::$kind<
            { $crate::__private::steps::<$in>(concat!(stringify!($field), ": ", stringify!($kind))) },
            { $h },
            { $crate::__or!($($n)?; 1) },
        >
    };
    ($field:ident $kind:ident, $in:ty, $h:expr $(, layers = $n:expr)?, bidirectional = true $(,)?) => {
        $crate::$kind<
            { $crate::__private::steps::<$in>(concat!(stringify!($field), ": ", stringify!($kind))) },
            { $h },
            { $crate::__or!($($n)?; 1) },
            $crate::Bidirectional<{ 2 * $h }>,
        >
    };
}

/// The type of a normalisation of channels.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_norm {
    ($field:ident $kind:ident, $in:ty, $axis:literal) => {
        $crate::$kind<{ $crate::__private::axis::<$in>(concat!(stringify!($field), ": ", stringify!($kind)), $axis) }>
    };
}

/// The first expression if there is one, else the default.
#[doc(hidden)]
#[macro_export]
macro_rules! __or {
    ($given:expr; $default:expr) => {
        $given
    };
    (; $default:expr) => {
        $default
    };
}
