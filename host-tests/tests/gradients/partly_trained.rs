//! Layers of which a part is trained, and layers that stand twice.

use tensorlet::{
    BiasOnly, Channels, Conv1d, Conv2d, Frozen, Image, Linear, Lora, Matrix, NoBias, Relu, Repeat, Sigmoid, Tanh,
    TimeDistributed, Vector, layer::DepthwiseConv2d, sliding::Slide,
};

use crate::gradients;

gradients! {
    bias_only: Vector<7> => BiasOnly<Linear<7, 5>>;
    bias_only_convolution: Image<2, 5, 4> => BiasOnly<Conv2d<2, 3, 3, 3, 5, 4, Slide<1, 1>>>;
    bias_only_in_a_chain: Vector<5> => (BiasOnly<Linear<5, 6>>, (Relu, BiasOnly<Linear<6, 3>>));

    channels: Vector<7> => Channels<Linear<7, 5>, 2>;
    channels_all: Vector<3> => Channels<Linear<3, 4>, 4>;
    channels_without_bias: Vector<9> => Channels<Linear<9, 17, NoBias>, 3>;
    channels_of_convolution: Image<3, 6, 5> => Channels<Conv2d<3, 4, 3, 2, 6, 6, Slide<1, 1>>, 2>;
    channels_of_strided_convolution: Matrix<2, 9> => Channels<Conv1d<2, 5, 3, 4, Slide<2>>, 3>;
    channels_of_groups: Image<4, 5, 5> => Channels<DepthwiseConv2d<4, 3, 3, 3, 3>, 3>;
    channels_in_a_chain: Vector<5> => (Channels<Linear<5, 6>, 2>, (Tanh, (Frozen<Linear<6, 6>>, Channels<Linear<6, 3>, 1>)));

    lora: Vector<7> => Lora<7, 5, 2>;
    lora_of_rank_one: Vector<3> => Lora<3, 9, 1, NoBias>;
    lora_at_every_step: Matrix<3, 4> => TimeDistributed<Lora<4, 6, 3>>;
    lora_in_a_chain: Vector<5> => (Lora<5, 6, 2>, (Sigmoid, Lora<6, 3, 2>));

    repeat: Vector<5> => Repeat<Linear<5, 5>, 3>;
    repeat_once: Vector<5> => Repeat<(Linear<5, 5>, Tanh), 1>;
    repeat_in_place: Vector<6> => Repeat<Tanh, 4>;
    repeat_block: Vector<4> => (Linear<4, 5>, (Repeat<(Linear<5, 5>, (Sigmoid, Frozen<Linear<5, 5>>)), 2>, Linear<5, 2>));
    repeat_frozen: Vector<4> => (Frozen<Repeat<Linear<4, 4>, 2>>, Linear<4, 2>);
}
