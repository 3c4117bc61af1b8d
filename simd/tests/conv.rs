//! Convolution and its gradients of every instruction set against plain `f64` loops.

mod common;

use common::{Exact, Memory, PLACES, Place, generator, randoms};
use tensorlet::{
    Portable,
    description::Window,
    kernel::{Conv2dDims, Conv2dShape, ConvKernels, Epilogue, Kernels},
    sliding::Options,
};

/// The pairs of an output and an input position that `tap` joins.
fn pairs(d: &Conv2dDims, [r, s]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    let d = *d;
    let outputs = (0..d.output[0]).flat_map(move |i| (0..d.output[1]).map(move |j| (i, j)));
    outputs.filter_map(move |(i, j)| {
        let Options { stride, padding, dilation, .. } = d.window.options;
        let row = (i * stride[0] + r * dilation[0]).checked_sub(padding[0])?;
        let column = (j * stride[1] + s * dilation[1]).checked_sub(padding[1])?;
        (row < d.input[0] && column < d.input[1]).then_some((i * d.output[1] + j, row * d.input[1] + column))
    })
}

/// Calls `f` for every product: the places in input, weight and output sample.
fn products(d: &Conv2dDims, mut f: impl FnMut(usize, usize, usize)) {
    for (o, c) in (0..d.groups * d.out_channels).flat_map(|o| (0..d.in_channels).map(move |c| (o, c))) {
        let channel = o / d.out_channels * d.in_channels + c;
        for tap in 0..d.taps() {
            let columns = d.window.kernel[1];
            for (output, input) in pairs(d, [tap / columns, tap % columns]) {
                let weight = (o * d.in_channels + c) * d.taps() + tap;
                f(channel * d.in_plane() + input, weight, o * d.out_plane() + output);
            }
        }
    }
}

/// The kernels of a token for one shape, so that the checks are compiled once.
#[expect(clippy::type_complexity, reason = "said once, here")]
struct Convolution {
    name: &'static str,
    d: Conv2dDims,
    forward: Box<dyn Fn(&[f32], &[f32], &[f32], &mut [f32])>,
    input_gradient: Box<dyn Fn(&[f32], &[f32], &mut [f32])>,
    weight_gradient: Box<dyn Fn(&[f32], &[f32], &mut [f32], &mut [f32])>,
    channel_input_gradient: Box<dyn Fn(usize, &[f32], &[f32], &mut [f32])>,
    channel_weight_gradient: Box<dyn Fn(usize, &[f32], &[f32], &mut [f32])>,
    bias_gradient: Box<dyn Fn(&[f32], &mut [f32])>,
}

fn convolution<K: Kernels, G: Conv2dShape>(k: K) -> Convolution {
    Convolution {
        name: K::NAME,
        d: G::DIMS,
        forward: Box::new(move |x, w, b, y| k.conv2d::<G>(x, w, b, y)),
        input_gradient: Box::new(move |dy, w, dx| k.conv2d_input_gradient::<G>(dy, w, dx)),
        weight_gradient: Box::new(move |x, dy, dw, db| k.conv2d_weight_gradient::<G>(x, dy, dw, db)),
        channel_input_gradient: Box::new(move |c, dy, w, dx| k.conv2d_channel_input_gradient::<G>(c, dy, w, dx)),
        channel_weight_gradient: Box::new(move |c, x, dy, dw| k.conv2d_channel_weight_gradient::<G>(c, x, dy, dw)),
        bias_gradient: Box::new(move |dy, db| k.conv2d_bias_gradient::<G>(dy, db)),
    }
}

