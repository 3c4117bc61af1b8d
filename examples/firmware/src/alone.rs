//! Programs that hold one kernel and nothing else: what it takes of flash.

use core::hint::black_box;

use tensorlet::quantized::{Clamp, Requantize};

/// What a kernel works on: as far as the compiler can see, anything.
#[derive(Debug)]
pub struct Operands {
    /// Inputs.
    pub x: &'static [i8],
    /// Weights.
    pub weight: &'static [i8],
    /// What sums go through.
    pub requantize: Requantize<'static>,
    /// Outputs.
    pub y: &'static mut [i8],
    /// Scratch or an arena.
    pub scratch: &'static mut [f32],
}

/// Operands, once and for all kernels in the same way.
#[inline(never)]
pub fn operands() -> Operands {
    let requantize = Requantize { bias: &[], scales: &[], folded: true, clamp: Clamp::<i8>::NONE };
    black_box(Operands { x: &[], weight: &[], requantize, y: &mut [], scratch: &mut [] })
}

/// A program that does this with [`Operands`](crate::alone::Operands) and nothing else. It links only if no panic is
/// reachable.
#[macro_export]
macro_rules! alone {
    (|$operands:ident| $work:expr) => {
        use panic_never as _;

        #[cortex_m_rt::entry]
        fn main() -> ! {
            let $operands = $crate::alone::operands();
            core::hint::black_box($work);
            loop {
                cortex_m::asm::wfi();
            }
        }
    };
}
