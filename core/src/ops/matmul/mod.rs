//! Matrix products of whole tensors.

mod addmm;
mod named;

pub use addmm::{addmm, addmm_backward};
pub use named::{bmm, dot, mm, mv, mv_backward, outer, outer_backward};

use super::{
    Gradient,
    nest::{Nest, broadcast, from, from_mut, gradient, steps, strides},
};
use crate::{
    Shape, Tensor,
    kernel::Kernels,
    message::{Part, fail},
};

const RANK: usize = Shape::MAX_RANK;

/// Which factors come transposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Plain,
    /// `aᵀ b`.
    First,
    /// `a bᵀ`.
    Second,
    /// `aᵀ bᵀ`.
    Both,
}

/// The products of two tensors as their matrices: `rows × inner` by `inner × columns`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// The loops over batches, through both factors and the result.
    batch: Nest<3>,
    rows: usize,
    inner: usize,
    columns: usize,
}

impl Product {
    /// Rows of the first factor, elements that are summed, columns of the second factor.
    pub(crate) const fn sizes(&self) -> [usize; 3] {
        [self.rows, self.inner, self.columns]
    }

    /// Calls `f` with each matrix of the factors and the result.
    #[inline(always)]
    pub(crate) fn for_each<T>(&self, a: &[T], b: &[T], y: &mut [T], mut f: impl FnMut(&[T], &[T], &mut [T])) {
        let steps = self.batch.row_steps();
        self.batch.rows(|offsets| {
            for i in 0..self.batch.row() {
                let at = |operand: usize, len: usize| -> core::ops::Range<usize> {
                    let start = offsets.get(operand).unwrap_or(&0) + i * steps.get(operand).unwrap_or(&0);
                    start..start + len
                };
                let (a, b) = (a.get(at(0, self.rows * self.inner)), b.get(at(1, self.inner * self.columns)));
                if let (Some(a), Some(b), Some(y)) = (a, b, y.get_mut(at(2, self.rows * self.columns))) {
                    f(a, b, y);
                }
            }
        });
    }
}

/// The last dimension but `i`, and 1 where a vector has none.
const fn last(shape: Shape, i: usize) -> usize {
    if i < shape.rank() { shape.dim(shape.rank() - 1 - i) } else { 1 }
}

/// The dimensions in front of the matrices.
const fn batches(shape: Shape) -> Shape {
    let rank = shape.rank().saturating_sub(2);
    Shape::new(shape.dims().split_at(rank).0)
}

