//! What distinguishes the recurrent layers: their gates.

use core::fmt::Debug;

use super::parts::{Part, Parts};
use crate::{
    Tensor,
    description::Cell as Kind,
    kernel::Kernels,
    layer::{Relu, Tanh},
    memory::split,
};

mod sealed {
    pub trait Sealed {}
}

/// How a recurrent cell gets from its sums to its next state: [`Tanh`](crate::Tanh) and
/// [`Relu`](crate::Relu) for the plain cell, [`GruGates`] and [`LstmGates`].
///
/// A *row* is what one sample has at one time step. The body of the loop over time is the same for
/// all kinds and calls these functions row by row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the kind of a recurrent layer",
    note = "the kinds are `Tanh`, `Relu`, `GruGates` and `LstmGates`"
)]
pub trait Gates: sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// The number of gates: the weights have so many times `H` rows.
    const GATES: usize;
    /// The parts of the state: `h`, and `c` for an LSTM.
    const STATES: usize;
    /// How many times `H` words of each row the backward pass needs beside the gates.
    const KEPT: usize;
    /// What a description says.
    const KIND: Kind;

    /// A row of gates: `[[f32; H]; GATES]`.
    type Row<const H: usize>: Tensor<Elem = f32> + Part;
    /// Something of each gate.
    type Each<T: Part>: Parts<T>;

    /// From the input's sums in `gates` and the hidden side's in `side` to the activated gates and the
    /// next state. What backward needs goes to `kept`, unless that is empty.
    fn forward<K: Kernels>(k: K, gates: &mut [f32], side: &[f32], state: [&mut [f32]; 2], kept: &mut [f32]);

    /// The hidden state that a row gave, put into `h`. Called once for each row, last row first,
    /// before the row's [`backward`](Self::backward).
    fn hidden<K: Kernels>(k: K, gates: &[f32], kept: &mut [f32], h: &mut [f32]);

    /// Of what a row kept, that which the derivatives of the next row need.
    fn before(kept: &[f32]) -> &[f32];

    /// The derivatives of the input's sums in place of the gates, those of the hidden side's into
    /// `side`. The gradient of the state, that after the row, becomes that before it, less the part of
    /// `h` that goes through the hidden side.
    fn backward<K: Kernels>(
        k: K,
        gates: &mut [f32],
        kept: &mut [f32],
        before: &[f32],
        gradient: [&mut [f32]; 2],
        side: &mut [f32],
    );
}

#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The plain cell: `h ← f(W_ih x + b_ih + W_hh h + b_hh)`.
macro_rules! plain {
    ($kind:ident, $name:expr, $forward:ident, |$k:ident, $gates:ident, $dh:ident| $backward:expr) => {
        impl sealed::Sealed for $kind {}

        impl Gates for $kind {
            const GATES: usize = 1;
            const STATES: usize = 1;
            const KEPT: usize = 0;
            const KIND: Kind = $name;
            type Row<const H: usize> = [[f32; H]; 1];
            type Each<T: Part> = [T; 1];

            #[inline(always)]
            fn forward<K: Kernels>(k: K, gates: &mut [f32], side: &[f32], [h, _]: [&mut [f32]; 2], _: &mut [f32]) {
                k.add(gates, side);
                k.$forward(gates);
                copy(h, gates);
            }

            #[inline(always)]
            fn hidden<K: Kernels>(_: K, gates: &[f32], _: &mut [f32], h: &mut [f32]) {
                copy(h, gates);
            }

            #[inline(always)]
            fn before(_: &[f32]) -> &[f32] {
                &[]
            }

            #[inline(always)]
            fn backward<K: Kernels>(
                $k: K,
                $gates: &mut [f32],
                _: &mut [f32],
                _: &[f32],
                [$dh, _]: [&mut [f32]; 2],
                side: &mut [f32],
            ) {
                $backward;
                $dh.fill(0.0);
                copy(side, $gates);
            }
        }
    };
}

