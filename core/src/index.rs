//! Elements that count: indices, class labels and tokens.

use crate::Element;

/// An integer that names a place: an index, a class label, a token.
///
/// Which type to use is a question of memory: `u8` for up to 256 places. PyTorch has `int64` only.
///
/// ```
/// use tensorlet::Index;
/// assert_eq!(7_u8.position(10), Some(7));
/// assert_eq!(10_u8.position(10), None);
/// assert_eq!((-1_i8).position(10), None);
/// assert_eq!(<i16 as Index>::at(300), Some(300));
/// assert_eq!(<u8 as Index>::at(300), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an index",
    note = "indices, labels and tokens are integers: u8, u16, u32, i8, i16, i32"
)]
pub trait Index: Element {
    /// How many places the type can name: the largest value and 0. As a `u64`, since all 2³² of a
    /// `u32` do not fit a 32-bit `usize`.
    const PLACES: u64;

    /// The value.
    fn to_i64(self) -> i64;

    /// The index of a place, if the type can hold it.
    fn at(position: usize) -> Option<Self>;

    /// The place among `len`; none if there is no such place. Negative values name none.
    #[inline(always)]
    fn position(self, len: usize) -> Option<usize> {
        usize::try_from(self.to_i64()).ok().filter(|&position| position < len)
    }
}

macro_rules! index {
    ($($t:ty),*) => {$(
        impl Index for $t {
            const PLACES: u64 = <$t>::MAX as u64 + 1;

            #[inline(always)]
            fn to_i64(self) -> i64 {
                self.into()
            }

            #[inline(always)]
            fn at(position: usize) -> Option<Self> {
                position.try_into().ok()
            }
        }
    )*};
}

index!(u8, u16, u32, i8, i16, i32);
