//! The text of a product.
//!
//! What runs once for each term is written out for a whole strip: WGSL's compilers unroll no loops, and count the turns
//! of those that there are. Workgroup memory is read in vectors, since every access of it is checked against its end.

use std::fmt::Write as _;

use super::{Along, Gemm, Tile};
use crate::gpu::shader::{Kernel, Shader, folded};

/// What a workgroup has of A or B: for each of `depth` terms a row of vectors.
#[derive(Clone, Copy)]
struct Strip {
    name: &'static str,
    /// Numbers of a row.
    outer: u32,
    /// Numbers of a vector.
    width: u32,
    /// Vectors from one row to the next.
    stride: u32,
    along: Along,
    fours: bool,
}

impl Strip {
    fn element(&self, t: &str, o: &str) -> String {
        let Self { name, width, stride, .. } = self;
        match width {
            1 => format!("strip_{name}[({t}) * {stride}u + {o}]"),
            _ => format!("strip_{name}[({t}) * {stride}u + ({o}) / {width}u][({o}) % {width}u]"),
        }
    }

    /// The turns in which `size` invocations bring `count` things: the first of each, and what an invocation asks.
    fn turns(count: u32, size: u32) -> impl Iterator<Item = (u32, String)> {
        (0..count).step_by(size as usize).map(move |first| {
            let guard = if first + size > count { format!("if at < {count}u ") } else { String::new() };
            (first, guard)
        })
    }

    /// Brings the next rows; beyond the matrix they hold zeros.
    fn bring(&self, body: &mut String, depth: u32, size: u32, end: u32) {
        let Self { name, outer, width, along, .. } = *self;
        let indices = |t: &str| match name {
            "a" => format!("a0 + o, {t}"),
            _ => format!("{t}, b0 + o"),
        };
        let each = if self.fours { 4 } else { 1 };
        let place = match along {
            Along::Inner => format!("let t = at % {d}u * {each}u; let o = at / {d}u;", d = depth / each),
            Along::Outer => format!("let o = at % {w}u * {each}u; let t = at / {w}u;", w = outer / each),
        };
        let (zero, read) = if self.fours { ("vec4<f32>()", "4_at") } else { ("0.0", "_at") };
        let put = match (self.fours, along) {
            (false, _) => format!("{} = v;", self.element("t", "o")),
            (true, Along::Outer) if width == 4 => format!("strip_{name}[t * {}u + o / 4u] = v;", self.stride),
            (true, Along::Outer) => {
                (0..4).map(|e| format!("{} = v[{e}]; ", self.element("t", &format!("o + {e}u")))).collect()
            }
            (true, Along::Inner) => {
                (0..4).map(|e| format!("{} = v[{e}]; ", self.element(&format!("t + {e}u"), "o"))).collect()
            }
        };
        for (first, guard) in Self::turns(outer * depth / each, size) {
            let _ = writeln!(
                body,
                "{{ let at = lane + {first}u; {guard}{{ {place} var v = {zero};\n\
                 if {name}0 + o < {end}u && k0 + t < k_end {{ v = {name}{read}({}); }}\n{put} }} }}",
                indices("k0 + t")
            );
        }
    }
}

/// The type of a vector.
fn kind(width: u32) -> String {
    if width == 1 { "f32".to_owned() } else { format!("vec{width}<f32>") }
}

/// An element of a vector.
fn component(vector: &str, width: u32, e: u32) -> String {
    if width == 1 { vector.to_owned() } else { format!("{vector}[{e}]") }
}

impl Gemm {
    /// Ends a kernel with the product. With more than one part of the sum the text knows which one it is as `piece`.
    pub(in crate::gpu) fn kernel(&self, shader: Shader, copies: u32, parts: u32) -> Kernel {
        if parts == 1 && self.is_tiny(copies) {
            self.direct(shader)
        } else {
            self.tiled(shader, self.tile(copies), parts)
        }
    }

