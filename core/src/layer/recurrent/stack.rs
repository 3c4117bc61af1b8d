//! Layers and directions around the loop over time, and where everything lies in memory.
//!
//! Sizes are values here and weights come from a function: one copy of this code serves all shapes.

use super::{
    gates::Gates,
    steps::{self, Dims, Gradient, Room, Scratch, Tape, Weights},
};
use crate::{
    Tensor,
    kernel::{Kernels, samples_mut},
    layer::Pass,
    memory::{End, Input, cut, max, split},
};

/// The parameters of the cell of a layer and direction.
pub(super) type Cells<'a> = &'a dyn Fn(usize, usize) -> Weights<'a>;

/// Time steps whose input sums are computed together at inference: enough for a matrix product to be
/// worth its name, and few enough for a small memory.
const AT_ONCE: usize = 4;

/// The sizes of a stack of recurrent layers, and the words per sample of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Time steps.
    pub(super) steps: usize,
    /// Numbers of an input row.
    pub(super) inputs: usize,
    /// Numbers of the hidden state.
    pub(super) hidden: usize,
    /// Layers.
    pub(super) layers: usize,
    /// Directions.
    pub(super) directions: usize,
}

impl Sizes {
    /// One row of the output.
    const fn row(&self) -> usize {
        self.directions * self.hidden
    }

    /// The output of a layer.
    const fn output(&self) -> usize {
        self.steps * self.row()
    }

    /// The numbers of a layer's input row.
    const fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.row() }
    }

    /// Pairs of layer and direction.
    const fn runs(&self) -> usize {
        self.layers * self.directions
    }

    const fn gates<C: Gates>(&self) -> usize {
        C::GATES * self.hidden
    }

    /// The state of one run.
    const fn part<C: Gates>(&self) -> usize {
        C::STATES * self.hidden
    }

    /// The state that is carried from call to call.
    pub(super) const fn state<C: Gates>(&self) -> usize {
        self.runs() * self.part::<C>()
    }

    const fn at_once(&self) -> usize {
        if self.steps < AT_ONCE { self.steps } else { AT_ONCE }
    }

    /// Scratch of inference: gates, the hidden side's sums, the running state.
    const fn scratch<C: Gates>(&self) -> usize {
        (self.at_once() + 1) * self.gates::<C>() + self.part::<C>()
    }

    /// The arena when the input lies outside of it.
    pub(super) const fn peak_given<C: Gates>(&self) -> usize {
        self.scratch::<C>() + if self.layers > 1 { 2 * self.output() } else { self.output() }
    }

    /// The arena with the input in it.
    pub(super) const fn peak<C: Gates>(&self) -> usize {
        max(self.peak_given::<C>(), self.scratch::<C>() + self.steps * self.inputs + self.output())
    }

    /// What a run leaves on the tape: gates, what is kept beside them, the initial state.
    const fn run<C: Gates>(&self) -> usize {
        self.steps * (self.gates::<C>() + C::KEPT * self.hidden) + self.part::<C>()
    }

    /// Scratch on the tape: the hidden side of one step, the hidden state before it, and the running
    /// state or its gradient.
    const fn tape_scratch<C: Gates>(&self) -> usize {
        self.gates::<C>() + self.hidden + self.part::<C>()
    }

    /// The tape: all runs, scratch, the layers' outputs.
    pub(super) const fn tape<C: Gates>(&self) -> usize {
        self.runs() * self.run::<C>() + self.tape_scratch::<C>() + self.layers * self.output()
    }

    /// Multiply-accumulates of one sample.
    pub(super) const fn macs<C: Gates>(&self) -> usize {
        let (mut sum, mut layer) = (0, 0);
        while layer < self.layers {
            sum += self.directions * self.steps * self.gates::<C>() * (self.width(layer) + self.hidden);
            layer += 1;
        }
        sum
    }

    const fn dims(&self, n: usize, layer: usize, direction: usize) -> Dims {
        Dims {
            n,
            steps: self.steps,
            inputs: self.width(layer),
            hidden: self.hidden,
            row: self.row(),
            place: direction * self.hidden,
            reverse: direction == 1,
        }
    }

    /// What run number `run` has on the tape of `n` samples: gates, kept, initial state.
    #[inline(always)]
    fn of_run<'a, C: Gates>(&self, n: usize, run: usize, runs: &'a mut [f32]) -> [&'a mut [f32]; 3] {
        let words = n * self.run::<C>();
        let this = runs.get_mut(run * words..(run + 1) * words).unwrap_or_default();
        let (gates, rest) = split(this, n * self.steps * self.gates::<C>());
        let (kept, initial) = split(rest, n * self.steps * C::KEPT * self.hidden);
        [gates, kept, initial]
    }

    /// Calls `f(one, all)` for the numbers of the state of run number `run` and their places in the
    /// state of the stack, which has `h` of all runs, then `c` of all runs, or no words at all.
    #[inline(always)]
    fn each_of_state(&self, n: usize, run: usize, one: &mut [f32], all: &mut [f32], f: impl Fn(&mut f32, &mut f32)) {
        let words = n * self.hidden;
        for (one, all) in samples_mut(one, words).zip(samples_mut(all, self.runs() * words)) {
            for (one, all) in one.iter_mut().zip(split(all, run * words).1) {
                f(one, all);
            }
        }
    }

    /// The state of a run: zeros if the stack carries none.
    fn load(&self, n: usize, run: usize, one: &mut [f32], all: &mut [f32]) {
        one.fill(0.0);
        self.each_of_state(n, run, one, all, |one, all| *one = *all);
    }

    fn store(&self, n: usize, run: usize, one: &mut [f32], all: &mut [f32]) {
        self.each_of_state(n, run, one, all, |one, all| *all = *one);
    }
}

