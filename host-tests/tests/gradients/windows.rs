//! Every layer whose window slides, and pooling to a size.

use tensorlet::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, CausalConv1d,
    Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Fold, GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d,
    GlobalMaxPool2d, Image, LpPool1d, LpPool2d, Matrix, MaxPool1d, MaxPool2d, NoBias, Slide, Unfold,
    layer::DepthwiseConv2d,
    sliding::{Ceil, Circular, Dilated, DivideBy, ExcludePad, Padded, Reflect, Replicate, Same, Strided},
};

use crate::gradients;

/// Two rows and one column at a time, padded by one row and two columns.
type Oblong = Padded<Strided<Slide, 2, 1>, 1, 2>;
/// One row and three columns at a time, padded by one column.
type Wide = Padded<Strided<Slide, 1, 3>, 0, 1>;

gradients! {
    conv2d: Image<1, 5, 5> => Conv2d<1, 2, 3, 3, 3, 3>;
    conv2d_padded: Image<2, 4, 5> => Conv2d<2, 3, 3, 3, 4, 5, Slide<1, 1>>;
    conv2d_strided: Image<2, 7, 9> => Conv2d<2, 2, 3, 3, 4, 5, Slide<2, 1>>;
    conv2d_stride_three: Image<1, 8, 10> => Conv2d<1, 2, 3, 3, 4, 4, Slide<3, 2>>;
    conv2d_point: Image<3, 3, 2> => Conv2d<3, 4, 1, 1, 3, 2>;
    conv2d_rectangular: Image<2, 5, 6> => Conv2d<2, 3, 2, 4, 3, 7, Oblong>;
    conv2d_wide: Image<1, 4, 11> => Conv2d<1, 2, 4, 2, 1, 4, Wide>;
    conv2d_without_bias: Image<2, 5, 4> => Conv2d<2, 5, 3, 2, 5, 5, Slide<1, 1>, NoBias>;
    conv2d_padding_reaches_the_kernel: Image<1, 3, 3> => Conv2d<1, 2, 2, 2, 6, 6, Slide<1, 2>>;
    conv2d_same_of_even_kernel: Image<2, 4, 5> => Conv2d<2, 2, 2, 4, 4, 5, Same<Slide, 2, 4>>;
    conv2d_same_and_dilated: Image<1, 5, 6> => Conv2d<1, 2, 3, 2, 5, 6, Same<Dilated<Slide, 2, 3>, 3, 2>>;
    conv2d_dilated: Image<2, 7, 6> => Conv2d<2, 3, 3, 2, 5, 4, Dilated<Slide<1, 1>, 2, 4>>;
    conv2d_dilated_and_strided: Image<1, 9, 10> => Conv2d<1, 2, 3, 3, 4, 3, Dilated<Strided<Slide<1, 1>, 2, 3>, 2>>;
    conv2d_uneven_padding: Image<1, 5, 4> => Conv2d<1, 2, 3, 3, 4, 3, Padded<Slide, 0, 1, 1, 0>>;
    conv2d_groups: Image<4, 4, 3> => Conv2d<4, 6, 3, 3, 4, 3, Slide<1, 1>, [f32; 6], 2>;
    conv2d_depthwise: Image<3, 5, 4> => Conv2d<3, 3, 3, 2, 3, 3, Padded<Strided<Slide, 2, 1>, 1, 0>, [f32; 3], 1>;
    depthwise_conv2d: Image<3, 5, 4> => DepthwiseConv2d<3, 3, 2, 3, 3>;
    conv2d_depthwise_twice: Image<2, 5, 5> => Conv2d<2, 4, 2, 2, 2, 2, Dilated<Slide<2>, 2>, NoBias, 1>;
    conv2d_reflect: Image<2, 4, 5> => Conv2d<2, 2, 3, 3, 4, 7, Reflect<Padded<Slide, 1, 2>>>;
    conv2d_reflect_strided: Image<1, 5, 7> => Conv2d<1, 2, 3, 3, 4, 5, Reflect<Slide<2, 2>>>;
    conv2d_replicate: Image<4, 4, 4> =>
        Conv2d<4, 2, 3, 3, 4, 4, Replicate<Dilated<Slide<1, 2>, 2>>, [f32; 2], 2>;
    conv2d_circular: Image<2, 3, 5> => Conv2d<2, 2, 3, 3, 3, 7, Circular<Padded<Slide, 1, 2>>>;

    conv1d: Matrix<2, 9> => Conv1d<2, 3, 3, 7>;
    conv1d_padded: Matrix<2, 5> => Conv1d<2, 2, 3, 3, Slide<2, 1>>;
    conv1d_dilated: Matrix<1, 11> => Conv1d<1, 2, 3, 4, Dilated<Slide<3, 3>, 3>, NoBias>;
    conv1d_depthwise: Matrix<3, 6> => Conv1d<3, 3, 4, 6, Same<Slide, 1, 4>, [f32; 3], 1>;
    conv1d_circular: Matrix<2, 4> => Conv1d<2, 2, 5, 4, Circular<Slide<1, 2>>>;
    causal_conv1d: Matrix<2, 5> => CausalConv1d<2, 3, 3, 2>;
    causal_conv1d_short: Matrix<2, 2> => CausalConv1d<2, 2, 4, 1, NoBias>;
    causal_conv1d_of_one: Matrix<2, 3> => CausalConv1d<2, 2, 1>;
    causal_conv1d_groups: Matrix<4, 3> => CausalConv1d<4, 2, 2, 1, [f32; 2], 2>;

    conv_transpose2d: Image<2, 3, 4> => ConvTranspose2d<2, 3, 3, 2, 5, 5>;
    conv_transpose2d_strided: Image<2, 3, 2> => ConvTranspose2d<2, 2, 3, 3, 5, 3, Slide<2, 1>>;
    conv_transpose2d_output_padding: Image<2, 3, 2> => ConvTranspose2d<2, 2, 3, 3, 7, 5, Padded<Strided<Slide, 3, 2>, 1, 0, 1, 1>>;
    conv_transpose2d_dilated: Image<1, 3, 3> => ConvTranspose2d<1, 2, 2, 3, 5, 5, Dilated<Slide<1, 1>, 4, 2>>;
    conv_transpose2d_groups: Image<4, 2, 3> => ConvTranspose2d<4, 6, 2, 3, 4, 7, Slide<2>, [f32; 6], 3>;
    conv_transpose2d_depthwise: Image<3, 2, 2> => ConvTranspose2d<3, 3, 4, 4, 4, 4, Slide<2, 1>, NoBias, 1>;
    conv_transpose1d: Matrix<2, 4> => ConvTranspose1d<2, 3, 3, 10, Slide<3, 1>>;
    conv_transpose1d_gaps: Matrix<1, 3> => ConvTranspose1d<1, 2, 2, 9, Slide<3>, NoBias>;

    unfold: Image<2, 4, 5> => Unfold<3, 2, 12, 8>;
    unfold_strided: Image<2, 5, 4> => Unfold<2, 2, 8, 9, Dilated<Slide<2, 1>, 2, 1>>;
    fold: Matrix<12, 8> => Fold<3, 2, 2, 4, 5>;
    fold_strided: Matrix<8, 9> => Fold<2, 2, 2, 5, 4, Dilated<Slide<2, 1>, 2, 1>>;

    max_pool2d: Image<2, 4, 6> => MaxPool2d<2, 2, 2, 3, Slide<2>>;
    max_pool2d_odd: Image<2, 5, 7> => MaxPool2d<2, 2, 2, 3, Slide<2>>;
    max_pool2d_overlapping: Image<2, 5, 6> => MaxPool2d<3, 3, 3, 4, Slide<1, 0>>;
    max_pool2d_padded: Image<3, 5, 5> => MaxPool2d<3, 3, 3, 3, Slide<2, 1>>;
    max_pool2d_gaps: Image<1, 8, 7> => MaxPool2d<2, 2, 3, 2, Slide<3, 0>>;
    max_pool2d_rectangular: Image<2, 5, 6> => MaxPool2d<3, 4, 3, 7, Oblong>;
    max_pool2d_dilated: Image<2, 7, 6> => MaxPool2d<3, 2, 3, 3, Dilated<Strided<Slide, 1, 2>, 2, 1>>;
    max_pool2d_ceil: Image<2, 6, 5> => MaxPool2d<3, 3, 4, 3, Ceil<Slide<2, 1>>>;
    max_pool2d_wide: Image<1, 17, 17> => MaxPool2d<16, 17, 2, 1, Slide>;
    max_pool1d: Matrix<2, 9> => MaxPool1d<3, 4, Slide<2>>;
    max_pool1d_ceil: Matrix<2, 8> => MaxPool1d<3, 5, Ceil<Slide<2, 1>>>;

    avg_pool2d: Image<2, 4, 6> => AvgPool2d<2, 2, 2, 3, Slide<2>>;
    avg_pool2d_overlapping: Image<2, 5, 6> => AvgPool2d<3, 3, 3, 4, Slide<1, 0>>;
    avg_pool2d_padded: Image<3, 5, 5> => AvgPool2d<3, 3, 3, 3, Slide<2, 1>>;
    avg_pool2d_gaps: Image<1, 8, 7> => AvgPool2d<2, 2, 3, 2, Slide<3, 0>>;
    avg_pool2d_rectangular: Image<2, 5, 6> => AvgPool2d<3, 4, 3, 7, Oblong>;
    avg_pool2d_ceil: Image<2, 6, 5> => AvgPool2d<3, 3, 4, 3, Ceil<Slide<2, 1>>>;
    avg_pool2d_inside: Image<2, 6, 5> => AvgPool2d<3, 3, 3, 3, ExcludePad<Slide<2, 1>>>;
    avg_pool2d_inside_and_ceil: Image<1, 6, 8> => AvgPool2d<3, 2, 4, 5, ExcludePad<Ceil<Slide<2, 1>>>>;
    avg_pool2d_divisor: Image<2, 5, 5> => AvgPool2d<2, 3, 2, 2, DivideBy<Slide<2>, 5>>;
    avg_pool1d: Matrix<2, 9> => AvgPool1d<3, 5, Slide<2, 1>>;
    avg_pool1d_ceil: Matrix<1, 8> => AvgPool1d<3, 4, Ceil<Slide<2>>>;

    lp_pool2d: Image<2, 5, 4> => LpPool2d<2, 2, 3, 2, 2, Strided<Slide, 2, 1>>;
    lp_pool2d_ceil: Image<1, 5, 4> => LpPool2d<2, 2, 2, 3, 2, Ceil<Slide<2>>>;
    lp_pool1d: Matrix<2, 6> => LpPool1d<4, 3, 4, Slide>;
    lp_pool1d_sum: Matrix<2, 6> => LpPool1d<1, 3, 4, Slide>;

    adaptive_avg_pool2d: Image<2, 7, 5> => AdaptiveAvgPool2d<3, 2>;
    adaptive_avg_pool2d_even: Image<2, 4, 6> => AdaptiveAvgPool2d<2, 3>;
    adaptive_avg_pool1d: Matrix<2, 10> => AdaptiveAvgPool1d<4>;
    adaptive_max_pool2d: Image<2, 7, 5> => AdaptiveMaxPool2d<3, 2>;
    adaptive_max_pool2d_more: Image<1, 3, 2> => AdaptiveMaxPool2d<5, 3>;
    adaptive_max_pool1d: Matrix<2, 11> => AdaptiveMaxPool1d<7>;
    adaptive_max_pool1d_wide: Matrix<1, 300> => AdaptiveMaxPool1d<1>;
    global_avg_pool2d: Image<3, 4, 5> => GlobalAvgPool2d;
    global_avg_pool1d: Matrix<3, 5> => GlobalAvgPool1d;
    global_max_pool2d: Image<3, 4, 5> => GlobalMaxPool2d;
    global_max_pool2d_wide: Image<2, 16, 17> => GlobalMaxPool2d;
    global_max_pool1d: Matrix<3, 5> => GlobalMaxPool1d;
}
