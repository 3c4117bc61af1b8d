//! Every layer alone.

use tensorlet::{Flatten, Frozen, Image, Linear, NoBias, Relu, Residual, Sigmoid, Tanh, Vector, layer::View};

use crate::gradients;

gradients! {
    linear: Vector<7> => Linear<7, 5>;
    linear_of_one: Vector<1> => Linear<1, 1>;
    linear_wide: Vector<3> => Linear<3, 19>;
    linear_without_bias: Vector<5> => Linear<5, 4, NoBias>;
    linear_of_vector_width: Vector<16> => Linear<16, 8>;

    relu: Vector<37> => Relu;
    relu_of_image: Image<2, 3, 5> => Relu;
    sigmoid: Vector<19> => Sigmoid;
    tanh: Image<1, 3, 7> => Tanh;
    flatten: Image<2, 3, 2> => Flatten<12>;
    view: Vector<12> => View<[[f32; 4]; 3]>;

    residual: Vector<6> => Residual<Linear<6, 6>>;
    frozen: Vector<6> => Frozen<Linear<6, 4>>;
}
