//! A gate whose output is not half of its input, and slopes for other channels than there are.
//~ expect: shape mismatch: layer `Glu` along dimension 1 of an input of shape [4, 7] cannot give an output of shape [4, 3]
//~ expect: shape mismatch: layer `PRelu<3>` cannot take an input of shape [4, 7]

use tensorlet::{Glu, Matrix, PRelu, network};

network! {
    struct Gate: Matrix<4, 7> {
        gate = Glu<[[f32; 3]; 4]>,
    }
}

network! {
    struct Slopes: Matrix<4, 7> {
        act = PRelu<3>,
    }
}

fn main() {}
