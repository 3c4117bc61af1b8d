//! The gates of recurrent cells.
//!
//! Each kernel works on one row: one sample at one time step. The gates lie one behind the other, each
//! as long as the hidden state, in PyTorch's order.

use super::ElementwiseKernels;
use crate::memory::split;

/// The gates of an LSTM and a GRU, and their derivatives.
///
/// What is elementwise in them goes through [`ElementwiseKernels`], so that every token is as fast
/// here as it is there.
pub trait RecurrentKernels: ElementwiseKernels {
    /// The gates of an LSTM (Hochreiter and Schmidhuber, 1997; PyTorch's order i, f, g, o), in place of
    /// the sums `a` of the input's side, with those of the hidden side `b`, which may be empty:
    /// `i, f, o = σ(a + b)`, `g = tanh(a + b)`; then `c ← f c + i g` and `h ← o tanh(c)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::RecurrentKernels};
    /// let (mut gates, mut c, mut h) = ([0.0; 4], [2.0], [0.0]);
    /// Portable.lstm_gates(&mut gates, &[], &mut c, &mut h);
    /// assert_eq!((gates, c), ([0.5, 0.5, 0.0, 0.5], [1.0]));
    /// assert!((h[0] - 0.5 * 1.0_f32.tanh()).abs() < 1e-2);
    /// ```
    #[inline]
    fn lstm_gates(self, gates: &mut [f32], side: &[f32], c: &mut [f32], h: &mut [f32]) {
        let hidden = c.len();
        self.add(gates, side);
        let (input_forget, rest) = split(gates, 2 * hidden);
        let (cell, output) = split(rest, hidden);
        self.sigmoid(input_forget);
        self.tanh(cell);
        self.sigmoid(output);
        let (input, forget) = split(input_forget, hidden);
        for ((((c, h), i), f), g) in c.iter_mut().zip(h.iter_mut()).zip(input).zip(forget).zip(cell) {
            *c = *f * *c + *i * *g;
            *h = *c;
        }
        self.tanh(h);
        for (h, o) in h.iter_mut().zip(output) {
            *h *= *o;
        }
    }

    /// The derivative of [`lstm_gates`](Self::lstm_gates): from the gates, the cell state `before` the
    /// step, `tanh_c = tanh(c)` after it, `∂L/∂h` and `∂L/∂c` after the step, puts the derivatives of
    /// the sums into the place of the gates, and `∂L/∂c` before the step into `dc`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::RecurrentKernels};
    /// let (mut gates, mut dc) = ([0.5, 0.5, 0.0, 0.5], [4.0]);
    /// Portable.lstm_gates_backward(&mut gates, &[2.0], &[0.0], &[0.0], &mut dc);
    /// assert_eq!((gates, dc), ([0.0, 4.0 * 2.0 * 0.25, 4.0 * 0.5, 0.0], [2.0]));
    /// ```
    #[inline]
    fn lstm_gates_backward(self, gates: &mut [f32], before: &[f32], tanh_c: &[f32], dh: &[f32], dc: &mut [f32]) {
        let hidden = dc.len();
        let (input_forget, rest) = split(gates, 2 * hidden);
        let (input, forget) = split(input_forget, hidden);
        let (cell, output) = split(rest, hidden);
        let gates = input.iter_mut().zip(forget).zip(cell).zip(output);
        for (((((((i, f), g), o), c), t), dh), dc) in gates.zip(before).zip(tanh_c).zip(dh).zip(dc) {
            let d = *dc + dh * (*o * (1.0 - t * t));
            *o = dh * t * (*o * (1.0 - *o));
            let (di, dg) = (d * *g * (*i * (1.0 - *i)), d * *i * (1.0 - *g * *g));
            *dc = d * *f;
            *f = d * c * (*f * (1.0 - *f));
            *i = di;
            *g = dg;
        }
    }

    /// The gates of a GRU (Cho et al., 2014; PyTorch's order r, z, n), in place of the sums `a` of the
    /// input's side, with those of the hidden side `b`: `r, z = σ(a + b)`, `n = tanh(a + r b)`; then
    /// `h ← (1 - z) n + z h`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::RecurrentKernels};
    /// let (mut gates, mut h) = ([0.0; 3], [2.0]);
    /// Portable.gru_gates(&mut gates, &[0.0; 3], &mut h);
    /// assert_eq!((gates, h), ([0.5, 0.5, 0.0], [1.0]));
    /// ```
    #[inline]
    fn gru_gates(self, gates: &mut [f32], side: &[f32], h: &mut [f32]) {
        let hidden = h.len();
        let (reset_update, new) = split(gates, 2 * hidden);
        let (side_gates, side_new) = side.split_at_checked(2 * hidden).unwrap_or_default();
        self.add(reset_update, side_gates);
        self.sigmoid(reset_update);
        let (reset, update) = split(reset_update, hidden);
        for ((n, r), b) in new.iter_mut().zip(reset).zip(side_new) {
            *n += *r * b;
        }
        self.tanh(new);
        for ((h, z), n) in h.iter_mut().zip(update).zip(new) {
            *h = *n + *z * (*h - *n);
        }
    }

    /// The derivative of [`gru_gates`](Self::gru_gates): from the gates, the hidden side's part of the
    /// third, `side_new`, the hidden state `before` the step and `∂L/∂h` after it, puts the derivatives
    /// of the input side's sums into the place of the gates, that of `side_new` into its place, and the
    /// part `z ∂L/∂h` of the gradient before the step, which goes around the gates, into `dh`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::RecurrentKernels};
    /// let (mut gates, mut side_new, mut dh) = ([0.5, 0.5, 0.0], [3.0], [8.0]);
    /// Portable.gru_gates_backward(&mut gates, &mut side_new, &[1.0], &mut dh);
    /// assert_eq!((gates, side_new, dh), ([3.0, 2.0, 4.0], [2.0], [4.0]));
    /// ```
    #[inline]
    fn gru_gates_backward(self, gates: &mut [f32], side_new: &mut [f32], before: &[f32], dh: &mut [f32]) {
        let hidden = dh.len();
        let (reset, rest) = split(gates, hidden);
        let (update, new) = split(rest, hidden);
        let gates = reset.iter_mut().zip(update).zip(new);
        for (((((r, z), n), b), h), dh) in gates.zip(side_new).zip(before).zip(dh) {
            let dn = *dh * (1.0 - *z) * (1.0 - *n * *n);
            let dz = *dh * (h - *n) * (*z * (1.0 - *z));
            *dh *= *z;
            *n = dn;
            *z = dz;
            let side = dn * *r;
            *r = dn * *b * (*r * (1.0 - *r));
            *b = side;
        }
    }
}
