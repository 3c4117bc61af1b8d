//! Matrix products of every instruction set against plain `f64` loops.

mod common;

use common::{Exact, Memory, PLACES, Place, generator, randoms};
use tensorlet::kernel::Kernels;

/// Batch sizes: around the rows of the tiles.
const ROWS: [usize; 12] = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 33];

fn rows<const N: usize>(x: &[f32]) -> &[[f32; N]] {
    x.as_chunks().0
}

fn rows_mut<const N: usize>(x: &mut [f32]) -> &mut [[f32; N]] {
    x.as_chunks_mut().0
}

fn case<K: Kernels, const D: usize, const N: usize>(k: K, m: usize, place: Place) {
    let mut rng = generator((m * 1_000_003 + D * 1009 + N) as u64);
    let mut memory = |n| Memory::new(place, &randoms(&mut rng, n));
    let (a, b, mut c) = (memory(m * D), memory(D * N), memory(m * N));
    let (dy, mut dx, mut dw) = (memory(m * N), memory(m * D), memory(D * N));
    let (c0, dx0, dw0) = (c.get().to_vec(), dx.get().to_vec(), dw.get().to_vec());
    let what = |name: &str| format!("{} {name} {m}x{D}x{N} {place:?}", K::NAME);

    k.matmul::<D, N>(rows(a.get()), rows(b.get()).first_chunk().unwrap(), rows_mut(c.get_mut()));
    let got = c.checked();
    for (i, j) in (0..m).flat_map(|i| (0..N).map(move |j| (i, j))) {
        let mut exact = Exact::default();
        exact.add(f64::from(c0[i * N + j]));
        (0..D).for_each(|d| exact.add_product(a.get()[i * D + d], b.get()[d * N + j]));
        exact.check(got[i * N + j], what("matmul"));
    }

    k.matmul_nt::<D, N>(rows(dy.get()), rows(b.get()).first_chunk().unwrap(), rows_mut(dx.get_mut()));
    let got = dx.checked();
    for (i, d) in (0..m).flat_map(|i| (0..D).map(move |d| (i, d))) {
        let mut exact = Exact::default();
        exact.add(f64::from(dx0[i * D + d]));
        (0..N).for_each(|j| exact.add_product(dy.get()[i * N + j], b.get()[d * N + j]));
        exact.check(got[i * D + d], what("matmul_nt"));
    }

    k.matmul_tn::<D, N>(rows(a.get()), rows(dy.get()), rows_mut(dw.get_mut()).first_chunk_mut().unwrap());
    let got = dw.checked();
    for (d, j) in (0..D).flat_map(|d| (0..N).map(move |j| (d, j))) {
        let mut exact = Exact::default();
        exact.add(f64::from(dw0[d * N + j]));
        (0..m).for_each(|i| exact.add_product(a.get()[i * D + d], dy.get()[i * N + j]));
        exact.check(got[d * N + j], what("matmul_tn"));
    }
}

macro_rules! shapes {
    ($($test:ident: $(($d:literal, $n:literal))*;)*) => {$(
        #[test]
        fn $test() {
            fn check<K: Kernels>(k: K) {
                for place in PLACES {
                    for m in ROWS {
                        $(case::<K, $d, $n>(k, m, place);)*
                    }
                }
            }
            on_every_isa!(check);
        }
    )*};
}

shapes! {
    within_one_vector: (1, 1) (3, 7) (7, 8) (64, 10) (5, 15) (2, 16);
    two_and_three_vectors: (7, 17) (4, 23) (5, 24) (16, 31) (13, 32) (9, 33) (2, 48) (3, 63);
    many_vectors: (3, 64) (10, 65) (6, 80) (33, 100) (5, 128) (4, 203);
    deep: (300, 20) (20, 300) (257, 256);
}

#[test]
fn the_shorter_slice_counts() {
    fn check<K: Kernels>(k: K) {
        let (a, b) = ([[1.0; 3]; 9], [[1.0; 5]; 3]);
        let mut c = [[0.0; 5]; 7];
        k.matmul(&a, &b, &mut c);
        k.matmul(&a[..2], &b, &mut c);
        assert_eq!((c[1], c[2]), ([6.0; 5], [3.0; 5]));
        let mut dw = [[0.0; 5]; 3];
        k.matmul_tn(&a, &c[..4], &mut dw);
        assert_eq!(dw, [[18.0; 5]; 3]);
        let mut dx = [[0.0; 3]; 2];
        k.matmul_nt(&c, &b, &mut dx);
        assert_eq!(dx, [[30.0; 3]; 2]);
    }
    on_every_isa!(check);
}
