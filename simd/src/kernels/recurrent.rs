//! Gates of recurrent cells.

macro_rules! recurrent_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::RecurrentKernels;

            impl RecurrentKernels for $token {}
        };
    };
}
pub(crate) use recurrent_kernels;
