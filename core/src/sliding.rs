//! How a window slides over rows and columns: stride, padding and dilation as a type.
//!
//! [`Slide`] is the square form that most layers have. Wrappers around it say what differs, and go
//! around each other: a convolution of PyTorch's `stride=(2, 1), padding=2, dilation=2,
//! padding_mode="reflect"` slides as `Reflect<Dilated<Strided<Slide<1, 2>, 2, 1>, 2>>`.
//!
//! | PyTorch | written |
//! |---|---|
//! | `stride=s, padding=p` | [`Slide<s, p>`](Slide) |
//! | `stride=(h, w)` | [`Strided<S, h, w>`](Strided) |
//! | `padding=(h, w)`, uneven padding | [`Padded<S, h, w>`](Padded), `Padded<S, top, left, bottom, right>` |
//! | `padding="same"` | [`Same<S, kernel rows, kernel columns>`](Same) |
//! | `dilation=(h, w)` | [`Dilated<S, h, w>`](Dilated) |
//! | `padding_mode="reflect"`, … | [`Reflect<S>`](Reflect), [`Replicate<S>`](Replicate), [`Circular<S>`](Circular) |
//! | `ceil_mode=True` | [`Ceil<S>`](Ceil) |
//! | `count_include_pad=False`, `divisor_override=n` | [`ExcludePad<S>`](ExcludePad), [`DivideBy<S, n>`](DivideBy) |
//!
//! Layers of one dimension slide along the columns: of each pair they see the second number.
//!
//! ```
//! use tensorlet::sliding::{Circular, Dilated, ExcludePad, PaddingMode, Slide, Sliding, Strided};
//! type S = ExcludePad<Circular<Dilated<Strided<Slide<1, 2>, 3, 1>, 4>>>;
//! assert_eq!((S::OPTIONS.stride, S::OPTIONS.padding, S::OPTIONS.dilation), ([3, 1], [2, 2], [4, 4]));
//! assert_eq!(S::OPTIONS.mode, PaddingMode::Circular);
//! ```

use core::marker::PhantomData;

use crate::{
    description::Window,
    message::{Part, fail},
};

/// What a window reads beyond the borders of its input: PyTorch's `padding_mode` of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaddingMode {
    /// Zeros.
    #[default]
    Zeros,
    /// The input mirrored at its border elements: `c b | a b c | b a`.
    Reflect,
    /// The border elements: `a a | a b c | c c`.
    Replicate,
    /// The other end of the input: `b c | a b c | a b`.
    Circular,
}

/// By what an average pooling divides the sum of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Divisor {
    /// The elements of the window, padding included; not what `ceil_mode` lets it reach beyond the
    /// padding. PyTorch's `count_include_pad=True`.
    #[default]
    Window,
    /// The elements of the window inside the input: `count_include_pad=False`.
    Inside,
    /// Always this number: `divisor_override`.
    Fixed(usize),
}

/// How a window slides, `[rows, columns]` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The step from one window to the next.
    pub stride: [usize; 2],
    /// Rows above and columns left of the input.
    pub padding: [usize; 2],
    /// Rows below and columns right of the input.
    pub padding_end: [usize; 2],
    /// The step from one element of a window to the next.
    pub dilation: [usize; 2],
    /// What the padding holds. Convolutions only; poolings leave it out.
    pub mode: PaddingMode,
    /// Whether a last window that reaches beyond the padding counts. Poolings only.
    pub ceil_mode: bool,
    /// By what a sum is divided. Average poolings only.
    pub divisor: Divisor,
}

impl Options {
    /// Step by step, without padding and dilation: PyTorch's defaults.
    pub const NEW: Self = Self {
        stride: [1, 1],
        padding: [0, 0],
        padding_end: [0, 0],
        dilation: [1, 1],
        mode: PaddingMode::Zeros,
        ceil_mode: false,
        divisor: Divisor::Window,
    };

