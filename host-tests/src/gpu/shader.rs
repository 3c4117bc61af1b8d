//! The text of kernels: bindings, functions that read and write them, and where work items come from.

use std::fmt::Write as _;

/// A buffer of a plan, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct BufferId(pub(super) usize);

/// The type of a buffer's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `f32`
    Float,
    /// `u32`
    Integer,
}

impl Word {
    const fn name(self) -> &'static str {
        match self {
            Self::Float => "f32",
            Self::Integer => "u32",
        }
    }
}

/// A run of words in a buffer, of each network that is trained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) buffer: BufferId,
    pub(super) word: Word,
    /// Where it begins.
    pub(super) offset: u32,
    /// Words from one network's to the next one's; 0 where all share it.
    pub(super) stride: u32,
}

impl Region {
    /// The stride of the gradients of all parameters, which is known only when all kernels are written: a constant
    /// in the text, see [`Kernel::text`].
    pub(super) const OF_GRADIENTS: u32 = u32::MAX;
}

/// What is known only when all kernels are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strides {
    /// Words of all gradients of a network.
    pub(super) gradients: u32,
    /// Words of the numbers of a step and a network.
    pub(super) numbers: u32,
}

/// A compute kernel, ready to be compiled.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    /// What it does and for which layer.
    pub(super) label: String,
    /// WGSL, with the entry point `main`.
    pub(super) source: String,
    /// The buffers in the order of their bindings, and whether it writes them.
    pub(super) bindings: Vec<(BufferId, bool)>,
    /// Workgroups; those of all networks in the last dimension.
    pub(super) groups: [u32; 3],
    /// Invocations of a workgroup.
    pub(super) size: u32,
}

/// How a buffer is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Binding {
    buffer: BufferId,
    word: Word,
    writes: bool,
    /// As vectors of four.
    vectors: bool,
}

/// A kernel while it is written.
#[derive(Debug)]
pub(super) struct Shader {
    label: String,
    bindings: Vec<Binding>,
    text: String,
    /// Parts in the last dimension of the grid for each network.
    parts: u32,
    copies: u32,
}

/// Most workgroups in a dimension of the grid.
const MOST_GROUPS: u32 = 65_535;
/// Invocations of a workgroup where each has an item of its own.
const EACH: u32 = 64;

impl Shader {
    /// A kernel that so many networks run.
    pub(super) fn new(label: impl Into<String>, copies: u32) -> Self {
        Self { label: label.into(), bindings: Vec::new(), text: String::new(), parts: 1, copies }
    }

    /// The same with so many parts for each network, whose number is `part` in the text.
    pub(super) fn parts(mut self, parts: u32) -> Self {
        self.parts = parts;
        self
    }

    fn bind(&mut self, region: Region, writes: bool, vectors: bool) -> usize {
        let same = |binding: &Binding| binding.buffer == region.buffer && binding.vectors == vectors;
        if let Some(at) = self.bindings.iter().position(same) {
            self.bindings[at].writes |= writes;
            return at;
        }
        self.bindings.push(Binding { buffer: region.buffer, word: region.word, writes, vectors });
        self.bindings.len() - 1
    }

    /// Gives the text a function `NAME(i) -> f32` (or `u32`) that reads.
    pub(super) fn reads(&mut self, name: &str, region: Region) {
        let (at, Region { word, offset, stride, .. }) = (self.bind(region, false, false), region);
        let (word, begin) = (word.name(), begin(stride, offset));
        self.push(format!("fn {name}(i: u32) -> {word} {{ return b{at}[{begin} + i]; }}"));
    }

    /// Gives the text a function `NAME(i) -> vec4<f32>` that reads the words from `4 i` on. The region begins at a
    /// multiple of four words.
    pub(super) fn reads4(&mut self, name: &str, region: Region) {
        let (at, Region { offset, stride, .. }) = (self.bind(region, false, true), region);
        let begin = begin(stride / 4, offset / 4);
        self.push(format!("fn {name}(i: u32) -> vec4<f32> {{ return b{at}[{begin} + i]; }}"));
    }

    /// Gives the text a function `NAME(i, v)` that writes.
    pub(super) fn writes(&mut self, name: &str, region: Region) {
        let (at, Region { word, offset, stride, .. }) = (self.bind(region, true, false), region);
        let (word, begin) = (word.name(), begin(stride, offset));
        self.push(format!("fn {name}(i: u32, v: {word}) {{ b{at}[{begin} + i] = v; }}"));
    }

