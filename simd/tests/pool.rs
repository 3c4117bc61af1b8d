//! Pooling of every instruction set against plain loops.

mod common;

use common::{Exact, Memory, PLACES, Place, generator, random, randoms};
use rand_core::Rng;
use tensorlet::{
    description::Window,
    kernel::{Epilogue, Kernels, Pool2dDims, Pool2dShape},
    sliding::Options,
    windows,
};

/// The inputs of the window at output `i`, `j`: place in the window and in the plane.
fn window(d: &Pool2dDims, i: usize, j: usize) -> Vec<(usize, usize)> {
    let w = d.window.unwrap();
    let Options { stride, padding, .. } = w.options;
    let taps = (0..w.kernel[0] * w.kernel[1]).filter_map(|tap| {
        let row = (i * stride[0] + tap / w.kernel[1]).checked_sub(padding[0])?;
        let column = (j * stride[1] + tap % w.kernel[1]).checked_sub(padding[1])?;
        (row < d.input[0] && column < d.input[1]).then_some((tap, row * d.input[1] + column))
    });
    taps.collect()
}

fn outputs(d: &Pool2dDims) -> impl Iterator<Item = (usize, usize)> {
    let [rows, columns] = d.output;
    (0..rows).flat_map(move |i| (0..columns).map(move |j| (i, j)))
}

/// The kernels of a token for one shape, so that the checks are compiled once.
#[expect(clippy::type_complexity, reason = "said once, here")]
struct Pooling {
    name: &'static str,
    d: Pool2dDims,
    max: Box<dyn Fn(&[f32], &mut [f32], &mut [u8])>,
    max_backward: Box<dyn Fn(&[f32], &[u8], &mut [f32])>,
    average: Box<dyn Fn(&[f32], &mut [f32])>,
    average_backward: Box<dyn Fn(&[f32], &mut [f32])>,
    average_backward_through: Box<dyn Fn(Epilogue, &[f32], &mut [f32])>,
}

fn pooling<K: Kernels, G: Pool2dShape>(k: K) -> Pooling {
    Pooling {
        name: K::NAME,
        d: G::DIMS,
        max: Box::new(move |x, y, index| k.max_pool2d::<G>(x, y, index)),
        max_backward: Box::new(move |dy, index, dx| k.max_pool2d_backward::<G>(dy, index, dx)),
        average: Box::new(move |x, y| k.avg_pool2d::<G>(x, y)),
        average_backward: Box::new(move |dy, dx| k.avg_pool2d_backward::<G>(dy, dx)),
        average_backward_through: Box::new(move |then, dy, x| k.avg_pool2d_backward_through::<G>(then, dy, x)),
    }
}

fn max_case(k: &Pooling, planes: usize, place: Place) {
    let d = k.d;
    let mut rng = generator((planes + d.in_plane()) as u64);
    // Few different values, so that there are ties; some that are special.
    let value = |rng: &mut _| match Rng::next_u32(rng) % 40 {
        0 => f32::NAN,
        1..=3 => f32::NEG_INFINITY,
        4 => f32::INFINITY,
        _ => (random(rng) * 3.0).round(),
    };
    let x: Vec<f32> = (0..planes * d.in_plane()).map(|_| value(&mut rng)).collect();
    let x = Memory::new(place, &x);
    let mut y = Memory::new(place, &vec![7.0; planes * d.out_plane()]);
    let dy = Memory::new(place, &randoms(&mut rng, planes * d.out_plane()));
    let mut dx = Memory::new(place, &vec![7.0; planes * d.in_plane()]);
    let mut index = vec![99; planes * d.out_plane()].into_boxed_slice();

    (k.max)(x.get(), y.get_mut(), &mut index);
    (k.max_backward)(dy.get(), &index, dx.get_mut());
    let mut without_index = Memory::new(place, &vec![7.0; planes * d.out_plane()]);
    (k.max)(x.get(), without_index.get_mut(), &mut []);

    let mut want_dx = vec![Exact::default(); planes * d.in_plane()];
    for plane in 0..planes {
        for (n, (i, j)) in outputs(&d).enumerate() {
            let n = plane * d.out_plane() + n;
            let (mut max, mut at) = (f32::NEG_INFINITY, None);
            for (tap, i) in window(&d, i, j) {
                let x = x.get()[plane * d.in_plane() + i];
                if at.is_none() || x > max || x.is_nan() {
                    (max, at) = (x, Some((tap, i)));
                }
            }
            let what = format!("{} {d:?} {place:?} output {n}", k.name);
            let (tap, i) = at.unwrap();
            assert_eq!(usize::from(index[n]), tap, "{what}");
            for got in [y.checked()[n], without_index.checked()[n]] {
                assert!(got == max || got.is_nan() && max.is_nan(), "{what}: {got} instead of {max}");
            }
            want_dx[plane * d.in_plane() + i].add(f64::from(dy.get()[n]));
        }
    }
    for (&got, want) in dx.checked().iter().zip(want_dx) {
        want.check(got, format_args!("{} {d:?} {place:?} max dx", k.name));
    }
}

