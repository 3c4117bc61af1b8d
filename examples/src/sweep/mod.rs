//! The program `sweep`: many networks with different learning rates, side by side on a GPU.

mod options;

use std::{
    fmt,
    io::{self, Write},
    time::Instant,
};

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Module, loss::CrossEntropyLoss, optim::Adam, random};
use tensorlet_host::gpu::{self, Gpu, Offload, Settings};

pub use options::Options;

use crate::{
    digits::{
        BATCH, Digits,
        data::{BYTES, DataSet, Digit, Picture},
        program::SOURCE,
        training::Split,
    },
    error::Error,
    output::Output,
    picture::RatesPage,
    progress::Progress,
    report::{Epoch, mean_and_deviation},
    table,
};

const PICTURE: &str = "sweep.svg";

/// What became of the networks of a rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    /// The learning rate.
    pub rate: f32,
    /// The share of validation digits that each network read correctly.
    pub accuracies: Vec<f64>,
    /// The mean loss of the last epoch of each network; not finite where training broke off.
    pub losses: Vec<f64>,
}

impl Rate {
    /// The mean accuracy.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        mean_and_deviation(&self.accuracies).0
    }
}

/// The place of the rate with the best mean accuracy, the smaller loss deciding between equals.
#[must_use]
pub fn best(rates: &[Rate]) -> Option<usize> {
    ranked(rates).first().copied()
}

/// The places of all rates, best first.
fn ranked(rates: &[Rate]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rates.len()).collect();
    let loss = |place: usize| mean_and_deviation(&rates[place].losses).0;
    let order =
        |&a: &usize, &b: &usize| rates[b].accuracy().total_cmp(&rates[a].accuracy()).then(loss(a).total_cmp(&loss(b)));
    places.sort_by(order);
    places
}

/// Runs the program.
///
/// # Errors
/// Whatever stops it; no file is then half-written.
pub fn run(options: &Options) -> Result<(), Error> {
    let rates = options.rates()?;
    let digits: Split = match DataSet::parse(BYTES) {
        Ok(digits) => digits.into(),
        Err(source) => return Err(Error::Data { origin: "the built-in set".to_owned(), source }),
    };
    let output = Output::new(&options.out, &[PICTURE])?;
    let gpu = Gpu::with(gpu::Options { software: options.software })?;
    let seeds = options.seeds();
    print(format_args!(
        "{gpu}\n{} networks: {} rates with {seeds} seeds each; {} digits to learn from, {} to judge by\n",
        options.copies,
        rates.len(),
        digits.train.len(),
        digits.test.len(),
    ))?;

    let start = Instant::now();
    let results = train(&gpu, &rates, &digits, options)?;
    let took = start.elapsed().as_secs_f64();

    print(format_args!("{}\n", ranking(&results)))?;
    let met = digits.train.len() / BATCH * BATCH;
    let learned = met as f64 * f64::from(options.epochs) * f64::from(options.copies) / took;
    print(format_args!("{took:.1} s with planning and validation, {learned:.0} digits learned from in a second"))?;
    let page = RatesPage {
        rates: &results,
        training: &format!("Adam, batch {BATCH}, {}", counted(options.epochs as usize, "epoch")),
        adapter: gpu.name(),
        source: SOURCE,
    };
    let picture = output.text(PICTURE, &page.draw().to_string())?;
    print(format_args!("picture  {}", picture.display()))
}

