//! Every layer alone.

use tensorlet::{
    AvgPool2d, Conv2d, Flatten, Frozen, Image, Linear, MaxPool2d, NoBias, Relu, Residual, Sigmoid, Slide, Sliding,
    Tanh, Vector,
};

use crate::gradients;

/// Two rows and one column at a time, padded by one row and two columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Oblong;

impl Sliding for Oblong {
    const STRIDE: [usize; 2] = [2, 1];
    const PADDING: [usize; 2] = [1, 2];
}

/// One row and three columns at a time, padded by one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wide;

impl Sliding for Wide {
    const STRIDE: [usize; 2] = [1, 3];
    const PADDING: [usize; 2] = [0, 1];
}

gradients! {
    linear: Vector<7> => Linear<7, 5>;
    linear_of_one: Vector<1> => Linear<1, 1>;
    linear_wide: Vector<3> => Linear<3, 19>;
    linear_without_bias: Vector<5> => Linear<5, 4, NoBias>;
    linear_of_vector_width: Vector<16> => Linear<16, 8>;

    conv2d: Image<1, 5, 5> => Conv2d<1, 2, 3, 3, 3, 3>;
    conv2d_padded: Image<2, 4, 5> => Conv2d<2, 3, 3, 3, 4, 5, Slide<1, 1>>;
    conv2d_strided: Image<2, 7, 9> => Conv2d<2, 2, 3, 3, 4, 5, Slide<2, 1>>;
    conv2d_stride_three: Image<1, 8, 10> => Conv2d<1, 2, 3, 3, 4, 4, Slide<3, 2>>;
    conv2d_point: Image<3, 3, 2> => Conv2d<3, 4, 1, 1, 3, 2>;
    conv2d_rectangular: Image<2, 5, 6> => Conv2d<2, 3, 2, 4, 3, 7, Oblong>;
    conv2d_wide: Image<1, 4, 11> => Conv2d<1, 2, 4, 2, 1, 4, Wide>;
    conv2d_without_bias: Image<2, 5, 4> => Conv2d<2, 5, 3, 2, 5, 5, Slide<1, 1>, NoBias>;
    conv2d_padding_reaches_the_kernel: Image<1, 3, 3> => Conv2d<1, 2, 2, 2, 6, 6, Slide<1, 2>>;

    max_pool2d: Image<2, 4, 6> => MaxPool2d<2, 2, 2, 3, Slide<2>>;
    max_pool2d_odd: Image<2, 5, 7> => MaxPool2d<2, 2, 2, 3, Slide<2>>;
    max_pool2d_overlapping: Image<2, 5, 6> => MaxPool2d<3, 3, 3, 4, Slide<1, 0>>;
    max_pool2d_padded: Image<3, 5, 5> => MaxPool2d<3, 3, 3, 3, Slide<2, 1>>;
    max_pool2d_gaps: Image<1, 8, 7> => MaxPool2d<2, 2, 3, 2, Slide<3, 0>>;
    max_pool2d_rectangular: Image<2, 5, 6> => MaxPool2d<2, 4, 3, 7, Oblong>;

    avg_pool2d: Image<2, 4, 6> => AvgPool2d<2, 2, 2, 3, Slide<2>>;
    avg_pool2d_overlapping: Image<2, 5, 6> => AvgPool2d<3, 3, 3, 4, Slide<1, 0>>;
    avg_pool2d_padded: Image<3, 5, 5> => AvgPool2d<3, 3, 3, 3, Slide<2, 1>>;
    avg_pool2d_gaps: Image<1, 8, 7> => AvgPool2d<2, 2, 3, 2, Slide<3, 0>>;
    avg_pool2d_rectangular: Image<2, 5, 6> => AvgPool2d<2, 4, 3, 7, Oblong>;

    relu: Vector<37> => Relu;
    relu_of_image: Image<2, 3, 5> => Relu;
    sigmoid: Vector<19> => Sigmoid;
    tanh: Image<1, 3, 7> => Tanh;
    flatten: Image<2, 3, 2> => Flatten<12>;

    residual: Vector<6> => Residual<Linear<6, 6>>;
    frozen: Vector<6> => Frozen<Linear<6, 4>>;
}
