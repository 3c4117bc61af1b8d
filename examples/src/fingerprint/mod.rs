//! One of everything that the library computes, small enough for a microcontroller: for two proofs.
//!
//! - **The same bits everywhere.** A [`Case`] draws its arguments from a fixed seed, computes, and hashes all
//!   result bits. A device gets the same fingerprints as a host with the token
//!   [`Portable`](tensorlet::Portable).
//! - **No panic and no allocation.** `keep` of a family gives the address of every function of its cases
//!   away, so that the linker keeps all paths through them, whatever they are called with. A firmware
//!   that calls it links only if none of them ends in a panic.
//!
//! The cases are behind the feature `fingerprint`: they take long to build.
//!
//! A kernel, operation, layer, loss, optimiser or data tool without a case is found by this package's tests.

#[cfg(feature = "fingerprint")]
macro_rules! family {
    ($($name:ident)*) => {
        $(pub mod $name;)*

        /// All cases, by family.
        pub const FAMILIES: &[(&str, &[Case])] = &[$((stringify!($name), $name::CASES)),*];
    };
}

#[cfg(feature = "fingerprint")]
mod argument;
#[cfg(feature = "fingerprint")]
mod cases;
mod hash;
#[cfg(feature = "fingerprint")]
mod layer;

#[cfg(feature = "fingerprint")]
family! {
    kernels mathematics arithmetic reductions products movement windows activations norms branches sequences embeddings attention losses
    optimizers tools images
}

#[cfg(feature = "fingerprint")]
pub use argument::{Argument, any, any_mut};
pub use hash::{Bits, Fingerprint};

/// Something that the library computes, with its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// Computes it and hashes the bits of the results.
    pub run: fn() -> u32,
}
