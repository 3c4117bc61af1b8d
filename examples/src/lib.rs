//! Networks defined, trained and drawn with `tensorlet`.
//!
//! Without the feature `std` this library is `no_std` and holds what a microcontroller shares with
//! a host: the networks and their data. With it (the default) come the parts of the programs in
//! `examples/`: command line, training, reports and pictures.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub mod digits;
#[cfg(feature = "std")]
pub mod error;
pub mod fingerprint;
#[cfg(feature = "std")]
pub mod options;
#[cfg(feature = "std")]
pub mod output;
#[cfg(feature = "std")]
pub mod picture;
#[cfg(feature = "std")]
pub mod progress;
#[cfg(feature = "std")]
pub mod report;
#[cfg(feature = "std")]
pub mod reproduce;
#[cfg(feature = "gpu")]
pub mod sweep;
#[cfg(feature = "std")]
pub mod table;

/// The repository's README: its example is a doctest.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
