//! Products of square matrices.

use std::time::Instant;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use rayon::prelude::*;
use tensorlet::{Kernels, random};
use tensorlet_benches::Result;
use tensorlet_host::gpu::{Gpu, Matmul};
use tensorlet_simd::WithKernels;

use crate::{
    Scale,
    report::Row,
    training::refused,
    turns::{Contestant, medians},
};

/// The sizes, and those where little is to be measured.
const SIZES: &[usize] = &[256, 512, 1024, 2048, 4096, 8192];
const FEW: &[usize] = &[64, 128, 256];
/// The largest that the CPU computes: beyond it a product takes many seconds.
const LARGEST_ON_CPU: usize = 2048;
/// Rows of the product that are compared with float64.
const COMPARED: usize = 4;

/// Rows of A times B.
struct Product<'a> {
    n: usize,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
}

impl WithKernels for Product<'_> {
    type Output = ();

    fn with<K: Kernels>(self, k: K) {
        k.matmul_flat([self.n, self.n], self.a, self.b, self.c);
    }
}

/// A row for each size.
pub(crate) fn rows(gpu: &Gpu, scale: &Scale) -> Result<Vec<Row>> {
    let sizes = if scale.quick { FEW } else { SIZES };
    sizes.iter().map(|&n| row(gpu, scale, n)).collect()
}

fn row(gpu: &Gpu, scale: &Scale, n: usize) -> Result<Row> {
    let mut row = Row::new(&format!("GEMM {n}"));
    row.operations = Some(2.0 * (n as f64).powi(3));
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let mut matrix = || -> Vec<f32> { (0..n * n).map(|_| random::normal(&mut rng)).collect() };
    let (a, b) = (matrix(), matrix());
    let product = match Matmul::new(gpu, [n, n, n]) {
        Ok(product) => Some(product),
        Err(error) => {
            row.note = Some(refused(&error)?);
            None
        }
    };
    if let Some(product) = &product {
        product.write(&a, &b)?;
        product.run(1)?;
        row.difference = Some(difference(&product.read(0..COMPARED)?, &a, &b, n));
    }

    let isa = scale.isa;
    let on_cpu = scale.cpu && n <= LARGEST_ON_CPU;
    let (mut c, mut c_of_all) = (vec![0.0; n * n], vec![0.0; n * n]);
    // A strip of rows for each thread.
    let strip = n * n.div_ceil(rayon::current_num_threads());
    let mut contestants = Vec::new();
    if on_cpu {
        contestants.push(Contestant::new(1, |times| {
            let start = Instant::now();
            (0..times).for_each(|_| isa.run(Product { n, a: &a, b: &b, c: &mut c }));
            Ok(start.elapsed())
        }));
        contestants.push(Contestant::new(1, |times| {
            let start = Instant::now();
            for _ in 0..times {
                let strips = a.par_chunks(strip).zip(c_of_all.par_chunks_mut(strip));
                strips.for_each(|(a, c)| isa.run(Product { n, a, b: &b, c }));
            }
            Ok(start.elapsed())
        }));
    }
    if let Some(product) = &product {
        contestants.push(Contestant::new(1, |times| Ok(product.run(times as u32)?)));
    }
    let mut medians = medians(&mut contestants, scale)?.into_iter();
    if on_cpu {
        (row.one_thread, row.all_threads) = (medians.next(), medians.next());
    }
    row.gpu = medians.next();
    Ok(row)
}

/// The largest difference to float64 in some rows, relative to their largest number.
fn difference(c: &[f32], a: &[f32], b: &[f32], n: usize) -> f64 {
    let (mut off, mut size) = (0.0_f64, 0.0_f64);
    for (at, &c) in c.iter().enumerate() {
        let terms = (0..n).map(|t| f64::from(a[at / n * n + t]) * f64::from(b[t * n + at % n]));
        let expected: f64 = terms.sum();
        off = off.max((f64::from(c) - expected).abs());
        size = size.max(expected.abs());
    }
    off / size
}
