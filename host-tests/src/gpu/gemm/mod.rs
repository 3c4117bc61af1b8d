//! Matrix products: `C[m][n] = Σ_k A[m][k] B[k][n]`, for many pairs of matrices at once.
//!
//! Where the numbers come from and go to is text of the caller: `a_at(m, k)`, `b_at(k, n)` and `store(m, n, v)`. So
//! one generator serves linear layers, convolutions (whose `b_at` finds the element of the image that a column of
//! im2col would hold, without making it) and attention.
//!
//! A workgroup computes a tile of C: it brings a strip of A and one of B into workgroup memory, side by side with
//! the neighbours' accesses, and every invocation adds the products of its own small tile in registers, along B in
//! vectors (Volkov & Demmel, 2008; the scheme of CUTLASS and of TensorFlow.js' WebGPU kernels). Which tile: the
//! largest that still gives the GPU [enough workgroups](ENOUGH). A [tiny](Gemm::is_tiny) product is computed number by number. Where even the smallest does not, the sum over k is
//! cut into parts, if the caller can add them up afterwards, as gradients of weights can.

#[cfg(test)]
mod tests;
mod text;

/// Along which index neighbours lie in memory; neighbouring invocations bring neighbouring numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// `m` of A, `n` of B.
    Outer,
    /// `k`.
    Inner,
}

/// The sizes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gemm {
    /// Rows of C.
    pub(super) m: u32,
    /// Columns of C.
    pub(super) n: u32,
    /// Terms of each sum.
    pub(super) k: u32,
    /// Pairs of matrices for each network; which one it is, the text knows as `item`.
    pub(super) items: u32,
    /// How A lies in memory.
    pub(super) a: Along,
    /// How B lies in memory.
    pub(super) b: Along,
    /// Whether the text has `a4_at(m, k)`, or `b4_at(k, n)`: four neighbours in memory at once, the first of them at a
    /// multiple of four.
    pub(super) fours: [bool; 2],
}

/// The part of C that a workgroup computes, and how its invocations share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Rows and columns of a workgroup's part.
    pub(super) workgroup: [u32; 2],
    /// Terms that are brought at once.
    pub(super) depth: u32,
    /// Rows and columns of an invocation's part: 1, 2 or a multiple of 4.
    pub(super) invocation: [u32; 2],
}

const fn tile(workgroup: [u32; 2], depth: u32, invocation: [u32; 2]) -> Tile {
    Tile { workgroup, depth, invocation }
}

impl Tile {
    /// The same with more terms at once, for long sums of few numbers: a strip's way from memory takes as long as
    /// hundreds of additions, and with little to add in between only what is under way at the same time hides it.
    pub(super) const fn deep(self) -> Self {
        let [rows, columns] = self.workgroup;
        // Within the 16 KiB of workgroup memory that every device has.
        Self { depth: if rows + columns <= 48 { 64 } else { 32 }, ..self }
    }

    /// Whether an invocation has no more than two sums.
    const fn is_small(&self) -> bool {
        let [rows, columns] = self.invocation;
        rows * columns <= 2
    }
}

/// The tiles that there are, the most efficient first.
pub(in crate::gpu) const TILES: &[Tile] = &[
    tile([128, 128], 8, [8, 8]),
    tile([64, 128], 8, [8, 4]),
    tile([64, 64], 16, [4, 4]),
    tile([32, 128], 16, [4, 4]),
    tile([32, 64], 16, [4, 2]),
    tile([16, 128], 16, [4, 2]),
    tile([8, 128], 16, [4, 1]),
    tile([32, 32], 16, [2, 2]),
    tile([16, 32], 16, [2, 1]),
    tile([8, 64], 16, [2, 1]),
    tile([16, 16], 16, [1, 1]),
];

/// Workgroups that keep a GPU busy: two for each of an H200's 132 multiprocessors, nearly.
const ENOUGH: u32 = 256;

/// The most parts that a sum is cut into, and the fewest terms of a part.
const MOST_PARTS: u32 = 128;
const LEAST_TERMS: u32 = 64;

/// The most terms and numbers of a tiny product.
const TINY_TERMS: u32 = 128;
const TINY_NUMBERS: u64 = 8192;

/// Terms from which on a sum is long.
const LONG: u32 = 2048;

impl Gemm {
    fn workgroups(&self, tile: &Tile, copies: u32) -> u32 {
        let [rows, columns] = tile.workgroup;
        self.m.div_ceil(rows).saturating_mul(self.n.div_ceil(columns)).saturating_mul(self.items * copies)
    }

    /// The part of a tile's numbers that C has use for.
    fn used(&self, tile: &Tile) -> f64 {
        let [rows, columns] = tile.workgroup;
        let all = f64::from(self.m.next_multiple_of(rows)) * f64::from(self.n.next_multiple_of(columns));
        f64::from(self.m) * f64::from(self.n) / all
    }

    /// Whether the product is so small that bringing strips would cost more than reading every number where it is
    /// needed: neither the sums are long nor are there many of them.
    pub(super) fn is_tiny(&self, copies: u32) -> bool {
        let numbers = u64::from(self.m) * u64::from(self.n) * u64::from(self.items) * u64::from(copies);
        self.k <= TINY_TERMS && numbers <= TINY_NUMBERS
    }

    /// The tile for this product: of those that waste little the first with enough workgroups, or else the one with
    /// most.
    pub(super) fn tile(&self, copies: u32) -> Tile {
        let best = TILES.iter().map(|tile| self.used(tile)).fold(0.0, f64::max);
        let thrifty = || TILES.iter().filter(|tile| self.used(tile) >= 0.7 * best);
        let enough = thrifty().find(|tile| self.workgroups(tile, copies) >= ENOUGH);
        let tile = *enough
            .or_else(|| thrifty().max_by_key(|tile| self.workgroups(tile, copies)))
            .unwrap_or(&TILES[TILES.len() - 1]);
        if self.k >= LONG && tile.is_small() { tile.deep() } else { tile }
    }

    /// Into how many parts the sum is cut where the caller can add them up.
    pub(super) fn parts(&self, copies: u32) -> u32 {
        if self.is_tiny(copies) {
            return 1;
        }
        let workgroups = self.workgroups(&self.tile(copies), copies);
        let most = (self.k / LEAST_TERMS).clamp(1, MOST_PARTS);
        (ENOUGH / workgroups.max(1)).clamp(1, most)
    }
}
