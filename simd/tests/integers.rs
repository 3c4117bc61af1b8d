//! Kernels on integers at the edges of memory: operands in allocations of their exact sizes, on every instruction set,
//! so that the address sanitizer and Miri see what lies beside them. Results against sums of 64 bits.

use tensorlet::{
    Tensor,
    quantized::{
        Add, Binary, Conv2d, DepthwiseConv2d, ForHost, Fused, Linear, Maximum, Multiplier, Once, Operands,
        Quantization, QuantizedLayer, Twice, ZeroPoints,
    },
    sliding::Slide,
};
use tensorlet_simd::{Isa, dispatch};

/// 2^-12.
const BY: Multiplier = Multiplier { multiplier: 1 << 30, shift: -11 };
const ZERO: ZeroPoints = ZeroPoints::new(-3, 5);

/// Integers of all sizes, many of them -128: two products of those leave 16 bits.
fn integers(n: usize, seed: usize) -> Box<[i8]> {
    (0..n).map(|i| if (i * 7 + seed) % 5 < 2 { -128 } else { ((i * 37 + seed * 11) % 251) as u8 as i8 }).collect()
}

/// The output for a sum: rounded once, halves up; or twice, halves up, then away from zero.
fn output(sum: i64, twice: bool) -> i8 {
    let half = (sum + 1) >> 1;
    let y = if twice { half.signum() * ((half.abs() + (1 << 10)) >> 11) } else { (sum + (1 << 11)) >> 12 };
    (y + 5).clamp(-128, 127) as i8
}

/// Calls a layer on all instruction sets with an input and scratch of exact sizes.
fn check<X: Tensor<Elem = i8>, L: QuantizedLayer<X, Out: Tensor<Elem = i8>>>(layer: &L, x: &[i8], want: &[i8]) {
    for isa in Isa::available() {
        for words in [L::SCRATCH, L::SCRATCH / 2, 0] {
            let (x, mut y) = (Box::<[i8]>::from(x), vec![99; want.len()].into_boxed_slice());
            let mut scratch = vec![f32::NAN; words].into_boxed_slice();
            let out = L::Out::view_mut(&mut y);
            dispatch!(isa, |k| layer.apply(k, X::view(&x), out, &mut scratch));
            assert!(*y == *want, "{isa}, {words} words of scratch");
        }
    }
}

fn linear<const IN: usize, const OUT: usize>() {
    let (weight, x) = (integers(IN * OUT, 1), integers(3 * IN, 2));
    let layer = Linear::<IN, OUT, ForHost, Once, OUT>::from_multipliers(&weight, &[], &[BY; OUT], ZERO);
    let layer = Box::new(layer.expect("a layer"));
    let of = |x: &[i8], o: usize| -> i64 {
        x.iter().zip(&weight[o * IN..]).map(|(x, w)| (i64::from(*x) + 3) * i64::from(*w)).sum()
    };
    let want: Vec<i8> = x.chunks(IN).flat_map(|x| (0..OUT).map(move |o| output(of(x, o), false))).collect();
    check(&*layer, &x, &want);
}

#[test]
fn products_keep_to_their_operands() {
    linear::<1, 1>();
    linear::<6, 3>();
    linear::<7, 18>();
    linear::<32, 64>();
    linear::<9, 77>();
}

/// A convolution of `H · H` pixels with windows of `K` by `K` and a padding of `P`.
fn conv<const IN: usize, const OUT: usize, const K: usize, const H: usize, const P: usize>() {
    let (weight, x) = (integers(OUT * K * K * IN, 3), integers(2 * H * H * IN, 4));
    let layer =
        Conv2d::<IN, OUT, K, K, H, H, Slide<1, P>, ForHost, Twice>::from_multipliers(&weight, &[], &[BY; OUT], ZERO);
    let layer = Box::new(layer.expect("a layer"));
    let mut want = Vec::new();
    for (x, i, j, o) in places(&x, H * H * IN, H, OUT) {
        let mut sum = 0;
        for (r, s) in taps::<K>() {
            if let Some(pixel) = pixel::<H>(i + r, j + s, P) {
                for c in 0..IN {
                    let w = weight[((o * K + r) * K + s) * IN + c];
                    sum += (i64::from(x[pixel * IN + c]) + 3) * i64::from(w);
                }
            }
        }
        want.push(output(sum, true));
    }
    check::<[[[i8; IN]; H]; H], _>(&*layer, &x, &want);
}

