//! Anchors: boxes of several sizes around each pixel.

use super::{Bbox, center_to_corner};
use crate::{
    math,
    message::{Part, fail},
};

/// Boxes of all sizes and ratios around each pixel of a feature map of `H` rows and `W` columns:
/// d2l's `multibox_prior`.
///
/// For each pixel first all sizes with the first ratio, then the first size with the other ratios:
/// `S + R - 1` boxes, of width `size · √ratio · H / W` and height `size / √ratio`. `N` is
/// `H · W · (S + R - 1)`.
///
/// ```
/// use tensorlet::data::detection::multibox_prior;
/// let mut anchors = [[0.0; 4]; 2 * 2 * 3];
/// multibox_prior::<2, 2, _, _, _>(&[0.5, 0.25], &[1.0, 4.0], &mut anchors);
/// assert_eq!(anchors[0], [0.0, 0.0, 0.5, 0.5]);
/// assert_eq!(anchors[1], [0.125, 0.125, 0.375, 0.375]);
/// assert_eq!(anchors[2], [-0.25, 0.125, 0.75, 0.375]);
/// assert_eq!(anchors[3], [0.5, 0.0, 1.0, 0.5]);
/// ```
pub fn multibox_prior<const H: usize, const W: usize, const S: usize, const R: usize, const N: usize>(
    sizes: &[f32; S],
    ratios: &[f32; R],
    anchors: &mut [Bbox; N],
) {
    const {
        assert!(S > 0 && R > 0, "anchors have at least one size and one ratio");
        if N != H * W * (S + R - 1) {
            fail(&[
                Part::Text("shape mismatch: `multibox_prior` gives "),
                Part::Number(H * W * (S + R - 1)),
                Part::Text(" anchors, not "),
                Part::Number(N),
            ]);
        }
    }
    let mut anchors = anchors.iter_mut();
    for y in 0..H {
        for x in 0..W {
            let center = [(x as f32 + 0.5) / W as f32, (y as f32 + 0.5) / H as f32];
            let first = |list: &[f32]| list.first().copied().unwrap_or(1.0);
            let all_sizes = sizes.iter().map(|&size| (size, first(ratios)));
            let boxes = all_sizes.chain(ratios.iter().skip(1).map(|&ratio| (first(sizes), ratio)));
            for ((size, ratio), anchor) in boxes.zip(&mut anchors) {
                let root = math::sqrt(ratio);
                *anchor = center_to_corner([center[0], center[1], size * root * H as f32 / W as f32, size / root]);
            }
        }
    }
}
