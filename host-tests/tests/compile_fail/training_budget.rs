//! Training of 784-10-10 with Adam needs more memory than with SGD: both numbers are shown.
//~ expect: memory budget exceeded: Mlp::training_bytes::<Adam>(Mode::Fused, 1) is
//~ expect: bytes, the budget is 3256 bytes

use tensorlet::{Mode, Vector, budget, network, optim::Adam, optim::Sgd};

network! {
    struct Mlp: Vector<784> {
        fc1: Linear(10),
        relu: Relu,
        fc2: Linear(10),
    }
}

budget!(Mlp::training_bytes::<Sgd>(Mode::Fused, 1), <= 3256);
budget!(Mlp::training_bytes::<Adam>(Mode::Fused, 1), <= 3256);

fn main() {}
