//! Pooling.

use proptest::prelude::*;
use tensorlet::{
    description::Window,
    kernel::{Kernels, Pool2dDims, Pool2dShape},
    windows,
};
use tensorlet_host::{
    framed::Framed,
    reference::{self, abs, pool::Pool, wide},
    tolerance,
};

use super::property::{Outcome, numbers, property, worst};

/// `Name: [rows, columns], kernel / stride + padding`.
macro_rules! shapes {
    ($($name:ident: [$h:literal, $w:literal],
       [$kh:literal, $kw:literal] / [$sh:literal, $sw:literal] + [$ph:literal, $pw:literal];)+) => {
        $(
            pub(crate) struct $name;
            impl Pool2dShape for $name {
                const DIMS: Pool2dDims = Pool2dDims {
                    input: [$h, $w],
                    output: [windows($h, $kh, $sh, $ph), windows($w, $kw, $sw, $pw)],
                    window: Window { kernel: [$kh, $kw], stride: [$sh, $sw], padding: [$ph, $pw] },
                };
            }
        )+

        macro_rules! every_shape {
            ($check:ident, $g:ident => $call:expr) => {
                worst([$({
                    type $g = $name;
                    $check(pool::<$g>(), &$call)
                }),+])
            };
        }
    };
}

shapes! {
    Point: [1, 1], [1, 1] / [1, 1] + [0, 0];
    Halves: [8, 8], [2, 2] / [2, 2] + [0, 0];
    HalvesWide: [4, 34], [2, 2] / [2, 2] + [0, 0];
    HalvesOdd: [7, 9], [2, 2] / [2, 2] + [0, 0];
    Overlapping: [6, 7], [3, 3] / [1, 1] + [1, 1];
    OverlappingStrided: [9, 8], [3, 3] / [2, 2] + [1, 1];
    Rectangular: [7, 9], [2, 3] / [2, 1] + [0, 1];
    Gaps: [11, 10], [2, 2] / [3, 3] + [0, 0];
    Whole: [4, 5], [4, 5] / [4, 5] + [0, 0];
    Large: [12, 11], [5, 4] / [3, 3] + [2, 2];
}

fn pool<G: Pool2dShape>() -> Pool {
    let d = G::DIMS;
    let Window { kernel, stride, padding } = d.window;
    let window = reference::Window { kernel, stride, padding };
    assert_eq!(window.outputs(d.input), d.output, "the number of outputs");
    Pool { input: d.input, window }
}

/// Planes of input and of output.
fn planes(pool: Pool) -> BoxedStrategy<(Vec<f32>, Vec<f32>)> {
    let [in_plane, out_plane] = pool.lens();
    (1_usize..=5).prop_flat_map(move |n| (numbers(n * in_plane), numbers(n * out_plane))).boxed()
}

/// The same with few different values, so that many are equal.
fn tied_planes(pool: Pool) -> BoxedStrategy<(Vec<f32>, Vec<f32>)> {
    let tie = |(tied, (x, dy)): (bool, (Vec<f32>, Vec<f32>))| {
        let x = if tied { x.iter().map(|x| x.round().clamp(-1.0, 1.0)).collect() } else { x };
        (x, dy)
    };
    (any::<bool>(), planes(pool)).prop_map(tie).boxed()
}

/// `x, y, index`.
type Max<'a> = &'a dyn Fn(&[f32], &mut [f32], &mut [u8]);
/// `dy, index, dx`.
type MaxBackward<'a> = &'a dyn Fn(&[f32], &[u8], &mut [f32]);

fn max(pool: Pool, kernel: Max<'_>) -> Outcome {
    property(tied_planes(pool), &|(x, dy)| {
        let fx = Framed::new(&x);
        let (value, places) = pool.max(&wide(&x));
        let row = tolerance::of("max_pool2d");

        let mut y = Framed::poison(dy.len());
        let mut index = vec![u8::MAX; dy.len() + 3];
        kernel(fx.get(), y.get_mut(), &mut index[..dy.len()]);
        row.compare(y.get(), &value, &value)?;
        let got: Vec<usize> = index[..dy.len()].iter().map(|&i| usize::from(i)).collect();
        if got != places {
            return Err(format!("places {got:?}, the reference {places:?}"));
        }
        if index[dy.len()..] != [u8::MAX; 3] {
            return Err("places were written behind the end".into());
        }

        let mut alone = Framed::poison(dy.len());
        kernel(fx.get(), alone.get_mut(), &mut []);
        row.compare(alone.get(), &value, &value)
    })
}

fn max_backward(pool: Pool, kernel: MaxBackward<'_>) -> Outcome {
    property(tied_planes(pool), &|(x, dy)| {
        let (_, places) = pool.max(&wide(&x));
        let index: Vec<u8> = places.iter().map(|&place| u8::try_from(place).expect("windows are small")).collect();
        let (fdy, mut dx) = (Framed::new(&dy), Framed::poison(x.len()));
        kernel(fdy.get(), &index, dx.get_mut());
        let dy = wide(&dy);
        let magnitude = pool.max_gradient(&abs(&dy), &places);
        tolerance::of("max_pool2d_backward").compare(dx.get(), &pool.max_gradient(&dy, &places), &magnitude)
    })
}

fn avg(pool: Pool, kernel: &dyn Fn(&[f32], &mut [f32])) -> Outcome {
    property(planes(pool), &|(x, dy)| {
        let (fx, mut y) = (Framed::new(&x), Framed::poison(dy.len()));
        kernel(fx.get(), y.get_mut());
        let x = wide(&x);
        tolerance::of("avg_pool2d").compare(y.get(), &pool.mean(&x), &pool.mean(&abs(&x)))
    })
}

fn avg_backward(pool: Pool, kernel: &dyn Fn(&[f32], &mut [f32])) -> Outcome {
    property(planes(pool), &|(x, dy)| {
        let (fdy, mut dx) = (Framed::new(&dy), Framed::poison(x.len()));
        kernel(fdy.get(), dx.get_mut());
        let dy = wide(&dy);
        let magnitude = pool.mean_gradient(&abs(&dy));
        tolerance::of("avg_pool2d_backward").compare(dx.get(), &pool.mean_gradient(&dy), &magnitude)
    })
}

pub(crate) fn max_pool2d<T: Kernels>(k: T) -> Outcome {
    every_shape!(max, G => |x, y, i| k.max_pool2d::<G>(x, y, i))
}

pub(crate) fn max_pool2d_backward<T: Kernels>(k: T) -> Outcome {
    every_shape!(max_backward, G => |dy, i, dx| k.max_pool2d_backward::<G>(dy, i, dx))
}

pub(crate) fn avg_pool2d<T: Kernels>(k: T) -> Outcome {
    every_shape!(avg, G => |x, y| k.avg_pool2d::<G>(x, y))
}

pub(crate) fn avg_pool2d_backward<T: Kernels>(k: T) -> Outcome {
    every_shape!(avg_backward, G => |dy, dx| k.avg_pool2d_backward::<G>(dy, dx))
}
