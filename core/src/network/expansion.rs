//! What `network!` expands to.

/// Turns the layers' notation into `(doc) field: (specification)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_parse {
    ($head:tt { $($done:tt)* }) => {
        $crate::__network_index! { $head {} { 0 } $($done)* }
    };
    ($head:tt { $($done:tt)* } $(#[$doc:meta])* $field:ident = $layer:ty $(, $($rest:tt)*)?) => {
        $crate::__network_parse! { $head { $($done)* { [$(#[$doc])*] $field [= $layer] } } $($($rest)*)? }
    };
    ($head:tt { $($done:tt)* } $(#[$doc:meta])* $field:ident: $kind:ident $(($($args:tt)*))? $(, $($rest:tt)*)?) => {
        $crate::__network_parse! { $head { $($done)* { [$(#[$doc])*] $field [$kind $(($($args)*))?] } } $($($rest)*)? }
    };
}

/// Numbers the layers: position and the position before.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_index {
    ($head:tt { $($done:tt)* } { $($i:tt)+ } { $doc:tt $field:ident $spec:tt } $($rest:tt)*) => {
        $crate::__network_index! { $head { $($done)* { $doc $field $spec { $($i)+ } } } { $($i)+ + 1 } $($rest)* }
    };
    ({ $(#[$meta:meta])* $vis:vis struct $name:ident: $input:ty }
     { $({ [$(#[$doc:meta])*] $field:ident $spec:tt { $($i:tt)+ } })+ } { $($n:tt)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(C)]
        $vis struct $name {
            $(
                $(#[$doc])*
                #[doc = concat!("The layer `", stringify!($field), "`.")]
                pub $field: <&'static $name as $crate::__private::Position<{ $($i)+ }>>::Layer,
            )+
        }

        $crate::__network_positions! { $name $input; $({ $field $spec { $($i)+ } })+ }

        const _: () = {
            use $crate::__private as t;
            type Chain = $crate::__network_chain!($([<&'static $name as t::Position<{ $($i)+ }>>::Layer])+);
            // Checks that are invisible inside generic code run here, where `cargo check` sees them.
            const DESCRIPTION: t::Description = t::Description::Network {
                name: stringify!($name),
                layers: &[$(t::Named {
                    name: stringify!($field),
                    description: &<<&'static $name as t::Position<{ $($i)+ }>>::Layer as t::Layer<
                        <&'static $name as t::Position<{ $($i)+ }>>::In,
                    >>::DESCRIPTION,
                }),+],
            };

            /// What each layer leads with, and which finds that applied by the layer before it.
            const LEADS: [t::Epilogue; { $($n)+ } + 1] = [
                $(<<&'static $name as t::Position<{ $($i)+ }>>::Layer as t::Layer<
                    <&'static $name as t::Position<{ $($i)+ }>>::In,
                >>::LEADS_WITH,)+
                t::Epilogue::Identity,
            ];
            const APPLIED: [bool; { $($n)+ } + 1] = $crate::layer::chain::applied(&LEADS);

            impl t::Module for $name {
                const ZERO: Self = Self { $($field: $crate::__network_zero!($spec <&'static $name as t::Position<{ $($i)+ }>>::Layer)),+ };
                const PARAMETERS: usize = <Chain as t::Module>::PARAMETERS;
                const GRAD: usize = <Chain as t::Module>::GRAD;

                fn init<R: t::Rng>(&mut self, rng: &mut R) {
                    $(t::Module::init(&mut self.$field, rng);)+
                }

                fn parameters<V: t::Visitor>(&self, path: t::Path<'_>, visitor: &mut V) {
                    $(t::Module::parameters(&self.$field, path.join(stringify!($field)), visitor);)+
                }

                fn parameters_mut<V: t::VisitorMut>(&mut self, path: t::Path<'_>, visitor: &mut V) {
                    $(t::Module::parameters_mut(&mut self.$field, path.join(stringify!($field)), visitor);)+
                }
            }

            impl t::Layer<$input> for $name {
                type Out = <Chain as t::Layer<$input>>::Out;
                const DESCRIPTION: t::Description = DESCRIPTION;
                const PEAK: usize = <Chain as t::Layer<$input>>::PEAK;
                const PEAK_GIVEN: usize = <Chain as t::Layer<$input>>::PEAK_GIVEN;
                const STATE: usize = <Chain as t::Layer<$input>>::STATE;

                #[inline(always)]
                fn check(x: &[$input]) -> Result<(), $crate::Error> {
                    <Chain as t::Layer<$input>>::check(x)
                }

                #[inline]
                fn infer<K: t::Kernels>(
                    &self, k: K, input: t::Input<'_, $input>, rest: &mut [f32], arena: &mut [f32],
                ) -> t::End {
                    let n = input.n();
                    $(
                        let words = n * <<&'static $name as t::Position<{ $($i)+ }>>::Layer as t::Layer<
                            <&'static $name as t::Position<{ $($i)+ }>>::In,
                        >>::STATE;
                        let (state, rest) = $crate::memory::split(rest, words);
                        let at = if const { APPLIED[$($i)+] || LEADS[$($i)+].is_identity() } {
                            t::Layer::<<&'static $name as t::Position<{ $($i)+ }>>::In>::infer_then(
                                &self.$field, k, const { LEADS[$($i)+ + 1] }, input, state, arena,
                            )
                        } else {
                            t::Layer::<<&'static $name as t::Position<{ $($i)+ }>>::In>::infer(&self.$field, k, input, state, arena)
                        };
                        let input = t::Input::Arena::<
                            <<&'static $name as t::Position<{ $($i)+ }>>::Layer as t::Layer<
                                <&'static $name as t::Position<{ $($i)+ }>>::In,
                            >>::Out,
                        > { n, at };
                    )+
                    let _ = (input, rest);
                    at
                }
            }

            impl t::Train<$input> for $name {
                const TAPE: usize = <Chain as t::Train<$input>>::TAPE;
                const TAPE_LEAF: usize = <Chain as t::Train<$input>>::TAPE_LEAF;
                const FUSED: usize = <Chain as t::Train<$input>>::FUSED;
                const FUSED_PER_SAMPLE: usize = <Chain as t::Train<$input>>::FUSED_PER_SAMPLE;
                const OVERWRITES_X: bool = <Chain as t::Train<$input>>::OVERWRITES_X;
                const OVERWRITES_DY: bool = <Chain as t::Train<$input>>::OVERWRITES_DY;
                const DIFFERS_IN_TRAINING: bool = <Chain as t::Train<$input>>::DIFFERS_IN_TRAINING;
                const MIN_BATCH: usize = <Chain as t::Train<$input>>::MIN_BATCH;

                #[inline]
                fn forward_train<K: t::Kernels>(&self, k: K, pass: t::Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
                    $crate::__network_step!(forward_train [_, _] k (pass x state tape)
                        $([
                            &self.$field,
                            <&'static $name as t::Position<{ $($i)+ }>>::In,
                            <&'static $name as t::Position<{ $($i)+ }>>::Layer
                        ])+);
                }

                #[inline(always)]
                fn out<'a>(pass: t::Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
                    <Chain as t::Train<$input>>::out(pass, x, tape)
                }

                #[inline]
                fn backward<K: t::Kernels>(
                    &mut self, k: K, pass: t::Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32],
                ) {
                    $crate::__network_step!(backward [_, _] k (pass x tape grad)
                        $([
                            &mut self.$field,
                            <&'static $name as t::Position<{ $($i)+ }>>::In,
                            <&'static $name as t::Position<{ $($i)+ }>>::Layer
                        ])+);
                }

                #[inline]
                fn backward_fused<K: t::Kernels, O: t::Optimizer>(
                    &mut self, k: K, pass: t::Pass, x: &mut [f32], tape: &mut [f32], step: t::Fused<'_, O>,
                ) {
                    $crate::__network_step!(backward_fused [_, _, _] k (pass x tape step)
                        $([
                            (stringify!($field), &mut self.$field),
                            <&'static $name as t::Position<{ $($i)+ }>>::In,
                            <&'static $name as t::Position<{ $($i)+ }>>::Layer
                        ])+);
                }
            }
        };

        impl $name {
            /// The number of parameters.
            pub const PARAMETERS: usize = <Self as $crate::Module>::PARAMETERS;
            /// Bytes of the parameters: flash for a network with fixed weights, RAM for one that learns.
            pub const FLASH_BYTES: usize = $crate::memory::parameter_bytes::<Self>();
            /// Words of the arena that inference of one sample needs, its input included.
            pub const INFERENCE_WORDS: usize = $crate::memory::inference_words::<$input, Self>(1);
            /// Bytes of the arena that inference of one sample needs, its input included.
            pub const INFERENCE_BYTES: usize = 4 * Self::INFERENCE_WORDS;

            /// Words of the workspace that training on batches of at most `n` needs beside the parameters.
            #[must_use]
            pub const fn training_words<O: $crate::optim::Optimizer>(mode: $crate::Mode, n: usize) -> usize {
                $crate::memory::training_words::<$input, Self, O>(mode, n)
            }

            /// Trains with accumulated gradients in a workspace of `training_words(Mode::Accumulate, n)` words.
            ///
            /// # Errors
            /// The workspace is too small for a batch of one.
            pub fn trainer<O: $crate::optim::Optimizer>(
                optimizer: O,
                workspace: &mut [f32],
            ) -> Result<$crate::Trainer<'_, $input, Self, O>, $crate::Error> {
                $crate::Trainer::new(optimizer, workspace)
            }

            /// Trains layer by layer in a workspace of `training_words(Mode::Fused, n)` words.
            ///
            /// # Errors
            /// The workspace is too small for a batch of one.
            pub fn fused_trainer<O: $crate::optim::Optimizer>(
                optimizer: O,
                workspace: &mut [f32],
            ) -> Result<$crate::FusedTrainer<'_, $input, Self, O>, $crate::Error> {
                $crate::FusedTrainer::new(optimizer, workspace)
            }

            /// Bytes of that workspace.
            #[must_use]
            pub const fn training_bytes<O: $crate::optim::Optimizer>(mode: $crate::Mode, n: usize) -> usize {
                4 * Self::training_words::<O>(mode, n)
            }
        }
    };
}

/// The type `(A, (B, C))` of `[A] [B] [C]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_chain {
    ([$last:ty]) => { $last };
    ([$first:ty] $($rest:tt)+) => { ($first, $crate::__network_chain!($($rest)+)) };
}

/// A step of training over all layers: each takes those behind it as a closure.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_step {
    ($step:ident [$($generic:tt)+] $k:ident ($pass:ident $($slice:ident)+) [$layer:expr, $in:ty, $own:ty]) => {
        $crate::layer::chain::last::$step::<$in, $($generic)+>($layer, $k, $pass $(, $slice)+)
    };
    ($step:ident [$($generic:tt)+] $k:ident ($pass:ident $($slice:ident)+) [$layer:expr, $in:ty, $own:ty]
     [$next:expr, $next_in:ty, $next_own:ty] $($rest:tt)*) => {
        $crate::layer::chain::$step::<$in, $next_own, $($generic)+>(
            $layer, $k, $pass $(, $slice)+,
            |$pass $(, $slice)+| $crate::__network_step!(
                $step [$($generic)+] $k ($pass $($slice)+) [$next, $next_in, $next_own] $($rest)*
            ),
        )
    };
}

/// One [`Position`] per layer: its input is the output of the one before.
#[doc(hidden)]
#[macro_export]
macro_rules! __network_positions {
    ($name:ident $input:ty; { $field:ident $spec:tt { $($i:tt)+ } } $($rest:tt)*) => {
        impl $crate::__private::Position<{ $($i)+ }> for &'static $name {
            type In = $input;
            type Layer = $crate::__network_layer!($field, $input, $spec);
        }
        $crate::__network_positions! { @after { $($i)+ } $name; $($rest)* }
    };
    (@after { $($before:tt)+ } $name:ident; { $field:ident $spec:tt { $($i:tt)+ } } $($rest:tt)*) => {
        impl $crate::__private::Position<{ $($i)+ }> for &'static $name {
            type In = <<&'static $name as $crate::__private::Position<{ $($before)+ }>>::Layer as $crate::Layer<
                <&'static $name as $crate::__private::Position<{ $($before)+ }>>::In,
            >>::Out;
            type Layer =
                $crate::__network_layer!($field, <&'static $name as $crate::__private::Position<{ $($i)+ }>>::In, $spec);
        }
        $crate::__network_positions! { @after { $($i)+ } $name; $($rest)* }
    };
    (@after $before:tt $name:ident;) => {};
}
