//! The machine's peak: as many independent multiply-adds as it takes to fill its pipes.
//!
//! With the instructions themselves: what the compiler makes of loops over arrays is at times a call for each number.

#![allow(unsafe_code, reason = "functions for an instruction set are called where the processor is known to have it")]

use std::hint::black_box;

use tensorlet_simd::Isa;

use crate::{arrays::Arrays, contestant::Contestant};

/// Vectors in flight: as many as hide the latency, and as fit into the registers.
const CHAINS: usize = 12;
/// Numbers that a run multiplies and adds to.
const NUMBERS: usize = CHAINS * 16 * 1000;
/// What the names of these contestants begin with.
pub const NAME: &str = "peak ";
/// Floating-point operations of a run.
pub const FLOPS: f64 = (2 * NUMBERS) as f64;

/// The peak of an instruction set, measured among the contestants of a case.
pub struct Peak(pub Isa);

impl Contestant for Peak {
    fn name(&self) -> String {
        format!("{NAME}{}", self.0)
    }

    fn form(&self) -> String {
        "independent multiply-adds".to_owned()
    }

    fn answer(&mut self) -> Result<Arrays, String> {
        Ok(Arrays::default())
    }

    fn run(&mut self, times: usize) {
        for _ in 0..times {
            black_box(chains(black_box(self.0)));
        }
    }
}

/// One run on an instruction set.
#[cfg(target_arch = "x86_64")]
fn chains(isa: Isa) -> f32 {
    use std::arch::x86_64::*;

    /// A function that keeps [`CHAINS`] vectors in flight.
    macro_rules! chains {
        ($name:ident, $features:literal, $lanes:literal, $set:ident, $first:ident, |$x:ident, $factor:ident, $term:ident| $f:expr) => {
            #[target_feature(enable = $features)]
            fn $name() -> f32 {
                let ($factor, $term, one) = ($set(black_box(0.999)), $set(black_box(0.5)), $set(black_box(1.0)));
                let mut chains = [one; CHAINS];
                for _ in 0..NUMBERS / CHAINS / $lanes {
                    for $x in &mut chains {
                        *$x = $f;
                    }
                }
                chains.into_iter().map(|x| $first(x)).sum()
            }
        };
    }
    chains!(sse2, "sse2", 4, _mm_set1_ps, _mm_cvtss_f32, |x, factor, term| _mm_add_ps(_mm_mul_ps(*x, factor), term));
    chains!(avx2, "avx2,fma", 8, _mm256_set1_ps, _mm256_cvtss_f32, |x, factor, term| _mm256_fmadd_ps(*x, factor, term));
    chains!(avx512, "avx512f", 16, _mm512_set1_ps, _mm512_cvtss_f32, |x, factor, term| _mm512_fmadd_ps(
        *x, factor, term
    ));

    match isa.name() {
        // SAFETY: an `Isa` of this name exists only where the processor has the instructions.
        "avx512" => unsafe { avx512() },
        // SAFETY: the same.
        "avx2" => unsafe { avx2() },
        // SAFETY: every x86-64 has SSE2.
        _ => unsafe { sse2() },
    }
}

/// What the compiler makes of multiplications and additions.
#[cfg(not(target_arch = "x86_64"))]
fn chains(_: Isa) -> f32 {
    let (mut chains, factor, term) = (black_box([[1.0_f32; 4]; CHAINS]), black_box(0.999), black_box(0.5));
    for _ in 0..NUMBERS / CHAINS / 4 {
        for x in chains.as_flattened_mut() {
            *x = x.mul_add(factor, term);
        }
    }
    chains.as_flattened().iter().sum()
}
