//! The digits network on integers as flash contents: made of the weights of `digits_cnn.seed1`, which PyTorch has
//! trained, by `cargo run --release --example export`.

// Not a module of its own, so that nobody formats what a program has written.
include!("network.rs");
