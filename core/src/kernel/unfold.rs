//! Windows as columns, and back: PyTorch's `unfold` (im2col) and `fold` (col2im).

use super::{
    Conv2dDims,
    conv::{Rows, for_each_row},
    samples, samples_mut,
    window::Axis,
};

/// `columns[c][r][s][i][j] = x[c][i·stride + r·dilation - padding][…]`, 0 in the padding, for planes of
/// the sizes `d`, any number of them.
pub(crate) fn unfold(d: &Conv2dDims, x: &[f32], columns: &mut [f32]) {
    for (x, columns) in samples(x, d.in_plane()).zip(samples_mut(columns, d.taps() * d.out_plane())) {
        columns.fill(0.0);
        for_each_row!(d, false, |tap, run, rows| {
            let column = columns.get_mut(tap * d.out_plane()..).and_then(|columns| columns.get_mut(rows.output()));
            if let (Some(x), Some(column)) = (rows.input(x), column) {
                run.zip(x, column, |x, column| *column = *x);
            }
        });
    }
}

/// The transposed of [`unfold`]: `x` is the sum of the columns' elements at their places.
pub(crate) fn fold(d: &Conv2dDims, columns: &[f32], x: &mut [f32]) {
    for (x, columns) in samples_mut(x, d.in_plane()).zip(samples(columns, d.taps() * d.out_plane())) {
        x.fill(0.0);
        for_each_row!(d, false, |tap, run, rows| {
            let column = columns.get(tap * d.out_plane()..).and_then(|columns| columns.get(rows.output()));
            if let (Some(x), Some(column)) = (rows.input_mut(x), column) {
                run.zip(x, column, |x, column| *x += column);
            }
        });
    }
}
