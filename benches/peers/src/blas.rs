//! Crates that multiply matrices.

use gemm::Parallelism;
use tensorlet_benches::{
    arrays::{Aligned, Arrays},
    contestant::Peer,
};

use crate::Contestants;

/// The factors and the product, row-major.
struct Product {
    a: Aligned,
    b: Aligned,
    c: Aligned,
}

impl Product {
    fn new(arrays: &Arrays, len: usize) -> Self {
        Self { a: Aligned::of(&arrays["a"]), b: Aligned::of(&arrays["b"]), c: Aligned::zeros(len) }
    }
}

fn answer(c: &[f32]) -> Arrays {
    Arrays::default().with("c", &[c.len()], c.to_vec())
}

pub(crate) fn contestants([m, k, n]: [usize; 3], arrays: &Arrays) -> Contestants {
    let product = || Product::new(arrays, m * n);
    let mut all: Contestants = vec![
        Box::new(Peer {
            name: "gemm",
            form: "gemm::gemm into c",
            state: product(),
            run: move |p: &mut Product| multiply([m, k, n], p),
            answer: |p: &mut Product, ()| answer(&p.c),
        }),
        Box::new(Peer {
            name: "matrixmultiply",
            form: "sgemm into c",
            state: product(),
            run: move |p: &mut Product| {
                let (a, b, c) = (p.a.as_ptr(), p.b.as_ptr(), p.c.as_mut_ptr());
                let [row_a, row_b, row_c] = [k, n, n].map(|row| row as isize);
                // SAFETY: the factors and the product have m × k, k × n and m × n numbers.
                unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a, row_a, 1, b, row_b, 1, 0.0, c, row_c, 1) }
            },
            answer: |p: &mut Product, ()| answer(&p.c),
        }),
        Box::new(Peer {
            name: "faer",
            form: "linalg::matmul into c",
            state: product(),
            run: move |p: &mut Product| {
                let (a, b) =
                    (faer::MatRef::from_row_major_slice(&p.a, m, k), faer::MatRef::from_row_major_slice(&p.b, k, n));
                let c = faer::MatMut::from_row_major_slice_mut(&mut p.c, m, n);
                faer::linalg::matmul::matmul(c, faer::Accum::Replace, a, b, 1.0_f32, faer::Par::Seq);
            },
            answer: |p: &mut Product, ()| answer(&p.c),
        }),
        Box::new(Peer {
            name: "ndarray",
            form: "general_mat_mul into c",
            state: [("a", [m, k]), ("b", [k, n]), ("c", [m, n])].map(|(name, [rows, columns])| {
                ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| {
                    arrays[name].get(i * columns + j).copied().unwrap_or(0.0)
                })
            }),
            run: |[a, b, c]: &mut [ndarray::Array2<f32>; 3]| ndarray::linalg::general_mat_mul(1.0, a, b, 0.0, c),
            answer: |[_, _, c]: &mut [ndarray::Array2<f32>; 3], ()| answer(c.as_slice().unwrap_or_default()),
        }),
    ];
    match [m, k, n] {
        [4, 4, 4] => {
            all.push(fixed::<4>(arrays));
            all.push(glam(arrays));
        }
        [8, 8, 8] => all.push(fixed::<8>(arrays)),
        [16, 16, 16] => all.push(fixed::<16>(arrays)),
        _ => {}
    }
    all
}

fn multiply([m, k, n]: [usize; 3], p: &mut Product) {
    let (a, b, c) = (p.a.as_ptr(), p.b.as_ptr(), p.c.as_mut_ptr());
    let [row_a, row_b, row_c] = [k, n, n].map(|row| row as isize);
    let none = Parallelism::None;
    // SAFETY: the factors and the product have m × k, k × n and m × n numbers, row by row.
    unsafe {
        gemm::gemm(m, n, k, c, 1, row_c, false, a, 1, row_a, b, 1, row_b, 0.0, 1.0, false, false, false, none);
    }
}

/// nalgebra's matrices are column-major: what is `a · b` by rows is `bᵀ · aᵀ` by columns.
fn fixed<const N: usize>(arrays: &Arrays) -> Box<dyn tensorlet_benches::contestant::Contestant> {
    type Matrix<const N: usize> = nalgebra::SMatrix<f32, N, N>;
    let [a, b] = ["a", "b"].map(|name| Matrix::<N>::from_column_slice(&arrays[name]));
    Box::new(Peer {
        name: "nalgebra",
        form: "static matrices, *",
        state: [a, b, Matrix::<N>::zeros()],
        run: |[a, b, c]: &mut [Matrix<N>; 3]| *c = *b * *a,
        answer: |[_, _, c]: &mut [Matrix<N>; 3], ()| answer(c.as_slice()),
    })
}

/// The same.
fn glam(arrays: &Arrays) -> Box<dyn tensorlet_benches::contestant::Contestant> {
    let [a, b] = ["a", "b"].map(|name| {
        let mut columns = [0.0; 16];
        columns.copy_from_slice(&arrays[name]);
        glam::Mat4::from_cols_array(&columns)
    });
    Box::new(Peer {
        name: "glam",
        form: "Mat4 times Mat4",
        state: [a, b, glam::Mat4::ZERO],
        run: |[a, b, c]: &mut [glam::Mat4; 3]| *c = *b * *a,
        answer: |[_, _, c]: &mut [glam::Mat4; 3], ()| answer(&c.to_cols_array()),
    })
}
