//! Normalisation.
//!
//! Rows go four at a time, a vector of each: weight, bias and their gradients are read once for all four, and the
//! chains of additions do not wait for each other. A group of rows stays in the first cache from pass to pass: one
//! for the sum, one for the deviations, one for what comes out, with its own sums before it for the gradient.

use tensorlet::{
    Portable,
    kernel::{NormKernels, RowNorm, Standard},
};

use crate::vector::Vector;

/// Rows side by side.
const GROUP: usize = 4;

/// Whether the slices that are there are as long as a row.
#[inline(always)]
pub(crate) fn fits(norm: RowNorm<'_>, gradients: [&[f32]; 2]) -> bool {
    let [dweight, dbias] = gradients;
    norm.len > 0 && [norm.weight, norm.bias, dweight, dbias].iter().all(|x| x.is_empty() || x.len() >= norm.len)
}

#[inline(always)]
pub(crate) fn layer_norm_rows<L: Vector>(l: L, norm: RowNorm<'_>, x: Option<&[f32]>, y: &mut [f32]) {
    if !fits(norm, [&[], &[]]) {
        return Portable.layer_norm_rows(norm, x, y);
    }
    let n = x.map_or(usize::MAX, <[f32]>::len).min(y.len());
    let (mut first, rows, y) = (0, n / norm.len, y.as_mut_ptr());
    let x = x.map_or(y.cast_const(), <[f32]>::as_ptr);
    // SAFETY: both slices have `rows` rows.
    unsafe {
        while first + GROUP <= rows {
            let (x, y) = (x.add(first * norm.len), y.add(first * norm.len));
            forward(l, norm, standards::<L, GROUP>(l, norm, x), x, y);
            first += GROUP;
        }
        while first < rows {
            let (x, y) = (x.add(first * norm.len), y.add(first * norm.len));
            forward(l, norm, standards::<L, 1>(l, norm, x), x, y);
            first += 1;
        }
    }
}

