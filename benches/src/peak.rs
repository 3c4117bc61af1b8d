//! The machine's peak: as many independent multiply-adds as it takes to fill its pipes.

use std::hint::black_box;

use tensorlet::Kernels;
use tensorlet_simd::{Isa, WithKernels};

use crate::{arrays::Arrays, contestant::Contestant};

/// Numbers of a group: the loops over them become vectors of any length.
const LANES: usize = 16;
/// Groups that a run works on.
const GROUPS: usize = 12_000;
/// What the names of these contestants begin with.
pub const NAME: &str = "peak ";
/// Floating-point operations of a run.
pub const FLOPS: f64 = (2 * LANES * GROUPS) as f64;

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
            black_box(self.0.run(Chains));
        }
    }
}

struct Chains;

impl WithKernels for Chains {
    type Output = f32;

    #[inline(always)]
    fn with<K: Kernels>(self, _: K) -> f32 {
        // As many as hide the latency and as fit into the registers. Where there is no instruction for it,
        // `mul_add` would be a call.
        match K::NAME {
            "avx512" => chains::<12, true>(),
            "avx2" => chains::<6, true>(),
            _ if cfg!(target_arch = "aarch64") => chains::<6, true>(),
            _ => chains::<3, false>(),
        }
    }
}

/// No closures and no calls: what is not inlined is not compiled for the instruction set.
#[inline(always)]
fn chains<const CHAINS: usize, const FUSED: bool>() -> f32 {
    let (mut chains, factor) = (black_box([[1.0_f32; LANES]; CHAINS]), black_box([0.999_f32; LANES]));
    for _ in 0..GROUPS / CHAINS {
        for chain in &mut chains {
            for lane in 0..LANES {
                let (x, factor) = (chain[lane], factor[lane]);
                chain[lane] = if FUSED { x.mul_add(factor, 0.5) } else { x * factor + 0.5 };
            }
        }
    }
    black_box(chains)[0][0]
}
