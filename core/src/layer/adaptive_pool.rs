//! Pooling to a given size: adaptive and global.

use core::marker::PhantomData;

use super::{
    Layer, Pass, Train,
    pool::{Kind, Max, Mean, check_index, dims, pooling, with_indices},
    windowed::Sizes,
};
use crate::{
    Index, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{Kernels, Pool2dDims, Pool2dShape, pool::max_positions},
    memory::{self, End, Input},
    module::no_parameters,
};

/// The means of windows that divide the input into `OH` by `OW`: PyTorch's
/// `nn.AdaptiveAvgPool2d((OH, OW))`.
///
/// Window `i` of `o` covers `⌊i·n/o⌋` to `⌈(i+1)·n/o⌉` of `n` elements, so that windows overlap where the
/// division leaves a rest.
///
/// ```
/// use tensorlet::{AdaptiveAvgPool2d, Layer, Portable};
/// let pool = AdaptiveAvgPool2d::<1, 2>::NEW;
/// let y = pool.forward(Portable, &[[[[1.0, 2.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[[1.5, 4.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdaptiveAvgPool2d<const OH: usize, const OW: usize>(PhantomData<()>);

/// The means of windows that divide the input into `OL`: PyTorch's `nn.AdaptiveAvgPool1d(OL)`, with the
/// windows of [`AdaptiveAvgPool2d`].
///
/// ```
/// use tensorlet::{AdaptiveAvgPool1d, Layer, Portable};
/// let y = AdaptiveAvgPool1d::<2>::NEW.forward(Portable, &[[[1.0, 2.0, 6.0]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[1.5, 4.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdaptiveAvgPool1d<const OL: usize>(PhantomData<()>);

/// The largest values of windows that divide the input into `OH` by `OW`: PyTorch's
/// `nn.AdaptiveMaxPool2d((OH, OW))`, with the windows of [`AdaptiveAvgPool2d`].
///
/// ```
/// use tensorlet::{AdaptiveMaxPool2d, Layer, Portable};
/// let pool = AdaptiveMaxPool2d::<1, 2>::NEW;
/// let y = pool.forward(Portable, &[[[[1.0, 2.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[[2.0, 6.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdaptiveMaxPool2d<const OH: usize, const OW: usize>(PhantomData<()>);

/// The largest values of windows that divide the input into `OL`: PyTorch's `nn.AdaptiveMaxPool1d(OL)`,
/// with the windows of [`AdaptiveAvgPool2d`].
///
/// ```
/// use tensorlet::{AdaptiveMaxPool1d, Layer, Portable};
/// let y = AdaptiveMaxPool1d::<2>::NEW.forward(Portable, &[[[1.0, 2.0, 6.0]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[2.0, 6.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdaptiveMaxPool1d<const OL: usize>(PhantomData<()>);

/// The mean of each channel of an image: PyTorch's `x.mean(dim=(-2, -1))`.
///
/// ```
/// use tensorlet::{GlobalAvgPool2d, Layer, Portable};
/// let y = GlobalAvgPool2d::NEW.forward(Portable, &[[[[1.0, 2.0], [3.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[3.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GlobalAvgPool2d(PhantomData<()>);

/// The mean of each channel of a sequence: PyTorch's `x.mean(dim=-1)`.
///
/// ```
/// use tensorlet::{GlobalAvgPool1d, Layer, Portable};
/// let y = GlobalAvgPool1d::NEW.forward(Portable, &[[[1.0, 3.0], [5.0, 5.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[2.0, 5.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GlobalAvgPool1d(PhantomData<()>);

/// The largest value of each channel of an image: PyTorch's `x.amax(dim=(-2, -1))`, but that of equal
/// values the first takes the gradient.
///
/// ```
/// use tensorlet::{GlobalMaxPool2d, Layer, Portable};
/// let y = GlobalMaxPool2d::NEW.forward(Portable, &[[[[1.0, 2.0], [3.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[6.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GlobalMaxPool2d(PhantomData<()>);

/// The largest value of each channel of a sequence, as in [`GlobalMaxPool2d`]: PyTorch's `x.amax(dim=-1)`.
///
/// ```
/// use tensorlet::{GlobalMaxPool1d, Layer, Portable};
/// let y = GlobalMaxPool1d::NEW.forward(Portable, &[[[1.0, 3.0], [5.0, 4.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[3.0, 5.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GlobalMaxPool1d(PhantomData<()>);

/// The layers of a kind that pool to a given size, of two dimensions and of one, and to a single value.
macro_rules! to_size {
    ($kind:ident: $two:ident $one:ident, $global_two:ident $global_one:ident) => {
        pooling!(
            $kind: $two [const OH: usize, const OW: usize,] <OH, OW> [const H: usize, const W: usize,]
            [[f32; W]; H] => [[f32; OW]; OH], Op::$two, None
        );
        pooling!($kind: $one [const OL: usize,] <OL> [const L: usize,] [f32; L] => [f32; OL], Op::$one, None);
        pooling!(
            $kind: $global_two [] <> [const H: usize, const W: usize,] [[f32; W]; H] => f32,
            Op::$global_two, Some(Window::new([H, W], [1, 1], [0, 0]))
        );
        pooling!(
            $kind: $global_one [] <> [const L: usize,] [f32; L] => f32,
            Op::$global_one, Some(Window::new([1, L], [1, 1], [0, 0]))
        );
    };
}

to_size!(Mean: AdaptiveAvgPool2d AdaptiveAvgPool1d, GlobalAvgPool2d GlobalAvgPool1d);
to_size!(Max: AdaptiveMaxPool2d AdaptiveMaxPool1d, GlobalMaxPool2d GlobalMaxPool1d);

with_indices!(
    AdaptiveMaxPool2d [const OH: usize, const OW: usize,] <OH, OW>
    [const H: usize, const W: usize,] [[f32; W]; H] => [[f32; OW]; OH], [[I; OW]; OH]
);
with_indices!(AdaptiveMaxPool1d [const OL: usize,] <OL> [const L: usize,] [f32; L] => [f32; OL], [I; OL]);
