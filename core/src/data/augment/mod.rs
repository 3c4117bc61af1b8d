//! Variants of an image, so that a network sees more than there is: torchvision's transforms.
//!
//! Flips and colours change a sample in place; crops write another one. All work on one image of
//! values between 0 and 1; those that draw say how many words.

mod color;
mod crop;

pub use color::{ColorJitter, adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation};
pub use crop::{center_crop, crop, padded_crop, random_crop, random_padded_crop};

use rand_core::Rng;

use crate::{Image, Tensor, random};

/// Left and right exchanged: torchvision's `hflip`.
///
/// ```
/// let mut image = [[[1, 2, 3], [4, 5, 6]]];
/// tensorlet::data::augment::hflip(&mut image);
/// assert_eq!(image, [[[3, 2, 1], [6, 5, 4]]]);
/// ```
#[inline]
pub fn hflip<T: Tensor, const C: usize, const H: usize, const W: usize>(image: &mut Image<C, H, W, T>) {
    image.as_flattened_mut().iter_mut().for_each(|row| row.reverse());
}

/// Top and bottom exchanged: torchvision's `vflip`.
///
/// ```
/// let mut image = [[[1, 2, 3], [4, 5, 6]]];
/// tensorlet::data::augment::vflip(&mut image);
/// assert_eq!(image, [[[4, 5, 6], [1, 2, 3]]]);
/// ```
#[inline]
pub fn vflip<T: Tensor, const C: usize, const H: usize, const W: usize>(image: &mut Image<C, H, W, T>) {
    image.iter_mut().for_each(|plane| plane.reverse());
}

/// [`hflip`] with probability `p`: torchvision's `RandomHorizontalFlip(p)`. Draws one word; returns
/// whether it flipped, so that boxes can follow.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::augment::random_horizontal_flip;
/// let mut image = [[[1, 2, 3]]];
/// assert!(random_horizontal_flip(&mut image, 1.0, &mut Xoshiro128PlusPlus::seed_from_u64(1)));
/// assert_eq!(image, [[[3, 2, 1]]]);
/// ```
#[inline]
pub fn random_horizontal_flip<T: Tensor, const C: usize, const H: usize, const W: usize, R: Rng>(
    image: &mut Image<C, H, W, T>,
    p: f32,
    rng: &mut R,
) -> bool {
    let flips = random::uniform(rng) < p;
    if flips {
        hflip(image);
    }
    flips
}

/// [`vflip`] with probability `p`: torchvision's `RandomVerticalFlip(p)`. Draws one word; returns
/// whether it flipped.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::augment::random_vertical_flip;
/// let mut image = [[[1], [2]]];
/// assert!(!random_vertical_flip(&mut image, 0.0, &mut Xoshiro128PlusPlus::seed_from_u64(1)));
/// assert_eq!(image, [[[1], [2]]]);
/// ```
#[inline]
pub fn random_vertical_flip<T: Tensor, const C: usize, const H: usize, const W: usize, R: Rng>(
    image: &mut Image<C, H, W, T>,
    p: f32,
    rng: &mut R,
) -> bool {
    let flips = random::uniform(rng) < p;
    if flips {
        vflip(image);
    }
    flips
}
