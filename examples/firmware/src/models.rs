//! The int8 MLPerf Tiny networks as the generator made them from TensorFlow Lite models, where these are.

use tensorlet::{Error, Kernels};

/// An input, and what TensorFlow Lite's reference kernels make of it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Its name.
    pub name: &'static str,
    /// The input.
    pub x: &'a [i8],
    /// The output.
    pub y: &'a [i8],
}

/// A generated network.
pub trait Model {
    /// The name of its static.
    const NAME: &'static str;
    /// Words of its arena.
    const WORDS: usize;
    /// Words of its activations, without the scratch of layers.
    const ACTIVATION_WORDS: usize;
    /// Bytes of flash that it says it takes.
    const FLASH_BYTES: usize;
    /// Multiplications of weights.
    const MACS: usize;
    /// Elements of the input.
    const INPUTS: usize;
    /// What must come out.
    const CASES: &'static [Case<'static>];

    /// Bytes of flash that it takes.
    fn size() -> usize;

    /// Puts an input into the arena.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`]; [`Error::EmptyBatch`] if the input is too short.
    fn put(x: &[i8], arena: &mut [f32]) -> Result<(), Error>;

    /// The output for the input in the arena.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`].
    fn run<K: Kernels>(k: K, arena: &mut [f32]) -> Result<&[i8], Error>;
}

/// What is done with each model.
pub trait Visitor {
    /// Does it.
    fn visit<M: Model>(&mut self);
}

/// Implements [`Model`] in a generated module: the network, its static, and cases with the lengths of input and
/// output.
#[doc(hidden)]
#[macro_export]
macro_rules! model {
    ($network:ident, $static:ident, [$($case:literal, $x:literal, $y:literal;)*]) => {
        impl $crate::models::Model for $network {
            const NAME: &'static str = stringify!($static);
            const WORDS: usize = ARENA_WORDS;
            const ACTIVATION_WORDS: usize = ACTIVATION_WORDS;
            const FLASH_BYTES: usize = FLASH_BYTES;
            const MACS: usize = MACS;
            const INPUTS: usize = <Input as tensorlet::Tensor>::LEN;
            const CASES: &'static [$crate::models::Case<'static>] = &[$({
                #[allow(long_running_const_eval)]
                static X: [i8; $x] =
                    quantized::stored_i8(include_bytes!(concat!(env!("OUT_DIR"), "/", $case, ".in.x")), 0);
                static Y: [i8; $y] =
                    quantized::stored_i8(include_bytes!(concat!(env!("OUT_DIR"), "/", $case, ".out.y")), 0);
                $crate::models::Case { name: $case, x: &X, y: &Y }
            }),*];

            fn size() -> usize {
                size_of_val(&$static)
            }

            fn put(x: &[i8], arena: &mut [f32]) -> Result<(), Error> {
                let x = <Input as tensorlet::Tensor>::view(x).first().ok_or(Error::EmptyBatch)?;
                *$network::input(arena)? = *x;
                Ok(())
            }

            fn run<K: Kernels>(k: K, arena: &mut [f32]) -> Result<&[i8], Error> {
                $static.run(k, arena).map(tensorlet::Tensor::elements)
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/models.rs"));
