//! Recurrent cells and layers.

use tensorlet::description::{Cell, LayerInfo, Op, Recurrence};

use super::{
    activation::{relu, sigmoid, tanh},
    network::{Network, join},
};

/// The parameters of a cell in PyTorch's order: `weight_ih` of `[gates · H, inputs]`, `weight_hh` of
/// `[gates · H, H]`, `bias_ih` and `bias_hh` of `[gates · H]`, or no numbers.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Of the input.
    pub ih: &'a [f64],
    /// Of the hidden state.
    pub hh: &'a [f64],
    /// The bias of the input's side.
    pub bias_ih: &'a [f64],
    /// The bias of the hidden side.
    pub bias_hh: &'a [f64],
}

/// `c ← f c + i g`, `h ← o tanh(c)` from the sums of the gates i, f, g, o: the gates, `c` and `h`.
#[must_use]
pub fn lstm_gates(sums: &[f64], c: &[f64]) -> [Vec<f64>; 3] {
    let n = c.len();
    let gates: Vec<f64> = (0..4 * n).map(|i| if i / n == 2 { tanh(sums[i]) } else { sigmoid(sums[i]) }).collect();
    let next: Vec<f64> = (0..n).map(|i| gates[n + i] * c[i] + gates[i] * gates[2 * n + i]).collect();
    let h = (0..n).map(|i| gates[3 * n + i] * tanh(next[i])).collect();
    [gates, next, h]
}

/// The gates r, z, n of a GRU from the sums of both sides, and the next state.
#[must_use]
pub fn gru_gates(sums: &[f64], side: &[f64], h: &[f64]) -> [Vec<f64>; 2] {
    let n = h.len();
    let mut gates: Vec<f64> = (0..2 * n).map(|i| sigmoid(sums[i] + side[i])).collect();
    for i in 0..n {
        gates.push(tanh(sums[2 * n + i] + gates[i] * side[2 * n + i]));
    }
    let next = (0..n).map(|i| (1.0 - gates[n + i]) * gates[2 * n + i] + gates[n + i] * h[i]).collect();
    [gates, next]
}

/// One time step: the states `h` and `c` (unused but in an LSTM) after an input.
#[must_use]
pub fn step(cell: Cell, weights: Weights<'_>, x: &[f64], [h, c]: [&[f64]; 2]) -> [Vec<f64>; 2] {
    let product = |w: &[f64], x: &[f64], bias: &[f64]| -> Vec<f64> {
        let rows = w.len() / x.len();
        let row = |r: usize| (0..x.len()).map(|i| w[r * x.len() + i] * x[i]).sum::<f64>();
        (0..rows).map(|r| bias.get(r).unwrap_or(&0.0) + row(r)).collect()
    };
    let sums = product(weights.ih, x, weights.bias_ih);
    let side = product(weights.hh, h, weights.bias_hh);
    let both = || sums.iter().zip(&side).map(|(a, b)| a + b).collect::<Vec<_>>();
    match cell {
        Cell::Tanh => [both().into_iter().map(tanh).collect(), c.to_vec()],
        Cell::Relu => [both().into_iter().map(relu).collect(), c.to_vec()],
        Cell::Gru => {
            let [_, h] = gru_gates(&sums, &side, h);
            [h, c.to_vec()]
        }
        Cell::Lstm => {
            let [_, c, h] = lstm_gates(&both(), c);
            [h, c]
        }
    }
}

/// A stack of layers over a sequence of rows, from the given states (`h` and `c` of each layer and
/// direction), which it changes. `weights(layer, direction)` are the parameters.
#[must_use]
pub fn sequence<'a>(
    stack: Recurrence,
    weights: impl Fn(usize, usize) -> Weights<'a>,
    x: &[f64],
    steps: usize,
    states: &mut [[Vec<f64>; 2]],
) -> Vec<f64> {
    let Recurrence { cell, hidden, layers, directions } = stack;
    let mut rows: Vec<Vec<f64>> = x.chunks(x.len() / steps).map(<[f64]>::to_vec).collect();
    for layer in 0..layers {
        let mut outputs = vec![vec![0.0; directions * hidden]; steps];
        for direction in 0..directions {
            let state = &mut states[layer * directions + direction];
            for i in 0..steps {
                let t = if direction == 1 { steps - 1 - i } else { i };
                *state = step(cell, weights(layer, direction), &rows[t], [&state[0], &state[1]]);
                outputs[t][direction * hidden..][..hidden].copy_from_slice(&state[0]);
            }
        }
        rows = outputs;
    }
    rows.concat()
}

impl Network {
    /// A recurrent layer: the part of the state that is its own follows on those of the layers before.
    pub(super) fn recurrent(&self, info: &LayerInfo, stack: Recurrence, path: &str, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let Recurrence { hidden, layers, directions, .. } = stack;
        let parts = if stack.cell == Cell::Lstm { 2 } else { 1 };
        let (runs, samples) = (layers * directions, x.len());
        let place = |part: usize, run: usize, sample: usize| ((part * runs + run) * samples + sample) * hidden;
        let mut last = self.last_state.borrow_mut();
        let start = last.len();
        last.resize(start + parts * runs * samples * hidden, 0.0);
        let weights = |layer: usize, direction: usize| match info.op {
            Op::RecurrentCell(_) => self.recurrent_weights(path, ""),
            _ => self.recurrent_weights(path, &format!("_l{layer}{}", ["", "_reverse"][direction])),
        };
        let steps = if info.input.rank() == 1 { 1 } else { info.input.dim(0) };
        let one = |(sample, x): (usize, &Vec<f64>)| {
            let begin = |part: usize, run: usize| -> Vec<f64> {
                let from = start + place(part, run, sample);
                self.state.get(from..from + hidden).map_or(vec![0.0; hidden], <[f64]>::to_vec)
            };
            let mut states: Vec<_> =
                (0..runs).map(|run| [begin(0, run), if parts == 2 { begin(1, run) } else { Vec::new() }]).collect();
            let y = sequence(stack, weights, x, steps, &mut states);
            for (run, state) in states.iter().enumerate() {
                for (part, numbers) in state.iter().enumerate().take(parts) {
                    last[start + place(part, run, sample)..][..hidden].copy_from_slice(numbers);
                }
            }
            y
        };
        x.iter().enumerate().map(one).collect()
    }

    /// The parameters of a cell, its biases if there are any.
    fn recurrent_weights(&self, path: &str, suffix: &str) -> Weights<'_> {
        let of = |name: &str| {
            let path = join(path, &format!("{name}{suffix}"));
            self.parameters.iter().find(|parameter| parameter.path == path).map_or(&[][..], |found| &found.values)
        };
        Weights { ih: of("weight_ih"), hh: of("weight_hh"), bias_ih: of("bias_ih"), bias_hh: of("bias_hh") }
    }
}
