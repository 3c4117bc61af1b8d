//! The program `digits`: from options to tables, weights and a picture.

use std::io::{self, Write};
use std::{fmt, fs};

use indicatif::HumanCount;
use tensorlet::optim::{Adam, Sgd};
use tensorlet::{Kernels, Layer, Mode};
use tensorlet_simd::WithKernels;

use super::data::{BYTES, DataSet};
use super::training::{Split, Trained, train};
use super::{BATCH, Digits, NETWORK};
use crate::error::Error;
use crate::options::Options;
use crate::output::Output;
use crate::picture::Page;
use crate::report::mean_and_deviation;
use crate::table;

const WEIGHTS: &str = "digits.safetensors";
const PICTURE: &str = "digits.svg";
/// Where the digits come from.
pub(crate) const SOURCE: &str = "Data: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, \
                      UCI Machine Learning Repository, CC BY 4.0";

/// Runs the program.
///
/// # Errors
/// Whatever stops it; no file is then half-written.
pub fn run(options: &Options) -> Result<(), Error> {
    let digits = read(options)?;
    let output = Output::new(&options.out, &[WEIGHTS, PICTURE])?;
    options.isa.run(Program { options, digits, output })
}

/// Reads and checks the digits.
fn read(options: &Options) -> Result<Split, Error> {
    let (origin, bytes) = match &options.data {
        None => ("the built-in set".to_owned(), BYTES.into()),
        Some(path) => match fs::read(path) {
            Ok(bytes) => (path.display().to_string(), bytes),
            Err(source) => return Err(Error::Read { path: path.clone(), source }),
        },
    };
    let digits: Split = match DataSet::parse(&bytes) {
        Ok(digits) => digits.into(),
        Err(source) => return Err(Error::Data { origin, source }),
    };
    if digits.train.is_empty() { Err(Error::TooFew { origin }) } else { Ok(digits) }
}

/// All that is left to do once the instructions are chosen.
struct Program<'a> {
    options: &'a Options,
    digits: Split,
    output: Output,
}

impl WithKernels for Program<'_> {
    type Output = Result<(), Error>;

    fn with<K: Kernels>(self, k: K) -> Result<(), Error> {
        let Self { options, digits, output } = self;
        let (learn, test) = (HumanCount(digits.train.len() as u64), HumanCount(digits.test.len() as u64));
        print(format_args!("{learn} digits to learn from, {test} to test with; instructions: {}\n", K::NAME))?;
        print(format_args!("{}\n\n{}\n", table::network(&Digits::DESCRIPTION), memory()))?;

        let seeds = options.seed.0.clone();
        let mut accuracies = Vec::new();
        let mut first = None;
        for seed in seeds.clone() {
            let trained = train(k, &digits, seed, options)?;
            print(result(seed, &trained, digits.test.len()))?;
            accuracies.push(f64::from(trained.reading.accuracy));
            first.get_or_insert(trained);
        }
        if accuracies.len() > 1 {
            let (mean, deviation) = mean_and_deviation(&accuracies);
            let (first, last) = (seeds.start(), seeds.end());
            print(format_args!("\nseeds {first} to {last}: mean accuracy {mean:.4} ± {deviation:.4}"))?;
        }
        let Some(trained) = first else { return Ok(()) };
        print(format_args!("\n{}\n", table::confusion(&trained.reading.confusion)))?;

        let picture = picture(options, &trained, digits.test.len());
        let weights = output.weights(WEIGHTS, &trained.network)?;
        let picture = output.text(PICTURE, &picture)?;
        print(format_args!("weights  {}\npicture  {}", weights.display(), picture.display()))
    }
}

fn print(text: impl fmt::Display) -> Result<(), Error> {
    writeln!(io::stdout(), "{text}").map_err(Error::Print)
}

fn result(seed: u64, trained: &Trained, tested: usize) -> String {
    let loss = trained.epochs.last().map_or(f32::NAN, |epoch| epoch.loss);
    let right = tested - trained.reading.misread.len();
    format!("seed {seed}  loss {loss:.4}  accuracy {:.4}  ({right} of {tested})", trained.reading.accuracy)
}

/// What the network takes, all of it known when it is compiled.
fn memory() -> comfy_table::Table {
    table::memory(&[
        ("flash: parameters", Digits::FLASH_BYTES),
        ("RAM: inference", Digits::INFERENCE_BYTES),
        ("RAM: training, SGD, fused, batch 1", Digits::training_bytes::<Sgd>(Mode::Fused, 1)),
        ("RAM: training, Adam, fused, batch 1", Digits::training_bytes::<Adam>(Mode::Fused, 1)),
        ("RAM: training, Adam, batch 32", Digits::training_bytes::<Adam>(Mode::Accumulate, BATCH)),
    ])
}

fn picture(options: &Options, trained: &Trained, tested: usize) -> String {
    let (seed, epochs) = (options.seed.0.start(), options.epochs);
    let plural = if epochs == 1 { "" } else { "s" };
    let page = Page {
        network: &format!("{NETWORK}, {} parameters", HumanCount(Digits::PARAMETERS as u64)),
        training: &format!("{}, batch {BATCH}, {epochs} epoch{plural}, seed {seed}", options.optimizer),
        source: SOURCE,
        epochs: &trained.epochs,
        misread: &trained.reading.misread,
        tested,
    };
    page.draw().to_string()
}
