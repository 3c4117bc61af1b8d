//! The largest and smallest elements.

use tensorlet::{
    Tensor,
    ops::{self, Dim},
};
use tensorlet_host::reference::movement::{places, position, topk, with};

use super::{A234, gradient, numbers, poison, shape};

/// Compares values and places along a dimension with the reference.
fn check_topk<X: Tensor<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>, I: Tensor<Elem = u8>>(x: &X, dim: Dim<D>) {
    for largest in [true, false] {
        let (mut values, mut indices) = (poison::<Y>(), I::ZERO);
        ops::topk(x, dim, largest, &mut values, &mut indices);
        let (d, from, to) = (D as usize, shape::<X>(), shape::<Y>());
        for place in places(to).iter().filter(|place| place[d] == 0) {
            let lane: Vec<f64> =
                (0..from[d]).map(|i| f64::from(x.elements()[position(from, &with(place, d, i))])).collect();
            for (i, expected) in topk(&lane, to[d], largest).into_iter().enumerate() {
                let at = position(to, &with(place, d, i));
                assert_eq!(usize::from(indices.elements()[at]), expected, "{lane:?}, {largest}");
                let (got, expected) = (f64::from(values.elements()[at]), lane[expected]);
                assert!(got == expected || got.is_nan() && expected.is_nan());
            }
        }
    }
}

#[test]
fn topk_of_all_dimensions() {
    let x = numbers::<A234>(1);
    check_topk::<_, 0, [[[f32; 4]; 3]; 1], [[[u8; 4]; 3]; 1]>(&x, Dim);
    check_topk::<_, 1, [[[f32; 4]; 3]; 2], [[[u8; 4]; 3]; 2]>(&x, Dim);
    check_topk::<_, 2, [[[f32; 3]; 3]; 2], [[[u8; 3]; 3]; 2]>(&x, Dim);
    // Ties, infinities and NaN.
    let odd = [2.0, f32::NAN, 2.0, f32::INFINITY, -1.0, f32::NAN, f32::NEG_INFINITY, 2.0];
    check_topk::<_, 0, [f32; 8], [u8; 8]>(&odd, Dim);
    check_topk::<_, 0, [f32; 5], [u8; 5]>(&odd, Dim);
    let (mut values, mut indices) = ([0.0; 2], [0_u8; 2]);
    ops::topk(&[3.0, 1.0, 2.0, 5.0, 4.0], Dim::<0>, true, &mut values, &mut indices);
    gradient::<[f32; 5], [f32; 2]>(
        &[3.0, 1.0, 2.0, 5.0, 4.0],
        |dy, dx| ops::topk_backward(&indices, dy, Dim::<0>, dx).expect("places"),
        |x| vec![x[3], x[4]],
    );
}
