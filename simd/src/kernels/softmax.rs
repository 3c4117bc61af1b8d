//! Softmax and cross-entropy.

macro_rules! softmax_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::SoftmaxKernels;

            impl SoftmaxKernels for $token {
                const ROWS_SIDE_BY_SIDE: bool = true;

                $crate::kernels::methods! { $token, $features, softmax:
                    fn softmax(x: &mut [f32]) -> ();
                    fn softmax_rows(x: &mut [f32], len: usize) -> ();
                    fn softmax_backward(y: &mut [f32], dy: &[f32]) -> ();
                    fn log_softmax(x: &mut [f32]) -> ();
                    fn log_softmax_backward(y: &mut [f32], dy: &[f32]) -> ();
                    fn cross_entropy(x: &mut [f32], target: usize, scale: f32) -> f32;
                    fn cross_entropy_rows(x: &mut [f32], classes: usize, targets: &[usize], losses: &mut [f32]) -> ();
                }
            }
        };
    };
}
pub(crate) use softmax_kernels;
