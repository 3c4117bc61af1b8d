//! Updates of weights.

macro_rules! update_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{AdamStep, SgdStep, UpdateKernels};

            impl UpdateKernels for $token {
                $crate::kernels::methods! { $token, $features, update:
                    fn sgd(step: SgdStep, w: &mut [f32], g: &[f32]) -> ();
                    fn sgd_momentum(step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) -> ();
                    fn adam(step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) -> ();
                }
            }
        };
    };
}
pub(crate) use update_kernels;
