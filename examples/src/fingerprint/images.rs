//! Augmentation of images, and boxes of objects in them.

use tensorlet::data::{
    augment::{self, ColorJitter},
    detection::{self, Detection, GroundTruth},
};

use super::{Fingerprint, any, argument::generator, cases::cases};

type Picture = [[[f32; 5]; 4]; 3];
type Box4 = [f32; 4];

/// What is found where.
fn hash(found: &[Detection]) -> u32 {
    let mut print = Fingerprint::new();
    for Detection { class, confidence, bbox, anchor } in found {
        print.add(&((*class, *confidence), (*bbox, *anchor)));
    }
    print.value()
}

/// Boxes from two corners in any order.
fn proper<const N: usize>(boxes: &[Box4; N]) -> [Box4; N] {
    boxes.map(|[x1, y1, x2, y2]| [x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2)])
}

cases! {
    hflip(=> image: Picture) augment::hflip(image);
    vflip(=> image: Picture) augment::vflip(image);
    random_horizontal_flip(p: f32 => image: Picture) augment::random_horizontal_flip(image, *p, &mut generator());
    random_vertical_flip(p: f32 => image: Picture) augment::random_vertical_flip(image, *p, &mut generator());
    crop(image: Picture, top: u8, left: u8 => part: [[[f32; 3]; 2]; 3])
        augment::crop(image, [usize::from(*top), usize::from(*left)], part);
    center_crop(image: Picture => part: [[[f32; 3]; 2]; 3]) augment::center_crop(image, part);
    random_crop(image: Picture => part: [[[f32; 3]; 2]; 3]) augment::random_crop(image, part, &mut generator());
    padded_crop(image: Picture, top: i8 = -5.0..5.0, left: i8 = -5.0..5.0, fill: f32 => part: [[[f32; 3]; 2]; 3])
        augment::padded_crop(image, [isize::from(*top), isize::from(*left)], *fill, part);
    random_padded_crop(image: Picture, padding: u16, fill: f32 => part: Picture) {
        let [top, left] = augment::random_padded_crop(image, *padding, *fill, part, &mut generator());
        (top as i32, left as i32)
    };
    adjust_brightness(factor: f32 => image: Picture = 0.0..1.0) augment::adjust_brightness(image, *factor);
    adjust_contrast(factor: f32 => image: Picture = 0.0..1.0) augment::adjust_contrast(image, *factor);
    adjust_saturation(factor: f32 => image: Picture = 0.0..1.0) augment::adjust_saturation(image, *factor);
    adjust_hue(factor: f32 = -0.5..0.5 => image: Picture = 0.0..1.0) augment::adjust_hue(image, *factor);
    color_jitter(x: f32 = 0.0..0.5 => image: Picture = 0.0..1.0)
        ColorJitter { brightness: *x, contrast: *x, saturation: *x, hue: *x }.apply(image, &mut generator());

    multibox_prior(sizes: [f32; 2] = 0.1..0.9, ratios: [f32; 3] = 0.5..2.0 => anchors: [Box4; 24])
        detection::multibox_prior::<2, 3, 2, 3, 24>(sizes, ratios, anchors);
    corner_to_center(a: Box4) detection::corner_to_center(*a);
    center_to_corner(a: Box4) detection::center_to_corner(*a);
    iou(a: Box4, b: Box4) detection::iou(a, b);
    box_iou(a: [Box4; 3] = 0.0..1.0, b: [Box4; 4] = 0.0..1.0 => overlaps: [[f32; 4]; 3])
        detection::box_iou(&proper(a), &proper(b), overlaps);
    offset(anchor: Box4 = 0.0..1.0, bbox: Box4 = 0.0..1.0) detection::offset(*anchor, *bbox);
    offset_inverse(anchor: Box4 = 0.0..1.0, offset: Box4) detection::offset_inverse(*anchor, *offset);
    assign_anchors(objects: [Box4; 2] = 0.0..1.0, anchors: [Box4; 6] = 0.0..1.0 => assigned: [i16; 6]) {
        let objects = proper(objects).map(|bbox| GroundTruth { class: 1, bbox });
        detection::assign_anchors(any(&objects), &proper(anchors), 0.3, assigned);
    };
    multibox_target(objects: [Box4; 2] = 0.0..1.0, anchors: [Box4; 6] = 0.0..1.0
        => offsets: [Box4; 6], mask: [Box4; 6], classes: [u8; 6]) {
        let objects = proper(objects).map(|bbox| GroundTruth { class: 1, bbox });
        detection::multibox_target(&proper(anchors), any(&objects), &mut [0; 6], offsets, mask, classes);
    };
    hard_negatives(losses: [f32; 9], classes: [u8; 9], ratio: f32, least: u8 => keep: [f32; 9])
        detection::hard_negatives(losses, classes, *ratio, usize::from(*least), keep);
    nms(boxes: [Box4; 7] = 0.0..1.0, scores: [f32; 7] => kept: [u8; 5])
        detection::nms(&proper(boxes), scores, 0.2, kept);
    multibox_detection(p: [[f32; 6]; 3] = 0.0..1.0, offsets: [Box4; 6], anchors: [Box4; 6] = 0.0..1.0)
        hash(detection::multibox_detection(p, offsets, &proper(anchors), 0.4, 0.2, &mut [Detection::NONE; 4]));
}
