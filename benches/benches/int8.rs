//! int8 layers on every instruction set: `cargo bench -p tensorlet-benches --bench int8`; items are multiply-adds.
//!
//! The layers are those of the MLPerf Tiny networks. `portable` takes row-major weights, its fastest; the others take
//! them in the order for hosts.

use std::hint::black_box;

use divan::{Bencher, counter::ItemsCount};
use tensorlet::{
    Tensor,
    quantized::{
        Conv2d, DepthwiseConv2d, ForHost, Linear, Multiplier, Once, Packing, QuantizeError, QuantizedLayer, RowMajor,
        Twice, ZeroPoints,
    },
    sliding::Slide,
};
use tensorlet_simd::{Isa, dispatch};

fn main() {
    divan::main();
}

/// A layer, whatever its order of weights: on these inputs it needs so many multiply-adds.
trait Case<P> {
    type Input: Tensor<Elem = i8>;
    type Layer: QuantizedLayer<Self::Input, Out: Tensor<Elem = i8>>;
    const MACS: usize;

    fn layer(weight: &dyn Fn(usize) -> Vec<i8>) -> Result<Self::Layer, QuantizeError>;
}

const BY: Multiplier = Multiplier { multiplier: 1_518_500_250, shift: -9 };
const ZERO: ZeroPoints = ZeroPoints::new(-3, 5);

macro_rules! cases {
    ($($name:ident = $layer:ident<$in:literal, $out:literal, $kh:literal, $kw:literal, $oh:literal, $ow:literal,
        $slide:ty>[$weights:literal] of $h:literal, $w:literal;)*) => {$(
        struct $name;

        impl<P: Packing> Case<P> for $name {
            type Input = [[[i8; $in]; $w]; $h];
            type Layer = $layer<$in, $out, $kh, $kw, $oh, $ow, $slide, P, Twice>;
            const MACS: usize = $weights * $oh * $ow;

            fn layer(weight: &dyn Fn(usize) -> Vec<i8>) -> Result<Self::Layer, QuantizeError> {
                Self::Layer::from_multipliers(&weight($weights), &[], &[BY; $out], ZERO)
            }
        }
    )*};
}

cases! {
    First = Conv2d<3, 16, 3, 3, 32, 32, Slide<1, 1>>[432] of 32, 32;
    Conv16 = Conv2d<16, 16, 3, 3, 32, 32, Slide<1, 1>>[2304] of 32, 32;
    Conv64 = Conv2d<64, 64, 3, 3, 8, 8, Slide<1, 1>>[36864] of 8, 8;
    Pointwise = Conv2d<64, 64, 1, 1, 25, 5, Slide>[4096] of 25, 5;
    Depthwise = DepthwiseConv2d<64, 64, 3, 3, 25, 5, Slide<1, 1>>[576] of 25, 5;
}

struct Dense;

impl<P: Packing> Case<P> for Dense {
    type Input = [i8; 640];
    type Layer = Linear<640, 128, P, Once>;
    const MACS: usize = 640 * 128;

    fn layer(weight: &dyn Fn(usize) -> Vec<i8>) -> Result<Self::Layer, QuantizeError> {
        Self::Layer::from_multipliers(&weight(640 * 128), &[], &[BY], ZERO)
    }
}

/// Integers of all sizes.
fn integers(n: usize) -> Vec<i8> {
    (0..n).map(|i| (i * 37 % 251) as u8 as i8).map(|x| x.max(-127)).collect()
}

fn bench<P: Packing, C: Case<P>>(bencher: Bencher<'_, '_>, isa: Isa) {
    type Out<P, C> = <<C as Case<P>>::Layer as QuantizedLayer<<C as Case<P>>::Input>>::Out;
    let layer = Box::new(C::layer(&integers).expect("a layer"));
    let (x, mut y) = (integers(C::Input::LEN), vec![0; Out::<P, C>::LEN]);
    let mut scratch = vec![0.0; <C::Layer as QuantizedLayer<C::Input>>::SCRATCH];
    let y = Out::<P, C>::view_mut(&mut y);
    bencher.counter(ItemsCount::new(C::MACS)).bench_local(|| {
        dispatch!(isa, |k| layer.apply(k, C::Input::view(black_box(&x)), &mut *y, &mut scratch));
    });
}

fn names() -> impl Iterator<Item = &'static str> {
    Isa::available().map(Isa::name)
}

macro_rules! benches {
    ($($name:ident: $case:ty;)*) => {$(
        #[divan::bench(args = names())]
        fn $name(bencher: Bencher<'_, '_>, isa: &str) {
            match Isa::by_name(isa) {
                Ok(isa @ Isa::Portable(_)) => bench::<RowMajor, $case>(bencher, isa),
                Ok(isa) => bench::<ForHost, $case>(bencher, isa),
                Err(_) => {}
            }
        }
    )*};
}

benches! {
    conv_3x3_32x32x3_to_16: First;
    conv_3x3_32x32x16_to_16: Conv16;
    conv_3x3_8x8x64_to_64: Conv64;
    pointwise_25x5x64_to_64: Pointwise;
    depthwise_3x3_25x5x64: Depthwise;
    linear_640_to_128: Dense;
}
