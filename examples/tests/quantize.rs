//! What post-training quantization costs: the digits network from ten seeds, on floats and on integers.

use clap::Parser;
use tensorlet::{Portable, quantized::PercentileObserver};
use tensorlet_examples::{
    digits::{
        data::{self, DataSet},
        quantized::{self, Comparison},
        training::{self, Split},
    },
    options::Options,
};

/// With ranges of all activations but 0.05 % at either end. On `Portable`, so that the networks and with them the
/// figures are the same on every machine.
#[test]
fn integers_read_as_floats_do() {
    let digits = Split::from(DataSet::parse(data::BYTES).expect("the digits"));
    let options = Options::parse_from(["quantize"]);
    let results = std::thread::scope(|scope| {
        let one = |seed| {
            let float = training::train(Portable, &digits, seed, &options).expect("a training").network;
            let observer = PercentileObserver::<2048>::new(0.9995);
            let int8 = quantized::quantize_as(Portable, &float, &digits.train, observer).expect("integers");
            quantized::compare(Portable, &float, &int8, &digits.test).expect("the arenas are large enough")
        };
        let threads: Vec<_> = (0..10).map(|seed| scope.spawn(move || one(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a comparison")).collect::<Vec<Comparison>>()
    });
    for (seed, Comparison { float, int8, agreement }) in results.into_iter().enumerate() {
        assert!(float > 0.93, "seed {seed}: {float}");
        assert!(float - int8 <= 0.003, "seed {seed}: {float} and {int8}");
        assert!(agreement >= 0.994, "seed {seed}: {agreement}");
    }
}
