//! Layers inside, before and behind each other: where slots of activations are shared.

use tensorlet::{
    AvgPool2d, Conv2d, Flatten, Frozen, Image, Linear, MaxPool2d, Relu, Residual, Sigmoid, Slide, Tanh, Vector, network,
};

use crate::gradients;

type Same = Conv2d<2, 2, 3, 3, 4, 4, Slide<1, 1>>;

network! {
    /// Every layer of the library, with blocks inside.
    pub struct Whole: Image<1, 6, 6> {
        conv1: Conv2d(2, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        block = Residual<(Conv2d<2, 2, 3, 3, 3, 3, Slide<1, 1>>, Tanh)>,
        pool2: AvgPool2d(2, stride = 1),
        flatten: Flatten,
        fc1: Linear(5),
        act: Sigmoid,
        shortcut: Residual(Linear(5)),
        fc2: Linear(3),
    }
}

network! {
    /// The first part is not trained, and a part in the middle neither.
    pub struct Head: Image<1, 6, 6> {
        conv1: Frozen(Conv2d(3, 3)),
        relu1: Relu,
        pool1: MaxPool2d(2),
        flatten: Flatten,
        fc1: Linear(6),
        middle: Frozen(Linear(7)),
        act: Tanh,
        fc2: Linear(3),
    }
}

network! {
    /// A network as a layer of another.
    pub struct Outer: Vector<4> {
        body = Inner,
        act: Relu,
        head: Linear(2),
    }
}

network! {
    /// The network inside.
    pub struct Inner: Vector<4> {
        a: Linear(5),
        act: Sigmoid,
        b: Linear(4),
    }
}

gradients! {
    pair: Vector<5> => (Linear<5, 4>, Tanh);
    chain: Vector<5> => (Linear<5, 9>, (Relu, Linear<9, 3>));
    chain_to_the_left: Vector<5> => ((Linear<5, 9>, Relu), Linear<9, 3>);
    chain_that_starts_in_place: Vector<6> => (Relu, (Linear<6, 4>, Relu));
    chain_of_activations: Vector<6> => (Tanh, (Sigmoid, Relu));
    activations_on_both_sides: Vector<6> => (Sigmoid, (Linear<6, 5>, Sigmoid));
    flatten_first: Image<2, 2, 2> => (Flatten<8>, Linear<8, 3>);
    flatten_last: Image<1, 4, 4> => (Conv2d<1, 2, 3, 3, 2, 2>, Flatten<8>);
    flatten_and_relu: Image<2, 2, 2> => (Flatten<8>, (Relu, Flatten<8>));
    convolutions: Image<1, 6, 6> =>
        (Conv2d<1, 3, 3, 3, 6, 6, Slide<1, 1>>, (Relu, (MaxPool2d<2, 2, 3, 3, Slide<2>>, Conv2d<3, 2, 2, 2, 2, 2>)));
    pools: Image<2, 7, 7> => (AvgPool2d<2, 2, 3, 3, Slide<2>>, MaxPool2d<2, 2, 2, 2, Slide<1, 0>>);

    residual_convolution: Image<2, 4, 4> => Residual<Same>;
    residual_ends_in_place: Vector<5> => Residual<(Linear<5, 5>, Relu)>;
    residual_starts_in_place: Vector<5> => Residual<(Relu, Linear<5, 5>)>;
    residual_in_place_on_both_sides: Vector<5> => Residual<(Tanh, (Linear<5, 5>, Relu))>;
    residual_of_relu: Vector<5> => Residual<Relu>;
    residual_of_sigmoid: Vector<5> => Residual<Sigmoid>;
    residual_of_nothing: Vector<5> => Residual<Flatten<5>>;
    residual_that_ends_in_flatten: Vector<5> => Residual<(Linear<5, 5>, Flatten<5>)>;
    residual_that_starts_with_flatten: Vector<5> => Residual<(Flatten<5>, Linear<5, 5>)>;
    residual_of_flatten_and_relu: Vector<5> => Residual<(Flatten<5>, Relu)>;
    residual_block: Image<2, 4, 4> => Residual<(Same, (Relu, Same))>;
    residual_pool: Image<2, 4, 4> => Residual<AvgPool2d<3, 3, 4, 4, Slide<1, 1>>>;
    residual_max_pool: Image<2, 4, 4> => Residual<MaxPool2d<3, 3, 4, 4, Slide<1, 1>>>;
    residual_of_residual: Vector<5> => Residual<Residual<Linear<5, 5>>>;
    residual_of_residual_in_place: Vector<5> => Residual<Residual<Relu>>;
    residual_of_residual_that_starts_in_place: Vector<5> => Residual<Residual<(Tanh, Linear<5, 5>)>>;
    residual_of_chain_with_residual: Vector<5> => Residual<(Residual<(Relu, Linear<5, 5>)>, Linear<5, 5>)>;
    residual_behind_a_layer: Vector<3> => (Linear<3, 5>, (Residual<(Relu, Linear<5, 5>)>, Relu));
    residual_before_relu: Vector<5> => (Residual<Linear<5, 5>>, (Relu, Linear<5, 2>));
    residual_behind_relu: Vector<5> => (Linear<5, 5>, (Relu, Residual<Linear<5, 5>>));

    frozen_front: Vector<5> => (Frozen<Linear<5, 6>>, Linear<6, 3>);
    frozen_front_wide_inside: Vector<5> => (Frozen<(Linear<5, 40>, (Relu, Linear<40, 3>))>, Linear<3, 2>);
    frozen_front_wide_and_longer: Vector<5> =>
        (Frozen<(Linear<5, 40>, (Tanh, Linear<40, 3>))>, (Linear<3, 4>, (Relu, Linear<4, 2>)));
    frozen_front_convolution: Image<1, 6, 6> =>
        (Frozen<(Conv2d<1, 4, 3, 3, 4, 4>, MaxPool2d<2, 2, 2, 2, Slide<2>>)>, (Flatten<16>, Linear<16, 2>));
    frozen_front_before_max_pool: Image<1, 6, 6> =>
        (Frozen<(Conv2d<1, 9, 3, 3, 4, 4>, (Relu, Conv2d<9, 1, 1, 1, 4, 4>))>,
         (MaxPool2d<2, 2, 2, 2, Slide<2>>, (Conv2d<1, 2, 2, 2, 1, 1>, Relu)));
    frozen_middle: Vector<4> => (Linear<4, 6>, (Frozen<Linear<6, 5>>, Linear<5, 3>));
    frozen_middle_chain: Vector<4> => (Linear<4, 6>, (Frozen<(Linear<6, 5>, (Relu, Linear<5, 4>))>, Linear<4, 3>));
    frozen_middle_convolution: Image<1, 5, 5> =>
        (Conv2d<1, 2, 2, 2, 4, 4>, (Frozen<Conv2d<2, 3, 3, 3, 4, 4, Slide<1, 1>>>, Conv2d<3, 1, 2, 2, 3, 3>));
    frozen_behind: Vector<4> => (Linear<4, 6>, Frozen<(Sigmoid, Linear<6, 2>)>);
    frozen_twice: Vector<4> => (Frozen<Linear<4, 3>>, (Linear<3, 4>, Frozen<Frozen<Linear<4, 2>>>));
    frozen_residual: Vector<4> => (Linear<4, 4>, (Frozen<Residual<(Relu, Linear<4, 4>)>>, Linear<4, 2>));
    frozen_in_residual: Vector<4> => (Linear<4, 4>, Residual<(Frozen<Linear<4, 4>>, (Tanh, Linear<4, 4>))>);
    residual_that_starts_frozen: Vector<4> => Residual<(Frozen<Linear<4, 4>>, (Tanh, Linear<4, 4>))>;
    residual_that_starts_frozen_and_wide: Vector<4> =>
        Residual<(Frozen<(Linear<4, 30>, Linear<30, 4>)>, (Tanh, Linear<4, 4>))>;

    whole_network: Image<1, 6, 6> => Whole;
    network_with_frozen_parts: Image<1, 6, 6> => Head;
    network_in_network: Vector<4> => Outer;
}