fn case(k: &Convolution, n: usize, place: Place) {
    let d = k.d;
    let mut rng = generator((n + d.in_len() * 31 + d.out_len()) as u64);
    let mut memory = |n| Memory::new(place, &randoms(&mut rng, n));
    let filters = d.groups * d.out_channels;
    let (x, w, b) = (memory(n * d.in_len()), memory(filters * d.filter_len()), memory(filters));
    let (mut y, dy, mut dx) = (memory(n * d.out_len()), memory(n * d.out_len()), memory(n * d.in_len()));
    let (mut dw, mut db) = (memory(w.get().len()), memory(filters));
    let what = |name: &str| format!("{} {name} n = {n}, {d:?}, {place:?}", k.name);
    let start = [dw.get().to_vec(), db.get().to_vec()];

    let mut want = vec![Exact::default(); n * d.out_len()];
    let mut want_dx = vec![Exact::default(); n * d.in_len()];
    let mut want_dw: Vec<_> = dw.get().iter().map(|&x| exactly(x)).collect();
    let mut want_db: Vec<_> = db.get().iter().map(|&x| exactly(x)).collect();
    for (i, want) in want.iter_mut().enumerate() {
        let channel = i % d.out_len() / d.out_plane();
        want.add(f64::from(b.get()[channel]));
        want_db[channel].add(f64::from(dy.get()[i]));
    }
    for sample in 0..n {
        products(&d, |i, weight, o| {
            let (i, o) = (sample * d.in_len() + i, sample * d.out_len() + o);
            want[o].add_product(x.get()[i], w.get()[weight]);
            want_dx[i].add_product(dy.get()[o], w.get()[weight]);
            want_dw[weight].add_product(dy.get()[o], x.get()[i]);
        });
    }

    (k.forward)(x.get(), w.get(), b.get(), y.get_mut());
    (k.input_gradient)(dy.get(), w.get(), dx.get_mut());
    (k.weight_gradient)(x.get(), dy.get(), dw.get_mut(), db.get_mut());
    for (name, got, want) in [("y", &y, &want), ("dx", &dx, &want_dx), ("dw", &dw, &want_dw), ("db", &db, &want_db)] {
        for (&got, want) in got.checked().iter().zip(want) {
            want.check(got, what(name));
        }
    }
    for (want, start) in want_dw.iter_mut().zip(&start[0]).chain(want_db.iter_mut().zip(&start[1])) {
        *want = want.without(*start);
    }
    channels(k, n, place, [x.get(), w.get(), dy.get()], [&want_dx, &want_dw, &want_db]);
}

/// The gradients channel by channel.
fn channels(
    k: &Convolution,
    n: usize,
    place: Place,
    [x, w, dy]: [&[f32]; 3],
    [want_dx, want_dw, want_db]: [&[Exact]; 3],
) {
    let d = k.d;
    let filters = d.groups * d.out_channels;
    let what = |name: &str| format!("{} {name} by channel, n = {n}, {d:?}, {place:?}", k.name);
    let mut dx = Memory::new(place, &vec![7.0; n * d.in_len()]);
    let mut db = Memory::new(place, &vec![0.0; filters]);
    for channel in 0..d.in_channels {
        (k.channel_input_gradient)(channel, dy, w, dx.get_mut());
        let mut dw = Memory::new(place, &vec![0.0; filters * d.taps()]);
        (k.channel_weight_gradient)(channel, x, dy, dw.get_mut());
        for (i, &got) in dw.checked().iter().enumerate() {
            let want = want_dw[(i / d.taps() * d.in_channels + channel) * d.taps() + i % d.taps()];
            want.check(got, what("dw"));
        }
    }
    (k.bias_gradient)(dy, db.get_mut());
    for (&got, want) in dx.checked().iter().zip(want_dx) {
        want.check(got, what("dx"));
    }
    for (&got, want) in db.checked().iter().zip(want_db) {
        want.check(got, what("db"));
    }
}

fn everywhere(k: &Convolution) {
    for (n, place) in [0, 1, 3].into_iter().flat_map(|n| PLACES.map(|place| (n, place))) {
        case(k, n, place);
    }
}

fn exactly(x: f32) -> Exact {
    let mut exact = Exact::default();
    exact.add(f64::from(x));
    exact
}

/// For shapes that are large: the work is in the check.
fn once(k: &Convolution) {
    case(k, 1, Place::Guarded(3));
}

fn twice(k: &Convolution) {
    case(k, 2, Place::Exact);
}

macro_rules! shapes {
    ($how:ident: $($test:ident: $((
        $in:literal => $out:literal, $kernel:expr, $input:expr, stride $stride:expr, padding $padding:expr
        $(, groups $groups:literal)? $(, dilation $dilation:expr)?
    ))*;)*) => {$(
        #[test]
        fn $test() {
            fn check<K: Kernels>(k: K) {
                $({
                    struct Shape;
                    impl Conv2dShape for Shape {
                        const DIMS: Conv2dDims = {
                            let window = Window::new($kernel, $stride, $padding);
                            $(let window = Window { options: Options { dilation: $dilation, ..window.options }, ..window };)?
                            let groups = 1 $(* $groups)?;
                            Conv2dDims {
                                groups,
                                in_channels: $in,
                                input: $input,
                                out_channels: $out,
                                output: window.outputs($input),
                                window,
                            }
                        };
                    }
                    $how(&convolution::<K, Shape>(k));
                })*
            }
            on_every_isa!(check);
        }
    )*};
}

