//! Cross-entropy of a picture needs a label for each of its places.
//~ expect: shape mismatch: scores of classes at places of shape `[[f32; 8]; 8]` need a label for each place, not `{integer}`

use tensorlet::{Image, Mode, Module, Portable, loss::CrossEntropyLoss, network, optim::Sgd};

network! {
    struct Net: Image<1, 8, 8> {
        relu: Relu,
    }
}

fn main() {
    let mut workspace = [0.0; Net::training_words::<Sgd>(Mode::Accumulate, 1)];
    if let Ok(mut trainer) = Net::trainer(Sgd::new(0.1), &mut workspace) {
        let _ = trainer.step(Portable, &mut Net::ZERO, &CrossEntropyLoss, &[[[[0.0; 8]; 8]; 1]], &[3]);
    }
}
