//! A transposed convolution cannot give an output of ten columns with this stride.
//~ expect: shape mismatch: layer `ConvTranspose1d` of an input of shape [1, 4] gives an output of shape [2, 8] to [2, 9], but its type says [2, 10]

use tensorlet::{ConvTranspose1d, Matrix, Slide, network};

network! {
    struct Net: Matrix<1, 4> {
        conv = ConvTranspose1d<1, 2, 2, 10, Slide<2>>,
    }
}

fn main() {}
