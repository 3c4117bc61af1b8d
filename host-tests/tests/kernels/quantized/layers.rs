//! Layers of several parts.

use tensorlet::{
    Layer, Portable, Tensor,
    layer::Identity,
    quantized::{
        Add, Binary, Clamp, Concat, Fused, Maximum, Mean, Minimum, Multiplier, Quantization, QuantizeError,
        QuantizedLayer, Relu, Rescale, Residual, Twice, ZeroPoints, int16,
    },
};
use tensorlet_host::reference::quantized::{self as reference, elementwise::rescale};

const ONES: Quantization = Quantization::new(1.0, 3);
const HALVES: Quantization = Quantization::new(0.5, -20);
const X: [[i8; 5]; 2] = [[-128, -7, 3, 90, 127], [0, 1, -1, 17, -100]];

fn add() -> Add {
    Add::from_scales([HALVES, ONES], ONES, Fused::Identity).expect("an addition")
}

fn to_halves() -> Rescale {
    Rescale::from_scales(ONES, HALVES).expect("a rescaling")
}

/// The output of a layer.
fn applied<L: QuantizedLayer<[i8; 5], Out = [i8; 5]>>(layer: &L, x: &[[i8; 5]]) -> Vec<[i8; 5]> {
    let mut y = vec![[0; 5]; x.len()];
    layer.apply(Portable, x, &mut y, &mut []);
    y
}

fn summed(a: &[[i8; 5]], b: &[[i8; 5]]) -> Vec<[i8; 5]> {
    let mut y = vec![[0; 5]; a.len()];
    add().apply2(Portable, a, b, &mut y);
    y
}

/// A network in an arena of exactly its size, from an input in flash and from one in the arena, and in training.
fn check<L: Layer<[i8; 5], Out = [i8; 5]>>(layer: &L, want: &[[i8; 5]]) {
    let mut arena = vec![0.0; L::PEAK * X.len()];
    assert_eq!(layer.forward(Portable, &X, &mut arena), Ok(want));
    let mut arena = vec![f32::NAN; L::PEAK * X.len()];
    <[i8; 5]>::in_words_mut(&mut arena, X.len()).copy_from_slice(&X);
    assert_eq!(layer.forward_in_arena(Portable, X.len(), &mut arena), Ok(want));
}

#[test]
fn branches_meet_in_every_place() {
    let relu = Relu::<Twice>::from_scales(ONES, ONES).expect("a rectifier");
    let halves = applied(&to_halves(), &X);
    let positive = applied(&relu, &X);

    // One branch, on either side.
    let block = Residual { first: to_halves(), second: Identity, op: add() };
    check(&block, &summed(&halves, &X));
    let block = Residual { first: Identity, second: to_halves(), op: add() };
    check(&block, &summed(&X, &halves));
    // Two, of one part and of several, so that results lie at either end of the arena.
    let block = Residual { first: to_halves(), second: relu, op: add() };
    check(&block, &summed(&halves, &positive));
    let block = Residual { first: (to_halves(), Identity), second: (relu, relu), op: add() };
    check(&block, &summed(&halves, &positive));
    let block = Residual { first: (relu, to_halves()), second: relu, op: add() };
    check(&block, &summed(&applied(&to_halves(), &positive), &positive));
    // Blocks behind blocks.
    let block = Residual { first: to_halves(), second: Identity, op: add() };
    let once = summed(&halves, &X);
    let again = summed(&applied(&to_halves(), &once), &once);
    check(&(block, block), &again);
    check(&(relu, (block, (block, Identity))), &{
        let once = summed(&applied(&to_halves(), &positive), &positive);
        summed(&applied(&to_halves(), &once), &once)
    });
    // Two identities.
    check(&Residual { first: Identity, second: Identity, op: Maximum::<i8>::NEW }, &X);
}

#[test]
fn a_residual_block_needs_no_more_memory_than_its_branches() {
    type Block = Residual<Rescale, Identity, Add>;
    assert_eq!(<Block as Layer<[i8; 64]>>::PEAK, 16 + 16);
    type Two = Residual<Rescale, Rescale, Add>;
    assert_eq!(<Two as Layer<[i8; 64]>>::PEAK, 16 + 16 + 16);
}

