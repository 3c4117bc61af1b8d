//! Boxes from what a network says, the best of each heap.

use super::{Bbox, iou, offset_inverse};
use crate::{Index, Tensor};

/// The candidate with the largest score behind `last` in the order of decreasing scores, of equal ones
/// the first. NaN is no score.
fn next(scores: impl Iterator<Item = f32>, last: Option<(f32, usize)>) -> Option<(f32, usize)> {
    let mut best: Option<(f32, usize)> = None;
    for (i, score) in scores.enumerate() {
        let behind = last.is_none_or(|(value, at)| score < value || score == value && i > at);
        if behind && !score.is_nan() && best.is_none_or(|(value, _)| score > value) {
            best = Some((score, i));
        }
    }
    best
}

/// Of boxes that overlap the one with the best score: non-maximum suppression,
/// torchvision's and d2l's `nms`.
///
/// In the order of decreasing scores a box is kept unless it overlaps one that is kept by more than
/// `threshold`. The places of the kept boxes go into `kept`, in that order; returns how many there are,
/// at most `M`. Looks at all scores again for every box, and stores nothing.
///
/// ```
/// use tensorlet::data::detection::nms;
/// let boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [0.5, 0.5, 1.0, 1.0]];
/// let mut kept = [0_u8; 3];
/// assert_eq!(nms(&boxes, &[0.7, 0.9, 0.8], 0.5, &mut kept), 2);
/// assert_eq!(kept[..2], [1, 2]);
/// ```
pub fn nms<const N: usize, const M: usize, I: Index + Tensor<Elem = I>>(
    boxes: &[Bbox; N],
    scores: &[f32; N],
    threshold: f32,
    kept: &mut [I; M],
) -> usize {
    const { assert!(N as u64 <= I::PLACES, "the indices are of a type too small for the number of boxes") };
    let (mut n, mut last) = (0, None);
    while n < M
        && let Some(best @ (_, i)) = next(scores.iter().copied(), last)
    {
        last = Some(best);
        let mut rivals = kept.iter().take(n).filter_map(|index| boxes.get(index.position(N)?));
        let Some(candidate) = boxes.get(i) else { break };
        let beaten = rivals.any(|rival| iou(rival, candidate) > threshold);
        if !beaten && let (Some(kept), Some(index)) = (kept.get_mut(n), I::at(i)) {
            *kept = index;
            n += 1;
        }
    }
    n
}

/// An object that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Its class, from 0.
    pub class: u8,
    /// The probability of that class.
    pub confidence: f32,
    /// Where it is.
    pub bbox: Bbox,
    /// The anchor that found it.
    pub anchor: usize,
}

impl Detection {
    /// Nothing: to fill an array with.
    pub const NONE: Self = Self { class: 0, confidence: 0.0, bbox: [0.0; 4], anchor: 0 };
}

/// The objects that a network has found: d2l's `multibox_detection` of one image.
///
/// `probabilities` are those of background and of `C - 1` classes at each anchor, `offsets` where the
/// objects lie from it. Each anchor stands for its most probable class; of boxes that overlap by more
/// than `nms_threshold` (0.5) the most probable is kept, whatever the classes; what is less probable
/// than `least` (0.01) is background. Writes at most `M` objects, the most probable first, and returns
/// them. d2l also lists what it left out, as class -1.
///
/// ```
/// use tensorlet::data::detection::{multibox_detection, Detection};
/// let anchors = [[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.6], [0.6, 0.6, 0.9, 0.9]];
/// // Background, cat, dog.
/// let probabilities = [[0.1, 0.2, 0.3], [0.9, 0.7, 0.1], [0.0, 0.1, 0.6]];
/// let mut found = [Detection::NONE; 3];
/// let found = multibox_detection(&probabilities, &[[0.0; 4]; 3], &anchors, 0.5, 0.01, &mut found);
/// assert_eq!(found.len(), 2);
/// assert_eq!((found[0].class, found[0].confidence, found[0].anchor), (0, 0.9, 0));
/// assert_eq!((found[1].class, found[1].confidence, found[1].anchor), (1, 0.6, 2));
/// ```
pub fn multibox_detection<'a, const C: usize, const N: usize, const M: usize>(
    probabilities: &[[f32; N]; C],
    offsets: &[[f32; 4]; N],
    anchors: &[Bbox; N],
    nms_threshold: f32,
    least: f32,
    found: &'a mut [Detection; M],
) -> &'a [Detection] {
    const { assert!(C > 1 && C <= 256, "background and one to 255 classes") };
    // The most probable class of each anchor, of equal ones the first.
    let class = |anchor: usize| {
        let (mut best, mut class) = (f32::NEG_INFINITY, 0_u8);
        for (probabilities, c) in probabilities.iter().skip(1).zip(0..) {
            let probability = probabilities.get(anchor).copied().unwrap_or(f32::NAN);
            if probability > best || probability.is_nan() {
                (best, class) = (probability, c);
            }
        }
        (best, class)
    };
    let (mut n, mut last) = (0, None);
    while n < M
        && let Some(best @ (confidence, i)) = next((0..N).map(|anchor| class(anchor).0), last)
        && confidence >= least
    {
        last = Some(best);
        let (Some(anchor), Some(offset)) = (anchors.get(i), offsets.get(i)) else { break };
        let bbox = offset_inverse(*anchor, *offset);
        let mut rivals = found.iter().take(n);
        let beaten = rivals.any(|rival| iou(&rival.bbox, &bbox) > nms_threshold);
        if !beaten && let Some(found) = found.get_mut(n) {
            *found = Detection { class: class(i).1, confidence, bbox, anchor: i };
            n += 1;
        }
    }
    found.get(..n).unwrap_or_default()
}