shapes! {
    everywhere:
    padded_to_the_same_size:
        (1 => 8, [3, 3], [8, 8], stride [1, 1], padding [1, 1])
        (8 => 16, [3, 3], [4, 4], stride [1, 1], padding [1, 1])
        (1 => 6, [5, 5], [28, 28], stride [1, 1], padding [2, 2])
        (2 => 5, [3, 3], [5, 33], stride [1, 1], padding [1, 1])
        (5 => 1, [3, 3], [1, 1], stride [1, 1], padding [1, 1])
        (1 => 9, [1, 5], [1, 40], stride [1, 1], padding [0, 2]);
    without_padding:
        (6 => 16, [5, 5], [14, 14], stride [1, 1], padding [0, 0])
        (3 => 5, [1, 1], [7, 9], stride [1, 1], padding [0, 0])
        (2 => 3, [2, 4], [9, 21], stride [1, 1], padding [0, 0])
        (4 => 4, [7, 7], [7, 7], stride [1, 1], padding [0, 0]);
    more_padding_than_kernel:
        (1 => 2, [2, 2], [3, 3], stride [1, 1], padding [2, 2])
        (2 => 1, [1, 1], [2, 5], stride [1, 1], padding [1, 3])
        (1 => 3, [3, 2], [2, 1], stride [2, 3], padding [4, 4]);
    strided:
        (2 => 3, [2, 3], [9, 17], stride [2, 1], padding [1, 0])
        (3 => 4, [3, 3], [11, 10], stride [3, 3], padding [1, 1])
        (2 => 9, [3, 3], [12, 19], stride [2, 2], padding [1, 1])
        (1 => 3, [11, 11], [23, 24], stride [4, 4], padding [2, 2])
        (2 => 3, [2, 2], [9, 9], stride [3, 3], padding [0, 0])
        (1 => 2, [1, 2], [6, 40], stride [1, 2], padding [0, 1]);
    groups:
        (3 => 4, [3, 3], [9, 9], stride [1, 1], padding [1, 1], groups 2)
        (1 => 2, [2, 3], [5, 18], stride [2, 1], padding [1, 0], groups 3)
        (2 => 1, [3, 3], [6, 5], stride [2, 2], padding [1, 1], groups 4);
    depthwise:
        (1 => 1, [3, 3], [20, 33], stride [1, 1], padding [1, 1], groups 5)
        (1 => 1, [5, 5], [17, 16], stride [1, 1], padding [2, 2], groups 2)
        (1 => 1, [3, 3], [2, 50], stride [1, 1], padding [1, 1], groups 2)
        (1 => 1, [3, 3], [1, 100], stride [1, 1], padding [3, 1], groups 2)
        (1 => 1, [3, 3], [6, 3], stride [1, 1], padding [1, 1], groups 3)
        (1 => 1, [3, 3], [9, 40], stride [2, 2], padding [1, 1], groups 2);
    dilated:
        (2 => 3, [3, 3], [12, 15], stride [1, 1], padding [2, 2], dilation [2, 2])
        (1 => 4, [2, 3], [9, 21], stride [2, 1], padding [0, 4], dilation [1, 5])
        (2 => 2, [3, 2], [40, 9], stride [1, 2], padding [1, 1], groups 2, dilation [17, 1]);
    kernels_that_go_the_portable_way:
        (1 => 2, [12, 12], [14, 13], stride [1, 1], padding [0, 1])
        (1 => 2, [3, 3], [14, 13], stride [2, 1], padding [0, 1], dilation [2, 1]);
}

shapes! {
    once:
    bands_of_rows:
        (20 => 7, [3, 3], [24, 26], stride [1, 1], padding [0, 0])
        (20 => 17, [3, 3], [24, 26], stride [1, 1], padding [0, 0])
        (8 => 9, [3, 3], [36, 36], stride [2, 2], padding [1, 1]);
    parts_of_the_channels:
        (40 => 2, [3, 3], [4, 152], stride [1, 1], padding [0, 0])
        (90 => 3, [3, 3], [11, 23], stride [1, 1], padding [0, 1]);
    strips_of_columns:
        (1 => 2, [1, 11], [1, 2000], stride [1, 1], padding [0, 3])
        (2 => 3, [1, 7], [2, 6001], stride [1, 2], padding [0, 3]);
}

