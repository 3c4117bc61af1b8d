//! Convolutions of a stream, piece by piece, and poolings that say where their maxima were.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    AdaptiveMaxPool1d, AdaptiveMaxPool2d, CausalConv1d, Error, Image, Kernels, Layer, Matrix, MaxPool1d, MaxPool2d,
    NoBias, Slide, Tensor, Train,
    layer::Pass,
    ops, random,
    sliding::{Ceil, Dilated},
};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{
        Window,
        pool::{Pool, Windows},
        wide,
    },
};

const SAMPLES: usize = 3;

fn uniform(rng: &mut Xoshiro128PlusPlus, n: usize) -> Vec<f32> {
    (0..n).map(|_| 2.0 * random::uniform(rng) - 1.0).collect()
}

#[track_caller]
fn near(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    let worst = a.iter().zip(b).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
    assert!(worst < 3e-6, "{what}: {worst}");
}

/// The elements from `start` on, `n` of each row of `length`.
fn columns(x: &[f32], length: usize, start: usize, n: usize) -> Vec<f32> {
    x.chunks(length).flat_map(|row| row[start..start + n].to_vec()).collect()
}

/// A stream in pieces of `PIECE` gives what the whole gives, at inference and in training; the weights'
/// gradients of the pieces add up to that of the whole, and no piece's gradient reaches the one before.
fn pieces<K, N, const IN: usize, const PIECE: usize, const WHOLE: usize>(k: K)
where
    K: Kernels,
    N: Train<[[f32; PIECE]; IN], Out: Tensor<Elem = f32>> + Train<[[f32; WHOLE]; IN], Out: Tensor<Elem = f32>>,
{
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(5);
    let mut layer = N::ZERO;
    layer.init(&mut rng);
    let state_words = SAMPLES * <N as Layer<[[f32; WHOLE]; IN]>>::STATE;
    assert_eq!(state_words, SAMPLES * <N as Layer<[[f32; PIECE]; IN]>>::STATE);
    let x = uniform(&mut rng, SAMPLES * IN * WHOLE);
    let dy = uniform(&mut rng, SAMPLES * <N as Layer<[[f32; WHOLE]; IN]>>::Out::LEN);

    let mut arena = vec![f32::NAN; SAMPLES * <N as Layer<[[f32; WHOLE]; IN]>>::PEAK];
    let y = Layer::<[[f32; WHOLE]; IN]>::forward(&layer, k, <_>::view(&x), &mut arena).expect("enough memory");
    let y = Tensor::flat(y).to_vec();

    let pass = Pass { n: SAMPLES, input_gradient: true, training: true, seed: 0, ..Pass::NEW };
    let mut whole_slot = x.clone();
    let mut tape = vec![f32::NAN; SAMPLES * <N as Train<[[f32; WHOLE]; IN]>>::TAPE];
    Train::<[[f32; WHOLE]; IN]>::forward_train(&layer, k, pass, &mut whole_slot, &mut [], &mut tape);
    let out = <N as Train<[[f32; WHOLE]; IN]>>::out(pass, &mut whole_slot, &mut tape);
    near("output in training", out, &y);
    out.copy_from_slice(&dy);
    let mut whole_grad = vec![0.0; N::GRAD];
    Train::<[[f32; WHOLE]; IN]>::backward(&mut layer, k, pass, &mut whole_slot, &mut tape, &mut whole_grad);

    let (mut state, mut training_state) = (vec![0.0; state_words], vec![0.0; state_words]);
    let mut grad = vec![0.0; N::GRAD];
    for start in (0..WHOLE).step_by(PIECE) {
        let (x, y, dy) =
            (columns(&x, WHOLE, start, PIECE), columns(&y, WHOLE, start, PIECE), columns(&dy, WHOLE, start, PIECE));
        let part = Layer::<[[f32; PIECE]; IN]>::forward_with_state(&layer, k, <_>::view(&x), &mut state, &mut arena);
        near("a piece", Tensor::flat(part.expect("enough memory")), &y);

        let mut slot = x;
        let mut tape = vec![f32::NAN; SAMPLES * <N as Train<[[f32; PIECE]; IN]>>::TAPE];
        Train::<[[f32; PIECE]; IN]>::forward_train(&layer, k, pass, &mut slot, &mut training_state, &mut tape);
        let out = <N as Train<[[f32; PIECE]; IN]>>::out(pass, &mut slot, &mut tape);
        near("a piece in training", out, &y);
        out.copy_from_slice(&dy);
        Train::<[[f32; PIECE]; IN]>::backward(&mut layer, k, pass, &mut slot, &mut tape, &mut grad);
        if start + PIECE == WHOLE {
            near("gradient of the last piece", &slot, &columns(&whole_slot, WHOLE, start, PIECE));
        }
    }
    near("state", &training_state, &state);
    near("gradients", &grad, &whole_grad);
}