/// The product of `A` and `B`. Fails to compile unless the shapes fit and give that of `Y`.
///
/// As in PyTorch a vector on the left is a row, one on the right a column, and the result lacks that
/// dimension; batches are broadcast to each other.
pub(crate) const fn product<A: Tensor, B: Tensor, Y: Tensor>(operation: &str, form: Form) -> Product {
    let (a, b) = (A::SHAPE, B::SHAPE);
    let (a_vector, b_vector) = (a.rank() == 1, b.rank() == 1);
    let turned_a = !a_vector && matches!(form, Form::First | Form::Both);
    let turned_b = !b_vector && matches!(form, Form::Second | Form::Both);
    let (rows, a_inner) = if turned_a { (last(a, 0), last(a, 1)) } else { (last(a, 1), last(a, 0)) };
    let (b_inner, columns) = if b_vector {
        (last(b, 0), 1)
    } else if turned_b {
        (last(b, 0), last(b, 1))
    } else {
        (last(b, 1), last(b, 0))
    };
    let batch = broadcast(batches(a), batches(b));
    let batch = match batch {
        Some(batch) if a.rank() > 0 && b.rank() > 0 && a_inner == b_inner => batch,
        _ => fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` cannot multiply tensors of shapes "),
            Part::Shape(a),
            Part::Text(" and "),
            Part::Shape(b),
        ]),
    };
    let (mut dims, mut rank) = ([1; RANK], 0);
    while rank < batch.rank() {
        dims[rank] = batch.dim(rank);
        rank += 1;
    }
    if !a_vector {
        dims[rank] = rows;
        rank += 1;
    }
    if !b_vector {
        dims[rank] = columns;
        rank += 1;
    }
    let expected = Shape::new(dims.split_at(rank).0);
    if !Y::SHAPE.equals(&expected) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of tensors of shapes "),
            Part::Shape(a),
            Part::Text(" and "),
            Part::Shape(b),
            Part::Text(" gives shape "),
            Part::Shape(expected),
            Part::Text(", not "),
            Part::Shape(Y::SHAPE),
        ]);
    }
    let a = times(strides(batches(a), batch), rows * a_inner);
    let b = times(strides(batches(b), batch), a_inner * columns);
    let y = times(strides(batch, batch), rows * columns);
    Product { batch: Nest::new(batch.dims(), &steps([a, b, y])), rows, inner: a_inner, columns }
}

const fn times(mut strides: [usize; RANK], len: usize) -> [usize; RANK] {
    let mut i = 0;
    while i < RANK {
        strides[i] *= len;
        i += 1;
    }
    strides
}

/// `c += op(a) op(b)` of one matrix. All matrices may be followed by others.
#[inline]
fn one<K: Kernels>(k: K, form: Form, [rows, inner, columns]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) {
    let cut = |x: &[f32], len: usize| -> usize { len.min(x.len()) };
    let a = a.get(..cut(a, rows * inner)).unwrap_or_default();
    let b = b.get(..cut(b, inner * columns)).unwrap_or_default();
    let end = cut(c, rows * columns);
    let c = c.get_mut(..end).unwrap_or_default();
    match form {
        // A matrix by a column is as many products of rows.
        Form::Plain if columns == 1 => k.matmul_nt_flat([1, inner], a, b, c),
        Form::Plain => k.matmul_flat([inner, columns], a, b, c),
        Form::First => k.matmul_tn_flat([rows, columns], a, b, c),
        Form::Second => k.matmul_nt_flat([columns, inner], a, b, c),
        Form::Both => both_turned([rows, inner, columns], a, b, c),
    }
}

/// `c[i][j] += Σ_l a[l][i] b[j][l]`.
fn both_turned([rows, inner, columns]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) {
    let mut at = 0;
    for i in 0..rows {
        for j in 0..columns {
            let (column, row) = (from(a, i), from(b, j * inner));
            let mut sum = 0.0;
            let mut l = 0;
            for b in row.iter().take(inner) {
                sum += column.get(l).copied().unwrap_or_default() * b;
                l += rows;
            }
            if let Some(c) = c.get_mut(at) {
                *c += sum;
            }
            at += 1;
        }
    }
}

impl Product {
    /// Calls `f` with the offsets of each pair of matrices and of their product.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut([usize; 3])) {
        let (len, steps) = (self.batch.row(), self.batch.row_steps());
        self.batch.rows(|mut at| {
            for _ in 0..len {
                f(at);
                for (at, step) in at.iter_mut().zip(steps) {
                    *at += step;
                }
            }
        });
    }

    /// `y += op(a) op(b)`.
    #[inline]
    fn forward<K: Kernels>(&self, k: K, form: Form, a: &[f32], b: &[f32], y: &mut [f32]) {
        let Self { rows, inner, columns, .. } = *self;
        self.each(|[a_at, b_at, y_at]| {
            one(k, form, [rows, inner, columns], from(a, a_at), from(b, b_at), from_mut(y, y_at));
        });
    }

    /// Adds to the gradients of both factors.
    #[inline]
    fn backward<K: Kernels>(&self, k: K, form: Form, [a, b, dy]: [&[f32]; 3], da: &mut [f32], db: &mut [f32]) {
        let Self { rows, inner, columns, .. } = *self;
        self.each(|[a_at, b_at, y_at]| {
            let (a, b, dy) = (from(a, a_at), from(b, b_at), from(dy, y_at));
            if !da.is_empty() {
                let da = from_mut(da, a_at);
                match form {
                    Form::Plain => one(k, Form::Second, [rows, columns, inner], dy, b, da),
                    Form::First => one(k, Form::Second, [inner, columns, rows], b, dy, da),
                    Form::Second => one(k, Form::Plain, [rows, columns, inner], dy, b, da),
                    Form::Both => one(k, Form::Both, [inner, columns, rows], b, dy, da),
                }
            }
            if !db.is_empty() {
                let db = from_mut(db, b_at);
                match form {
                    Form::Plain => one(k, Form::First, [inner, rows, columns], a, dy, db),
                    Form::First => one(k, Form::Plain, [inner, rows, columns], a, dy, db),
                    Form::Second => one(k, Form::First, [columns, rows, inner], dy, a, db),
                    Form::Both => one(k, Form::Both, [columns, rows, inner], dy, a, db),
                }
            }
        });
    }
}

macro_rules! product {
    ($form:ident; $(#[$doc:meta])* $name:ident; $(#[$doc_backward:meta])* $backward:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, A, B, Y>(k: K, a: &A, b: &B, y: &mut Y)
        where
            K: Kernels,
            A: Tensor<Elem = f32>,
            B: Tensor<Elem = f32>,
            Y: Tensor<Elem = f32>,
        {
            let product = const { &product::<A, B, Y>(stringify!($name), Form::$form) };
            y.elements_mut().fill(0.0);
            product.forward(k, Form::$form, a.elements(), b.elements(), y.elements_mut());
        }

        $(#[$doc_backward])*
        #[inline]
        pub fn $backward<K, A, B, Y, DA, DB>(k: K, a: &A, b: &B, dy: &Y, da: &mut DA, db: &mut DB)
        where
            K: Kernels,
            A: Tensor<Elem = f32>,
            B: Tensor<Elem = f32>,
            Y: Tensor<Elem = f32>,
            DA: Gradient,
            DB: Gradient,
        {
            const {
                gradient::<A, DA>(stringify!($backward));
                gradient::<B, DB>(stringify!($backward));
            }
            let product = const { &product::<A, B, Y>(stringify!($backward), Form::$form) };
            product.backward(k, Form::$form, [a.elements(), b.elements(), dy.elements()], da.slot(), db.slot());
        }
    };
}

product! { Plain;
    /// The matrix product `y = a b`: PyTorch's `torch.matmul`.
    ///
    /// The last two dimensions are matrices, those before them batches, which are broadcast to each other.
    /// A vector on the left is a row, one on the right a column, and the result lacks that dimension.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let a = [[1.0, 2.0], [3.0, 4.0]];
    /// let (mut matrix, mut vector, mut number) = ([[0.0; 1]; 2], [0.0; 2], 0.0);
    /// ops::matmul(Portable, &a, &[[5.0], [6.0]], &mut matrix);
    /// ops::matmul(Portable, &a, &[5.0, 6.0], &mut vector);
    /// ops::matmul(Portable, &[1.0, 2.0], &[5.0, 6.0], &mut number);
    /// assert_eq!((matrix, vector, number), ([[17.0], [39.0]], [17.0, 39.0], 17.0));
    ///
    /// // The same matrix for each of a batch.
    /// let mut batch = [[[0.0; 2]; 2]; 3];
    /// ops::matmul(Portable, &[a; 3], &[[0.0, 1.0], [1.0, 0.0]], &mut batch);
    /// assert_eq!(batch, [[[2.0, 1.0], [4.0, 3.0]]; 3]);
    /// ```
    matmul;

    /// The gradients of [`matmul`]: `da += ∂L/∂y bᵀ` and `db += aᵀ ∂L/∂y`, summed over what was
    /// broadcast.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([0.0; 2], [0.0; 2]);
    /// ops::matmul_backward(Portable, &[1.0, 2.0], &[5.0, 6.0], &1.0, &mut da, &mut db);
    /// assert_eq!((da, db), ([5.0, 6.0], [1.0, 2.0]));
    /// ```
    matmul_backward
}

product! { First;
    /// `y = aᵀ b`, with the last two dimensions of `a` in the other order, PyTorch's `a.mT @ b`; else as
    /// [`matmul`].
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0.0; 1]; 2];
    /// ops::matmul_tn(Portable, &[[1.0, 3.0], [2.0, 4.0]], &[[5.0], [6.0]], &mut y);
    /// assert_eq!(y, [[17.0], [39.0]]);
    /// ```
    matmul_tn;

    /// The gradients of [`matmul_tn`]: `da += b ∂L/∂yᵀ` and `db += a ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut db = [[0.0; 1]; 2];
    /// ops::matmul_tn_backward(Portable, &[[1.0], [2.0]], &[[5.0], [6.0]], &[[1.0]], &mut (), &mut db);
    /// assert_eq!(db, [[1.0], [2.0]]);
    /// ```
    matmul_tn_backward
}