shapes! {
    twice:
    planes_as_they_are:
        (20 => 10, [3, 3], [17, 18], stride [1, 1], padding [1, 1])
        (9 => 9, [5, 5], [31, 15], stride [1, 1], padding [2, 2])
        (33 => 40, [1, 1], [7, 9], stride [1, 1], padding [0, 0]);
    rows_of_outputs:
        (4 => 16, [3, 3], [15, 12], stride [1, 1], padding [0, 0])
        (5 => 13, [3, 3], [14, 14], stride [1, 1], padding [0, 0])
        (16 => 20, [5, 5], [10, 8], stride [1, 1], padding [0, 0])
        (20 => 32, [3, 3], [7, 7], stride [1, 1], padding [0, 0]);
    columns_of_the_window_beside_each_other:
        (3 => 64, [5, 5], [8, 8], stride [1, 1], padding [0, 0])
        (10 => 32, [3, 3], [10, 12], stride [1, 1], padding [0, 0])
        (5 => 64, [3, 3], [7, 8], stride [1, 1], padding [0, 0])
        (2 => 24, [5, 5], [16, 16], stride [1, 1], padding [0, 0])
        (3 => 24, [1, 5], [1, 16], stride [1, 1], padding [0, 0]);
}

/// Sizes that contradict each other: most outputs read beyond the input.
struct Contradiction;

impl Conv2dShape for Contradiction {
    const DIMS: Conv2dDims = Conv2dDims {
        groups: 1,
        in_channels: 2,
        input: [3, 4],
        out_channels: 3,
        output: [7, 19],
        window: Window::new([2, 3], [1, 2], [0, 1]),
    };
}

#[test]
fn sizes_that_contradict_each_other_read_zeros() {
    fn check<K: Kernels>(k: K) {
        everywhere(&convolution::<K, Contradiction>(k));
    }
    on_every_isa!(check);
}

#[test]
fn activations_are_those_behind_the_sums() {
    fn check<K: Kernels>(k: K) {
        let d = Contradiction::DIMS;
        let mut rng = generator(5);
        let (x, w) = (randoms(&mut rng, 200 * d.in_len()), randoms(&mut rng, 3 * d.filter_len()));
        for then in [Epilogue::Identity, Epilogue::Relu, Epilogue::Sigmoid, Epilogue::Tanh] {
            let (mut y, mut want) = (vec![5.0; 200 * d.out_len()], vec![5.0; 200 * d.out_len()]);
            k.conv2d_fused::<Contradiction>(&x, &w, &[0.5, -0.5, 0.0], then, &mut y);
            k.conv2d::<Contradiction>(&x, &w, &[0.5, -0.5, 0.0], &mut want);
            then.apply(k, &mut want);
            assert_eq!(y, want);
        }
    }
    on_every_isa!(check);
}

#[test]
fn short_parameters_do_as_the_portable_kernels() {
    fn check<K: Kernels>(k: K) {
        let d = Contradiction::DIMS;
        let x = vec![1.0; d.in_len()];
        let b: &[f32] = &[1.0; 4];
        for (weights, biases) in [(d.filter_len(), 2), (3 * d.filter_len(), 0), (3 * d.filter_len(), 1)] {
            let (w, b) = (vec![1.0; weights], &b[..biases]);
            let (mut y, mut want) = (vec![5.0; d.out_len()], vec![5.0; d.out_len()]);
            k.conv2d::<Contradiction>(&x, &w, b, &mut y);
            Portable.conv2d::<Contradiction>(&x, &w, b, &mut want);
            assert_eq!(y, want);
            let (mut dw, mut want_dw) = (w.clone(), w);
            let (mut db, mut want_db) = (vec![5.0; biases], vec![5.0; biases]);
            k.conv2d_weight_gradient::<Contradiction>(&x, &y, &mut dw, &mut db);
            Portable.conv2d_weight_gradient::<Contradiction>(&x, &y, &mut want_dw, &mut want_db);
            assert_eq!(dw, want_dw);
        }
    }
    on_every_isa!(check);
}
