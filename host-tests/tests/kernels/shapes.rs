//! Shapes of windowed kernels as types.

use tensorlet::{description::Window, sliding::Options};

/// `Trait, Sizes, reference: Name = sizes; …`: a type for each, and the macro `every_shape!`, which
/// gives the worst outcome of a check `check(reference::<Name>(), &kernel)` over all of them.
macro_rules! shapes {
    ($shape:ident, $dims:ident, $reference:ident: $($name:ident = $sizes:expr;)+) => {
        $(
            struct $name;
            impl $shape for $name {
                const DIMS: $dims = $sizes;
            }
        )+

        macro_rules! every_shape {
            ($check:ident, $g:ident => $call:expr) => {
                worst([$({
                    type $g = $name;
                    $check($reference::<$g>(), &$call)
                }),+])
            };
        }
    };
}
pub(crate) use shapes;

/// The same window with its elements further apart.
pub(crate) const fn dilated(window: Window, dilation: [usize; 2]) -> Window {
    Window { options: Options { dilation, ..window.options }, ..window }
}

/// The same window with other padding at the end.
pub(crate) const fn padded(window: Window, padding_end: [usize; 2]) -> Window {
    Window { options: Options { padding_end, ..window.options }, ..window }
}
