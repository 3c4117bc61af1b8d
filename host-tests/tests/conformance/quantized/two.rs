//! Layers with two inputs.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Layer, Tensor,
    quantized::{Add, AddParameters, Binary, CompactAdd, Integer, Maximum, Minimum, Mul, MulParameters, Multiplier},
};

use super::{compare, elements, fused, integer, quantization};
use crate::{Adapter, case::Case};

/// A layer as the case's numbers say.
pub(crate) trait OfCase: Sized {
    fn of(case: &Case) -> Self;
}

/// A number among the attributes.
fn number(case: &Case, name: &str) -> i32 {
    integer(case, name).unwrap_or_else(|| panic!("no attribute {name}"))
}

fn multiplier(case: &Case, name: &str) -> Multiplier {
    let (multiplier, shift) = (number(case, &format!("{name}_mult")), number(case, &format!("{name}_shift")));
    Multiplier { multiplier, shift }
}

fn sum(case: &Case) -> AddParameters {
    AddParameters {
        left_shift: number(case, "left_shift").try_into().expect("a shift to the left"),
        zero: ["input1_offset", "input2_offset"].map(|name| -number(case, name)),
        inputs: ["input1", "input2"].map(|name| multiplier(case, name)),
        output: multiplier(case, "output"),
        output_zero: number(case, "output_offset"),
        min: number(case, "out_activation_min"),
        max: number(case, "out_activation_max"),
    }
}

fn product(case: &Case) -> MulParameters {
    MulParameters {
        zero: ["input1_offset", "input2_offset"].map(|name| -number(case, name)),
        output: multiplier(case, "output"),
        output_zero: number(case, "output_offset"),
        min: number(case, "out_activation_min"),
        max: number(case, "out_activation_max"),
    }
}

/// A layer with numbers: from multipliers, and the same from scales where the case has them.
macro_rules! scaled {
    ($($layer:ty: $make:ident $parameters:ident),+ $(,)?) => {$(
        impl OfCase for $layer {
            fn of(case: &Case) -> Self {
                let layer = Self::$make($parameters(case)).unwrap_or_else(|error| panic!("{error}"));
                let [a, b, y] = ["in0", "in1", "out"].map(|name| quantization(case, name));
                if let (Some(a), Some(b), Some(y), Some(fused)) = (a, b, y, fused(case)) {
                    let same = Self::from_scales([a, b], y, fused);
                    assert!(same.is_ok_and(|same| same == layer), "the scales give other multipliers");
                }
                layer
            }
        }
    )+};
}

scaled!(
    Add: from_multipliers sum,
    CompactAdd<i8>: from_multipliers sum,
    CompactAdd<i16>: from_multipliers sum,
    Mul<i8>: from_multiplier product,
    Mul<i16>: from_multiplier product,
);

macro_rules! unscaled {
    ($($layer:ty),+) => {$(
        impl OfCase for $layer {
            fn of(_: &Case) -> Self {
                Self::NEW
            }
        }
    )+};
}

unscaled!(Minimum<i8>, Minimum<i16>, Maximum<i8>, Maximum<i16>);

/// Whole tensors `A` and `B`, broadcast to `Y`.
pub(crate) struct Two<A, B, Y, L>(PhantomData<(A, B, Y, L)>);

impl<T, A, B, Y, L> Adapter for Two<A, B, Y, L>
where
    T: Integer + TryFrom<i64> + Into<i64>,
    A: Tensor<Elem = T>,
    B: Tensor<Elem = T>,
    Y: Tensor<Elem = T>,
    L: OfCase + Binary<T> + Layer<[Y; 2], Out = Y>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let layer = Box::new(L::of(case));
        let (a, b) = (elements(case, "in.x1"), elements(case, "in.x2"));
        let (a_tensors, b_tensors) = (A::view(&a), B::view(&b));
        let mut y = vec![Y::ZERO; a_tensors.len()];
        layer.apply2(k, a_tensors, b_tensors, &mut y);
        compare(case, "out.y", &y);
        if A::SHAPE != B::SHAPE {
            return;
        }
        // In place, and as a layer of one input.
        y.copy_from_slice(Y::view(&a));
        layer.apply_onto(k, Y::view(&b), &mut y);
        compare(case, "out.y", &y);
        let both = [a, b].concat();
        let mut arena = vec![0.0; L::PEAK];
        let y = layer.forward(k, <[Y; 2]>::view(&both), &mut arena).expect("all is large enough");
        compare(case, "out.y", y);
    }
}

/// A case through two adapters.
pub(crate) struct Both<A, B>(PhantomData<(A, B)>);

impl<A: Adapter, B: Adapter> Adapter for Both<A, B> {
    fn run<K: Kernels>(k: K, case: &Case) {
        A::run(k, case);
        B::run(k, case);
    }
}
