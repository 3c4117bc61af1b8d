//! Networks on a GPU beside the same networks on the CPU.

#![allow(missing_docs)]

mod compare;
mod covered;
mod dense;
mod matmul;
mod recording;