product! { Second;
    /// `y = a bᵀ`, with the last two dimensions of `b` in the other order, PyTorch's `a @ b.mT`; else as
    /// [`matmul`].
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0.0; 1]; 2];
    /// ops::matmul_nt(Portable, &[[1.0, 2.0], [3.0, 4.0]], &[[5.0, 6.0]], &mut y);
    /// assert_eq!(y, [[17.0], [39.0]]);
    /// ```
    matmul_nt;

    /// The gradients of [`matmul_nt`]: `da += ∂L/∂y b` and `db += ∂L/∂yᵀ a`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut db = [[0.0; 2]; 1];
    /// ops::matmul_nt_backward(Portable, &[[1.0, 2.0]], &[[5.0, 6.0]], &[[3.0]], &mut (), &mut db);
    /// assert_eq!(db, [[3.0, 6.0]]);
    /// ```
    matmul_nt_backward
}

product! { Both;
    /// `y = aᵀ bᵀ`, with the last two dimensions of both in the other order, PyTorch's `a.mT @ b.mT`; else as
    /// [`matmul`].
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0.0; 1]; 2];
    /// ops::matmul_tt(Portable, &[[1.0, 3.0], [2.0, 4.0]], &[[5.0, 6.0]], &mut y);
    /// assert_eq!(y, [[17.0], [39.0]]);
    /// ```
    matmul_tt;

    /// The gradients of [`matmul_tt`]: `da += bᵀ ∂L/∂yᵀ` and `db += ∂L/∂yᵀ aᵀ`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut db = [[0.0; 2]; 1];
    /// ops::matmul_tt_backward(Portable, &[[1.0], [2.0]], &[[5.0, 6.0]], &[[3.0]], &mut (), &mut db);
    /// assert_eq!(db, [[3.0, 6.0]]);
    /// ```
    matmul_tt_backward
}
