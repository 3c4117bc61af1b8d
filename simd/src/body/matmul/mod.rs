//! Matrix products: tiles of `MR` rows by `NV` vectors of `C` stay in registers over the whole depth.
//!
//! One product serves all transposes of the first factor, which is read one number at a time. The
//! second factor is read by rows; where it comes transposed, or is so large that its rows lie on too
//! many pages, a panel of it is copied to the stack first.
//!
//! | file | what is in it |
//! |---|---|
//! | `tile` | strips of columns, tiles of registers, and what becomes of the sums |
//! | `tail` | the last columns, which do not fill a vector |
//! | `few` | products of one to three rows, which are done when the second factor has been read once |
//! | `narrow` | one row by a second factor whose rows fill vectors only together |
//! | `panels` | panels of the second factor on the stack |
//! | `fours` | four by four |
//! | `step` | a step of gradient descent, in which the gradient is never stored |

mod few;
mod fours;
mod narrow;
mod panels;
mod step;
mod tail;
mod tile;

pub(crate) use fours::{add_fours, fours};
pub(crate) use step::{descend, in_parts, input_gradient, takes};
use tensorlet::kernel::Epilogue;

use super::{Sizes, elementwise};
use crate::vector::Vector;

/// `c[i][j] = end(begin + Σ_d a[i·a_row + d·a_depth] · b[d·b_row + j])` for `rows × columns` of `c`.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    rows: usize,
    depth: usize,
    columns: usize,
    a: *const f32,
    a_row: usize,
    a_depth: usize,
    b: *const f32,
    b_row: usize,
    c: *mut f32,
    c_row: usize,
    begin: Begin,
    end: End,
}

/// What the products are added to.
#[derive(Clone, Copy)]
enum Begin {
    /// What is in `c`.
    There,
    /// Nothing.
    Zero,
    /// A number for each column.
    Bias(*const f32),
}

/// What becomes of the sum.
#[derive(Clone, Copy)]
enum End {
    /// It is the result.
    Sum,
    /// The result is 0 where it is negative.
    Relu,
    /// `keep · c - rate · sum` is the result.
    Step { keep: f32, rate: f32 },
}

impl Product {
    /// `c += a · b` of `rows × depth` by `depth × columns` numbers, without gaps.
    #[inline(always)]
    fn of([rows, depth, columns]: [usize; 3], [a, b]: [&[f32]; 2], c: &mut [f32]) -> Self {
        Self {
            rows,
            depth,
            columns,
            a: a.as_ptr(),
            a_row: depth,
            a_depth: 1,
            b: b.as_ptr(),
            b_row: columns,
            c: c.as_mut_ptr(),
            c_row: columns,
            begin: Begin::There,
            end: End::Sum,
        }
    }

    /// The part of the product that belongs to a part of the depth; the parts are done in order.
    ///
    /// # Safety
    /// `start + depth` is at most the depth, and the factors are valid for what [`Product`] says.
    #[inline(always)]
    unsafe fn part(self, start: usize, depth: usize) -> Self {
        // SAFETY: the part begins within the factors, of which the caller vouches.
        let (a, b) = unsafe { (self.a.add(start * self.a_depth), self.b.add(start * self.b_row)) };
        Self { a, b, ..self.part_of_sum(start, depth) }
    }

    /// [`part`](Self::part) without the place in the factors.
    #[inline(always)]
    fn part_of_sum(self, start: usize, depth: usize) -> Self {
        let (first, last) = (start == 0, start + depth == self.depth);
        let (begin, end) = match self.end {
            End::Step { keep, rate } => (self.begin, End::Step { keep: if first { keep } else { 1.0 }, rate }),
            end => (if first { self.begin } else { Begin::There }, if last { end } else { End::Sum }),
        };
        Self { depth, begin, end, ..self }
    }

