//! Recurrent layers: cells and sequences.
//!
//! | file | what is in it |
//! |---|---|
//! | `cell` | the parameters of one direction of one layer; one time step as a layer |
//! | `sequence` | stacks of layers over sequences |
//! | `gates` | what distinguishes RNN, GRU and LSTM |
//! | `steps` | the loop over time, forward and backward |
//! | `stack` | layers and directions around it, and the memory |

mod cell;
mod directions;
mod gates;
mod parts;
mod sequence;
mod stack;
mod steps;

pub use cell::{AnyCell, Cell};
pub use directions::{Bidirectional, Directions, Unidirectional};
pub use gates::{Gates, GruGates, LstmGates};
pub use parts::{Depth, GateBias, Layers, Part, Parts};
pub use sequence::Recurrent;

use super::{Pass, Train, activation::Tanh};
use crate::{Tensor, kernel::Kernels};

/// A layer whose state has gradients: back-propagation through time beyond one call.
///
/// ```
/// use tensorlet::{Module, Portable, Rnn, Train, layer::{Pass, recurrent::Stateful}};
/// type Net = Rnn<1, 1>;
/// type Sequence = [[f32; 1]; 2];
/// let mut net = Net::ZERO;
/// net.first[0].weight_hh = [[[0.5]]];
/// let pass = Pass { n: 1, input_gradient: false, training: true, seed: 0, ..Pass::NEW };
/// let mut tape = [0.0; <Net as Train<Sequence>>::TAPE];
/// let (mut x, mut state) = ([0.0; 2], [0.0]);
/// Train::<Sequence>::forward_train(&net, Portable, pass, &mut x, &mut state, &mut tape);
/// <Net as Train<Sequence>>::out(pass, &mut x, &mut tape).fill(0.0);
///
/// // Two steps of h ← tanh(h / 2) from 0.
/// let mut gradient = [1.0];
/// Stateful::<Sequence>::backward_with_state(&mut net, Portable, pass, &mut x, &mut gradient, &mut tape, &mut []);
/// assert_eq!(gradient, [0.25]);
/// ```
pub trait Stateful<X: Tensor>: Train<X> {
    /// [`backward`](Train::backward) that also carries the gradient of the state: `∂L/∂(final state)`
    /// comes in and `∂L/∂(initial state)` goes out in `state_gradient`, which has the words of the state.
    fn backward_with_state<K: Kernels>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        state_gradient: &mut [f32],
        tape: &mut [f32],
        grad: &mut [f32],
    );
}

/// `h ← tanh(W_ih x + b_ih + W_hh h + b_hh)` (Elman, 1990): one step of PyTorch's `nn.RNNCell(IN, H)`;
/// with [`Relu`](crate::Relu) for `A` its `nonlinearity="relu"`.
///
/// ```
/// use tensorlet::{Layer, Module, Portable, RnnCell};
/// type Net = RnnCell<2, 1>;
/// let mut cell = Net::ZERO;
/// cell.weight_ih = [[[1.0]], [[0.0]]];
/// let (mut state, mut arena) = ([0.0; Net::STATE], [0.0; Net::PEAK]);
/// let h = cell.forward_with_state(Portable, &[[0.5, 0.0]], &mut state, &mut arena).unwrap().to_vec();
/// assert_eq!(h, [state]);
/// assert!((h[0][0] - 0.5_f32.tanh()).abs() < 1e-6);
/// ```
pub type RnnCell<const IN: usize, const H: usize, A = Tanh, B = [f32; H]> = Cell<A, IN, H, B>;

/// A gated recurrent unit (Cho et al., 2014): one step of PyTorch's `nn.GRUCell(IN, H)`, gates in the
/// order r, z, n: `n = tanh(W x + b + r (U h + c))`, `h ← (1 - z) n + z h`.
///
/// ```
/// use tensorlet::{GruCell, Layer, Module, Portable};
/// type Net = GruCell<2, 1>;
/// let (mut state, mut arena) = ([8.0; Net::STATE], [0.0; Net::PEAK]);
/// let h = Net::ZERO.forward_with_state(Portable, &[[0.0, 0.0]], &mut state, &mut arena).unwrap();
/// assert_eq!((h, state), (&[[4.0]][..], [4.0]));
/// ```
pub type GruCell<const IN: usize, const H: usize, B = [f32; H]> = Cell<GruGates, IN, H, B>;

