//! Layers that work on each number, or on a row of them.

use tensorlet::{
    Celu, Elu, FakeQuantize, GatedLinear, Gelu, GeluTanh, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Image,
    LeakyRelu, LogSigmoid, LogSoftmax, Matrix, Mish, PRelu, Relu, Relu6, Selu, Shrink, Sigmoid, Silu, Softmax, Softmin,
    Softplus, Softshrink, Softsign, SwiGlu, Swish, Tanh, Tanhshrink, Threshold, Vector,
    layer::{Drawn, GaussianReparam, GaussianSigmaReparam, GumbelSoftmax},
};

use super::cases::layers;

type X = Matrix<3, 11>;

layers! {
    relu: X => Relu;
    sigmoid: X => Sigmoid;
    tanh: X => Tanh;
    relu6: X => Relu6;
    leaky_relu: X => LeakyRelu;
    threshold: X => Threshold = Threshold { threshold: 0.1, value: 0.5 };
    hardtanh: X => Hardtanh;
    hardsigmoid: X => Hardsigmoid;
    hardswish: X => Hardswish;
    hardshrink: X => Hardshrink;
    softshrink: X => Softshrink;
    shrink: X => Shrink = Shrink { lambd: 0.3, bias: 0.1 };
    elu: X => Elu;
    selu: X => Selu;
    celu: X => Celu = Celu { alpha: 0.7 };
    log_sigmoid: X => LogSigmoid;
    softplus: X => Softplus = Softplus { beta: 2.0, threshold: 3.0 };
    softsign: X => Softsign;
    gelu: X => Gelu;
    gelu_tanh: X => GeluTanh;
    silu: X => Silu;
    swish: X => Swish = Swish { beta: 1.5 };
    mish: X => Mish;
    tanhshrink: X => Tanhshrink;
    prelu: Image<3, 2, 5> => PRelu<3>;
    fake_quantize: X => FakeQuantize = FakeQuantize { scale: [0.03], zero_point: [5.0] };
    glu: Image<2, 6, 3> => Glu<[[[f32; 3]; 3]; 2], -2>;
    gated_linear: Vector<5> => GatedLinear<5, 7, Gelu, [f32; 7]>;
    swiglu: Vector<5> => SwiGlu<5, 7>;
    softmax: Image<2, 3, 5> => Softmax<1>;
    softmax_of_rows: X => Softmax;
    log_softmax: Image<2, 3, 5> => LogSoftmax<1>;
    softmin: X => Softmin<0>;
    gaussian_reparam: Matrix<2, 7> => GaussianReparam<Drawn>;
    gaussian_sigma_reparam: Matrix<2, 7> => GaussianSigmaReparam<Drawn>;
    gumbel_softmax: X => GumbelSoftmax<0> = GumbelSoftmax { tau: 0.6, ..GumbelSoftmax::NEW };
}
