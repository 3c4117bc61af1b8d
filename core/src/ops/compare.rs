//! Comparisons and logic, whose results are truth values: `u8`, 0 or 1.

use super::{
    binary::map,
    nest::{binary, broadcast_check},
};
use crate::{Element, Tensor, kernel::Kernels};

macro_rules! comparison {
    ($(#[$doc:meta])* $name:ident, $holds:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, A, B, Y>(_: K, a: &A, b: &B, y: &mut Y)
        where
            K: Kernels,
            A: Tensor,
            B: Tensor<Elem = A::Elem>,
            Y: Tensor<Elem = u8>,
        {
            fn holds<T: Element>(a: T, b: T) -> u8 {
                u8::from(a.$holds(&b))
            }
            let nest = const { &binary::<A, B, Y>(stringify!($name)) };
            map(nest, a.elements(), b.elements(), y.elements_mut(), holds);
        }
    };
}

comparison! {
    /// Where `a > b`: PyTorch's `torch.gt`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 3];
    /// ops::gt(Portable, &[1.0, 2.0, f32::NAN], &1.0, &mut y);
    /// assert_eq!(y, [0, 1, 0]);
    /// ```
    gt, gt
}

comparison! {
    /// Where `a ≥ b`: PyTorch's `torch.ge`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 2];
    /// ops::ge(Portable, &[1_i8, 0], &[1_i8], &mut y);
    /// assert_eq!(y, [1, 0]);
    /// ```
    ge, ge
}

comparison! {
    /// Where `a < b`: PyTorch's `torch.lt`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0_u8; 2]; 2];
    /// ops::lt(Portable, &[[1.0], [2.0]], &[2.0, 3.0], &mut y);
    /// assert_eq!(y, [[1, 1], [0, 1]]);
    /// ```
    lt, lt
}

comparison! {
    /// Where `a ≤ b`: PyTorch's `torch.le`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 2];
    /// ops::le(Portable, &[1.0, 2.0], &1.0, &mut y);
    /// assert_eq!(y, [1, 0]);
    /// ```
    le, le
}

comparison! {
    /// Where `a = b`: PyTorch's `torch.eq`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 2];
    /// ops::eq(Portable, &[7_u8, 8], &7_u8, &mut y);
    /// assert_eq!(y, [1, 0]);
    /// ```
    eq, eq
}

comparison! {
    /// Where `a ≠ b`: PyTorch's `torch.ne`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 2];
    /// ops::ne(Portable, &[7.0, f32::NAN], &[7.0, f32::NAN], &mut y);
    /// assert_eq!(y, [0, 1]);
    /// ```
    ne, ne
}

macro_rules! logic {
    ($(#[$doc:meta])* $name:ident, $holds:tt) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, A, B, Y>(_: K, a: &A, b: &B, y: &mut Y)
        where
            K: Kernels,
            A: Tensor,
            B: Tensor<Elem = A::Elem>,
            Y: Tensor<Elem = u8>,
        {
            fn holds<T: Element>(a: T, b: T) -> u8 {
                u8::from((a != T::ZERO) $holds (b != T::ZERO))
            }
            let nest = const { &binary::<A, B, Y>(stringify!($name)) };
            map(nest, a.elements(), b.elements(), y.elements_mut(), holds);
        }
    };
}

logic! {
    /// Where `a` and `b` are not 0: PyTorch's `torch.logical_and`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 3];
    /// ops::logical_and(Portable, &[0_u8, 1, 1], &[1_u8, 0, 1], &mut y);
    /// assert_eq!(y, [0, 0, 1]);
    /// ```
    logical_and, &
}

logic! {
    /// Where `a` or `b` is not 0: PyTorch's `torch.logical_or`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 3];
    /// ops::logical_or(Portable, &[0_u8, 0, 1], &[1_u8, 0, 1], &mut y);
    /// assert_eq!(y, [1, 0, 1]);
    /// ```
    logical_or, |
}

logic! {
    /// Where one of `a` and `b` is not 0: PyTorch's `torch.logical_xor`. The arguments are broadcast to each
    /// other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_u8; 3];
    /// ops::logical_xor(Portable, &[0.0, 2.0, 3.0], &[1.0, 0.0, 4.0], &mut y);
    /// assert_eq!(y, [1, 1, 0]);
    /// ```
    logical_xor, ^
}

/// Where `x` is 0: PyTorch's `torch.logical_not`. The shapes are the same.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [0_u8; 2];
/// ops::logical_not(Portable, &[0_u8, 1], &mut y);
/// assert_eq!(y, [1, 0]);
/// ```
#[inline]
pub fn logical_not<K, X, Y>(_: K, x: &X, y: &mut Y)
where
    K: Kernels,
    X: Tensor,
    Y: Tensor<Elem = u8>,
{
    const { broadcast_check("logical_not", &[X::SHAPE], Y::SHAPE) }
    zeros(x.elements(), y.elements_mut());
}

#[inline]
fn zeros<T: Element>(x: &[T], y: &mut [u8]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = u8::from(*x == T::ZERO));
}
