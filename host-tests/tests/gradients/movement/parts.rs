//! Parts of tensors.

use tensorlet::{
    Error, Tensor,
    ops::{self, All, Dim, Slice},
};
use tensorlet_host::reference::{
    movement::{pick, places},
    wide,
};

use super::{A35, A234, check, numbers, poison, shape};

#[test]
fn slice() {
    let part = (Slice::<-1, { isize::MIN }, -1>, All, Slice::<1, 100, 2>);
    check::<A234, [[[f32; 2]; 3]; 2]>(
        |x, y| ops::slice(x, part, y),
        |dy, dx| ops::slice_backward(dy, part, dx),
        |x| pick(x, &[2, 3, 4], &[2, 3, 2], 0.0, |p| Some(vec![1 - p[0], p[1], 1 + 2 * p[2]])),
    );
    check::<[f32; 20], [f32; 5]>(
        |x, y| ops::slice(x, Slice::<-3, 2, -3>, y),
        |dy, dx| ops::slice_backward(dy, Slice::<-3, 2, -3>, dx),
        |x| [17, 14, 11, 8, 5].map(|i| x[i]).to_vec(),
    );
}

#[test]
fn narrow() {
    for start in 0..3 {
        check::<A234, [[[f32; 2]; 3]; 2]>(
            |x, y| ops::narrow(x, Dim::<2>, start, y).expect("a place"),
            |dy, dx| ops::narrow_backward(dy, Dim::<2>, start, dx).expect("a place"),
            |x| pick(x, &[2, 3, 4], &[2, 3, 2], 0.0, |p| Some(vec![p[0], p[1], start + p[2]])),
        );
    }
    let (mut x, mut y) = (numbers::<A234>(1), [[[7.0; 2]; 3]; 2]);
    let error = Err(Error::IndexOutOfRange { position: 0, index: 4, entries: 4 });
    assert_eq!(ops::narrow(&x, Dim::<2>, 3, &mut y), error);
    assert_eq!(y, [[[7.0; 2]; 3]; 2]);
    let before = x;
    assert_eq!(ops::narrow_backward(&y, Dim::<2>, 3, &mut x), error);
    assert!(ops::narrow_backward(&y, Dim::<2>, usize::MAX, &mut x).is_err());
    assert_eq!(x, before);
}

#[test]
fn cat_and_split() {
    type B = [[[f32; 4]; 1]; 2];
    type Y = [[[f32; 4]; 7]; 2];
    let (a, b, mut y) = (numbers::<A234>(1), numbers::<B>(2), poison::<Y>());
    ops::cat((&a, &b, &a), Dim::<-2>, &mut y);
    let from = |p: &[usize]| match p[1] {
        i @ 0..3 => f64::from(a[p[0]][i][p[2]]),
        3 => f64::from(b[p[0]][0][p[2]]),
        i => f64::from(a[p[0]][i - 4][p[2]]),
    };
    let expected: Vec<f64> = places(shape::<Y>()).iter().map(|p| from(p)).collect();
    assert_eq!(wide(y.elements()), expected);

    let (mut c, mut d, mut e) = (poison::<A234>(), poison::<B>(), poison::<A234>());
    ops::split(&y, Dim::<1>, (&mut c, &mut d, &mut e));
    assert_eq!((c, d, e), (a, b, a));

    // The gradient of one is the other, added.
    ops::cat_backward(&y, Dim::<1>, (&mut c, &mut d, &mut e));
    let doubled = |x: &[f32], y: &[f32]| x.iter().zip(y).all(|(x, y)| 2.0 * x == *y);
    assert!(doubled(a.elements(), c.elements()) && doubled(b.elements(), d.elements()));
    let mut twice = y;
    ops::split_backward((&a, &b, &a), Dim::<1>, &mut twice);
    assert!(doubled(y.elements(), twice.elements()));
}

#[test]
fn stack_and_unbind() {
    type Y<const N: usize> = [[[f32; 5]; N]; 3];
    let parts: [A35; 4] = std::array::from_fn(|i| numbers(i as u64));
    let mut y = poison::<Y<4>>();
    ops::stack(parts.each_ref(), Dim::<1>, &mut y);
    let expected: Vec<f64> = places(&[3, 4, 5]).iter().map(|p| f64::from(parts[p[1]][p[0]][p[2]])).collect();
    assert_eq!(wide(y.elements()), expected);

    let mut back = [poison::<A35>(); 4];
    ops::unbind(&y, Dim::<1>, back.each_mut());
    assert_eq!(back, parts);
    let doubled = |x: &[f32], y: &[f32]| x.iter().zip(y).all(|(x, y)| 2.0 * x == *y);
    ops::stack_backward(&y, Dim::<1>, back.each_mut());
    assert!(doubled(<[[f32; 5]; 3]>::flat(&parts), <[[f32; 5]; 3]>::flat(&back)));
    let mut twice = y;
    ops::unbind_backward(parts.each_ref(), Dim::<1>, &mut twice);
    assert!(doubled(y.elements(), twice.elements()));
}
