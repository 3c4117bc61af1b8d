//! Convolutions.

macro_rules! conv_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{Conv2dDims, Conv2dShape, ConvKernels};

            impl ConvKernels for $token {
                $crate::kernels::sized_methods! { $token, $features, Conv2dShape, Conv2dDims, conv:
                    fn conv2d(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]);
                    fn conv2d_input_gradient(dy: &[f32], weight: &[f32], dx: &mut [f32]);
                    fn conv2d_weight_gradient(x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]);
                }
            }
        };
    };
}
pub(crate) use conv_kernels;
