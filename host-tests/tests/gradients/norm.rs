//! Normalisation: in training and, where that is something else, evaluated.

use tensorlet::{
    Frozen, Image, Kernels, Layer, Linear, Matrix, Module, NoBias, Relu, Residual, Silu, Tensor, Vector,
    layer::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, NoWeight, NotTracked, RmsNorm},
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{
        norm::{self, Settings},
        wide,
    },
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

/// Two samples of three channels.
type Far = [[[f32; 67]; 3]; 2];

fn normalised<K: Kernels, L: Layer<[[f32; 67]; 3], Out = [[f32; 67]; 3]>>(k: K, layer: L, x: &Far) -> Vec<f32> {
    let mut arena = [0.0; Far::LEN];
    Tensor::flat(layer.forward(k, x, &mut arena).expect("the arena is large enough")).to_vec()
}

/// The largest error of layer, instance and batch normalisation.
fn error_far_from_zero<K: Kernels>(k: K, x: &Far) -> f64 {
    let settings = Settings { weight: &[], bias: &[], eps: 1e-5 };
    let samples: Vec<Vec<f64>> = x.iter().map(|x| wide(x.elements())).collect();
    let each = |expected: &dyn Fn(&[f64]) -> Vec<f64>| samples.iter().flat_map(|x| expected(x)).collect::<Vec<_>>();
    let pairs = [
        (normalised(k, LayerNorm::<[f32; 67], NoWeight, NoBias>::ZERO, x), each(&|x| norm::rows(x, 67, settings))),
        (normalised(k, InstanceNorm::<3>::ZERO, x), each(&|x| norm::groups(x, 3, 3, settings))),
        (
            normalised(k, BatchNorm::<3, NoWeight, NoBias, NotTracked>::ZERO, x),
            norm::batch(&samples, 3, None, settings).concat(),
        ),
    ];
    let errors =
        pairs.iter().flat_map(|(got, expected)| wide(got).into_iter().zip(expected).map(|(a, b)| (a - b).abs()));
    errors.fold(0.0, f64::max)
}

/// Far from 0 the mean is as good as a float can be: off by half a unit in its last place, and not by the
/// rounding of a sum, which many numbers add to.
#[test]
fn mean_far_from_zero() {
    for seed in 0..20 {
        let mut x = [[[0.0; 67]; 3]; 2];
        for (i, x) in x.as_flattened_mut().as_flattened_mut().iter_mut().enumerate() {
            *x = 1000.0 + ((i * 37 + seed * 11) % 101) as f32 / 29.0;
        }
        // Deviations are about 1, so an error of the mean is one of the result.
        let most = 0.6 * f64::from(1000_f32.next_up() - 1000.0);
        for (name, error) in on_every_instruction_set!(error_far_from_zero, &x) {
            assert!(error <= most, "seed {seed} on {name}: off by {error:e}, more than {most:e}");
        }
    }
}
