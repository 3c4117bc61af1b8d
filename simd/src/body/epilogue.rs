//! The activation behind the weights, on sums in registers.

use tensorlet::{kernel::Epilogue, math::lanes};

use crate::vector::Vector;

/// The activation of a vector of sums.
///
/// Two of the functions are long: where a tile has many vectors, call this in a loop over them that
/// stays one.
#[allow(dead_code, reason = "the kernels that end in it depend on the architecture")]
#[inline(always)]
pub(crate) fn finish<L: Vector>(l: L, epilogue: Epilogue, x: L::V) -> L::V {
    let zero = l.splat(0.0);
    match epilogue {
        Epilogue::Identity => x,
        Epilogue::Relu => l.select(l.le(x, zero), zero, x),
        Epilogue::Sigmoid => lanes::sigmoid(l, x),
        Epilogue::Tanh => lanes::tanh(l, x),
    }
}

/// The derivative where the activation has the values `y`.
#[inline(always)]
pub(crate) fn slope<L: Vector>(l: L, epilogue: Epilogue, y: L::V) -> L::V {
    let (zero, one) = (l.splat(0.0), l.splat(1.0));
    match epilogue {
        Epilogue::Identity => one,
        Epilogue::Relu => l.select(l.le(y, zero), zero, one),
        Epilogue::Sigmoid => l.mul(y, l.sub(one, y)),
        Epilogue::Tanh => l.sub(one, l.mul(y, y)),
    }
}
