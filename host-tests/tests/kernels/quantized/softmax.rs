//! Softmax.

use proptest::prelude::*;
use tensorlet::{
    Kernels,
    quantized::{Multiplier, Quantization, QuantizedLayer, Softmax, int16},
};
use tensorlet_host::{
    framed::FramedIntegers,
    reference::quantized::{
        Scale,
        softmax::{Wide, softmax},
    },
};

use super::{
    super::property::{Outcome, property, worst},
    integers, multiplier, same, scale, wide,
};

/// Rows of `N` elements.
fn rows<K: Kernels, const N: usize>(k: K) -> Outcome {
    let x = (1_usize..=3).prop_flat_map(|n| integers::<i8>(n * N)).boxed();
    let check = |layer: &Softmax, scale: Scale, least: i64, x: &[i8]| {
        let want: Vec<i64> = wide(x).chunks(N).flat_map(|x| softmax(x, scale, least)).collect();
        let (x, mut y) = (FramedIntegers::new(x), FramedIntegers::poisoned(want.len()));
        layer.apply(k, x.get().as_chunks::<N>().0, y.get_mut().as_chunks_mut::<N>().0, &mut []);
        same(&y, &want)
    };
    let by_multiplier = property((x.clone(), multiplier(19..=25), -255_i32..=0).boxed(), &|(x, by, least)| {
        // So that differences stay below 32.
        let least = least.max(-(31 << 26 >> by.shift));
        let layer = Softmax::from_multiplier(by, least).map_err(|error| error.to_string())?;
        check(&layer, scale(by), least.into(), &x)
    });
    let by_scale = property((x, 1e-4_f32..2.0, any::<i8>()).boxed(), &|(x, real, zero)| {
        let by = Scale::nearest(f64::from(real) * 2_f64.powi(26));
        let least = -((31_i64 << 26) >> by.shift);
        let layer = Softmax::from_scales(Quantization::new(real, zero.into()), 1.0);
        check(&layer.map_err(|error| error.to_string())?, by, least, &x)
    });
    worst([by_multiplier, by_scale])
}

pub(crate) fn softmax_i8<K: Kernels>(k: K) -> Outcome {
    worst([rows::<K, 1>(k), rows::<K, 3>(k), rows::<K, 10>(k), rows::<K, 17>(k), rows::<K, 64>(k), rows::<K, 400>(k)])
}

/// Rows of `N` elements of int16.
fn wide_rows<K: Kernels, const N: usize>(k: K) -> Outcome {
    let reference = Wide::default();
    let x = (1_usize..=3).prop_flat_map(|n| integers::<i16>(n * N));
    // Numbers as they come are far apart; some rows are close together.
    let values = (x, 0_u32..15, multiplier(-12..=6)).boxed();
    property(values, &|(x, closer, by)| {
        let layer = int16::Softmax::from_multiplier(by).map_err(|error| error.to_string())?;
        let x: Vec<i16> = x.iter().map(|x| x >> closer).collect();
        let want: Vec<i64> = wide(&x).chunks(N).flat_map(|x| reference.of(x, scale(by))).collect();
        let (x, mut y) = (FramedIntegers::new(&x), FramedIntegers::poisoned(want.len()));
        layer.apply(k, x.get().as_chunks::<N>().0, y.get_mut().as_chunks_mut::<N>().0, &mut []);
        same(&y, &want)
    })
}

pub(crate) fn softmax_i16<K: Kernels>(k: K) -> Outcome {
    worst([wide_rows::<K, 1>(k), wide_rows::<K, 3>(k), wide_rows::<K, 10>(k), wide_rows::<K, 65>(k)])
}

/// With more than 511 largest elements all shares are below a half of 1/256.
#[test]
fn a_long_row_of_equal_elements_has_no_shares() {
    let softmax = Softmax::from_multiplier(Multiplier { multiplier: 1 << 30, shift: 20 }, -100).expect("a softmax");
    let mut y = [[0_i8; 1000]];
    softmax.apply(tensorlet::Portable, &[[5_i8; 1000]], &mut y, &mut []);
    assert_eq!(y, [[-128; 1000]]);
    let mut y = [[0_i8; 300]];
    softmax.apply(tensorlet::Portable, &[[5_i8; 300]], &mut y, &mut []);
    assert_eq!(y, [[-127; 300]]);
}