    /// [`kernel`](Self::kernel) without workgroup memory and without barriers: each invocation has four rows and columns
    /// of C and reads what it needs. Behind the end of C it reads the last row or column again.
    pub(in crate::gpu) fn direct(&self, shader: Shader) -> Kernel {
        let Self { m, n, k, items, a, b, fours } = *self;
        let mut shader = shader;
        shader.push("var<private> item: u32;\nvar<private> piece: u32;");
        let block = |along, fours, all: u32| if fours && along == Along::Outer { 4 } else { all.min(4) };
        let [high, wide] = [block(a, fours[0], m), block(b, fours[1], n)];
        let (down, across) = (m.div_ceil(high), n.div_ceil(wide));
        let blocks = down * across;
        let mut body = format!(
            "item = i / {blocks}u;\nlet row = i % {blocks}u / {across}u * {high}u;\nlet column = i % {across}u * {wide}u;\n"
        );
        for (block, name, all) in [(high, "row", m), (wide, "column", n)] {
            for e in 0..block {
                let _ = writeln!(body, "let {name}{e} = min({name} + {e}u, {}u);", all - 1);
            }
        }
        let sums = || (0..high).flat_map(|r| (0..wide).map(move |c| (r, c)));
        for (r, c) in sums() {
            let _ = writeln!(body, "var c{r}_{c} = 0.0;");
        }

        // The terms `from`, … of all sums: what is read once for all of them, then the products.
        let terms = |from: &str, count: u32| {
            let mut text = String::new();
            let mut values = |name: &str, along, fours: bool, width: u32, at: &dyn Fn(u32, &str) -> String| {
                let vectors = fours && (along == Along::Outer || count == 4);
                let mut all = vec![Vec::new(); count as usize];
                if vectors && along == Along::Inner {
                    for e in 0..width {
                        let _ = writeln!(text, "let {name}_{e} = {name}4_at({});", at(e, from));
                        all.iter_mut().enumerate().for_each(|(t, values)| values.push(format!("{name}_{e}[{t}]")));
                    }
                    return all;
                }
                for (t, values) in all.iter_mut().enumerate() {
                    let k = format!("{from} + {t}u");
                    if vectors {
                        let _ = writeln!(text, "let {name}{t} = {name}4_at({});", at(0, &k));
                        values.extend((0..width).map(|e| format!("{name}{t}[{e}]")));
                    } else {
                        for e in 0..width {
                            let _ = writeln!(text, "let {name}{t}_{e} = {name}_at({});", at(e, &k));
                            values.push(format!("{name}{t}_{e}"));
                        }
                    }
                }
                all
            };
            let of_a = values("a", a, fours[0], high, &|e, k| format!("row{e}, {k}"));
            let of_b = values("b", b, fours[1], wide, &|e, k| format!("{k}, column{e}"));
            for (a, b) in of_a.iter().zip(&of_b) {
                sums().for_each(|(r, c)| {
                    let _ = writeln!(text, "c{r}_{c} = fma({}, {}, c{r}_{c});", a[r as usize], b[c as usize]);
                });
            }
            text
        };
        let whole = k / 4 * 4;
        if whole > 0 {
            let _ = write!(body, "for (var k = 0u; k < {whole}u; k += 4u) {{\n{}}}\n", terms("k", 4));
        }
        for k in whole..k {
            let _ = write!(body, "{{\n{}}}\n", terms(&format!("{k}u"), 1));
        }
        for (r, c) in sums() {
            let within = [(high, "row", r, m), (wide, "column", c, n)]
                .into_iter()
                .filter(|(block, .., all)| all % block != 0)
                .map(|(_, name, e, all)| format!("{name} + {e}u < {all}u"));
            let within: Vec<String> = within.collect();
            let store = format!("store(row + {r}u, column + {c}u, c{r}_{c});");
            let _ = match &*within.join(" && ") {
                "" => writeln!(body, "{store}"),
                within => writeln!(body, "if {within} {{ {store} }}"),
            };
        }
        shader.each(blocks * items, &body)
    }

