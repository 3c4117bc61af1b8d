//! A step of a GRU on int8, by PyTorch's formula.

use super::{Scale, floor, limit, lstm::Gates, weighted::Rounding};

/// A GRU; gates in PyTorch's order r, z, n.
#[derive(Clone, Debug)]
pub struct Gru {
    /// `[3 · hidden][inputs]`.
    pub weight_ih: Vec<i64>,
    /// `[3 · hidden][hidden]`.
    pub weight_hh: Vec<i64>,
    /// `[3 · hidden]`, or none.
    pub bias_ih: Vec<i64>,
    /// `[3 · hidden]`, or none.
    pub bias_hh: Vec<i64>,
    /// The scales of the gates' sums, over the input and over the state.
    pub gates: [[Scale; 2]; 3],
    /// How these and `(1 - z) n` are rounded.
    pub rounding: Rounding,
    /// The zero points of input and output.
    pub zero: [i64; 2],
    /// The scale of `(1 - z) n`, to steps of `2^-15` of the output's.
    pub new: Scale,
}

impl Gru {
    /// One step: the output, from the input and the output of the step before.
    #[must_use]
    pub fn step(&self, gates: &Gates, x: &[i64], h: &[i64]) -> Vec<i64> {
        let int16 = |x: i64| limit(x, [-32768, 32767]);
        // `x / 2^15`, rounded half up.
        let from_q15 = |x: i64| floor(i128::from(x) + (1 << 14), 1 << 15) as i64;
        let bias = |bias: &[i64], row: usize| bias.get(row).copied().unwrap_or(0);
        let sums = |gate: usize, unit: usize| {
            let row = gate * h.len() + unit;
            let from_x: i64 = (0..x.len()).map(|i| self.weight_ih[row * x.len() + i] * (x[i] - self.zero[0])).sum();
            let from_h: i64 = (0..h.len()).map(|i| self.weight_hh[row * h.len() + i] * (h[i] - self.zero[1])).sum();
            let [input, hidden] = self.gates[gate];
            let from_x = int16(self.rounding.of(input, from_x + bias(&self.bias_ih, row)));
            (from_x, self.rounding.of(hidden, from_h + bias(&self.bias_hh, row)))
        };
        let unit = |unit: usize| {
            let [r, z] = [0, 1].map(|gate| {
                let (from_x, from_h) = sums(gate, unit);
                gates.sigmoid(int16(from_x + from_h))
            });
            let (from_x, from_h) = sums(2, unit);
            let n = gates.tanh(int16(from_x + from_q15(r * int16(from_h))), 0);
            let new = self.rounding.of(self.new, (32768 - z) * n);
            let kept = z * (h[unit] - self.zero[1]);
            limit(from_q15(new + kept) + self.zero[1], [-128, 127])
        };
        (0..h.len()).map(unit).collect()
    }
}
