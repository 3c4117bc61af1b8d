//! What is not a number, infinite, equal or extreme: as in PyTorch.

use tensorlet::{
    description::Window,
    kernel::{Kernels, Pool2dDims, Pool2dShape},
    windows,
};
use tensorlet_host::on_every_instruction_set;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// Equal, where NaN equals NaN.
#[track_caller]
fn same(got: &[f32], expected: &[f32]) {
    let equal = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
    assert!(got.len() == expected.len() && got.iter().zip(expected).all(equal), "{got:?} is not {expected:?}");
}

/// The values in the middle of zeros, at every position of a vector.
fn everywhere(values: &[f32], mut check: impl FnMut(Vec<f32>, usize)) {
    for start in 0..40 {
        let mut x = vec![0.0; start];
        x.extend_from_slice(values);
        x.resize(start + values.len() + 17, 0.0);
        check(x, start);
    }
}

fn relu<K: Kernels>(k: K) {
    everywhere(&[NAN, INF, -INF, -0.0, f32::MIN_POSITIVE, -1e-45], |mut x, start| {
        let (mut plain, mut mask) = (x.clone(), vec![0; x.len().div_ceil(32)]);
        k.relu(&mut plain);
        k.relu_masked(&mut x, &mut mask);
        same(&plain, &x);
        same(&x[start..start + 6], &[NAN, INF, 0.0, 0.0, f32::MIN_POSITIVE, 0.0]);

        let mut dy = vec![2.0; x.len()];
        k.relu_backward(&mut dy, &mask);
        let mut expected = vec![0.0; x.len()];
        for passes in [0, 1, 4] {
            expected[start + passes] = 2.0;
        }
        same(&dy, &expected);
    });
}

#[test]
fn relu_keeps_nan_and_passes_its_gradient() {
    on_every_instruction_set!(relu);
}

fn saturating<K: Kernels>(k: K) {
    everywhere(&[NAN, INF, -INF, 1e4, -1e4, 0.0], |x, start| {
        let (mut sigmoid, mut tanh) = (x.clone(), x);
        k.sigmoid(&mut sigmoid);
        same(&sigmoid[start..start + 6], &[NAN, 1.0, 0.0, 1.0, 0.0, 0.5]);
        k.tanh(&mut tanh);
        same(&tanh[start..start + 6], &[NAN, 1.0, -1.0, 1.0, -1.0, 0.0]);

        let dy = vec![3.0; tanh.len()];
        k.sigmoid_backward(&mut sigmoid, &dy);
        same(&sigmoid[start..start + 6], &[NAN, 0.0, 0.0, 0.0, 0.0, 0.75]);
        k.tanh_backward(&mut tanh, &dy);
        same(&tanh[start..start + 6], &[NAN, 0.0, 0.0, 0.0, 0.0, 3.0]);
    });
}

#[test]
fn sigmoid_and_tanh_saturate() {
    on_every_instruction_set!(saturating);
}

fn softmax<K: Kernels>(k: K) {
    let run = |x: &[f32]| {
        let mut x = x.to_vec();
        k.softmax(&mut x);
        x
    };
    same(&run(&[1e4, -1e4, 0.0]), &[1.0, 0.0, 0.0]);
    same(&run(&[1e4, 1e4]), &[0.5, 0.5]);
    same(&run(&[-1e4, -1e4, -1e4, -1e4]), &[0.25; 4]);
    same(&run(&[f32::MAX, -f32::MAX]), &[1.0, 0.0]);
    same(&run(&[-INF, 0.0, -INF, 0.0]), &[0.0, 0.5, 0.0, 0.5]);
    same(&run(&[0.0, NAN, 1.0]), &[NAN; 3]);
    same(&run(&[-INF, -INF]), &[NAN; 2]);
    same(&run(&[INF, 0.0]), &[NAN, NAN]);
    let mut wide = vec![-INF; 50];
    wide[41] = 2.0;
    assert_eq!(run(&wide).iter().position(|&p| p == 1.0), Some(41));
    same(&run(&[]), &[]);
}

#[test]
fn softmax_of_extreme_logits() {
    on_every_instruction_set!(softmax);
}

fn log_softmax<K: Kernels>(k: K) {
    let run = |x: &[f32]| {
        let mut x = x.to_vec();
        k.log_softmax(&mut x);
        x
    };
    same(&run(&[1e4, -1e4, 0.0]), &[0.0, -2e4, -1e4]);
    same(&run(&[f32::MAX, -f32::MAX]), &[0.0, -INF]);
    same(&run(&[-INF, 0.0]), &[-INF, 0.0]);
    same(&run(&[0.0, NAN, 1.0]), &[NAN; 3]);
    same(&run(&[-INF, -INF]), &[NAN; 2]);
    same(&run(&[INF, 0.0]), &[NAN, NAN]);
    same(&run(&[]), &[]);
    // A class that is impossible takes no part in the gradient.
    let mut y = [0.0, -INF];
    k.log_softmax_backward(&mut y, &[1.0, 3.0]);
    same(&y, &[-3.0, 3.0]);
    let mut y = [1.0, 0.0];
    k.softmax_backward(&mut y, &[1.0, 3.0]);
    same(&y, &[0.0, 0.0]);
}

#[test]
fn log_softmax_of_extreme_logits() {
    on_every_instruction_set!(log_softmax);
}

