//! Reductions.

macro_rules! reduce_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::ReduceKernels;

            impl ReduceKernels for $token {
                $crate::kernels::methods! { $token, $features, reduce:
                    fn sum(x: &[f32]) -> f32;
                    fn max(x: &[f32]) -> f32;
                    fn dot(a: &[f32], b: &[f32]) -> f32;
                    fn argmax(x: &[f32]) -> usize;
                    fn one_hot_max(len: usize, x: &[f32], y: &mut [f32]) -> ();
                }
            }
        };
    };
}
pub(crate) use reduce_kernels;