/// Where the first layer finds its input.
pub(super) enum Source<'a> {
    /// Outside the arena.
    Given(&'a [f32]),
    /// At this end of it.
    Arena(End),
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub(super) fn of<X: Tensor<Elem = f32>>(input: &Input<'a, X>) -> Self {
        match *input {
            Input::Given(x) => Self::Given(X::flat(x)),
            Input::Arena { at, .. } => Self::Arena(at),
        }
    }
}

/// Inference of `n` samples; returns the end of the arena where the output lies.
pub(super) fn infer<K: Kernels, C: Gates>(
    k: K,
    sizes: Sizes,
    cells: Cells<'_>,
    (n, source): (usize, Source<'_>),
    state: &mut [f32],
    arena: &mut [f32],
) -> End {
    let output = n * sizes.output();
    let mut run = |layer: usize, x: &[f32], y: &mut [f32], scratch: &mut [f32]| {
        let (gates, rest) = split(scratch, n * sizes.at_once() * sizes.gates::<C>());
        let (side, rest) = split(rest, n * sizes.gates::<C>());
        let (one, _) = split(rest, n * sizes.part::<C>());
        for direction in 0..sizes.directions {
            let number = layer * sizes.directions + direction;
            let dims = sizes.dims(n, layer, direction);
            let room = Room { gates: &mut *gates, kept: &mut [], side: &mut *side };
            let weights = cells(layer, direction);
            // The state of the only run is that of the stack.
            let only = sizes.runs() == 1 && state.len() == one.len();
            if !only {
                sizes.load(n, number, one, state);
            }
            let now = if only { &mut *state } else { &mut *one };
            steps::forward::<K, C>(k, dims, weights, (x, &mut *y), now, sizes.at_once(), room);
            if !only {
                sizes.store(n, number, one, state);
            }
        }
    };
    let mut at = match source {
        Source::Given(x) => {
            let (y, scratch) = cut(arena, End::Low, output);
            run(0, x, y, scratch);
            End::Low
        }
        Source::Arena(at) => {
            let (x, rest) = cut(arena, at, n * sizes.steps * sizes.inputs);
            let (y, scratch) = cut(rest, at.other(), output);
            run(0, x, y, scratch);
            at.other()
        }
    };
    for layer in 1..sizes.layers {
        let (x, rest) = cut(arena, at, output);
        let (y, scratch) = cut(rest, at.other(), output);
        run(layer, x, y, scratch);
        at = at.other();
    }
    at
}

/// Input and output of a layer: the stack's input, and the outputs of all layers one behind the other.
#[inline(always)]
fn ends<'a>(x: &'a mut [f32], outputs: &'a mut [f32], layer: usize, words: usize) -> [&'a mut [f32]; 2] {
    let (before, rest) = split(outputs, layer * words);
    let y = split(rest, words).0;
    if layer == 0 { [x, y] } else { [cut(before, End::High, words).0, y] }
}