    /// Adds lines of text.
    pub(super) fn push(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// Ends with a body that runs once for each `i` below `items`.
    pub(super) fn each(self, items: u32, body: &str) -> Kernel {
        let groups = items.div_ceil(EACH);
        let body = format!(
            "let i = (group.y * {MOST_GROUPS}u + group.x) * {EACH}u + lane;\nif i >= {items}u {{ return; }}\n{body}"
        );
        self.grid(EACH, folded(groups), &body)
    }

    /// Ends with a body that a workgroup of `size` (a power of two) runs for each `row` below `rows`; `lane` is
    /// the number of the invocation. The text may call `total(lane, v)`, the sum of all `v`, and
    /// `largest(lane, v)`.
    pub(super) fn each_group(mut self, size: u32, rows: u32, body: &str) -> Kernel {
        let mut reduction = String::new();
        for (name, combine) in [
            ("total", "shared_words[lane] + shared_words[lane + {h}u]"),
            ("largest", "max(shared_words[lane], shared_words[lane + {h}u])"),
        ] {
            let _ = write!(
                reduction,
                "fn {name}(lane: u32, v: f32) -> f32 {{\nshared_words[lane] = v;\nworkgroupBarrier();\n"
            );
            let mut half = size / 2;
            while half > 0 {
                let combine = combine.replace("{h}", &half.to_string());
                let _ =
                    writeln!(reduction, "if lane < {half}u {{ shared_words[lane] = {combine}; }}\nworkgroupBarrier();");
                half /= 2;
            }
            reduction.push_str("let all = shared_words[0];\nworkgroupBarrier();\nreturn all;\n}\n");
        }
        self.text = format!("var<workgroup> shared_words: array<f32, {size}>;\n{reduction}{}", self.text);
        // The whole workgroup has the same row, so that barriers stay in uniform control flow.
        let guard = if rows > MOST_GROUPS { format!("if row >= {rows}u {{ return; }}\n") } else { String::new() };
        let body = format!("let row = group.y * {MOST_GROUPS}u + group.x;\n{guard}{body}");
        self.grid(size, folded(rows), &body)
    }

    /// Ends with a body that sees `group: vec3<u32>`, `lane` and `part`.
    pub(super) fn grid(self, size: u32, [x, y]: [u32; 2], body: &str) -> Kernel {
        let mut source = String::new();
        for (at, Binding { word, writes, vectors, .. }) in self.bindings.iter().enumerate() {
            let access = if *writes { "read_write" } else { "read" };
            let word = if *vectors { "vec4<f32>" } else { word.name() };
            let _ = writeln!(source, "@group(0) @binding({at}) var<storage, {access}> b{at}: array<{word}>;");
        }
        let parts = self.parts;
        source.push_str("var<private> copy: u32;\nvar<private> part: u32;\n");
        if self.text.contains("_(") || body.contains("_(") {
            source.push_str(MATH);
        }
        source.push_str(&self.text);
        let _ = write!(
            source,
            "@compute @workgroup_size({size})\nfn main(@builtin(workgroup_id) group: vec3<u32>, \
             @builtin(local_invocation_index) lane: u32) {{\ncopy = group.z / {parts}u;\npart = group.z % {parts}u;\n{body}\n}}\n"
        );
        let bindings = self.bindings.iter().map(|binding| (binding.buffer, binding.writes)).collect();
        Kernel { label: self.label, source, bindings, groups: [x, y, self.parts * self.copies], size }
    }
}

/// Where a network's words begin.
fn begin(stride: u32, offset: u32) -> String {
    match stride {
        0 => format!("{offset}u"),
        Region::OF_GRADIENTS => format!("copy * gradient_stride + {offset}u"),
        _ => format!("copy * {stride}u + {offset}u"),
    }
}

impl Kernel {
    /// The whole text, once the words of all gradients and of the numbers of a step are known.
    pub(super) fn text(&self, Strides { gradients, numbers }: Strides) -> String {
        let mut text = String::new();
        for (name, words) in [("gradient_stride", gradients), ("number_stride", numbers)] {
            if self.source.contains(name) {
                let _ = writeln!(text, "const {name}: u32 = {words}u;");
            }
        }
        text + &self.source
    }
}

/// Functions of numbers; their names end in `_`.
const MATH: &str = include_str!("math.wgsl");

/// A number of workgroups in two dimensions.
pub(super) const fn folded(groups: u32) -> [u32; 2] {
    if groups <= MOST_GROUPS {
        [if groups == 0 { 1 } else { groups }, 1]
    } else {
        [MOST_GROUPS, groups.div_ceil(MOST_GROUPS)]
    }
}