#[inline(always)]
pub(crate) fn layer_norm_rows_backward<L: Vector>(
    l: L,
    norm: RowNorm<'_>,
    x: &mut [f32],
    dy: &[f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
) {
    if !fits(norm, [dweight, dbias]) {
        return Portable.layer_norm_rows_backward(norm, x, dy, dweight, dbias);
    }
    let n = x.len().min(dy.len());
    let (mut groups, dys) = (x[..n].chunks_exact_mut(GROUP * norm.len), dy[..n].chunks_exact(GROUP * norm.len));
    let dy = dys.remainder();
    if [norm.weight, dweight, dbias].iter().any(|x| x.is_empty()) {
        for (x, dy) in (&mut groups).zip(dys) {
            backward::<L, GROUP, false>(l, norm, None, x, dy, dweight, dbias);
        }
    } else {
        for (x, dy) in (&mut groups).zip(dys) {
            backward::<L, GROUP, true>(l, norm, None, x, dy, dweight, dbias);
        }
    }
    for (x, dy) in groups.into_remainder().chunks_exact_mut(norm.len).zip(dy.chunks_exact(norm.len)) {
        backward::<L, 1, false>(l, norm, None, x, dy, dweight, dbias);
    }
}

#[inline(always)]
pub(crate) fn layer_norm<L: Vector>(l: L, x: &mut [f32], standard: Standard, weight: &[f32], bias: &[f32]) {
    let norm = RowNorm { len: x.len(), centered: true, eps: 0.0, weight, bias };
    if !fits(norm, [&[], &[]]) {
        return Portable.layer_norm(x, standard, weight, bias);
    }
    let x = x.as_mut_ptr();
    // SAFETY: the slice is one row.
    unsafe { forward(l, norm, ([standard.mean], [standard.rstd]), x, x) }
}

#[inline(always)]
pub(crate) fn layer_norm_backward<L: Vector>(
    l: L,
    x: &mut [f32],
    dy: &[f32],
    standard: Standard,
    centered: bool,
    weight: &[f32],
    dweight: &mut [f32],
) {
    let norm = RowNorm { len: x.len(), centered, eps: 0.0, weight, bias: &[] };
    if !fits(norm, [dweight, &[]]) || dy.len() < x.len() {
        return Portable.layer_norm_backward(x, dy, standard, centered, weight, dweight);
    }
    backward::<L, 1, false>(l, norm, Some(([standard.mean], [standard.rstd])), x, dy, dweight, &mut []);
}

#[inline(always)]
pub(crate) fn deviations<L: Vector>(l: L, x: &[f32], mean: f32) -> [f32; 2] {
    let (mean, zero) = (l.splat(mean), l.splat(0.0));
    let (mut offs, mut squares) = ([zero; GROUP], [zero; GROUP]);
    let blocks = x.chunks_exact(GROUP * L::LANES);
    let rest = blocks.remainder();
    for x in blocks {
        for ((off, square), x) in offs.iter_mut().zip(&mut squares).zip(x.chunks_exact(L::LANES)) {
            let deviation = l.sub(l.read(x), mean);
            *off = l.add(*off, deviation);
            *square = l.mul_add(deviation, deviation, *square);
        }
    }
    for ((off, square), x) in offs.iter_mut().zip(&mut squares).zip(rest.chunks(L::LANES)) {
        let deviation = deviation(l, x, mean);
        *off = l.add(*off, deviation);
        *square = l.mul_add(deviation, deviation, *square);
    }
    [offs, squares].map(|[a, b, c, d]| l.sum_lanes(l.add(l.add(a, b), l.add(c, d))))
}

/// `x - mean` of up to a vector of numbers, 0 behind their end.
#[inline(always)]
fn deviation<L: Vector>(l: L, x: &[f32], mean: L::V) -> L::V {
    let deviation = l.sub(l.read(x), mean);
    if x.len() >= L::LANES { deviation } else { l.select(l.range(0, x.len()), deviation, l.splat(0.0)) }
}

#[inline(always)]
pub(crate) fn dot_deviations<L: Vector>(l: L, x: &[f32], dy: &[f32], mean: f32) -> f32 {
    let (mean, n) = (l.splat(mean), x.len().min(dy.len()));
    let mut parts = [l.splat(0.0); GROUP];
    for (x, dy) in x[..n].chunks(GROUP * L::LANES).zip(dy[..n].chunks(GROUP * L::LANES)) {
        for (part, (x, dy)) in parts.iter_mut().zip(x.chunks(L::LANES).zip(dy.chunks(L::LANES))) {
            *part = l.mul_add(l.read(dy), deviation(l, x, mean), *part);
        }
    }
    let [a, b, c, d] = parts;
    l.sum_lanes(l.add(l.add(a, b), l.add(c, d)))
}

#[inline(always)]
pub(crate) fn standardize<L: Vector>(l: L, x: &mut [f32], mean: f32, scale: f32, shift: f32) {
    let (mean, scale, shift) = (l.splat(mean), l.splat(scale), l.splat(shift));
    for x in x.chunks_mut(L::LANES) {
        l.write(x, l.mul_add(l.sub(l.read(x), mean), scale, shift));
    }
}

#[inline(always)]
pub(crate) fn standardize_backward<L: Vector>(l: L, x: &mut [f32], dy: &[f32], mean: f32, factors: [f32; 3]) {
    let ([a, b, c], mean) = (factors.map(|x| l.splat(x)), l.splat(mean));
    let n = x.len().min(dy.len());
    for (x, dy) in x[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        let rest = l.mul_add(b, l.sub(l.read(x), mean), c);
        l.write(x, l.mul_add(a, l.read(dy), rest));
    }
}

/// The vector at a place of a row: all of it, or the lanes of the mask where the row ends within it.
#[derive(Clone, Copy)]
struct At<M> {
    place: usize,
    mask: Option<M>,
}

/// Runs a step for each vector of a row of `$len` numbers.
macro_rules! each_vector {
    ($l:ident, $len:expr, |$at:ident| $step:expr) => {{
        let len = $len;
        let full = len - len % L::LANES;
        for place in (0..full).step_by(L::LANES) {
            let $at = At { place, mask: None };
            $step
        }
        if full < len {
            let $at = At { place: full, mask: Some($l.range(0, len - full)) };
            $step
        }
    }};
}

impl<M: Copy> At<M> {
    /// # Safety
    /// The place lies within the row that begins here.
    #[inline(always)]
    unsafe fn load<L: Vector<Mask = M>>(self, l: L, row: *const f32) -> L::V {
        // SAFETY: the vector lies within the row, or the mask has the lanes that do.
        unsafe {
            match self.mask {
                None => l.load(row.add(self.place)),
                Some(mask) => l.load_masked(row.add(self.place), mask),
            }
        }
    }

    /// # Safety
    /// The place lies within the row that begins here.
    #[inline(always)]
    unsafe fn store<L: Vector<Mask = M>>(self, l: L, row: *mut f32, x: L::V) {
        // SAFETY: the vector lies within the row, or the mask has the lanes that do.
        unsafe {
            match self.mask {
                None => l.store(row.add(self.place), x),
                Some(mask) => l.store_masked(row.add(self.place), mask, x),
            }
        }
    }

    /// 0 in the lanes behind the end of the row.
    #[inline(always)]
    fn keep<L: Vector<Mask = M>>(self, l: L, x: L::V) -> L::V {
        match self.mask {
            None => x,
            Some(mask) => l.select(mask, x, l.splat(0.0)),
        }
    }
}

/// Sums of the lanes of up to four vectors.
#[inline(always)]
fn sums<L: Vector, const R: usize>(l: L, parts: [L::V; R]) -> [f32; R] {
    let mut four = [l.splat(0.0); GROUP];
    four[..R].copy_from_slice(&parts);
    let (four, mut sums) = (l.sum_each(four), [0.0; R]);
    sums.copy_from_slice(&four[..R]);
    sums
}

/// Mean and one over the deviation of each of `R` rows.
type Standards<const R: usize> = ([f32; R], [f32; R]);

/// Finds them in two passes.
///
/// # Safety
/// `x` is valid for reads of `R` rows.
#[inline(always)]
unsafe fn standards<L: Vector, const R: usize>(l: L, norm: RowNorm<'_>, x: *const f32) -> Standards<R> {
    let (len, scale) = (norm.len, 1.0 / norm.len as f32);
    let (mut means, mut squares) = ([0.0; R], [l.splat(0.0); R]);
    if norm.centered {
        let mut parts = [l.splat(0.0); R];
        each_vector!(l, len, |at| for (row, part) in parts.iter_mut().enumerate() {
            // SAFETY: the caller vouches for the rows.
            *part = l.add(*part, unsafe { at.load(l, x.add(row * len)) });
        });
        means = sums(l, parts).map(|sum| sum * scale);
    }
    let mut offs = [l.splat(0.0); R];
    let around = means.map(|mean| l.splat(mean));
    each_vector!(l, len, |at| for row in 0..R {
        // SAFETY: the caller vouches for the rows.
        let deviation = at.keep(l, l.sub(unsafe { at.load(l, x.add(row * len)) }, around[row]));
        offs[row] = l.add(offs[row], deviation);
        squares[row] = l.mul_add(deviation, deviation, squares[row]);
    });
    let squares = sums(l, squares);
    // How far the mean was off by its rounding, which where numbers lie close together but far from 0 is much.
    let offs = if norm.centered { sums(l, offs).map(|off| off * scale) } else { [0.0; R] };
    let mut variances = [1.0; GROUP];
    for row in 0..R {
        let variance = squares[row] * scale - offs[row] * offs[row];
        // What rounding makes negative; NaN stays NaN.
        let variance = if variance < 0.0 { 0.0 } else { variance };
        means[row] += offs[row];
        variances[row] = variance + norm.eps;
    }
    let (four, mut rstds) = (l.rsqrt_each(variances), [0.0; R]);
    rstds.copy_from_slice(&four[..R]);
    (means, rstds)
}

/// Normalises `R` rows.
///
/// # Safety
/// `x` is valid for reads, `y` for writes of `R` rows; they are the same, or apart.
#[inline(always)]
unsafe fn forward<L: Vector, const R: usize>(
    l: L,
    norm: RowNorm<'_>,
    (means, rstds): Standards<R>,
    x: *const f32,
    y: *mut f32,
) {
    let len = norm.len;
    let (means, rstds) = (means.map(|x| l.splat(x)), rstds.map(|x| l.splat(x)));
    let (weight, bias) = (norm.weight.as_ptr(), norm.bias.as_ptr());
    let (weighted, biased) = (!norm.weight.is_empty(), !norm.bias.is_empty());
    each_vector!(l, len, |at| {
        // SAFETY: `fits` has found weight and bias as long as a row, where they are.
        let weight = if weighted { unsafe { at.load(l, weight) } } else { l.splat(1.0) };
        // SAFETY: as above.
        let bias = if biased { unsafe { at.load(l, bias) } } else { l.splat(0.0) };
        for row in 0..R {
            // SAFETY: the caller vouches for the rows.
            unsafe {
                let standard = l.mul(l.sub(at.load(l, x.add(row * len)), means[row]), rstds[row]);
                at.store(l, y.add(row * len), l.mul_add(standard, weight, bias));
            }
        }
    });
}

/// The gradients of `R` rows in their place; adds those of weight and bias. `ALL` says that weight, bias and their
/// gradients are there: then no vector asks.
#[inline(always)]
fn backward<L: Vector, const R: usize, const ALL: bool>(
    l: L,
    norm: RowNorm<'_>,
    given: Option<Standards<R>>,
    x: &mut [f32],
    dy: &[f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
) {
    let (len, x, dy) = (norm.len, &mut x[..R * norm.len], &dy[..R * norm.len]);
    let (x, dy, weight) = (x.as_mut_ptr(), dy.as_ptr(), norm.weight.as_ptr());
    let (weighted, by_weight, by_bias) =
        (ALL || !norm.weight.is_empty(), ALL || !dweight.is_empty(), ALL || !dbias.is_empty());
    let (dweight, dbias) = (dweight.as_mut_ptr(), dbias.as_mut_ptr());
    // SAFETY: the slice has `R` rows.
    let (means, rstds) = given.unwrap_or_else(|| unsafe { standards::<L, R>(l, norm, x) });
    let (mean, rstd) = (means.map(|x| l.splat(x)), rstds.map(|x| l.splat(x)));
    let (mut gs, mut dots) = ([l.splat(0.0); R], [l.splat(0.0); R]);
    each_vector!(l, len, |at| {
        // SAFETY: `fits` has found these as long as a row, where they are.
        let [weight, mut dw, mut db] = unsafe {
            [
                if weighted { at.load(l, weight) } else { l.splat(1.0) },
                if by_weight { at.load(l, dweight) } else { l.splat(0.0) },
                if by_bias { at.load(l, dbias) } else { l.splat(0.0) },
            ]
        };
        for row in 0..R {
            // SAFETY: both slices have `R` rows. Behind the end of a row `dy` is read as 0.
            let (x, dy) = unsafe { (at.load(l, x.add(row * len)), at.load(l, dy.add(row * len))) };
            let (g, standard) = (l.mul(dy, weight), l.mul(at.keep(l, l.sub(x, mean[row])), rstd[row]));
            gs[row] = l.add(gs[row], g);
            dots[row] = l.mul_add(g, standard, dots[row]);
            dw = l.mul_add(dy, standard, dw);
            db = l.add(db, dy);
        }
        // SAFETY: as above.
        unsafe {
            if by_weight {
                at.store(l, dweight, dw);
            }
            if by_bias {
                at.store(l, dbias, db);
            }
        }
    });
    let (gs, dots) = (sums(l, gs), sums(l, dots));
    let (mut along, mut off) = ([l.splat(0.0); R], [l.splat(0.0); R]);
    for row in 0..R {
        let scale = rstds[row] / len as f32;
        along[row] = l.splat(-dots[row] * rstds[row] * scale);
        off[row] = l.splat(if norm.centered { -gs[row] * scale } else { 0.0 });
    }
    each_vector!(l, len, |at| {
        // SAFETY: as above.
        let weight = if weighted { unsafe { at.load(l, weight) } } else { l.splat(1.0) };
        for row in 0..R {
            // SAFETY: both slices have `R` rows.
            unsafe {
                let (x, dy) = (x.add(row * len), dy.add(row * len));
                let rest = l.mul_add(along[row], l.sub(at.load(l, x), mean[row]), off[row]);
                at.store(l, x, l.mul_add(rstd[row], l.mul(at.load(l, dy), weight), rest));
            }
        }
    });
}
