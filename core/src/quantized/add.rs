//! The sum of two tensors.

use core::marker::PhantomData;

use super::{
    Binary, Clamp, Fused, Integer, Multiplier, Operands, Quantization, QuantizeError, QuantizedLayer, Rounding, Scale,
    Twice,
    binary::binary_layer,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
};

/// What a sum is made of, as CMSIS-NN takes it:
/// `y = output · (Σ inputs_i · (x_i - zero_i) 2^left_shift) + output_zero`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddParameters {
    /// By how much inputs are shifted to the left first: TensorFlow Lite has 20 for int8 and 15 for int16.
    pub left_shift: u32,
    /// The zero points of the inputs.
    pub zero: [i32; 2],
    /// The multipliers of the inputs; no shift is positive.
    pub inputs: [Multiplier; 2],
    /// The multiplier of the sum.
    pub output: Multiplier,
    /// The zero point of the output.
    pub output_zero: i32,
    /// The smallest output.
    pub min: i32,
    /// The largest output.
    pub max: i32,
}

impl AddParameters {
    /// TensorFlow Lite's, from the scales of both inputs and the output. The inputs are scaled by half of
    /// what they are to the larger one's scale.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: a scale is not positive and finite.
    pub const fn from_scales<T: Integer>(
        inputs: [Quantization; 2],
        output: Quantization,
        fused: Fused,
    ) -> Result<Self, QuantizeError> {
        let [a, b] = inputs;
        if !(a.is_valid() && b.is_valid() && output.is_valid()) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let left_shift = if size_of::<T>() == 1 { 20 } else { 15 };
        let twice = 2.0 * (if a.scale > b.scale { a.scale } else { b.scale }) as f64;
        let (min, max) = fused.limits(output, T::LEAST, T::MOST);
        Ok(Self {
            left_shift,
            zero: [a.zero_point, b.zero_point],
            inputs: [Multiplier::from_real(a.scale as f64 / twice), Multiplier::from_real(b.scale as f64 / twice)],
            output: Multiplier::from_real(twice / ((1_i64 << left_shift) as f64 * output.scale as f64)),
            output_zero: output.zero_point,
            min,
            max,
        })
    }
}

/// Prepared parameters of a sum: see [`CompactAdd`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AddScales<T> {
    left_shift: u32,
    zero: [i32; 2],
    inputs: [Multiplier; 2],
    /// The scale of the sum.
    pub output: Scale,
    /// The limits of the output.
    pub clamp: Clamp<T>,
}

impl<T: Integer> AddScales<T> {
    const fn new(parameters: AddParameters, none: Clamp<T>) -> Result<Self, QuantizeError> {
        let AddParameters { left_shift, zero, inputs, output, output_zero, .. } = parameters;
        let mut i = 0;
        // The difference of an integer and its zero point takes a bit more than the integer.
        let most = if T::MOST < 256 { 23 } else { 15 };
        while i < 2 {
            if inputs[i].multiplier < 0 || inputs[i].shift > 0 || inputs[i].shift < -31 || left_shift > most {
                return Err(QuantizeError::Scale { channel: 0 });
            }
            if zero[i] < T::LEAST || zero[i] > T::MOST {
                return Err(QuantizeError::ZeroPoint);
            }
            i += 1;
        }
        if output_zero < T::LEAST || output_zero > T::MOST {
            return Err(QuantizeError::ZeroPoint);
        }
        let mut scales = Self { left_shift, zero, inputs, output: Scale::ZERO, clamp: none };
        let bound = scales.bound();
        if bound >= 1 << 31 {
            return Err(QuantizeError::AccumulatorOverflow { channel: 0, bits: 32 });
        }
        match Scale::new(output, output_zero, bound) {
            Ok(output) => scales.output = output,
            Err(error) => return Err(error),
        }
        Ok(scales)
    }

    /// No sum is larger.
    const fn bound(&self) -> i64 {
        let (mut bound, mut i) = (0, 0);
        while i < 2 {
            let (low, high) = (self.scaled::<Twice>(i, T::LEAST), self.scaled::<Twice>(i, T::MOST));
            let (low, high) = ((low as i64).abs(), (high as i64).abs());
            // One more, for the other rounding.
            bound += 1 + if low > high { low } else { high };
            i += 1;
        }
        bound
    }

