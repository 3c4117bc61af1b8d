//! Gradients of every layer and of combinations of layers, against finite differences.
//!
//! The oracle is the network's double in double precision, computed from its description
//! ([`tensorlet_host::reference::network`]), and differentiated numerically. For batches of 1 and 3,
//! with and without the gradient of the input, on every instruction set, three things are checked:
//! the outputs of inference and of training, the accumulated gradients, and the step that a fused
//! backward pass takes.

mod activations;
mod arithmetic;
mod attention;
mod branches;
mod check;
mod combinations;
mod embedding;
mod layers;
mod losses;
mod movement;
mod norm;
mod partly_trained;
mod recurrent;
mod softmax;
mod streams;
mod subject;
mod windows;

/// A test for each line: `name: type of input => type of network`, also `… = network` for one with other
/// settings than its `ZERO`.
macro_rules! gradients {
    ($($name:ident: $input:ty => $network:ty $(= $value:expr)?;)+) => {
        $(
            #[test]
            fn $name() {
                crate::gradients!(@ $input, $network, stringify!($name) $(, $value)?);
            }
        )+
    };
    (@ $input:ty, $network:ty, $name:expr) => {
        crate::check::network::<$input, $network>($name)
    };
    (@ $input:ty, $network:ty, $name:expr, $value:expr) => {
        crate::check::network_with::<$input, $network>($name, $value)
    };
}
use gradients;
