//! Data on its way to a network.

pub mod color;
pub mod detection;

/// Mean and biased standard deviation of a feature, in two passes.
#[must_use]
pub fn mean_and_std(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let var = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    [mean, var.sqrt()]
}

/// Batches of `batch` sequences of `steps` tokens, as inputs and targets.
pub type Batches = Vec<(Vec<Vec<usize>>, Vec<Vec<usize>>)>;

/// d2l's `seq_data_iter_sequential` from an offset on.
#[must_use]
pub fn sequential(tokens: &[usize], offset: usize, batch: usize, steps: usize) -> Batches {
    let used = (tokens.len().saturating_sub(offset + 1) / batch) * batch;
    let piece = used / batch;
    let rows = |from: usize| -> Vec<Vec<usize>> {
        (0..batch).map(|row| tokens[from + row * piece..][..piece].to_vec()).collect()
    };
    if used == 0 {
        return Vec::new();
    }
    let (x, y) = (rows(offset), rows(offset + 1));
    (0..piece / steps)
        .map(|i| {
            let columns = |rows: &[Vec<usize>]| rows.iter().map(|row| row[i * steps..][..steps].to_vec()).collect();
            (columns(&x), columns(&y))
        })
        .collect()
}