fn cross_entropy<K: Kernels>(k: K) {
    let run = |x: &[f32], target| {
        let mut x = x.to_vec();
        let loss = k.cross_entropy(&mut x, target, 1.0);
        (loss, x)
    };
    assert_eq!(run(&[1e4, -1e4, 0.0], 0), (0.0, vec![0.0, 0.0, 0.0]));
    assert_eq!(run(&[1e4, -1e4, 0.0], 1), (2e4, vec![1.0, -1.0, 0.0]));
    assert_eq!(run(&[1e4, -1e4, 0.0], 2), (1e4, vec![1.0, 0.0, -1.0]));
    assert_eq!(run(&[7.0], 0), (0.0, vec![0.0]));
    // A class that is impossible costs infinitely much; others cost as if it were not there.
    assert_eq!(run(&[-INF, 0.0], 0).0, INF);
    assert_eq!(run(&[-INF, 0.0], 1), (0.0, vec![0.0, 0.0]));
    assert!(run(&[NAN, 0.0], 1).0.is_nan());
    assert!(run(&[INF, 0.0], 0).0.is_nan());
    assert!(run(&[0.0, 0.0], 2).0.is_nan(), "a target that does not exist");
}

#[test]
fn cross_entropy_of_extreme_logits() {
    on_every_instruction_set!(cross_entropy);
}

/// Windows of two by two, one after the other.
struct Halves;
impl Pool2dShape for Halves {
    const DIMS: Pool2dDims =
        Pool2dDims { input: [2, 6], output: [1, 3], window: Some(Window::new([2, 2], [2, 2], [0, 0])) };
}

/// The only windows have padding on all sides.
struct Padded;
impl Pool2dShape for Padded {
    const DIMS: Pool2dDims = Pool2dDims {
        input: [2, 2],
        output: [windows(2, 3, 2, 1), windows(2, 3, 2, 1)],
        window: Some(Window::new([3, 3], [2, 2], [1, 1])),
    };
}

fn max_pool<K: Kernels>(k: K) {
    let run = |x: &[f32; 12]| {
        let (mut y, mut index) = ([0.0; 3], [0; 3]);
        k.max_pool2d::<Halves>(x, &mut y, &mut index);
        let mut dx = [0.0; 12];
        k.max_pool2d_backward::<Halves>(&[1.0, 2.0, 3.0], &index, &mut dx);
        (y, index, dx)
    };
    // All equal: the first takes the gradient.
    let (y, index, dx) = run(&[4.0; 12]);
    assert_eq!((y, index), ([4.0; 3], [0; 3]));
    assert_eq!(dx, [1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // NaN wins wherever it stands; negative infinity is a value like others.
    let (y, index, dx) = run(&[NAN, 9.0, 1.0, 9.0, -INF, -INF, INF, 1.0, NAN, 1.0, -INF, -INF]);
    same(&y, &[NAN, NAN, -INF]);
    assert_eq!(index, [0, 2, 0]);
    assert_eq!(dx, [1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0]);

    // Padding never wins, however small the values.
    let mut y = [0.0];
    k.max_pool2d::<Padded>(&[-3.0, -INF, -1e30, -5.0], &mut y, &mut []);
    assert_eq!(y, [-3.0]);
    let mut index = [9];
    k.max_pool2d::<Padded>(&[-INF; 4], &mut y, &mut index);
    assert_eq!((y, index), ([-INF], [4]));
}

#[test]
fn max_pool_of_nan_ties_and_infinities() {
    on_every_instruction_set!(max_pool);
}

fn reductions<K: Kernels>(k: K) {
    everywhere(&[INF, 1.0], |x, start| {
        assert_eq!((k.sum(&x), k.max(&x), k.argmax(&x)), (INF, INF, start));
    });
    everywhere(&[INF, NAN, INF, NAN], |x, start| {
        assert!(k.sum(&x).is_nan() && k.max(&x).is_nan());
        assert_eq!(k.argmax(&x), start + 1, "the first NaN");
    });
    assert_eq!((k.sum(&[]), k.max(&[]), k.argmax(&[]), k.dot(&[], &[])), (0.0, -INF, 0, 0.0));
    assert_eq!((k.max(&[-INF, -INF]), k.argmax(&[-INF, -INF])), (-INF, 0));
    assert!(k.dot(&[0.0; 9], &[INF; 9]).is_nan());
}

#[test]
fn reductions_of_nothing_nan_and_infinities() {
    on_every_instruction_set!(reductions);
}

fn products<K: Kernels>(k: K) {
    // A zero does not hide what is not a number.
    let mut c = [[0.0; 3]];
    k.matmul(&[[0.0, 1.0]], &[[NAN, INF, 1.0], [1.0; 3]], &mut c);
    same(&c[0], &[NAN, NAN, 1.0]);
    let mut c = [[0.0; 2]];
    k.matmul_nt(&[[0.0, 1.0]], &[[INF, 1.0], [2.0, 3.0]], &mut c);
    same(&c[0], &[NAN, 3.0]);
    let mut c = [[0.0; 2]];
    k.matmul_tn(&[[0.0]], &[[NAN, 1.0]], &mut c);
    same(&c[0], &[NAN, 0.0]);
}

#[test]
fn products_of_zero_and_nan() {
    on_every_instruction_set!(products);
}