    /// The same along the columns; along the rows a window of one element that meets one row.
    #[must_use]
    pub(crate) const fn along_columns(self) -> Self {
        let Self { stride: [_, stride], padding: [_, begin], padding_end: [_, end], dilation: [_, dilation], .. } =
            self;
        Self { stride: [1, stride], padding: [0, begin], padding_end: [0, end], dilation: [1, dilation], ..self }
    }
}

/// How the window of a convolution or pooling layer slides: a type without values.
///
/// The types of [this module](self) should do. To write one of your own:
///
/// ```
/// use tensorlet::sliding::{Options, Sliding};
/// /// Two rows at a time, every column.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Rows;
/// impl Sliding for Rows {
///     const OPTIONS: Options = Options { stride: [2, 1], ..Options::NEW };
/// }
/// ```
pub trait Sliding: Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Stride, padding and the rest.
    const OPTIONS: Options;
}

/// The same stride and padding for rows and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slide<const STRIDE: usize = 1, const PADDING: usize = 0>;

impl<const STRIDE: usize, const PADDING: usize> Sliding for Slide<STRIDE, PADDING> {
    const OPTIONS: Options =
        Options { stride: [STRIDE; 2], padding: [PADDING; 2], padding_end: [PADDING; 2], ..Options::NEW };
}

