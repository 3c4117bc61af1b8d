//! What can be compared of random samples.

use crate::arrays::Arrays;

/// Samples that a mean is over.
pub const SAMPLES: usize = 2048;

/// The last sample, and the mean over many.
pub fn sampled(shape: [usize; 2], mut draw: impl FnMut() -> Vec<f32>) -> Arrays {
    let mut mean = vec![0.0; shape[0] * shape[1]];
    let mut last = Vec::new();
    for _ in 0..SAMPLES {
        last = draw();
        mean.iter_mut().zip(&last).for_each(|(mean, y)| *mean += y / SAMPLES as f32);
    }
    Arrays::default().with("sample", &shape, last).with("mean", &shape, mean)
}

/// Checks that every row of a sample adds up to 1, and is one-hot where it is to be.
///
/// # Errors
/// The first row that is not.
pub fn check(answer: &Arrays, width: usize, hard: bool) -> Result<(), String> {
    for (i, row) in answer["sample"].chunks(width).enumerate() {
        let sum: f32 = row.iter().sum();
        if (sum - 1.0).abs() > 1e-4 || row.iter().any(|y| !(0.0..=1.0001).contains(y)) {
            return Err(format!("row {i} is no distribution: it adds up to {sum}"));
        }
        if hard && row.iter().filter(|&&y| y.abs() > 1e-5).count() != 1 {
            return Err(format!("row {i} is not one-hot"));
        }
    }
    Ok(())
}
