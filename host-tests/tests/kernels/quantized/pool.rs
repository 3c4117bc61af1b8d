//! Pooling.

use proptest::prelude::*;
use tensorlet::{
    description::Window,
    kernel::{Kernels, Pool2dDims, Pool2dShape},
    quantized::Clamp,
    sliding::{Divisor, Options},
};
use tensorlet_host::{framed::FramedIntegers, reference::quantized::pool as reference};

use super::{
    super::{
        property::{Outcome, property, worst},
        shapes::{dilated, padded, shapes},
    },
    Element,
    drawn::POOLINGS,
    ends, integers, limits, same, wide,
};

const fn sliding(input: [usize; 2], window: Window) -> Pool2dDims {
    let window = Window { options: Options { divisor: Divisor::Inside, ..window.options }, ..window };
    Pool2dDims { input, output: window.outputs(input), window: Some(window) }
}

shapes! { Pool2dShape, Pool2dDims, sizes:
    Point = sliding([1, 1], Window::new([1, 1], [1, 1], [0, 0]));
    Halves = sliding([8, 6], Window::new([2, 2], [2, 2], [0, 0]));
    HalvesOdd = sliding([7, 9], Window::new([2, 2], [2, 2], [0, 0]));
    Overlapping = sliding([6, 7], Window::new([3, 3], [1, 1], [1, 1]));
    OverlappingStrided = sliding([9, 8], Window::new([3, 3], [2, 2], [1, 1]));
    Rectangular = sliding([7, 9], Window::new([2, 3], [2, 1], [0, 1]));
    Gaps = sliding([11, 10], Window::new([2, 2], [3, 3], [0, 0]));
    Whole = sliding([4, 5], Window::new([4, 5], [1, 1], [0, 0]));
    Large = sliding([12, 11], Window::new([5, 4], [3, 3], [2, 2]));
    Uneven = sliding([6, 5], padded(Window::new([2, 3], [1, 2], [0, 1]), [1, 2]));
    Drawn = sliding(POOLINGS[0].0, POOLINGS[0].1);
    DrawnToo = sliding(POOLINGS[1].0, POOLINGS[1].1);
    DrawnLast = sliding(POOLINGS[2].0, POOLINGS[2].1);
    Dilated = sliding([9, 8], dilated(Window::new([3, 2], [2, 1], [1, 0]), [2, 3]));
}

fn sizes<G: Pool2dShape>() -> Pool2dDims {
    G::DIMS
}

/// The reference of a pooling.
type Reference = fn(&tensorlet_host::reference::Window, [usize; 3], &[i64], [i64; 2]) -> Vec<i64>;

/// `x, clamp, y`.
type Kernel<'a, T> = &'a dyn Fn(&[T], Clamp<T>, &mut [T]);

fn check<T: Element>(d: Pool2dDims, channels: usize, reference: Reference, kernel: Kernel<'_, T>) -> Outcome {
    let len = d.in_plane() * channels;
    let samples = (1_usize..=2).prop_flat_map(move |n| integers::<T>(n * len));
    property((samples, limits::<T>()).boxed(), &|(x, clamp)| {
        let window = d.window.expect("a window that slides").into();
        let sizes = [d.input[0], d.input[1], channels];
        let want: Vec<i64> = wide(&x).chunks(len).flat_map(|x| reference(&window, sizes, x, ends(clamp))).collect();
        let (x, mut y) = (FramedIntegers::new(&x), FramedIntegers::poisoned(want.len()));
        kernel(x.get(), clamp, y.get_mut());
        same(&y, &want)
    })
}

/// A test of each shape with few channels, with as many as vectors hold and with more.
macro_rules! pooling {
    ($($name:ident: $t:ty, $reference:expr;)+) => {$(
        pub(crate) fn $name<K: Kernels>(k: K) -> Outcome {
            fn some<K: Kernels, const C: usize>(k: K) -> Outcome {
                fn with<const C: usize>(d: Pool2dDims, kernel: Kernel<'_, $t>) -> Outcome {
                    check::<$t>(d, C, $reference, kernel)
                }
                let with = with::<C>;
                every_shape!(with, G => |x, clamp, y| k.$name::<G, C>(x, clamp, y))
            }
            worst([some::<K, 3>(k), some::<K, 16>(k), some::<K, 37>(k), some::<K, 70>(k)])
        }
    )+};
}

pooling! {
    avg_pool2d_i8: i8, reference::mean;
    avg_pool2d_i16: i16, reference::mean;
    max_pool2d_i8: i8, reference::max;
    max_pool2d_i16: i16, reference::max;
}
