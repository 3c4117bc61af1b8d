//! Pooling of planes; a pooling of one dimension has planes of one row.

use tensorlet::{
    description::{LayerInfo, Op},
    sliding::Divisor,
};

use super::{Window, conv::plane};

/// Place in the window and input of each element of a window, the number of those inside the padding, and the
/// size of the window.
type Along = (Vec<(usize, usize)>, usize, usize);

/// The sizes of a pooling of one plane.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// What the windows cover.
    pub windows: Windows,
}

/// The windows of a pooling.
#[derive(Clone, Copy, Debug)]
pub enum Windows {
    /// One that slides.
    Sliding(Window),
    /// So many rows and columns of windows that divide the input evenly.
    Adaptive([usize; 2]),
}

/// One window of a plane.
#[derive(Clone, Debug)]
struct Elements {
    /// Place in the window, row by row, and in the plane of all elements that are not padding.
    inside: Vec<(usize, usize)>,
    /// What a mean divides by.
    divisor: f64,
    /// The window's elements by those of this one that lie inside the padding.
    missing: f64,
}

impl Pool {
    /// Elements of an input plane and of an output plane.
    #[must_use]
    pub fn lens(&self) -> [usize; 2] {
        let [rows, columns] = self.outputs();
        [self.input[0] * self.input[1], rows * columns]
    }

    /// Rows and columns of an output plane.
    #[must_use]
    pub fn outputs(&self) -> [usize; 2] {
        match self.windows {
            Windows::Sliding(window) => window.outputs(self.input),
            Windows::Adaptive(outputs) => outputs,
        }
    }

    /// For each output of an axis the place in the window and the input of each element that is not
    /// padding, the number of those inside the padding, and the size of the window.
    fn along(&self, axis: usize) -> Vec<Along> {
        let (size, outputs) = (self.input[axis], self.outputs()[axis]);
        match self.windows {
            Windows::Sliding(window) => {
                let inside = window.inside_padding(axis, size, outputs);
                let inputs = window.along(axis, size, outputs).into_iter().map(|inputs| {
                    inputs.into_iter().enumerate().filter_map(|(tap, input)| Some((tap, input?))).collect()
                });
                inputs.zip(inside).map(|(inputs, inside)| (inputs, inside, window.kernel[axis])).collect()
            }
            Windows::Adaptive(_) => {
                // PyTorch: from the floor of i·n/o to the ceiling of (i + 1)·n/o.
                let bounds = |i: usize| {
                    let share = size as f64 / outputs as f64;
                    ((i as f64 * share + 1e-9).floor() as usize, ((i + 1) as f64 * share - 1e-9).ceil() as usize)
                };
                let window = |i| {
                    let (start, end) = bounds(i);
                    ((start..end).enumerate().collect(), end - start, end - start)
                };
                (0..outputs).map(window).collect()
            }
        }
    }

    fn windows(&self) -> Vec<Elements> {
        let (rows, columns) = (self.along(0), self.along(1));
        // The width by which places in a window are counted: an adaptive one's is only a name.
        let width = match self.windows {
            Windows::Sliding(window) => window.kernel[1],
            Windows::Adaptive(outputs) => {
                let (even, rest) = (self.input[1] / outputs[1], self.input[1] % outputs[1]);
                if rest == 0 { even } else { even + 2 }
            }
        };
        let mut windows = Vec::new();
        for (in_rows, rows_inside, kernel_rows) in &rows {
            for (in_columns, columns_inside, kernel_columns) in &columns {
                let pairs = in_rows.iter().flat_map(|row| in_columns.iter().map(move |column| (row, column)));
                let inside: Vec<_> =
                    pairs.map(|((r, row), (s, column))| (r * width + s, row * self.input[1] + column)).collect();
                let in_padding = (rows_inside * columns_inside) as f64;
                let divisor = match self.windows {
                    Windows::Sliding(Window { divisor: Divisor::Fixed(n), .. }) => n as f64,
                    Windows::Sliding(Window { divisor: Divisor::Inside, .. }) => inside.len() as f64,
                    _ => in_padding,
                };
                windows.push(Elements { inside, divisor, missing: (kernel_rows * kernel_columns) as f64 / in_padding });
            }
        }
        windows
    }