/// `Name<parameters> { changed options }`: slides as `S` does but for these.
macro_rules! wrappers {
    ($($(#[$doc:meta])* $name:ident<S $(, const $p:ident $(= $default:ident)?)*> $options:tt)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $name<S $(, const $p: usize $(= $default)?)*>(PhantomData<S>);

        impl<S: Sliding $(, const $p: usize)*> Sliding for $name<S $(, $p)*> {
            const OPTIONS: Options = wrappers!(@ $options);
        }
    )+};
    (@ { $($field:ident: $value:expr),+ }) => { Options { $($field: $value,)+ ..S::OPTIONS } };
}

wrappers! {
    /// Slides as `S`, by `ROWS` and `COLUMNS` at a time.
    Strided<S, const ROWS, const COLUMNS = ROWS> { stride: [ROWS, COLUMNS] }

    /// Slides as `S`, with `TOP` rows of padding above, `LEFT` columns left and, unless they are as
    /// many, `BOTTOM` rows below and `RIGHT` columns right. (ONNX has its `pads` in this order.)
    ///
    /// ```
    /// use tensorlet::{Conv2d, sliding::{Padded, Slide}};
    /// /// Of 5 rows and 4 columns.
    /// type Conv = Conv2d<1, 1, 3, 3, 3, 4, Padded<Slide, 0, 1>>;
    /// ```
    Padded<S, const TOP, const LEFT, const BOTTOM = TOP, const RIGHT = LEFT> {
        padding: [TOP, LEFT],
        padding_end: [BOTTOM, RIGHT]
    }

    /// Slides as `S`, with the elements of a window `ROWS` and `COLUMNS` apart.
    Dilated<S, const ROWS, const COLUMNS = ROWS> { dilation: [ROWS, COLUMNS] }

    /// Slides as `S`, padded so that with a stride of 1 the output has the size of the input: PyTorch's
    /// `padding="same"`. Of an odd number of rows or columns the larger part comes at the end.
    ///
    /// ```
    /// use tensorlet::sliding::{Dilated, Same, Slide, Sliding};
    /// type Even = Same<Dilated<Slide, 3>, 2, 4>;
    /// assert_eq!((Even::OPTIONS.padding, Even::OPTIONS.padding_end), ([1, 4], [2, 5]));
    /// ```
    Same<S, const ROWS, const COLUMNS = ROWS> {
        padding: [same(ROWS, S::OPTIONS.dilation[0])[0], same(COLUMNS, S::OPTIONS.dilation[1])[0]],
        padding_end: [same(ROWS, S::OPTIONS.dilation[0])[1], same(COLUMNS, S::OPTIONS.dilation[1])[1]]
    }

    /// Slides as `S` over the input mirrored at its border elements: `padding_mode="reflect"`. The
    /// padding must be smaller than the input.
    Reflect<S> { mode: PaddingMode::Reflect }

    /// Slides as `S` over the input continued by its border elements: `padding_mode="replicate"`.
    Replicate<S> { mode: PaddingMode::Replicate }

    /// Slides as `S` over the input continued from its other end: `padding_mode="circular"`. The
    /// padding can be no larger than the input.
    Circular<S> { mode: PaddingMode::Circular }

    /// Slides as `S`, with a last window that reaches beyond the padding: `ceil_mode=True` of a pooling.
    /// It counts only if it starts inside the input or the padding before it.
    Ceil<S> { ceil_mode: true }

    /// Slides as `S`, and averages what lies inside the input: `count_include_pad=False`.
    ExcludePad<S> { divisor: Divisor::Inside }

    /// Slides as `S`, and divides every sum by `N`: `divisor_override=N`.
    DivideBy<S, const N> { divisor: Divisor::Fixed(N) }
}

/// The padding before and behind that keeps the size.
const fn same(kernel: usize, dilation: usize) -> [usize; 2] {
    let whole = dilation * kernel.saturating_sub(1);
    [whole / 2, whole - whole / 2]
}

/// The number of windows along one axis: `⌊(input + 2·padding - kernel) / stride⌋ + 1`, PyTorch's
/// formula for convolution and (with `ceil_mode=False`) pooling. [`Window::outputs`] knows all options.
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

impl Window {
    /// A window of this size that slides by `stride`, with as much padding before as behind.
    ///
    /// ```
    /// use tensorlet::description::Window;
    /// assert_eq!(Window::new([3, 3], [2, 2], [1, 1]).outputs([28, 28]), [14, 14]);
    /// ```
    #[must_use]
    pub const fn new(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        Self { kernel, options: Options { stride, padding, padding_end: padding, ..Options::NEW } }
    }

    /// The rows and columns of windows on an input of this size:
    /// `⌊(input + padding + padding_end - dilation·(kernel - 1) - 1) / stride⌋ + 1`, and with
    /// `ceil_mode` that division rounded up, without a last window that would start behind the input.
    ///
    /// Fails to compile, in a constant, when the window does not fit.
    #[must_use]
    pub const fn outputs(&self, input: [usize; 2]) -> [usize; 2] {
        [self.outputs_along(0, input[0]), self.outputs_along(1, input[1])]
    }

    /// The windows along one axis: [`outputs`](Self::outputs).
    pub(crate) const fn outputs_along(&self, axis: usize, input: usize) -> usize {
        let Options { stride, padding, padding_end, dilation, .. } = self.options;
        let (kernel, stride, begin, end, dilation) =
            (self.kernel[axis], stride[axis], padding[axis], padding_end[axis], dilation[axis]);
        if stride == 0 || kernel == 0 || dilation == 0 {
            fail(&[Part::Text("shape mismatch: kernel, stride and dilation of a window cannot be 0")]);
        }
        let extent = dilation * (kernel - 1) + 1;
        if extent > input + begin + end {
            fail(&[
                Part::Text("shape mismatch: a window of "),
                Part::Number(kernel),
                Part::Text(" with dilation "),
                Part::Number(dilation),
                Part::Text(" does not fit into an input of "),
                Part::Number(input),
                Part::Text(" with padding "),
                Part::Number(begin),
                Part::Text(" and "),
                Part::Number(end),
            ]);
        }
        let room = input + begin + end - extent;
        if !self.options.ceil_mode {
            return room / stride + 1;
        }
        let windows = room.div_ceil(stride) + 1;
        if (windows - 1) * stride < input + begin { windows } else { windows - 1 }
    }
}
