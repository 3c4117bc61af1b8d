//! Matrix products: `C[m][n] = Σ_k A[m][k] B[k][n]`, for many pairs of matrices at once.
//!
//! Where the numbers come from and go to is text of the caller: `a_at(m, k)`, `b_at(k, n)` and `store(m, n, v)`. So
//! one generator serves linear layers, convolutions (whose `b_at` finds the element of the image that a column of
//! im2col would hold, without making it) and attention.
//!
//! A workgroup computes a tile of C: it brings a strip of A and one of B into workgroup memory, side by side with
//! the neighbours' accesses, and every invocation adds the products of its own small tile in registers, along B in
//! vectors (Volkov & Demmel, 2008; the scheme of CUTLASS and of TensorFlow.js' WebGPU kernels). Which tile: the
//! largest that still gives the GPU [enough workgroups](ENOUGH). Where even the smallest does not, the sum over k is
//! cut into parts, if the caller can add them up afterwards, as gradients of weights can.

use std::fmt::Write as _;

use super::shader::{Kernel, Shader, folded};

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
    /// Whether `a4_at(m, k)` gives the four numbers of A from a `k` on that is a multiple of four, or those of B
    /// from an `n` on by `b4_at(k, n)`.
    pub(super) fours: [bool; 2],
}

/// The part of C that a workgroup computes, and how its invocations share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Rows and columns of a workgroup's part.
    pub(super) workgroup: [u32; 2],
    /// Terms that are brought at once.
    pub(super) depth: u32,
    /// Rows and columns of an invocation's part; the columns are 1, 2 or a multiple of 4.
    pub(super) invocation: [u32; 2],
}

const fn tile(workgroup: [u32; 2], depth: u32, invocation: [u32; 2]) -> Tile {
    Tile { workgroup, depth, invocation }
}