    /// The value of each window of each plane.
    fn each(&self, x: &[f64], f: impl Fn(&Elements, &[f64]) -> f64) -> Vec<f64> {
        let windows = self.windows();
        x.chunks(self.lens()[0])
            .flat_map(|plane| windows.iter().map(|window| f(window, plane)).collect::<Vec<_>>())
            .collect()
    }

    /// The sum over the windows that hold an element of what `f` says of it, the number of the output and
    /// the window.
    fn collect(&self, dy: &[f64], f: impl Fn(usize, &Elements, usize) -> f64) -> Vec<f64> {
        let windows = self.windows();
        let mut batch = Vec::new();
        for (number, dy) in dy.chunks(windows.len()).enumerate() {
            let mut dx = vec![0.0; self.lens()[0]];
            for (i, (window, dy)) in windows.iter().zip(dy).enumerate() {
                for &(tap, at) in &window.inside {
                    dx[at] += dy * f(number * windows.len() + i, window, tap);
                }
            }
            batch.extend(dx);
        }
        batch
    }

    /// The maximum of each window and its position in the window, the first of equal ones; a NaN is
    /// larger than anything, and of several NaN PyTorch takes the last.
    #[must_use]
    pub fn max(&self, x: &[f64]) -> (Vec<f64>, Vec<usize>) {
        let place = |window: &Elements, plane: &[f64]| {
            let mut best = window.inside[0];
            for &(tap, i) in &window.inside[1..] {
                if plane[i].is_nan() || plane[i] > plane[best.1] {
                    best = (tap, i);
                }
            }
            best
        };
        let values = self.each(x, |window, plane| plane[place(window, plane).1]);
        let places = self.each(x, |window, plane| place(window, plane).0 as f64);
        (values, places.into_iter().map(|place| place as usize).collect())
    }

    /// The gradient of the maxima: each `dy` goes to the element at its place.
    #[must_use]
    pub fn max_gradient(&self, dy: &[f64], places: &[usize]) -> Vec<f64> {
        self.collect(dy, |output, _, tap| f64::from(u8::from(places[output] == tap)))
    }

    /// The mean of each window.
    #[must_use]
    pub fn mean(&self, x: &[f64]) -> Vec<f64> {
        self.each(x, |window, plane| window.inside.iter().map(|&(_, i)| plane[i]).sum::<f64>() / window.divisor)
    }

    /// The gradient of the means.
    #[must_use]
    pub fn mean_gradient(&self, dy: &[f64]) -> Vec<f64> {
        self.collect(dy, |_, window, _| 1.0 / window.divisor)
    }

    /// `(Σ xᵖ)^(1/p)` of each window, the sum scaled to that of a full one.
    #[must_use]
    pub fn norm(&self, p: usize, x: &[f64]) -> Vec<f64> {
        let p = p as i32;
        self.each(x, |window, plane| {
            let sum: f64 = window.inside.iter().map(|&(_, i)| plane[i].powi(p)).sum();
            (sum * window.missing).powf(1.0 / f64::from(p))
        })
    }
}

/// The output of a pooling layer for one sample.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn layer(info: &LayerInfo, x: &[f64]) -> Vec<f64> {
    let input = plane(info.input);
    let sliding = |window: tensorlet::description::Window| Pool { input, windows: Windows::Sliding(window.into()) };
    let adaptive = |outputs| Pool { input, windows: Windows::Adaptive(outputs) };
    match info.op {
        Op::MaxPool1d(window) | Op::MaxPool2d(window) => sliding(window).max(x).0,
        Op::AvgPool1d(window) | Op::AvgPool2d(window) => sliding(window).mean(x),
        Op::LpPool1d(window, p) | Op::LpPool2d(window, p) => sliding(window).norm(p, x),
        Op::AdaptiveMaxPool1d | Op::AdaptiveMaxPool2d => adaptive(plane(info.output)).max(x).0,
        Op::AdaptiveAvgPool1d | Op::AdaptiveAvgPool2d => adaptive(plane(info.output)).mean(x),
        Op::GlobalMaxPool1d | Op::GlobalMaxPool2d => adaptive([1, 1]).max(x).0,
        Op::GlobalAvgPool1d | Op::GlobalAvgPool2d => adaptive([1, 1]).mean(x),
        other => panic!("{} is no pooling", other.name()),
    }
}
