//! Gates of recurrent cells.

use proptest::{collection::vec, prelude::*};
use tensorlet::kernel::Kernels;
use tensorlet_host::{framed::Framed, reference::recurrent as reference, reference::wide, tolerance};

use super::property::{Outcome, property, worst};

/// Slices of so many times the hidden size each, with numbers of a range each.
fn rows<const N: usize>(widths: [usize; N], ranges: [(f32, f32); N]) -> BoxedStrategy<Vec<Vec<f32>>> {
    (1_usize..40)
        .prop_flat_map(move |hidden| {
            let each = |i: usize| vec(ranges[i].0..ranges[i].1, widths[i] * hidden);
            (0..N).map(each).collect::<Vec<_>>()
        })
        .boxed()
}

const SUMS: (f32, f32) = (-6.0, 6.0);
const STATE: (f32, f32) = (-3.0, 3.0);
/// What comes out of a sigmoid, and out of a hyperbolic tangent.
const GATE: (f32, f32) = (0.001, 0.999);
const SIGNED: (f32, f32) = (-0.999, 0.999);

pub(crate) fn lstm_gates<T: Kernels>(k: T) -> Outcome {
    property(rows([4, 1, 4], [SUMS, STATE, SUMS]), &|x| {
        let n = x[1].len();
        let (mut gates, mut c, mut h) = (Framed::new(&x[0]), Framed::new(&x[1]), Framed::poison(n));
        let side = Framed::new(&x[2]);
        k.lstm_gates(gates.get_mut(), side.get(), c.get_mut(), h.get_mut());
        let before = wide(&x[1]);
        let sums: Vec<f64> = x[0].iter().zip(&x[2]).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
        let [expected_gates, expected_c, expected_h] = reference::lstm_gates(&sums, &before);
        let g = &expected_gates;
        // The rounding of a sum counts the sum's size times, as steep as the function is there.
        let slope = |i: usize| if i / n == 2 { 1.0 - g[i].powi(2) } else { g[i] * (1.0 - g[i]) };
        let size: Vec<f64> = (0..4 * n).map(|i| g[i].abs() + slope(i) * sums[i].abs()).collect();
        let c_size: Vec<f64> = (0..n)
            .map(|i| size[n + i] * before[i].abs() + size[i] * g[2 * n + i].abs() + g[i] * size[2 * n + i])
            .collect();
        let h_size: Vec<f64> = (0..n)
            .map(|i| {
                size[3 * n + i] * expected_c[i].tanh().abs()
                    + g[3 * n + i] * (1.0 - expected_c[i].tanh().powi(2)) * c_size[i]
            })
            .collect();
        let row = tolerance::of("lstm_gates");
        worst([
            row.compare(gates.get(), g, &size),
            row.compare(c.get(), &expected_c, &c_size),
            row.compare(h.get(), &expected_h, &h_size),
        ])
    })
}

pub(crate) fn lstm_gates_backward<T: Kernels>(k: T) -> Outcome {
    // i and f, g, o; c before; tanh(c); dh; dc
    let widths = [2, 1, 1, 1, 1, 1, 1];
    property(rows(widths, [GATE, SIGNED, GATE, STATE, SIGNED, STATE, STATE]), &|x| {
        let n = x[1].len();
        let mut gates = Framed::new(&[&x[0][..], &x[1], &x[2]].concat());
        let [before, tanh_c, dh] = [&x[3], &x[4], &x[5]].map(|x| Framed::new(x));
        let mut dc = Framed::new(&x[6]);
        k.lstm_gates_backward(gates.get_mut(), before.get(), tanh_c.get(), dh.get(), dc.get_mut());
        let (mut value, mut size) = (vec![0.0; 5 * n], vec![0.0; 5 * n]);
        let x: Vec<Vec<f64>> = x.iter().map(|x| wide(x)).collect();
        for j in 0..n {
            let (i, f, g, o) = (x[0][j], x[0][n + j], x[1][j], x[2][j]);
            let (c, t, dh, dc) = (x[3][j], x[4][j], x[5][j], x[6][j]);
            // h = o tanh(c'), c' = f c + i g; the derivative of σ is σ (1 - σ), that of tanh 1 - tanh².
            let d = dc + dh * o * (1.0 - t * t);
            let d_size = dc.abs() + (dh * o).abs();
            let derivatives = [
                (d * g * i * (1.0 - i), d_size * g.abs() * i),
                (d * c * f * (1.0 - f), d_size * c.abs() * f),
                (d * i * (1.0 - g * g), d_size * i),
                (dh * t * o * (1.0 - o), (dh * t).abs() * o),
                (d * f, d_size * f),
            ];
            for (gate, derivative) in derivatives.into_iter().enumerate() {
                (value[gate * n + j], size[gate * n + j]) = derivative;
            }
        }
        let row = tolerance::of("lstm_gates_backward");
        worst([
            row.compare(gates.get(), &value[..4 * n], &size[..4 * n]),
            row.compare(dc.get(), &value[4 * n..], &size[4 * n..]),
        ])
    })
}