/// The forward pass of training.
pub(super) fn forward_train<K: Kernels, C: Gates>(
    k: K,
    sizes: Sizes,
    cells: Cells<'_>,
    (n, x): (usize, &mut [f32]),
    state: &mut [f32],
    tape: &mut [f32],
) {
    let (runs, rest) = split(tape, n * sizes.runs() * sizes.run::<C>());
    let (scratch, outputs) = split(rest, n * sizes.tape_scratch::<C>());
    let (side, rest) = split(scratch, n * sizes.gates::<C>());
    let (one, _) = split(rest, n * sizes.part::<C>());
    for layer in 0..sizes.layers {
        let [x, y] = ends(x, outputs, layer, n * sizes.output());
        for direction in 0..sizes.directions {
            let number = layer * sizes.directions + direction;
            let [gates, kept, initial] = sizes.of_run::<C>(n, number, runs);
            sizes.load(n, number, one, state);
            for (initial, one) in initial.iter_mut().zip(one.iter()) {
                *initial = *one;
            }
            let (dims, weights) = (sizes.dims(n, layer, direction), cells(layer, direction));
            let room = Room { gates, kept, side: &mut *side };
            steps::forward::<K, C>(k, dims, weights, (&*x, &mut *y), one, sizes.steps, room);
            sizes.store(n, number, one, state);
        }
    }
}

/// The backward pass. `state_gradient` is the gradient of the final state and becomes that of the
/// initial state; it has no words if only the output was used.
pub(super) fn backward<K: Kernels, C: Gates>(
    k: K,
    sizes: Sizes,
    cells: Cells<'_>,
    (pass, x): (Pass, &mut [f32]),
    state_gradient: &mut [f32],
    tape: &mut [f32],
    grad: &mut [f32],
) {
    let n = pass.n;
    let (runs, rest) = split(tape, n * sizes.runs() * sizes.run::<C>());
    let (scratch, outputs) = split(rest, n * sizes.tape_scratch::<C>());
    let (side, rest) = split(scratch, n * sizes.gates::<C>());
    let (hidden, one) = split(rest, n * sizes.hidden);
    let mut grad = grad;
    for layer in (0..sizes.layers).rev() {
        let [x, dy] = ends(x, outputs, layer, n * sizes.output());
        // The gradients of the layers before this one come first.
        let parameters = |layer| (0..sizes.directions).map(|direction| cells(layer, direction).len()).sum::<usize>();
        let (before, mut gradient) = split(core::mem::take(&mut grad), (0..layer).map(parameters).sum());
        grad = before;
        for direction in 0..sizes.directions {
            let number = layer * sizes.directions + direction;
            let weights = cells(layer, direction);
            let [gates, kept, initial] = sizes.of_run::<C>(n, number, runs);
            sizes.load(n, number, one, state_gradient);
            steps::backward::<K, C>(
                k,
                sizes.dims(n, layer, direction),
                (weights, Gradient::take(&weights, &mut gradient)),
                (&*x, &*dy),
                Tape { gates, kept, initial },
                one,
                Scratch { side: &mut *side, hidden: &mut *hidden },
            );
            sizes.store(n, number, one, state_gradient);
        }
        if layer > 0 || pass.input_gradient {
            x.fill(0.0);
            for direction in 0..sizes.directions {
                let [gates, ..] = sizes.of_run::<C>(n, layer * sizes.directions + direction, runs);
                let dims = sizes.dims(n, layer, direction);
                steps::input_gradient::<K, C>(k, dims, cells(layer, direction), gates, x);
            }
        }
    }
}
