//! Updates of weights.

macro_rules! update_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{AdadeltaStep, AdagradStep, AdamStep, RmsPropStep, SgdStep, UpdateKernels};

            use $crate::body::matmul::{in_parts, takes};

            impl UpdateKernels for $token {
                $crate::kernels::methods! { $token, $features, update:
                    fn sgd(step: SgdStep, w: &mut [f32], g: &[f32]) -> ();
                    fn sgd_momentum(step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) -> ();
                    fn adam(step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) -> ();
                    fn adam_amsgrad(
                        step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], largest: &mut [f32]
                    ) -> ();
                    fn nadam(
                        step: AdamStep, gradient_size: f32, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]
                    ) -> ();
                    fn adamax(step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], u: &mut [f32]) -> ();
                    fn rmsprop(
                        step: RmsPropStep, w: &mut [f32], g: &[f32], square: &mut [f32], mean: &mut [f32],
                        buffer: &mut [f32]
                    ) -> ();
                    fn adagrad(step: AdagradStep, w: &mut [f32], g: &[f32], sum: &mut [f32]) -> ();
                    fn adadelta(
                        step: AdadeltaStep, w: &mut [f32], g: &[f32], square: &mut [f32], delta: &mut [f32]
                    ) -> ();
                }

                #[inline]
                fn sgd_linear<const K: usize, const N: usize>(
                    self,
                    step: SgdStep,
                    x: &mut [[f32; K]],
                    dy: &[[f32; N]],
                    w: &mut [[f32; N]; K],
                    scratch: &mut [f32],
                    input_gradient: bool,
                ) {
                    let samples = x.len().min(dy.len());
                    if !takes(samples) {
                        return tensorlet::Portable.sgd_linear(step, x, dy, w, scratch, input_gradient);
                    }
                    let (x, dy, w) = (x.as_flattened_mut(), dy.as_flattened(), w.as_flattened_mut());
                    if !input_gradient {
                        return descend(self, step, (samples, [K, N]), x, dy, w);
                    }
                    in_parts(
                        samples,
                        [K, N],
                        x,
                        w,
                        |sizes, w, dx| gradient(self, (samples, sizes, K), dy, w, dx),
                        |sizes, x, w| descend(self, step, (samples, sizes), x, dy, w),
                    );
                }
            }

            #[inline]
            fn descend(k: $token, step: SgdStep, sizes: (usize, [usize; 2]), x: &[f32], dy: &[f32], w: &mut [f32]) {
        $crate::kernels::entry!($token, $features, matmul::descend(k, step: SgdStep,
                    sizes: (usize, [usize; 2]), x: &[f32], dy: &[f32], w: &mut [f32]) -> ())
            }

            #[inline]
            fn gradient(k: $token, sizes: (usize, [usize; 2], usize), dy: &[f32], w: &[f32], dx: &mut [f32]) {
        $crate::kernels::entry!($token, $features, matmul::input_gradient(k,
                    sizes: (usize, [usize; 2], usize), dy: &[f32], w: &[f32], dx: &mut [f32]) -> ())
            }
        };
    };
}
pub(crate) use update_kernels;
