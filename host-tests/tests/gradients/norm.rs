//! Normalisation: in training and, where that is something else, evaluated.

use tensorlet::{
    Frozen, Image, Linear, Matrix, Module, NoBias, Relu, Residual, Silu, Vector,
    layer::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, NoWeight, NotTracked, RmsNorm},
};

use crate::gradients;

macro_rules! with_eps {
    ($type:ty, $eps:expr) => {{
        let mut norm: $type = Module::ZERO;
        norm.eps = $eps;
        norm
    }};
}

gradients! {
    batch_norm_of_vector: Vector<5> => BatchNorm<5>;
    batch_norm_of_sequence: Matrix<3, 5> => BatchNorm<3>;
    batch_norm_of_image: Image<2, 3, 5> => BatchNorm<2>;
    batch_norm_of_one_place: Image<3, 1, 1> => BatchNorm<3>;
    batch_norm_without_bias: Image<2, 3, 2> => BatchNorm<2, [f32; 2], NoBias>;
    batch_norm_not_tracked: Image<2, 3, 2> => BatchNorm<2, [f32; 2], [f32; 2], NotTracked>;
    batch_norm_with_large_eps: Matrix<3, 5> => BatchNorm<3> = with_eps!(BatchNorm<3>, 0.5);
    batch_norm_behind_a_layer: Vector<4> => (Linear<4, 5, NoBias>, (BatchNorm<5>, (Relu, Linear<5, 3>)));
    batch_norm_that_is_not_affine: Vector<4> => (BatchNorm<4, NoWeight, NoBias>, Linear<4, 3>);
    batch_norm_frozen: Vector<4> => (Linear<4, 5>, (Frozen<BatchNorm<5>>, Linear<5, 3>));
    residual_of_batch_norm: Image<2, 3, 2> => Residual<BatchNorm<2>>;
    residual_that_ends_with_batch_norm: Image<2, 3, 2> => Residual<(Silu, BatchNorm<2>)>;

    layer_norm: Vector<7> => LayerNorm<[f32; 7]>;
    layer_norm_of_rows: Matrix<3, 5> => LayerNorm<[f32; 5]>;
    layer_norm_of_matrices: Image<2, 3, 5> => LayerNorm<[[f32; 5]; 3]>;
    layer_norm_without_bias: Matrix<3, 5> => LayerNorm<[f32; 5], [f32; 5], NoBias>;
    layer_norm_without_weight: Matrix<3, 5> => (LayerNorm<[f32; 5], NoWeight, NoBias>, LayerNorm<[f32; 5], NoWeight>);
    layer_norm_with_large_eps: Vector<19> => LayerNorm<[f32; 19]> = with_eps!(LayerNorm<_>, 1.0);
    residual_that_starts_with_layer_norm: Vector<5> => Residual<(LayerNorm<[f32; 5]>, Linear<5, 5>)>;

    rms_norm: Vector<7> => RmsNorm<[f32; 7]>;
    rms_norm_of_rows: Matrix<3, 5> => RmsNorm<[f32; 5]>;
    rms_norm_of_matrices: Image<2, 3, 2> => RmsNorm<[[f32; 2]; 3]> = with_eps!(RmsNorm<_>, 0.5);
    rms_norm_without_weight: Matrix<3, 5> => (RmsNorm<[f32; 5], NoWeight>, Relu);

    group_norm: Image<6, 2, 3> => GroupNorm<3, 6>;
    group_norm_of_one_group: Matrix<4, 3> => GroupNorm<1, 4>;
    group_norm_of_vector: Vector<6> => GroupNorm<2, 6>;
    group_norm_without_bias: Matrix<4, 3> => GroupNorm<2, 4, [f32; 4], NoBias>;
    instance_norm: Image<3, 2, 3> => InstanceNorm<3, [f32; 3], [f32; 3]>;
    instance_norm_of_sequence: Matrix<2, 5> => (InstanceNorm<2>, Relu);

    local_response_norm: Image<7, 2, 3> => LocalResponseNorm;
    local_response_norm_strong: Matrix<5, 3> => LocalResponseNorm
        = LocalResponseNorm { alpha: 0.7, beta: 0.5, k: 2.0, ..LocalResponseNorm::new(3) };
    local_response_norm_even: Vector<6> => LocalResponseNorm
        = LocalResponseNorm { alpha: 1.5, beta: 0.75, k: 0.5, ..LocalResponseNorm::new(4) };
    residual_of_local_response_norm: Matrix<5, 3> => Residual<LocalResponseNorm>;
}
