//! Networks trained in PyTorch give PyTorch's logits here.
//!
//! `cases/trained/` holds three of them, trained on the UCI digits with seeds 1, 3 and 4, each with
//! its logits for the 360 test digits in float64 arithmetic (`cases/trained/README.md`).

use safetensors::{Dtype, SafeTensors, serialize};
use tensorlet::kernel::Kernels;
use tensorlet::{Image, Layer, Module};
use tensorlet_host::networks::Digits;
use tensorlet_host::weights;
use tensorlet_simd::{Isa, dispatch};

/// Names in the case, a `torch.nn.Sequential`, and here.
const NAMES: [(&str, &str); 3] = [("in.W.0.", "conv1."), ("in.W.3.", "conv2."), ("in.W.7.", "fc.")];

/// The pixels of every fifth digit.
fn test_digits() -> Vec<Image<1, 8, 8>> {
    let (records, _) = include_bytes!("../../examples/data/digits.bin").as_chunks::<65>();
    records
        .iter()
        .step_by(5)
        .map(|record| {
            let mut image = [[[0.0; 8]; 8]; 1];
            for (to, from) in image.as_flattened_mut().as_flattened_mut().iter_mut().zip(record) {
                *to = f32::from(*from) / 16.0;
            }
            image
        })
        .collect()
}

fn check<K: Kernels>(k: K, case: &[u8]) {
    let case = SafeTensors::deserialize(case).expect("the case is sound");
    let renamed = case.iter().filter_map(|(name, tensor)| {
        let (old, new) = NAMES.iter().find(|(old, _)| name.starts_with(old))?;
        Some((name.replacen(old, new, 1), tensor))
    });
    let file = serialize(renamed, None).expect("the case is sound");
    let mut network = Digits::ZERO;
    weights::from_bytes(&mut network, &file).expect("the case holds this network");

    let x = test_digits();
    let mut arena = vec![0.0; x.len() * Digits::PEAK];
    let logits = network.forward(k, &x, &mut arena).expect("the arena is large enough");

    let expected = case.tensor("out.logits").expect("the case has logits");
    assert_eq!((expected.shape(), expected.dtype()), (&[x.len(), 10][..], Dtype::F32));
    let expected = expected.data().as_chunks().0.iter().map(|word| f32::from_le_bytes(*word));
    for (i, (got, expected)) in logits.as_flattened().iter().zip(expected).enumerate() {
        let tolerance = 1e-4 + 1e-4 * expected.abs();
        assert!(
            (got - expected).abs() <= tolerance,
            "{}: digit {}, logit {}: {got}, expected {expected}",
            K::NAME,
            i / 10,
            i % 10
        );
    }
}

const CASES: [&[u8]; 3] = [
    include_bytes!("../cases/trained/digits_cnn.seed1.safetensors"),
    include_bytes!("../cases/trained/digits_cnn.seed3.safetensors"),
    include_bytes!("../cases/trained/digits_cnn.seed4.safetensors"),
];

#[test]
fn logits_are_pytorchs_on_every_instruction_set() {
    for name in Isa::NAMES {
        match Isa::by_name(name) {
            Ok(isa) => CASES.into_iter().for_each(|case| dispatch!(isa, |k| check(k, case))),
            Err(error) => println!("not tried: {error}"),
        }
    }
}
