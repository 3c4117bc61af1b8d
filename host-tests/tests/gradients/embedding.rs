//! Tables of vectors, positions and dropout.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    BagMode, Dropout, Dropout2d, Embedding, EmbeddingBag, Flatten, Frozen, Image, LayerNorm, LearnedPositions, Linear,
    Matrix, Module, PositionalEncoding, Residual, RotaryEmbedding, Tanh, TiedEmbedding, Train, Vector,
    layer::{ChannelDropout, Drawn, Fused, Pass},
    ops::{self, Dim, Pairing},
    optim::Sgd,
};
use tensorlet_host::{on_every_instruction_set, reference::sample::Sequence};

use crate::gradients;

/// A test for each line: `name: type of tokens, how many there are => type of network`.
macro_rules! tokens {
    ($($name:ident: $input:ty, $vocabulary:literal => $network:ty $(= $value:expr)?;)+) => {
        $(
            #[test]
            #[allow(clippy::type_complexity, reason = "a network is a type")]
            fn $name() {
                let network: $network = tokens!(@ $($value)?);
                crate::check::network_of_tokens::<$input, $network>(stringify!($name), network, $vocabulary);
            }
        )+
    };
    (@) => { Module::ZERO };
    (@ $value:expr) => { $value };
}

fn bag<const V: usize, const D: usize>(mode: BagMode, padding_idx: Option<usize>) -> EmbeddingBag<V, D> {
    EmbeddingBag { mode, padding_idx, ..Module::ZERO }
}

tokens! {
    embedding: [u8; 5], 7 => Embedding<7, 3>;
    embedding_of_one_token: i32, 4 => Embedding<4, 1>;
    embedding_of_words: [[i16; 3]; 2], 9 => Embedding<9, 4>;
    embedding_of_a_large_table: [u32; 3], 40 => Embedding<40, 5>;
    embedding_in_a_network: [u16; 3], 6 => (Embedding<6, 4>, (LearnedPositions<[[f32; 4]; 3]>, (Flatten<12>, Linear<12, 2>)));
    embedding_tied: [u8; 5], 7 => TiedEmbedding<Linear<3, 3>, 7, 3>;
    embedding_tied_in_place: [u16; 3], 4 => TiedEmbedding<Tanh, 4, 5>;
    embedding_tied_around_a_network: [i32; 4], 9 => TiedEmbedding<(Residual<LayerNorm<[f32; 4]>>, (Tanh, Linear<4, 4>)), 9, 4>;
    embedding_tied_in_front: [u8; 3], 6 => (TiedEmbedding<Linear<4, 4>, 6, 4>, (Flatten<18>, Linear<18, 2>));
    embedding_frozen: [u8; 3], 6 => (Frozen<Embedding<6, 4>>, (LayerNorm<[f32; 4]>, (Flatten<12>, Linear<12, 2>)));
    embedding_bag: [u8; 5], 7 => EmbeddingBag<7, 3>;
    embedding_bag_sum: [i32; 4], 5 => EmbeddingBag<5, 3> = bag(BagMode::Sum, None);
    embedding_bag_max: [i32; 4], 5 => EmbeddingBag<5, 3> = bag(BagMode::Max, None);
    embedding_bag_padded: [u8; 4], 3 => EmbeddingBag<3, 4> = bag(BagMode::Mean, Some(1));
    embedding_bag_max_padded: [u8; 4], 3 => EmbeddingBag<3, 4> = bag(BagMode::Max, Some(0));
}