pub(crate) fn gru_gates<T: Kernels>(k: T) -> Outcome {
    property(rows([3, 3, 1], [SUMS, SUMS, STATE]), &|x| {
        let n = x[2].len();
        let (mut gates, side, mut h) = (Framed::new(&x[0]), Framed::new(&x[1]), Framed::new(&x[2]));
        k.gru_gates(gates.get_mut(), side.get(), h.get_mut());
        let [a, b, before] = [&x[0], &x[1], &x[2]].map(|x| wide(x));
        let [g, next] = reference::gru_gates(&a, &b, &before);
        let mut size: Vec<f64> = (0..2 * n).map(|i| g[i] * (1.0 + a[i].abs() + b[i].abs())).collect();
        for i in 0..n {
            let sum = a[2 * n + i].abs() + (size[i] * b[2 * n + i]).abs();
            size.push(g[2 * n + i].abs() + (1.0 - g[2 * n + i].powi(2)) * sum);
        }
        let next_size: Vec<f64> =
            (0..n).map(|i| size[2 * n + i] + size[n + i] * (before[i].abs() + g[2 * n + i].abs())).collect();
        let row = tolerance::of("gru_gates");
        worst([row.compare(gates.get(), &g, &size), row.compare(h.get(), &next, &next_size)])
    })
}

pub(crate) fn gru_gates_backward<T: Kernels>(k: T) -> Outcome {
    // r and z, n; the hidden side's part; h before; dh
    property(rows([2, 1, 1, 1, 1], [GATE, SIGNED, SUMS, STATE, STATE]), &|x| {
        let n = x[1].len();
        let mut gates = Framed::new(&[&x[0][..], &x[1]].concat());
        let (mut side, before, mut dh) = (Framed::new(&x[2]), Framed::new(&x[3]), Framed::new(&x[4]));
        k.gru_gates_backward(gates.get_mut(), side.get_mut(), before.get(), dh.get_mut());
        let (mut value, mut size) = (vec![0.0; 5 * n], vec![0.0; 5 * n]);
        let x: Vec<Vec<f64>> = x.iter().map(|x| wide(x)).collect();
        for j in 0..n {
            let (r, z, new, b, h, dh) = (x[0][j], x[0][n + j], x[1][j], x[2][j], x[3][j], x[4][j]);
            // h' = (1 - z) n + z h, n = tanh(a + r b).
            let dn = dh * (1.0 - z) * (1.0 - new * new);
            let derivatives = [
                (dn * b * r * (1.0 - r), (dh * b * r).abs()),
                (dh * (h - new) * z * (1.0 - z), dh.abs() * (h.abs() + new.abs()) * z),
                (dn, dh.abs()),
                (dn * r, (dh * r).abs()),
                (dh * z, (dh * z).abs()),
            ];
            for (gate, derivative) in derivatives.into_iter().enumerate() {
                (value[gate * n + j], size[gate * n + j]) = derivative;
            }
        }
        let row = tolerance::of("gru_gates_backward");
        worst([
            row.compare(gates.get(), &value[..3 * n], &size[..3 * n]),
            row.compare(side.get(), &value[3 * n..4 * n], &size[3 * n..4 * n]),
            row.compare(dh.get(), &value[4 * n..], &size[4 * n..]),
        ])
    })
}