macro_rules! streams {
    ($($name:ident: $layer:ty, $in:literal, $piece:literal of $whole:literal;)+) => {
        $(
            #[test]
            fn $name() {
                on_every_instruction_set!(pieces::<_, $layer, $in, $piece, $whole>);
            }
        )+
    };
}

streams! {
    one_by_one: CausalConv1d<2, 3, 3>, 2, 1 of 7;
    shorter_than_the_state: CausalConv1d<2, 2, 4, 2>, 2, 2 of 12;
    as_long_as_the_state: CausalConv1d<1, 2, 3, 2>, 1, 4 of 12;
    longer_than_the_state: CausalConv1d<2, 2, 3>, 2, 5 of 15;
    depthwise: CausalConv1d<4, 4, 4, 1, NoBias, 1>, 4, 3 of 9;
    groups: CausalConv1d<4, 2, 2, 3, [f32; 2], 2>, 4, 2 of 8;
    without_a_state: CausalConv1d<2, 3, 1>, 2, 2 of 4;
}

/// Values and places against the reference, with an index type.
macro_rules! places {
    ($name:ident: $x:ty => $layer:ty, $indices:ty, $pool:expr) => {
        #[test]
        fn $name() {
            let mut rng = Xoshiro128PlusPlus::seed_from_u64(9);
            let pool: Pool = $pool;
            let mut x = uniform(&mut rng, 2 * <$x>::LEN);
            // Some equal values, and a NaN.
            x.iter_mut().for_each(|x| *x = (2.0 * *x).round());
            x[3] = f32::NAN;
            let mut y = [<$layer as Layer<$x>>::Out::ZERO; 2];
            let mut indices = [<$indices>::ZERO; 2];
            <$layer>::NEW.forward_with_indices(<$x>::view(&x), &mut y, &mut indices);
            let (values, _) = pool.max(&wide(&x));
            let same = |(a, b): (&f32, &f64)| f64::from(*a) == *b || a.is_nan() && b.is_nan();
            assert!(Tensor::flat(&y).iter().zip(&values).all(same), "{y:?}");
            let plane = <$x>::LEN / <$x>::SHAPE.dim(0);
            for (x, (y, indices)) in x.chunks(<$x>::LEN).zip(y.iter().zip(&indices)) {
                let per_channel = y.elements().len() / <$x>::SHAPE.dim(0);
                for (i, (y, index)) in y.elements().iter().zip(indices.elements()).enumerate() {
                    let at = x[i / per_channel * plane + usize::from(*index)];
                    assert!(at == *y || at.is_nan() && y.is_nan(), "{index} of output {i}");
                }
            }
        }
    };
}

fn sliding(input: [usize; 2], window: tensorlet::description::Window) -> Pool {
    Pool { input, windows: Windows::Sliding(Window::from(window)) }
}

places!(places_of_max_pool2d: Image<2, 6, 5> => MaxPool2d<3, 2, 4, 3, Ceil<Slide<2, 1>>>, [[[u8; 3]; 4]; 2],
    sliding([6, 5], Window2d::of::<Ceil<Slide<2, 1>>>([3, 2])));
