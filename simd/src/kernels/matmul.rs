//! Matrix products.

macro_rules! matmul_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::{
                kernel::{Epilogue, MatmulKernels},
                math::lanes::Lanes,
            };

            use $crate::body::{
                Matrix, Of,
                matmul::{Product, Products, is_large, is_narrow, is_specialised, rows, sums},
            };

            impl MatmulKernels for $token {
                #[inline]
                fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
                    let rows = a.len().min(c.len());
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    if const { K == 4 && N == 4 } {
                        let b = four(b);
                        $crate::kernels::entry!($token, $features,
                            matmul::add_fours(self, a: &[f32], b: &[[f32; 4]; 4], c: &mut [f32]) -> ())
                    } else if const { is_specialised(None, [K, N]) } && is_specialised(Some(rows), [K, N]) {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                                    matmul::matmul(self, rows: usize, sizes: Of<Matrix<K, N>>, a: &[f32], b: &[f32],
                                        c: &mut [f32]) -> ())
                    } else {
                        matmul(self, rows, [K, N], a, b, c);
                    }
                }

                #[inline]
                fn matmul_nt<const K: usize, const N: usize>(
                    self,
                    a: &[[f32; N]],
                    b: &[[f32; N]; K],
                    c: &mut [[f32; K]],
                ) {
                    let rows = a.len().min(c.len());
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    matmul_nt(self, rows, [K, N], a, b, c);
                }

                #[inline]
                fn matmul_tn<const K: usize, const N: usize>(
                    self,
                    a: &[[f32; K]],
                    b: &[[f32; N]],
                    c: &mut [[f32; N]; K],
                ) {
                    let rows = a.len().min(b.len());
                    let (a, b, c) = (a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
                    if const { is_specialised(None, [K, N]) } && is_specialised(Some(K), [K, N]) {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                                    matmul::matmul_tn(self, rows: usize, sizes: Of<Matrix<K, N>>, a: &[f32], b: &[f32],
                                        c: &mut [f32]) -> ())
                    } else {
                        matmul_tn(self, rows, [K, N], a, b, c);
                    }
                }

                #[inline]
                fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    let [inner, columns] = sizes;
                    matmul(self, rows([a.len(), inner], [c.len(), columns]), sizes, a, b, c);
                }

                #[inline]
                fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    let [columns, inner] = sizes;
                    matmul_nt(self, rows([a.len(), inner], [c.len(), columns]), sizes, a, b, c);
                }

        #[inline]
        fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                    let [inner, columns] = sizes;
            matmul_tn(self, rows([a.len(), inner], [b.len(), columns]), sizes, a, b, c);
        }

                #[inline]
                fn linear<const K: usize, const N: usize>(
                    self,
                    x: &[[f32; K]],
                    w: &[[f32; N]; K],
                    bias: &[f32],
                    then: Epilogue,
                    y: &mut [[f32; N]],
                ) {
                    let rows = x.len().min(y.len());
                    let (x, w, y) = (x.as_flattened(), w.as_flattened(), y.as_flattened_mut());
                    let how = (rows, bias, then);
                    if const { K == 4 && N == 4 } && bias.is_empty() && then.is_identity() {
                        let b = four(w);
                        $crate::kernels::entry!($token, $features,
                            matmul::fours(self, x: &[f32], b: &[[f32; 4]; 4], y: &mut [f32]) -> ())
                    } else if const { is_specialised(None, [K, N]) }
                        && is_specialised(Some(rows), [K, N])
                        && bias.is_empty()
                        && then.is_identity()
                    {
                        let (sizes, b) = (Of::<Matrix<K, N>>::NEW, w);
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::product(self, rows: usize, sizes: Of<Matrix<K, N>>, x: &[f32], b: &[f32],
                                y: &mut [f32]) -> ())
                    } else if const { is_specialised(None, [K, N]) } && is_specialised(Some(rows), [K, N]) {
                        let sizes = Of::<Matrix<K, N>>::NEW;
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::linear(self, sizes: Of<Matrix<K, N>>, how: (usize, &[f32], Epilogue), x: &[f32],
                                w: &[f32], y: &mut [f32]) -> ())
                    } else if const { is_narrow(<$token as Lanes>::LANES, [K, N]) } && rows == 1 {
                        let (sizes, how) = (Of::<Matrix<K, N>>::NEW, (bias, then));
                        $crate::kernels::entry!($token, $features, {const K: usize, const N: usize} {K, N}
                            matmul::narrow(self, sizes: Of<Matrix<K, N>>, how: (&[f32], Epilogue), x: &[f32],
                                w: &[f32], y: &mut [f32]) -> ())
                    } else {
                        linear(self, [K, N], how, x, w, y);
                    }
                }

                #[inline]
                fn linear_flat(
                    self,
                    sizes: [usize; 2],
                    x: &[f32],
                    w: &[f32],
                    bias: &[f32],
                    then: Epilogue,
                    y: &mut [f32],
                ) {
                    let [inner, columns] = sizes;
                    let rows = rows([x.len(), inner], [y.len(), columns]);
                    linear(self, sizes, (rows, bias, then), x, w, y);
                }
            }

            impl Products for $token {
                unsafe fn multiply(self, p: &Product) {
                    #[target_feature(enable = $features)]
                    unsafe fn entry(k: $token, p: &Product) {
                        // SAFETY: the caller's, passed on.
                        unsafe { sums(k, *p) }
                    }
                    // SAFETY: the token proves that the processor has the features that `entry` is built for;
                    // the rest is the caller's, passed on.
                    unsafe { entry(self, p) }
                }
            }

            /// A matrix of four by four, which it is where this is called.
            #[inline(always)]
            fn four(b: &[f32]) -> &[[f32; 4]; 4] {
                const ZERO: &[[f32; 4]; 4] = &[[0.0; 4]; 4];
                b.as_chunks().0.first_chunk().unwrap_or(ZERO)
            }

            #[inline]
            fn linear(
                k: $token,
                sizes: [usize; 2],
                how: (usize, &[f32], Epilogue),
                x: &[f32],
                w: &[f32],
                y: &mut [f32],
            ) {
                if is_large(how.0, sizes) {
                    $crate::kernels::entry!($token, $features, matmul::linear_large(k, sizes: [usize; 2],
                        how: (usize, &[f32], Epilogue), x: &[f32], w: &[f32], y: &mut [f32]) -> ())
                } else {
                    $crate::kernels::entry!($token, $features, matmul::linear(k, sizes: [usize; 2],
                        how: (usize, &[f32], Epilogue), x: &[f32], w: &[f32], y: &mut [f32]) -> ())
                }
            }

            #[inline]
            fn matmul(k: $token, rows: usize, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                if is_large(rows, sizes) {
            $crate::kernels::entry!($token, $features, matmul::matmul_large(k, rows: usize,
                        sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                } else {
                    $crate::kernels::entry!($token, $features, matmul::matmul(k, rows: usize,
                                sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
                }
    }

            #[inline]
            fn matmul_nt(k: $token, rows: usize, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                $crate::kernels::entry!($token, $features, matmul::matmul_nt(k, rows: usize,
                            sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
            }

            #[inline]
            fn matmul_tn(k: $token, rows: usize, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
                $crate::kernels::entry!($token, $features, matmul::matmul_tn(k, rows: usize,
                            sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> ())
            }
        };
    };
}
pub(crate) use matmul_kernels;
