//! Matrix products and the fully connected layer.

use super::arithmetic::{broadcast, broadcast_shape};

/// `c[i][j] = Σ_l a[i][l] b[l][j]`, with `a` of `m × k` and `b` of `k × n`.
#[must_use]
pub fn matmul(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for l in 0..k {
                c[i * n + j] += a[i * k + l] * b[l * n + j];
            }
        }
    }
    c
}

/// The transpose of a matrix of `rows × columns`.
#[must_use]
pub fn transpose(a: &[f64], [rows, columns]: [usize; 2]) -> Vec<f64> {
    let mut t = vec![0.0; rows * columns];
    for i in 0..rows {
        for j in 0..columns {
            t[j * rows + i] = a[i * columns + j];
        }
    }
    t
}

/// `y[o] = bias[o] + Σ_i weight[o][i] x[i]`, with PyTorch's order of the weight.
#[must_use]
pub fn linear(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let inputs = x.len();
    bias.iter().enumerate().map(|(o, b)| b + (0..inputs).map(|i| weight[o * inputs + i] * x[i]).sum::<f64>()).collect()
}

/// The gradients of [`linear`] with respect to input, weight and bias.
#[must_use]
pub fn linear_gradients(x: &[f64], weight: &[f64], dy: &[f64]) -> [Vec<f64>; 3] {
    let inputs = x.len();
    let mut dx = vec![0.0; inputs];
    let mut dw = vec![0.0; weight.len()];
    for (o, dy) in dy.iter().enumerate() {
        for i in 0..inputs {
            dx[i] += weight[o * inputs + i] * dy;
            dw[o * inputs + i] = x[i] * dy;
        }
    }
    [dx, dw, dy.to_vec()]
}

/// The product of tensors of any rank as PyTorch's `torch.matmul` has it: the last two dimensions are
/// matrices, those before them are broadcast; a vector on the left is a row, one on the right a column.
#[must_use]
pub fn batched((a, a_shape): (&[f64], &[usize]), (b, b_shape): (&[f64], &[usize])) -> Vec<f64> {
    let a_shape = if a_shape.len() == 1 { vec![1, a_shape[0]] } else { a_shape.to_vec() };
    let b_shape = if b_shape.len() == 1 { vec![b_shape[0], 1] } else { b_shape.to_vec() };
    let (a_batch, [rows, inner]) = a_shape.split_last_chunk().expect("a matrix");
    let (b_batch, [depth, columns]) = b_shape.split_last_chunk().expect("a matrix");
    assert_eq!(inner, depth);
    let batch = broadcast_shape(a_batch, b_batch);
    let whole = |matrix: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(matrix).collect() };
    let (a_whole, b_whole) = (whole([*rows, *inner]), whole([*depth, *columns]));
    let (a, b) = (broadcast(a, &a_shape, &a_whole), broadcast(b, &b_shape, &b_whole));
    let pairs = a.chunks(rows * inner).zip(b.chunks(inner * columns));
    pairs.flat_map(|(a, b)| matmul(a, b, [*rows, *inner, *columns])).collect()
}

/// The last two dimensions in the other order; a vector stays as it is.
#[must_use]
pub fn turned(x: &[f64], shape: &[usize]) -> (Vec<f64>, Vec<usize>) {
    let Some((batch, &[rows, columns])) = shape.split_last_chunk() else { return (x.to_vec(), shape.to_vec()) };
    let turned = x.chunks(rows * columns).flat_map(|x| transpose(x, [rows, columns])).collect();
    (turned, batch.iter().copied().chain([columns, rows]).collect())
}
