//! A network on integers beside the one on floats: `cargo run --release --example quantize`.
//!
//! Trains the convolutional network on the handwritten digits from five seeds, and reads the test digits with it and
//! with three networks on int8, all with weights per channel:
//!
//! | | ranges of activations |
//! |---|---|
//! | min/max | the smallest and the largest value over the digits to learn from |
//! | percentile | all values but 0.1 % at either end |
//! | aware | learned in five more epochs with fake quantization |
//!
//! How much calibration matters: ten networks (seeds 0 to 9, trained on `Portable`), 360 test digits, of which one is
//! .0028 of the accuracy and of the agreement. Differences of one digit are luck; leaving out more than 0.1 % is not.
//!
//! | ranges hold | largest drop of accuracy | agreement, mean | agreement, least |
//! |---|---|---|---|
//! | all values (min/max) | .0028 | .9972 | .9917 |
//! | 99.99 % | .0028 | .9967 | .9917 |
//! | 99.95 % | .0000 | .9980 | .9944 |
//! | 99.9 % | .0028 | .9969 | .9917 |
//! | 99.8 % | .0028 | .9961 | .9917 |
//! | 99.5 % | .0083 | .9919 | .9833 |

use clap::Parser;
use tensorlet::{
    Kernels,
    quantized::{MinMaxObserver, PercentileObserver},
};
use tensorlet_examples::{
    digits::{
        Digits, Int8Digits,
        aware::{self, AwareDigits},
        data, quantized, training,
    },
    options::Options,
};
use tensorlet_simd::{Isa, dispatch};

fn run<K: Kernels>(k: K) -> Result<(), Box<dyn std::error::Error>> {
    let digits = training::Split::from(data::DataSet::parse(data::BYTES)?);
    let options = Options::parse_from(["quantize"]);
    println!("{:>4} {:>10} {:>9} {:>9} {:>9} {:>11}", "seed", "ranges", "float32", "int8", "drop", "agreement");
    for seed in 0..5 {
        let trained = training::train(k, &digits, seed, &options)?;
        let ranges = quantized::ranges(k, &trained.network, &digits.train, MinMaxObserver::NEW)?;
        let mut aware = AwareDigits::new(&trained.network, &ranges);
        aware::train(k, &mut aware, &digits.train, seed, 5)?;
        let percentile = PercentileObserver::<2048>::new(0.999);
        let ways = [
            ("min/max", quantized::quantize(k, &trained.network, &digits.train)?),
            ("percentile", quantized::quantize_as(k, &trained.network, &digits.train, percentile)?),
            ("aware", aware.quantize()?),
        ];
        for (ranges, int8) in ways {
            let quantized::Comparison { float, int8, agreement } =
                quantized::compare(k, &trained.network, &int8, &digits.test)?;
            println!("{seed:>4} {ranges:>10} {float:>9.4} {int8:>9.4} {:>9.4} {agreement:>11.4}", float - int8);
        }
    }
    println!(
        "\nflash: {} bytes of float32, {} of int8; arena: {} and {} bytes",
        Digits::FLASH_BYTES,
        Int8Digits::FLASH_BYTES,
        Digits::INFERENCE_BYTES,
        Int8Digits::INFERENCE_BYTES,
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    dispatch!(Isa::best(), |k| run(k))
}
