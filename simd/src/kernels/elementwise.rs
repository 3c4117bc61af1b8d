//! Functions of each element alone.

macro_rules! elementwise_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::ElementwiseKernels;

            impl ElementwiseKernels for $token {
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
