//! Layers written outside the crate: the traits carry recurrence, integer inputs and quantised
//! weights without being bent. Miri takes few steps, and then nothing is learned yet.

use rand_core::Rng;
use tensorlet::{
    Description, Frozen, FusedTrainer, Kernels, Layer, Linear, Mode, Module, Parameter, Path, Portable, Shape, Tensor,
    Train, Trainer, Visitor, VisitorMut,
    description::{LayerInfo, Layout, Op, ParameterInfo},
    init,
    layer::Pass,
    loss::CrossEntropyLoss,
    math,
    memory::{self, End, Input, training_words},
    optim::{Adam, Sgd},
};

/// `h_t = tanh(x_t W + h_{t-1} U)`; the output is the last `h`.
#[derive(Clone, Copy)]
struct Rnn<const IN: usize, const H: usize> {
    w: [[f32; H]; IN],
    u: [[f32; H]; H],
}

impl<const IN: usize, const H: usize> Rnn<IN, H> {
    const W: ParameterInfo =
        ParameterInfo { name: "weight_ih_l0", shape: Shape::new(&[H, IN]), layout: Layout::Transposed };
    const U: ParameterInfo =
        ParameterInfo { name: "weight_hh_l0", shape: Shape::new(&[H, H]), layout: Layout::Transposed };

    /// One step of one sample, from the hidden state `h` to `next`.
    fn step(&self, x: &[f32; IN], h: &[f32; H], next: &mut [f32; H]) {
        next.fill(0.0);
        for (row, factor) in self.w.iter().zip(x).chain(self.u.iter().zip(h)) {
            next.iter_mut().zip(row).for_each(|(next, w)| *next += w * factor);
        }
        next.iter_mut().for_each(|h| *h = math::tanh(*h));
    }
}

impl<const IN: usize, const H: usize> Module for Rnn<IN, H> {
    const ZERO: Self = Self { w: [[0.0; H]; IN], u: [[0.0; H]; H] };
    const PARAMETERS: usize = (IN + H) * H;

    fn init<R: Rng>(&mut self, rng: &mut R) {
        let bound = init::default_bound(H);
        init::uniform(&mut self.w, -bound, bound, rng);
        init::uniform(&mut self.u, -bound, bound, rng);
    }

    fn parameters<V: Visitor>(&self, path: Path<'_>, v: &mut V) {
        v.parameter(Parameter { path: path.join("weight_ih_l0"), info: &Self::W, trained: true }, self.w.elements());
        v.parameter(Parameter { path: path.join("weight_hh_l0"), info: &Self::U, trained: true }, self.u.elements());
    }

    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, v: &mut V) {
        let (w, u) = (&Self::W, &Self::U);
        v.parameter(Parameter { path: path.join("weight_ih_l0"), info: w, trained: true }, self.w.elements_mut());
        v.parameter(Parameter { path: path.join("weight_hh_l0"), info: u, trained: true }, self.u.elements_mut());
    }
}

impl<const IN: usize, const H: usize, const T: usize> Layer<[[f32; IN]; T]> for Rnn<IN, H> {
    type Out = [f32; H];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("RNN"),
        input: <[[f32; IN]; T]>::SHAPE,
        output: <[f32; H]>::SHAPE,
        parameters: &[],
        macs: T * (IN + H) * H,
    });
    const PEAK: usize = <[[f32; IN]; T]>::WORDS + 2 * H;
    const PEAK_GIVEN: usize = 2 * H;

    fn infer<K: Kernels>(&self, _: K, input: Input<'_, [[f32; IN]; T]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[[f32; IN]; T]], y: &mut [[f32; H]], scratch| {
            for (x, y) in x.iter().zip(y) {
                y.fill(0.0);
                for x in x {
                    let next = &mut <[f32; H]>::in_words_mut(scratch, 1)[0];
                    self.step(x, y, next);
                    *y = *next;
                }
            }
        })
    }
}

