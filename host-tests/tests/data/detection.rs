//! Anchors and boxes.

use tensorlet::{
    data::detection::{
        Bbox, Detection, GroundTruth, assign_anchors, box_iou, center_to_corner, corner_to_center, hard_negatives, iou,
        multibox_detection, multibox_prior, multibox_target, nms, offset, offset_inverse,
    },
    random,
};
use tensorlet_host::reference::{data::detection as reference, wide};

use super::{compare, judge, rng, uniform};

/// Boxes with sides from a twentieth of the image on.
fn boxes<const N: usize>(seed: u64) -> [Bbox; N] {
    let numbers = uniform(seed, 4 * N, 0.0, 1.0);
    std::array::from_fn(|i| {
        let [x, y, w, h] = numbers.as_chunks().0[i];
        [x, y, x + 0.05 + 0.4 * w, y + 0.05 + 0.4 * h]
    })
}

fn wide_boxes(boxes: &[Bbox]) -> Vec<[f64; 4]> {
    boxes.iter().map(|b| b.map(f64::from)).collect()
}

#[test]
fn anchors() {
    let (sizes, ratios) = ([0.75, 0.5, 0.25], [1.0, 2.0, 0.5]);
    let (mut square, mut wide_map, mut one) = ([[0.0; 4]; 4 * 4 * 5], [[0.0; 4]; 3 * 7 * 5], [[0.0; 4]; 2]);
    multibox_prior::<4, 4, 3, 3, 80>(&sizes, &ratios, &mut square);
    multibox_prior::<3, 7, 3, 3, 105>(&sizes, &ratios, &mut wide_map);
    multibox_prior::<1, 1, 1, 2, 2>(&[0.9], &[3.0, 0.3], &mut one);
    let check =
        |got: &[Bbox], expected: Vec<[f64; 4]>| compare("anchors", got.as_flattened(), expected.as_flattened(), 1.0);
    let (s, r) = (sizes.map(f64::from), ratios.map(f64::from));
    let worst = check(&square, reference::prior(4, 4, &s, &r)).max(check(&wide_map, reference::prior(3, 7, &s, &r)));
    judge("anchors", worst.max(check(&one, reference::prior(1, 1, &[f64::from(0.9_f32)], &[3.0, f64::from(0.3_f32)]))));
}

#[test]
fn overlaps() {
    let mut worst = 0.0_f64;
    for seed in 0..50 {
        let (a, b) = (boxes::<9>(seed), boxes::<5>(seed + 100));
        let mut overlaps = [[0.0; 5]; 9];
        box_iou(&a, &b, &mut overlaps);
        let (wide_a, wide_b) = (wide_boxes(&a), wide_boxes(&b));
        let expected: Vec<f64> =
            wide_a.iter().flat_map(|&a| wide_b.iter().map(move |&b| reference::iou(a, b))).collect();
        worst = worst.max(compare("box_iou", overlaps.as_flattened(), &expected, 1.0));
    }
    judge("box_iou", worst);
    assert_eq!(iou(&[0.0, 0.0, 1.0, 1.0], &[0.0, 0.0, 1.0, 1.0]), 1.0);
    assert_eq!(iou(&[0.0, 0.0, 1.0, 1.0], &[1.0, 0.0, 2.0, 1.0]), 0.0);
}

