//! The shells of kernels on integers.
//!
//! All of them are shared: sizes are numbers, and the order of weights has been asked before.

/// Calls a body of kernels on integers inside a function that is compiled for an instruction set: `token, its type,
/// features, name(value: type = expression, …) -> type`.
macro_rules! integer_entry {
    ($token:ident, $type:ty, $features:literal, $name:ident($($value:ident: $of:ty = $given:expr),* $(,)?) -> $ret:ty) => {{
        #[target_feature(enable = $features)]
        fn entry(token: $type, $($value: $of),*) -> $ret {
            $crate::body::quantized::$name(token, $($value),*)
        }
        // SAFETY: the token proves that the processor has the features that `entry` is built for.
        unsafe { entry($token, $($given),*) }
    }};
}
pub(crate) use integer_entry;

/// Methods without weights: `name<generics>(arguments) => body(values …)`, or `else name(arguments)` where a body that says
/// `false` leaves the work to `Portable`.
macro_rules! integer_methods {
    ($on:ident: $(
        fn $name:ident $([$($generics:tt)*] <$($names:ident),*>)? ($($arg:ident: $type:ty),* $(,)?)
            => $body:ident($($value:ident: $of:ty = $given:expr),* $(,)?) $($or:ident)?;
    )*) => {$(
        #[inline]
        fn $name $(<$($generics)*>)? (self, $($arg: $type),*) {
            $crate::kernels::integer_methods!(@ $($or)?;
                { $on!(self, $body($($value: $of = $given),*) -> $crate::kernels::integer_methods!(@type $($or)?)) }
                { Portable.$name $(::<$($names),*>)? ($($arg),*) })
        }
    )*};
    (@ or; {$($done:tt)*} {$($else:tt)*}) => { if !{ $($done)* } { $($else)* } };
    (@; {$($done:tt)*} {$($else:tt)*}) => { $($done)* };
    (@type or) => { bool };
    (@type) => { () };
}
pub(crate) use integer_methods;

