//! Products of two quantized matrices.

use tensorlet::quantized::{MatmulDims, MatmulParameters, Once, Twice};

use super::Rounds;

/// Rows of the first factor, and columns of the second one, of a tile.
const ROWS: usize = 4;
const COLUMNS: usize = 16;
/// Elements that are summed at a time.
const INNER: usize = 128;

/// Elements `from..from + to.len()` of a line, less its zero point; behind the line's end there are zeros.
#[inline(always)]
fn copy(x: &[i8], [start, step]: [usize; 2], len: usize, zero: i32, to: &mut [i16]) {
    let (to, rest) = to.split_at_mut(len.min(to.len()));
    rest.fill(0);
    let x = x.get(start..).unwrap_or_default();
    if step == 1 {
        for (to, x) in to.iter_mut().zip(x) {
            *to = i16::from(*x) - zero as i16;
        }
    } else {
        for (to, x) in to.iter_mut().zip(x.iter().step_by(step)) {
            *to = i16::from(*x) - zero as i16;
        }
    }
}

#[inline(always)]
pub(crate) fn matmul_i8<V>(
    _: V,
    rounds: Rounds,
    d: MatmulDims,
    a: &[i8],
    b: &[i8],
    parameters: &MatmulParameters,
    y: &mut [i8],
) {
    let ([rows, inner, columns], [a_turned, b_turned]) = (d.sizes, d.transposed);
    if columns == 0 {
        return;
    }
    let [a_zero, b_zero] = parameters.zero;
    for (i, y) in y.chunks_mut(ROWS * columns).enumerate() {
        let i = i * ROWS;
        let n = (y.len() / columns).min(rows - i.min(rows));
        for j in (0..columns).step_by(COLUMNS) {
            let mut sums = [[0_i32; COLUMNS]; ROWS];
            for k in (0..inner).step_by(INNER) {
                let len = (inner - k).min(INNER);
                let mut lines = [[0_i16; INNER]; ROWS];
                for (row, line) in lines.iter_mut().enumerate().take(n) {
                    let row = i + row;
                    let place = if a_turned { [k * rows + row, rows] } else { [row * inner + k, 1] };
                    copy(a, place, len, a_zero, line);
                }
                let width = (columns - j).min(COLUMNS);
                if b_turned {
                    for column in 0..width {
                        let mut other = [0_i16; INNER];
                        copy(b, [(j + column) * inner + k, 1], len, b_zero, &mut other);
                        for (line, sums) in lines.iter().zip(&mut sums).take(n) {
                            let products = line.iter().zip(&other).map(|(a, b)| i32::from(*a) * i32::from(*b));
                            sums[column] = products.fold(sums[column], i32::wrapping_add);
                        }
                    }
                } else {
                    for l in 0..len {
                        let (at, mut other) = ((k + l) * columns + j, [0_i16; COLUMNS]);
                        // Behind the row's end stand columns of the next one, whose sums nobody asks for.
                        match b.get(at..).and_then(|b| b.first_chunk::<COLUMNS>()) {
                            Some(b) => other = b.map(|b| i16::from(b) - b_zero as i16),
                            None => copy(b, [at, 1], width, b_zero, &mut other),
                        }
                        for (line, sums) in lines.iter().zip(&mut sums) {
                            for (sum, b) in sums.iter_mut().zip(other) {
                                *sum = sum.wrapping_add(i32::from(line[l]) * i32::from(b));
                            }
                        }
                    }
                }
            }
            for (y, sums) in y.chunks_exact_mut(columns).zip(sums).take(n) {
                let outputs = sums.map(|sum| {
                    let scale = parameters.scale;
                    let y = if rounds.twice { scale.scale::<Twice>(sum) } else { scale.scale::<Once>(sum) };
                    y.wrapping_add(parameters.output_zero).max(parameters.min).min(parameters.max) as i8
                });
                let y = y.get_mut(j..).unwrap_or_default();
                y.iter_mut().zip(outputs).for_each(|(y, output)| *y = output);
            }
        }
    }
}
