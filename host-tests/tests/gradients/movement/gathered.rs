//! Elements that an index names.

use tensorlet::{
    Error, Tensor,
    ops::{self, Batch, Dim, Reduce},
};
use tensorlet_host::reference::{
    movement::{pick, places, position, with},
    wide,
};

use super::{A35, A234, check, numbers};

#[test]
fn gather() {
    let index = [[[2_u8, 0, 1], [1, 1, 2]]];
    check::<A234, [[[f32; 3]; 2]; 1]>(
        |x, y| ops::gather(x, &index, Dim::<1>, y).expect("places"),
        |dy, dx| ops::gather_backward(&index, dy, Dim::<1>, dx).expect("places"),
        |x| {
            let named = |p: &[usize]| usize::from(index[p[0]][p[1]][p[2]]);
            pick(x, &[2, 3, 4], &[1, 2, 3], 0.0, |p| Some(with(p, 1, named(p))))
        },
    );
}

/// `y` with `x` put or added where the index says.
fn scattered(x: &[f64], y: &[f64], index: &[[i8; 2]; 2], add: bool) -> Vec<f64> {
    let mut y = y.to_vec();
    for p in places(&[2, 2]) {
        let at = position(&[3, 2], &[index[p[0]][p[1]] as usize, p[1]]);
        let x = x[position(&[2, 2], &p)];
        y[at] = if add { y[at] + x } else { x };
    }
    y
}

#[test]
fn scatter() {
    type X = [[f32; 2]; 2];
    type Y = [[f32; 2]; 3];
    let (index, twice) = ([[2_i8, 0], [0, 1]], [[2_i8, 0], [2, 0]]);
    let before = wide(numbers::<Y>(7).elements());
    check::<X, Y>(
        |x, y| {
            *y = numbers(7);
            ops::scatter(x, &index, Dim::<0>, y).expect("places");
        },
        |dy, dx| ops::scatter_backward(&index, Dim::<0>, &mut { *dy }, dx).expect("places"),
        |x| scattered(x, &before, &index, false),
    );
    // The gradient of what was there before.
    let (x, dy) = (wide(numbers::<X>(1).elements()), numbers::<Y>(2));
    let mut left = dy;
    ops::scatter_backward(&index, Dim::<0>, &mut left, &mut { X::ZERO }).expect("places");
    let kept = scattered(&[0.0; 4], &[1.0; 6], &index, false);
    let expected: Vec<f64> = kept.iter().zip(wide(dy.elements())).map(|(kept, dy)| kept * dy).collect();
    assert_eq!(wide(left.elements()), expected);

    check::<X, Y>(
        |x, y| {
            *y = Y::ZERO;
            ops::scatter_add(x, &index, Dim::<0>, y).expect("places");
        },
        |dy, dx| ops::scatter_add_backward(&index, dy, Dim::<0>, dx).expect("places"),
        |x| scattered(x, &[0.0; 6], &index, true),
    );
    // Several for one place.
    let mut sum = [[0_i32; 2]; 3];
    ops::scatter_add(&[[1, 2], [3, 4]], &twice, Dim::<0>, &mut sum).expect("places");
    assert_eq!(sum, [[0, 6], [0, 0], [4, 0]]);
    let mut last = Y::ZERO;
    ops::scatter(&numbers::<X>(1), &twice, Dim::<0>, &mut last).expect("places");
    assert_eq!(wide(last.elements()), scattered(&x, &[0.0; 6], &twice, false));
    for (reduce, expected) in [(Reduce::Prod, [30, 2, 7]), (Reduce::Amax, [5, 2, 7]), (Reduce::Amin, [2, 2, 1])] {
        let mut y = [2, 2, 7];
        ops::scatter_reduce(&[3, 5, 1], &[0_u8, 0, 2], Dim::<0>, reduce, &mut y).expect("places");
        assert_eq!(y, expected, "{reduce:?}");
    }
}

#[test]
fn index_select() {
    let index = [[1_u16, 3, 3], [0, 2, 1]];
    check::<A234, [[[[f32; 3]; 2]; 3]; 2]>(
        |x, y| ops::index_select(x, &index, Dim::<2>, y).expect("places"),
        |dy, dx| ops::index_select_backward(&index, dy, Dim::<2>, dx).expect("places"),
        |x| {
            let named = |p: &[usize]| usize::from(index[p[2]][p[3]]);
            pick(x, &[2, 3, 4], &[2, 3, 2, 3], 0.0, |p| Some(vec![p[0], p[1], named(p)]))
        },
    );
    check::<A234, [[f32; 4]; 2]>(
        |x, y| ops::index_select(x, &2_u8, Dim::<1>, y).expect("places"),
        |dy, dx| ops::index_select_backward(&2_u8, dy, Dim::<1>, dx).expect("places"),
        |x| pick(x, &[2, 3, 4], &[2, 4], 0.0, |p| Some(vec![p[0], 2, p[1]])),
    );
}

