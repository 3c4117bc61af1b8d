//! The network of integers beside a network of floats.

/// Goes through the layers' notation, and makes of each field `field = its counterpart's type`.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_quantized {
    ($head:tt { $($done:tt)* } { $($i:tt)+ } $(#[$doc:meta])* $field:ident = $layer:ty $(, $($rest:tt)*)?) => {
        $crate::__network_quantized! { $head { $($done)* { $field { $($i)+ } } } { $($i)+ + 1 } $($($rest)*)? }
    };
    ($head:tt { $($done:tt)* } { $($i:tt)+ }
     $(#[$doc:meta])* $field:ident: $kind:ident $(($($args:tt)*))? $(, $($rest:tt)*)?) => {
        $crate::__network_quantized! { $head { $($done)* { $field { $($i)+ } } } { $($i)+ + 1 } $($($rest)*)? }
    };
    ({ $vis:vis $integers:ident <$packing:ty> $name:ident $input:ty } { $({ $field:ident { $($i:tt)+ } })+ } { $($n:tt)+ }) => {
        $crate::network! {
            #[doc = concat!("[`", stringify!($name), "`] on integers.")]
            $vis struct $integers: <<&'static $name as $crate::__private::Position<0>>::Layer as
                $crate::quantized::Quantizable<$input, $packing>>::Input {
                $(
                    $field = <<&'static $name as $crate::__private::Position<{ $($i)+ }>>::Layer as
                        $crate::quantized::Quantizable<
                            <&'static $name as $crate::__private::Position<{ $($i)+ }>>::In,
                            $packing,
                        >>::Quantized,
                )+
            }
        }

        const _: () = {
            use $crate::{__private as t, quantized as q};

            /// The activations that the layers are, and none behind the last.
            const FUSED: [q::Fused; { $($n)+ } + 1] = [
                $(<<&'static $name as t::Position<{ $($i)+ }>>::Layer as q::Quantizable<
                    <&'static $name as t::Position<{ $($i)+ }>>::In,
                    $packing,
                >>::FUSED,)+
                q::Fused::Identity,
            ];

            impl q::Quantizable<$input, $packing> for $name {
                type Input = <<&'static $name as t::Position<0>>::Layer as q::Quantizable<$input, $packing>>::Input;
                type Quantized = $integers;
                const RANGES: usize = 0 $(+ <<&'static $name as t::Position<{ $($i)+ }>>::Layer as q::Quantizable<
                    <&'static $name as t::Position<{ $($i)+ }>>::In,
                    $packing,
                >>::RANGES)+;

                fn observe<K: t::Kernels, O: q::Observer>(
                    &self,
                    k: K,
                    input: t::Input<'_, $input>,
                    arena: &mut [f32],
                    observers: &mut q::Observers<'_, O>,
                ) -> t::End {
                    let n = input.n();
                    $(
                        let at = q::Quantizable::<_, $packing>::observe(&self.$field, k, input, arena, observers);
                        let input = t::Input::Arena::<
                            <<&'static $name as t::Position<{ $($i)+ }>>::Layer as t::Layer<
                                <&'static $name as t::Position<{ $($i)+ }>>::In,
                            >>::Out,
                        > { n, at };
                    )+
                    let _ = input;
                    at
                }

                fn learned(&self, ranges: &mut q::Ranges<'_>) {
                    $(q::Quantizable::<<&'static $name as t::Position<{ $($i)+ }>>::In, $packing>::learned(
                        &self.$field, ranges,
                    );)+
                }

                fn quantize<V: q::RecipeVisitor>(
                    &self,
                    path: t::Path<'_>,
                    scheme: &mut q::Scheme<'_>,
                    visitor: &mut V,
                ) -> Result<$integers, q::QuantizeError> {
                    Ok($integers {
                        $($field: {
                            scheme.before(FUSED[{ $($i)+ } + 1]);
                            q::Quantizable::<<&'static $name as t::Position<{ $($i)+ }>>::In, $packing>::quantize(
                                &self.$field, path.join(stringify!($field)), scheme, visitor,
                            )?
                        },)+
                    })
                }
            }
        };

        impl $name {
            /// The number of outputs whose range the network of integers needs, the input not counted.
            pub const RANGES: usize = <Self as $crate::quantized::Quantizable<$input, $packing>>::RANGES;
        }
    };
}