#[test]
fn offsets_and_back() {
    let mut worst = 0.0_f64;
    for (anchor, bbox) in boxes::<300>(1).into_iter().zip(boxes::<300>(2)) {
        let code = offset(anchor, bbox);
        let expected = reference::offset(anchor.map(f64::from), bbox.map(f64::from));
        let size = expected.iter().fold(1.0, |size: f64, x| size.max(x.abs()));
        worst = worst.max(compare("offset", &code, &expected, size));
        let decoded = offset_inverse(anchor, code);
        compare("offset", &decoded, &reference::offset_inverse(anchor.map(f64::from), code.map(f64::from)), 2.0);
        assert!(decoded.iter().zip(bbox).all(|(a, b)| (a - b).abs() < 1e-5), "{decoded:?} {bbox:?}");
        let back = center_to_corner(corner_to_center(bbox));
        assert!(back.iter().zip(bbox).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    judge("offset", worst);
    assert!(offset([0.0, 0.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5]).iter().all(|x| x.is_finite()));
}

#[test]
fn anchors_of_objects() {
    for seed in 0..100 {
        let anchors = boxes::<40>(seed);
        let n = random::below(6, &mut rng(seed)) as usize;
        let objects: Vec<GroundTruth> =
            boxes::<5>(seed + 1000).into_iter().zip(0..).map(|(bbox, class)| GroundTruth { class, bbox }).collect();
        let objects = &objects[..n.min(5)];
        let places: Vec<Bbox> = objects.iter().map(|object| object.bbox).collect();
        for threshold in [0.1, 0.3, 0.5] {
            let mut assigned = [9; 40];
            assign_anchors(objects, &anchors, threshold, &mut assigned);
            let expected = reference::assign(&wide_boxes(&places), &wide_boxes(&anchors), f64::from(threshold));
            assert_eq!(assigned.map(i64::from).to_vec(), expected);
        }
        let (mut offsets, mut mask, mut classes, mut assigned) = ([[9.0; 4]; 40], [[9.0; 4]; 40], [9; 40], [9; 40]);
        multibox_target(&anchors, objects, &mut assigned, &mut offsets, &mut mask, &mut classes);
        let expected = reference::assign(&wide_boxes(&places), &wide_boxes(&anchors), 0.5);
        for (i, &object) in expected.iter().enumerate() {
            match usize::try_from(object) {
                Ok(object) => {
                    assert_eq!((classes[i], mask[i]), (object as u8 + 1, [1.0; 4]));
                    assert_eq!(offsets[i], offset(anchors[i], places[object]));
                }
                Err(_) => assert_eq!((classes[i], mask[i], offsets[i]), (0, [0.0; 4], [0.0; 4])),
            }
        }
    }
    // More objects than anchors: each anchor has one.
    let anchors = boxes::<2>(1);
    let objects = boxes::<4>(2).map(|bbox| GroundTruth { class: 0, bbox });
    let mut assigned = [-1; 2];
    assign_anchors(&objects, &anchors, 0.5, &mut assigned);
    assert!(assigned.iter().all(|object| (0..4).contains(object)) && assigned[0] != assigned[1]);
}

/// The example of *Dive into Deep Learning*, section 14.4.
#[test]
fn the_example_of_d2l() {
    let objects = [
        GroundTruth { class: 0, bbox: [0.1, 0.08, 0.52, 0.92] },
        GroundTruth { class: 1, bbox: [0.55, 0.2, 0.9, 0.88] },
    ];
    let anchors = [
        [0.0, 0.1, 0.2, 0.3],
        [0.15, 0.2, 0.4, 0.4],
        [0.63, 0.05, 0.88, 0.98],
        [0.66, 0.45, 0.8, 0.8],
        [0.57, 0.3, 0.92, 0.9],
    ];
    let (mut offsets, mut mask, mut classes, mut assigned) = ([[0.0; 4]; 5], [[0.0; 4]; 5], [0; 5], [0; 5]);
    multibox_target(&anchors, &objects, &mut assigned, &mut offsets, &mut mask, &mut classes);
    assert_eq!(classes, [0, 1, 2, 0, 2]);
    let expected = [1.40, 10.0, 2.59, 7.18, -1.20, 0.269, 1.68, -1.57, -0.571, -1.0, 0.0, 0.626];
    let got: Vec<f32> = [offsets[1], offsets[2], offsets[4]].concat();
    assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.006), "{got:?}");

    let anchors = [[0.1, 0.08, 0.52, 0.92], [0.08, 0.2, 0.56, 0.95], [0.15, 0.3, 0.62, 0.91], [0.55, 0.2, 0.9, 0.88]];
    let probabilities = [[0.0; 4], [0.9, 0.8, 0.7, 0.1], [0.1, 0.2, 0.3, 0.9]];
    let mut found = [Detection::NONE; 4];
    let found = multibox_detection(&probabilities, &[[0.0; 4]; 4], &anchors, 0.5, 0.01, &mut found);
    let seen: Vec<_> = found.iter().map(|found| (found.class, found.confidence, found.anchor)).collect();
    assert_eq!(seen, [(0, 0.9, 0), (1, 0.9, 3)]);
}

