//! Matrix products and the fully connected layer.

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
