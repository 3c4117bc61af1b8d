//! The command line of the training programs.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};
use tensorlet_simd::Isa;

/// Train a small convolutional network to read handwritten digits.
///
/// Prints the network, its memory and a confusion matrix; writes the weights (digits.safetensors,
/// with PyTorch's names) and a picture of the learning curve and the misread digits (digits.svg).
#[derive(Clone, Debug, Parser)]
#[command(name = "digits")]
pub struct Options {
    /// Seed of the weights and of the order of the digits, or a range of seeds such as 0-4: each is
    /// trained, and files are of the first
    #[arg(long, value_name = "SEED", default_value = "0", allow_negative_numbers = true)]
    pub seed: Seeds,

    /// Times that every training digit is met
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: u32,

    /// How a gradient becomes a step
    #[arg(long, value_enum, default_value_t = Method::Adam)]
    pub optimizer: Method,

    /// Learning rate [default: 0.002 for adam, 0.2 for sgd, 0.05 for momentum]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = positive)]
    pub rate: Option<f32>,

    /// Folder for the files, made if need be
    #[arg(long, value_name = "FOLDER", default_value = "out")]
    pub out: PathBuf,

    /// Instructions to compute with: auto (the widest that this processor has), portable (the same
    /// bits everywhere), simd128, neon, avx2 or avx512
    #[arg(long, value_name = "ISA", default_value = "auto")]
    pub isa: Isa,

    /// Digits to read in place of the built-in ones: records of 64 pixels and a label
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}

impl Options {
    /// The learning rate: as given, or the usual one of the optimiser.
    #[must_use]
    pub fn rate(&self) -> f32 {
        self.rate.unwrap_or(match self.optimizer {
            Method::Adam => 2e-3,
            Method::Sgd => 0.2,
            Method::Momentum => 0.05,
        })
    }
}

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Adam
    Adam,
    /// Plain gradient descent
    Sgd,
    /// Gradient descent with a momentum of 0.9
    Momentum,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adam => "Adam",
            Self::Sgd => "SGD",
            Self::Momentum => "SGD with momentum 0.9",
        })
    }
}

/// The seeds to train with: one, or a range with both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub RangeInclusive<u64>);

/// Why a text is not a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Not a whole number, nor two of them.
    #[error("a seed is a whole number from 0, or a range of them such as 0-4")]
    NotANumber,
    /// A range that holds nothing.
    #[error("the range is empty: its end is below its start")]
    Empty,
}

impl FromStr for Seeds {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| SeedError::NotANumber);
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(text)?, number(text)?),
        };
        if first > last { Err(SeedError::Empty) } else { Ok(Self(first..=last)) }
    }
}

pub(crate) fn positive(text: &str) -> Result<f32, &'static str> {
    match text.parse() {
        Ok(rate) if f32::is_finite(rate) && rate > 0.0 => Ok(rate),
        _ => Err("a learning rate is a number above 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, SeedError, Seeds};

    #[test]
    fn the_command_line_is_sound() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_number_or_a_range() {
        assert_eq!("7".parse(), Ok(Seeds(7..=7)));
        assert_eq!("0-4".parse(), Ok(Seeds(0..=4)));
        assert_eq!("4-0".parse::<Seeds>(), Err(SeedError::Empty));
        for text in ["", "x", "-1", "1-", "0-4-5", "1.5", "99999999999999999999"] {
            assert_eq!(text.parse::<Seeds>(), Err(SeedError::NotANumber), "{text}");
        }
    }
}