    /// An integer of an input, scaled.
    #[inline(always)]
    const fn scaled<R: Rounding>(&self, input: usize, x: i32) -> i32 {
        let (zero, scale) = if input == 0 { (self.zero[0], self.inputs[0]) } else { (self.zero[1], self.inputs[1]) };
        scale.scale::<R>(x.wrapping_sub(zero).wrapping_shl(self.left_shift))
    }

    /// What input 0 or 1 adds to the sum, as [`output`](Self::output) takes it for a bias.
    #[inline(always)]
    #[must_use]
    pub const fn addend<R: Rounding>(&self, input: usize, x: i32) -> i32 {
        self.output.prepare_bias(self.scaled::<R>(input, x))
    }

    /// The same with the inputs exchanged.
    #[inline(always)]
    const fn swapped(&self) -> Self {
        let ([a, b], [za, zb]) = (self.inputs, self.zero);
        Self { inputs: [b, a], zero: [zb, za], ..*self }
    }
}

/// What a kernel needs to add by tables.
#[derive(Clone, Copy, Debug)]
pub struct AddTables<'a> {
    /// What each integer of an input adds to the sum, as `scale` takes it for a bias: 0 to 127, then -128 to -1.
    pub tables: [&'a [i32; 256]; 2],
    /// The scale of the sum.
    pub scale: Scale,
    /// The limits of the output.
    pub clamp: Clamp<i8>,
}

/// `y = a + b` on int8, broadcast to each other: PyTorch's `torch.ops.quantized.add`, TensorFlow Lite's `ADD`.
///
/// Of each input the layer holds a table of what each of its integers adds to the sum: 2 KB, which save the two
/// products and roundings of the inputs. [`CompactAdd`] does without.
///
/// `R` says how products are rounded.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Add, Binary, Fused, Quantization}};
/// static ADD: Add = quantized::unwrap(Add::from_scales(
///     [Quantization::new(0.5, 0), Quantization::new(1.0, -1)],
///     Quantization::new(0.25, 2),
///     Fused::Identity,
/// ));
/// let mut y = [[0_i8; 3]];
/// // 1, 2 and -3, and 0, 3 and 3.
/// ADD.apply2(Portable, &[[2_i8, 4, -6]], &[[-1_i8, 2, 2]], &mut y);
/// assert_eq!(y, [[6, 22, 2]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Add<R = Twice> {
    tables: [[i32; 256]; 2],
    scale: Scale,
    clamp: Clamp<i8>,
    kind: PhantomData<R>,
}

impl<R: Rounding> Add<R> {
    const NEW: Self = Self { tables: [[0; 256]; 2], scale: Scale::ZERO, clamp: Clamp::<i8>::NONE, kind: PhantomData };

    /// From multipliers.
    ///
    /// # Errors
    /// [`QuantizeError`]: a multiplier, a shift or a zero point is out of range.
    pub const fn from_multipliers(parameters: AddParameters) -> Result<Self, QuantizeError> {
        let scales = match CompactAdd::<i8, R>::from_multipliers(parameters) {
            Ok(add) => add.scales,
            Err(error) => return Err(error),
        };
        let mut add = Self { scale: scales.output, clamp: scales.clamp, ..Self::NEW };
        let mut i = 0;
        while i < 256 {
            add.tables[0][i] = scales.addend::<R>(0, i as u8 as i8 as i32);
            add.tables[1][i] = scales.addend::<R>(1, i as u8 as i8 as i32);
            i += 1;
        }
        Ok(add)
    }

    /// From the scales of both inputs and the output.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale is not positive and finite, or a zero point out of range.
    pub const fn from_scales(
        inputs: [Quantization; 2],
        output: Quantization,
        fused: Fused,
    ) -> Result<Self, QuantizeError> {
        match AddParameters::from_scales::<i8>(inputs, output, fused) {
            Ok(parameters) => Self::from_multipliers(parameters),
            Err(error) => Err(error),
        }
    }

