//! Pooling.

use proptest::prelude::*;
use tensorlet::{
    description::Window,
    kernel::{Epilogue, Kernels, Pool2dDims, Pool2dShape},
    sliding::{Divisor, Options},
};
use tensorlet_host::{
    framed::Framed,
    reference::{
        abs,
        pool::{Pool, Windows},
        wide,
    },
    tolerance,
};

use super::{
    property::{Outcome, numbers, property, worst},
    shapes::{dilated, padded, shapes},
};

/// The sizes of a pooling whose window slides.
const fn sliding(input: [usize; 2], window: Window) -> Pool2dDims {
    Pool2dDims { input, output: window.outputs(input), window: Some(window) }
}

/// The sizes of a pooling to a given size.
const fn adaptive(input: [usize; 2], output: [usize; 2]) -> Pool2dDims {
    Pool2dDims { input, output, window: None }
}

const fn ceil(window: Window) -> Window {
    Window { options: Options { ceil_mode: true, ..window.options }, ..window }
}

const fn divided_by(divisor: Divisor, window: Window) -> Window {
    Window { options: Options { divisor, ..window.options }, ..window }
}

shapes! { Pool2dShape, Pool2dDims, pool:
    Point = sliding([1, 1], Window::new([1, 1], [1, 1], [0, 0]));
    Halves = sliding([8, 8], Window::new([2, 2], [2, 2], [0, 0]));
    HalvesWide = sliding([4, 34], Window::new([2, 2], [2, 2], [0, 0]));
    HalvesOdd = sliding([7, 9], Window::new([2, 2], [2, 2], [0, 0]));
    Overlapping = sliding([6, 7], Window::new([3, 3], [1, 1], [1, 1]));
    OverlappingStrided = sliding([9, 8], Window::new([3, 3], [2, 2], [1, 1]));
    Rectangular = sliding([7, 9], Window::new([2, 3], [2, 1], [0, 1]));
    Gaps = sliding([11, 10], Window::new([2, 2], [3, 3], [0, 0]));
    Whole = sliding([4, 5], Window::new([4, 5], [4, 5], [0, 0]));
    Large = sliding([12, 11], Window::new([5, 4], [3, 3], [2, 2]));
    Uneven = sliding([6, 5], padded(Window::new([2, 3], [1, 2], [0, 1]), [1, 2]));
    Dilated = sliding([9, 8], dilated(Window::new([3, 2], [2, 1], [1, 0]), [2, 3]));
    Ceil = sliding([4, 6], ceil(Window::new([3, 3], [2, 2], [0, 0])));
    CeilPadded = sliding([8, 5], ceil(Window::new([3, 2], [3, 3], [1, 1])));
    CeilDilated = sliding([8, 9], ceil(dilated(Window::new([3, 3], [2, 2], [1, 1]), [2, 2])));
    CeilDropped = sliding([2, 5], ceil(Window::new([3, 2], [3, 3], [1, 0])));
    Inside = sliding([6, 7], divided_by(Divisor::Inside, Window::new([3, 3], [2, 2], [1, 1])));
    InsideCeil = sliding([6, 8], divided_by(Divisor::Inside, ceil(Window::new([3, 3], [2, 3], [1, 0]))));
    Fixed = sliding([6, 8], divided_by(Divisor::Fixed(7), ceil(Window::new([3, 3], [2, 3], [1, 0]))));
    Thirds = adaptive([7, 5], [3, 2]);
    Most = adaptive([10, 5], [4, 3]);
    Even = adaptive([6, 8], [2, 4]);
    More = adaptive([3, 2], [5, 3]);
}

fn pool<G: Pool2dShape>() -> Pool {
    let d = G::DIMS;
    let windows = match d.window {
        Some(window) => Windows::Sliding(window.into()),
        None => Windows::Adaptive(d.output),
    };
    let pool = Pool { input: d.input, windows };
    assert_eq!(pool.outputs(), d.output, "the number of outputs");
    pool
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

/// `function, dy, x`; false if the windows do not divide the plane.
type Through<'a> = &'a dyn Fn(Epilogue, &[f32], &mut [f32]) -> bool;

fn avg_backward_through(pool: Pool, kernel: Through<'_>) -> Outcome {
    property((0_usize..4, planes(pool)).boxed(), &|(function, (y, dy))| {
        let through = [Epilogue::Identity, Epilogue::Relu, Epilogue::Sigmoid, Epilogue::Tanh][function];
        let (fdy, mut fx) = (Framed::new(&dy), Framed::new(&y));
        if !kernel(through, fdy.get(), fx.get_mut()) {
            return Ok(0.0);
        }
        let slope = |y: f64| match through {
            Epilogue::Identity => [1.0, 1.0],
            Epilogue::Relu => [f64::from(y > 0.0); 2],
            Epilogue::Sigmoid => [y * (1.0 - y), y.abs() * (1.0 + y.abs())],
            Epilogue::Tanh => [1.0 - y * y, 1.0 + y * y],
        };
        let (dy, slopes) = (wide(&dy), wide(&y).into_iter().map(slope).collect::<Vec<_>>());
        let times = |dx: Vec<f64>, part: usize| dx.iter().zip(&slopes).map(|(dx, slope)| dx * slope[part]).collect();
        let want: Vec<f64> = times(pool.mean_gradient(&dy), 0);
        let magnitude: Vec<f64> = times(pool.mean_gradient(&abs(&dy)), 1);
        tolerance::of("avg_pool2d_backward_through").compare(fx.get(), &want, &magnitude)
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

pub(crate) fn avg_pool2d_backward_through<T: Kernels>(k: T) -> Outcome {
    every_shape!(avg_backward_through, G => |through, dy, x| {
        let divides = const { G::DIMS.divides() };
        if divides {
            k.avg_pool2d_backward_through::<G>(through, dy, x);
        }
        divides
    })
}
