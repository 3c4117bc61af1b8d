//! Boxes and anchors as d2l computes them: with matrices of all overlaps.

/// A box: `[x_min, y_min, x_max, y_max]`.
pub type Bbox = [f64; 4];

/// `multibox_prior`.
#[must_use]
pub fn prior(height: usize, width: usize, sizes: &[f64], ratios: &[f64]) -> Vec<Bbox> {
    let mut shapes = Vec::new();
    for size in sizes {
        shapes.push([size * ratios[0].sqrt(), size / ratios[0].sqrt()]);
    }
    for ratio in &ratios[1..] {
        shapes.push([sizes[0] * ratio.sqrt(), sizes[0] / ratio.sqrt()]);
    }
    let mut anchors = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (x, y) = ((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
            for [w, h] in &shapes {
                let (w, h) = (w * height as f64 / width as f64 / 2.0, h / 2.0);
                anchors.push([x - w, y - h, x + w, y + h]);
            }
        }
    }
    anchors
}

/// Intersection over union.
#[must_use]
pub fn iou(a: Bbox, b: Bbox) -> f64 {
    let length = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
    let area = |b: Bbox| (b[2] - b[0]) * (b[3] - b[1]);
    let both = length(0, 2) * length(1, 3);
    both / (area(a) + area(b) - both)
}

/// `assign_anchor_to_bbox`, which discards rows and columns of the matrix.
#[must_use]
pub fn assign(objects: &[Bbox], anchors: &[Bbox], threshold: f64) -> Vec<i64> {
    let mut overlaps: Vec<Vec<f64>> =
        anchors.iter().map(|&anchor| objects.iter().map(|&object| iou(anchor, object)).collect()).collect();
    let mut map = vec![-1; anchors.len()];
    for (row, map) in overlaps.iter().zip(&mut map) {
        let best = (0..row.len()).reduce(|a, b| if row[b] > row[a] { b } else { a });
        if let Some(best) = best.filter(|&best| row[best] >= threshold) {
            *map = best as i64;
        }
    }
    for _ in 0..objects.len().min(anchors.len()) {
        let mut best = (0, 0);
        for i in 0..anchors.len() {
            for j in 0..objects.len() {
                if overlaps[i][j] > overlaps[best.0][best.1] {
                    best = (i, j);
                }
            }
        }
        map[best.0] = best.1 as i64;
        overlaps[best.0].fill(-1.0);
        overlaps.iter_mut().for_each(|row| row[best.1] = -1.0);
    }
    map
}

/// `offset_boxes`.
#[must_use]
pub fn offset(anchor: Bbox, bbox: Bbox) -> [f64; 4] {
    let center = |b: Bbox| [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0, b[2] - b[0], b[3] - b[1]];
    let (a, b) = (center(anchor), center(bbox));
    let size = |i: usize| 5.0 * (1e-6 + b[i] / a[i]).ln();
    [10.0 * (b[0] - a[0]) / a[2], 10.0 * (b[1] - a[1]) / a[3], size(2), size(3)]
}

/// `offset_inverse`.
#[must_use]
pub fn offset_inverse(anchor: Bbox, offset: [f64; 4]) -> Bbox {
    let (w, h) = (anchor[2] - anchor[0], anchor[3] - anchor[1]);
    let x = offset[0] / 10.0 * w + (anchor[0] + anchor[2]) / 2.0;
    let y = offset[1] / 10.0 * h + (anchor[1] + anchor[3]) / 2.0;
    let (w, h) = ((offset[2] / 5.0).exp() * w / 2.0, (offset[3] / 5.0).exp() * h / 2.0);
    [x - w, y - h, x + w, y + h]
}

/// `nms`: places in the order of decreasing scores.
#[must_use]
pub fn nms(boxes: &[Bbox], scores: &[f64], threshold: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut kept = Vec::new();
    while !order.is_empty() {
        let best = order.remove(0);
        kept.push(best);
        order.retain(|&other| iou(boxes[best], boxes[other]) <= threshold);
    }
    kept
}

/// `multibox_detection` without what is background: anchor, class and confidence.
#[must_use]
pub fn detect(
    probabilities: &[Vec<f64>],
    offsets: &[[f64; 4]],
    anchors: &[Bbox],
    threshold: f64,
    least: f64,
) -> Vec<(usize, usize, f64, Bbox)> {
    let boxes: Vec<Bbox> = anchors.iter().zip(offsets).map(|(&a, &o)| offset_inverse(a, o)).collect();
    let best = |anchor: usize| {
        (1..probabilities.len())
            .reduce(|a, b| if probabilities[b][anchor] > probabilities[a][anchor] { b } else { a })
            .expect("a class")
    };
    let classes: Vec<usize> = (0..anchors.len()).map(best).collect();
    let scores: Vec<f64> = classes.iter().enumerate().map(|(anchor, &class)| probabilities[class][anchor]).collect();
    nms(&boxes, &scores, threshold)
        .into_iter()
        .filter(|&anchor| scores[anchor] >= least)
        .map(|anchor| (anchor, classes[anchor] - 1, scores[anchor], boxes[anchor]))
        .collect()
}

/// Which anchors count: all objects, and the background with the largest losses.
#[must_use]
pub fn hard_negatives(losses: &[f64], classes: &[u8], ratio: f64, least: usize) -> Vec<bool> {
    let mut background: Vec<usize> = (0..losses.len()).filter(|&i| classes[i] == 0).collect();
    background.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
    let objects = classes.iter().filter(|&&class| class > 0).count();
    background.truncate(((objects as f64 * ratio) as usize).max(least));
    (0..losses.len()).map(|i| classes[i] > 0 || background.contains(&i)).collect()
}
