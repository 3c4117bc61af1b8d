//! Weight and bias of a normalisation, or none.

use core::fmt::Debug;

use crate::{NoBias, Parameter, Path, Tensor, Visitor, VisitorMut, description::ParameterInfo};

mod sealed {
    pub trait Sealed<T> {}
}

/// What a normalisation multiplies its results by or adds to them: a tensor of type `T`, or
/// [`NoWeight`], or [`NoBias`].
///
/// ```
/// use tensorlet::{LayerNorm, Module, NoBias, NoWeight};
/// assert_eq!(LayerNorm::<[f32; 8]>::PARAMETERS, 8 + 8);
/// assert_eq!(LayerNorm::<[f32; 8], [f32; 8], NoBias>::PARAMETERS, 8);
/// assert_eq!(LayerNorm::<[f32; 8], NoWeight, NoBias>::PARAMETERS, 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the weight or bias of a normalisation with parameters of type `{T}`",
    note = "a weight is a `{T}` or `NoWeight`, a bias is a `{T}` or `NoBias`"
)]
pub trait Affine<T>: sealed::Sealed<T> + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// All zeros.
    const ZERO: Self;
    /// The number of its values.
    const LEN: usize;

    /// The values.
    fn values(&self) -> &[f32];

    /// The values, to be changed.
    fn values_mut(&mut self) -> &mut [f32];
}

impl<T: Tensor<Elem = f32> + Debug + PartialEq> sealed::Sealed<T> for T {}

impl<T: Tensor<Elem = f32> + Debug + PartialEq> Affine<T> for T {
    const ZERO: Self = T::ZERO;
    const LEN: usize = T::LEN;

    #[inline(always)]
    fn values(&self) -> &[f32] {
        self.elements()
    }

    #[inline(always)]
    fn values_mut(&mut self) -> &mut [f32] {
        self.elements_mut()
    }
}

/// No weight: with [`NoBias`] PyTorch's `affine=False` and `elementwise_affine=False`. Takes no memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoWeight;

macro_rules! none {
    ($($name:ident)+) => {$(
        impl<T> sealed::Sealed<T> for $name {}

        impl<T> Affine<T> for $name {
            const ZERO: Self = Self;
            const LEN: usize = 0;

            #[inline(always)]
            fn values(&self) -> &[f32] {
                &[]
            }

            #[inline(always)]
            fn values_mut(&mut self) -> &mut [f32] {
                &mut []
            }
        }
    )+};
}
none!(NoWeight NoBias);

/// Shows a weight or bias, if there is one.
#[inline]
pub(super) fn show<T, A: Affine<T>, V: Visitor>(values: &A, info: &ParameterInfo, path: Path<'_>, visitor: &mut V) {
    if A::LEN > 0 {
        visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values.values());
    }
}

/// Shows a weight or bias, if there is one, to be changed.
#[inline]
pub(super) fn show_mut<T, A: Affine<T>, V: VisitorMut>(
    values: &mut A,
    info: &ParameterInfo,
    path: Path<'_>,
    visitor: &mut V,
) {
    if A::LEN > 0 {
        visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values.values_mut());
    }
}
