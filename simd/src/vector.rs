//! What the bodies need of a vector unit beyond arithmetic: memory and moves between lanes.
//!
//! The arithmetic is [`Lanes`] of the core crate. Reads and writes of slices are safe: where fewer
//! elements are left than the vector has lanes, the rest is neither read nor written. The kernels
//! that walk matrices and planes use the pointer forms.

use tensorlet::math::lanes::Lanes;

/// The largest number of lanes of any instruction set.
pub(crate) const MOST_LANES: usize = 16;

/// The same pointer, of which the compiler knows nothing: it keeps no numbers in registers because they
/// were read through another pointer, and finds no neighbours to read together. In tiles that fill the
/// registers both would push sums out of them.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, unused_mut, reason = "nothing is read or written")]
pub(crate) fn opaque(mut pointer: *const f32) -> *const f32 {
    #[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    pointer
}

/// A vector unit. Implemented by tokens, so that holding `self` proves that the instructions exist.
pub(crate) trait Vector: Lanes {
    /// Vector registers, by which the kernels choose their tiles.
    const REGISTERS: usize;
    /// One offset per lane.
    type Index: Copy;
    /// The token of vectors half as long, where the instruction set has them; else itself.
    type Half: Vector;

    /// The token of vectors half as long.
    fn half(self) -> Self::Half;

    /// The lanes `from..to`; both may lie beyond the last lane.
    fn range(self, from: usize, to: usize) -> Self::Mask;
    /// `x` in the lanes in `mask`, 0 in the others.
    #[inline(always)]
    fn keep(self, mask: Self::Mask, x: Self::V) -> Self::V {
        self.select(mask, x, self.splat(0.0))
    }
    /// Bit `i` is lane `i`.
    fn bits(self, mask: Self::Mask) -> u32;
    /// Lane `i` is bit `i`.
    fn mask(self, bits: u32) -> Self::Mask;
    /// The sum of all lanes.
    fn sum_lanes(self, x: Self::V) -> f32;
    /// The sum of all lanes of each of four vectors.
    #[inline(always)]
    fn sum_each(self, x: [Self::V; 4]) -> [f32; 4] {
        let [a, b, c, d] = x;
        [self.sum_lanes(a), self.sum_lanes(b), self.sum_lanes(c), self.sum_lanes(d)]
    }
    /// The largest lane of each of four vectors without NaN.
    fn max_each(self, x: [Self::V; 4]) -> [f32; 4];
    /// `1/√x` of four numbers, each of the two steps correctly rounded.
    fn rsqrt_each(self, x: [f32; 4]) -> [f32; 4];
    /// The even and the odd numbers of two vectors, one behind the other.
    fn deinterleave(self, a: Self::V, b: Self::V) -> (Self::V, Self::V);
    /// Two vectors, one behind the other, whose even and odd numbers are given.
    fn interleave(self, even: Self::V, odd: Self::V) -> (Self::V, Self::V);
    /// The first `LANES` bytes of a slice as numbers, 0 in the lanes behind its end.
    #[inline(always)]
    fn bytes(self, from: &[u8]) -> Self::V {
        let mut numbers = [0.0; MOST_LANES];
        for (number, byte) in numbers.iter_mut().zip(from) {
            *number = f32::from(*byte);
        }
        self.read(&numbers)
    }
    /// Writes the whole numbers of the first lanes as bytes; those behind the slice's end are dropped.
    #[inline(always)]
    fn write_bytes(self, to: &mut [u8], x: Self::V) {
        for (byte, number) in to.iter_mut().zip(self.to_array(x)).take(Self::LANES) {
            *byte = number as u8;
        }
    }
    /// Lane `j` of vector `i` becomes lane `i` of vector `j`, of the first `LANES` vectors.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "two numbers name a place in a square")]
    fn transpose(self, rows: [Self::V; MOST_LANES]) -> [Self::V; MOST_LANES] {
        let mut numbers = [[0.0; MOST_LANES]; MOST_LANES];
        for i in 0..Self::LANES {
            let row = self.to_array(rows[i]);
            for j in 0..Self::LANES {
                numbers[j][i] = row[j];
            }
        }
        let mut columns = rows;
        for j in 0..Self::LANES {
            columns[j] = self.read(&numbers[j]);
        }
        columns
    }
    /// The offsets of the first `LANES` entries.
    fn index(self, offsets: &[i32; MOST_LANES]) -> Self::Index;

