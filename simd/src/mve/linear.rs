//! Fully connected layers: six rows of weights at a time.

use tensorlet::quantized::{Order, Requantize};

use super::{
    asm::{self, Six},
    round::{Outputs, Rounds},
};

/// Rows of weights whose sums are made together.
const ROWS: usize = 6;

/// Computes a layer, or returns false if a slice is too short or the layer too small.
#[inline(never)]
pub(super) fn linear(
    [inputs, outputs]: [usize; 2],
    twice: bool,
    [x, weight]: [&[i8]; 2],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let ready = outputs >= ROWS && inputs > 0 && weight.len() >= inputs * outputs && super::ready(&requantize);
    if !ready || scratch.len() < Order::Mve.linear_scratch(inputs, outputs) {
        return false;
    }
    let sums: *mut i32 = scratch.as_mut_ptr().cast();
    let round = Rounds::of(twice, &requantize).one();
    let samples = (x.len() / inputs).min(y.len() / outputs);
    for sample in 0..samples {
        let (Some(x), Some(y)) = (x.get(sample * inputs..), y.get_mut(sample * outputs..)) else { return false };
        let mut row = 0;
        while row < outputs {
            // The last six rows overlap with those before them rather than to be fewer.
            let first = row.min(outputs - ROWS);
            // SAFETY: `first + 6 <= outputs`, so there are six rows of weights, checked above, and as many sums of
            // the scratch, whose length was checked, too; `x` has `inputs` bytes, since the sample is one of those
            // that fit into it. Words of `f32` hold words of `i32`.
            unsafe {
                asm::sums_of_six(&Six {
                    x: x.as_ptr(),
                    len: inputs as u32,
                    weight: weight.as_ptr().add(first * inputs),
                    sums: sums.add(first),
                });
            }
            row += ROWS;
        }
        let Some(outputs_of) = Outputs::new(&requantize, 0, outputs, sums, [y.as_mut_ptr(); 3]) else { return false };
        // SAFETY: `Outputs::new` has checked biases and scales, all sums have been written, and `y` has room for
        // `outputs` bytes, since the sample is one of those that fit into it.
        unsafe { round(&outputs_of) }
        super::clamp(y, outputs, requantize.clamp);
    }
    true
}
