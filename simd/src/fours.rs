//! What the bodies need of a vector unit for products of int8: sums of four products side by side.
//!
//! A vector holds four weights of each of its output channels (the order
//! [`ForHost`](tensorlet::quantized::ForHost)), and four inputs repeated for each channel. How inputs lie in scratch is
//! the instruction set's choice: those that multiply 16-bit numbers take them widened, AVX-512's VNNI takes them
//! without a sign.

/// The largest number of channels of any instruction set's [`Taps::Totals`].
pub(crate) const MOST_LANES: usize = 32;

/// The largest number of channels of any instruction set's [`Fours::Sums`].
pub(crate) const MOST_CHANNELS: usize = 16;

/// A vector unit's products of int8. Implemented by tokens, so that holding `self` proves that the instructions exist.
pub(crate) trait Fours: Copy {
    /// An input in scratch.
    type Stored: Copy;
    /// Four inputs, repeated.
    type Inputs: Copy;
    /// Four weights of each of some channels.
    type Weights: Copy;
    /// Sums of products, of which there may be several for a channel.
    type Sums: Copy;

    /// Channels of [`Sums`](Self::Sums).
    const CHANNELS: usize;
    /// Pixels of the largest tile: 4 or 8.
    const PIXELS: usize;
    /// Times `CHANNELS` of the largest tile: 1 or 2.
    const VECTORS: usize;
    /// What an input in scratch is more than the input.
    const OFFSET: i32;

    /// An input as it lies in scratch.
    fn stored(x: i8) -> Self::Stored;

    /// Sums of nothing.
    fn zero(self) -> Self::Sums;

    /// `sums + weights · inputs` modulo 2^32.
    fn multiply_add(self, sums: Self::Sums, weights: Self::Weights, inputs: Self::Inputs) -> Self::Sums;

    /// Four inputs.
    ///
    /// # Safety
    /// `from` is valid for reads of four elements.
    unsafe fn inputs(self, from: *const Self::Stored) -> Self::Inputs;

    /// Four weights of each of `CHANNELS` channels.
    ///
    /// # Safety
    /// `from` is valid for reads of `4 · CHANNELS` bytes.
    unsafe fn weights(self, from: *const i8) -> Self::Weights;

    /// Four weights of each of the first `channels` channels, fewer than `CHANNELS`; zeros for the others.
    ///
    /// # Safety
    /// `from` is valid for reads of `4 · channels` bytes. What lies behind is not touched.
    unsafe fn some_weights(self, from: *const i8, channels: usize) -> Self::Weights;

    /// Writes the sum of each channel to the first `CHANNELS` numbers.
    fn write(self, sums: Self::Sums, to: &mut [i32; MOST_CHANNELS]);
}

/// A vector unit's products of int8, element by element: depthwise convolutions, two taps of a window at a time.
pub(crate) trait Taps: Copy {
    /// Elements of two taps for `LANES` channels.
    type Pair: Copy;
    /// Sums of `LANES` channels.
    type Totals: Copy;

    /// Channels.
    const LANES: usize;

    /// Sums of nothing.
    fn none(self) -> Self::Totals;

    /// `sums + x · weight` for both taps, modulo 2^32.
    fn add_products(self, sums: Self::Totals, x: Self::Pair, weight: Self::Pair) -> Self::Totals;

    /// Two taps.
    ///
    /// # Safety
    /// Both are valid for reads of `LANES` bytes.
    unsafe fn pair(self, first: *const i8, second: *const i8) -> Self::Pair;

    /// Writes the sum of each channel to the first `LANES` numbers.
    fn write_totals(self, sums: Self::Totals, to: &mut [i32; MOST_LANES]);
}
