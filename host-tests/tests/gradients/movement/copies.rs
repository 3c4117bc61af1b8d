//! The same elements several times: expanding, repeating, padding.

use tensorlet::{
    Tensor,
    ops::{self, Circular, Constant, Dim, Pad, PadMode, Pads, Reflect, Replicate},
};
use tensorlet_host::reference::{
    movement::{Margin, pad, pick},
    wide,
};

use super::{A35, A234, check, numbers, poison, shape};

#[test]
fn expand() {
    type Y = [[[[f32; 4]; 3]; 2]; 5];
    check::<[[[f32; 1]; 3]; 1], Y>(ops::expand, ops::expand_backward, |x| {
        pick(x, &[1, 3, 1], shape::<Y>(), 0.0, |p| Some(vec![0, p[2], 0]))
    });
    check::<f32, [[f32; 3]; 2]>(ops::expand, ops::expand_backward, |x| vec![x[0]; 6]);
    check::<A35, A35>(ops::expand, ops::expand_backward, <[f64]>::to_vec);
}

#[test]
fn repeat() {
    type Y = [[[f32; 6]; 6]; 2];
    check::<[[f32; 2]; 3], Y>(ops::repeat, ops::repeat_backward, |x| {
        pick(x, &[3, 2], shape::<Y>(), 0.0, |p| Some(vec![p[1] % 3, p[2] % 2]))
    });
    // All of six dimensions: as many loops as there can be.
    type X6 = [[[[[[f32; 2]; 2]; 2]; 2]; 2]; 2];
    type Y6 = [[[[[[f32; 4]; 4]; 4]; 4]; 4]; 4];
    let (x, mut y) = (numbers::<X6>(3), Box::new(poison::<Y6>()));
    ops::repeat(&x, &mut *y);
    let expected = pick(&wide(x.elements()), &[2; 6], &[4; 6], 0.0, |p| Some(p.iter().map(|i| i % 2).collect()));
    assert_eq!(wide(y.elements()), expected);
}

#[test]
fn repeat_interleave() {
    check::<A234, [[[f32; 4]; 9]; 2]>(
        |x, y| ops::repeat_interleave(x, Dim::<1>, y),
        |dy, dx| ops::repeat_interleave_backward(dy, Dim::<1>, dx),
        |x| pick(x, &[2, 3, 4], &[2, 9, 4], 0.0, |p| Some(vec![p[0], p[1] / 3, p[2]])),
    );
}

fn check_pad<P: Pads, M: PadMode<f32>, X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(pads: P, mode: M, margin: Margin) {
    let mut before = vec![0; X::SHAPE.rank()];
    before.iter_mut().rev().zip(P::MARGINS).for_each(|(before, margin)| *before = margin[0]);
    check::<X, Y>(
        |x, y| ops::pad(x, pads, mode, y),
        |dy, dx| ops::pad_backward(dy, pads, mode, dx),
        |x| pad(x, shape::<X>(), shape::<Y>(), &before, margin),
    );
}

#[test]
fn pads_of_all_modes() {
    macro_rules! all_modes {
        ($($pads:expr => $x:ty, $y:ty;)+) => {$(
            check_pad::<_, _, $x, $y>($pads, Constant(0.0), Margin::Constant(0.0));
            check_pad::<_, _, $x, $y>($pads, Reflect, Margin::Reflect);
            check_pad::<_, _, $x, $y>($pads, Replicate, Margin::Replicate);
            check_pad::<_, _, $x, $y>($pads, Circular, Margin::Circular);
        )+};
    }
    all_modes! {
        Pad::<3, 2> => [f32; 4], [f32; 9];
        (Pad::<1, 3>, Pad::<2, 0>, Pad::<0, 1>) => A234, [[[f32; 8]; 5]; 3];
        // Cut off at one end.
        (Pad::<-1, 1>, Pad::<1, -2>) => A234, [[[f32; 4]; 2]; 2];
    }
    check_pad::<_, _, [f32; 3], [f32; 6]>(Pad::<3, 0>, Circular, Margin::Circular);
    check_pad::<_, _, [f32; 3], [f32; 14]>(Pad::<5, 6>, Replicate, Margin::Replicate);
    let mut y = [0.0; 5];
    ops::pad(&[1.0, 2.0], Pad::<1, 2>, Constant(f32::INFINITY), &mut y);
    assert_eq!(y, [f32::INFINITY, 1.0, 2.0, f32::INFINITY, f32::INFINITY]);
}
