//! Moving elements: reshaping, permuting, joining, slicing, gathering, padding.

#![allow(dead_code, reason = "which adapters are used depends on the cases")]

mod gathered;
mod joined;
mod unary;

use std::marker::PhantomData;

use tensorlet::{Element, Kernels, Tensor};

pub(crate) use gathered::*;
pub(crate) use joined::*;
pub(crate) use unary::*;

use crate::{Adapter, case::Case};

/// An element that cases are read as.
pub(crate) trait Read: Element {
    fn read(case: &Case, name: &str) -> Vec<Self>;
    fn of(value: f64) -> Self;
    fn compare(case: &Case, name: &str, got: &[Self]);
}

impl Read for f32 {
    fn read(case: &Case, name: &str) -> Vec<Self> {
        case.floats(name)
    }

    fn of(value: f64) -> Self {
        value as Self
    }

    fn compare(case: &Case, name: &str, got: &[Self]) {
        case.compare(name, got);
    }
}

macro_rules! read {
    ($($t:ty),+) => {$(
        impl Read for $t {
            fn read(case: &Case, name: &str) -> Vec<Self> {
                case.integers(name).into_iter().map(|x| x.try_into().expect("a small number")).collect()
            }

            fn of(value: f64) -> Self {
                value as Self
            }

            fn compare(case: &Case, name: &str, got: &[Self]) {
                case.compare_integers(name, got.iter().map(|&x| x.into()));
            }
        }
    )+};
}

read!(u8, u16, u32, i8, i16, i32);

/// A tensor of the case.
pub(crate) fn load<X: Tensor<Elem: Read>>(case: &Case, name: &str) -> Box<X> {
    let mut x = zeros::<X>();
    x.elements_mut().copy_from_slice(&X::Elem::read(case, name));
    x
}

pub(crate) fn zeros<X: Tensor>() -> Box<X> {
    Box::new(X::ZERO)
}

pub(crate) fn compare<X: Tensor<Elem: Read>>(case: &Case, name: &str, x: &X) {
    X::Elem::compare(case, name, x.elements());
}

/// The only or first input.
fn input(case: &Case) -> String {
    // A graph may begin with a constant: its only input then.
    let named = case.input(0).filter(|name| case.has(name));
    named.or_else(|| case.inputs().pop()).unwrap_or_else(|| "in.x".to_owned())
}

/// The only or first output.
fn output(case: &Case) -> String {
    case.output(0).unwrap_or_else(|| "out.y".to_owned())
}

/// Several results of one case.
pub(crate) struct All<T>(PhantomData<T>);

macro_rules! all {
    ($($name:ident)+) => {
        impl<$($name: Adapter),+> Adapter for All<($($name,)+)> {
            fn run<K: Kernels>(k: K, case: &Case) {
                $($name::run(k, case);)+
            }
        }
    };
}

all!(A);
all!(A B);
all!(A B C);
all!(A B C D);
all!(A B C D E);
