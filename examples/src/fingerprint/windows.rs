//! Layers whose windows slide: convolutions and pooling.

use tensorlet::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, CausalConv1d,
    Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Fold, GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d,
    GlobalMaxPool2d, Image, LpPool1d, LpPool2d, Matrix, MaxPool1d, MaxPool2d, NoBias, Slide, Unfold,
    layer::DepthwiseConv2d,
    sliding::{Ceil, Circular, Dilated, DivideBy, ExcludePad, Padded, Reflect, Replicate, Same, Strided},
};

use super::cases::layers;

/// Two rows and one column at a time, padded by one row and two columns.
type Oblong = Padded<Strided<Slide, 2, 1>, 1, 2>;

layers! {
    conv2d: Image<2, 5, 6> => Conv2d<2, 3, 2, 4, 3, 7, Oblong>;
    conv2d_padded: Image<2, 5, 6> => Conv2d<2, 3, 3, 3, 5, 6, Slide<1, 1>>;
    conv2d_strided: Image<2, 5, 6> => Conv2d<2, 3, 3, 3, 3, 3, Slide<2, 1>, NoBias>;
    conv2d_dilated: Image<1, 9, 8> => Conv2d<1, 2, 3, 3, 4, 3, Dilated<Strided<Slide<1, 1>, 2, 2>, 2>>;
    conv2d_groups: Image<4, 4, 3> => Conv2d<4, 6, 3, 3, 4, 3, Slide<1, 1>, [f32; 6], 2>;
    conv2d_depthwise: Image<3, 5, 4> => DepthwiseConv2d<3, 3, 2, 3, 3, Padded<Strided<Slide, 2, 1>, 1, 0>>;
    conv2d_same: Image<2, 4, 5> => Conv2d<2, 2, 2, 4, 4, 5, Same<Slide, 2, 4>>;
    conv2d_reflect: Image<2, 4, 5> => Conv2d<2, 2, 3, 3, 4, 7, Reflect<Padded<Slide, 1, 2>>>;
    conv2d_replicate: Image<4, 4, 4> => Conv2d<4, 2, 3, 3, 4, 4, Replicate<Dilated<Slide<1, 2>, 2>>, [f32; 2], 2>;
    conv2d_circular: Image<2, 3, 5> => Conv2d<2, 2, 3, 3, 3, 7, Circular<Padded<Slide, 1, 2>>>;
    conv1d: Matrix<2, 9> => Conv1d<2, 3, 3, 7>;
    conv1d_dilated: Matrix<1, 11> => Conv1d<1, 2, 3, 4, Dilated<Slide<3, 3>, 3>, NoBias>;
    causal_conv1d: Matrix<2, 5> => CausalConv1d<2, 3, 3, 2>;
    conv_transpose2d: Image<2, 3, 2> =>
        ConvTranspose2d<2, 2, 3, 3, 7, 5, Padded<Strided<Slide, 3, 2>, 1, 0, 1, 1>>;
    conv_transpose2d_groups: Image<4, 2, 3> => ConvTranspose2d<4, 6, 2, 3, 4, 7, Slide<2>, [f32; 6], 3>;
    conv_transpose1d: Matrix<2, 4> => ConvTranspose1d<2, 3, 3, 10, Slide<3, 1>>;
    unfold: Image<2, 4, 5> => Unfold<3, 2, 12, 8>;
    fold: Matrix<8, 9> => Fold<2, 2, 2, 5, 4, Dilated<Slide<2, 1>, 2, 1>>;
    max_pool2d: Image<2, 5, 6> => MaxPool2d<2, 2, 2, 3, Slide<2>>;
    max_pool2d_dilated: Image<2, 7, 6> => MaxPool2d<3, 2, 3, 3, Dilated<Strided<Slide, 1, 2>, 2, 1>>;
    max_pool2d_ceil: Image<2, 6, 5> => MaxPool2d<3, 3, 4, 3, Ceil<Slide<2, 1>>>;
    max_pool2d_wide: Image<1, 9, 30> => MaxPool2d<9, 29, 1, 2, Slide>;
    max_pool1d: Matrix<2, 9> => MaxPool1d<3, 4, Slide<2>>;
    avg_pool2d: Image<2, 4, 6> => AvgPool2d<2, 2, 2, 3, Slide<2>>;
    avg_pool2d_inside: Image<1, 6, 8> => AvgPool2d<3, 2, 4, 5, ExcludePad<Ceil<Slide<2, 1>>>>;
    avg_pool2d_divisor: Image<2, 5, 5> => AvgPool2d<2, 3, 2, 2, DivideBy<Slide<2>, 5>>;
    avg_pool1d: Matrix<2, 9> => AvgPool1d<3, 5, Slide<2, 1>>;
    lp_pool2d: Image<2, 5, 4> => LpPool2d<3, 2, 3, 2, 2, Strided<Slide, 2, 1>>;
    lp_pool1d: Matrix<2, 6> => LpPool1d<2, 3, 4, Slide>;
    adaptive_avg_pool2d: Image<2, 7, 5> => AdaptiveAvgPool2d<3, 2>;
    adaptive_avg_pool1d: Matrix<2, 10> => AdaptiveAvgPool1d<4>;
    adaptive_max_pool2d: Image<2, 7, 5> => AdaptiveMaxPool2d<3, 2>;
    adaptive_max_pool1d: Matrix<2, 11> => AdaptiveMaxPool1d<7>;
    global_avg_pool2d: Image<3, 4, 5> => GlobalAvgPool2d;
    global_avg_pool1d: Matrix<3, 5> => GlobalAvgPool1d;
    global_max_pool2d: Image<3, 4, 5> => GlobalMaxPool2d;
    global_max_pool1d: Matrix<3, 5> => GlobalMaxPool1d;
}