    /// `LANES` numbers.
    ///
    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load(self, from: *const f32) -> Self::V;

    /// The numbers of the lanes in `mask`, 0 in the others.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `from + i` is valid for a read. The others are not touched, and
    /// `from` itself may lie outside the allocation.
    unsafe fn load_masked(self, from: *const f32, mask: Self::Mask) -> Self::V;

    /// `from[index[i]]` in each lane `i` in `mask`, 0 in the others.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `from + index[i]` is valid for a read. The others are not
    /// touched, and `from` itself may lie outside the allocation.
    unsafe fn gather(self, from: *const f32, index: Self::Index, mask: Self::Mask) -> Self::V;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// `to` is valid for writes of `LANES` numbers.
    unsafe fn store(self, to: *mut f32, x: Self::V);

    /// Writes the lanes in `mask`.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `to + i` is valid for a write. The others are not touched.
    unsafe fn store_masked(self, to: *mut f32, mask: Self::Mask, x: Self::V);

    /// Four numbers for every four lanes: the first from `from`, each next four `stride` further on.
    ///
    /// # Safety
    /// `from + i · stride` is valid for reads of four numbers for each `i` below `LANES / 4`.
    unsafe fn load_fours(self, from: *const f32, stride: usize) -> Self::V;

    /// Of every four lanes lane `I`, in all four.
    fn repeat_in_fours<const I: usize>(self, x: Self::V) -> Self::V;

    /// Every four lanes of four vectors as a matrix of four rows, transposed.
    fn transpose_fours(self, rows: [Self::V; 4]) -> [Self::V; 4];

    /// Lane `index[i]` of `x` in each lane `i`.
    fn spread(self, x: Self::V, index: Self::Index) -> Self::V;

    /// Asks for the memory at an address, which may be any, to be brought near.
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        let _ = at;
    }

    /// The first `LANES` numbers of a slice, 0 in the lanes behind its end.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::V {
        if from.len() >= Self::LANES {
            // SAFETY: the slice has at least `LANES` numbers.
            unsafe { self.load(from.as_ptr()) }
        } else {
            // SAFETY: the mask has the lanes below the slice's length.
            unsafe { self.load_masked(from.as_ptr(), self.range(0, from.len())) }
        }
    }

    /// The first `LANES` numbers of a slice, `fill` in the lanes behind its end.
    #[inline(always)]
    fn read_or(self, from: &[f32], fill: Self::V) -> Self::V {
        if from.len() >= Self::LANES {
            self.read(from)
        } else {
            self.select(self.range(0, from.len()), self.read(from), fill)
        }
    }

    /// Writes the first `LANES` numbers of a slice; lanes behind its end are dropped.
    #[inline(always)]
    fn write(self, to: &mut [f32], x: Self::V) {
        if to.len() >= Self::LANES {
            // SAFETY: the slice has at least `LANES` numbers.
            unsafe { self.store(to.as_mut_ptr(), x) }
        } else {
            // SAFETY: the mask has the lanes below the slice's length.
            unsafe { self.store_masked(to.as_mut_ptr(), self.range(0, to.len()), x) }
        }
    }

    /// All lanes as an array; those that the vector lacks are 0.
    #[inline(always)]
    fn to_array(self, x: Self::V) -> [f32; MOST_LANES] {
        const { assert!(Self::LANES <= MOST_LANES) }
        let mut array = [0.0; MOST_LANES];
        self.write(&mut array, x);
        array
    }
}