    /// At most `rows` rows from row `start` on.
    ///
    /// # Safety
    /// `start` is at most the number of rows, and the matrices are valid for what [`Product`] says.
    #[inline(always)]
    unsafe fn rows_from(self, start: usize, rows: usize) -> Self {
        // SAFETY: the part begins within the matrices, of which the caller vouches.
        let (a, c) = unsafe { (self.a.add(start * self.a_row), self.c.add(start * self.c_row)) };
        Self { rows: rows.min(self.rows - start), a, c, ..self }
    }

    /// At most `columns` columns from column `start` on.
    ///
    /// # Safety
    /// `start` is at most the number of columns, and the matrices are valid for what [`Product`] says.
    #[inline(always)]
    unsafe fn columns_from(self, start: usize, columns: usize) -> Self {
        // SAFETY: the part begins within the matrices, of which the caller vouches.
        let (b, c) = unsafe { (self.b.add(start), self.c.add(start)) };
        // SAFETY: the bias is as long as a row of the product.
        let begin = unsafe { self.begin.columns_from(start) };
        Self { columns: columns.min(self.columns - start), b, c, begin, ..self }
    }
}

impl Begin {
    /// What the columns from `start` on are added to.
    ///
    /// # Safety
    /// There are so many columns.
    #[inline(always)]
    unsafe fn columns_from(self, start: usize) -> Self {
        match self {
            // SAFETY: the caller's, passed on.
            Self::Bias(bias) => Self::Bias(unsafe { bias.add(start) }),
            begin => begin,
        }
    }
}

/// Whether a product with a second factor of these sizes has code of its own: where it is done in no
/// time, and where a few whole vectors leave one kind of tile. Not for few rows of the latter.
pub(crate) const fn is_specialised(rows: Option<usize>, [k, n]: [usize; 2]) -> bool {
    let few = matches!(rows, Some(rows) if rows < few::ROWS);
    k * n <= TINY || (n.is_multiple_of(16) && n <= 64 && k <= 128 && !few)
}

/// Whether a product of one row by a second factor of these sizes has code of its own: rows that fill vectors
/// only together are spread by tables, which are not worth looking up for so few numbers.
pub(crate) const fn is_narrow(lanes: usize, [k, n]: [usize; 2]) -> bool {
    narrow::takes(lanes, [1, k, n])
}

/// A second factor of so few numbers is not worth a choice between ways to read it.
const TINY: usize = 256;

/// How many rows two matrices have in common, with rows of so many numbers.
pub(crate) const fn rows([a, a_row]: [usize; 2], [b, b_row]: [usize; 2]) -> usize {
    match (a.checked_div(a_row), b.checked_div(b_row)) {
        (Some(a), Some(b)) => {
            if a < b {
                a
            } else {
                b
            }
        }
        _ => 0,
    }
}

/// Whether panels of the second factor are copied: where its rows are long and many, so that the rows
/// of a strip lie on more pages than the processor keeps at hand, and the copies are used often.
pub(crate) const fn is_large(rows: usize, [k, n]: [usize; 2]) -> bool {
    rows >= 64 && n >= 512 && k * n >= 200_000
}

/// `c[m][n] += Σ_k a[m][k] b[k][n]` for `rows` rows and `b` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul<L: Products, S: Sizes<[usize; 2]>>(
    l: L,
    rows: usize,
    sizes: S,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) {
    let [k, n] = sizes.get();
    if n == 1 {
        // A column lies in memory as a row does.
        matmul_nt(l, rows, [1, k], a, b, c);
    } else if let Some(product) = plain(rows, sizes.get(), a, b, c) {
        // SAFETY: `plain` has compared the sizes with the slices.
        unsafe { plainly::<L, S>(l, product) }
    }
}

/// [`matmul`] of a large second factor.
#[inline(always)]
pub(crate) fn matmul_large<L: Products>(l: L, rows: usize, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    if let Some(product) = plain(rows, sizes, a, b, c) {
        // SAFETY: `plain` has compared the sizes with the slices.
        unsafe { panels::copied(l, product) }
    }
}

