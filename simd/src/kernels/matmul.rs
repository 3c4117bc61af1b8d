//! Matrix products.

macro_rules! matmul_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::kernel::MatmulKernels;

            use $crate::body::{Matrix, Of};

            impl MatmulKernels for $token {
                #[inline]
                fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    if const { $crate::body::matmul::is_specialised([K, N]) } {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::matmul(self, sizes: Of<Matrix<K, N>>, a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                    } else {
                        self.matmul_flat([K, N], a, b, c);
                    }
                }

                #[inline]
                fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    if const { $crate::body::matmul::is_specialised([K, N]) } {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::matmul_nt(self, sizes: Of<Matrix<K, N>>, a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                    } else {
                        self.matmul_nt_flat([K, N], a, b, c);
                    }
                }

                #[inline]
                fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    if const { $crate::body::matmul::is_specialised([K, N]) } {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::matmul_tn(self, sizes: Of<Matrix<K, N>>, a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                    } else {
                        self.matmul_tn_flat([K, N], a, b, c);
                    }
                }

                #[inline]
                fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    $crate::kernels::entry!($token, $features,
                        matmul::matmul(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    $crate::kernels::entry!($token, $features,
                        matmul::matmul_nt(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }

                #[inline]
                fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    $crate::kernels::entry!($token, $features,
                        matmul::matmul_tn(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }
            }
        };
    };
}
pub(crate) use matmul_kernels;
