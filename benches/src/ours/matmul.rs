//! Products of matrices.

use std::hint::black_box;

use tensorlet::{Kernels, Tensor, kernel::Epilogue};

use super::{Token, Work, boxed};
use crate::{
    arrays::{Aligned, Arrays},
    contestant::Contestant,
};

pub(super) fn product(sizes: [usize; 3], arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! product {
        ($([$m:literal, $k:literal, $n:literal])*) => {
            match sizes {
                $([$m, $k, $n] => Some(boxed(token, Product::<$m, $k, $n>::new(arrays))),)*
                _ => None,
            }
        };
    }
    product! {
        [4, 4, 4] [8, 8, 8] [16, 16, 16] [32, 32, 32] [48, 48, 48] [64, 64, 64] [100, 100, 100] [128, 128, 128]
        [256, 256, 256] [512, 512, 512] [1024, 1024, 1024] [1, 784, 256] [1, 256, 10] [32, 256, 10]
    }
}

struct Product<const M: usize, const K: usize, const N: usize> {
    a: Aligned,
    b: Aligned,
    c: Aligned,
}

impl<const M: usize, const K: usize, const N: usize> Product<M, K, N> {
    fn new(arrays: &Arrays) -> Self {
        Self { a: Aligned::of(&arrays["a"]), b: Aligned::of(&arrays["b"]), c: Aligned::zeros(M * N) }
    }
}

impl<const M: usize, const K: usize, const N: usize> Work for Product<M, K, N> {
    const FORM: &'static str = "k.linear into c";

    #[inline(always)]
    fn repeat<L: Kernels>(&mut self, k: L, times: usize) {
        let [a] = <[[f32; K]; M]>::view(&self.a) else { return };
        let [b] = <[[f32; N]; K]>::view(&self.b) else { return };
        let [c] = <[[f32; N]; M]>::view_mut(&mut self.c) else { return };
        for _ in 0..times {
            k.linear(black_box(a), black_box(b), &[], Epilogue::Identity, black_box(&mut *c));
        }
    }

    fn answer<L: Kernels>(&mut self, k: L) -> Arrays {
        self.repeat(k, 1);
        Arrays::default().with("c", &[M, N], self.c.to_vec())
    }
}