/// `y[m][n] = then(bias[n] + Σ_k x[m][k] w[k][n])` for `rows` rows and `w` of `[K, N]`; no bias is empty.
#[inline(always)]
pub(crate) fn linear<L: Products, S: Sizes<[usize; 2]>>(
    l: L,
    sizes: S,
    (rows, bias, then): (usize, &[f32], Epilogue),
    x: &[f32],
    w: &[f32],
    y: &mut [f32],
) {
    if let Some(product) = affine(rows, sizes.get(), (bias, then), x, w, y) {
        // SAFETY: `affine` has compared the sizes with the slices.
        unsafe { plainly::<L, S>(l, product) }
        epilogue(l, then, &mut y[..rows * sizes.get()[1]]);
    }
}

/// [`linear`] of one row, for sizes of which [`is_narrow`] says so.
#[inline(always)]
pub(crate) fn narrow<L: Vector, S: Sizes<[usize; 2]>>(
    l: L,
    sizes: S,
    (bias, then): (&[f32], Epilogue),
    x: &[f32],
    w: &[f32],
    y: &mut [f32],
) {
    if let Some(product) = affine(1, sizes.get(), (bias, then), x, w, y) {
        // SAFETY: `affine` has compared the sizes with the slices; `is_narrow` holds for a product of one row.
        unsafe { narrow::multiply(l, product) }
        epilogue(l, then, &mut y[..sizes.get()[1]]);
    }
}

/// [`linear`] with no bias and no activation.
#[inline(always)]
pub(crate) fn product<L: Products, S: Sizes<[usize; 2]>>(
    l: L,
    rows: usize,
    sizes: S,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) {
    if let Some(product) = plain(rows, sizes.get(), a, b, c) {
        // SAFETY: `plain` has compared the sizes with the slices.
        unsafe { multiply::<L, S>(l, Product { begin: Begin::Zero, ..product }) }
    }
}

/// [`linear`] of a large weight.
#[inline(always)]
pub(crate) fn linear_large<L: Products>(
    l: L,
    sizes: [usize; 2],
    (rows, bias, then): (usize, &[f32], Epilogue),
    x: &[f32],
    w: &[f32],
    y: &mut [f32],
) {
    if let Some(product) = affine(rows, sizes, (bias, then), x, w, y) {
        // SAFETY: `affine` has compared the sizes with the slices.
        unsafe { panels::copied(l, product) }
        epilogue(l, then, &mut y[..rows * sizes[1]]);
    }
}

/// The product of [`linear`], unless a slice is too short.
#[inline(always)]
fn affine(
    rows: usize,
    sizes: [usize; 2],
    (bias, then): (&[f32], Epilogue),
    x: &[f32],
    w: &[f32],
    y: &mut [f32],
) -> Option<Product> {
    if !bias.is_empty() && bias.len() < sizes[1] {
        return None;
    }
    let begin = if bias.is_empty() { Begin::Zero } else { Begin::Bias(bias.as_ptr()) };
    let end = if matches!(then, Epilogue::Relu) { End::Relu } else { End::Sum };
    plain(rows, sizes, x, w, y).map(|product| Product { begin, end, ..product })
}

/// The functions that are too long for the end of a tile.
#[inline(always)]
fn epilogue<L: Vector>(l: L, then: Epilogue, y: &mut [f32]) {
    match then {
        Epilogue::Identity | Epilogue::Relu => {}
        Epilogue::Sigmoid => elementwise::sigmoid(l, y),
        Epilogue::Tanh => elementwise::tanh(l, y),
    }
}

/// The product of [`matmul`], unless a slice is too short.
#[inline(always)]
fn plain(rows: usize, [k, n]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) -> Option<Product> {
    (a.len() >= rows * k && b.len() >= k * n && c.len() >= rows * n).then_some(Product::of([rows, k, n], [a, b], c))
}