fn average_case(k: &Pooling, planes: usize, place: Place) {
    let d = k.d;
    let mut rng = generator((planes + d.in_plane()) as u64);
    let x = Memory::new(place, &randoms(&mut rng, planes * d.in_plane()));
    let mut y = Memory::new(place, &vec![7.0; planes * d.out_plane()]);
    let dy = Memory::new(place, &randoms(&mut rng, planes * d.out_plane()));
    let mut dx = Memory::new(place, &vec![7.0; planes * d.in_plane()]);
    (k.average)(x.get(), y.get_mut());
    (k.average_backward)(dy.get(), dx.get_mut());

    let [rows, columns] = d.kernel();
    let scale = 1.0 / (rows * columns) as f64;
    let mut want_y = vec![Exact::default(); planes * d.out_plane()];
    let mut want_dx = vec![Exact::default(); planes * d.in_plane()];
    for plane in 0..planes {
        for (n, (i, j)) in outputs(&d).enumerate() {
            let n = plane * d.out_plane() + n;
            for (_, i) in window(&d, i, j) {
                let i = plane * d.in_plane() + i;
                want_y[n].add(f64::from(x.get()[i]) * scale);
                want_dx[i].add(f64::from(dy.get()[n]) * scale);
            }
        }
    }
    if d.divides() {
        through_case(k, place, x.get(), dy.get(), &want_dx);
    }
    for (name, got, want) in [("y", &y, want_y), ("dx", &dx, want_dx)] {
        for (&got, want) in got.checked().iter().zip(want) {
            want.check(got, format_args!("{} {d:?} {place:?} average {name}", k.name));
        }
    }
}

/// The gradient through each activation, whose values are `y`, from that of the windows' mean.
fn through_case(k: &Pooling, place: Place, y: &[f32], dy: &[f32], gradient: &[Exact]) {
    for through in [Epilogue::Identity, Epilogue::Relu, Epilogue::Sigmoid, Epilogue::Tanh] {
        let mut x = Memory::new(place, y);
        (k.average_backward_through)(through, dy, x.get_mut());
        for ((&got, &y), gradient) in x.checked().iter().zip(y).zip(gradient) {
            let slope = f64::from(through.slope(y));
            let want =
                Exact { value: gradient.value * slope, magnitude: gradient.magnitude * slope.abs(), ..*gradient };
            want.check(got, format_args!("{} {:?} {place:?} average through {through:?}", k.name, k.d));
        }
    }
}

/// A kernel by name that writes to a slice.
type Named<'a> = (&'static str, &'a dyn Fn(&mut [f32]));

