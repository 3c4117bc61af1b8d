//! Boxes: their forms, their overlap, and how a network says where they are.

use super::Bbox;
use crate::math;

/// From corners to `[x_center, y_center, width, height]`: d2l's `box_corner_to_center`.
///
/// ```
/// use tensorlet::data::detection::corner_to_center;
/// assert_eq!(corner_to_center([0.0, 0.0, 0.5, 1.0]), [0.25, 0.5, 0.5, 1.0]);
/// ```
#[inline]
#[must_use]
pub const fn corner_to_center([x1, y1, x2, y2]: Bbox) -> [f32; 4] {
    [(x1 + x2) / 2.0, (y1 + y2) / 2.0, x2 - x1, y2 - y1]
}

/// From `[x_center, y_center, width, height]` to corners: d2l's `box_center_to_corner`.
///
/// ```
/// use tensorlet::data::detection::center_to_corner;
/// assert_eq!(center_to_corner([0.25, 0.5, 0.5, 1.0]), [0.0, 0.0, 0.5, 1.0]);
/// ```
#[inline]
#[must_use]
pub const fn center_to_corner([x, y, width, height]: [f32; 4]) -> Bbox {
    [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height]
}

/// Intersection over union of two boxes, the Jaccard index: torchvision's `box_iou` of one pair. NaN of two boxes
/// without area.
///
/// ```
/// use tensorlet::data::detection::iou;
/// assert_eq!(iou(&[0.0, 0.0, 2.0, 1.0], &[1.0, 0.0, 3.0, 1.0]), 1.0 / 3.0);
/// ```
#[inline]
#[must_use]
pub fn iou(a: &Bbox, b: &Bbox) -> f32 {
    let area = |[x1, y1, x2, y2]: &Bbox| (x2 - x1) * (y2 - y1);
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let both = width * height;
    both / (area(a) + area(b) - both)
}

/// [`iou`] of all pairs: torchvision's and d2l's `box_iou`.
///
/// ```
/// use tensorlet::data::detection::box_iou;
/// let (a, b) = ([[0.0, 0.0, 2.0, 1.0]], [[1.0, 0.0, 3.0, 1.0], [0.0, 0.0, 1.0, 1.0]]);
/// let mut overlaps = [[0.0; 2]; 1];
/// box_iou(&a, &b, &mut overlaps);
/// assert_eq!(overlaps, [[1.0 / 3.0, 0.5]]);
/// ```
#[inline]
pub fn box_iou<const A: usize, const B: usize>(a: &[Bbox; A], b: &[Bbox; B], overlaps: &mut [[f32; B]; A]) {
    for (a, row) in a.iter().zip(overlaps) {
        row.iter_mut().zip(b).for_each(|(overlap, b)| *overlap = iou(a, b));
    }
}

/// Where a box lies from an anchor, as a network learns it: d2l's `offset_boxes`.
///
/// `[10 (x_b - x_a) / w_a, 10 (y_b - y_a) / h_a, 5 ln(w_b / w_a), 5 ln(h_b / h_a)]` of centres and
/// sizes: distances divided by SSD's variances, 0.1 of places and 0.2 of sizes.
///
/// ```
/// use tensorlet::data::detection::offset;
/// assert_eq!(offset([0.0, 0.0, 0.5, 0.5], [0.1, 0.0, 0.6, 0.5]).map(|x| x.round()), [2.0, 0.0, 0.0, 0.0]);
/// ```
#[inline]
#[must_use]
pub fn offset(anchor: Bbox, bbox: Bbox) -> [f32; 4] {
    let ([x_a, y_a, w_a, h_a], [x_b, y_b, w_b, h_b]) = (corner_to_center(anchor), corner_to_center(bbox));
    // A box without area has an offset, too.
    let size = |b: f32, a: f32| 5.0 * math::ln(1e-6 + b / a);
    [10.0 * (x_b - x_a) / w_a, 10.0 * (y_b - y_a) / h_a, size(w_b, w_a), size(h_b, h_a)]
}

/// The box at an [`offset`] from an anchor: d2l's `offset_inverse`.
///
/// ```
/// use tensorlet::data::detection::{offset, offset_inverse};
/// let (anchor, bbox) = ([0.0, 0.0, 0.5, 0.5], [0.1, 0.2, 0.4, 0.8]);
/// let back = offset_inverse(anchor, offset(anchor, bbox));
/// assert!(back.iter().zip(bbox).all(|(a, b)| (a - b).abs() < 1e-2));
/// ```
#[inline]
#[must_use]
pub fn offset_inverse(anchor: Bbox, [x, y, w, h]: [f32; 4]) -> Bbox {
    let [x_a, y_a, w_a, h_a] = corner_to_center(anchor);
    center_to_corner([x * w_a / 10.0 + x_a, y * h_a / 10.0 + y_a, math::exp(w / 5.0) * w_a, math::exp(h / 5.0) * h_a])
}