/// The tiles that there are, the most efficient first.
pub(super) const TILES: &[Tile] = &[
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

/// Workgroups that keep a GPU busy: one for each of an H200's 132 multiprocessors, nearly.
const ENOUGH: u32 = 128;

/// The most parts that a sum is cut into, and the fewest terms of a part.
const MOST_PARTS: u32 = 64;
const LEAST_TERMS: u32 = 64;

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

    /// The tile for this product: of those that waste little the first with enough workgroups, or else the one with
    /// most.
    pub(super) fn tile(&self, copies: u32) -> Tile {
        let best = TILES.iter().map(|tile| self.used(tile)).fold(0.0, f64::max);
        let thrifty = || TILES.iter().filter(|tile| self.used(tile) >= 0.7 * best);
        let enough = thrifty().find(|tile| self.workgroups(tile, copies) >= ENOUGH);
        *enough
            .or_else(|| thrifty().max_by_key(|tile| self.workgroups(tile, copies)))
            .unwrap_or(&TILES[TILES.len() - 1])
    }

    /// Into how many parts the sum is cut where the caller can add them up.
    pub(super) fn parts(&self, copies: u32) -> u32 {
        let workgroups = self.workgroups(&self.tile(copies), copies);
        let most = (self.k / LEAST_TERMS).clamp(1, MOST_PARTS);
        (ENOUGH / workgroups.max(1)).clamp(1, most)
    }

    /// Ends a kernel with the product. With more than one part of the sum the text knows which one it is as `piece`.
    pub(super) fn kernel(&self, shader: Shader, copies: u32, parts: u32) -> Kernel {
        self.tiled(shader, self.tile(copies), parts)
    }

    /// [`kernel`](Self::kernel) with a tile of the caller's choice.
    pub(super) fn tiled(&self, shader: Shader, tile: Tile, parts: u32) -> Kernel {
        let Self { m, n, k, items, .. } = *self;
        let Tile { workgroup: [rows, columns], depth, invocation: [own_rows, own_columns] } = tile;
        let (across, down) = (columns / own_columns, rows / own_rows);
        let size = across * down;
        let mut shader = shader.parts(items * parts);
        let width = own_columns.min(4);
        let vectors = own_columns / width;
        let vector = |scalar: &str| match width {
            1 => scalar.to_owned(),
            _ => format!("vec{width}<f32>({scalar})"),
        };
        let kind = if width == 1 { "f32".to_owned() } else { format!("vec{width}<f32>") };
        let strip_columns = columns / width;
        shader.push(format!(
            "var<private> item: u32;\nvar<private> piece: u32;\n\
             var<workgroup> strip_a: array<f32, {}>;\nvar<workgroup> strip_b: array<{kind}, {}>;",
            depth * (rows + 1),
            depth * strip_columns
        ));

        // Whole strips for each part of the sum.
        let strips = k.div_ceil(depth).max(1).div_ceil(parts);
        let tiles_across = n.div_ceil(columns);
        let mut body = format!(
            "item = part % {items}u;\npiece = part / {items}u;\n\
             let tile = group.y * 65535u + group.x;\n\
             let m0 = (tile / {tiles_across}u) * {rows}u;\nlet n0 = (tile % {tiles_across}u) * {columns}u;\n\
             let own_m = (lane / {across}u) * {own_rows}u;\nlet own_n = (lane % {across}u);\n\
             var k0 = piece * {}u;\nlet k_end = min({k}u, k0 + {}u);\n",
            strips * depth,
            strips * depth
        );
        for i in 0..own_rows {
            for j in 0..vectors {
                let _ = writeln!(body, "var c{i}_{j} = {};", vector("0.0"));
            }
        }
        let _ = writeln!(body, "for (var strip = 0u; strip < {strips}u; strip++) {{");
        self.bring(&mut body, tile, size, width);
        body.push_str("workgroupBarrier();\n");
        for t in 0..depth {
            for j in 0..vectors {
                let _ = writeln!(body, "let b{t}_{j} = strip_b[{}u + {}u + own_n];", t * strip_columns, j * across);
            }
            for i in 0..own_rows {
                let _ = writeln!(body, "let a{t}_{i} = strip_a[{}u + own_m + {i}u];", t * (rows + 1));
                for j in 0..vectors {
                    let a = vector(&format!("a{t}_{i}"));
                    let _ = writeln!(body, "c{i}_{j} = fma({a}, b{t}_{j}, c{i}_{j});");
                }
            }
        }
        let _ = writeln!(body, "workgroupBarrier();\nk0 += {depth}u;\n}}");
        for i in 0..own_rows {
            let _ = writeln!(body, "if m0 + own_m + {i}u < {m}u {{");
            for j in 0..vectors {
                for e in 0..width {
                    let value = if width == 1 { format!("c{i}_{j}") } else { format!("c{i}_{j}[{e}]") };
                    let column = format!("n0 + {}u + own_n * {width}u + {e}u", j * across * width);
                    let _ = writeln!(body, "if {column} < {n}u {{ store(m0 + own_m + {i}u, {column}, {value}); }}");
                }
            }
            body.push_str("}\n");
        }
        let groups = m.div_ceil(rows) * tiles_across;
        if groups > 65_535 {
            body = body.replacen("let m0", &format!("if tile >= {groups}u {{ return; }}\nlet m0"), 1);
        }
        shader.grid(size, folded(groups), &body)
    }

    /// Brings the next strips of A and B; beyond the matrices they hold zeros.
    fn bring(&self, body: &mut String, tile: Tile, size: u32, width: u32) {
        let Self { m, n, .. } = *self;
        let Tile { workgroup: [rows, columns], depth, .. } = tile;
        if self.fours[0] {
            // Four numbers along k at once, turned into rows of the strip.
            let count = rows * depth / 4;
            for first in (0..count).step_by(size as usize) {
                let guard = if first + size > count { format!("if at < {count}u ") } else { String::new() };
                let _ = write!(
                    body,
                    "{{ let at = lane + {first}u; {guard}{{ let t = (at % {d4}u) * 4u; let r = at / {d4}u;\n\
                     var v = vec4<f32>(); if m0 + r < {m}u && k0 + t < k_end {{ v = a4_at(m0 + r, k0 + t); }}\n\
                     strip_a[t * {s}u + r] = v.x; strip_a[(t + 1u) * {s}u + r] = v.y; \
                     strip_a[(t + 2u) * {s}u + r] = v.z; strip_a[(t + 3u) * {s}u + r] = v.w; }} }}\n",
                    d4 = depth / 4,
                    s = rows + 1
                );
            }
        } else {
            let count = rows * depth;
            let place = match self.a {
                Along::Inner => format!("let t = at % {depth}u; let r = at / {depth}u;"),
                Along::Outer => format!("let r = at % {rows}u; let t = at / {rows}u;"),
            };
            for first in (0..count).step_by(size as usize) {
                let guard = if first + size > count { format!("if at < {count}u ") } else { String::new() };
                let _ = write!(
                    body,
                    "{{ let at = lane + {first}u; {guard}{{ {place}\n\
                     var v = 0.0; if m0 + r < {m}u && k0 + t < k_end {{ v = a_at(m0 + r, k0 + t); }}\n\
                     strip_a[t * {}u + r] = v; }} }}\n",
                    rows + 1
                );
            }
        }
        let (wide, count) = (columns / width, columns * depth / width);
        for first in (0..if self.fours[1] && width == 4 { count } else { 0 }).step_by(size as usize) {
            let guard = if first + size > count { format!("if at < {count}u ") } else { String::new() };
            let _ = write!(
                body,
                "{{ let at = lane + {first}u; {guard}{{ let c = at % {wide}u; let t = at / {wide}u;\n\
                 var v = vec4<f32>(); if n0 + c * 4u < {n}u && k0 + t < k_end {{ v = b4_at(k0 + t, n0 + c * 4u); }}\n\
                 strip_b[at] = v; }} }}\n"
            );
        }
        if self.fours[1] && width == 4 {
            return;
        }
        let count = columns * depth;
        let place = match self.b {
            Along::Outer => format!("let c = at % {columns}u; let t = at / {columns}u;"),
            Along::Inner => format!("let t = at % {depth}u; let c = at / {depth}u;"),
        };
        let target = if width == 1 {
            format!("strip_b[t * {wide}u + c]")
        } else {
            format!("strip_b[t * {wide}u + c / {width}u][c % {width}u]")
        };
        for first in (0..count).step_by(size as usize) {
            let guard = if first + size > count { format!("if at < {count}u ") } else { String::new() };
            let _ = write!(
                body,
                "{{ let at = lane + {first}u; {guard}{{ {place}\n\
                 var v = 0.0; if n0 + c < {n}u && k0 + t < k_end {{ v = b_at(k0 + t, n0 + c); }}\n{target} = v; }} }}\n"
            );
        }
    }
}