/// The tape holds every hidden state, the last of which is copied into the output's slot.
impl<const IN: usize, const H: usize, const T: usize> Train<[[f32; IN]; T]> for Rnn<IN, H> {
    const TAPE: usize = (T + 1) * H + H;

    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (y, states) = memory::cut(tape, End::High, pass.n * H);
        let states = states.chunks_exact_mut((T + 1) * H);
        for ((x, states), y) in <[[f32; IN]; T]>::in_words(x, pass.n).iter().zip(states).zip(y.chunks_exact_mut(H)) {
            let states = <[f32; H]>::view_mut(states);
            states[0] = [0.0; H];
            for t in 0..T {
                let (before, after) = states.split_at_mut(t + 1);
                self.step(&x[t], &before[t], &mut after[0]);
            }
            y.copy_from_slice(&states[T]);
        }
    }

    fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (dy, states) = memory::cut(tape, End::High, pass.n * H);
        let (dw, du) = memory::split(grad, IN * H);
        let (dw, du) = (<[f32; H]>::view_mut(dw), <[f32; H]>::view_mut(du));
        let states = states.chunks_exact((T + 1) * H);
        let x = <[[f32; IN]; T]>::in_words_mut(x, pass.n);
        for ((x, states), dh) in x.iter_mut().zip(states).zip(dy.chunks_exact_mut(H)) {
            let states = <[f32; H]>::view(states);
            for t in (0..T).rev() {
                // Through tanh, then into the weights, the input and the state before.
                let da: [f32; H] = core::array::from_fn(|j| dh[j] * (1.0 - states[t + 1][j] * states[t + 1][j]));
                for (i, dw) in dw.iter_mut().enumerate() {
                    (0..H).for_each(|j| dw[j] += x[t][i] * da[j]);
                }
                for (i, du) in du.iter_mut().enumerate() {
                    (0..H).for_each(|j| du[j] += states[t][i] * da[j]);
                }
                if pass.input_gradient {
                    for (i, w) in self.w.iter().enumerate() {
                        x[t][i] = (0..H).map(|j| w[j] * da[j]).sum();
                    }
                }
                for (i, u) in self.u.iter().enumerate() {
                    dh[i] = (0..H).map(|j| u[j] * da[j]).sum();
                }
            }
        }
    }
}

/// A vector of each of 256 bytes' tokens: an integer input, and so no gradient with respect to it.
#[derive(Clone, Copy)]
struct Embedding<const V: usize, const D: usize>([[f32; D]; V]);

impl<const V: usize, const D: usize> Embedding<V, D> {
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[V, D]), layout: Layout::RowMajor };
}

impl<const V: usize, const D: usize> Module for Embedding<V, D> {
    const ZERO: Self = Self([[0.0; D]; V]);
    const PARAMETERS: usize = V * D;

    fn init<R: Rng>(&mut self, rng: &mut R) {
        init::normal(&mut self.0, 0.0, 1.0, rng);
    }

    fn parameters<W: Visitor>(&self, path: Path<'_>, v: &mut W) {
        v.parameter(Parameter { path: path.join("weight"), info: &Self::WEIGHT, trained: true }, self.0.elements());
    }

    fn parameters_mut<W: VisitorMut>(&mut self, path: Path<'_>, v: &mut W) {
        let info = &Self::WEIGHT;
        v.parameter(Parameter { path: path.join("weight"), info, trained: true }, self.0.elements_mut());
    }
}

impl<const V: usize, const D: usize, const T: usize> Layer<[u8; T]> for Embedding<V, D> {
    type Out = [[f32; D]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("Embedding"),
        input: <[u8; T]>::SHAPE,
        output: <[[f32; D]; T]>::SHAPE,
        parameters: &[],
        macs: 0,
    });

    fn infer<K: Kernels>(&self, _: K, input: Input<'_, [u8; T]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[u8; T]], y: &mut [[[f32; D]; T]], _| {
            for (token, y) in x.as_flattened().iter().zip(y.as_flattened_mut()) {
                *y = self.0[usize::from(*token)];
            }
        })
    }
}

impl<const V: usize, const D: usize, const T: usize> Train<[u8; T]> for Embedding<V, D> {
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let tokens = <[u8; T]>::in_words(x, pass.n).as_flattened();
        for (token, y) in tokens.iter().zip(<[f32; D]>::view_mut(tape)) {
            *y = self.0[usize::from(*token)];
        }
    }

    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let tokens = <[u8; T]>::in_words(x, pass.n).as_flattened();
        let rows = <[f32; D]>::view_mut(grad);
        for (token, dy) in tokens.iter().zip(<[f32; D]>::view(tape)) {
            k.add(&mut rows[usize::from(*token)], dy);
        }
    }
}

/// An int8 layer: bytes in, floats out, weights that no visitor of floats sees.
#[derive(Clone, Copy)]
struct QuantisedLinear<const IN: usize, const OUT: usize> {
    weight: [[i8; IN]; OUT],
    scale: f32,
}

impl<const IN: usize, const OUT: usize> Module for QuantisedLinear<IN, OUT> {
    const ZERO: Self = Self { weight: [[0; IN]; OUT], scale: 1.0 / 128.0 };
    const PARAMETERS: usize = IN * OUT;
    const GRAD: usize = 0;

    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.weight.elements_mut().iter_mut().for_each(|w| *w = rng.next_u32() as i8);
    }

    fn parameters<V: Visitor>(&self, _: Path<'_>, _: &mut V) {}

    fn parameters_mut<V: VisitorMut>(&mut self, _: Path<'_>, _: &mut V) {}
}

impl<const IN: usize, const OUT: usize> Layer<[i8; IN]> for QuantisedLinear<IN, OUT> {
    type Out = [f32; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("QuantisedLinear"),
        input: <[i8; IN]>::SHAPE,
        output: <[f32; OUT]>::SHAPE,
        parameters: &[],
        macs: IN * OUT,
    });

    fn infer<K: Kernels>(&self, _: K, input: Input<'_, [i8; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[i8; IN]], y: &mut [[f32; OUT]], _| {
            for (x, y) in x.iter().zip(y) {
                for (w, y) in self.weight.iter().zip(y) {
                    let sum: i32 = w.iter().zip(x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
                    *y = sum as f32 * self.scale * self.scale;
                }
            }
        })
    }
}