gradients! {
    positional_encoding: Matrix<5, 6> => PositionalEncoding;
    positional_encoding_odd: Matrix<4, 7> => PositionalEncoding;
    positional_encoding_short_waves: Matrix<4, 3> => PositionalEncoding = PositionalEncoding { base: 10.0 };
    learned_positions: Matrix<3, 4> => LearnedPositions<[[f32; 4]; 3]>;
    residual_of_learned_positions: Matrix<3, 4> => Residual<LearnedPositions<[[f32; 4]; 3]>>;
    positions_behind_a_layer: Matrix<3, 4> => (LayerNorm<[f32; 4]>, (PositionalEncoding, LayerNorm<[f32; 4]>));
    rotary_embedding: Matrix<5, 6> => RotaryEmbedding;
    rotary_embedding_of_heads: Image<2, 3, 4> => RotaryEmbedding;
    rotary_embedding_of_heads_between: Image<3, 2, 4> => RotaryEmbedding<-3>
        = RotaryEmbedding { base: 100.0, pairing: Pairing::Neighbours };
    residual_of_rotary_embedding: Matrix<3, 4> => Residual<RotaryEmbedding>;

    dropout: Vector<37> => Dropout<Sequence>;
    dropout_of_little: Matrix<3, 5> => Dropout<Sequence> = Dropout::new(0.1);
    dropout_of_nothing: Vector<5> => Dropout<Sequence> = Dropout::new(0.0);
    dropout_of_channels: Image<6, 2, 3> => ChannelDropout<Sequence>;
    dropout_in_a_network: Vector<4> => (Linear<4, 9>, (Dropout<Sequence>, Linear<9, 3>));
    residual_that_ends_with_dropout: Vector<5> => Residual<(Linear<5, 5>, Dropout<Sequence>)>;
    dropout_frozen: Vector<4> => (Linear<4, 9>, (Frozen<Dropout<Sequence>>, Linear<9, 3>));
}

/// The gradient of a token of padding is zero, in both modes, whatever others are.
#[test]
fn padding_is_not_trained() {
    type Table = Embedding<4, 2>;
    let tokens = [[1_u8, 2, 2, 1]];
    let mut table = Table { padding_idx: Some(2), ..Table::ZERO };
    table.init(&mut Xoshiro128PlusPlus::seed_from_u64(1));
    assert_eq!(table.weight[2], [0.0; 2]);
    assert_ne!(table.weight[1], [0.0; 2]);

    let pass = Pass { n: 1, input_gradient: false, training: true, seed: 0, ..Pass::NEW };
    let mut slot = [0.0];
    <[u8; 4] as tensorlet::Tensor>::in_words_mut(&mut slot, 1).copy_from_slice(&tokens);
    let mut dy: Vec<f32> = (1..9_u8).map(f32::from).collect();
    let mut gradient = [0.0; 8];
    Train::<[u8; 4]>::backward(&mut table, tensorlet::Portable, pass, &mut slot, &mut dy, &mut gradient);
    assert_eq!(gradient, [0.0, 0.0, 8.0, 10.0, 0.0, 0.0, 0.0, 0.0]);

    let (before, mut scratch, optimizer) = (table, [0.0; 2], Sgd::new(1.0));
    let step = Fused { optimizer: &optimizer, path: tensorlet::Path::ROOT, state: &mut [], scratch: &mut scratch };
    Train::<[u8; 4]>::backward_fused(&mut table, tensorlet::Portable, pass, &mut slot, &mut dy, step);
    assert_eq!(table.weight[2], before.weight[2]);
    assert_eq!(table.weight[1][0], before.weight[1][0] - 8.0);
}

/// Forward and backward of a dropout layer in training: what stayed, and the factor.
fn dropped<L: Train<[[f32; 50]; 40], Out = [[f32; 50]; 40]>>(layer: &mut L, seed: u64) -> Vec<f32> {
    let pass = Pass { n: 1, input_gradient: true, training: true, seed, ..Pass::NEW };
    let (mut y, mut dx) = (vec![1.0; 2000], vec![3.0; 2000]);
    layer.forward_train(tensorlet::Portable, pass, &mut y, &mut [], &mut []);
    layer.backward(tensorlet::Portable, pass, &mut dx, &mut [], &mut []);
    let same = y.iter().zip(&dx).all(|(y, dx)| (3.0 * y - dx).abs() < 1e-6);
    assert!(same, "backward lets through what forward did, times the same");
    y
}

