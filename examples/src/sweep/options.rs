//! The command line of the program `sweep`.

use std::path::PathBuf;

use clap::Parser;

use crate::error::Error;

/// Find the best learning rate for the network that reads digits, by training many copies of it at once on a GPU.
///
/// Prints a table of the rates, best first, and writes a picture of accuracy and loss (sweep.svg).
#[derive(Clone, Debug, Parser)]
#[command(name = "sweep")]
pub struct Options {
    /// Networks that train side by side: each rate with each seed
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub copies: u32,

    /// Seeds of the weights that each rate is tried with [default: one for 32 networks, but two at least]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub seeds: Option<u32>,

    /// Times that every training digit is met
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: u32,

    /// The smallest rate
    #[arg(long, value_name = "RATE", default_value_t = 1e-4, value_parser = crate::options::positive)]
    pub least: f32,

    /// The largest rate
    #[arg(long, value_name = "RATE", default_value_t = 1e-1, value_parser = crate::options::positive)]
    pub most: f32,

    /// Folder for the picture, made if need be
    #[arg(long, value_name = "FOLDER", default_value = "out")]
    pub out: PathBuf,

    /// Take an adapter that computes in software, too, which is slower than training on the CPU
    #[arg(long)]
    pub software: bool,
}

impl Options {
    /// The number of seeds of each rate.
    #[must_use]
    pub fn seeds(&self) -> usize {
        self.seeds.unwrap_or((self.copies / 32).max(2).min(self.copies)) as usize
    }

    /// The rates, at equal ratios from the smallest to the largest.
    ///
    /// # Errors
    /// Networks that do not share out among the seeds, and a range without an inside.
    pub fn rates(&self) -> Result<Vec<f32>, Error> {
        let (copies, seeds) = (self.copies as usize, self.seeds());
        if !copies.is_multiple_of(seeds) {
            return Err(Error::Copies { copies, seeds });
        }
        let &Self { least, most, .. } = self;
        if most < least {
            return Err(Error::Rates { least, most });
        }
        let steps = (copies / seeds).saturating_sub(1).max(1) as f32;
        Ok((0..copies / seeds).map(|i| least * (most / least).powf(i as f32 / steps)).collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Options;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn rates_are_at_equal_ratios_and_share_the_networks_with_the_seeds() {
        let of = |arguments: &[&str]| Options::parse_from(["sweep"].iter().chain(arguments));
        let all = of(&[]);
        let rates = all.rates().expect("rates");
        assert_eq!((rates.len(), all.seeds()), (32, 8));
        assert_eq!((rates[0], *rates.last().expect("some")), (1e-4, 1e-1));
        assert!(rates.windows(2).all(|pair| (pair[1] / pair[0] - rates[1] / rates[0]).abs() < 1e-4));
        let few = of(&["--copies", "16"]);
        assert_eq!((few.rates().expect("rates").len(), few.seeds()), (8, 2));
        assert_eq!(of(&["--copies", "1"]).rates().expect("a rate"), [1e-4]);
        let odd = of(&["--copies", "10", "--seeds", "4"]).rates().expect_err("no multiple");
        assert!(odd.to_string().contains("such as 12"), "{odd}");
        assert!(of(&["--least", "1", "--most", "0.1"]).rates().is_err());
    }
}
