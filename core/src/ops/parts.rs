//! Several tensors as one argument: a tuple of references, or an array of them.

use crate::{Element, Shape, Tensor};

/// Tensors to read: `(&a, &b)`, up to eight of any shape, or `[&a, &b]`, any number of one type.
pub trait Parts {
    /// What their elements are.
    type Elem: Element;
    /// Their shapes, in order.
    const SHAPES: &'static [Shape];

    /// Calls `f` with the elements of each, in order.
    fn each(self, f: impl FnMut(&[Self::Elem]));
}

/// Tensors to write: `(&mut a, &mut b)`, up to eight of any shape, or `[&mut a, &mut b]`, any number
/// of one type.
pub trait PartsMut {
    /// What their elements are.
    type Elem: Element;
    /// Their shapes, in order.
    const SHAPES: &'static [Shape];

    /// Calls `f` with the elements of each, in order.
    fn each(self, f: impl FnMut(&mut [Self::Elem]));
}

impl<X: Tensor, const N: usize> Parts for [&X; N] {
    type Elem = X::Elem;
    const SHAPES: &'static [Shape] = &[X::SHAPE; N];

    #[inline(always)]
    fn each(self, mut f: impl FnMut(&[X::Elem])) {
        self.into_iter().for_each(|x| f(x.elements()));
    }
}

impl<X: Tensor, const N: usize> PartsMut for [&mut X; N] {
    type Elem = X::Elem;
    const SHAPES: &'static [Shape] = &[X::SHAPE; N];

    #[inline(always)]
    fn each(self, mut f: impl FnMut(&mut [X::Elem])) {
        self.into_iter().for_each(|x| f(x.elements_mut()));
    }
}

macro_rules! parts {
    ($first:ident $($name:ident)*) => {
        impl<$first: Tensor, $($name: Tensor<Elem = $first::Elem>),*> Parts for (&$first, $(&$name,)*) {
            type Elem = $first::Elem;
            const SHAPES: &'static [Shape] = &[$first::SHAPE, $($name::SHAPE),*];

            #[inline(always)]
            #[allow(non_snake_case)]
            fn each(self, mut f: impl FnMut(&[Self::Elem])) {
                let ($first, $($name,)*) = self;
                f($first.elements());
                $(f($name.elements());)*
            }
        }

        impl<$first: Tensor, $($name: Tensor<Elem = $first::Elem>),*> PartsMut for (&mut $first, $(&mut $name,)*) {
            type Elem = $first::Elem;
            const SHAPES: &'static [Shape] = &[$first::SHAPE, $($name::SHAPE),*];

            #[inline(always)]
            #[allow(non_snake_case)]
            fn each(self, mut f: impl FnMut(&mut [Self::Elem])) {
                let ($first, $($name,)*) = self;
                f($first.elements_mut());
                $(f($name.elements_mut());)*
            }
        }
    };
}

parts!(A);
parts!(A B);
parts!(A B C);
parts!(A B C D);
parts!(A B C D E);
parts!(A B C D E F);
parts!(A B C D E F G);
parts!(A B C D E F G H);
