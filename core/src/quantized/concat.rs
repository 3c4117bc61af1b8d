//! Tensors one behind the other.

use core::marker::PhantomData;

use super::{
    Fused, Quantization, QuantizeError, Rounding, Twice,
    layer::quantized_module,
    lookup::{self, Table},
};
use crate::{
    Tensor,
    kernel::Kernels,
    ops::{Parts, cat_map},
};

/// `N` tensors one behind the other along dimension `D`: PyTorch's `torch.ops.quantized.cat`, TensorFlow Lite's
/// `CONCATENATION`.
///
/// Inputs whose scale or zero point is not that of the output are brought to it, as [`Rescale`](super::Rescale)
/// does, by one of `TABLES` tables of 256 bytes. TensorFlow Lite has such inputs rescaled before. `R` says how.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Concat, Quantization}};
/// const ONES: Quantization = Quantization::new(1.0, 0);
/// const HALVES: Quantization = Quantization::new(0.5, 0);
/// static CONCAT: Concat<-1, 2, 1> = quantized::unwrap(Concat::from_scales([ONES, HALVES], HALVES));
/// let mut y = [[[0_i8; 3]; 2]];
/// CONCAT.apply_parts(Portable, (&[[1_i8], [2]], &[[3_i8, 4], [5, 6]]), &mut y[0]);
/// assert_eq!(y, [[[2, 3, 4], [4, 5, 6]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat<const D: isize, const N: usize, const TABLES: usize = 0, R = Twice> {
    tables: [Table; TABLES],
    /// Which table an input has; none for those that are copied.
    which: [Option<u8>; N],
    kind: PhantomData<R>,
}

impl<const D: isize, const N: usize, const TABLES: usize, R: Rounding> Concat<D, N, TABLES, R> {
    const NEW: Self = Self { tables: [[0; 256]; TABLES], which: [None; N], kind: PhantomData };

    /// From the scales of the inputs and the output.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale or zero point is out of range, or `TABLES` is not the number of inputs that are
    /// rescaled.
    pub const fn from_scales(inputs: [Quantization; N], output: Quantization) -> Result<Self, QuantizeError> {
        const { assert!(TABLES <= N && N < 256, "one table for each input at most") };
        let (mut concat, mut tables, mut i) = (Self::NEW, 0, 0);
        while i < N {
            let input = inputs[i];
            if input.scale != output.scale || input.zero_point != output.zero_point {
                let table = match lookup::rescaling::<R>(input, output, Fused::Identity) {
                    Ok(table) => table,
                    Err(error) => return Err(error),
                };
                if tables < TABLES {
                    concat.tables[tables] = table;
                    concat.which[i] = Some(tables as u8);
                }
                tables += 1;
            }
            i += 1;
        }
        if tables != TABLES {
            return Err(QuantizeError::Length { what: "list of tables", needed: tables, given: TABLES });
        }
        Ok(concat)
    }

    /// The result for one sample of each input: a tuple of `N` references, each to a type of its own, or an array of
    /// them. Does not compile unless the shapes fit.
    #[inline]
    pub fn apply_parts<K: Kernels, P: Parts<Elem = i8>, Y: Tensor<Elem = i8>>(&self, _: K, parts: P, y: &mut Y) {
        const { assert!(P::SHAPES.len() == N, "as many tensors as the layer's type says") };
        cat_map::<D, P, Y>(parts, y, |i, x| {
            let table = self.which.get(i).copied().flatten().and_then(|table| self.tables.get(usize::from(table)));
            table.map_or(x, |table| table.get(usize::from(x as u8)).copied().unwrap_or_default())
        });
    }
}

quantized_module!(
    [const D: isize, const N: usize, const TABLES: usize, R: Rounding] Concat<D, N, TABLES, R>,
    0
);
