//! How a window slides over rows and columns: stride and padding as a type.

use crate::{
    description::Window,
    message::{Part, fail},
};

/// Stride and padding of a convolution or pooling layer, `[rows, columns]` each.
///
/// [`Slide`] is the square form; implement the trait on a type of your own for another.
///
/// ```
/// use tensorlet::Sliding;
/// /// Two rows at a time, every column.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Rows;
/// impl Sliding for Rows {
///     const STRIDE: [usize; 2] = [2, 1];
///     const PADDING: [usize; 2] = [0, 0];
/// }
/// assert_eq!(Rows::window([3, 3]).stride, [2, 1]);
/// ```
pub trait Sliding: Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// The step from one window to the next.
    const STRIDE: [usize; 2];
    /// Rows and columns added on each side.
    const PADDING: [usize; 2];

    /// The window of this kernel size.
    #[must_use]
    fn window(kernel: [usize; 2]) -> Window {
        Window { kernel, stride: Self::STRIDE, padding: Self::PADDING }
    }
}

/// The same stride and padding for rows and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slide<const STRIDE: usize = 1, const PADDING: usize = 0>;

impl<const STRIDE: usize, const PADDING: usize> Sliding for Slide<STRIDE, PADDING> {
    const STRIDE: [usize; 2] = [STRIDE; 2];
    const PADDING: [usize; 2] = [PADDING; 2];
}

/// The number of windows along one axis: `⌊(input + 2·padding - kernel) / stride⌋ + 1`, PyTorch's
/// formula for convolution and (with `ceil_mode=False`) pooling.
///
/// Fails to compile, in a constant, when the kernel does not fit or the stride is 0.
///
/// ```
/// const ROWS: usize = tensorlet::windows(28, 5, 1, 2);
/// assert_eq!(ROWS, 28);
/// ```
#[must_use]
pub const fn windows(input: usize, kernel: usize, stride: usize, padding: usize) -> usize {
    if stride == 0 {
        fail(&[Part::Text("shape mismatch: the stride of a window cannot be 0")]);
    }
    if kernel == 0 || kernel > input + 2 * padding {
        fail(&[
            Part::Text("shape mismatch: a window of "),
            Part::Number(kernel),
            Part::Text(" does not fit into an input of "),
            Part::Number(input),
            Part::Text(" with padding "),
            Part::Number(padding),
        ]);
    }
    (input + 2 * padding - kernel) / stride + 1
}
