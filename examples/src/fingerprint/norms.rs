//! Normalisation, dropout, positions, and layers of which a part is trained or that stand several times.

use tensorlet::{
    BatchNorm1d, BatchNorm2d, BiasOnly, Channels, Conv2d, Dropout, Dropout2d, GroupNorm, Image, InstanceNorm1d, InstanceNorm2d, LayerNorm,
    Linear, LocalResponseNorm, Lora, Matrix, NoBias, NoWeight, NotTracked, PositionalEncoding, Relu, Repeat, RmsNorm, RotaryEmbedding, Slide, Tanh, Vector,
};

use super::cases::layers;

layers! {
    batch_norm1d: Vector<5> => (BatchNorm1d<5>, Linear<5, 3>);
    batch_norm2d: Image<2, 3, 5> => BatchNorm2d<2>;
    batch_norm2d_not_tracked: Image<2, 3, 2> => BatchNorm2d<2, NoWeight, NoBias, NotTracked>;
    layer_norm: Matrix<3, 5> => LayerNorm<[f32; 5]>;
    layer_norm_without_weight: Image<2, 3, 5> => LayerNorm<[[f32; 5]; 3], NoWeight, NoBias>;
    rms_norm: Matrix<3, 5> => RmsNorm<[f32; 5]>;
    group_norm: Image<6, 2, 3> => GroupNorm<3, 6>;
    instance_norm1d: Matrix<2, 5> => InstanceNorm1d<2>;
    instance_norm2d: Image<3, 2, 3> => InstanceNorm2d<3, [f32; 3], [f32; 3]>;
    local_response_norm: Image<7, 2, 3> => LocalResponseNorm;
    dropout: Matrix<3, 5> => Dropout = Dropout::new(0.3);
    dropout2d: Image<6, 2, 3> => Dropout2d;
    positional_encoding: Matrix<4, 7> => PositionalEncoding;
    rotary_embedding: Matrix<5, 6> => RotaryEmbedding;
    rotary_embedding_of_heads: Image<3, 2, 4> => RotaryEmbedding<-3>;
    bias_only: Vector<5> => (BiasOnly<Linear<5, 6>>, (Relu, BiasOnly<Linear<6, 3>>));
    channels: Image<3, 5, 4> => Channels<Conv2d<3, 4, 3, 2, 5, 5, Slide<1, 1>>, 2>;
    lora: Vector<7> => (Lora<7, 5, 2>, (Tanh, Lora<5, 3, 1, NoBias>));
    repeat: Vector<5> => (Repeat<(Linear<5, 5>, Tanh), 3>, Linear<5, 2>);
}
