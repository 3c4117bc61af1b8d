//! Recurrent layers over sequences.

use rand_core::Rng;

use super::{
    Stateful,
    cell::{self, AnyCell, Cell, Names},
    directions::Directions,
    gates::Gates,
    parts::{Depth, GateBias, Layers, MOST_LAYERS, Part},
    stack::{self, Sizes, Source},
    steps::Weights,
};
use crate::{
    Module, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Op, ParameterInfo, Recurrence},
    kernel::Kernels,
    layer::{Layer, Pass, Train},
    memory::{End, Input},
};

/// Recurrent layers over sequences, with the gates `C`, PyTorch's `nn.RNNBase`; see [`Rnn`](super::Rnn),
/// [`Gru`](super::Gru) and [`Lstm`](super::Lstm).
///
/// As a [`Layer<[[f32; IN]; T]>`](crate::Layer) it takes sequences of any length `T`, one for each sample
/// (`batch_first=True` in PyTorch), and gives the hidden states of the last layer at all time steps.
///
/// | PyTorch | here |
/// |---|---|
/// | `num_layers` | `LAYERS` |
/// | `bidirectional=True` | [`Bidirectional<{2 * H}>`](super::Bidirectional) for `D` |
/// | `bias=False` | [`NoBias`](crate::NoBias) for `B` |
/// | `dropout=p` | a chain: `(Lstm<IN, H>, (Dropout, Lstm<H, H>))` |
/// | `y, (h_n, c_n) = rnn(x, (h_0, c_0))` | [`forward_with_state`](Layer::forward_with_state) changes one state |
///
/// The state has the words of `h` in PyTorch, `[layers · directions, n, H]`, and for an LSTM behind them
/// those of `c`. In training gradients flow back to the start of the sequence and not into the call
/// before (truncated back-propagation through time, `state.detach()` in PyTorch);
/// [`Stateful`] is for those who need them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Recurrent<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>>
where
    Layers<LAYERS>: Depth,
{
    /// The cells of the first layer, one for each direction.
    pub first: D::Each<Cell<C, IN, H, B>>,
    /// The cells of the layers behind it.
    pub behind: <Layers<LAYERS> as Depth>::Behind<D::Each<D::Behind<C, B>>>,
}

/// The names of all parameters, by layer and direction.
const NAMES: [[Names; 2]; MOST_LAYERS] = {
    macro_rules! names {
        ($($layer:literal),*) => {
            [$([names!(@ $layer, ""), names!(@ $layer, "_reverse")]),*]
        };
        (@ $layer:literal, $reverse:literal) => {
            [
                concat!("weight_ih_l", $layer, $reverse),
                concat!("weight_hh_l", $layer, $reverse),
                concat!("bias_ih_l", $layer, $reverse),
                concat!("bias_hh_l", $layer, $reverse),
            ]
        };
    }
    names!(0, 1, 2, 3, 4, 5, 6, 7)
};

/// One copy for all types.
static SHARED_NAMES: [[Names; 2]; MOST_LAYERS] = NAMES;

/// The most parameters that a stack can have.
const MOST: usize = 4 * 2 * MOST_LAYERS;

impl<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>>
    Recurrent<C, IN, H, LAYERS, D, B>
where
    Layers<LAYERS>: Depth,
{
    /// The parameters of a cell of the first layer and of one behind it.
    const CELLS: [[ParameterInfo; 4]; 2] =
        [cell::infos([""; 4], C::GATES, IN, H), cell::infos([""; 4], C::GATES, D::COUNT * H, H)];

    /// Parameters of a cell: with biases or without.
    const EACH: usize = if B::LEN == 0 { 2 } else { 4 };

    /// The parameters that there are, in order, and then some.
    const LIST: [ParameterInfo; MOST] = {
        let mut list = [Self::CELLS[0][0]; MOST];
        let mut i = 0;
        while i < LAYERS * D::COUNT * Self::EACH {
            let (cell, parameter) = (i / Self::EACH, i % Self::EACH);
            let (layer, direction) = (cell / D::COUNT, cell % D::COUNT);
            list[i] = Self::CELLS[if layer == 0 { 0 } else { 1 }][parameter];
            list[i].name = NAMES[layer][direction][parameter];
            i += 1;
        }
        list
    };

    const fn sizes(steps: usize) -> Sizes {
        Sizes { steps, inputs: IN, hidden: H, layers: LAYERS, directions: D::COUNT }
    }

    fn weights(&self, layer: usize, direction: usize) -> Weights<'_> {
        match layer.checked_sub(1) {
            None => self.first.as_ref().get(direction).map(Weights::of),
            Some(i) => self.behind.as_ref().get(i).and_then(|layer| layer.as_ref().get(direction)).map(Weights::of),
        }
        .unwrap_or_default()
    }
}

