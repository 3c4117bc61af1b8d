//! Parameters: what a layer or network holds, under PyTorch's names.

use rand_core::Rng;

use crate::{
    description::{Layout, ParameterInfo},
    path::Path,
    quantized::qas::Int8Weights,
};

/// A parameter as a visitor sees it.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// Its path, such as `conv1.weight`.
    pub path: Path<'a>,
    /// Name, shape and layout.
    pub info: &'a ParameterInfo,
    /// Whether training changes it: it then owns `info.shape.numel()` words of the gradient.
    pub trained: bool,
}

impl Parameter<'_> {
    /// Where in memory the element lies that has position `i` in PyTorch's row-major order.
    ///
    /// ```
    /// use tensorlet::{Linear, Module, Parameter, Path, Visitor};
    /// struct Second(f32);
    /// impl Visitor for Second {
    ///     fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
    ///         if parameter.path.is("weight") {
    ///             self.0 = values[parameter.position(1)]; // weight[0][1] of shape [out, in]
    ///         }
    ///     }
    /// }
    /// let mut linear = Linear::<2, 3>::ZERO;
    /// linear.weight[1][0] = 7.0; // stored [in][out]
    /// let mut second = Second(0.0);
    /// linear.parameters(Path::ROOT, &mut second);
    /// assert_eq!(second.0, 7.0);
    /// ```
    #[must_use]
    pub const fn position(&self, i: usize) -> usize {
        match self.info.layout {
            Layout::RowMajor => i,
            Layout::Transposed => {
                let (rows, columns) = (self.info.shape.dim(0), self.info.shape.dim(1));
                if columns == 0 { i } else { i % columns * rows + i / columns }
            }
            Layout::TransposedBlocks(blocks) => {
                let (rows, columns) = (self.info.shape.dim(0), self.info.shape.dim(1));
                let Some(rows) = rows.checked_div(blocks) else { return i };
                let (Some(block), Some(i)) = (i.checked_div(rows * columns), i.checked_rem(rows * columns)) else {
                    return i;
                };
                if columns == 0 { i } else { block * rows * columns + i % columns * rows + i / columns }
            }
        }
    }
}

/// Sees every parameter of a module in order.
pub trait Visitor {
    /// Called for each parameter with its values in memory order.
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]);

    /// Called for each number that a layer holds beside its parameters and that its type does not tell,
    /// such as `norm1.eps`. Weights files do not have them; a second implementation of a network needs them.
    fn setting(&mut self, path: Path<'_>, value: f32) {
        let _ = (path, value);
    }

    /// Called in place of [`parameter`](Self::parameter) for one that is trained in part, with the trained
    /// positions of its first dimension. Only these have words of the gradient: one position behind the
    /// other, each in PyTorch's order. By default it counts as not trained.
    fn partly_trained(&mut self, parameter: Parameter<'_>, channels: &[u16], values: &[f32]) {
        let _ = channels;
        self.parameter(Parameter { trained: false, ..parameter }, values);
    }

    /// Called in place of [`parameter`](Self::parameter) for the int8 weights of a layer
    /// [that trains them](crate::quantized::qas); their scales are a parameter beside them. By default nothing is
    /// done with them.
    fn int8(&mut self, parameter: Parameter<'_>, values: &[i8]) {
        let _ = (parameter, values);
    }
}

/// Sees every parameter of a module in order and may change it.
pub trait VisitorMut {
    /// Called for each parameter with its values in memory order.
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]);

    /// Called in place of [`parameter`](Self::parameter) for one that is trained in part: see
    /// [`Visitor::partly_trained`].
    fn partly_trained(&mut self, parameter: Parameter<'_>, channels: &[u16], values: &mut [f32]) {
        let _ = channels;
        self.parameter(Parameter { trained: false, ..parameter }, values);
    }

    /// Called in place of [`parameter`](Self::parameter) for the int8 weights of a layer
    /// [that trains them](crate::quantized::qas). They own words of the gradient as floats do. By default nothing
    /// is done with them.
    fn int8(&mut self, parameter: Parameter<'_>, weights: Int8Weights<'_>) {
        let _ = (parameter, weights);
    }
}

