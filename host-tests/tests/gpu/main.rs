//! Networks on a GPU beside the same networks on the CPU.

#![allow(missing_docs)]

mod compare;
mod conv;
mod dense;
mod losses;
mod recurrent;
mod sampling;