/// Methods that are one expression of intrinsics each, allowed by the token `self`.
macro_rules! proven {
    ($($(#[$meta:meta])* fn $name:ident($self:ident $(, $arg:ident: $type:ty)*) -> $ret:ty = $body:expr;)*) => {$(
        $(#[$meta])*
        #[inline(always)]
        fn $name($self $(, $arg: $type)*) -> $ret {
            // SAFETY: `self` proves that the processor has the instruction set, and these
            // intrinsics ask for nothing else.
            unsafe { $body }
        }
    )*};
}
pub(crate) use proven;

#[cfg(test)]
mod tests {
    use std::{boxed::Box, println, vec::Vec};

    use tensorlet::math::lanes;

    use super::*;
    use crate::Isa;

    /// Calls a generic function with the token of every vector unit, by name, and says which this
    /// processor lacks.
    macro_rules! on_every_unit {
        ($check:ident) => {
            for name in Isa::NAMES {
                match Isa::by_name(name) {
                    Ok(Isa::Portable(_)) => {}
                    #[cfg(target_arch = "wasm32")]
                    Ok(Isa::Simd128(l)) => $check(l, name),
                    #[cfg(target_arch = "aarch64")]
                    Ok(Isa::Neon(l)) => $check(l, name),
                    #[cfg(target_arch = "x86_64")]
                    Ok(Isa::Avx2(l)) => $check(l, name),
                    #[cfg(target_arch = "x86_64")]
                    Ok(Isa::Avx512(l)) => $check(l, name),
                    Err(reason) => println!("{}: {name} could not be tried: {reason}", stringify!($check)),
                }
            }
        };
    }

    #[test]
    fn memory_keeps_to_the_mask() {
        fn check<L: Vector>(l: L, name: &str) {
            for (from, to) in (0..=L::LANES + 1).flat_map(|from| (0..=L::LANES + 1).map(move |to| (from, to))) {
                let mask = l.range(from, to);
                let lanes: Vec<usize> = (from..to.min(L::LANES)).collect();
                let bits = lanes.iter().fold(0, |bits, lane| bits | 1 << lane);
                assert_eq!((l.bits(mask), l.bits(l.mask(bits))), (bits, bits), "{name} {from}..{to}");

                // An allocation that ends where the mask ends, behind a start that lies before it.
                let data: Box<[f32]> = lanes.iter().map(|&lane| lane as f32 + 1.0).collect();
                let mut copy = data.clone();
                let mut index = [0; MOST_LANES];
                index.iter_mut().enumerate().for_each(|(lane, index)| *index = lane as i32);
                // SAFETY: lane `from` is the first element and `to - 1` the last; there are no others.
                let (loaded, gathered) = unsafe {
                    let start = data.as_ptr().wrapping_sub(from);
                    let loaded = l.load_masked(start, mask);
                    l.store_masked(copy.as_mut_ptr().wrapping_sub(from), mask, l.add(loaded, loaded));
                    (l.to_array(loaded), l.to_array(l.gather(start, l.index(&index), mask)))
                };
                for lane in 0..L::LANES {
                    let want = if lanes.contains(&lane) { lane as f32 + 1.0 } else { 0.0 };
                    assert_eq!((loaded[lane], gathered[lane]), (want, want), "{name} {from}..{to}");
                }
                assert!(copy.iter().zip(&data).all(|(copy, data)| *copy == 2.0 * data));
            }
        }
        on_every_unit!(check);
    }

    #[test]
    fn four_vectors_are_reduced_at_once() {
        fn check<L: Vector>(l: L, name: &str) {
            let mut x = [[0.0; MOST_LANES]; 4];
            for (i, x) in x.as_flattened_mut().iter_mut().enumerate() {
                *x = ((i * 37) % 53) as f32 - 60.0;
            }
            let vectors = x.map(|x| l.read(&x));
            let sums = x.map(|x| x[..L::LANES].iter().sum());
            let largest = x.map(|x| x[..L::LANES].iter().fold(f32::NEG_INFINITY, |max, &x| f32::max(max, x)));
            assert_eq!((l.sum_each(vectors), l.max_each(vectors)), (sums, largest), "{name}");
            let squares = [4.0, 3.0, 1e-20, f32::INFINITY];
            assert_eq!(l.rsqrt_each(squares), squares.map(|x| 1.0 / f32::sqrt(x)), "{name}");
        }
        on_every_unit!(check);
    }

    #[test]
    fn moves_go_where_they_say() {
        fn check<L: Vector>(l: L, name: &str) {
            let data: Vec<f32> = (0..100).map(|i| i as f32).collect();
            let lanes = |x: L::V| l.to_array(x)[..L::LANES].to_vec();
            let expected = |f: &dyn Fn(usize) -> usize| (0..L::LANES).map(|i| f(i) as f32).collect::<Vec<_>>();
            // SAFETY: `data` has more numbers than are asked for.
            unsafe {
                assert_eq!(lanes(l.load_fours(&data[1], 7)), expected(&|i| 1 + 7 * (i / 4) + i % 4), "{name}");
                assert_eq!(lanes(l.load_fours(&data[1], 0)), expected(&|i| 1 + i % 4), "{name}");
            }
            let x = l.read(&data);
            let mut index = [0; MOST_LANES];
            index.iter_mut().enumerate().for_each(|(i, index)| *index = (i / 3) as i32);
            assert_eq!(lanes(l.spread(x, l.index(&index))), expected(&|i| i / 3), "{name}");
            assert_eq!(lanes(l.repeat_in_fours::<0>(x)), expected(&|i| i / 4 * 4), "{name}");
            assert_eq!(lanes(l.repeat_in_fours::<1>(x)), expected(&|i| i / 4 * 4 + 1), "{name}");
            assert_eq!(lanes(l.repeat_in_fours::<2>(x)), expected(&|i| i / 4 * 4 + 2), "{name}");
            assert_eq!(lanes(l.repeat_in_fours::<3>(x)), expected(&|i| i / 4 * 4 + 3), "{name}");
            let turned = l.transpose_fours([0, 16, 32, 48].map(|at| l.read(&data[at..])));
            for (row, turned) in turned.into_iter().enumerate() {
                assert_eq!(lanes(turned), expected(&|i| i % 4 * 16 + i / 4 * 4 + row), "{name}");
            }
        }
        on_every_unit!(check);
    }

    #[test]
    fn functions_are_within_their_bounds() {
        fn check<L: Vector>(l: L, name: &str) {
            bound(l, name, "exp", lanes::exp, f64::exp, 1.5);
            bound(l, name, "ln", lanes::ln, |x| if x < 0.0 { f64::NAN } else { x.ln() }, 1.5);
            assert_eq!(
                l.to_array(lanes::ln(l, l.splat(f32::MAX)))[..L::LANES],
                [f32::MAX.ln(); MOST_LANES][..L::LANES]
            );
            fn low<L: Vector>(l: L, x: L::V) -> L::V {
                lanes::expm1_of_low(l, l.min(l.splat(88.0), x))
            }
            bound(l, name, "expm1", low, |x| x.min(88.0).exp_m1(), 2.0);
            bound(l, name, "softplus", lanes::softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 3.0);
            bound(l, name, "tanh", lanes::tanh, f64::tanh, 1.5);
            bound(l, name, "sigmoid", lanes::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2.5);
        }
        on_every_unit!(check);
    }

    /// Checks every 4093rd number of both signs up to 110.
    fn bound<L: Vector>(l: L, isa: &str, name: &str, f: fn(L, L::V) -> L::V, exact: fn(f64) -> f64, bound: f64) {
        let (mut worst, mut at) = (0.0, 0.0);
        for bits in (0..=110.0_f32.to_bits()).step_by(4093) {
            let x = f32::from_bits(bits);
            let y = l.to_array(f(l, l.read(&[x, -x])));
            for (x, y) in [x, -x].into_iter().zip(y) {
                let exact = exact(f64::from(x));
                let rounded = exact.abs() as f32;
                let unit = if rounded < f32::MIN_POSITIVE {
                    f64::from(f32::from_bits(1))
                } else {
                    f64::from(f32::from_bits(rounded.to_bits() & 0x7f80_0000)) * f64::from(f32::EPSILON)
                };
                let same = y == exact as f32 || y.is_nan() && exact.is_nan();
                let error = if same { 0.0 } else { (f64::from(y) - exact).abs() / unit };
                assert!(error <= bound, "{isa} {name}: {error} at {x:e}");
                if error > worst {
                    (worst, at) = (error, x);
                }
            }
        }
        println!("{isa} {name}: {worst:.3} units in the last place, at {at:e}");
    }
}
