//! What a single-shot detector needs beside its network: anchors, their labels in training, and boxes
//! from its outputs; as *Dive into Deep Learning* defines them for SSD (Liu and others, 2016).
//!
//! A box is `[x_min, y_min, x_max, y_max]` in parts of the image's width and height. Numbers of anchors
//! are part of the types; the number of objects in an image is not. Nothing is sorted or stored beside
//! the results: where others keep a matrix of all overlaps, an overlap is computed when it is needed.
//!
//! | step | function | d2l's name |
//! |---|---|---|
//! | anchors for each pixel | [`multibox_prior`] | `multibox_prior` |
//! | which anchor is for which object | [`assign_anchors`] | `assign_anchor_to_bbox` |
//! | labels for training | [`multibox_target`] | `multibox_target` |
//! | the background that counts | [`hard_negatives`] | `multibox_target` with negative mining, in MXNet |
//! | boxes from the network's outputs | [`multibox_detection`] | `multibox_detection` |
//! | the best of boxes that overlap | [`nms`] | `nms` |

mod anchors;
mod assign;
mod boxes;
mod detect;
mod mining;

pub use anchors::multibox_prior;
pub use assign::{GroundTruth, assign_anchors, multibox_target};
pub use boxes::{box_iou, center_to_corner, corner_to_center, iou, offset, offset_inverse};
pub use detect::{Detection, multibox_detection, nms};
pub use mining::hard_negatives;

/// A box: `[x_min, y_min, x_max, y_max]`.
pub type Bbox = [f32; 4];
