//! Reductions.

use proptest::prelude::*;
use tensorlet::kernel::Kernels;
use tensorlet_host::{
    framed::Framed,
    reference::{abs, reduce, wide},
    tolerance,
};

use super::property::{Outcome, any_length, numbers, property};

pub(crate) fn sum<T: Kernels>(k: T) -> Outcome {
    property(any_length(), &|x| {
        let got = k.sum(Framed::new(&x).get());
        let x = wide(&x);
        tolerance::of("sum").compare(&[got], &[reduce::sum(&x)], &[reduce::sum(&abs(&x))])
    })
}

pub(crate) fn dot<T: Kernels>(k: T) -> Outcome {
    let operands = any_length().prop_flat_map(|a| (Just(a.clone()), numbers(a.len()), 0..=a.len()));
    property(operands.boxed(), &|(a, b, shorter)| {
        // Of unequal lengths the shorter counts.
        let b = &b[..if shorter % 4 == 0 { shorter } else { b.len() }];
        let got = k.dot(Framed::new(&a).get(), Framed::new(b).get());
        let (a, b) = (wide(&a), wide(b));
        tolerance::of("dot").compare(&[got], &[reduce::dot(&a, &b)], &[reduce::dot(&abs(&a), &abs(&b))])
    })
}

/// Values of which some are equal and, now and then, some are not numbers.
fn with_ties() -> BoxedStrategy<Vec<f32>> {
    let special = prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(3.0_f32)];
    (any_length(), proptest::collection::vec((0_usize..200, special), 0..3), any::<bool>())
        .prop_map(|(mut x, specials, tied)| {
            if tied {
                x.iter_mut().for_each(|x| *x = x.round().clamp(-2.0, 2.0));
            }
            for (at, special) in specials {
                if let Some(x) = x.get_mut(at) {
                    *x = special;
                }
            }
            x
        })
        .boxed()
}

pub(crate) fn max<T: Kernels>(k: T) -> Outcome {
    property(with_ties(), &|x| {
        let got = k.max(Framed::new(&x).get());
        tolerance::of("max").compare(&[got], &[reduce::max(&wide(&x))], &[0.0])
    })
}

pub(crate) fn argmax<T: Kernels>(k: T) -> Outcome {
    property(with_ties(), &|x| {
        let (got, expected) = (k.argmax(Framed::new(&x).get()), reduce::argmax(&wide(&x)));
        if got == expected { Ok(0.0) } else { Err(format!("position {got}, expected {expected} in {x:?}")) }
    })
}

pub(crate) fn one_hot_max<T: Kernels>(k: T) -> Outcome {
    property((with_ties(), 1_usize..70).boxed(), &|(x, len)| {
        let (fx, mut got) = (Framed::new(&x), Framed::new(&x));
        k.one_hot_max(len, fx.get(), got.get_mut());
        let mut expected = wide(&x);
        for (row, expected) in x.chunks_exact(len).zip(expected.chunks_exact_mut(len)) {
            expected.fill(0.0);
            expected[reduce::argmax(&wide(row))] = 1.0;
        }
        tolerance::of("one_hot_max").compare(got.get(), &expected, &vec![0.0; x.len()])
    })
}
