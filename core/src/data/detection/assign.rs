//! Which anchor is for which object, and what the network shall say there.

use super::{Bbox, iou, offset};

/// An object of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundTruth {
    /// Its class, from 0; background is no class.
    pub class: u8,
    /// Where it is.
    pub bbox: Bbox,
}

/// No object.
const NONE: i16 = -1;

/// For each anchor the object that it shall find, or -1: d2l's `assign_anchor_to_bbox`.
///
/// Object after object gets the anchor that overlaps best of all that are left, the best pair first;
/// then each other anchor gets the object that it overlaps most, if by at least `threshold` (0.5).
/// Takes `objects² · N` overlaps. Only the first 32,767 objects are seen.
///
/// ```
/// use tensorlet::data::detection::{assign_anchors, GroundTruth};
/// let anchors = [[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 0.6, 1.0], [0.5, 0.0, 1.0, 1.0]];
/// let objects = [GroundTruth { class: 3, bbox: [0.0, 0.0, 0.5, 1.0] }];
/// let mut assigned = [0; 3];
/// assign_anchors(&objects, &anchors, 0.5, &mut assigned);
/// assert_eq!(assigned, [0, 0, -1]);
/// ```
pub fn assign_anchors<const N: usize>(
    objects: &[GroundTruth],
    anchors: &[Bbox; N],
    threshold: f32,
    assigned: &mut [i16; N],
) {
    assigned.fill(NONE);
    let objects = objects.get(..i16::MAX as usize).unwrap_or(objects);
    for _ in objects {
        // The best pair of an anchor and an object that are both free.
        let (mut best, mut pair) = (-1.0, None);
        for (i, anchor) in anchors.iter().enumerate() {
            if assigned.get(i) != Some(&NONE) {
                continue;
            }
            for (object, j) in objects.iter().zip(0..) {
                let overlap = iou(anchor, &object.bbox);
                if overlap > best && !assigned.contains(&j) {
                    (best, pair) = (overlap, Some((i, j)));
                }
            }
        }
        if let Some((i, j)) = pair
            && let Some(assigned) = assigned.get_mut(i)
        {
            *assigned = j;
        }
    }
    for (anchor, assigned) in anchors.iter().zip(assigned) {
        if *assigned == NONE {
            let (mut best, mut nearest) = (f32::NEG_INFINITY, NONE);
            for (object, j) in objects.iter().zip(0..) {
                let overlap = iou(anchor, &object.bbox);
                if overlap > best {
                    (best, nearest) = (overlap, j);
                }
            }
            if best >= threshold {
                *assigned = nearest;
            }
        }
    }
}

/// What a network shall say at each anchor: d2l's `multibox_target` of one image, with its threshold of
/// 0.5.
///
/// `classes` is 0 for background, else the object's class plus 1; `offsets` is the [`offset`] of the
/// object's box, 0 for background; `mask` is 1 where there is an object, else 0: offsets count only
/// there. `assigned` takes what [`assign_anchors`] gives.
///
/// ```
/// use tensorlet::data::detection::{multibox_target, GroundTruth};
/// let anchors = [[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]];
/// let objects = [GroundTruth { class: 3, bbox: [0.1, 0.0, 0.6, 1.0] }];
/// let (mut offsets, mut mask, mut classes, mut assigned) = ([[0.0; 4]; 2], [[0.0; 4]; 2], [0; 2], [0; 2]);
/// multibox_target(&anchors, &objects, &mut assigned, &mut offsets, &mut mask, &mut classes);
/// assert_eq!((classes, mask), ([4, 0], [[1.0; 4], [0.0; 4]]));
/// assert!((offsets[0][0] - 2.0).abs() < 1e-5 && offsets[1] == [0.0; 4]);
/// ```
pub fn multibox_target<const N: usize>(
    anchors: &[Bbox; N],
    objects: &[GroundTruth],
    assigned: &mut [i16; N],
    offsets: &mut [[f32; 4]; N],
    mask: &mut [[f32; 4]; N],
    classes: &mut [u8; N],
) {
    assign_anchors(objects, anchors, 0.5, assigned);
    let results = offsets.iter_mut().zip(mask).zip(classes);
    for ((anchor, assigned), ((to, mask), class)) in anchors.iter().zip(assigned).zip(results) {
        match usize::try_from(*assigned).ok().and_then(|object| objects.get(object)) {
            Some(object) => {
                (*to, *mask, *class) = (offset(*anchor, object.bbox), [1.0; 4], object.class.saturating_add(1));
            }
            None => (*to, *mask, *class) = ([0.0; 4], [0.0; 4], 0),
        }
    }
}
