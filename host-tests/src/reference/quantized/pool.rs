//! Pooling of images `[rows][columns][channels]`.

use super::{divide, limit};
use crate::reference::Window;

/// Calls `f` with the elements inside the input that each output has under its window, in order.
fn windows(window: &Window, [rows, columns, channels]: [usize; 3], x: &[i64], mut f: impl FnMut(&[i64])) {
    let [out_rows, out_columns] = window.outputs([rows, columns]);
    for i in 0..out_rows {
        for j in 0..out_columns {
            for c in 0..channels {
                let mut inside = Vec::new();
                for r in 0..window.kernel[0] {
                    for s in 0..window.kernel[1] {
                        let row = (i * window.stride[0] + r * window.dilation[0]).checked_sub(window.padding[0]);
                        let column = (j * window.stride[1] + s * window.dilation[1]).checked_sub(window.padding[1]);
                        if let (Some(row), Some(column)) = (row, column)
                            && row < rows
                            && column < columns
                        {
                            inside.push(x[(row * columns + column) * channels + c]);
                        }
                    }
                }
                f(&inside);
            }
        }
    }
}

/// The largest of each window.
#[must_use]
pub fn max(window: &Window, sizes: [usize; 3], x: &[i64], limits: [i64; 2]) -> Vec<i64> {
    let mut y = Vec::new();
    windows(window, sizes, x, |x| y.push(limit(*x.iter().max().expect("an element"), limits)));
    y
}

/// The mean of each window, half away from zero.
#[must_use]
pub fn mean(window: &Window, sizes: [usize; 3], x: &[i64], limits: [i64; 2]) -> Vec<i64> {
    let mut y = Vec::new();
    windows(window, sizes, x, |x| {
        let mean = divide(i128::from(x.iter().sum::<i64>()), x.len() as i128);
        y.push(limit(mean as i64, limits));
    });
    y
}