#[test]
fn operands_are_broadcast() {
    let (a, b) = ([[[1_i8], [5], [9]]], [[[2_i8, 4], [6, 8], [10, 12]]]);
    let mut y = [[[0_i8; 2]; 3]];
    Minimum::<i8>::NEW.apply2(Portable, &a, &b, &mut y);
    assert_eq!(y, [[[1, 1], [5, 5], [9, 9]]]);
    // The rows of each sample alone.
    let mut y = [[[0_i8; 2]; 2]; 2];
    let a = [[1_i8, 5], [7, 3]];
    Maximum::<i8>::NEW.apply2(Portable, &a, &[[[2_i8, 4], [6, 8]], [[2, 4], [6, 8]]], &mut y);
    assert_eq!(y, [[[2, 5], [6, 8]], [[7, 4], [7, 8]]]);
}

#[test]
fn parts_are_rescaled_where_their_scale_differs() {
    let (a, b, c) = ([[1_i8, 2], [3, 4]], [[5_i8], [6]], [[-7_i8, 8, 9], [10, 11, 127]]);
    let concat = Concat::<1, 3, 2>::from_scales([HALVES, ONES, ONES], HALVES).expect("tables for two");
    let mut y = [[0_i8; 6]; 2];
    concat.apply_parts(Portable, (&a, &b, &c), &mut y);
    let rescaled = |x: i8| {
        let mut y = [0];
        to_halves().apply(Portable, &[x], &mut y, &mut []);
        y[0]
    };
    for row in 0..2 {
        let behind = b[row].iter().chain(&c[row]).map(|&x| rescaled(x));
        assert!(y[row].iter().copied().eq(a[row].into_iter().chain(behind)), "{y:?}");
    }
    let error = Concat::<1, 2, 2>::from_scales([HALVES, ONES], HALVES);
    assert_eq!(error, Err(QuantizeError::Length { what: "list of tables", needed: 1, given: 2 }));
    assert!(Concat::<0, 2>::from_scales([ONES, ONES], ONES).is_ok());
}

#[test]
fn parts_of_int16_are_rescaled_where_their_scale_differs() {
    let (a, b, c) = ([[1_i16, 2], [3, 4]], [[-5_i16], [30_000]], [[-7_i16, 8, 9], [10, 11, i16::MIN]]);
    let concat = int16::Concat::<1, 3>::from_scales([0.5, 0.75, 0.125], 0.5).expect("scales");
    let mut y = [[0_i16; 6]; 2];
    concat.apply_parts(Portable, (&a, &b, &c), &mut y);
    let [up, down] = [0.75 / 0.5, 0.125 / 0.5].map(reference::Scale::nearest);
    for row in 0..2 {
        let scaled = |x: i16, by| rescale(x.into(), by, [0; 2], [i16::MIN.into(), i16::MAX.into()], true);
        let behind = b[row].iter().map(|&x| scaled(x, up)).chain(c[row].iter().map(|&x| scaled(x, down)));
        let want = a[row].iter().map(|&x| x.into()).chain(behind);
        assert!(y[row].iter().map(|&y| i64::from(y)).eq(want), "{y:?}");
    }
    assert_eq!(int16::Concat::<0, 2>::from_scales([1.0, 0.0], 1.0), Err(QuantizeError::Scale { channel: 0 }));
}

#[test]
fn layers_of_int16_refuse_what_leaves_their_integers() {
    let by = |shift| Multiplier { multiplier: 1 << 30, shift };
    let error = Err(QuantizeError::Scale { channel: 0 });
    assert_eq!(int16::Rescale::<Twice>::from_multiplier(by(17), Clamp::<i16>::NONE), error);
    assert!(int16::Rescale::<Twice>::from_multiplier(by(16), Clamp::<i16>::NONE).is_ok());
    // No zero points, and sums of 32 bits.
    let zero = ZeroPoints::new(1, 0);
    assert_eq!(Mean::<4, Twice, i16>::from_multiplier(by(0), zero), Err(QuantizeError::ZeroPoint));
    assert!(Mean::<65_535, Twice, i16>::from_multiplier(by(0), ZeroPoints::new(0, 0)).is_ok());
    let error = Mean::<65_536, Twice, i16>::from_multiplier(by(0), ZeroPoints::new(0, 0));
    assert_eq!(error, Err(QuantizeError::AccumulatorOverflow { channel: 0, bits: 32 }));
}
