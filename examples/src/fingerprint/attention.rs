//! Attention to other sequences: operations, and layers with keys of their own.

use tensorlet::{
    AdditiveAttention, Error, Module, MultiheadAttention, Portable, Tensor,
    layer::{Attended, AttentionMask},
    ops::{self, Attention},
};

use super::{Fingerprint, any, any_mut, argument::generator, cases::cases};

const L: usize = 3;
const S: usize = 4;

/// Four heads of queries to two of keys.
type Q = [[[f32; 3]; L]; 4];
type Key = [[[f32; 3]; S]; 2];
type Value = [[[f32; 2]; S]; 2];
type Scores = [[[f32; S]; L]; 4];
type Y = [[[f32; 2]; L]; 4];

/// Everything that can be set.
const SETTINGS: Attention =
    Attention { scale: Some(0.7), softcap: Some(2.0), causal: true, past: 1, window: [Some(2), None] };

/// Two sequences of queries, keys, values, and the weights of two heads.
type Queries<const D: usize> = [[[f32; D]; L]];
type Keys<const D: usize> = [[[f32; D]; S]];
type Weights = [[[[f32; S]; L]; 2]];

type Multihead = MultiheadAttention<4, 2>;
type Additive = AdditiveAttention<2, 3, 5>;

fn multihead(
    (query, key, value): (&Queries<4>, &Keys<4>, &Keys<4>),
    padding: &[[u8; S]],
    (dweights, dy): (&Weights, &Queries<4>),
) -> Result<u32, Error> {
    let (mut net, mut print) = (Multihead::ZERO, Fingerprint::new());
    net.init(&mut generator());
    let inputs = Attended {
        key_padding_mask: Some(padding),
        attn_mask: AttentionMask::Boolean(&[[[0, 0, 1, 0], [0; S], [1, 0, 0, 0]]]),
        ..Attended::<4, L, S>::new(query, key, value)
    };
    let mut workspace = [0.0; 2 * Multihead::workspace(L, S)];
    let (mut weights, mut y) = ([[[[0.0; S]; L]; 2]; 2], [[[0.0; 4]; L]; 2]);
    net.attend(Portable, &inputs, any_mut(&mut weights), any_mut(&mut workspace), any_mut(&mut y))?;
    let (mut dq, mut dk, mut dv) = ([[[0.0; 4]; L]; 2], [[[0.0; 4]; S]; 2], [[[0.0; 4]; S]; 2]);
    let mut grad = [0.0; Multihead::GRAD];
    let gradients = (any_mut(&mut dq), any_mut(&mut dk), any_mut(&mut dv));
    net.attend_backward(Portable, &inputs, (dy, dweights), any_mut(&mut workspace), gradients, any_mut(&mut grad))?;
    print.add(&((weights, y), (dq, (dk, (dv, grad)))));
    Ok(print.value())
}

fn additive(
    inputs: (&Queries<2>, &Keys<3>, &Keys<2>, &[u8]),
    dy: &Queries<2>,
) -> Result<u32, Error> {
    let (mut net, mut print) = (Additive::ZERO, Fingerprint::new());
    net.init(&mut generator());
    let mut workspace = [0.0; 2 * Additive::workspace(L, S)];
    let (mut weights, mut y) = ([[[0.0; S]; L]; 2], [[[0.0; 2]; L]; 2]);
    net.attend(Portable, inputs, any_mut(&mut weights), any_mut(&mut workspace), any_mut(&mut y))?;
    let (mut dq, mut dk, mut dv) = ([[[0.0; 2]; L]; 2], [[[0.0; 3]; S]; 2], [[[0.0; 2]; S]; 2]);
    let mut grad = [0.0; Additive::GRAD];
    let gradients = (any_mut(&mut dq), any_mut(&mut dk), any_mut(&mut dv));
    net.attend_backward(
        Portable, inputs, (any(&weights), dy), any_mut(&mut workspace), gradients, any_mut(&mut grad),
    )?;
    print.add(Tensor::flat(&weights));
    print.add(&(y, (dq, (dk, (dv, grad)))));
    Ok(print.value())
}

cases! {
    attention_scores(q: Q, key: Key => scores: Scores)
        ops::attention_scores(Portable, q, key, &(), &SETTINGS, scores);
    scaled_dot_product_attention(q: Q, key: Key, value: Value, mask: [[u8; S]; L] => weights: Scores, y: Y)
        ops::scaled_dot_product_attention(Portable, (q, key, value), mask, &SETTINGS, weights, y);
    scaled_dot_product_attention_with_numbers(q: Q, key: Key, value: Value, mask: [[f32; S]; L] => weights: Scores, y: Y)
        ops::scaled_dot_product_attention(Portable, (q, key, value), mask, &Attention::new(), weights, y);
    scaled_dot_product_attention_backward(q: Q, key: Key, value: Value, weights: Scores = 0.0..0.5, dy: Y
        => dweights: Scores, dq: Q, dkey: Key, dvalue: Value)
        ops::scaled_dot_product_attention_backward(
            Portable, (q, key, value), weights, &SETTINGS, dy, dweights, (dq, dkey, dvalue),
        );
    multihead_attention(q: [[[f32; 4]; L]; 2], key: [[[f32; 4]; S]; 2], value: [[[f32; 4]; S]; 2],
        padding: [[u8; S]; 2] = 0.0..1.5, dweights: [[[[f32; S]; L]; 2]; 2], dy: [[[f32; 4]; L]; 2])
        multihead((any(q), any(key), any(value)), any(padding), (any(dweights), any(dy)));
    additive_attention(q: [[[f32; 2]; L]; 2], key: [[[f32; 3]; S]; 2], value: [[[f32; 2]; S]; 2],
        valid: [u8; 2] = 0.0..5.0, dy: [[[f32; 2]; L]; 2])
        additive((any(q), any(key), any(value), any(valid)), any(dy));
}
