//! Normalisations of other shapes than their input has.
//~ expect: shape mismatch: layer `LayerNorm` over dimensions [8] cannot take an input of shape [4, 7]
//~ expect: shape mismatch: layer `GroupNorm` cannot divide 6 channels into 4 groups
//~ expect: shape mismatch: layer `BatchNorm` of 3 channels cannot take an input of shape [4, 7]

use tensorlet::{BatchNorm1d, GroupNorm, LayerNorm, Matrix, network};

network! {
    struct Rows: Matrix<4, 7> {
        norm = LayerNorm<[f32; 8]>,
    }
}

network! {
    struct Groups: Matrix<6, 7> {
        norm = GroupNorm<4, 6>,
    }
}

network! {
    struct Channels: Matrix<4, 7> {
        norm = BatchNorm1d<3>,
    }
}

fn main() {}
