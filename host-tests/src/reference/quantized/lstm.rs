//! A step of an LSTM, and the functions of its gates, by TensorFlow Lite's `logistic.h` and `tanh.h` for int16.

use super::{Scale, limit, weighted::Rounding};

/// The table of the sigmoid, `σ(i / 24)` in steps of `2^-16`: data of TensorFlow Lite, of which there is one copy.
///
/// # Panics
/// If it is not where it was.
fn table() -> Vec<i64> {
    let source = include_str!("../../../../core/src/kernel/quantized/sigmoid.rs");
    let (_, rest) = source.split_once("[u16; 256] = [").expect("the table");
    let (numbers, _) = rest.split_once("];").expect("the end of the table");
    let numbers = numbers.split(',').map(|number| number.trim().replace('_', ""));
    let table: Vec<i64> = numbers.filter(|number| !number.is_empty()).map(|n| n.parse().expect("a number")).collect();
    assert_eq!(table.len(), 256);
    table
}

/// The functions of the gates.
#[derive(Clone, Debug)]
pub struct Gates {
    table: Vec<i64>,
}

impl Default for Gates {
    fn default() -> Self {
        Self { table: table() }
    }
}

impl Gates {
    /// The table at a positive number with so many bits behind the point, with as many more bits.
    fn at(&self, x: i64, bits: u32) -> Option<i64> {
        let (i, rest) = ((x >> bits) as usize, x % (1 << bits));
        let (a, b) = (*self.table.get(i)?, *self.table.get(i + 1)?);
        Some((a << bits) + rest * (b - a))
    }

    /// The sigmoid of a number in Q3.12, in Q0.15.
    #[must_use]
    pub fn sigmoid(&self, x: i64) -> i64 {
        let x = 3 * x;
        let y = self.at(x.abs(), 9).unwrap_or(0x7fff << 10);
        let y = if x >= 0 { y + (1 << 9) } else { (1 << 25) - y + (1 << 9) - 1 };
        y >> 10
    }

    /// The hyperbolic tangent of `x · 2^left` in Q3.12, in Q0.15.
    #[must_use]
    pub fn tanh(&self, x: i64, left: i32) -> i64 {
        let x = if left >= 0 { (3 * x) << left } else { (3 * x + (1 << (-left - 1))) >> -left };
        let y = self.at(x.abs(), 8).unwrap_or(0xffff << 8);
        let y = if x >= 0 { y - (1 << 23) + (1 << 7) } else { (1 << 23) - y + (1 << 7) - 1 };
        y >> 8
    }
}

/// An LSTM; gates in PyTorch's order i, f, g, o.
#[derive(Clone, Debug)]
pub struct Lstm {
    /// `[4 · hidden][inputs]`.
    pub weight_ih: Vec<i64>,
    /// `[4 · hidden][hidden]`.
    pub weight_hh: Vec<i64>,
    /// `[4 · hidden]`, or none.
    pub bias: Vec<i64>,
    /// The scales of the gates' sums, over the input and over the state.
    pub gates: [[Scale; 2]; 4],
    /// How these are rounded; the cell's products once if these are, else twice.
    pub rounding: Rounding,
    /// The zero points of input and output.
    pub zero: [i64; 2],
    /// The scale of `f · c`.
    pub forget_to_cell: Scale,
    /// The scale of `i · g`.
    pub input_to_cell: Scale,
    /// The scale of `o · tanh(c)`.
    pub output: Scale,
    /// The largest absolute value of the cell's state.
    pub clip: i64,
    /// The shift of the cell's state before `tanh`.
    pub tanh_shift: i32,
    /// The limits of the output.
    pub limits: [i64; 2],
}

impl Lstm {
    /// One step: the output, from the input and the output of the step before; the cell's state changes.
    #[must_use]
    pub fn step(&self, gates: &Gates, x: &[i64], h: &[i64], c: &mut [i64]) -> Vec<i64> {
        let units = c.len();
        let int16 = |x: i64| limit(x, [-32768, 32767]);
        let twice = self.rounding != Rounding::Once;
        let gate = |gate: usize, unit: usize| {
            let row = gate * units + unit;
            let from_x: i64 = (0..x.len()).map(|i| self.weight_ih[row * x.len() + i] * (x[i] - self.zero[0])).sum();
            let from_h: i64 = (0..units).map(|i| self.weight_hh[row * units + i] * (h[i] - self.zero[1])).sum();
            let bias = self.bias.get(row).copied().unwrap_or(0);
            let [input, hidden] = self.gates[gate];
            int16(int16(self.rounding.of(input, from_x + bias)) + self.rounding.of(hidden, from_h))
        };
        let mut y = Vec::new();
        for (unit, c) in c.iter_mut().enumerate() {
            let [i, f, g, o] = [0, 1, 2, 3].map(|which| gate(which, unit));
            let kept = int16(self.forget_to_cell.of(gates.sigmoid(f) * *c, twice));
            let new = self.input_to_cell.of(gates.sigmoid(i) * gates.tanh(g, 0), twice);
            *c = limit(kept + new, [-self.clip, self.clip]);
            let hidden = gates.sigmoid(o) * gates.tanh(*c, self.tanh_shift);
            y.push(limit(self.output.of(hidden, twice) + self.zero[1], self.limits));
        }
        y
    }
}
