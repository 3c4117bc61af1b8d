//! Products of two tensors of integers.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    quantized::{Integer, Matmul, MatmulParameters, Multiplier},
};

use super::{compare, integer};
use crate::{Adapter, case::Case};

/// `A` times `B` is `Y`, the factors transposed or not.
pub(crate) struct Products<const TA: bool, const TB: bool, T, A, B, Y>(PhantomData<(T, A, B, Y)>);

impl<const TA: bool, const TB: bool, T, A, B, Y> Adapter for Products<TA, TB, T, A, B, Y>
where
    T: Integer + TryFrom<i64, Error: std::fmt::Debug> + Into<i64>,
    A: Tensor<Elem = T>,
    B: Tensor<Elem = T>,
    Y: Tensor<Elem = T>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let number = |name: &str| integer(case, name).unwrap_or_else(|| panic!("no attribute {name}"));
        let tensor = |name: &str| -> Vec<T> {
            case.integers(name).into_iter().map(|x| T::try_from(x).expect("a number of the type")).collect()
        };
        let matmul = Matmul::<TA, TB, T>::from_multiplier(MatmulParameters {
            zero: [-number("lhs_offset"), -number("rhs_offset")],
            scale: Multiplier { multiplier: number("output_multiplier"), shift: number("output_shift") },
            output_zero: number("output_offset"),
            min: number("activation_min"),
            max: number("activation_max"),
        });
        let (a, b) = (tensor("in.lhs"), tensor("in.rhs"));
        let mut y = vec![Y::ZERO];
        matmul.expect("parameters in range").apply(k, &A::view(&a)[0], &B::view(&b)[0], &mut y[0]);
        compare(case, "out.y", &y);
    }
}
