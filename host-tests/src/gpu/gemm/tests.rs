//! Products of random sizes on the device, beside sums in double precision on the host.

use std::collections::HashMap;

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::random;

use super::{Along, Gemm, TILES, Tile};
use crate::gpu::{
    Gpu, Options,
    engine::fetch,
    graph::BufferSpec,
    plan::{Plan, Recording},
    shader::{BufferId, Region, Shader, Strides, Word},
    weights::aligned,
};

fn gpu() -> Gpu {
    Gpu::with(Options { software: true }).expect("an adapter")
}

/// Numbers of a matrix in memory, and where an element of it is.
#[derive(Clone, Copy)]
struct Matrix {
    outer: u32,
    inner: u32,
    along: Along,
}

impl Matrix {
    fn words(self) -> u32 {
        self.outer * self.inner
    }

    fn at(self, outer: u32, inner: u32) -> u32 {
        match self.along {
            Along::Outer => inner * self.outer + outer,
            Along::Inner => outer * self.inner + inner,
        }
    }

    /// The same as text.
    fn place(self, outer: &str, inner: &str) -> String {
        let first = format!("item * {}u", self.words());
        match self.along {
            Along::Outer => format!("{first} + {inner} * {}u + {outer}", self.outer),
            Along::Inner => format!("{first} + {outer} * {}u + {inner}", self.inner),
        }
    }

    /// Whether four neighbours can be read at once.
    fn in_fours(self) -> bool {
        match self.along {
            Along::Outer => self.outer.is_multiple_of(4),
            Along::Inner => self.inner.is_multiple_of(4),
        }
    }
}

/// Random numbers for `copies` networks, `words` each; behind them lie NaN that nobody must use.
fn drawn(seed: u64, words: u32, copies: u32) -> Vec<f32> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut number = |i: u32| if i < words { 2.0 * random::uniform(&mut rng) - 1.0 } else { f32::NAN };
    (0..copies).flat_map(|_| (0..aligned(words)).map(&mut number).collect::<Vec<_>>()).collect()
}

/// Computes a product in so many parts of the sum on the device, and compares every element.
fn check(gpu: &Gpu, gemm: Gemm, tile: Option<Tile>, parts: u32, copies: u32, seed: u64) -> Result<(), TestCaseError> {
    let Gemm { m, n, k, items, .. } = gemm;
    let parts = if tile.is_some() { parts } else { 1 };
    let a = Matrix { outer: m, inner: k, along: gemm.a };
    let b = Matrix { outer: n, inner: k, along: gemm.b };
    let gemm = Gemm { fours: [gemm.fours[0] && a.in_fours(), gemm.fours[1] && b.in_fours()], ..gemm };
    let words = [items * a.words(), items * b.words(), parts * items * m * n];
    let specs = words.map(|words| BufferSpec { what: "a matrix".to_owned(), words: aligned(words), shared: false });
    let region = |number: usize| Region {
        buffer: BufferId(number),
        word: Word::Float,
        offset: 0,
        stride: aligned(words[number]),
    };
    let mut shader = Shader::new("product", copies);
    for (number, (name, matrix, indices)) in [("a", a, ["m", "k"]), ("b", b, ["n", "k"])].into_iter().enumerate() {
        let arguments = if name == "a" { "m: u32, k: u32" } else { "k: u32, n: u32" };
        let place = matrix.place(indices[0], indices[1]);
        shader.reads(&format!("{name}_word"), region(number));
        shader.push(format!("fn {name}_at({arguments}) -> f32 {{ return {name}_word({place}); }}"));
        if gemm.fours[number] {
            shader.reads4(&format!("{name}_words"), region(number));
            shader.push(format!("fn {name}4_at({arguments}) -> vec4<f32> {{ return {name}_words(({place}) / 4u); }}"));
        }
    }
    shader.writes("set_word", region(2));
    shader.push(format!(
        "fn store(m: u32, n: u32, v: f32) {{ set_word(((piece * {items}u + item) * {m}u + m) * {n}u + n, v); }}"
    ));
    let kernel = match tile {
        Some(tile) => gemm.tiled(shader, tile, parts),
        None => gemm.direct(shader),
    };
    let plan = Plan::new(gpu, &specs, &[kernel], (copies, Strides::default()), &HashMap::new()).expect("planned");

    let numbers = [drawn(seed, words[0], copies), drawn(seed + 1, words[1], copies), drawn(0, 0, 0)];
    let nothing = vec![f32::NAN; (aligned(words[2]) * copies) as usize];
    for (buffer, numbers) in plan.buffers.iter().zip([&numbers[0], &numbers[1], &nothing]) {
        gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(numbers));
    }
    gpu.queue.submit([plan.recorded(gpu, 1, Recording::OnePass).finish()]);
    let c = fetch(gpu, &plan.buffers[2], 0, nothing.len() as u32).expect("read back");

    // A sum of k products, and one of its parts, is within so many roundings of the sum of magnitudes (Higham,
    // "Accuracy and Stability of Numerical Algorithms", 3.1).
    let roundings = f64::from(2 * k + parts) * f64::from(f32::EPSILON) / 2.0;
    for (copy, (item, (row, column))) in (0..copies).flat_map(|copy| {
        (0..items).flat_map(move |item| (0..m).flat_map(move |i| (0..n).map(move |j| (copy, (item, (i, j))))))
    }) {
        let word = |number: usize, matrix: Matrix, outer, inner| {
            let at = copy * aligned(words[number]) + item * matrix.words() + matrix.at(outer, inner);
            f64::from(numbers[number][at as usize])
        };
        let products = (0..k).map(|t| word(0, a, row, t) * word(1, b, column, t));
        let (exact, magnitude) = products.fold((0.0, 0.0), |(sum, all), p: f64| (sum + p, all + p.abs()));
        let at = |piece: u32| copy * aligned(words[2]) + ((piece * items + item) * m + row) * n + column;
        let got: f64 = (0..parts).map(|piece| f64::from(c[at(piece) as usize])).sum();
        prop_assert!(
            (got - exact).abs() <= roundings * magnitude,
            "copy {copy}, item {item}, [{row}][{column}]: {got}, not {exact}"
        );
    }
    let behind = c.chunks(aligned(words[2]) as usize).flat_map(|copy| &copy[words[2] as usize..]);
    prop_assert!(behind.into_iter().all(|word| word.is_nan()), "a number was stored behind the matrix");
    Ok(())
}