#[test]
fn the_best_of_overlapping_boxes() {
    for seed in 0..100 {
        let boxes = boxes::<30>(seed);
        let scores: [f32; 30] = uniform(seed + 500, 30, 0.0, 1.0).try_into().expect("30");
        // Some of the same score.
        let scores = std::array::from_fn(|i| if i % 7 == 0 { 0.5 } else { scores[i] });
        for threshold in [0.0, 0.2, 0.5, 1.0] {
            let mut kept = [99_u8; 30];
            let n = nms(&boxes, &scores, threshold, &mut kept);
            let expected = reference::nms(&wide_boxes(&boxes), &wide(&scores), f64::from(threshold));
            assert!(kept[..n].iter().map(|&i| usize::from(i)).eq(expected.iter().copied()));
            // Only the best three.
            let mut few = [99_u16; 3];
            let n = nms(&boxes, &scores, threshold, &mut few);
            assert!(few[..n].iter().map(|&i| usize::from(i)).eq(expected.into_iter().take(3)));
        }
    }
    let mut kept = [0_u8; 3];
    let boxes = [[0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0], [4.0, 0.0, 5.0, 1.0]];
    assert_eq!(nms(&boxes, &[f32::NAN, 0.1, f32::NEG_INFINITY], 0.5, &mut kept), 2);
    assert_eq!(kept[..2], [1, 2]);
}

#[test]
fn detections() {
    for seed in 0..50 {
        let anchors = boxes::<25>(seed);
        let probabilities: Vec<Vec<f32>> = (0..4).map(|c| uniform(seed * 7 + c, 25, 0.0, 1.0)).collect();
        let array: [[f32; 25]; 4] = std::array::from_fn(|c| std::array::from_fn(|i| probabilities[c][i]));
        let flat = uniform(seed + 77, 100, -1.0, 1.0);
        let offsets: [[f32; 4]; 25] = std::array::from_fn(|i| flat.as_chunks().0[i]);
        for (threshold, least) in [(0.5, 0.01), (0.2, 0.8), (0.9, 0.95)] {
            let mut found = [Detection::NONE; 25];
            let found = multibox_detection(&array, &offsets, &anchors, threshold, least, &mut found);
            let wide_probabilities: Vec<Vec<f64>> = probabilities.iter().map(|row| wide(row)).collect();
            let (offsets, anchors) = (wide_boxes(&offsets), wide_boxes(&anchors));
            let (threshold, least) = (f64::from(threshold), f64::from(least));
            let expected = reference::detect(&wide_probabilities, &offsets, &anchors, threshold, least);
            assert_eq!(found.len(), expected.len());
            for (found, (anchor, class, confidence, bbox)) in found.iter().zip(expected) {
                assert_eq!((found.anchor, usize::from(found.class)), (anchor, class));
                assert_eq!(f64::from(found.confidence), confidence);
                compare("offset", &found.bbox, &bbox, 2.0);
            }
        }
    }
}

#[test]
fn the_background_that_counts() {
    for seed in 0..200 {
        let losses: [f32; 50] = uniform(seed, 50, -1.0, 4.0).try_into().expect("50");
        // Ties, zeros of both signs.
        let losses = std::array::from_fn(|i| if i % 5 == 0 { 1.0 } else { losses[i] });
        let mut rng = rng(seed);
        let classes: [u8; 50] = std::array::from_fn(|_| if random::below(6, &mut rng) == 0 { 2 } else { 0 });
        for (ratio, least) in [(3.0, 0), (0.0, 0), (0.5, 4), (100.0, 0), (1.0, 1000)] {
            let mut keep = [9.0; 50];
            let n = hard_negatives(&losses, &classes, ratio, least, &mut keep);
            let expected = reference::hard_negatives(&wide(&losses), &classes, f64::from(ratio), least);
            assert!(keep.iter().zip(&expected).all(|(got, &expected)| *got == f32::from(u8::from(expected))));
            assert_eq!(n, expected.iter().filter(|&&keep| keep).count());
        }
    }
    let mut keep = [0.0; 3];
    assert_eq!(hard_negatives(&[1.0, f32::NAN, f32::INFINITY], &[0; 3], 3.0, 2, &mut keep), 2);
    assert_eq!(keep, [0.0, 1.0, 1.0]);
}
