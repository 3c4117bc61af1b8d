//! Layers that take tokens.

use tensorlet::{
    Embedding, EmbeddingBag, Flatten, LearnedPositions, Linear, Module, Tanh, TiedEmbedding, TimeDistributed,
    layer::BagMode,
};

use super::cases::tokens;

tokens! {
    embedding: [u8; 5] => Embedding<7, 3>;
    embedding_of_words: [[i16; 3]; 2] => Embedding<4, 4>;
    embedding_in_a_network: [u16; 3] =>
        (Embedding<6, 4>, (LearnedPositions<[[f32; 4]; 3]>, (Flatten<12>, Linear<12, 2>)));
    embedding_bag: [u8; 5] => EmbeddingBag<7, 3>;
    embedding_bag_sum: [i32; 4] => EmbeddingBag<5, 3> = EmbeddingBag { mode: BagMode::Sum, ..Module::ZERO };
    embedding_bag_max: [u8; 4] => EmbeddingBag<3, 4> =
        EmbeddingBag { mode: BagMode::Max, padding_idx: Some(0), ..Module::ZERO };
    tied_embedding: [u8; 3] => TiedEmbedding<TimeDistributed<(Linear<4, 4>, Tanh)>, 5, 4>;
}
