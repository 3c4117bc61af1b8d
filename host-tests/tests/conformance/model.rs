//! Whole networks of TensorFlow Lite, as the generator made them.

use std::marker::PhantomData;

use tensorlet::{Element, Error, Kernels, Layer, Tensor};

use crate::{Adapter, case::Case, quantized};

/// What networks take and give: integers bit for bit, floats within the tolerance that the case states.
pub(crate) trait Number: Element {
    fn read(case: &Case, name: &str) -> Vec<Self>;
    fn compare(case: &Case, name: &str, got: &[Self]);
}

impl Number for i8 {
    fn read(case: &Case, name: &str) -> Vec<Self> {
        quantized::bytes(case, name)
    }

    fn compare(case: &Case, name: &str, got: &[Self]) {
        case.compare_integers(name, got.iter().map(|&y| y.into()));
    }
}

impl Number for f32 {
    fn read(case: &Case, name: &str) -> Vec<Self> {
        case.floats(name)
    }

    fn compare(case: &Case, name: &str, got: &[Self]) {
        case.compare(name, got);
    }
}

/// What a generated module has.
pub(crate) trait Generated: Layer<Self::Input, Out = Self::Output> {
    type Input: Tensor<Elem: Number>;
    type Output: Tensor<Elem: Number> + PartialEq + std::fmt::Debug;
    const WORDS: usize;
    const MULTIPLICATIONS: usize;

    fn network() -> &'static Self;
    fn sample<'a, K: Kernels>(&self, k: K, x: &Self::Input, arena: &'a mut [f32]) -> Result<&'a Self::Output, Error>;
}

/// Implements [`Generated`] in a generated module.
macro_rules! generated {
    () => {
        impl crate::model::Generated for Network {
            type Input = Input;
            type Output = Output;
            const WORDS: usize = ARENA_WORDS;
            const MULTIPLICATIONS: usize = MACS;

            fn network() -> &'static Self {
                &NETWORK
            }

            fn sample<'a, K: Kernels>(&self, k: K, x: &Input, arena: &'a mut [f32]) -> Result<&'a Output, Error> {
                Network::infer(self, k, x, arena)
            }
        }
    };
}
pub(crate) use generated;

/// The output of a whole network.
pub(crate) struct Whole<N>(PhantomData<N>);

impl<N: Generated + 'static> Adapter for Whole<N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        // What CMSIS-NN computes, which rounds fully connected layers twice.
        case.leave_out("out.y_all_double");
        let x = <N::Input as Tensor>::Elem::read(case, "in.x");
        let [x] = N::Input::view(&x) else { panic!("the case has another input than the model") };
        // Whatever the arena holds before.
        let mut arena = vec![f32::from_bits(0x5a5a_5a5a); N::WORDS + 3];
        let y = *N::network().sample(k, x, &mut arena).expect("the arena is large enough");
        <N::Output as Tensor>::Elem::compare(case, "out.y", y.elements());
        let short = N::network().sample(k, x, &mut arena[..N::WORDS - 1]);
        assert_eq!(short, Err(Error::WorkspaceTooSmall { needed: N::WORDS, given: N::WORDS - 1 }));
        // The same as a layer among others.
        if N::MULTIPLICATIONS < 1_000_000 {
            let mut arena = vec![0.0; 2 * N::PEAK];
            let batch = N::network().forward(k, &[*x, *x], &mut arena).expect("the arena is large enough");
            assert_eq!(batch, [y, y], "as a layer");
        }
    }
}