/// `c[k][n] += Σ_m a[m][k] b[m][n]` for `rows` rows of `a` and `b`, and `c` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul_tn<L: Vector, S: Sizes<[usize; 2]>>(
    l: L,
    rows: usize,
    sizes: S,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) {
    let [k, n] = sizes.get();
    if a.len() < rows * k || b.len() < rows * n || c.len() < k * n {
        return;
    }
    let product = Product { a_row: 1, a_depth: k, ..Product::of([k, rows, n], [a, b], c) };
    // SAFETY: `a` and `b` have `rows` rows, of `k` and `n` numbers; `c` has `k` rows of `n`.
    unsafe { if const { S::KNOWN.is_some() } { tiles(l, product) } else { by_size(l, product) } }
}

/// `c[m][k] += Σ_n a[m][n] b[k][n]` for `rows` rows and `b` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul_nt<L: Products, S: Sizes<[usize; 2]>>(
    l: L,
    rows: usize,
    sizes: S,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) {
    let [k, n] = sizes.get();
    if a.len() < rows * n || b.len() < k * n || c.len() < rows * k {
        return;
    }
    let product = Product { b_row: n, ..Product::of([rows, n, k], [a, b], c) };
    if n == 0 || k == 0 {
    } else if rows < few::ROWS || k < 4 {
        for (a, c) in a.chunks_exact(n).zip(c.chunks_exact_mut(k)).take(rows) {
            few::dot_products(l, a, b, c);
        }
    } else {
        // SAFETY: `a` and `c` have `rows` rows, of `n` and `k` numbers; `b` has `k` rows of `n`.
        unsafe { panels::turned(l, product) }
    }
}

/// [`multiply`] of factors without gaps.
///
/// # Safety
/// As [`multiply`]; the product is as [`Product::of`] makes it, apart from its beginning and end.
#[inline(always)]
unsafe fn plainly<L: Products, S: Sizes<[usize; 2]>>(l: L, p: Product) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if const { S::KNOWN.is_none() } && narrow::takes(L::LANES, [p.rows, p.depth, p.columns]) {
            narrow::multiply(l, p);
        } else {
            multiply::<L, S>(l, p);
        }
    }
}

/// `c` of a product.
///
/// # Safety
/// `a`, `b` and `c` are valid for what [`Product`] says, and `c` does not overlap them.
#[inline(always)]
unsafe fn multiply<L: Products, S: Sizes<[usize; 2]>>(l: L, p: Product) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if const { S::KNOWN.is_some() } {
            tiles(l, p);
        } else {
            l.multiply(&p);
        }
    }
}

/// A vector unit with its own copy of [`sums`].
pub(crate) trait Products: Vector {
    /// [`sums`], compiled once for the instruction set: with all that a sum may begin and end with, it is the
    /// longest body of all. Where that is known, a copy without the rest is shorter, and faster.
    ///
    /// # Safety
    /// As [`multiply`].
    unsafe fn multiply(self, p: &Product);
}

/// [`by_size`] of a product that is no [`End::Step`], whose factors would take registers from all others: steps
/// have a copy of their own.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
pub(crate) unsafe fn sums<L: Vector>(l: L, p: Product) {
    let end = if matches!(p.end, End::Relu) { End::Relu } else { End::Sum };
    // SAFETY: the caller's, passed on.
    unsafe { by_size(l, Product { end, ..p }) }
}

/// Chooses by the number of rows and columns. Sizes that are known do not come here: they have few rows
/// only where they are tiny.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
unsafe fn by_size<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if p.rows < few::ROWS && p.columns > few::COLUMNS {
            few::multiply(l, p);
        } else {
            tiles(l, p);
        }
    }
}

/// All columns in tiles.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
unsafe fn tiles<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on; `strips` says where the last columns begin.
    unsafe {
        let j = tile::strips(l, p);
        if j < p.columns {
            tail::multiply(l, p, j);
        }
    }
}
