//! Normalisation.

macro_rules! norm_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::NormKernels;

            impl NormKernels for $token {}
        };
    };
}
pub(crate) use norm_kernels;