/// Implements the families on integers for a token; the macro `on` enters a body.
macro_rules! quantized_kernels {
    ($token:ty, $on:ident) => {
        const _: () = {
            use tensorlet::{
                Portable,
                kernel::{Conv2dShape, Pool2dDims, Pool2dShape},
                quantized::{
                    AddScales, AddTables, Clamp, MatmulDims, MatmulParameters, MulScales, Order, Packing, Requantize,
                    Rounding, Scale,
                },
            };
            use $crate::body::quantized::{Convolution, Rounds};

            impl tensorlet::kernel::QuantizedKernels for $token {
                #[inline]
                fn linear_i8<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
                    self,
                    x: &[i8],
                    weight: &[i8],
                    requantize: Requantize<'_>,
                    y: &mut [i8],
                    scratch: &mut [f32],
                ) {
                    let done = const { matches!(P::ORDER, Order::Host) }
                        && $on!(self, linear_i8(
                                                                            sizes: [usize; 2] = [IN, OUT],
                                                                            rounds: Rounds = Rounds { twice: R::TWICE },
                                                                            operands: [&[i8]; 2] = [x, weight],
                                                                            requantize: Requantize<'_> = requantize,
                                                                            y: &mut [i8] = y,
                                                                            scratch: &mut [f32] = scratch,
                                                                        ) -> bool);
                    if !done {
                        Portable.linear_i8::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
                    }
                }

                #[inline]
                fn conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
                    self,
                    x: &[i8],
                    zero: i8,
                    weight: &[i8],
                    requantize: Requantize<'_>,
                    y: &mut [i8],
                    scratch: &mut [f32],
                ) {
                    let done = const { matches!(P::ORDER, Order::Host) }
                        && $on!(self, conv2d_i8(
                                                                            layer: Convolution<'_> = Convolution {
                                                dims: const { &G::DIMS },
                                                rounds: Rounds { twice: R::TWICE },
                                                zero,
                                                weight,
                                                requantize,
                                            },
                                            x: &[i8] = x,
                                                                            y: &mut [i8] = y,
                                                                            scratch: &mut [f32] = scratch,
                                                                        ) -> bool);
                    if !done {
                        Portable.conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
                    }
                }

                #[inline]
                fn depthwise_conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
                    self,
                    x: &[i8],
                    zero: i8,
                    weight: &[i8],
                    requantize: Requantize<'_>,
                    y: &mut [i8],
                    scratch: &mut [f32],
                ) {
                    let done = const { matches!(P::ORDER, Order::Host) }
                        && $on!(self, depthwise_conv2d_i8(
                                                                            layer: Convolution<'_> = Convolution {
                                                dims: const { &G::DIMS },
                                                rounds: Rounds { twice: R::TWICE },
                                                zero,
                                                weight,
                                                requantize,
                                            },
                                            x: &[i8] = x,
                                                                            y: &mut [i8] = y,
                                                                            scratch: &mut [f32] = scratch,
                                                                        ) -> bool);
                    if !done {
                        Portable.depthwise_conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
                    }
                }

                $crate::kernels::integer_methods! { $on:
                    fn matmul_i8[R: Rounding] <R>
                        (dims: MatmulDims, a: &[i8], b: &[i8], parameters: &MatmulParameters, y: &mut [i8])
                        => matmul_i8(
                            rounds: Rounds = Rounds { twice: R::TWICE }, dims: MatmulDims = dims, a: &[i8] = a,
                            b: &[i8] = b, parameters: &MatmulParameters = parameters, y: &mut [i8] = y,
                        );
                }
            }

            impl tensorlet::kernel::IntegerKernels for $token {
                $crate::kernels::integer_methods! { $on:
                    fn avg_pool2d_i8[G: Pool2dShape, const C: usize] <G, C> (x: &[i8], clamp: Clamp<i8>, y: &mut [i8])
                        => avg_pool2d(
                            dims: &Pool2dDims = const { &G::DIMS }, c: usize = C, clamp: Clamp<i8> = clamp,
                            x: &[i8] = x, y: &mut [i8] = y,
                        ) or;
                    fn avg_pool2d_i16[G: Pool2dShape, const C: usize] <G, C>
                        (x: &[i16], clamp: Clamp<i16>, y: &mut [i16])
                        => avg_pool2d(
                            dims: &Pool2dDims = const { &G::DIMS }, c: usize = C, clamp: Clamp<i16> = clamp,
                            x: &[i16] = x, y: &mut [i16] = y,
                        ) or;
                    fn max_pool2d_i8[G: Pool2dShape, const C: usize] <G, C> (x: &[i8], clamp: Clamp<i8>, y: &mut [i8])
                        => max_pool2d(
                            dims: &Pool2dDims = const { &G::DIMS }, c: usize = C, clamp: Clamp<i8> = clamp,
                            x: &[i8] = x, y: &mut [i8] = y,
                        ) or;
                    fn max_pool2d_i16[G: Pool2dShape, const C: usize] <G, C>
                        (x: &[i16], clamp: Clamp<i16>, y: &mut [i16])
                        => max_pool2d(
                            dims: &Pool2dDims = const { &G::DIMS }, c: usize = C, clamp: Clamp<i16> = clamp,
                            x: &[i16] = x, y: &mut [i16] = y,
                        ) or;
                    fn add_i8[R: Rounding] <R> (a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8])
                        => add_i8(
                            rounds: Rounds = Rounds { twice: R::TWICE }, a: &[i8] = a, b: Option<&[i8]> = b,
                            add: AddTables<'_> = add, y: &mut [i8] = y,
                        );
                    fn compact_add_i8[R: Rounding] <R>
                        (a: &[i8], b: Option<&[i8]>, add: &AddScales<i8>, y: &mut [i8])
                        => compact_add(
                            rounds: Rounds = Rounds { twice: R::TWICE }, a: &[i8] = a, b: Option<&[i8]> = b,
                            add: &AddScales<i8> = add, y: &mut [i8] = y,
                        );
                    fn compact_add_i16[R: Rounding] <R>
                        (a: &[i16], b: Option<&[i16]>, add: &AddScales<i16>, y: &mut [i16])
                        => compact_add(
                            rounds: Rounds = Rounds { twice: R::TWICE }, a: &[i16] = a, b: Option<&[i16]> = b,
                            add: &AddScales<i16> = add, y: &mut [i16] = y,
                        );
                    fn mul_i8[R: Rounding] <R> (a: &[i8], b: Option<&[i8]>, scales: &MulScales<i8>, y: &mut [i8])
                        => mul(
                            rounds: Rounds = Rounds { twice: R::TWICE }, a: &[i8] = a, b: Option<&[i8]> = b,
                            scales: &MulScales<i8> = scales, y: &mut [i8] = y,
                        );
                    fn mul_i16[R: Rounding] <R> (a: &[i16], b: Option<&[i16]>, scales: &MulScales<i16>, y: &mut [i16])
                        => mul(
                            rounds: Rounds = Rounds { twice: R::TWICE }, a: &[i16] = a, b: Option<&[i16]> = b,
                            scales: &MulScales<i16> = scales, y: &mut [i16] = y,
                        );
                    fn minimum_i8(a: &[i8], b: Option<&[i8]>, y: &mut [i8])
                        => minimum(a: &[i8] = a, b: Option<&[i8]> = b, y: &mut [i8] = y);
                    fn minimum_i16(a: &[i16], b: Option<&[i16]>, y: &mut [i16])
                        => minimum(a: &[i16] = a, b: Option<&[i16]> = b, y: &mut [i16] = y);
                    fn maximum_i8(a: &[i8], b: Option<&[i8]>, y: &mut [i8])
                        => maximum(a: &[i8] = a, b: Option<&[i8]> = b, y: &mut [i8] = y);
                    fn maximum_i16(a: &[i16], b: Option<&[i16]>, y: &mut [i16])
                        => maximum(a: &[i16] = a, b: Option<&[i16]> = b, y: &mut [i16] = y);
                    fn mean_i8[R: Rounding, const C: usize] <R, C>
                        (n: usize, x: &[i8], bias: i32, scale: Scale, y: &mut [i8])
                        => mean_i8(
                            sizes: [usize; 2] = [n, C], rounds: Rounds = Rounds { twice: R::TWICE }, x: &[i8] = x,
                            bias: i32 = bias, scale: Scale = scale, y: &mut [i8] = y,
                        );
                }
            }
        };
    };
}
pub(crate) use quantized_kernels;