#[test]
fn gather_nd() {
    let index = [[[2_u8, 0], [1, 1], [1, 3]]; 2];
    check::<A234, [[f32; 3]; 2]>(
        |x, y| ops::gather_nd(x, &index, Batch::<1>, y).expect("places"),
        |dy, dx| ops::gather_nd_backward(&index, dy, Batch::<1>, dx).expect("places"),
        |x| {
            pick(x, &[2, 3, 4], &[2, 3], 0.0, |p| {
                let row = index[p[0]][p[1]].map(usize::from);
                Some(vec![p[0], row[0], row[1]])
            })
        },
    );
    let index = [[1_u8], [1], [0]];
    check::<A234, [[[f32; 4]; 3]; 3]>(
        |x, y| ops::gather_nd(x, &index, Batch::<0>, y).expect("places"),
        |dy, dx| ops::gather_nd_backward(&index, dy, Batch::<0>, dx).expect("places"),
        |x| pick(x, &[2, 3, 4], &[3, 3, 4], 0.0, |p| Some(with(p, 0, usize::from(index[p[0]][0])))),
    );
}

#[test]
fn one_hot() {
    let index = [[1_i16, 4, 0], [3, 3, 2]];
    let mut y = [[[9_u8; 5]; 3]; 2];
    ops::one_hot(&index, &mut y).expect("classes");
    for p in places(&[2, 3, 5]) {
        assert_eq!(y[p[0]][p[1]][p[2]], u8::from(index[p[0]][p[1]] as usize == p[2]));
    }
    let mut y = [[[9.0_f32; 3]; 5]; 2];
    ops::one_hot_along(&index, Dim::<1>, [-1.0, 0.5], &mut y).expect("classes");
    for p in places(&[2, 5, 3]) {
        assert_eq!(y[p[0]][p[1]][p[2]], if index[p[0]][p[2]] as usize == p[1] { 0.5 } else { -1.0 });
    }
}

#[test]
fn indices_out_of_range_change_nothing() {
    let out = |position, index, entries| Err(Error::IndexOutOfRange { position, index, entries });
    let x = numbers::<A35>(1);
    for (bad, index) in [(3_i8, 3), (-1, -1), (i8::MIN, -128)] {
        let full = [[0_i8, 1, 2, 0, 1], [0, 1, bad, 0, 1]];
        let mut y = [[7.0; 5]; 2];
        assert_eq!(ops::gather(&x, &full, Dim::<0>, &mut y), out(7, index, 3));
        assert_eq!(ops::index_select(&x, &[2, bad], Dim::<0>, &mut y), out(1, index, 3));
        assert_eq!(ops::gather_nd(&x, &[[2], [bad]], Batch::<0>, &mut y), out(1, index, 3));
        assert_eq!(y, [[7.0; 5]; 2]);
        let mut z = x;
        assert_eq!(ops::gather_backward(&full, &y, Dim::<0>, &mut z), out(7, index, 3));
        assert_eq!(ops::scatter(&y, &full, Dim::<0>, &mut z), out(7, index, 3));
        assert_eq!(ops::scatter_add(&y, &full, Dim::<0>, &mut z), out(7, index, 3));
        assert_eq!(ops::scatter_reduce(&y, &full, Dim::<0>, Reduce::Prod, &mut z), out(7, index, 3));
        assert_eq!(ops::scatter_backward(&full, Dim::<0>, &mut z, &mut y), out(7, index, 3));
        assert_eq!(ops::scatter_add_backward(&full, &z, Dim::<0>, &mut y), out(7, index, 3));
        assert_eq!(ops::index_select_backward(&[2, bad], &y, Dim::<0>, &mut z), out(1, index, 3));
        assert_eq!(ops::gather_nd_backward(&[[2], [bad]], &y, Batch::<0>, &mut z), out(1, index, 3));
        assert_eq!(ops::topk_backward(&full, &y, Dim::<0>, &mut z), out(7, index, 3));
        assert_eq!((y, z), ([[7.0; 5]; 2], x));
        let mut hot = [[9_i8; 3]; 2];
        assert_eq!(ops::one_hot(&[2, bad], &mut hot), out(1, index, 3));
        assert_eq!(hot, [[9; 3]; 2]);
    }
}