impl<const IN: usize, const OUT: usize> Train<[i8; IN]> for QuantisedLinear<IN, OUT> {
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        self.infer(k, Input::Given(<[i8; IN]>::in_words(x, pass.n)), &mut [], tape);
    }

    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}

/// A loss below which the tests call something learned, and the steps until then.
const ENOUGH: f32 = if cfg!(miri) { 2.0 } else { 0.05 };
const STEPS: usize = if cfg!(miri) { 2 } else { 600 };

fn generator() -> rand_xoshiro::Xoshiro128PlusPlus {
    rand_core::SeedableRng::seed_from_u64(5)
}

/// Words of length four that hold an even or odd number of ones: parity needs the recurrence.
fn parity() -> ([[u8; 4]; 16], [u8; 16]) {
    let x = core::array::from_fn(|i| core::array::from_fn(|t| (i >> t & 1) as u8));
    (x, core::array::from_fn(|i| (i.count_ones() & 1) as u8))
}

type Recurrent = (Embedding<2, 3>, (Rnn<3, 8>, Linear<8, 2>));

#[test]
fn a_recurrent_network_over_integer_inputs_learns_parity() {
    let (x, labels) = parity();
    let mut net = Recurrent::ZERO;
    net.init(&mut generator());
    let mut workspace = vec![0.0; training_words::<[u8; 4], Recurrent, Adam>(Mode::Accumulate, 16)];
    let mut trainer = Trainer::<[u8; 4], Recurrent, _>::new(Adam::new(0.02), &mut workspace).unwrap();
    let mut loss = f32::NAN;
    for _ in 0..STEPS {
        loss = trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &labels).unwrap();
    }
    assert!(loss < ENOUGH, "loss {loss}");

    let mut arena = vec![0.0; memory::inference_words::<[u8; 4], Recurrent>(16)];
    let logits = net.forward(Portable, &x, &mut arena).unwrap();
    for (y, label) in logits.iter().zip(labels) {
        assert!(cfg!(miri) || (y[1] > y[0]) == (label == 1));
    }
}

#[test]
fn fused_and_accumulated_updates_of_a_recurrent_network_agree() {
    let (x, labels) = parity();
    let mut a = Recurrent::ZERO;
    a.init(&mut generator());
    let mut b = a;
    let mut space_a = vec![0.0; training_words::<[u8; 4], Recurrent, Sgd>(Mode::Accumulate, 16)];
    let mut space_b = vec![0.0; training_words::<[u8; 4], Recurrent, Sgd>(Mode::Fused, 16)];
    let mut trainer = Trainer::<[u8; 4], Recurrent, _>::new(Sgd::new(0.1), &mut space_a).unwrap();
    let mut fused = FusedTrainer::<[u8; 4], Recurrent, _>::new(Sgd::new(0.1), &mut space_b).unwrap();
    for _ in 0..20 {
        let one = trainer.step(Portable, &mut a, &CrossEntropyLoss, &x, &labels).unwrap();
        let two = fused.step(Portable, &mut b, &CrossEntropyLoss, &x, &labels).unwrap();
        assert!((one - two).abs() < 1e-5, "{one} {two}");
    }
}

#[test]
fn a_float_head_learns_behind_a_frozen_int8_layer() {
    type Net = (Frozen<QuantisedLinear<5, 16>>, Linear<16, 3>);
    const { assert!(Net::GRAD == 16 * 3 + 3) };
    // Five bytes are two words; of the frozen part only its output stays.
    const { assert!(training_words::<[i8; 5], Net, Sgd>(Mode::Accumulate, 1) == Net::GRAD + 2 + 16 + 3) };

    let mut net = Net::ZERO;
    net.init(&mut generator());
    let before = net.0.0.weight;
    let x: [[i8; 5]; 3] = [[100, 0, 0, 50, -50], [0, 100, 0, -50, 50], [0, 0, 100, 0, 0]];
    let mut workspace = vec![0.0; training_words::<[i8; 5], Net, Sgd>(Mode::Accumulate, 3)];
    let mut trainer = Trainer::<[i8; 5], Net, _>::new(Sgd::new(0.5), &mut workspace).unwrap();
    let mut loss = f32::NAN;
    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
        loss = trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &[0, 1, 2]).unwrap();
    }
    assert!(loss < ENOUGH, "loss {loss}");
    assert_eq!(net.0.0.weight, before);
}
