//! Functions of each element alone.

macro_rules! elementwise_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::{ElementwiseKernels, Function};

            impl ElementwiseKernels for $token {
                #[inline]
                fn map<F: Function>(self, f: F, x: &mut [f32]) {
                    $crate::kernels::entry!($token, $features, {F: Function} {F}
                                elementwise::map(self, f: F, x: &mut [f32]) -> ())
                }

                #[inline]
                fn map_backward<F: Function>(self, f: F, x: &mut [f32], dy: &[f32]) {
                    $crate::kernels::entry!($token, $features, {F: Function} {F}
                                elementwise::map_backward(self, f: F, x: &mut [f32], dy: &[f32]) -> ())
                }

                #[inline]
                fn gate<F: Function>(self, f: F, a: &[f32], b: &[f32], y: &mut [f32]) {
                    $crate::kernels::entry!($token, $features, {F: Function} {F}
                                elementwise::gate(self, f: F, a: &[f32], b: &[f32], y: &mut [f32]) -> ())
                }

                #[inline]
                fn gate_backward<F: Function>(self, f: F, a: &mut [f32], b: &mut [f32], dy: &[f32]) {
                    $crate::kernels::entry!($token, $features, {F: Function} {F}
                                elementwise::gate_backward(self, f: F, a: &mut [f32], b: &mut [f32], dy: &[f32]) -> ())
                }

                $crate::kernels::methods! { $token, $features, elementwise:
                    fn relu(x: &mut [f32]) -> ();
                    fn relu_masked(x: &mut [f32], mask: &mut [u32]) -> ();
                    fn relu_backward(dy: &mut [f32], mask: &[u32]) -> ();
                    fn sigmoid(x: &mut [f32]) -> ();
                    fn sigmoid_backward(y: &mut [f32], dy: &[f32]) -> ();
                    fn tanh(x: &mut [f32]) -> ();
                    fn tanh_backward(y: &mut [f32], dy: &[f32]) -> ();
                    fn add(y: &mut [f32], x: &[f32]) -> ();
                    fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) -> ();
                    fn scale(x: &mut [f32], a: f32) -> ();
                    fn divide(x: &mut [f32], a: f32) -> ();
                    fn add_gumbel(x: &mut [f32], u: &[f32]) -> ();
                    fn draw_gumbel(x: &mut [f32], seed: u64) -> ();
                }
            }
        };
    };
}
pub(crate) use elementwise_kernels;
