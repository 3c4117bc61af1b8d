//! Gradients of every layer and of combinations of layers, against finite differences.
//!
//! The oracle is the network's double in double precision, computed from its description
//! ([`tensorlet_host::reference::network`]), and differentiated numerically. For batches of 1 and 3,
//! with and without the gradient of the input, on every instruction set, three things are checked:
//! the outputs of inference and of training, the accumulated gradients, and the step that a fused
//! backward pass takes.

mod check;
mod combinations;
mod layers;
mod losses;
mod subject;

/// A test for each line: `name: type of input => type of network`.
macro_rules! gradients {
    ($($name:ident: $input:ty => $network:ty;)+) => {
        $(
            #[test]
            fn $name() {
                crate::check::network::<$input, $network>(stringify!($name));
            }
        )+
    };
}
use gradients;
