//! Layers that combine others, and dense layers.

use tensorlet::{
    Flatten, Frozen, Image, LastStep, Linear, Matrix, MeanStep, NoBias, Relu, Residual, Tanh, TimeDistributed, Vector,
    layer::{Concat, Identity, View},
};

use super::cases::layers;

layers! {
    linear: Vector<7> => Linear<7, 5>;
    linear_without_bias: Vector<7> => Linear<7, 5, NoBias>;
    chain: Vector<7> => (Linear<7, 5>, (Relu, (Linear<5, 9>, (Tanh, Linear<9, 3>))));
    identity: Vector<7> => Identity;
    flatten: Image<2, 3, 2> => (Flatten<12>, Linear<12, 5>);
    view: Vector<12> => (View<Matrix<3, 4>>, TimeDistributed<Linear<4, 2>>);
    residual: Vector<6> => Residual<(Linear<6, 4>, (Tanh, Linear<4, 6>))>;
    frozen: Vector<6> => (Frozen<Linear<6, 5>>, (Relu, (Linear<5, 4>, Frozen<Linear<4, 3>>)));
    concat: Vector<6> => Concat<(Tanh, Linear<6, 3>), Identity, Vector<9>>;
    time_distributed: Matrix<4, 3> => TimeDistributed<(Linear<3, 5>, (Relu, Linear<5, 2>))>;
    last_step: Matrix<4, 3> => LastStep;
    mean_step: Matrix<4, 3> => MeanStep;
}
