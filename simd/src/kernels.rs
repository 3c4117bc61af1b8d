//! The kernel families for a token: a typed shell around bodies that take their sizes as numbers.
//!
//! The bodies are compiled once per instruction set, in this crate, whatever the number of shapes
//! in a program.

/// Implements all families of [`tensorlet::kernel`] for a token.
macro_rules! kernels {
    ($token:ty, $features:literal, $name:literal) => {
        const _: () = {
            use tensorlet::{
                Portable,
                kernel::{
                    AdamStep, Conv2dDims, Conv2dShape, ConvKernels, ElementwiseKernels, Kernels, MatmulKernels, NormKernels,
                    Pool2dDims, Pool2dShape, PoolKernels, RecurrentKernels, ReduceKernels, SgdStep, SoftmaxKernels, UpdateKernels,
                },
            };

            use $crate::kernels::{entry, methods, sized_methods};

            impl Kernels for $token {
                const NAME: &'static str = $name;
            }

            impl MatmulKernels for $token {
                #[inline]
                fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    entry!($token, $features, matmul::matmul(self, [K, N]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    entry!($token, $features, matmul::matmul_nt(self, [K, N]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    entry!($token, $features, matmul::matmul_tn(self, [K, N]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    entry!($token, $features, matmul::matmul(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    entry!($token, $features, matmul::matmul_nt(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    entry!($token, $features, matmul::matmul_tn(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }
            }

            impl ConvKernels for $token {
                sized_methods! { $token, $features, Conv2dShape, Conv2dDims, conv:
                    fn conv2d(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]);
                    fn conv2d_input_gradient(dy: &[f32], weight: &[f32], dx: &mut [f32]);
                    fn conv2d_weight_gradient(x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]);
                }
            }

            impl PoolKernels for $token {
                sized_methods! { $token, $features, Pool2dShape, Pool2dDims, pool:
                    fn max_pool2d(x: &[f32], y: &mut [f32], index: &mut [u8]);
                    fn avg_pool2d(x: &[f32], y: &mut [f32]);
                    fn avg_pool2d_backward(dy: &[f32], dx: &mut [f32]);
                }
            }

            impl ElementwiseKernels for $token {
                methods! { $token, $features, elementwise:
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
                }
            }

            impl RecurrentKernels for $token {}

            impl ReduceKernels for $token {
                methods! { $token, $features, reduce:
                    fn sum(x: &[f32]) -> f32;
                    fn max(x: &[f32]) -> f32;
                    fn dot(a: &[f32], b: &[f32]) -> f32;
                    fn argmax(x: &[f32]) -> usize;
                }
            }

            impl SoftmaxKernels for $token {
                methods! { $token, $features, softmax:
                    fn softmax(x: &mut [f32]) -> ();
                    fn cross_entropy(x: &mut [f32], target: usize, scale: f32) -> f32;
                }
            }

            impl NormKernels for $token {}

            impl UpdateKernels for $token {
                methods! { $token, $features, update:
                    fn sgd(step: SgdStep, w: &mut [f32], g: &[f32]) -> ();
                    fn sgd_momentum(step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) -> ();
                    fn adam(step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) -> ();
                }
            }
        };
    };
}
pub(crate) use kernels;

/// Calls a body inside a function that is compiled for the instruction set.
macro_rules! entry {
    ($token:ty, $features:literal, $family:ident::$name:ident($self:ident $(, $value:tt: $type:ty)*) -> $ret:ty) => {
        $crate::kernels::entry!(@ $token, $features, $family::$name, $self, $ret, [$($value: $type),*] [a b c d e] [])
    };
    // Gives each argument a name for the parameter.
    (@ $token:ty, $features:literal, $family:ident::$name:ident, $self:ident, $ret:ty,
     [$value:tt: $type:ty $(, $more:tt: $more_type:ty)*] [$p:ident $($ps:ident)*] [$($done:tt)*]) => {
        $crate::kernels::entry!(@ $token, $features, $family::$name, $self, $ret,
            [$($more: $more_type),*] [$($ps)*] [$($done)* ($p: $type = $value)])
    };
    (@ $token:ty, $features:literal, $family:ident::$name:ident, $self:ident, $ret:ty,
     [] $unused:tt [$(($p:ident: $type:ty = $value:tt))*]) => {{
        #[target_feature(enable = $features)]
        fn entry(token: $token, $($p: $type),*) -> $ret {
            $crate::body::$family::$name(token, $($p),*)
        }
        // SAFETY: the token proves that the processor has the features that `entry` is built for.
        unsafe { entry($self, $($value),*) }
    }};
}
pub(crate) use entry;

/// Methods that enter the body of the same name.
macro_rules! methods {
    ($token:ty, $features:literal, $family:ident: $(fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty;)*) => {$(
        #[inline]
        fn $name(self, $($arg: $type),*) -> $ret {
            entry!($token, $features, $family::$name(self $(, $arg: $type)*) -> $ret)
        }
    )*};
}
pub(crate) use methods;

/// Methods that enter the body of the same name with the sizes of their shape, or go the portable
/// way where the sizes are beyond what the bodies take.
macro_rules! sized_methods {
    ($token:ty, $features:literal, $shape:ident, $dims:ident, $family:ident:
        $(fn $name:ident($($arg:ident: $type:ty),*);)*) => {$(
        #[inline]
        fn $name<G: $shape>(self, $($arg: $type),*) {
            if const { $crate::body::$family::fits(G::DIMS) } {
                let dims = G::DIMS;
                entry!($token, $features, $family::$name(self, dims: $dims $(, $arg: $type)*) -> ())
            } else {
                Portable.$name::<G>($($arg),*)
            }
        }
    )*};
}
pub(crate) use sized_methods;
