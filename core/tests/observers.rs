//! Percentiles by counting against those of sorted values.

// The same arithmetic on very many numbers, which takes Miri long, and no memory but arrays.
#![cfg(not(miri))]

use tensorlet::quantized::{MinMaxObserver, Observer, PercentileObserver};

/// Numbers of three kinds: about normal, all positive with many zeros, and with a few outliers.
fn values(kind: u32, n: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_u32 + kind;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32
    };
    (0..n)
        .map(|i| {
            let x: f32 = (0..6).map(|_| uniform() - 0.5).sum();
            match kind {
                0 => 3.0 * x - 0.3,
                1 => x.max(0.0) * 1e-3,
                _ if i % 997 == 500 => 1000.0 * x,
                _ => x,
            }
        })
        .collect()
}

/// The extremes as the observer's documentation has them, of sorted values.
fn sorted(values: &[f32], q: f64) -> (f32, f32) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let last = (sorted.len() - 1) as f64;
    (sorted[((1.0 - q) * last).floor() as usize], sorted[(q * last).ceil() as usize])
}

fn agrees<const BINS: usize>(values: &[f32], q: f64) {
    let mut observer = PercentileObserver::<BINS>::new(q);
    for part in values.chunks(37) {
        observer.observe(part);
    }
    let ((low, high), (min, max)) = (observer.range(), sorted(values, q));
    let width = 4.0 * values.iter().fold(0.0_f32, |most, x| most.max(x.abs())) / BINS as f32;
    assert!(low <= min && min - low <= width, "{q} of {BINS} bins: {low} for {min}, width {width}");
    assert!(high >= max && high - max <= width, "{q} of {BINS} bins: {high} for {max}, width {width}");
}

#[test]
fn percentiles_are_those_of_sorted_values() {
    for kind in 0..3 {
        for n in [1, 2, 3, 10, 1000, 20_000] {
            let values = values(kind, n);
            for q in [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0] {
                agrees::<2048>(&values, q);
                agrees::<256>(&values, q);
                agrees::<12>(&values, q);
            }
        }
    }
}

#[test]
fn all_values_have_the_range_of_min_and_max() {
    for kind in 0..3 {
        let values = values(kind, 5000);
        let (mut all, mut extremes) = (PercentileObserver::<2048>::new(1.0), MinMaxObserver::NEW);
        all.observe(&values);
        extremes.observe(&values);
        assert_eq!(all.range(), extremes.range());
        assert_eq!(all.quantization(), extremes.quantization());
    }
}

#[test]
fn outliers_do_not_make_steps_longer() {
    let values = values(2, 20_000);
    let (mut most, mut all) = (PercentileObserver::<4096>::new(0.998), MinMaxObserver::NEW);
    most.observe(&values);
    all.observe(&values);
    assert!(100.0 * most.quantization().scale < all.quantization().scale);
}

#[test]
fn values_of_any_size_are_counted_once() {
    let mut observer = PercentileObserver::<64>::new(0.75);
    assert_eq!(observer.range(), (0.0, 0.0));
    observer.observe(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    assert_eq!(observer.range(), (0.0, 0.0));
    observer.observe(&[0.0, -0.0, 1e-40, -1e-40, 1e-30]);
    let (min, max) = observer.range();
    assert!((-1e-40..=0.0).contains(&min) && (0.0..=1e-30).contains(&max));
    observer.observe(&[f32::MAX, f32::MIN]);
    // Five of seven values are about 0: bins of this range hold them, the two beside the middle.
    let (min, max) = observer.range();
    assert!(min >= f32::MIN / 16.0 && max <= f32::MAX / 16.0, "{min} {max}");
    let mut extremes = PercentileObserver::<64>::new(1.0);
    extremes.observe(&[f32::MAX, 0.0, f32::MIN]);
    assert_eq!(extremes.range(), (f32::MIN, f32::MAX));
}