/// Something with parameters: a layer or a whole network. PyTorch's `nn.Module`.
pub trait Module: Sized {
    /// All parameters zero: a constant, so that a network can live in a `static` and take no flash.
    const ZERO: Self;
    /// The number of parameters.
    const PARAMETERS: usize;
    /// Words of the gradient: the parameters that are trained. 0 for a frozen part.
    const GRAD: usize = Self::PARAMETERS;

    /// Draws the parameters as PyTorch's `reset_parameters` does.
    fn init<R: Rng>(&mut self, rng: &mut R);

    /// Shows every parameter to the visitor, under `path`.
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V);

    /// Shows every parameter to the visitor, under `path`, to be changed.
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V);
}

/// Implements [`Module`] for a layer without parameters: `[generics] Type`, with a constant `NEW`, and the
/// fields that are settings.
macro_rules! no_parameters {
    ([$($generics:tt)*] $name:ty $(, $setting:ident)* $(,)?) => {
        impl<$($generics)*> $crate::Module for $name {
            const ZERO: Self = Self::NEW;
            const PARAMETERS: usize = 0;

            #[inline(always)]
            fn init<R: rand_core::Rng>(&mut self, _: &mut R) {}

            #[inline(always)]
            fn parameters<V: $crate::Visitor>(&self, path: $crate::Path<'_>, visitor: &mut V) {
                $(visitor.setting(path.join(stringify!($setting)), self.$setting);)*
                let _ = (path, visitor);
            }

            #[inline(always)]
            fn parameters_mut<V: $crate::VisitorMut>(&mut self, _: $crate::Path<'_>, _: &mut V) {}
        }
    };
}
pub(crate) use no_parameters;

/// Implements [`Module`] for a layer around another one, whose parameters keep their names: `[generics] Type`,
/// type of the one inside.
macro_rules! parameters_of_inner {
    ([$($generics:tt)*] $name:ty, $inner:ty) => {
        impl<$($generics)*> $crate::Module for $name {
            const ZERO: Self = Self(<$inner>::ZERO);
            const PARAMETERS: usize = <$inner>::PARAMETERS;
            const GRAD: usize = <$inner>::GRAD;

            #[inline]
            fn init<R: rand_core::Rng>(&mut self, rng: &mut R) {
                self.0.init(rng);
            }

            #[inline]
            fn parameters<V: $crate::Visitor>(&self, path: $crate::Path<'_>, visitor: &mut V) {
                self.0.parameters(path, visitor);
            }

            #[inline]
            fn parameters_mut<V: $crate::VisitorMut>(&mut self, path: $crate::Path<'_>, visitor: &mut V) {
                self.0.parameters_mut(path, visitor);
            }
        }
    };
}
pub(crate) use parameters_of_inner;

/// The two visiting methods of [`Module`] for a layer whose parameters are tensors in fields:
/// `field: ParameterInfo`, in the order of the gradient; behind a semicolon those that are a
/// [`Bias`](crate::layer::Bias) or none.
macro_rules! visit_parameters {
    ($($field:ident: $info:expr),* $(,)? $(; $($bias:ident: $bias_info:expr),+ $(,)?)?) => {
        #[inline]
        fn parameters<V: $crate::Visitor>(&self, path: $crate::Path<'_>, visitor: &mut V) {
            let mut show = |info: &$crate::description::ParameterInfo, values: &[f32]| {
                visitor.parameter($crate::Parameter { path: path.join(info.name), info, trained: true }, values);
            };
            $(show(&$info, $crate::Tensor::elements(&self.$field));)*
            $($(
                let values = $crate::layer::Bias::values(&self.$bias);
                if !values.is_empty() {
                    show(&$bias_info, values);
                }
            )+)?
        }

        #[inline]
        fn parameters_mut<V: $crate::VisitorMut>(&mut self, path: $crate::Path<'_>, visitor: &mut V) {
            let mut show = |info: &$crate::description::ParameterInfo, values: &mut [f32]| {
                visitor.parameter($crate::Parameter { path: path.join(info.name), info, trained: true }, values);
            };
            $(show(&$info, $crate::Tensor::elements_mut(&mut self.$field));)*
            $($(
                let values = $crate::layer::Bias::values_mut(&mut self.$bias);
                if !values.is_empty() {
                    show(&$bias_info, values);
                }
            )+)?
        }
    };
}
pub(crate) use visit_parameters;
