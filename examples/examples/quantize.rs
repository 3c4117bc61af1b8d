//! A network on integers beside the one on floats: `cargo run --release --example quantize`.
//!
//! Trains the convolutional network on the handwritten digits from ten seeds, and reads the test digits with it and
//! with networks on int8, all with weights per channel:
//!
//! | | ranges of activations |
//! |---|---|
//! | min/max | the smallest and the largest value over the digits to learn from |
//! | 99.99 % … 99.5 % | so many of all values, from either end |
//! | aware | learned in five more epochs with fake quantization |
//!
//! Of the 360 test digits one is .0028 of the accuracy and of the agreement. Differences of one digit are luck; leaving
//! out more than 0.1 % of the values is not.

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
    let mut rows: Vec<(String, Vec<quantized::Comparison>)> = Vec::new();
    for seed in 0..10 {
        let trained = training::train(k, &digits, seed, &options)?;
        let ranges = quantized::ranges(k, &trained.network, &digits.train, MinMaxObserver::NEW)?;
        let mut aware = AwareDigits::new(&trained.network, &ranges);
        aware::train(k, &mut aware, &digits.train, seed, 5)?;
        let mut ways = vec![("min/max".to_owned(), quantized::quantize(k, &trained.network, &digits.train)?)];
        for share in [0.9999, 0.9995, 0.999, 0.998, 0.995] {
            let observer = PercentileObserver::<2048>::new(share);
            let int8 = quantized::quantize_as(k, &trained.network, &digits.train, observer)?;
            ways.push((format!("{:.2} %", 100.0 * share), int8));
        }
        ways.push(("aware".to_owned(), aware.quantize()?));
        for (way, (ranges, int8)) in ways.into_iter().enumerate() {
            let compared = quantized::compare(k, &trained.network, &int8, &digits.test)?;
            if rows.len() == way {
                rows.push((ranges, Vec::new()));
            }
            rows[way].1.push(compared);
        }
    }
    println!(
        "{:>8} {:>9} {:>9} {:>13} {:>16} {:>16}",
        "ranges", "float32", "int8", "largest drop", "agreement, mean", "least"
    );
    for (ranges, seeds) in &rows {
        let mean = |of: fn(&quantized::Comparison) -> f32| seeds.iter().map(of).sum::<f32>() / seeds.len() as f32;
        let drop = seeds.iter().map(|seed| seed.float - seed.int8).fold(f32::NEG_INFINITY, f32::max);
        let least = seeds.iter().map(|seed| seed.agreement).fold(f32::INFINITY, f32::min);
        let (float, int8, agreement) = (mean(|seed| seed.float), mean(|seed| seed.int8), mean(|seed| seed.agreement));
        println!("{ranges:>8} {float:>9.4} {int8:>9.4} {drop:>13.4} {agreement:>16.4} {least:>16.4}");
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
