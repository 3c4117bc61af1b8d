//! Normalisation.

macro_rules! norm_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{NormKernels, RowNorm, Standard};

            impl NormKernels for $token {
                $crate::kernels::methods! { $token, $features, norm:
                    fn deviations(x: &[f32], mean: f32) -> [f32; 2];
                    fn dot_deviations(x: &[f32], dy: &[f32], mean: f32) -> f32;
                    fn standardize(x: &mut [f32], mean: f32, scale: f32, shift: f32) -> ();
                    fn standardize_backward(x: &mut [f32], dy: &[f32], mean: f32, factors: [f32; 3]) -> ();
                    fn layer_norm(x: &mut [f32], standard: Standard, weight: &[f32], bias: &[f32]) -> ();
                    fn layer_norm_backward(
                        x: &mut [f32], dy: &[f32], standard: Standard, centered: bool, weight: &[f32], dweight: &mut [f32]
                    ) -> ();
                    fn layer_norm_rows(norm: RowNorm<'_>, x: Option<&[f32]>, y: &mut [f32]) -> ();
                    fn layer_norm_rows_backward(
                        norm: RowNorm<'_>, x: &mut [f32], dy: &[f32], dweight: &mut [f32], dbias: &mut [f32]
                    ) -> ();
                }
            }
        };
    };
}
pub(crate) use norm_kernels;
