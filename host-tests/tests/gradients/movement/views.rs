//! The same elements with another shape.

use tensorlet::ops::{self, Dim};

use super::{A234, numbers};

#[test]
fn views_keep_elements_and_their_order() {
    let mut x = numbers::<A234>(1);
    let flat: [f32; 24] = *ops::reshape(&x);
    assert_eq!(flat, *x.as_flattened().as_flattened());
    assert_eq!(*ops::flatten::<_, 1, 2, [[f32; 12]; 2]>(&x, Dim, Dim).as_flattened(), flat);
    let wide: &[[[[f32; 4]; 3]; 1]; 2] = ops::unsqueeze(&x, Dim::<1>);
    assert_eq!(wide, &[[x[0]], [x[1]]]);
    let narrow: &A234 = ops::squeeze(wide, Dim::<-3>);
    assert_eq!(narrow, &x);
    assert_eq!((ops::numel(&x), ops::item(&[[x[1][2][3]]])), (24, flat[23]));
    let turned: &mut [[f32; 2]; 12] = ops::reshape_mut(&mut x);
    turned[11] = [7.0, 8.0];
    assert_eq!(x[1][2], [flat[20], flat[21], 7.0, 8.0]);
}