fn depthwise<const C: usize, const K: usize, const H: usize, const P: usize>() {
    let (weight, x) = (integers(K * K * C, 5), integers(2 * H * H * C, 6));
    let layer = DepthwiseConv2d::<C, C, K, K, H, H, Slide<1, P>, ForHost, Twice>::from_multipliers(
        &weight,
        &[],
        &[BY; C],
        ZERO,
    );
    let layer = Box::new(layer.expect("a layer"));
    let mut want = Vec::new();
    for (x, i, j, o) in places(&x, H * H * C, H, C) {
        let mut sum = 0;
        for (r, s) in taps::<K>() {
            if let Some(pixel) = pixel::<H>(i + r, j + s, P) {
                sum += (i64::from(x[pixel * C + o]) + 3) * i64::from(weight[(r * K + s) * C + o]);
            }
        }
        want.push(output(sum, true));
    }
    check::<[[[i8; C]; H]; H], _>(&*layer, &x, &want);
}

/// Each sample with each of its outputs: row, column and channel.
fn places(x: &[i8], len: usize, h: usize, outputs: usize) -> impl Iterator<Item = (&[i8], usize, usize, usize)> {
    x.chunks(len)
        .flat_map(move |x| (0..h * h * outputs).map(move |at| (x, at / outputs / h, at / outputs % h, at % outputs)))
}

fn taps<const K: usize>() -> impl Iterator<Item = (usize, usize)> {
    (0..K * K).map(|tap| (tap / K, tap % K))
}

/// A pixel counted with the padding, if it lies inside.
fn pixel<const H: usize>(i: usize, j: usize, padding: usize) -> Option<usize> {
    let (i, j) = (i.checked_sub(padding)?, j.checked_sub(padding)?);
    (i < H && j < H).then_some(i * H + j)
}

#[test]
fn convolutions_keep_to_their_operands() {
    // Lines of the image.
    conv::<4, 5, 3, 6, 1>();
    conv::<4, 33, 3, 9, 1>();
    // Windows, with a rest of the last four and without.
    conv::<3, 17, 3, 5, 1>();
    conv::<8, 70, 1, 3, 0>();
    conv::<5, 2, 1, 4, 0>();
}

#[test]
fn depthwise_convolutions_keep_to_their_operands() {
    depthwise::<1, 3, 5, 1>();
    depthwise::<24, 3, 6, 1>();
    depthwise::<67, 1, 3, 0>();
}

#[test]
fn elements_keep_to_their_operands() {
    let one = Quantization::new(1.0, 0);
    let add = Add::<Twice>::from_scales([one, one], one, Fused::Identity).expect("a sum");
    for n in [0, 1, 31, 32, 33, 70] {
        let (a, b) = (integers(n, 7), integers(n, 8));
        let pairs = || a.iter().zip(&b);
        let sums: Vec<i8> = pairs().map(|(a, b)| a.saturating_add(*b)).collect();
        let largest: Vec<i8> = pairs().map(|(a, b)| *a.max(b)).collect();
        for isa in Isa::available() {
            let mut y = vec![0; n].into_boxed_slice();
            dispatch!(isa, |k| add.rows(k, Operands::Both(&a, &b), &mut y));
            assert_eq!(*y, *sums, "{isa}");
            dispatch!(isa, |k| Maximum::<i8>::NEW.rows(k, Operands::Both(&a, &b), &mut y));
            assert_eq!(*y, *largest, "{isa}");
        }
    }
}
