//! Matrix products: what is done in which tiles. Those of four by four serve most of a product; what is left of rows and
//! columns is done in tiles of a single row or column.

use super::tiles::{Job, columns_by_rows, row_by_rows, rows_by_columns, rows_by_rows};

/// `c[m][n] += Σ_k a[m][k] b[k][n]` for matrices without gaps.
#[inline(never)]
pub(crate) fn matmul([inner, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let Some(rows) = rows([inner, columns], [a.len(), inner], [c.len(), columns], b) else { return };
    let mut row = 0;
    while row < rows {
        let count = if rows - row > 2 { 4 } else { 1 };
        let mut column = 0;
        while column < columns {
            let (width, tiles) = split(columns - column, count == 1);
            let last = rows - 1;
            // SAFETY: rows and columns are within the matrices, whose sizes have been checked; rows that the product
            // lacks are its last row, with the same sums.
            unsafe {
                let mut job = Job {
                    a: [0, 1, 2, 3].map(|i| a.as_ptr().add((row + i).min(last) * inner)),
                    c: [0, 1, 2, 3].map(|i| c.as_mut_ptr().add((row + i).min(last) * columns + column)),
                    b: [b.as_ptr().add(column); 4],
                    a_step: 0,
                    b_step: columns * size_of::<f32>(),
                    depth: inner,
                    tiles,
                };
                match (count, width) {
                    (4, 4) => rows_by_rows::<4>(&mut job),
                    (4, _) => rows_by_rows::<1>(&mut job),
                    (_, 8) => row_by_rows::<8>(&mut job),
                    (_, 2) => row_by_rows::<2>(&mut job),
                    _ => row_by_rows::<1>(&mut job),
                }
            }
            column += tiles * width;
        }
        row += count;
    }
}

/// `c[m][k] += Σ_n a[m][n] b[k][n]` for matrices without gaps, `b` of `columns` rows.
#[inline(never)]
pub(crate) fn matmul_nt([columns, inner]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let Some(rows) = rows([inner, columns], [a.len(), inner], [c.len(), columns], b) else { return };
    let mut row = 0;
    while row < rows {
        let count = if rows - row > 2 { 4 } else { 1 };
        let mut column = 0;
        while column < columns {
            let (width, tiles) = split(columns - column, false);
            let last = rows - 1;
            // SAFETY: as in `matmul`; of a tile with one column only the first row of `b` is read.
            unsafe {
                let mut job = Job {
                    a: [0, 1, 2, 3].map(|i| a.as_ptr().add((row + i).min(last) * inner)),
                    c: [0, 1, 2, 3].map(|i| c.as_mut_ptr().add((row + i).min(last) * columns + column)),
                    b: [0, 1, 2, 3].map(|i| b.as_ptr().wrapping_add((column + i) * inner)),
                    a_step: 0,
                    b_step: width * inner * size_of::<f32>(),
                    depth: inner,
                    tiles,
                };
                match (count, width) {
                    (4, 4) => rows_by_columns::<4, 4>(&mut job),
                    (4, _) => rows_by_columns::<4, 1>(&mut job),
                    (_, 4) => rows_by_columns::<1, 4>(&mut job),
                    _ => rows_by_columns::<1, 1>(&mut job),
                }
            }
            column += tiles * width;
        }
        row += count;
    }
}

/// `c[k][n] += Σ_m a[m][k] b[m][n]` for matrices without gaps, `c` of `rows` rows.
#[inline(never)]
pub(crate) fn matmul_tn([rows, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let whole = rows.checked_mul(columns).is_some_and(|numbers| c.len() >= numbers);
    if rows == 0 || columns == 0 || !whole {
        return;
    }
    let depth = (a.len() / rows).min(b.len() / columns);
    if depth == 0 {
        return;
    }
    let mut row = 0;
    while row < rows {
        let count = if rows - row >= 4 { 4 } else { 1 };
        let mut column = 0;
        while column < columns {
            let (width, tiles) = split(columns - column, false);
            // SAFETY: rows and columns are within the matrices, whose sizes have been checked; of a tile with one row
            // only the first is touched.
            unsafe {
                let mut job = Job {
                    a: [a.as_ptr().add(row); 4],
                    c: [0, 1, 2, 3].map(|i| c.as_mut_ptr().wrapping_add((row + i) * columns + column)),
                    b: [b.as_ptr().add(column); 4],
                    a_step: rows * size_of::<f32>(),
                    b_step: columns * size_of::<f32>(),
                    depth,
                    tiles,
                };
                match (count, width) {
                    (4, 4) => columns_by_rows::<4, 4>(&mut job),
                    (4, _) => columns_by_rows::<4, 1>(&mut job),
                    (_, 4) => columns_by_rows::<1, 4>(&mut job),
                    _ => columns_by_rows::<1, 1>(&mut job),
                }
            }
            column += tiles * width;
        }
        row += count;
    }
}

/// The rows of a product, if there are any and the second factor is whole: from length and row of the first factor
/// and of the product.
fn rows([inner, columns]: [usize; 2], a: [usize; 2], c: [usize; 2], b: &[f32]) -> Option<usize> {
    let whole = inner.checked_mul(columns).is_some_and(|numbers| b.len() >= numbers);
    if inner == 0 || columns == 0 || !whole {
        return None;
    }
    let rows = (a[0] / a[1].max(1)).min(c[0] / c[1].max(1));
    (rows > 0).then_some(rows)
}

/// The width of the next tiles, the largest that fits, and how many there are.
const fn split(columns: usize, one_row: bool) -> (usize, usize) {
    match columns {
        8.. if one_row => (8, columns / 8),
        2.. if one_row => (2, columns / 2),
        4.. if !one_row => (4, columns / 4),
        _ => (1, columns),
    }
}
