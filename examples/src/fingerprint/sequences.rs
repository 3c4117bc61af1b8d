//! Layers over sequences.

use tensorlet::{
    Bidirectional, Gru, GruCell, Linear, Lstm, LstmCell, Matrix, MultiheadAttention, NoBias,
    NormFirstEncoderLayer, Relu, Rnn, RnnCell, TransformerEncoderLayer, Unidirectional, Vector,
};

use super::cases::layers;

layers! {
    rnn_cell: Vector<3> => RnnCell<3, 5>;
    gru_cell: Vector<3> => GruCell<3, 5>;
    lstm_cell: Vector<3> => LstmCell<3, 5, NoBias>;
    rnn: Matrix<4, 3> => Rnn<3, 5>;
    rnn_relu_both_directions: Matrix<3, 2> => Rnn<2, 3, 2, Bidirectional<6>, Relu>;
    gru: Matrix<4, 3> => Gru<3, 5>;
    gru_two_layers_without_bias: Matrix<3, 2> => Gru<2, 3, 2, Unidirectional, NoBias>;
    lstm: Matrix<4, 3> => Lstm<3, 5>;
    lstm_two_layers_both_directions: Matrix<3, 2> => Lstm<2, 2, 2, Bidirectional<4>>;
    lstm_behind_a_layer: Matrix<4, 3> => (Linear<3, 2>, Lstm<2, 3>);
    multihead_attention: Matrix<4, 4> => MultiheadAttention<4, 2>;
    multihead_attention_causal: Matrix<3, 4> => MultiheadAttention<4, 2, true, NoBias>;
    transformer_encoder_layer: Matrix<2, 4> => TransformerEncoderLayer<4, 2, 3>;
    norm_first_encoder_layer: Matrix<2, 4> => NormFirstEncoderLayer<4, 2, 3, Relu, true>;
}
