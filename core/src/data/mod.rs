//! Data on its way to the network.
//!
//! | | |
//! |---|---|
//! | [`order`] | in which order samples are seen: shuffled without memory, split, folded |
//! | [`DataLoader`] | mini-batches of a data set |
//! | [`RandomSequences`], [`SequentialSequences`] | mini-batches of a stream of tokens |
//! | [`Windows`] | sliding windows over a stream of samples |
//! | [`Normalize`], [`MinMax`] | features on one scale |
//! | [`augment`] | flips, crops, colour jitter |
//! | [`detection`] | anchors, boxes and their coding for object detection |

pub mod augment;
pub mod detection;
mod loader;
mod normalize;
pub mod order;
mod sequence;
mod stream;

pub use loader::DataLoader;
pub use normalize::{MinMax, Moments, Normalize};
pub use order::{Order, Permutation};
pub use sequence::{RandomSequences, SequentialSequences};
pub use stream::Windows;
