//! Most anchors are background: the few that count.

/// Keeps all anchors with an object, and of the background only `ratio` times as many, those with the
/// largest loss: hard negative mining of SSD, with a ratio of 3.
///
/// `losses` is what the network's classification costs at each anchor, `classes` what
/// [`multibox_target`](super::multibox_target) gives; `keep` becomes 1 for an anchor that counts, else 0.
/// Returns how many count. Of equal losses the first count. With `least` at least so many of the
/// background are kept, for images without an object.
///
/// ```
/// use tensorlet::data::detection::hard_negatives;
/// let (losses, classes) = ([0.1, 0.9, 0.5, 0.7, 0.2, 0.3], [2, 0, 0, 0, 0, 0]);
/// let mut keep = [0.0; 6];
/// assert_eq!(hard_negatives(&losses, &classes, 3.0, 0, &mut keep), 4);
/// assert_eq!(keep, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
pub fn hard_negatives<const N: usize>(
    losses: &[f32; N],
    classes: &[u8; N],
    ratio: f32,
    least: usize,
    keep: &mut [f32; N],
) -> usize {
    let background = || losses.iter().zip(classes).filter(|(_, class)| **class == 0).map(|(loss, _)| key(*loss));
    let objects = classes.iter().filter(|class| **class != 0).count();
    let wanted = ((objects as f32 * ratio) as usize).max(least);
    // Bit after bit the largest key that so many reach.
    let mut threshold = 0_u32;
    for bit in (0..u32::BITS).rev() {
        let higher = threshold | 1 << bit;
        if background().filter(|&key| key >= higher).count() >= wanted {
            threshold = higher;
        }
    }
    let above = background().filter(|&key| key > threshold).count();
    let (mut ties, mut kept) = (wanted.saturating_sub(above), 0);
    for ((loss, class), keep) in losses.iter().zip(classes).zip(keep) {
        let hard = key(*loss) > threshold || key(*loss) == threshold && ties > 0;
        if *class == 0 && key(*loss) == threshold && ties > 0 {
            ties -= 1;
        }
        let counts = *class != 0 || hard;
        *keep = if counts { 1.0 } else { 0.0 };
        kept += usize::from(counts);
    }
    kept
}

/// An integer that is ordered as the number is; NaN is above all.
#[inline(always)]
fn key(x: f32) -> u32 {
    let bits = if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}