/// Long short-term memory (Hochreiter and Schmidhuber, 1997): one step of PyTorch's `nn.LSTMCell(IN, H)`,
/// gates in the order i, f, g, o: `c ← f c + i g`, `h ← o tanh(c)`.
///
/// ```
/// use tensorlet::{Layer, LstmCell, Module, Portable};
/// type Net = LstmCell<2, 1>;
/// let (mut state, mut arena) = ([0.0, 8.0], [0.0; Net::PEAK]);
/// Net::ZERO.forward_with_state(Portable, &[[0.0, 0.0]], &mut state, &mut arena).unwrap();
/// let [h, c] = state;
/// assert_eq!(c, 4.0);
/// assert!((h - 0.5 * 4.0_f32.tanh()).abs() < 1e-6);
/// ```
pub type LstmCell<const IN: usize, const H: usize, B = [f32; H]> = Cell<LstmGates, IN, H, B>;

/// Plain recurrent layers over sequences: PyTorch's `nn.RNN(IN, H, num_layers=LAYERS, batch_first=True)`;
/// with [`Relu`](crate::Relu) for `A` its `nonlinearity="relu"`. See [`Recurrent`].
///
/// ```
/// use tensorlet::{Layer, Module, Portable, Rnn};
/// type Net = Rnn<2, 3>;
/// let mut arena = [0.0; <Net as Layer<[[f32; 2]; 5]>>::PEAK];
/// let y = Net::ZERO.forward(Portable, &[[[1.0, 2.0]; 5]], &mut arena).unwrap();
/// assert_eq!(y, [[[0.0; 3]; 5]]);
/// ```
pub type Rnn<const IN: usize, const H: usize, const LAYERS: usize = 1, D = Unidirectional, A = Tanh, B = [f32; H]> =
    Recurrent<A, IN, H, LAYERS, D, B>;

/// Gated recurrent layers over sequences: PyTorch's `nn.GRU(IN, H, num_layers=LAYERS, batch_first=True)`.
/// See [`Recurrent`] and [`GruCell`].
///
/// ```
/// use tensorlet::{Bidirectional, Gru, Layer, Module, Tensor};
/// type Net = Gru<8, 16, 2, Bidirectional<32>>;
/// type Sequence = [[f32; 8]; 10];
/// assert_eq!(<Net as Layer<Sequence>>::Out::SHAPE.dims(), [10, 32]);
/// assert_eq!(Net::PARAMETERS, 2 * 3 * 16 * (8 + 16 + 2) + 2 * 3 * 16 * (32 + 16 + 2));
/// ```
pub type Gru<const IN: usize, const H: usize, const LAYERS: usize = 1, D = Unidirectional, B = [f32; H]> =
    Recurrent<GruGates, IN, H, LAYERS, D, B>;

/// Long short-term memory over sequences: PyTorch's `nn.LSTM(IN, H, num_layers=LAYERS, batch_first=True)`.
/// See [`Recurrent`] and [`LstmCell`].
///
/// The same network runs on a whole sequence, on its halves with the state carried on, or step by step:
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Layer, Lstm, Module, Portable};
/// type Net = Lstm<1, 4>;
/// let mut net = Net::ZERO;
/// net.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
///
/// let x = [[0.1], [0.2], [0.3], [0.4]];
/// let mut arena = [0.0; <Net as Layer<[[f32; 1]; 4]>>::PEAK];
/// let whole = net.forward(Portable, &[x], &mut arena).unwrap()[0];
///
/// let mut state = [0.0; <Net as Layer<[[f32; 1]; 1]>>::STATE];
/// for (x, y) in x.iter().zip(whole) {
///     let step = net.forward_with_state(Portable, &[[*x]], &mut state, &mut arena).unwrap();
///     assert_eq!(step, [[y]]);
/// }
/// ```
pub type Lstm<const IN: usize, const H: usize, const LAYERS: usize = 1, D = Unidirectional, B = [f32; H]> =
    Recurrent<LstmGates, IN, H, LAYERS, D, B>;