    /// What the kernel takes.
    #[inline(always)]
    #[must_use]
    pub const fn tables(&self) -> AddTables<'_> {
        let [first, second] = &self.tables;
        AddTables { tables: [first, second], scale: self.scale, clamp: self.clamp }
    }
}

/// [`Add`] without its tables, in 64 bytes; and the sum on int16, of which the zero points are 0.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Binary, CompactAdd, Fused, Quantization}};
/// static ADD: CompactAdd<i16> = quantized::unwrap(CompactAdd::<i16>::from_scales(
///     [Quantization::new(0.5, 0), Quantization::new(1.0, 0)],
///     Quantization::new(0.25, 0),
///     Fused::Identity,
/// ));
/// let mut y = [[0_i16; 3]];
/// ADD.apply2(Portable, &[[200_i16, 400, -600]], &[[-1_i16, 2, 2]], &mut y);
/// assert_eq!(y, [[396, 808, -1192]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompactAdd<T = i8, R = Twice> {
    scales: AddScales<T>,
    kind: PhantomData<R>,
}

impl<T, R> CompactAdd<T, R> {
    /// What the kernel takes.
    #[inline(always)]
    #[must_use]
    pub const fn scales(&self) -> &AddScales<T> {
        &self.scales
    }
}

macro_rules! compact_add {
    ($t:ty, $kernel:ident) => {
        impl<R: Rounding> CompactAdd<$t, R> {
            const NEW: Self = Self {
                scales: AddScales {
                    left_shift: 0,
                    zero: [0; 2],
                    inputs: [Multiplier { multiplier: 0, shift: 0 }; 2],
                    output: Scale::ZERO,
                    clamp: Clamp::<$t>::NONE,
                },
                kind: PhantomData,
            };

            /// From multipliers.
            ///
            /// # Errors
            /// As [`Add::from_multipliers`].
            pub const fn from_multipliers(parameters: AddParameters) -> Result<Self, QuantizeError> {
                let (min, max) = (parameters.min, parameters.max);
                if min as $t as i32 != min || max as $t as i32 != max {
                    return Err(QuantizeError::ZeroPoint);
                }
                match AddScales::new(parameters, Clamp { min: min as $t, max: max as $t }) {
                    Ok(scales) => Ok(Self { scales, kind: PhantomData }),
                    Err(error) => Err(error),
                }
            }

            /// From the scales of both inputs and the output.
            ///
            /// # Errors
            /// As [`Add::from_scales`].
            pub const fn from_scales(
                inputs: [Quantization; 2],
                output: Quantization,
                fused: Fused,
            ) -> Result<Self, QuantizeError> {
                match AddParameters::from_scales::<$t>(inputs, output, fused) {
                    Ok(parameters) => Self::from_multipliers(parameters),
                    Err(error) => Err(error),
                }
            }
        }

        impl<R: Rounding> Binary<$t> for CompactAdd<$t, R> {
            const NAME: &'static str = "quantized.Add";

            #[inline]
            fn rows<K: Kernels>(&self, k: K, operands: Operands<'_, $t>, y: &mut [$t]) {
                match operands {
                    Operands::Both(a, b) => k.$kernel::<R>(a, Some(b), &self.scales, y),
                    Operands::First(a) => k.$kernel::<R>(a, None, &self.scales, y),
                    Operands::Second(b) => k.$kernel::<R>(b, None, &self.scales.swapped(), y),
                }
            }
        }

        binary_layer!([R: Rounding] CompactAdd<$t, R>, $t);
    };
}

compact_add!(i8, compact_add_i8);
compact_add!(i16, compact_add_i16);

impl<R: Rounding> Binary<i8> for Add<R> {
    const NAME: &'static str = "quantized.Add";

    #[inline]
    fn rows<K: Kernels>(&self, k: K, operands: Operands<'_, i8>, y: &mut [i8]) {
        let add = self.tables();
        match operands {
            Operands::Both(a, b) => k.add_i8::<R>(a, Some(b), add, y),
            Operands::First(a) => k.add_i8::<R>(a, None, add, y),
            Operands::Second(b) => {
                let [first, second] = add.tables;
                k.add_i8::<R>(b, None, AddTables { tables: [second, first], ..add }, y);
            }
        }
    }
}

binary_layer!([R: Rounding] Add<R>, i8);