#[test]
fn dropout_keeps_the_mean_and_draws_anew() {
    for p in [0.1, 0.5, 0.8] {
        let first = dropped(&mut Dropout::<Drawn>::new(p), 1);
        let kept = first.iter().filter(|&&y| y != 0.0).count() as f32 / 2000.0;
        assert!((kept - (1.0 - p)).abs() < 0.05, "{kept} of the numbers are left for p = {p}");
        assert!(first.iter().all(|&y| y == 0.0 || (y - 1.0 / (1.0 - p)).abs() < 1e-6));
        assert_ne!(first, dropped(&mut Dropout::<Drawn>::new(p), 2), "another step, another choice");
        assert_eq!(first, dropped(&mut Dropout::<Drawn>::new(p), 1));
    }
    assert_eq!(dropped(&mut Dropout::<Drawn>::new(0.0), 1), [1.0; 2000]);
    assert_eq!(dropped(&mut Dropout::<Drawn>::new(1.0), 1), [0.0; 2000]);
}

#[test]
fn channels_are_dropped_as_a_whole() {
    let y = dropped(&mut Dropout2d::<Drawn>::new(0.5), 3);
    let channels: Vec<&[f32]> = y.chunks(50).collect();
    assert!(channels.iter().all(|channel| channel.iter().all(|y| y == &channel[0])));
    let kept = channels.iter().filter(|channel| channel[0] == 2.0).count();
    assert!((8..32).contains(&kept), "{kept} of 40 channels are left");
}

fn given_mask<K: tensorlet::Kernels>(k: K) {
    let (x, mask) = ([[1.0, -2.0], [3.0, 4.0]], [[1_u8, 0], [0, 1]]);
    let (mut y, mut dx) = ([[0.0; 2]; 2], [[1.0; 2]; 2]);
    ops::dropout(k, &x, &mask, 0.75, &mut y);
    assert_eq!(y, [[4.0, 0.0], [0.0, 16.0]]);
    ops::dropout_backward(k, &mask, &x, 0.75, &mut dx);
    assert_eq!(dx, [[5.0, 1.0], [1.0, 17.0]]);
    ops::dropout(k, &x, &mask, 1.0, &mut y);
    assert_eq!(y, [[0.0; 2]; 2]);
}

#[test]
fn dropout_with_a_given_mask() {
    on_every_instruction_set!(given_mask);
}

/// Turning by given angles is what the layer does with its own; turning back gives the gradient.
fn turned<K: tensorlet::Kernels>(k: K, pairing: Pairing) {
    type X = [[[f32; 6]; 4]; 2];
    let layer = RotaryEmbedding::<-2> { base: 50.0, pairing };
    let angle = |t: usize, i: usize| t as f32 * 50.0_f32.powf(-(2.0 * i as f32) / 6.0);
    let cos: [[f32; 3]; 4] = core::array::from_fn(|t| core::array::from_fn(|i| angle(t, i).cos()));
    let sin: [[f32; 3]; 4] = core::array::from_fn(|t| core::array::from_fn(|i| angle(t, i).sin()));
    let x: X = core::array::from_fn(|h| core::array::from_fn(|t| core::array::from_fn(|i| (h + 2 * t + i) as f32)));
    let (mut y, mut dx) = ([[[0.0; 6]; 4]; 2], [[[1.0; 6]; 4]; 2]);
    ops::rotary_embedding(k, &x, &cos, &sin, Dim::<-2>, pairing, &mut y);
    let mut arena = [0.0; 48];
    let expected = tensorlet::Layer::forward(&layer, k, &[x], &mut arena).expect("the arena is large enough");
    let close = |a: &X, b: &X, add: f32| {
        let pairs = a.as_flattened().as_flattened().iter().zip(b.as_flattened().as_flattened());
        pairs.for_each(|(a, b)| assert!((a - b - add).abs() < 1e-4, "{a} is not {b}"));
    };
    close(&y, &expected[0], 0.0);
    // The way back undoes the way there.
    ops::rotary_embedding_backward(k, &cos, &sin, &y, Dim::<-2>, pairing, &mut dx);
    close(&dx, &x, 1.0);
}

#[test]
fn rotary_embedding_with_given_angles() {
    for pairing in [Pairing::Halves, Pairing::Neighbours] {
        on_every_instruction_set!(turned, pairing);
    }
}
