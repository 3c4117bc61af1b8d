//! The notation for cases.

/// A family of cases: a name, what is read, after `=>` what is written, and an expression that computes it.
/// Arguments are tensors; behind `=` stands the range that one is drawn from. The expression sees them
/// as references; its value is a result too.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident(
        $($x:ident: $X:ty $(= $range:expr)?),* $(=> $($y:ident: $Y:ty $(= $from:expr)?),+)?
    ) $body:expr;)*) => {
        mod functions {
            #![allow(clippy::too_many_arguments, reason = "as many as the arguments of a function that is tried")]
            use super::*;

            $(
                #[inline(never)]
                pub(super) fn $name($($x: &$X,)* $($($y: &mut $Y,)+)? print: &mut $crate::fingerprint::Fingerprint) {
                    print.add(&$body);
                }
            )*
        }

        /// The cases.
        pub const CASES: &[$crate::fingerprint::Case] = &[$(
            $crate::fingerprint::Case {
                name: stringify!($name),
                run: || {
                    let rng = &mut $crate::fingerprint::argument::generator();
                    let _ = &rng;
                    let mut print = $crate::fingerprint::Fingerprint::new();
                    $(let $x = <$X as $crate::fingerprint::Argument>::drawn(
                        $crate::fingerprint::cases::range!($($range)?), rng);)*
                    $($(let mut $y = <$Y as $crate::fingerprint::Argument>::drawn(
                        $crate::fingerprint::cases::range!($($from)?), rng);)+)?
                    functions::$name($(&$x,)* $($(&mut $y,)+)? &mut print);
                    $($(print.add(&$y);)+)?
                    print.value()
                },
            },
        )*];

        /// Gives the addresses of all functions away: the linker keeps whatever they may do.
        pub fn keep() {
            $(core::hint::black_box(
                functions::$name as fn($(&$X,)* $($(&mut $Y,)+)? &mut $crate::fingerprint::Fingerprint)
            );)*
        }
    };
}

/// A range that may not have been given.
macro_rules! range {
    () => {
        None
    };
    ($range:expr) => {
        Some($range)
    };
}

/// A family of layers: `name: X => L;`, and with `= value` one that is not `L::ZERO`.
macro_rules! layers {
    ($($layers:tt)*) => {
        $crate::fingerprint::cases::layer_cases! { run keep $($layers)* }
    };
}

/// [`layers`] that take tokens.
macro_rules! tokens {
    ($($layers:tt)*) => {
        $crate::fingerprint::cases::layer_cases! { run_tokens keep_tokens $($layers)* }
    };
}

macro_rules! layer_cases {
    ($run:ident $keep:ident $($name:ident: $X:ty => $L:ty $(= $layer:expr)?;)*) => {
        /// The cases.
        pub const CASES: &[$crate::fingerprint::Case] = &[$(
            $crate::fingerprint::Case {
                name: stringify!($name),
                run: || $crate::fingerprint::layer::$run::<$X, $L>(
                    $crate::fingerprint::cases::layer!($L $(, $layer)?)
                ),
            },
        )*];

        /// Gives the addresses of all that these layers can do away: the linker keeps all of it.
        pub fn keep() {
            $($crate::fingerprint::layer::$keep::<$X, $L>();)*
        }
    };
}

/// A layer that may have been given.
macro_rules! layer {
    ($L:ty) => {
        <$L as tensorlet::Module>::ZERO
    };
    ($L:ty, $layer:expr) => {
        $layer
    };
}

pub(super) use {cases, layer, layer_cases, layers, range, tokens};
