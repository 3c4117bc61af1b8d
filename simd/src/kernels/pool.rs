//! Pooling.

macro_rules! pool_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::{
                Portable,
                kernel::{Epilogue, Pool2dDims, Pool2dShape, PoolKernels},
                math::lanes::Lanes,
            };
            use $crate::vector::Vector;

            impl PoolKernels for $token {
                #[inline]
                fn max_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32], index: &mut [u8]) {
                    if const { !$crate::body::pool::fits(G::DIMS) } {
                        return Portable.max_pool2d::<G>(x, y, index);
                    }
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features,
                        pool::max_pool2d(self, sizes: Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [u8]) -> ())
                }

                #[inline]
                fn max_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], index: &[u8], dx: &mut [f32]) {
                    if const { !$crate::body::pool::takes_max_backward(G::DIMS) } || index.len() < dy.len() {
                        return Portable.max_pool2d_backward::<G>(dy, index, dx);
                    }
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features,
                        pool::max_pool2d_backward(self, sizes: Pool2dDims, dy: &[f32], index: &[u8], dx: &mut [f32]) -> ())
                }

                #[inline]
                fn avg_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32]) {
                    if const { !$crate::body::pool::fits(G::DIMS) } {
                        return Portable.avg_pool2d::<G>(x, y);
                    }
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features,
                        pool::avg_pool2d(self, sizes: Pool2dDims, x: &[f32], y: &mut [f32]) -> ())
                }

                #[inline]
                fn avg_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], dx: &mut [f32]) {
                    if const { !$crate::body::pool::fits(G::DIMS) } {
                        return Portable.avg_pool2d_backward::<G>(dy, dx);
                    }
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features,
                        pool::avg_pool2d_backward(self, sizes: Pool2dDims, dy: &[f32], dx: &mut [f32]) -> ())
                }

                #[inline]
                fn avg_pool2d_backward_through<G: Pool2dShape>(self, through: Epilogue, dy: &[f32], x: &mut [f32]) {
                    if const { !$crate::body::pool::takes_through(G::DIMS, <<$token as Vector>::Half as Lanes>::LANES) } {
                        return Portable.avg_pool2d_backward_through::<G>(through, dy, x);
                    }
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features, pool::avg_pool2d_backward_through(
                        self, sizes: Pool2dDims, through: Epilogue, dy: &[f32], x: &mut [f32]) -> ())
                }
            }
        };
    };
}
pub(crate) use pool_kernels;
