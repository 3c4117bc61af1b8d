//! The gradient of means of windows that divide the plane, through the activation before them: for windows of
//! two columns, each number of the output's gradient in two lanes.

use tensorlet::{
    kernel::{Epilogue, Pool2dDims},
    math::lanes::Lanes,
};

use super::mean_scale;
use crate::{body::epilogue::slope, vector::Vector};

/// Whether windows divide the plane and have two columns, and a row has at least `lanes` numbers.
pub(crate) const fn takes(d: Pool2dDims, lanes: usize) -> bool {
    d.divides() && d.kernel()[1] == 2 && d.input[1] >= lanes
}

#[inline(always)]
pub(crate) fn avg_pool2d_backward_through<L: Vector>(
    l: L,
    d: Pool2dDims,
    through: Epilogue,
    dy: &[f32],
    x: &mut [f32],
) {
    if takes(d, L::LANES) {
        by_function(l, d, through, dy, x);
    } else if takes(d, L::Half::LANES) {
        by_function(l.half(), d, through, dy, x);
    }
}

/// With the functions in question as constants.
#[inline(always)]
fn by_function<L: Vector>(l: L, d: Pool2dDims, through: Epilogue, dy: &[f32], x: &mut [f32]) {
    match through {
        Epilogue::Sigmoid => planes(l, d, Epilogue::Sigmoid, dy, x),
        Epilogue::Tanh => planes(l, d, Epilogue::Tanh, dy, x),
        _ => planes(l, d, through, dy, x),
    }
}

#[inline(always)]
fn planes<L: Vector>(l: L, d: Pool2dDims, through: Epilogue, dy: &[f32], x: &mut [f32]) {
    let (rows, width, scale) = (d.kernel()[0], d.input[1], l.splat(mean_scale(d)));
    let last = width - L::LANES;
    for (dy, x) in dy.chunks_exact(d.output[1]).zip(x.chunks_exact_mut(rows * width)) {
        let (dy, x) = (dy.as_ptr(), x.as_mut_ptr());
        for r in 0..rows {
            // SAFETY: the vectors lie in the row, their windows in that of `dy`: a row has at least a vector, and
            // all begin at even columns. The last one overlaps the one before, and is read first.
            unsafe {
                let x = x.add(r * width);
                let end = gradient(l, through, scale, dy.add(last / 2), l.load(x.add(last)));
                let mut j = 0;
                while j < last {
                    l.store(x.add(j), gradient(l, through, scale, dy.add(j / 2), l.load(x.add(j))));
                    j += L::LANES;
                }
                l.store(x.add(last), end);
            }
        }
    }
}

/// Of a vector of values, each two of a window.
///
/// # Safety
/// `dy` is valid for reads of so many windows.
#[inline(always)]
unsafe fn gradient<L: Vector>(l: L, through: Epilogue, scale: L::V, dy: *const f32, y: L::V) -> L::V {
    // SAFETY: as the caller says.
    let dy = unsafe { l.load_masked(dy, l.range(0, L::LANES / 2)) };
    let (dy, _) = l.interleave(dy, dy);
    l.mul(l.mul(dy, scale), slope(l, through, y))
}