/// Slices that are longer than their planes: what is behind these is left alone.
fn longer_case(k: &Pooling) {
    const PLANES: usize = 2;
    let [inputs, outputs] = [k.d.in_plane(), k.d.out_plane()];
    let mut rng = generator(inputs as u64);
    let (x, dy) = (randoms(&mut rng, (PLANES + 1) * inputs - 1), randoms(&mut rng, (PLANES + 1) * outputs - 1));
    let mut index = vec![0; dy.len()];
    (k.max)(&x, &mut vec![0.0; dy.len()], &mut index);
    let forward: [Named<'_>; 3] = [
        ("max", &|y| (k.max)(&x, y, &mut [])),
        ("max with places", &|y| (k.max)(&x, y, &mut vec![0; y.len()])),
        ("average", &|y| (k.average)(&x, y)),
    ];
    let backward: [Named<'_>; 2] = [
        ("max backward", &|dx| (k.max_backward)(&dy, &index, dx)),
        ("average backward", &|dx| (k.average_backward)(&dy, dx)),
    ];
    for (kernels, len, plane) in [(&forward[..], dy.len(), outputs), (&backward[..], x.len(), inputs)] {
        for (name, kernel) in kernels {
            let mut to = vec![7.0; len];
            kernel(&mut to);
            let behind = &to[PLANES * plane..];
            assert!(behind.iter().all(|x| *x == 7.0), "{} {:?} {name}: {behind:?}", k.name, k.d);
        }
    }
}

macro_rules! shapes {
    ($($test:ident: $kernel:expr, $input:expr, stride $stride:expr, padding $padding:expr;)*) => {$(
        #[test]
        fn $test() {
            fn check<K: Kernels>(k: K) {
                struct Shape;
                impl Pool2dShape for Shape {
                    const DIMS: Pool2dDims = {
                        let (k, i, s, p): ([usize; 2], [usize; 2], [usize; 2], [usize; 2]) = ($kernel, $input, $stride, $padding);
                        Pool2dDims {
                            input: i,
                            output: [windows(i[0], k[0], s[0], p[0]), windows(i[1], k[1], s[1], p[1])],
                            window: Some(Window::new(k, s, p)),
                        }
                    };
                }
                let pooling = pooling::<K, Shape>(k);
                longer_case(&pooling);
                for place in PLACES {
                    for planes in [0, 1, 5] {
                        max_case(&pooling, planes, place);
                        average_case(&pooling, planes, place);
                    }
                }
            }
            on_every_isa!(check);
        }
    )*};
}

shapes! {
    halves_8x8: [2, 2], [8, 8], stride [2, 2], padding [0, 0];
    halves_4x4: [2, 2], [4, 4], stride [2, 2], padding [0, 0];
    halves_wide: [2, 2], [6, 70], stride [2, 2], padding [0, 0];
    halves_of_a_vector: [2, 2], [10, 10], stride [2, 2], padding [0, 0];
    halves_of_a_vector_and_a_part: [3, 2], [6, 28], stride [3, 2], padding [0, 0];
    leaves_a_row_and_a_column: [2, 2], [5, 7], stride [2, 2], padding [0, 0];
    overlaps_with_padding: [3, 3], [7, 9], stride [2, 2], padding [1, 1];
    overlaps_wide: [3, 3], [9, 75], stride [2, 2], padding [1, 1];
    overlaps_wide_without_padding: [3, 3], [9, 75], stride [2, 2], padding [0, 0];
    overlaps_far: [4, 5], [13, 40], stride [1, 2], padding [2, 2];
    stride_1: [3, 2], [10, 20], stride [1, 1], padding [0, 0];
    same_size: [3, 3], [5, 18], stride [1, 1], padding [1, 1];
    uneven_strides: [2, 3], [9, 40], stride [1, 3], padding [1, 0];
    large_window: [5, 5], [17, 33], stride [3, 3], padding [2, 2];
    gaps_between_windows: [2, 1], [11, 13], stride [3, 4], padding [0, 0];
    one_element: [1, 1], [1, 1], stride [1, 1], padding [0, 0];
    whole_plane: [4, 6], [4, 6], stride [4, 6], padding [0, 0];
    portable_way: [12, 2], [24, 4], stride [12, 2], padding [0, 0];
}
