//! Arithmetic between tensors and functions of their elements.

use tensorlet::{
    Portable,
    ops::{self, Dim, Pairing},
};

use super::cases::cases;

type A = [[[f32; 3]; 1]; 2];
type B = [[f32; 3]; 5];
type Y = [[[f32; 3]; 5]; 2];
type X = [[f32; 3]; 5];
type Truth = [[[u8; 3]; 5]; 2];

cases! {
    add(a: A, b: B => y: Y) ops::add(Portable, a, b, y);
    add_backward(dy: Y => da: A, db: B) ops::add_backward(Portable, dy, da, db);
    sub(a: A, b: B => y: Y) ops::sub(Portable, a, b, y);
    sub_backward(dy: Y => da: A, db: B) ops::sub_backward(Portable, dy, da, db);
    mul(a: A, b: B => y: Y) ops::mul(Portable, a, b, y);
    mul_backward(a: A, b: B, dy: Y => da: A, db: B) ops::mul_backward(Portable, a, b, dy, da, db);
    div(a: A, b: B => y: Y) ops::div(Portable, a, b, y);
    div_backward(a: A, b: B, dy: Y => da: A, db: B) ops::div_backward(Portable, a, b, dy, da, db);
    maximum(a: A, b: B => y: Y) ops::maximum(Portable, a, b, y);
    maximum_backward(a: A, b: B, dy: Y => da: A, db: B) ops::maximum_backward(Portable, a, b, dy, da, db);
    minimum(a: A, b: B => y: Y) ops::minimum(Portable, a, b, y);
    minimum_backward(a: A, b: B, dy: Y => da: A, db: B) ops::minimum_backward(Portable, a, b, dy, da, db);
    pow(a: A = 0.1..3.0, b: B => y: Y) ops::pow(Portable, a, b, y);
    pow_backward(a: A = 0.1..3.0, b: B, dy: Y => da: A, db: B) ops::pow_backward(Portable, a, b, dy, da, db);
    integers(a: [[i8; 3]; 5], b: [i8; 3] = 1.0..5.0 => y: [[i8; 3]; 5], z: [[i8; 3]; 5])
        { ops::div(Portable, a, b, y); ops::pow(Portable, a, b, z) };

    gt(a: A, b: B => y: Truth) ops::gt(Portable, a, b, y);
    ge(a: A, b: B => y: Truth) ops::ge(Portable, a, b, y);
    lt(a: A, b: B => y: Truth) ops::lt(Portable, a, b, y);
    le(a: A, b: B => y: Truth) ops::le(Portable, a, b, y);
    eq(a: A, b: B => y: Truth) ops::eq(Portable, a, b, y);
    ne(a: A, b: B => y: Truth) ops::ne(Portable, a, b, y);
    logical_and(a: [[[u8; 3]; 1]; 2], b: [[u8; 3]; 5] => y: Truth) ops::logical_and(Portable, a, b, y);
    logical_or(a: [[[u8; 3]; 1]; 2], b: [[u8; 3]; 5] => y: Truth) ops::logical_or(Portable, a, b, y);
    logical_xor(a: [[[u8; 3]; 1]; 2], b: [[u8; 3]; 5] => y: Truth) ops::logical_xor(Portable, a, b, y);
    logical_not(x: [i16; 7] => y: [u8; 7]) ops::logical_not(Portable, x, y);
    clamp(x: X, least: f32 = -1.0..0.0, greatest: f32 = 0.0..1.0 => y: X) ops::clamp(Portable, x, *least, *greatest, y);
    clamp_backward(x: X, dy: X, least: f32 = -1.0..0.0, greatest: f32 = 0.0..1.0 => dx: X)
        ops::clamp_backward(Portable, x, dy, *least, *greatest, dx);
    where_(c: [[u8; 1]; 5], a: A, b: B => y: Y) ops::where_(Portable, c, a, b, y);
    where_backward(c: [[u8; 1]; 5], dy: Y => da: A, db: B) ops::where_backward(Portable, c, dy, da, db);

    exp(x: X => y: X) ops::exp(Portable, x, y);
    exp_backward(y: X, dy: X => dx: X) ops::exp_backward(Portable, y, dy, dx);
    expm1(x: X => y: X) ops::expm1(Portable, x, y);
    expm1_backward(y: X, dy: X => dx: X) ops::expm1_backward(Portable, y, dy, dx);
    log(x: X = 0.0..3.0 => y: X) ops::log(Portable, x, y);
    log_backward(x: X, dy: X => dx: X) ops::log_backward(Portable, x, dy, dx);
    log1p(x: X = -0.9..3.0 => y: X) ops::log1p(Portable, x, y);
    log1p_backward(x: X, dy: X => dx: X) ops::log1p_backward(Portable, x, dy, dx);
    sigmoid(x: X => y: X) ops::sigmoid(Portable, x, y);
    sigmoid_backward(y: X, dy: X => dx: X) ops::sigmoid_backward(Portable, y, dy, dx);
    tanh(x: X => y: X) ops::tanh(Portable, x, y);
    tanh_backward(y: X, dy: X => dx: X) ops::tanh_backward(Portable, y, dy, dx);
    erf(x: X => y: X) ops::erf(Portable, x, y);
    erf_backward(x: X, dy: X => dx: X) ops::erf_backward(Portable, x, dy, dx);
    square(x: X => y: X) ops::square(Portable, x, y);
    square_backward(x: X, dy: X => dx: X) ops::square_backward(Portable, x, dy, dx);
    reciprocal(x: X => y: X) ops::reciprocal(Portable, x, y);
    reciprocal_backward(y: X, dy: X => dx: X) ops::reciprocal_backward(Portable, y, dy, dx);
    sqrt(x: X = 0.0..3.0 => y: X) ops::sqrt(Portable, x, y);
    sqrt_backward(y: X = 0.0..3.0, dy: X => dx: X) ops::sqrt_backward(Portable, y, dy, dx);
    rsqrt(x: X = 0.0..3.0 => y: X) ops::rsqrt(Portable, x, y);
    rsqrt_backward(x: X = 0.0..3.0, dy: X => dx: X) ops::rsqrt_backward(Portable, x, dy, dx);
    abs(x: X => y: X) ops::abs(Portable, x, y);
    abs_backward(x: X, dy: X => dx: X) ops::abs_backward(Portable, x, dy, dx);
    neg(x: X => y: X) ops::neg(Portable, x, y);
    neg_backward(x: X, dy: X => dx: X) ops::neg_backward(Portable, x, dy, dx);
    sign(x: X => y: X) ops::sign(Portable, x, y);
    ceil(x: X => y: X) ops::ceil(Portable, x, y);
    floor(x: X => y: X) ops::floor(Portable, x, y);
    round(x: X => y: X) ops::round(Portable, x, y);
    sin(x: X => y: X) ops::sin(Portable, x, y);
    sin_backward(x: X, dy: X => dx: X) ops::sin_backward(Portable, x, dy, dx);
    cos(x: X => y: X) ops::cos(Portable, x, y);
    cos_backward(x: X, dy: X => dx: X) ops::cos_backward(Portable, x, dy, dx);

    dropout(x: X, mask: [[u8; 3]; 5], p: f32 = 0.0..1.0 => y: X) ops::dropout(Portable, x, mask, *p, y);
    dropout_backward(mask: [[u8; 3]; 5], dy: X, p: f32 = 0.0..1.0 => dx: X)
        ops::dropout_backward(Portable, mask, dy, *p, dx);
    rotary_embedding(x: [[[f32; 4]; 3]; 2], cos: [[f32; 2]; 3], sin: [[f32; 2]; 3] => y: [[[f32; 4]; 3]; 2])
        ops::rotary_embedding(Portable, x, cos, sin, Dim::<-2>, Pairing::Neighbours, y);
    rotary_embedding_backward(cos: [[f32; 2]; 3], sin: [[f32; 2]; 3], dy: [[[f32; 4]; 3]; 2] => dx: [[[f32; 4]; 3]; 2])
        ops::rotary_embedding_backward(Portable, cos, sin, dy, Dim::<-2>, Pairing::Halves, dx);
}
