//! The network that only measurements have; the others are `tensorlet_host::networks`.

use tensorlet::network;

network! {
    /// The character model of the examples: one-hot characters, a GRU, a linear layer on each step.
    pub struct CharGru: [[f32; 28]; 35] {
        gru: Gru(128),
        fc: Linear(28),
    }
}

impl CharGru {
    /// Steps of a sequence.
    pub const STEPS: usize = 35;
    /// Characters.
    pub const CLASSES: usize = 28;
}