impl<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>> Module
    for Recurrent<C, IN, H, LAYERS, D, B>
where
    Layers<LAYERS>: Depth,
{
    const ZERO: Self = Self { first: Part::BLANK, behind: Part::BLANK };
    const PARAMETERS: usize = D::COUNT
        * (<Cell<C, IN, H, B> as AnyCell>::PARAMETERS + (LAYERS - 1) * <D::Behind<C, B> as AnyCell>::PARAMETERS);

    /// All uniform in `±1/√H`, as PyTorch's `reset_parameters` draws them.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        for cell in self.first.as_mut() {
            cell::init(cell, H, rng);
        }
        for cell in self.behind.as_mut().iter_mut().flat_map(AsMut::as_mut) {
            cell::init(cell, H, rng);
        }
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        let ([first, behind], [names, names_behind @ ..]) = (const { &Self::CELLS }, &SHARED_NAMES);
        for (cell, names) in self.first.as_ref().iter().zip(names) {
            cell::show(cell, first, names, path, visitor);
        }
        for (layer, names) in self.behind.as_ref().iter().zip(names_behind) {
            for (cell, names) in layer.as_ref().iter().zip(names) {
                cell::show(cell, behind, names, path, visitor);
            }
        }
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        let ([first, behind], [names, names_behind @ ..]) = (const { &Self::CELLS }, &SHARED_NAMES);
        for (cell, names) in self.first.as_mut().iter_mut().zip(names) {
            cell::show_mut(cell, first, names, path, visitor);
        }
        for (layer, names) in self.behind.as_mut().iter_mut().zip(names_behind) {
            for (cell, names) in layer.as_mut().iter_mut().zip(names) {
                cell::show_mut(cell, behind, names, path, visitor);
            }
        }
    }
}

impl<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>, const T: usize>
    Layer<[[f32; IN]; T]> for Recurrent<C, IN, H, LAYERS, D, B>
where
    Layers<LAYERS>: Depth,
{
    type Out = [D::Out; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Recurrent(Recurrence { cell: C::KIND, hidden: H, layers: LAYERS, directions: D::COUNT }),
        input: <[[f32; IN]; T]>::SHAPE,
        output: <[D::Out; T]>::SHAPE,
        parameters: Self::LIST.split_at(LAYERS * D::COUNT * Self::EACH).0,
        macs: Self::sizes(T).macs::<C>(),
    });
    const PEAK: usize = Self::sizes(T).peak::<C>();
    const PEAK_GIVEN: usize = Self::sizes(T).peak_given::<C>();
    const STATE: usize = Self::sizes(T).state::<C>();

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[f32; IN]; T]>, state: &mut [f32], arena: &mut [f32]) -> End {
        let cells = |layer, direction| self.weights(layer, direction);
        let source = Source::of(&input);
        stack::infer::<K, C>(k, const { Self::sizes(T) }, &cells, (input.n(), source), state, arena)
    }
}

impl<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>, const T: usize>
    Train<[[f32; IN]; T]> for Recurrent<C, IN, H, LAYERS, D, B>
where
    Layers<LAYERS>: Depth,
{
    const TAPE: usize = Self::sizes(T).tape::<C>();

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let cells = |layer, direction| self.weights(layer, direction);
        stack::forward_train::<K, C>(k, const { Self::sizes(T) }, &cells, (pass.n, x), state, tape);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        Stateful::<[[f32; IN]; T]>::backward_with_state(self, k, pass, x, &mut [], tape, grad);
    }
}

impl<C: Gates, const IN: usize, const H: usize, const LAYERS: usize, D: Directions<H>, B: GateBias<H>, const T: usize>
    Stateful<[[f32; IN]; T]> for Recurrent<C, IN, H, LAYERS, D, B>
where
    Layers<LAYERS>: Depth,
{
    #[inline]
    fn backward_with_state<K: Kernels>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        state_gradient: &mut [f32],
        tape: &mut [f32],
        grad: &mut [f32],
    ) {
        let cells = |layer, direction| self.weights(layer, direction);
        stack::backward::<K, C>(k, const { Self::sizes(T) }, &cells, (pass, x), state_gradient, tape, grad);
    }
}
