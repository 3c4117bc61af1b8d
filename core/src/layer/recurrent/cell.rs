//! A recurrent cell: the parameters of one direction of one layer.

use rand_core::Rng;

use super::{
    Stateful,
    gates::Gates,
    parts::{GateBias, Part},
    stack::{self, Sizes, Source},
    steps::{Gradient, Weights},
};
use crate::{
    Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::Kernels,
    layer::{Layer, Pass, Train, bias},
    memory::{End, Input, split},
    shape::Shape,
};

/// A recurrent cell with the gates `C`, PyTorch's `nn.RNNCellBase`; see [`RnnCell`](super::RnnCell),
/// [`GruCell`](super::GruCell) and [`LstmCell`](super::LstmCell).
///
/// As a [`Layer<[f32; IN]>`](crate::Layer) it computes one time step: its output is the next hidden
/// state. The state that it goes on from is what the call carries, see
/// [`forward_with_state`](crate::Layer::forward_with_state): `h` of all samples, then for an LSTM `c` of
/// all samples.
///
/// The weights are stored transposed, `[inputs][gates][H]`; towards the outside they have PyTorch's
/// names and shapes: `weight_ih` is `[gates · H, IN]`, `weight_hh` `[gates · H, H]`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Cell<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> {
    /// The weights of the input, stored `[IN][gates][H]`.
    pub weight_ih: [C::Row<H>; IN],
    /// The weights of the hidden state, stored `[H][gates][H]`.
    pub weight_hh: [C::Row<H>; H],
    /// The bias of the input's side, for each gate.
    pub bias_ih: C::Each<B>,
    /// The bias of the hidden side, for each gate.
    pub bias_hh: C::Each<B>,
}

/// A cell whatever its sizes.
pub trait AnyCell: Part {
    /// The number of its parameters.
    const PARAMETERS: usize;

    /// Its parameters.
    #[doc(hidden)]
    fn weights(&self) -> [&[f32]; 4];

