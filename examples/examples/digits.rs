//! Trains a small convolutional network on handwritten digits.

fn main() {}
