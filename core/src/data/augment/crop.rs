//! Parts of an image.

use rand_core::Rng;

use crate::{
    Error, Image, Shape, Tensor,
    message::{Part, fail},
    random,
};

/// The part of an image whose upper left corner is at row `top` and column `left`:
/// torchvision's `crop`.
///
/// # Errors
/// [`Error::IndexOutOfRange`] when its last row or column lies outside; `part` is not changed then.
///
/// ```
/// use tensorlet::data::augment::crop;
/// let image = [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]];
/// let mut part = [[[0; 2]; 2]];
/// crop(&image, [1, 0], &mut part)?;
/// assert_eq!(part, [[[4, 5], [7, 8]]]);
/// assert!(crop(&image, [2, 0], &mut part).is_err());
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn crop<T: Tensor, const C: usize, const H: usize, const W: usize, const H2: usize, const W2: usize>(
    image: &Image<C, H, W, T>,
    [top, left]: [usize; 2],
    part: &mut Image<C, H2, W2, T>,
) -> Result<(), Error> {
    const { fits([H, W], [H2, W2]) };
    for (start, n, entries) in [(top, H2, H), (left, W2, W)] {
        if start > entries - n {
            let index = start.saturating_add(n - 1) as i64;
            return Err(Error::IndexOutOfRange { position: 0, index, entries });
        }
    }
    copy(image, [top, left], part);
    Ok(())
}

const fn fits(image: [usize; 2], part: [usize; 2]) {
    if part[0] > image[0] || part[1] > image[1] {
        fail(&[
            Part::Text("shape mismatch: a crop of shape "),
            Part::Shape(Shape::new(&part)),
            Part::Text(" is larger than an image of shape "),
            Part::Shape(Shape::new(&image)),
        ]);
    }
}

#[inline(always)]
fn copy<T: Copy, const C: usize, const H: usize, const W: usize, const H2: usize, const W2: usize>(
    image: &Image<C, H, W, T>,
    [top, left]: [usize; 2],
    part: &mut Image<C, H2, W2, T>,
) {
    for (from, to) in image.iter().zip(part) {
        for (from, to) in from.iter().skip(top).zip(to) {
            to.iter_mut().zip(from.iter().skip(left)).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The middle of an image: torchvision's `CenterCrop`, which rounds half a pixel to the even one.
///
/// ```
/// let mut part = [[[0; 1]; 1]];
/// tensorlet::data::augment::center_crop(&[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], &mut part);
/// assert_eq!(part, [[[5]]]);
/// ```
#[inline]
pub fn center_crop<T: Tensor, const C: usize, const H: usize, const W: usize, const H2: usize, const W2: usize>(
    image: &Image<C, H, W, T>,
    part: &mut Image<C, H2, W2, T>,
) {
    const { fits([H, W], [H2, W2]) };
    copy(image, [middle(H - H2), middle(W - W2)], part);
}

/// Half of it, rounded to the even number as Python's `round` does.
const fn middle(rest: usize) -> usize {
    rest / 2 + if rest % 4 == 3 { 1 } else { 0 }
}

/// A part of an image at a random place: torchvision's `RandomCrop`. Draws two words.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let mut part = [[[0; 2]; 1]];
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
/// tensorlet::data::augment::random_crop(&[[[1, 2, 3]]], &mut part, &mut rng);
/// assert!(part == [[[1, 2]]] || part == [[[2, 3]]]);
/// ```
#[inline]
pub fn random_crop<
    T: Tensor,
    const C: usize,
    const H: usize,
    const W: usize,
    const H2: usize,
    const W2: usize,
    R: Rng,
>(
    image: &Image<C, H, W, T>,
    part: &mut Image<C, H2, W2, T>,
    rng: &mut R,
) {
    const { fits([H, W], [H2, W2]) };
    let [top, left] = [H - H2, W - W2].map(|rest| random::below(rest as u32 + 1, rng) as usize);
    copy(image, [top, left], part);
}

/// The part of an image with a margin of one value around it, torchvision's `crop(pad(image))`; the corner may lie
/// in the margin, above or left of the image, where its place is negative.
///
/// ```
/// let mut part = [[[0; 2]; 2]];
/// tensorlet::data::augment::padded_crop(&[[[1, 2], [3, 4]]], [-1, 1], 9, &mut part);
/// assert_eq!(part, [[[9, 9], [2, 9]]]);
/// ```
#[inline]
pub fn padded_crop<T: Tensor, const C: usize, const H: usize, const W: usize, const H2: usize, const W2: usize>(
    image: &Image<C, H, W, T>,
    [top, left]: [isize; 2],
    fill: T,
    part: &mut Image<C, H2, W2, T>,
) {
    for (from, to) in image.iter().zip(part) {
        for (i, to) in to.iter_mut().enumerate() {
            let row = top.checked_add_unsigned(i).and_then(|row| from.get(usize::try_from(row).ok()?));
            for (j, to) in to.iter_mut().enumerate() {
                let pixel = left.checked_add_unsigned(j).and_then(|at| row?.get(usize::try_from(at).ok()?));
                *to = pixel.copied().unwrap_or(fill);
            }
        }
    }
}

/// A random part of an image with a margin of `padding` pixels of one value:
/// torchvision's `RandomCrop(size, padding, fill=fill)`, which shifts an image when the part is as large as it is.
/// Draws two words. Returns the corner, so that boxes can follow.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// let (image, mut shifted) = ([[[1.0; 8]; 8]], [[[0.0; 8]; 8]]);
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
/// let [top, left] = tensorlet::data::augment::random_padded_crop(&image, 2, 0.0, &mut shifted, &mut rng);
/// assert!((-2..=2).contains(&top) && (-2..=2).contains(&left));
/// ```
#[inline]
pub fn random_padded_crop<
    T: Tensor,
    const C: usize,
    const H: usize,
    const W: usize,
    const H2: usize,
    const W2: usize,
    R: Rng,
>(
    image: &Image<C, H, W, T>,
    padding: u16,
    fill: T,
    part: &mut Image<C, H2, W2, T>,
    rng: &mut R,
) -> [isize; 2] {
    let corner = [(H, H2), (W, W2)].map(|(from, to)| {
        // Where the part is larger than image and margin it begins with the margin.
        let places = (from + 2 * usize::from(padding)).saturating_sub(to) as u32 + 1;
        random::below(places, rng) as isize - padding as isize
    });
    padded_crop(image, corner, fill, part);
    corner
}
