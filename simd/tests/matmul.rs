//! Matrix products of every instruction set against plain `f64` loops.

mod common;

use common::{Exact, Memory, PLACES, Place, generator, randoms};
use tensorlet::kernel::Kernels;

/// Batch sizes: around the rows of the tiles.
const ROWS: [usize; 12] = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 33];

/// A product on flat slices.
type Product<'a> = &'a dyn Fn(&[f32], &[f32], &mut [f32]);

/// The three products of a token for one shape, so that the checks are compiled once.
fn case<K: Kernels, const D: usize, const N: usize>(k: K, m: usize, place: Place) {
    let what = format!("{} {m}x{D}x{N} {place:?}", K::NAME);
    check_case(
        &what,
        [m, D, N],
        place,
        &|a, b, c| k.matmul(rows::<D>(a), rows::<N>(b).first_chunk::<D>().unwrap(), rows_mut(c)),
        &|dy, b, dx| k.matmul_nt(rows::<N>(dy), rows::<N>(b).first_chunk::<D>().unwrap(), rows_mut(dx)),
        &|a, dy, dw| k.matmul_tn(rows::<D>(a), rows::<N>(dy), rows_mut(dw).first_chunk_mut().unwrap()),
    );
}

fn rows<const N: usize>(x: &[f32]) -> &[[f32; N]] {
    x.as_chunks().0
}

fn rows_mut<const N: usize>(x: &mut [f32]) -> &mut [[f32; N]] {
    x.as_chunks_mut().0
}

fn check_case(what: &str, [m, d, n]: [usize; 3], place: Place, nn: Product<'_>, nt: Product<'_>, tn: Product<'_>) {
    let mut rng = generator((m * 1_000_003 + d * 1009 + n) as u64);
    let mut memory = |n| Memory::new(place, &randoms(&mut rng, n));
    let (a, b, mut c) = (memory(m * d), memory(d * n), memory(m * n));
    let (dy, mut dx, mut dw) = (memory(m * n), memory(m * d), memory(d * n));
    let (c0, dx0, dw0) = (c.get().to_vec(), dx.get().to_vec(), dw.get().to_vec());

    nn(a.get(), b.get(), c.get_mut());
    let (a_at, b_at, dy_at) = (|i, j| a.get()[i * d + j], |i, j| b.get()[i * n + j], |i, j| dy.get()[i * n + j]);
    check_product(what, "matmul", c.checked(), &c0, [m, d, n], a_at, b_at);
    nt(dy.get(), b.get(), dx.get_mut());
    check_product(what, "matmul_nt", dx.checked(), &dx0, [m, n, d], dy_at, |i, j| b_at(j, i));
    tn(a.get(), dy.get(), dw.get_mut());
    check_product(what, "matmul_tn", dw.checked(), &dw0, [d, m, n], |i, j| a_at(j, i), dy_at);
}

/// Checks `got = before + a · b`, where `a` has `rows` rows of `depth`, and `b` `columns` columns.
fn check_product(
    what: &str,
    name: &str,
    got: &[f32],
    before: &[f32],
    [rows, depth, columns]: [usize; 3],
    a: impl Fn(usize, usize) -> f32,
    b: impl Fn(usize, usize) -> f32,
) {
    for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
        let mut exact = Exact::default();
        exact.add(f64::from(before[i * columns + j]));
        (0..depth).for_each(|d| exact.add_product(a(i, d), b(d, j)));
        exact.check(got[i * columns + j], format_args!("{what} {name}"));
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
    tiny: (4, 4) (8, 8) (16, 16) (300, 1) (2, 2) (256, 1);
    few_columns_left: (70, 1) (65, 2) (64, 3) (77, 4) (66, 9) (131, 11) (64, 25) (67, 36);
    whole_vectors: (17, 16) (40, 32) (33, 48) (5, 64) (129, 80) (3, 96) (2, 112) (3, 144);
    two_and_three_vectors: (7, 17) (4, 23) (5, 24) (16, 31) (13, 32) (9, 33) (2, 48) (3, 63);
    many_vectors: (3, 64) (10, 65) (6, 80) (33, 100) (5, 128) (4, 203);
    deep: (300, 20) (20, 300) (257, 256);
}

/// Products so large that the second factor goes through panels, and the depth of a tail in parts: some of
/// their elements.
#[test]
fn large() {
    fn check<K: Kernels>(k: K) {
        let [m, d, n] = [67, 521, 531];
        let mut rng = generator(7);
        let mut memory = |n| Memory::new(Place::Guarded(3), &randoms(&mut rng, n));
        let (a, b, mut c) = (memory(m * d), memory(d * n), memory(m * n));
        let (turned_a, turned_b) = (memory(m * d), memory(d * n));
        let before = c.get().to_vec();
        let some = |got: &[f32],
                    before: &[f32],
                    name: &str,
                    a: &dyn Fn(usize, usize) -> f32,
                    b: &dyn Fn(usize, usize) -> f32| {
            for at in (0..m * n).step_by(97).chain(m * n - 20..m * n) {
                let mut exact = Exact::default();
                exact.add(f64::from(before[at]));
                (0..d).for_each(|k| exact.add_product(a(at / n, k), b(k, at % n)));
                exact.check(got[at], format_args!("{} {name} {at}", K::NAME));
            }
        };
        let (a_at, b_at) = (|i, j| a.get()[i * d + j], |i, j| b.get()[i * n + j]);
        k.matmul_flat([d, n], a.get(), b.get(), c.get_mut());
        some(c.checked(), &before, "matmul", &a_at, &b_at);
        let before = c.get().to_vec();
        k.matmul_nt_flat([n, d], a.get(), turned_b.get(), c.get_mut());
        some(c.checked(), &before, "matmul_nt", &a_at, &|i, j| turned_b.get()[j * d + i]);
        let before = c.get().to_vec();
        k.matmul_tn_flat([m, n], turned_a.get(), b.get(), c.get_mut());
        some(c.checked(), &before, "matmul_tn", &|i, j| turned_a.get()[j * m + i], &b_at);
    }
    on_every_isa!(check);
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