places!(places_of_max_pool1d: Matrix<2, 300> => MaxPool1d<3, 296, Dilated<Slide, 2>>, [[u16; 296]; 2],
    sliding([1, 300], Window2d::of::<Dilated<Slide, 1, 2>>([1, 3])));
places!(places_of_adaptive_max_pool2d: Image<2, 7, 5> => AdaptiveMaxPool2d<3, 2>, [[[u8; 2]; 3]; 2],
    Pool { input: [7, 5], windows: Windows::Adaptive([3, 2]) });
places!(places_of_adaptive_max_pool1d: Matrix<1, 11> => AdaptiveMaxPool1d<7>, [[u8; 7]; 1],
    Pool { input: [1, 11], windows: Windows::Adaptive([1, 7]) });

/// Makes a window from the type that slides.
struct Window2d;

impl Window2d {
    fn of<S: tensorlet::Sliding>(kernel: [usize; 2]) -> tensorlet::description::Window {
        tensorlet::description::Window { kernel, options: S::OPTIONS }
    }
}

/// The maxima go back to their places; the gradient comes from there.
#[test]
fn unpooling_is_the_way_back() {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(2);
    let x = uniform(&mut rng, 2 * 7 * 6);
    let x: &Image<2, 7, 6> = &<_>::view(&x)[0];
    let (mut y, mut indices) = ([Image::<2, 3, 3>::ZERO], [[[[0_u8; 3]; 3]; 2]]);
    MaxPool2d::<2, 2, 3, 3, Slide<2>>::NEW.forward_with_indices(&[*x], &mut y, &mut indices);
    let mut back = [[[f32::NAN; 6]; 7]; 2];
    ops::max_unpool2d(&y[0], &indices[0], &mut back).expect("places of the input");
    let kept = back.elements().iter().zip(x.elements()).filter(|(back, x)| back == x).count();
    assert_eq!(kept, 2 * 9, "{back:?}");
    assert_eq!(back.elements().iter().filter(|back| **back != 0.0).count(), 2 * 9);

    // L = Σ dy · y, and y is linear: the gradient of each value is the dy at its place.
    let dy = uniform(&mut rng, 2 * 7 * 6);
    let dy: &Image<2, 7, 6> = &<_>::view(&dy)[0];
    let mut dx = [[[1.0; 3]; 3]; 2];
    ops::max_unpool2d_backward(&indices[0], dy, &mut dx).expect("places of the input");
    for (i, dx) in dx.elements().iter().enumerate() {
        let mut unit = Image::<2, 3, 3>::ZERO;
        unit.elements_mut()[i] = 1.0;
        ops::max_unpool2d(&unit, &indices[0], &mut back).expect("places of the input");
        let loss: f32 = back.elements().iter().zip(dy.elements()).map(|(y, dy)| y * dy).sum();
        assert_eq!(*dx, 1.0 + loss);
    }

    let before = back;
    indices[0][1][0][0] = 42;
    let error = Error::IndexOutOfRange { position: 9, index: 42, entries: 42 };
    assert_eq!(ops::max_unpool2d(&y[0], &indices[0], &mut back), Err(error));
    assert_eq!(back, before);
    assert_eq!(ops::max_unpool2d_backward(&indices[0], dy, &mut dx), Err(error));

    let (mut line, mut dx) = ([[0.0; 4]; 1], [[10.0, 20.0]]);
    assert_eq!(ops::max_unpool1d(&[[5.0, 6.0]], &[[3_i8, 0]], &mut line), Ok(()));
    assert_eq!(line, [[6.0, 0.0, 0.0, 5.0]]);
    assert_eq!(ops::max_unpool1d_backward(&[[3_i8, 0]], &[[1.0, 2.0, 3.0, 4.0]], &mut dx), Ok(()));
    assert_eq!(dx, [[14.0, 21.0]]);
    assert!(ops::max_unpool1d(&[[5.0]], &[[-1_i8]], &mut line).is_err());
}
