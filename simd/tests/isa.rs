//! Choosing an instruction set.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Image, Kernels, Mode, Module, loss::CrossEntropyLoss, network, optim::Adam};
use tensorlet_simd::{Isa, NATIVE, UnsupportedIsa, WithKernels, dispatch};

#[test]
fn names_are_found_and_refused_by_name() {
    for name in Isa::NAMES {
        match Isa::by_name(name) {
            Ok(isa) => assert_eq!(isa.to_string(), name),
            Err(error) => {
                assert!(matches!(error, UnsupportedIsa::Missing { name: missing } if missing == name));
                assert!(error.to_string().starts_with(&format!("this processor lacks the instruction set `{name}`")));
            }
        }
    }
    let error = "AVX2".parse::<Isa>().unwrap_err();
    assert!(error.to_string().starts_with("unknown instruction set; available here: auto, portable"), "{error}");
}

#[test]
fn auto_is_the_last_of_those_available() {
    let names: Vec<_> = Isa::available().map(Isa::name).collect();
    assert_eq!(names.last(), Some(&Isa::by_name("auto").unwrap().name()));
    assert_eq!(Isa::default().name(), Isa::best().name());
    println!("available: {names:?}; the build is for {}", name_of(NATIVE));
}

fn name_of<K: Kernels>(_: K) -> &'static str {
    K::NAME
}

network! {
    struct Digits: Image<1, 8, 8> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
    }
}

/// Trains on a made-up problem: the losses of all steps.
struct Training {
    fused: bool,
}

impl WithKernels for Training {
    type Output = Vec<f32>;

    fn with<K: Kernels>(self, k: K) -> Vec<f32> {
        let mut net = Digits::ZERO;
        net.init(&mut Xoshiro128PlusPlus::seed_from_u64(1));
        let labels: Vec<u8> = (0..20).map(|i| i % 10).collect();
        let x: Vec<Image<1, 8, 8>> = labels.iter().map(|&label| picture(label)).collect();
        let mut workspace = vec![0.0; Digits::training_words::<Adam>(Mode::Accumulate, 20)];
        if self.fused {
            let mut trainer = Digits::fused_trainer(Adam::new(0.01), &mut workspace).unwrap();
            (0..30).map(|_| trainer.step(k, &mut net, &CrossEntropyLoss, &x, &labels).unwrap()).collect()
        } else {
            let mut trainer = Digits::trainer(Adam::new(0.01), &mut workspace).unwrap();
            (0..30).map(|_| trainer.step(k, &mut net, &CrossEntropyLoss, &x, &labels).unwrap()).collect()
        }
    }
}

fn picture(label: u8) -> Image<1, 8, 8> {
    let mut picture = [[[0.0; 8]; 8]; 1];
    for (i, x) in picture.as_flattened_mut().as_flattened_mut().iter_mut().enumerate() {
        *x = ((i * (usize::from(label) + 3)) % 17) as f32 / 16.0;
    }
    picture
}

#[test]
fn a_network_learns_alike_on_all() {
    for fused in [false, true] {
        let portable = Isa::by_name("portable").unwrap().run(Training { fused });
        assert!(portable[29] < 0.5 * portable[0], "{portable:?}");
        for isa in Isa::available() {
            let run = isa.run(Training { fused });
            let dispatched = dispatch!(isa, |k| Training { fused }.with(k));
            for ((a, b), c) in portable.iter().zip(&run).zip(&dispatched) {
                assert!((a - b).abs() < 1e-3, "{isa}: {b} instead of {a}");
                assert_eq!(b.to_bits(), c.to_bits(), "{isa}");
            }
            println!("{isa}: last loss {}, portable {}", run[29], portable[29]);
        }
    }
}