/// Products with sizes below `end`.
fn gemms(end: u32) -> impl Strategy<Value = Gemm> {
    let along = || prop_oneof![Just(Along::Outer), Just(Along::Inner)];
    // Half of the sizes are multiples of four, so that vectors are read, too.
    let size = || prop_oneof![1..end, (1..=(end - 1) / 4).prop_map(|fours| 4 * fours)];
    let product = (size(), size(), size(), 1..4_u32, along(), along(), any::<[bool; 2]>());
    product.prop_map(|(m, n, k, items, a, b, fours)| Gemm { m, n, k, items, a, b, fours })
}

fn each(seed: u8, cases: u32, end: u32, tile: impl Fn(&Gemm, u32) -> Option<Tile>) {
    let gpu = gpu();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let drawn = (gemms(end), 1..5_u32, 1..4_u32, 0..1000_u64);
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
        .run(&drawn, |(gemm, parts, copies, seed)| check(&gpu, gemm, tile(&gemm, copies), parts, copies, seed))
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn every_tile() {
    for (number, tile) in TILES.iter().enumerate() {
        println!("{tile:?}");
        each(number as u8, 4, 71, |_, _| Some(*tile));
        if tile.is_small() {
            each(50 + number as u8, 2, 71, |_, _| Some(tile.deep()));
        }
    }
}

#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn number_by_number() {
    each(101, 8, 71, |_, _| None);
}

#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn the_tile_of_choice() {
    each(100, 6, 257, |gemm, copies| Some(gemm.tile(copies)));
}

#[test]
fn parts_and_tiles_of_choice() {
    let gemm = |m, n, k| Gemm { m, n, k, items: 1, a: Along::Inner, b: Along::Outer, fours: [false; 2] };
    assert_eq!(gemm(4096, 4096, 4096).tile(1), TILES[0], "the most efficient one where there is enough to do");
    assert_eq!(gemm(4096, 4096, 4096).parts(1), 1);
    let gradient = gemm(65, 10, 6400);
    assert!(gradient.parts(1) > 1, "a small product of long sums is cut");
    assert!(gradient.parts(1) <= super::MOST_PARTS);
    assert_eq!(gradient.parts(256), 1, "many networks give enough to do");
    assert_eq!(gemm(10, 10, 10).parts(1), 1, "sums that are too short to be cut");
    assert!(gemm(16, 32, 64).is_tiny(1) && !gemm(16, 32, 64).is_tiny(256) && !gemm(16, 32, 784).is_tiny(1));
    let first_convolution_of_lenet = gemm(6, 26, 128 * 784);
    assert_eq!(first_convolution_of_lenet.tile(1).depth, 64, "long sums of few numbers take many terms at once");
}
