//! The kernel families for a token: a typed shell around the bodies.
//!
//! A kernel has one of two kinds of entries into its body. A *shared* one takes the sizes as numbers
//! and is compiled once per instruction set, in this crate, whatever the number of shapes in a
//! program. A *sized* one is generic over the shape, so that the body sees constants; it is compiled
//! where the network is, for those shapes for which the family's `is_specialised` says that it pays.

mod conv;
mod elementwise;
mod matmul;
mod norm;
mod pool;
mod quantized;
mod recurrent;
mod reduce;
mod softmax;
mod update;

/// Implements all families of [`tensorlet::kernel`] on `f32` for a token.
macro_rules! kernels {
    ($token:ty, $features:literal, $name:literal) => {
        impl tensorlet::kernel::Kernels for $token {
            const NAME: &'static str = $name;
        }

        $crate::kernels::matmul_kernels! { $token, $features }
        $crate::kernels::conv_kernels! { $token, $features }
        $crate::kernels::pool_kernels! { $token, $features }
        $crate::kernels::elementwise_kernels! { $token, $features }
        $crate::kernels::recurrent_kernels! { $token, $features }
        $crate::kernels::reduce_kernels! { $token, $features }
        $crate::kernels::softmax_kernels! { $token, $features }
        $crate::kernels::norm_kernels! { $token, $features }
        $crate::kernels::update_kernels! { $token, $features }
    };
}
pub(crate) use {
    conv::conv_kernels,
    elementwise::elementwise_kernels,
    kernels,
    matmul::matmul_kernels,
    norm::norm_kernels,
    pool::pool_kernels,
    quantized::{integer_entry, integer_methods, quantized_kernels},
    recurrent::recurrent_kernels,
    reduce::reduce_kernels,
    softmax::softmax_kernels,
    update::update_kernels,
};

/// Calls a body inside a function that is compiled for the instruction set: `token, features,
/// family::body(self, value: type, …) -> type`. In front of the family may stand the generics of the
/// function and their names, `{G: Conv2dShape} {G}`; values are names.
macro_rules! entry {
    ($token:ty, $features:literal, $family:ident::$name:ident($self:ident $(, $value:ident: $type:ty)*) -> $ret:ty) => {
        $crate::kernels::entry!(@ [] $token, $features, {} {} $family::$name($self $(, $value: $type)*) -> $ret)
    };
    ($token:ty, $features:literal, {$($generics:tt)*} {$($names:tt)*} $($call:tt)*) => {
        $crate::kernels::entry!(@ [#[inline]] $token, $features, {$($generics)*} {$($names)*} $($call)*)
    };
    (@ [$($inline:tt)*] $token:ty, $features:literal, {$($generics:tt)*} {$($names:tt)*}
     $family:ident::$name:ident($self:ident $(, $value:ident: $type:ty)*) -> $ret:ty) => {{
        $($inline)*
        #[target_feature(enable = $features)]
        fn entry<$($generics)*>(token: $token, $($value: $type),*) -> $ret {
            $crate::body::$family::$name(token, $($value),*)
        }
        // SAFETY: the token proves that the processor has the features that `entry` is built for.
        unsafe { entry::<$($names)*>($self, $($value),*) }
    }};
}
pub(crate) use entry;

/// Methods that enter the body of the same name.
macro_rules! methods {
    ($token:ty, $features:literal, $family:ident: $(fn $name:ident($($arg:ident: $type:ty),*) -> $ret:ty;)*) => {$(
        #[inline]
        fn $name(self, $($arg: $type),*) -> $ret {
            $crate::kernels::entry!($token, $features, $family::$name(self $(, $arg: $type)*) -> $ret)
        }
    )*};
}
pub(crate) use methods;

/// Enters a body with the sizes of the shape `G`: as constants where that pays, as numbers otherwise.
macro_rules! sized {
    ($token:ty, $features:literal, $g:ident: $shape:ident, $dims:ident,
     $family:ident::$name:ident($self:ident $(, $arg:ident: $type:ty)*)) => {
        if const { $crate::body::$family::is_specialised($g::DIMS) } {
            let sizes = $crate::body::Of::<$g>::NEW;
            $crate::kernels::entry!($token, $features, {G: $shape} {$g}
                $family::$name($self, sizes: $crate::body::Of<G> $(, $arg: $type)*) -> ())
        } else {
            let sizes = $g::DIMS;
            $crate::kernels::entry!($token, $features, $family::$name($self, sizes: $dims $(, $arg: $type)*) -> ())
        }
    };
}
pub(crate) use sized;
