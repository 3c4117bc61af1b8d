//! Panels of the second factor on the stack.

use core::mem::MaybeUninit;

use super::{Product, Products};
use crate::vector::Vector;

/// Rows of a panel.
const DEPTH: usize = 192;
/// The most columns of a panel: four vectors of 16 lanes.
const WIDTH: usize = 64;

/// The columns of a panel: as many as the widest strip has.
const fn width<L: Vector>() -> usize {
    if L::REGISTERS >= 32 { 4 * L::LANES } else { 2 * L::LANES }
}

/// 48 KB of stack, which lie as vectors want them.
#[repr(align(64))]
struct Panel([MaybeUninit<f32>; DEPTH * WIDTH]);

impl Panel {
    #[inline(always)]
    #[expect(clippy::large_stack_arrays, reason = "a kernel of a host: its stack is bounded, and has room")]
    const fn new() -> Self {
        Self([MaybeUninit::uninit(); DEPTH * WIDTH])
    }
}

/// A product whose second factor is copied, panel after panel.
///
/// # Safety
/// As [`Products::multiply`].
#[inline(always)]
pub(super) unsafe fn copied<L: Products>(l: L, p: Product) {
    let mut panel = Panel::new();
    let to: *mut f32 = panel.0.as_mut_ptr().cast();
    for start in (0..p.depth).step_by(DEPTH) {
        for column in (0..p.columns).step_by(width::<L>()) {
            // SAFETY: the parts lie within the depth and the columns; a panel has room for its rows.
            unsafe {
                let mut q = p.part(start, DEPTH.min(p.depth - start)).columns_from(column, width::<L>());
                for d in 0..q.depth {
                    let (from, to) = (q.b.add(d * q.b_row), to.add(d * width::<L>()));
                    for j in (0..q.columns).step_by(L::LANES) {
                        if j + L::LANES <= q.columns {
                            l.store(to.add(j), l.load(from.add(j)));
                        } else {
                            // The panel has room for whole vectors.
                            l.store(to.add(j), l.load_masked(from.add(j), l.range(0, q.columns - j)));
                        }
                    }
                }
                (q.b, q.b_row) = (to, width::<L>());
                for row in (0..q.rows).step_by(ROWS) {
                    fetch(l, q, row + ROWS);
                    l.multiply(&q.rows_from(row, ROWS));
                }
            }
        }
    }
}

/// Rows that are multiplied while the next are fetched.
const ROWS: usize = 24;

/// Asks for what the rows from `row` on need, to be there when their turn comes.
///
/// # Safety
/// As [`Products::multiply`].
#[inline(always)]
unsafe fn fetch<L: Vector>(l: L, p: Product, row: usize) {
    for i in row..(row + ROWS).min(p.rows) {
        for d in (0..p.depth).step_by(16) {
            l.prefetch(p.a.wrapping_add(i * p.a_row + d));
        }
        for j in (0..p.columns).step_by(16) {
            l.prefetch(p.c.wrapping_add(i * p.c_row + j));
        }
    }
}

/// A product whose second factor comes transposed: `b[j·b_row + d]` stands where `b[d·b_row + j]` does in
/// a [`Product`].
///
/// # Safety
/// As [`Products::multiply`], apart from that.
#[inline(always)]
pub(super) unsafe fn turned<L: Products>(l: L, p: Product) {
    let mut panel = Panel::new();
    let to: *mut f32 = panel.0.as_mut_ptr().cast();
    for column in (0..p.columns).step_by(width::<L>()) {
        for start in (0..p.depth).step_by(DEPTH) {
            let (depth, columns) = (DEPTH.min(p.depth - start), width::<L>().min(p.columns - column));
            // SAFETY: the part lies within the depth and the columns; a panel has room for its rows. The
            // product begins behind the columns and depth that are not in this part, in `a` and `c` as well.
            unsafe {
                turn(l, p.b.add(column * p.b_row + start), p.b_row, [depth, columns], to);
                let part = p.part_of_sum(start, depth);
                let (a, c, begin) = (p.a.add(start * p.a_depth), p.c.add(column), part.begin.columns_from(column));
                let turned = Product { a, b: to, b_row: width::<L>(), c, columns, begin, ..part };
                l.multiply(&turned);
            }
        }
    }
}

/// Writes `from[j·row + d]` to `to[d · width + j]`.
///
/// # Safety
/// `from` is valid for reads of so many rows as there are columns, and `to` for writes of a panel.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn turn<L: Vector>(l: L, from: *const f32, row: usize, [depth, columns]: [usize; 2], to: *mut f32) {
    if depth < 4 || columns < L::LANES {
        for d in 0..depth {
            for j in 0..columns {
                // SAFETY: both places lie within the matrices.
                unsafe { *to.add(d * width::<L>() + j) = *from.add(j * row + d) };
            }
        }
        return;
    }
    let mut j = 0;
    while j < columns {
        // The last ones overlap those before.
        j = j.min(columns - L::LANES);
        let mut d = 0;
        while d < depth {
            d = d.min(depth - 4);
            // SAFETY: `LANES` rows of `from` from `j` on have four numbers from `d` on, and a panel has the
            // places that they go to.
            unsafe {
                let from = from.add(j * row + d);
                let mut rows = [l.splat(0.0); 4];
                for (r, to) in rows.iter_mut().enumerate() {
                    *to = l.load_fours(from.add(r * row), 4 * row);
                }
                for (r, turned) in l.transpose_fours(rows).into_iter().enumerate() {
                    l.store(to.add((d + r) * width::<L>() + j), turned);
                }
            }
            d += 4;
        }
        j += L::LANES;
    }
}
