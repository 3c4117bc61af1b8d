//! Two-dimensional pooling.

use super::Window;

/// The sizes of a pooling of one plane.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Kernel, stride and padding.
    pub window: Window,
}

impl Pool {
    /// Elements of an input plane and of an output plane.
    #[must_use]
    pub fn lens(&self) -> [usize; 2] {
        let [rows, columns] = self.window.outputs(self.input);
        [self.input[0] * self.input[1], rows * columns]
    }

    /// For each output: position in the window and in the input plane of all elements that are
    /// not padding, row by row.
    fn windows(&self) -> Vec<Vec<(usize, usize)>> {
        let [rows, columns] = self.window.outputs(self.input);
        let [kernel_rows, kernel_columns] = self.window.kernel;
        let mut windows = Vec::new();
        for i in 0..rows {
            for j in 0..columns {
                let mut elements = Vec::new();
                for r in 0..kernel_rows {
                    for s in 0..kernel_columns {
                        let row = self.window.input(0, i, r, self.input[0]);
                        let column = self.window.input(1, j, s, self.input[1]);
                        if let (Some(row), Some(column)) = (row, column) {
                            elements.push((r * kernel_columns + s, row * self.input[1] + column));
                        }
                    }
                }
                windows.push(elements);
            }
        }
        windows
    }

    /// The maximum of each window and its position in the window, the first of equal ones; a NaN is
    /// larger than anything, and of several NaN PyTorch takes the last.
    #[must_use]
    pub fn max(&self, x: &[f64]) -> (Vec<f64>, Vec<usize>) {
        let windows = self.windows();
        let (mut values, mut places) = (Vec::new(), Vec::new());
        for plane in x.chunks(self.lens()[0]) {
            for window in &windows {
                let (mut place, mut value) = (window[0].0, plane[window[0].1]);
                for &(tap, i) in &window[1..] {
                    if plane[i].is_nan() || plane[i] > value {
                        (place, value) = (tap, plane[i]);
                    }
                }
                values.push(value);
                places.push(place);
            }
        }
        (values, places)
    }

    /// The gradient of the maxima: each `dy` goes to the element at its place.
    #[must_use]
    pub fn max_gradient(&self, dy: &[f64], places: &[usize]) -> Vec<f64> {
        let windows = self.windows();
        let mut batch = Vec::new();
        for (dy, places) in dy.chunks(windows.len()).zip(places.chunks(windows.len())) {
            let mut dx = vec![0.0; self.lens()[0]];
            for ((window, dy), place) in windows.iter().zip(dy).zip(places) {
                let winner = window.iter().find(|(tap, _)| tap == place);
                dx[winner.expect("a maximum lies in its window").1] += dy;
            }
            batch.extend(dx);
        }
        batch
    }

    /// The mean of each window, the padding counted as zeros.
    #[must_use]
    pub fn mean(&self, x: &[f64]) -> Vec<f64> {
        let windows = self.windows();
        let size = (self.window.kernel[0] * self.window.kernel[1]) as f64;
        x.chunks(self.lens()[0])
            .flat_map(|plane| windows.iter().map(move |w| w.iter().map(|&(_, i)| plane[i]).sum::<f64>() / size))
            .collect()
    }

    /// The gradient of the means.
    #[must_use]
    pub fn mean_gradient(&self, dy: &[f64]) -> Vec<f64> {
        let windows = self.windows();
        let size = (self.window.kernel[0] * self.window.kernel[1]) as f64;
        let mut batch = Vec::new();
        for dy in dy.chunks(windows.len()) {
            let mut dx = vec![0.0; self.lens()[0]];
            for (window, dy) in windows.iter().zip(dy) {
                for &(_, i) in window {
                    dx[i] += dy / size;
                }
            }
            batch.extend(dx);
        }
        batch
    }
}
