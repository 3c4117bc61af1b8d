//! Softmax.

use tensorlet::{
    Kernels, Layer, Tensor,
    quantized::{Multiplier, Softmax, int16},
};

use super::{bytes, compare, elements, integer, quantization};
use crate::{Adapter, case::Case};

fn multiplier(case: &Case) -> Multiplier {
    Multiplier {
        multiplier: integer(case, "input_mult").expect("a multiplier"),
        shift: integer(case, "input_left_shift").expect("a shift"),
    }
}

/// Rows of `N` elements.
pub(crate) struct Rows<const N: usize>;

impl<const N: usize> Adapter for Rows<N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let scale = multiplier(case);
        let least = integer(case, "diff_min").expect("the smallest difference");
        let softmax = Softmax::from_multiplier(scale, least).unwrap_or_else(|error| panic!("{error}"));
        if let (Some(x), Some(beta)) = (quantization(case, "in0"), case.attributes()["options"]["beta"].as_f64()) {
            let same = Softmax::from_scales(x, beta as f32);
            assert!(same.is_ok_and(|same| same == softmax), "the scales give other exponentials");
        }
        let x = bytes(case, "in.x");
        let x = <[i8; N]>::view(&x);
        let mut arena = vec![0.0; <Softmax as Layer<[i8; N]>>::PEAK * x.len()];
        compare(case, "out.y", softmax.forward(k, x, &mut arena).expect("all is large enough"));
    }
}

/// Rows of `N` elements of int16.
pub(crate) struct WideRows<const N: usize>;

impl<const N: usize> Adapter for WideRows<N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let softmax = int16::Softmax::from_multiplier(multiplier(case)).unwrap_or_else(|error| panic!("{error}"));
        let x = elements(case, "in.x");
        let x = <[i16; N]>::view(&x);
        let mut arena = vec![0.0; <int16::Softmax as Layer<[i16; N]>>::PEAK * x.len()];
        compare(case, "out.y", softmax.forward(k, x, &mut arena).expect("all is large enough"));
    }
}
