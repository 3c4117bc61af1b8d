//! The order of elements, and triangles.

use tensorlet::{
    Tensor,
    ops::{self, All, Dim},
};
use tensorlet_host::reference::movement::{pick, places, position, with};

use super::{A35, A234, check, numbers, shape};

#[test]
fn permute() {
    type Y = [[[f32; 3]; 2]; 4];
    check::<A234, Y>(
        |x, y| ops::permute(x, (Dim::<2>, Dim::<0>, Dim::<-2>), y),
        |dy, dx| ops::permute_backward(dy, (Dim::<2>, Dim::<0>, Dim::<-2>), dx),
        |x| pick(x, &[2, 3, 4], &[4, 2, 3], 0.0, |p| Some(vec![p[1], p[2], p[0]])),
    );
    type X6 = [[[[[[f32; 2]; 1]; 3]; 2]; 1]; 2];
    type Y6 = [[[[[[f32; 1]; 2]; 2]; 1]; 2]; 3];
    let dims = (Dim::<3>, Dim::<0>, Dim::<4>, Dim::<2>, Dim::<5>, Dim::<1>);
    check::<X6, Y6>(
        |x, y| ops::permute(x, dims, y),
        |dy, dx| ops::permute_backward(dy, dims, dx),
        |x| pick(x, shape::<X6>(), shape::<Y6>(), 0.0, |p| Some(vec![p[1], p[5], p[3], p[0], p[2], p[4]])),
    );
}

#[test]
fn transpose() {
    check::<A234, [[[f32; 2]; 3]; 4]>(
        |x, y| ops::transpose(x, Dim::<0>, Dim::<2>, y),
        |dy, dx| ops::transpose_backward(dy, Dim::<0>, Dim::<2>, dx),
        |x| pick(x, &[2, 3, 4], &[4, 3, 2], 0.0, |p| Some(vec![p[2], p[1], p[0]])),
    );
    check::<A35, [[f32; 3]; 5]>(ops::t, ops::t_backward, |x| {
        pick(x, &[3, 5], &[5, 3], 0.0, |p| Some(vec![p[1], p[0]]))
    });
}

#[test]
fn flip() {
    check::<A234, A234>(
        |x, y| ops::flip(x, (Dim::<0>, Dim::<2>), y),
        |dy, dx| ops::flip_backward(dy, (Dim::<0>, Dim::<2>), dx),
        |x| pick(x, &[2, 3, 4], &[2, 3, 4], 0.0, |p| Some(vec![1 - p[0], p[1], 3 - p[2]])),
    );
    check::<A234, A234>(
        |x, y| ops::flip(x, All, y),
        |dy, dx| ops::flip_backward(dy, All, dx),
        |x| x.iter().rev().copied().collect(),
    );
}

#[test]
fn roll() {
    for shift in [-13, -3, -1, 0, 1, 2, 3, 4, 13, isize::MIN, isize::MAX] {
        let turned = |i: usize| (i as i128 - shift as i128).rem_euclid(3) as usize;
        check::<A234, A234>(
            |x, y| ops::roll(x, Dim::<1>, shift, y),
            |dy, dx| ops::roll_backward(dy, Dim::<1>, shift, dx),
            |x| pick(x, &[2, 3, 4], &[2, 3, 4], 0.0, |p| Some(with(p, 1, turned(p[1])))),
        );
    }
}

#[test]
fn triangles() {
    for diagonal in [-9, -2, -1, 0, 1, 2, 9, isize::MIN, isize::MAX] {
        let distance = |p: &[usize]| p[2] as isize - p[1] as isize;
        check::<A234, A234>(
            |x, y| ops::tril(x, diagonal, y),
            |dy, dx| ops::tril_backward(dy, diagonal, dx),
            |x| pick(x, &[2, 3, 4], &[2, 3, 4], 0.0, |p| (distance(p) <= diagonal).then(|| p.to_vec())),
        );
        check::<A234, A234>(
            |x, y| ops::triu(x, diagonal, y),
            |dy, dx| ops::triu_backward(dy, diagonal, dx),
            |x| pick(x, &[2, 3, 4], &[2, 3, 4], 0.0, |p| (distance(p) >= diagonal).then(|| p.to_vec())),
        );
    }
}

#[test]
fn pixels_and_channels() {
    const R: usize = 3;
    type Deep = [[[[f32; 2]; 1]; 18]; 2];
    type Wide = [[[[f32; 6]; 3]; 2]; 2];
    let (deep, large) = (shape::<Deep>(), shape::<Wide>());
    // The channel of the deep tensor, by what it counts first.
    let channel_first = |c: usize, i: usize, j: usize| (c * R + i) * R + j;
    let block_first = |c: usize, i: usize, j: usize| (i * R + j) * 2 + c;
    let to_space = |x: &[f64], channel: &dyn Fn(usize, usize, usize) -> usize| {
        pick(x, deep, large, 0.0, |p| Some(vec![p[0], channel(p[1], p[2] % R, p[3] % R), p[2] / R, p[3] / R]))
    };
    let to_depth = |x: &[f64], channel: &dyn Fn(usize, usize, usize) -> usize| {
        let mut y = vec![0.0; Deep::LEN];
        for p in places(large) {
            let at = [p[0], channel(p[1], p[2] % R, p[3] % R), p[2] / R, p[3] / R];
            y[position(deep, &at)] = x[position(large, &p)];
        }
        y
    };
    check::<Deep, Wide>(ops::pixel_shuffle, ops::pixel_shuffle_backward, |x| to_space(x, &channel_first));
    check::<Wide, Deep>(ops::pixel_unshuffle, ops::pixel_unshuffle_backward, |x| to_depth(x, &channel_first));
    check::<Deep, Wide>(ops::depth_to_space, ops::depth_to_space_backward, |x| to_space(x, &block_first));
    check::<Wide, Deep>(ops::space_to_depth, ops::space_to_depth_backward, |x| to_depth(x, &block_first));
}

#[test]
fn views_are_the_same_elements() {
    let mut x = numbers::<A234>(1);
    let before = x;
    let flat: &[f32; 24] = ops::reshape(&x);
    assert_eq!((flat.as_slice(), flat.as_ptr()), (before.elements(), x.elements().as_ptr()));
    let rows: &[[f32; 12]; 2] = ops::flatten(&x, Dim::<1>, Dim::<-1>);
    let all: &[f32; 24] = ops::flatten(&x, Dim::<0>, Dim::<2>);
    let front: &[[f32; 4]; 6] = ops::flatten(&x, Dim::<-3>, Dim::<1>);
    assert_eq!([rows.elements(), all, front.elements()], [before.elements(); 3]);
    let thin: &[[[[f32; 4]; 3]; 1]; 2] = ops::unsqueeze(&x, Dim::<1>);
    let last: &[[[[f32; 1]; 4]; 3]; 2] = ops::unsqueeze(&x, Dim::<-1>);
    let back: &A234 = ops::squeeze(thin, Dim::<-3>);
    let again: &A234 = ops::squeeze(last, Dim::<3>);
    assert_eq!((*back, *again), (before, before));
    // The gradient of a view is a view of the gradient.
    let dx: &mut [[f32; 6]; 4] = ops::reshape_mut(&mut x);
    dx[3][5] += 1.0;
    assert_eq!(x[1][2][3], before[1][2][3] + 1.0);
    assert_eq!((ops::numel(&x), ops::numel(&7), ops::item(&[[[7]]]), ops::item(&0.5_f32)), (24, 1, 7, 0.5));
}
