//! A task: a recipe, and what PyTorch reaches with it.

use std::path::Path;

use tensorlet_simd::Isa;

use super::error::Error;

/// Which results are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Accuracy, R².
    Higher,
    /// A loss, perplexity.
    Lower,
}

/// PyTorch's result: mean and standard deviation over five seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// What is measured.
    pub measure: &'static str,
    /// The mean.
    pub mean: f64,
    /// The standard deviation; 0 where all seeds gave the same.
    pub deviation: f64,
    /// Which results are better.
    pub better: Better,
}

impl Reference {
    /// An accuracy on the test rows.
    #[must_use]
    pub const fn accuracy(mean: f64, deviation: f64) -> Self {
        Self { measure: "accuracy", mean, deviation, better: Better::Higher }
    }

    /// The worst mean that still agrees.
    #[must_use]
    pub fn limit(&self) -> f64 {
        let margin = 2.0 * self.deviation + 0.005;
        match self.better {
            Better::Higher => self.mean - margin,
            Better::Lower => self.mean + margin,
        }
    }

    /// Whether a mean agrees.
    #[must_use]
    pub fn agrees(&self, mean: f64) -> bool {
        match self.better {
            Better::Higher => mean >= self.limit(),
            Better::Lower => mean <= self.limit(),
        }
    }
}

/// A recipe.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Its name, by which it is chosen.
    pub name: &'static str,
    /// The recipe in words.
    pub recipe: &'static str,
    /// What PyTorch reaches.
    pub reference: Reference,
    /// Trains and tests with this seed; data that is not part of the package lies in the folder.
    pub run: fn(Isa, u64, &Path) -> Result<f64, Error>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_allows_two_deviations_and_a_little() {
        let accuracy = Reference::accuracy(0.9, 0.01);
        assert!(accuracy.agrees(0.875_001) && !accuracy.agrees(0.874));
        assert!(!accuracy.agrees(f64::NAN));
        let loss = Reference { measure: "loss", mean: 25.0, deviation: 0.1, better: Better::Lower };
        assert!(loss.agrees(25.204) && !loss.agrees(25.206) && !loss.agrees(f64::NAN));
    }
}
