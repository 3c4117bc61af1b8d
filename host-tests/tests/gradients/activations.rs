//! Activations and gates, with default and other settings.

use tensorlet::{
    Celu, Elu, GatedLinear, Gelu, GeluTanh, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Image, LeakyRelu,
    Linear, LogSigmoid, Matrix, Mish, Module, PRelu, Relu6, Residual, Selu, Shrink, Silu, Softplus, Softshrink,
    Softsign, SwiGlu, Swish, Tanh, Tanhshrink, Threshold, Vector,
};

use crate::gradients;

gradients! {
    relu6: Vector<9> => Relu6;
    relu6_of_image: Image<2, 3, 5> => Relu6;
    leaky_relu: Vector<37> => LeakyRelu;
    leaky_relu_steep: Vector<7> => LeakyRelu = LeakyRelu::new(0.3);
    threshold: Vector<9> => Threshold;
    threshold_with_value: Vector<9> => Threshold = Threshold::new(0.25, 3.0);
    hardtanh: Vector<9> => Hardtanh;
    hardtanh_lopsided: Vector<9> => Hardtanh = Hardtanh::new(-0.5, 0.125);
    hardsigmoid: Vector<9> => Hardsigmoid;
    hardsigmoid_steep: Vector<9> => Hardsigmoid = Hardsigmoid::new(0.75, 0.25);
    hardswish: Matrix<3, 5> => Hardswish;
    hardshrink: Vector<9> => Hardshrink;
    hardshrink_wide: Vector<9> => Hardshrink = Hardshrink::new(0.9);
    softshrink: Vector<9> => Softshrink;
    softshrink_narrow: Vector<9> => Softshrink = Softshrink::new(0.1);
    shrink: Vector<9> => Shrink;
    shrink_with_bias: Vector<9> => Shrink = Shrink::new(0.25, 1.5);
    elu: Vector<9> => Elu;
    elu_of_two: Vector<9> => Elu = Elu::new(2.0);
    selu: Vector<9> => Selu;
    celu: Vector<9> => Celu;
    celu_of_half: Vector<9> => Celu = Celu::new(0.5);
    log_sigmoid: Vector<9> => LogSigmoid;
    softplus: Vector<9> => Softplus;
    softplus_sharp: Vector<9> => Softplus = Softplus::new(3.0, 2.0);
    softsign: Vector<9> => Softsign;
    gelu: Vector<9> => Gelu;
    gelu_tanh: Vector<9> => GeluTanh;
    silu: Vector<9> => Silu;
    swish: Vector<9> => Swish;
    swish_sharp: Vector<9> => Swish = Swish::new(1.702);
    mish: Vector<9> => Mish;
    tanhshrink: Vector<9> => Tanhshrink;

    prelu: Vector<9> => PRelu;
    prelu_of_vector: Vector<9> => PRelu<9>;
    prelu_of_image: Image<3, 2, 5> => PRelu<3>;
    prelu_of_image_with_one_weight: Image<3, 2, 5> => PRelu<1>;

    glu: Vector<10> => Glu<[f32; 5]>;
    glu_of_channels: Image<6, 2, 3> => Glu<[[[f32; 3]; 2]; 3], 0>;
    glu_of_rows: Image<2, 6, 3> => Glu<[[[f32; 3]; 3]; 2], -2>;
    swiglu: Vector<5> => SwiGlu<5, 7>;
    swiglu_with_bias: Vector<5> => SwiGlu<5, 3, [f32; 3]>;
    gated_linear: Vector<3> => GatedLinear<3, 4, Swish> = GatedLinear { gate: Swish::new(1.5), ..Module::ZERO };

    activations_in_a_row: Vector<5> => (Linear<5, 8>, (Gelu, (Glu<[f32; 4]>, (PRelu<4>, (Mish, Linear<4, 3>)))));
    residual_of_gelu: Vector<5> => Residual<Gelu>;
    residual_that_starts_with_silu: Vector<5> => Residual<(Silu, Linear<5, 5>)>;
    residual_that_ends_with_prelu: Vector<5> => Residual<(Linear<5, 5>, PRelu)>;
    residual_of_swiglu: Vector<5> => Residual<SwiGlu<5, 5>>;
    gate_behind_a_layer: Vector<4> => (Linear<4, 5>, (SwiGlu<5, 6>, Tanh));
}
