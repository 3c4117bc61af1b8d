//! Pooling.

macro_rules! pool_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{Pool2dDims, Pool2dShape, PoolKernels};

            impl PoolKernels for $token {
                $crate::kernels::sized_methods! { $token, $features, Pool2dShape, Pool2dDims, pool:
                    fn max_pool2d(x: &[f32], y: &mut [f32], index: &mut [u8]);
                    fn avg_pool2d(x: &[f32], y: &mut [f32]);
                    fn avg_pool2d_backward(dy: &[f32], dx: &mut [f32]);
                }
            }
        };
    };
}
pub(crate) use pool_kernels;
