//! Matrix products.

use super::{ElementwiseKernels, Epilogue, samples, samples_mut};

/// Matrix products on row-major matrices. Those called `matmul` accumulate: `C += op(A) · op(B)`.
///
/// One dimension of each product is the batch, known at run time only; the others are constants. The
/// `…_flat` forms take them as numbers: stable Rust cannot name the type of a matrix of `4 · H`
/// columns, as an LSTM's weights are; one copy of their code serves all sizes. A slice that is too short for its sizes counts as far as it goes
/// in the portable bodies, and not at all in others.
/// The sums run over the inner dimension in order, one term at a time, in [`Portable`](super::Portable).
pub trait MatmulKernels: ElementwiseKernels {
    /// `c[m][n] += Σ_k a[m][k] b[k][n]` for all rows of `a` and `c`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [[10.0, 0.0]];
    /// Portable.matmul(&[[1.0, 2.0]], &[[3.0, 4.0], [5.0, 6.0]], &mut c);
    /// assert_eq!(c, [[23.0, 16.0]]);
    /// ```
    #[inline]
    fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
        for (a, c) in a.iter().zip(c) {
            for (&a, b) in a.iter().zip(b) {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// `c[m][k] += Σ_n a[m][n] b[k][n]`: the second factor transposed.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [[0.0, 0.0]];
    /// Portable.matmul_nt(&[[1.0, 2.0]], &[[3.0, 4.0], [5.0, 6.0]], &mut c);
    /// assert_eq!(c, [[11.0, 17.0]]);
    /// ```
    #[inline]
    fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
        for (a, c) in a.iter().zip(c) {
            for (b, c) in b.iter().zip(c) {
                for (&a, &b) in a.iter().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// `c[k][n] += Σ_m a[m][k] b[m][n]`: the first factor transposed, summed over the batch.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [[0.0, 0.0]; 2];
    /// Portable.matmul_tn(&[[1.0, 2.0]], &[[3.0, 4.0]], &mut c);
    /// assert_eq!(c, [[3.0, 4.0], [6.0, 8.0]]);
    /// ```
    #[inline]
    fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
        for (a, b) in a.iter().zip(b) {
            for (&a, c) in a.iter().zip(c.iter_mut()) {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// [`matmul`](Self::matmul) with `b` of `inner` rows and `columns` columns.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [10.0, 0.0];
    /// Portable.matmul_flat([2, 2], &[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0], &mut c);
    /// assert_eq!(c, [23.0, 16.0]);
    /// ```
    #[inline(never)]
    fn matmul_flat(self, [inner, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        for (a, c) in samples(a, inner).zip(samples_mut(c, columns)) {
            for (&a, b) in a.iter().zip(samples(b, columns)) {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// [`matmul_nt`](Self::matmul_nt) with `b` of `columns` rows and `inner` columns.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [0.0, 0.0];
    /// Portable.matmul_nt_flat([2, 2], &[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0], &mut c);
    /// assert_eq!(c, [11.0, 17.0]);
    /// ```
    #[inline(never)]
    fn matmul_nt_flat(self, [columns, inner]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        for (a, c) in samples(a, inner).zip(samples_mut(c, columns)) {
            for (b, c) in samples(b, inner).zip(c) {
                for (&a, &b) in a.iter().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// [`matmul_tn`](Self::matmul_tn) with `c` of `rows` rows and `columns` columns.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::MatmulKernels};
    /// let mut c = [0.0; 4];
    /// Portable.matmul_tn_flat([2, 2], &[1.0, 2.0], &[3.0, 4.0], &mut c);
    /// assert_eq!(c, [3.0, 4.0, 6.0, 8.0]);
    /// ```
    #[inline(never)]
    fn matmul_tn_flat(self, [rows, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        for (a, b) in samples(a, rows).zip(samples(b, columns)) {
            for (&a, c) in a.iter().zip(samples_mut(c, columns)) {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c += a * b;
                }
            }
        }
    }

    /// `y[m][n] = then(bias[n] + Σ_k x[m][k] w[k][n])` for all rows of `x`, of which `y` has as many: a fully
    /// connected layer with the activation behind it. A bias that is not wanted is empty.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{Epilogue, MatmulKernels}};
    /// let (w, mut y) = ([[3.0, 4.0], [5.0, -6.0]], [[f32::NAN; 2]]);
    /// Portable.linear(&[[1.0, 2.0]], &w, &[10.0, 0.0], Epilogue::Relu, &mut y);
    /// assert_eq!(y, [[23.0, 0.0]]);
    /// ```
    #[inline(always)]
    fn linear<const K: usize, const N: usize>(
        self,
        x: &[[f32; K]],
        w: &[[f32; N]; K],
        bias: &[f32],
        then: Epilogue,
        y: &mut [[f32; N]],
    ) {
        for y in y.iter_mut() {
            begin(bias, y);
        }
        self.matmul(x, w, y);
        then.apply(self, y.as_flattened_mut());
    }

    /// [`linear`](Self::linear) with `w` of `inner` rows and `columns` columns.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{Epilogue, MatmulKernels}};
    /// let mut y = [f32::NAN; 2];
    /// Portable.linear_flat([2, 2], &[1.0, 2.0], &[3.0, 4.0, 5.0, -6.0], &[], Epilogue::Identity, &mut y);
    /// assert_eq!(y, [13.0, -8.0]);
    /// ```
    #[inline(always)]
    fn linear_flat(self, sizes: [usize; 2], x: &[f32], w: &[f32], bias: &[f32], then: Epilogue, y: &mut [f32]) {
        let [_, columns] = sizes;
        for y in samples_mut(y, columns) {
            begin(bias, y);
        }
        self.matmul_flat(sizes, x, w, y);
        then.apply(self, y);
    }
}

/// Writes a bias, or zeros where there is none, into a row.
#[inline(always)]
fn begin(bias: &[f32], row: &mut [f32]) {
    if bias.is_empty() {
        row.fill(0.0);
        return;
    }
    for (to, bias) in row.iter_mut().zip(bias) {
        *to = *bias;
    }
}