plain!(Tanh, Kind::Tanh, tanh, |k, gates, dh| k.tanh_backward(gates, dh));
// The derivative is 1 where the value is positive, and where it is NaN, as in PyTorch.
plain!(Relu, Kind::Relu, relu, |_k, gates, dh| for (gate, dh) in gates.iter_mut().zip(dh.iter()) {
    *gate = if *gate <= 0.0 { 0.0 } else { *dh };
});

/// The gates of a [`Gru`](super::Gru): reset r, update z, new n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GruGates;

impl sealed::Sealed for GruGates {}

/// A row keeps the hidden side's part of the new gate, and the hidden state.
impl Gates for GruGates {
    const GATES: usize = 3;
    const STATES: usize = 1;
    const KEPT: usize = 2;
    const KIND: Kind = Kind::Gru;
    type Row<const H: usize> = [[f32; H]; 3];
    type Each<T: Part> = [T; 3];

    #[inline(always)]
    fn forward<K: Kernels>(k: K, gates: &mut [f32], side: &[f32], [h, _]: [&mut [f32]; 2], kept: &mut [f32]) {
        k.gru_gates(gates, side, h);
        let hidden = h.len();
        let (side_new, after) = split(kept, hidden);
        copy(side_new, side.get(2 * hidden..).unwrap_or_default());
        copy(after, h);
    }

    #[inline(always)]
    fn hidden<K: Kernels>(_: K, _: &[f32], kept: &mut [f32], h: &mut [f32]) {
        copy(h, Self::before(kept));
    }

    #[inline(always)]
    fn before(kept: &[f32]) -> &[f32] {
        kept.split_at_checked(kept.len() / 2).unwrap_or_default().1
    }

    #[inline(always)]
    fn backward<K: Kernels>(
        k: K,
        gates: &mut [f32],
        kept: &mut [f32],
        before: &[f32],
        [dh, _]: [&mut [f32]; 2],
        side: &mut [f32],
    ) {
        let hidden = dh.len();
        let (side_new, _) = split(kept, hidden);
        k.gru_gates_backward(gates, side_new, before, dh);
        copy(side, gates);
        copy(split(side, 2 * hidden).1, side_new);
    }
}

/// The gates of an [`Lstm`](super::Lstm): input i, forget f, cell g, output o.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LstmGates;

impl sealed::Sealed for LstmGates {}

/// A row keeps the cell state `c`; [`hidden`](Gates::hidden) makes `tanh(c)` of it.
impl Gates for LstmGates {
    const GATES: usize = 4;
    const STATES: usize = 2;
    const KEPT: usize = 1;
    const KIND: Kind = Kind::Lstm;
    type Row<const H: usize> = [[f32; H]; 4];
    type Each<T: Part> = [T; 4];

    #[inline(always)]
    fn forward<K: Kernels>(k: K, gates: &mut [f32], side: &[f32], [h, c]: [&mut [f32]; 2], kept: &mut [f32]) {
        k.lstm_gates(gates, side, c, h);
        copy(kept, c);
    }

    #[inline(always)]
    fn hidden<K: Kernels>(k: K, gates: &[f32], kept: &mut [f32], h: &mut [f32]) {
        k.tanh(kept);
        let output = gates.get(3 * h.len()..).unwrap_or_default();
        for ((h, o), tanh_c) in h.iter_mut().zip(output).zip(kept) {
            *h = o * *tanh_c;
        }
    }

    #[inline(always)]
    fn before(kept: &[f32]) -> &[f32] {
        kept
    }

    #[inline(always)]
    fn backward<K: Kernels>(
        k: K,
        gates: &mut [f32],
        kept: &mut [f32],
        before: &[f32],
        [dh, dc]: [&mut [f32]; 2],
        side: &mut [f32],
    ) {
        k.lstm_gates_backward(gates, before, kept, dh, dc);
        dh.fill(0.0);
        copy(side, gates);
    }
}