    /// [`kernel`](Self::kernel) with a tile of the caller's choice.
    pub(in crate::gpu) fn tiled(&self, shader: Shader, tile: Tile, parts: u32) -> Kernel {
        let Self { m, n, k, items, .. } = *self;
        let Tile { workgroup: [rows, columns], depth, invocation: [own_rows, own_columns] } = tile;
        let (across, down) = (columns / own_columns, rows / own_rows);
        let size = across * down;
        let widths = [own_rows.min(4), own_columns.min(4)];
        // A vector more in each row of A: what is brought along k would otherwise go to few banks of memory.
        let a = Strip {
            name: "a",
            outer: rows,
            width: widths[0],
            stride: rows / widths[0] + 1,
            along: self.a,
            fours: self.fours[0],
        };
        let b = Strip {
            name: "b",
            outer: columns,
            width: widths[1],
            stride: columns / widths[1],
            along: self.b,
            fours: self.fours[1],
        };
        let mut shader = shader.parts(items * parts);
        shader.push("var<private> item: u32;\nvar<private> piece: u32;");
        for strip in [a, b] {
            let Strip { name, width, stride, .. } = strip;
            shader.push(format!("var<workgroup> strip_{name}: array<{}, {}>;", kind(width), depth * stride));
        }

        // Whole strips for each part of the sum.
        let strips = k.div_ceil(depth).max(1).div_ceil(parts);
        let tiles_across = n.div_ceil(columns);
        let groups = m.div_ceil(rows) * tiles_across;
        let mut body =
            format!("item = part % {items}u;\npiece = part / {items}u;\nlet tile = group.y * 65535u + group.x;\n");
        if groups > 65_535 {
            // Whole workgroups leave, so that barriers stay in uniform control flow.
            let _ = writeln!(body, "if tile >= {groups}u {{ return; }}");
        }
        let _ = write!(
            body,
            "let a0 = (tile / {tiles_across}u) * {rows}u;\nlet b0 = (tile % {tiles_across}u) * {columns}u;\n\
             let own_m = (lane / {across}u) * {own_rows}u;\nlet own_n = lane % {across}u;\n\
             var k0 = piece * {part}u;\nlet k_end = min({k}u, k0 + {part}u);\n",
            part = strips * depth
        );
        let vectors = own_columns / widths[1];
        for (i, j) in (0..own_rows).flat_map(|i| (0..vectors).map(move |j| (i, j))) {
            let _ = writeln!(body, "var c{i}_{j} = {}();", kind(widths[1]));
        }
        let _ = writeln!(body, "for (var strip = 0u; strip < {strips}u; strip++) {{");
        a.bring(&mut body, depth, size, m);
        b.bring(&mut body, depth, size, n);
        body.push_str("workgroupBarrier();\n");
        for t in 0..depth {
            for j in 0..vectors {
                let _ = writeln!(body, "let b{t}_{j} = strip_b[{}u + own_n];", t * b.stride + j * across);
            }
            for j in 0..own_rows / widths[0] {
                let _ = writeln!(body, "let a{t}_{j} = strip_a[{}u + own_m / {}u];", t * a.stride + j, widths[0]);
            }
            for (i, j) in (0..own_rows).flat_map(|i| (0..vectors).map(move |j| (i, j))) {
                let a = component(&format!("a{t}_{}", i / widths[0]), widths[0], i % widths[0]);
                let _ = writeln!(body, "c{i}_{j} = fma({}({a}), b{t}_{j}, c{i}_{j});", kind(widths[1]));
            }
        }
        let _ = writeln!(body, "workgroupBarrier();\nk0 += {depth}u;\n}}");
        for i in 0..own_rows {
            let _ = writeln!(body, "if a0 + own_m + {i}u < {m}u {{");
            for (j, e) in (0..vectors).flat_map(|j| (0..widths[1]).map(move |e| (j, e))) {
                let value = component(&format!("c{i}_{j}"), widths[1], e);
                let column = format!("b0 + {}u + own_n * {}u", j * across * widths[1] + e, widths[1]);
                let _ = writeln!(body, "if {column} < {n}u {{ store(a0 + own_m + {i}u, {column}, {value}); }}");
            }
            body.push_str("}\n");
        }
        shader.grid(size, folded(groups), &body)
    }
}