    /// Its parameters, to be changed.
    #[doc(hidden)]
    fn weights_mut(&mut self) -> [&mut [f32]; 4];
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Part for Cell<C, IN, H, B> {
    const BLANK: Self = Self {
        weight_ih: [C::Row::<H>::BLANK; IN],
        weight_hh: [C::Row::<H>::BLANK; H],
        bias_ih: <C::Each<B> as Part>::BLANK,
        bias_hh: <C::Each<B> as Part>::BLANK,
    };
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> AnyCell for Cell<C, IN, H, B> {
    const PARAMETERS: usize = C::GATES * (H * (IN + H) + 2 * B::LEN);

    #[inline(always)]
    fn weights(&self) -> [&[f32]; 4] {
        let Self { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        [weight_ih.elements(), weight_hh.elements(), B::flat(bias_ih.as_ref()), B::flat(bias_hh.as_ref())]
    }

    #[inline(always)]
    fn weights_mut(&mut self) -> [&mut [f32]; 4] {
        let Self { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        [
            weight_ih.elements_mut(),
            weight_hh.elements_mut(),
            B::flat_mut(bias_ih.as_mut()),
            B::flat_mut(bias_hh.as_mut()),
        ]
    }
}

impl<'a> Weights<'a> {
    #[inline(always)]
    pub(super) fn of<L: AnyCell>(cell: &'a L) -> Self {
        let [ih, hh, bias_ih, bias_hh] = cell.weights();
        Self { ih, hh, bias_ih, bias_hh }
    }
}

impl<'a> Gradient<'a> {
    /// The gradient of a cell with these weights, off the start of `grad`.
    #[inline(always)]
    pub(super) fn take(weights: &Weights<'_>, grad: &mut &'a mut [f32]) -> Self {
        let mut next = |len| {
            let (first, rest) = split(core::mem::take(grad), len);
            *grad = rest;
            first
        };
        let [ih, hh] = [weights.ih, weights.hh].map(|w| next(w.len()));
        let [bias_ih, bias_hh] = [weights.bias_ih, weights.bias_hh].map(|w| next(w.len()));
        Self { ih, hh, bias_ih, bias_hh }
    }
}

/// What the four parameters of a cell are called.
pub(super) type Names = [&'static str; 4];

/// Those of a cell alone.
const NAMES: Names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

/// The parameters of a cell as a description lists them.
pub(super) const fn infos(names: Names, gates: usize, inputs: usize, hidden: usize) -> [ParameterInfo; 4] {
    let rows = gates * hidden;
    let bias = Shape::new(&[rows]);
    let [ih, hh, bias_ih, bias_hh] = names;
    [
        ParameterInfo { name: ih, shape: Shape::new(&[rows, inputs]), layout: Layout::Transposed },
        ParameterInfo { name: hh, shape: Shape::new(&[rows, hidden]), layout: Layout::Transposed },
        ParameterInfo { name: bias_ih, shape: bias, layout: Layout::RowMajor },
        ParameterInfo { name: bias_hh, shape: bias, layout: Layout::RowMajor },
    ]
}

/// Shows the parameters of a cell to a visitor, by these names.
#[inline]
pub(super) fn show<L: AnyCell, V: Visitor>(
    cell: &L,
    infos: &[ParameterInfo; 4],
    names: &Names,
    path: Path<'_>,
    visitor: &mut V,
) {
    for ((values, info), name) in cell.weights().into_iter().zip(infos).zip(names) {
        if !values.is_empty() {
            let info = &ParameterInfo { name, ..*info };
            visitor.parameter(Parameter { path: path.join(name), info, trained: true }, values);
        }
    }
}

/// Shows the parameters of a cell to a visitor, to be changed.
#[inline]
pub(super) fn show_mut<L: AnyCell, V: VisitorMut>(
    cell: &mut L,
    infos: &[ParameterInfo; 4],
    names: &Names,
    path: Path<'_>,
    visitor: &mut V,
) {
    for ((values, info), name) in cell.weights_mut().into_iter().zip(infos).zip(names) {
        if !values.is_empty() {
            let info = &ParameterInfo { name, ..*info };
            visitor.parameter(Parameter { path: path.join(name), info, trained: true }, values);
        }
    }
}

/// Draws the parameters of a cell, all uniform in `±1/√H`: PyTorch's `reset_parameters`.
#[inline]
pub(super) fn init<L: AnyCell, R: Rng>(cell: &mut L, hidden: usize, rng: &mut R) {
    let bound = init::default_bound(hidden);
    for values in cell.weights_mut() {
        bias::uniform_values(values, bound, rng);
    }
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Cell<C, IN, H, B> {
    const INFOS: [ParameterInfo; 4] = infos(NAMES, C::GATES, IN, H);

    const SIZES: Sizes = Sizes { steps: 1, inputs: IN, hidden: H, layers: 1, directions: 1 };

    /// Words of the state per sample.
    pub const STATE: usize = Self::SIZES.state::<C>();
    /// Words per sample of the arena that a step needs.
    pub const PEAK: usize = Self::SIZES.peak::<C>();
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Module for Cell<C, IN, H, B> {
    const ZERO: Self = Self::BLANK;
    const PARAMETERS: usize = <Self as AnyCell>::PARAMETERS;

    /// All uniform in `±1/√H`, as PyTorch's `reset_parameters` draws them.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        init(self, H, rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        show(self, const { &Self::INFOS }, &NAMES, path, visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        show_mut(self, const { &Self::INFOS }, &NAMES, path, visitor);
    }
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Layer<[f32; IN]> for Cell<C, IN, H, B> {
    type Out = [f32; H];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::RecurrentCell(C::KIND),
        input: <[f32; IN]>::SHAPE,
        output: <[f32; H]>::SHAPE,
        parameters: Self::INFOS.split_at(if B::LEN == 0 { 2 } else { 4 }).0,
        macs: Self::SIZES.macs::<C>(),
    });
    const PEAK: usize = Self::PEAK;
    const PEAK_GIVEN: usize = Self::SIZES.peak_given::<C>();
    const STATE: usize = Self::STATE;

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [f32; IN]>, state: &mut [f32], arena: &mut [f32]) -> End {
        let cells = |_, _| Weights::of(self);
        let source = Source::of(&input);
        stack::infer::<K, C>(k, Self::SIZES, &cells, (input.n(), source), state, arena)
    }
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Train<[f32; IN]> for Cell<C, IN, H, B> {
    const TAPE: usize = Self::SIZES.tape::<C>();

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let cells = |_, _| Weights::of(self);
        stack::forward_train::<K, C>(k, Self::SIZES, &cells, (pass.n, x), state, tape);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        self.backward_with_state(k, pass, x, &mut [], tape, grad);
    }
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Stateful<[f32; IN]> for Cell<C, IN, H, B> {
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
        let cells = |_, _| Weights::of(self);
        stack::backward::<K, C>(k, Self::SIZES, &cells, (pass, x), state_gradient, tape, grad);
    }
}