/// Trains a network with each rate and each seed, all at once.
fn train(gpu: &Gpu, rates: &[f32], digits: &Split, options: &Options) -> Result<Vec<Rate>, Error> {
    let seeds = options.seeds();
    let drawn: Vec<Digits> = (0..seeds as u64)
        .map(|seed| {
            let mut network = Digits::ZERO;
            network.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
            network
        })
        .collect();
    // The networks of a rate lie side by side.
    let networks = drawn.repeat(rates.len());
    let optimizers: Vec<Adam> = rates.iter().flat_map(|&rate| std::iter::repeat_n(Adam::new(rate), seeds)).collect();
    let (pictures, labels) = apart(&digits.train);
    let (unseen, answers) = apart(&digits.test);
    let mut sweep =
        Offload::sweep(gpu, &networks, &CrossEntropyLoss, &optimizers, (&pictures, &labels), Settings::batch(BATCH))?;

    let steps = pictures.len() / BATCH;
    let progress = Progress::of(counted(networks.len(), "network"), options.epochs, steps);
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let mut order: Vec<u32> = (0..pictures.len() as u32).collect();
    let mut results = Vec::new();
    let mut before: Option<Epoch> = None;
    for epoch in 1..=options.epochs {
        random::shuffle(&mut order, &mut rng);
        let mut sums = vec![0.0; networks.len()];
        sweep.train_with(
            &order[..steps * BATCH],
            |_, _| (),
            |step, losses| {
                sums.iter_mut().zip(losses).for_each(|(sum, &loss)| *sum += f64::from(loss));
                progress.batch(epoch, (middle(&sums) / (step + 1) as f64) as f32, before.as_ref());
            },
        )?;
        let read: Vec<f64> =
            sweep.forward(&unseen)?.chunks(unseen.len()).map(|logits| share(logits, &answers)).collect();
        let losses: Vec<f64> = sums.into_iter().map(|sum| sum / steps as f64).collect();
        let of_rate = |(i, &rate): (usize, &f32)| {
            let own = i * seeds..(i + 1) * seeds;
            Rate { rate, accuracies: read[own.clone()].to_vec(), losses: losses[own].to_vec() }
        };
        results = rates.iter().enumerate().map(of_rate).collect();
        let accuracy = results.iter().map(Rate::accuracy).fold(0.0, f64::max);
        let measures = Epoch { loss: middle(&losses) as f32, test_accuracy: accuracy as f32 };
        progress.epoch(epoch, &measures).map_err(Error::Print)?;
        before = Some(measures);
    }
    Ok(results)
}

/// Pictures and labels, each for themselves.
fn apart(digits: &[Digit]) -> (Vec<Picture>, Vec<u8>) {
    digits.iter().map(|digit| (digit.picture, digit.label)).unzip()
}

/// The share of pictures whose largest logit is that of their label.
fn share(logits: &[[f32; 10]], labels: &[u8]) -> f64 {
    let right = |(logits, &label): (&[f32; 10], &u8)| {
        let own = logits[usize::from(label)];
        own.is_finite() && logits.iter().enumerate().all(|(i, &other)| i == usize::from(label) || other < own)
    };
    logits.iter().zip(labels).filter(|&pair| right(pair)).count() as f64 / labels.len().max(1) as f64
}

/// The value in the middle, which rates that diverge do not move.
fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The rates, best first.
fn ranking(rates: &[Rate]) -> comfy_table::Table {
    let header = ["learning rate", "accuracy in %", "from seed to seed", "worst", "loss", "from seed to seed"];
    let mut table = table::table(header, 0);
    for place in ranked(rates) {
        let Rate { rate, accuracies, losses } = &rates[place];
        let (accuracy, spread) = mean_and_deviation(accuracies);
        let worst = accuracies.iter().copied().fold(1.0, f64::min);
        let (loss, of_loss) = mean_and_deviation(losses);
        let (loss, of_loss) = if loss.is_finite() {
            (format!("{loss:.4}"), format!("± {of_loss:.4}"))
        } else {
            ("diverged".to_owned(), String::new())
        };
        table.add_row([
            format!("{rate:.6}"),
            format!("{:.2}", 100.0 * accuracy),
            format!("± {:.2}", 100.0 * spread),
            format!("{:.2}", 100.0 * worst),
            loss,
            of_loss,
        ]);
    }
    table
}

pub(crate) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn print(text: impl fmt::Display) -> Result<(), Error> {
    writeln!(io::stdout(), "{text}").map_err(Error::Print)
}

#[cfg(test)]
mod tests {
    use super::{Rate, best, middle, share};

    #[test]
    fn the_best_rate_reads_most_and_then_has_the_smallest_loss() {
        let rate = |rate, accuracies: &[f64], losses: &[f64]| Rate {
            rate,
            accuracies: accuracies.to_vec(),
            losses: losses.to_vec(),
        };
        let rates = [
            rate(0.1, &[0.1, 0.1], &[f64::NAN, 2.0]),
            rate(0.01, &[0.8, 1.0], &[0.3, 0.3]),
            rate(0.02, &[0.9, 0.9], &[0.2, 0.2]),
        ];
        assert_eq!(best(&rates), Some(2));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn what_is_no_number_is_not_read_correctly() {
        let mut logits = [[0.0; 10]; 3];
        (logits[0][3], logits[1][3], logits[2]) = (1.0, f32::NAN, [0.0; 10]);
        assert_eq!(share(&logits, &[3, 3, 3]), 1.0 / 3.0);
        assert_eq!(middle(&[f64::NAN, 1.0, 2.0, 3.0, f64::INFINITY]), 3.0);
    }
}
