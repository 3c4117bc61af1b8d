//! Multi-head attention of a sequence to itself.
//!
//! Projections lie as rows `[query, key, value]` of each step, attention weights as a matrix for each sample and head.
//! Every product is a [`Gemm`]; those of heads are many small ones at once. Dropped weights are not stored: where
//! they are read, they are multiplied by 0 or `1 / (1 - p)` as their random numbers say.

use crate::gpu::{
    OffloadError,
    gemm::{Along, Gemm},
    graph::{Graph, Node, Operation},
    noise::{Kind, draw},
    shader::{Region, Shader},
    weights::aligned,
};

use super::{
    linear,
    softmax::{LEAST, lanes},
};

/// A sequence that attends to itself, or each step to those up to it.
#[derive(Debug)]
pub(in crate::gpu) struct SelfAttention {
    heads: u32,
    causal: bool,
    kept: Option<Kept>,
}

/// What the backward pass needs.
#[derive(Clone, Copy, Debug)]
struct Kept {
    projected: Region,
    weights: Region,
    context: Region,
    /// The random numbers of dropout, in training.
    noise: Option<Region>,
}

/// The sizes of a batch.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    samples: u32,
    steps: u32,
    embed: u32,
    heads: u32,
    /// Numbers of a head.
    width: u32,
}

impl Sizes {
    /// The rows of all samples, each a step.
    const fn rows(self) -> u32 {
        self.samples * self.steps
    }

    /// The matrices of attention weights.
    const fn items(self) -> u32 {
        self.samples * self.heads
    }

    /// Text: where number `j` of the head of `item` lies at a step, in rows of `blocks` vectors the `block`-th of
    /// which it is.
    fn of_head(self, [blocks, block]: [u32; 2], step: &str, j: &str) -> String {
        let Self { steps, embed, heads, width, .. } = self;
        let first = block * embed;
        format!(
            "((item / {heads}u) * {steps}u + {step}) * {}u + {first}u + (item % {heads}u) * {width}u + {j}",
            blocks * embed
        )
    }

    /// Text: where the attention weight of two steps lies.
    fn weight(self, query: &str, key: &str) -> String {
        format!("(item * {0}u + {query}) * {0}u + {key}", self.steps)
    }

    /// A product for each head, of matrices in which neighbours lie along these.
    fn of_heads(self, [m, n, k]: [u32; 3], [a, b]: [Along; 2]) -> Gemm {
        Gemm { m, n, k, items: self.items(), a, b, fours: [false; 2] }
    }
}

/// One of the matrices of a product: where it lies, and text of the place of an element.
struct Matrix {
    region: Region,
    place: String,
    /// Text that follows the number.
    times: String,
    /// Whether numbers can be read in fours: they lie in rows of multiples of four.
    fours: bool,
}

impl Matrix {
    const fn new(region: Region, place: String, fours: bool) -> Self {
        Self { region, place, times: String::new(), fours }
    }

    /// Gives the text `NAME_at(indices)` and, where it can, that of four numbers; whether it could.
    fn text(&self, shader: &mut Shader, name: &str, indices: &str) -> bool {
        let Self { region, place, times, fours } = self;
        shader.reads(&format!("{name}_words"), *region);
        shader.push(format!("fn {name}_at({indices}) -> f32 {{ let at = {place}; return {name}_words(at){times}; }}"));
        if *fours {
            shader.reads4(&format!("{name}_fours"), *region);
            shader.push(format!("fn {name}4_at({indices}) -> vec4<f32> {{ return {name}_fours(({place}) / 4u); }}"));
        }
        *fours
    }
}

/// Writes the kernel of a product, whose result goes where the text `store` of `m`, `n` and `v` says.
fn product(graph: &mut Graph<'_>, mut shader: Shader, mut gemm: Gemm, [a, b]: [&Matrix; 2], store: &str) {
    gemm.fours = [a.text(&mut shader, "a", "m: u32, k: u32"), b.text(&mut shader, "b", "k: u32, n: u32")];
    shader.push(format!("fn store(m: u32, n: u32, v: f32) {{ {store} }}"));
    graph.kernels.push(gemm.kernel(shader, graph.copies, 1));
}

impl SelfAttention {
    pub(in crate::gpu) const fn new(heads: usize, causal: bool) -> Self {
        Self { heads: heads as u32, causal, kept: None }
    }

    fn sizes(&self, node: &Node) -> Sizes {
        let [steps, embed] = [0, 1].map(|axis| node.info.input.dim(axis) as u32);
        Sizes { samples: node.rows, steps, embed, heads: self.heads, width: embed / self.heads }
    }

    /// Queries, keys and values of all steps.
    fn project(&self, graph: &mut Graph<'_>, node: &Node, projected: Region) {
        let sizes = self.sizes(node);
        let (embed, fours) = (sizes.embed, sizes.embed.is_multiple_of(4));
        let Some(weight) = graph.parameter_region(node, "in_proj_weight") else { return };
        let gemm = Gemm {
            m: sizes.rows(),
            n: 3 * embed,
            k: embed,
            items: 1,
            a: Along::Inner,
            b: Along::Outer,
            fours: [false; 2],
        };
        let mut shader = graph.shader(node, "projections");
        let bias = if graph.parameter(&mut shader, node, "in_proj_bias") { " + in_proj_bias_at(n)" } else { "" };
        shader.writes("set_projected", projected);
        let x = Matrix::new(graph.values[node.x.0].region, format!("m * {embed}u + k"), fours);
        let weight = Matrix::new(weight, in_block(embed, "k", "n"), fours);
        product(graph, shader, gemm, [&x, &weight], &format!("set_projected(m * {}u + n, v{bias});", 3 * embed));
    }

    /// Scores of all pairs of steps, and their softmax in the same place.
    fn attention_weights(&self, graph: &mut Graph<'_>, node: &Node, (projected, weights): (Region, Region)) {
        let sizes = self.sizes(node);
        let Sizes { steps, width, .. } = sizes;
        let mut shader = graph.shader(node, "scores");
        shader.writes("set_score", weights);
        let fours = width.is_multiple_of(4);
        let query = Matrix::new(projected, sizes.of_head([3, 0], "m", "k"), fours);
        let key = Matrix::new(projected, sizes.of_head([3, 1], "n", "k"), false);
        let store = format!("set_score({}, v * {:?});", sizes.weight("m", "n"), scale(sizes));
        let gemm = sizes.of_heads([steps, steps, width], [Along::Inner; 2]);
        product(graph, shader, gemm, [&query, &key], &store);

        let mut shader = graph.shader(node, "softmax");
        shader.reads("score_at", weights);
        shader.writes("set_weight", weights);
        let (size, limit) = (lanes(steps), self.limit(steps));
        let each = |end: &str| format!("for (var e = lane; e < {end}; e += {size}u)");
        let body = format!(
            "let first = row * {steps}u;\nlet end = {limit};\nvar own = {LEAST};\n\
             {} {{ own = max(own, score_at(first + e)); }}\nlet most = largest(lane, own);\nvar own_sum = 0.0;\n\
             {} {{ let v = exp_(score_at(first + e) - most); set_weight(first + e, v); own_sum += v; }}\n\
             let sum = total(lane, own_sum);\n\
             {} {{ if e < end {{ set_weight(first + e, score_at(first + e) / sum); }} else {{ set_weight(first + e, 0.0); }} }}",
            each("end"),
            each("end"),
            each(&format!("{steps}u")),
        );
        graph.kernels.push(shader.each_group(size, sizes.items() * steps, &body));
    }

    /// Text: how many keys the query of a row attends to.
    fn limit(&self, steps: u32) -> String {
        if self.causal { format!("row % {steps}u + 1u") } else { format!("{steps}u") }
    }
}

/// Text: where an element of the matrix of all three projections lies, which are stored one after the other.
fn in_block(embed: u32, input: &str, output: &str) -> String {
    format!("({output} / {embed}u * {embed}u + {input}) * {embed}u + {output} % {embed}u")
}

/// What scores are multiplied by.
fn scale(sizes: Sizes) -> f32 {
    1.0 / (sizes.width as f32).sqrt()
}

/// Gives the text `kept(at)`: what an attention weight is multiplied by in training.
fn dropout(graph: &Graph<'_>, node: &Node, shader: &mut Shader, noise: Option<Region>) -> String {
    let Some(noise) = noise else { return String::new() };
    shader.reads("noise_at", noise);
    graph.setting(shader, &node.path, "dropout");
    shader.push(
        "fn kept(at: u32) -> f32 {\nlet p = dropout();\nif noise_at(at) < p || p >= 1.0 { return 0.0; }\nreturn 1.0 / (1.0 - p);\n}",
    );
    " * kept(at)".to_owned()
}

impl Operation for SelfAttention {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let sizes = self.sizes(node);
        let Sizes { steps, embed, width, .. } = sizes;
        let scores = sizes.items() * steps * steps;
        let mut buffer = |what: &str, words| graph.buffer(&format!("the {what} of `{}`", node.path), words);
        let projected = buffer("projections", 3 * sizes.rows() * embed);
        let weights = buffer("attention weights", scores);
        let context = buffer("context", sizes.rows() * embed);
        let noise = node.training.then(|| draw(graph, node, scores, Kind::Uniform).region);
        self.project(graph, node, projected);
        self.attention_weights(graph, node, (projected, weights));

        let mut shader = graph.shader(node, "context");
        shader.writes("set_context", context);
        let times = dropout(graph, node, &mut shader, noise);
        let shares = Matrix { region: weights, place: sizes.weight("m", "k"), times, fours: false };
        let value = Matrix::new(projected, sizes.of_head([3, 2], "k", "n"), width.is_multiple_of(4));
        let store = format!("set_context({}, v);", sizes.of_head([1, 0], "m", "n"));
        let gemm = sizes.of_heads([steps, width, steps], [Along::Inner, Along::Outer]);
        product(graph, shader, gemm, [&shares, &value], &store);

        let Some(out) = graph.parameter_region(node, "out_proj.weight") else { return Ok(()) };
        let mut shader = graph.shader(node, "forward");
        let bias = if graph.parameter(&mut shader, node, "out_proj.bias") { " + out_proj_bias_at(n)" } else { "" };
        graph.output(&mut shader, node);
        let fours = embed.is_multiple_of(4);
        let gemm =
            Gemm { m: sizes.rows(), n: embed, k: embed, items: 1, a: Along::Inner, b: Along::Outer, fours: [false; 2] };
        let matrices = [
            &Matrix::new(context, format!("m * {embed}u + k"), fours),
            &Matrix::new(out, format!("k * {embed}u + n"), fours),
        ];
        product(graph, shader, gemm, matrices, &format!("store_y(m * {embed}u + n, v{bias});"));
        self.kept = Some(Kept { projected, weights, context, noise });
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let (Some(dy), Some(kept)) = (graph.gradient(node.y), self.kept) else { return Ok(()) };
        let sizes = self.sizes(node);
        let out = linear::Sizes { rows: sizes.rows(), input: sizes.embed, output: sizes.embed };
        linear::weight_gradient(graph, node, out, (kept.context, dy), ["out_proj.weight", "out_proj.bias"]);
        let dprojected = self.through_weights(graph, node, dy, kept);
        self.projection_gradients(graph, node, dprojected);
        Ok(())
    }
}

impl SelfAttention {
    /// From the gradient of the output to that of the projections.
    fn through_weights(&self, graph: &mut Graph<'_>, node: &Node, dy: Region, kept: Kept) -> Region {
        let Kept { projected, weights, noise, .. } = kept;
        let sizes = self.sizes(node);
        let Sizes { steps, embed, width, .. } = sizes;
        let fours = width.is_multiple_of(4);
        let mut buffer =
            |what: &str, words| graph.buffer(&format!("the gradient of the {what} of `{}`", node.path), words);
        let dcontext = buffer("context", sizes.rows() * embed);
        let dweights = buffer("attention weights", sizes.items() * steps * steps);
        let dprojected = buffer("projections", 3 * sizes.rows() * embed);

        if let Some(out) = graph.parameter_region(node, "out_proj.weight") {
            let mut shader = graph.shader(node, "gradient of the context");
            shader.writes("set_dcontext", dcontext);
            let gemm = Gemm {
                m: sizes.rows(),
                n: embed,
                k: embed,
                items: 1,
                a: Along::Inner,
                b: Along::Inner,
                fours: [false; 2],
            };
            let matrices = [
                &Matrix::new(dy, format!("m * {embed}u + k"), embed.is_multiple_of(4)),
                &Matrix::new(out, format!("n * {embed}u + k"), false),
            ];
            product(graph, shader, gemm, matrices, &format!("set_dcontext(m * {embed}u + n, v);"));
        }

        let mut shader = graph.shader(node, "gradient of the attention weights");
        shader.writes("set_dweight", dweights);
        let times = dropout(graph, node, &mut shader, noise);
        let by_query = Matrix::new(dcontext, sizes.of_head([1, 0], "m", "k"), fours);
        let value = Matrix::new(projected, sizes.of_head([3, 2], "n", "k"), false);
        let store = format!("let at = {};\nset_dweight(at, v{times});", sizes.weight("m", "n"));
        let gemm = sizes.of_heads([steps, steps, width], [Along::Inner; 2]);
        product(graph, shader, gemm, [&by_query, &value], &store);

        let mut shader = graph.shader(node, "gradient of the values");
        shader.writes("set_dprojected", dprojected);
        let times = dropout(graph, node, &mut shader, noise);
        let shares = Matrix { region: weights, place: sizes.weight("k", "m"), times, fours: false };
        let by_query = Matrix::new(dcontext, sizes.of_head([1, 0], "k", "n"), fours);
        let store = format!("set_dprojected({}, v);", sizes.of_head([3, 2], "m", "n"));
        let gemm = sizes.of_heads([steps, width, steps], [Along::Outer; 2]);
        product(graph, shader, gemm, [&shares, &by_query], &store);

        let mut shader = graph.shader(node, "softmax backward");
        shader.reads("weight_at", weights);
        shader.reads("dweight_at", dweights);
        shader.writes("set_dscore", dweights);
        let (size, limit) = (lanes(steps), self.limit(steps));
        let body = format!(
            "let first = row * {steps}u;\nlet end = {limit};\nvar own = 0.0;\n\
             for (var e = lane; e < end; e += {size}u) {{ own += weight_at(first + e) * dweight_at(first + e); }}\n\
             let sum = total(lane, own);\n\
             for (var e = lane; e < {steps}u; e += {size}u) {{\nlet i = first + e;\n\
             if e < end {{ set_dscore(i, weight_at(i) * (dweight_at(i) - sum) * {:?}); }} else {{ set_dscore(i, 0.0); }}\n}}",
            scale(sizes)
        );
        graph.kernels.push(shader.each_group(size, sizes.items() * steps, &body));

        // Of queries by keys, and of keys by queries.
        for (what, block, other, [m, k], along) in
            [("queries", 0, 1, ["m", "k"], Along::Inner), ("keys", 1, 0, ["k", "m"], Along::Outer)]
        {
            let mut shader = graph.shader(node, &format!("gradient of the {what}"));
            shader.writes("set_dprojected", dprojected);
            let dscores = Matrix::new(dweights, sizes.weight(m, k), false);
            let others = Matrix::new(projected, sizes.of_head([3, other], "k", "n"), fours);
            let store = format!("set_dprojected({}, v);", sizes.of_head([3, block], "m", "n"));
            let gemm = sizes.of_heads([steps, width, steps], [along, Along::Outer]);
            product(graph, shader, gemm, [&dscores, &others], &store);
        }
        dprojected
    }

    /// The gradients of the projections' parameters and of the input.
    fn projection_gradients(&self, graph: &mut Graph<'_>, node: &Node, dprojected: Region) {
        let sizes = self.sizes(node);
        let (embed, x) = (sizes.embed, graph.values[node.x.0].region);
        let has_bias = graph.parameter_region(node, "in_proj_bias").is_some();
        // The bias is a row of the matrix whose input is always 1.
        let gemm = Gemm {
            m: embed + u32::from(has_bias),
            n: 3 * embed,
            k: sizes.rows(),
            items: 1,
            a: Along::Outer,
            b: Along::Outer,
            fours: [false, embed.is_multiple_of(4)],
        };
        let parts = gemm.parts(graph.copies);
        if let Some(to) = graph.parameter_gradient(node, "in_proj_weight", parts) {
            let mut shader = graph.shader(node, "gradient of in_proj_weight");
            shader.writes("set_weight", to);
            let words = aligned(3 * embed * embed);
            let mut store = format!("set_weight(piece * {words}u + {}, v);", in_block(embed, "m", "n"));
            if has_bias && let Some(to) = graph.parameter_gradient(node, "in_proj_bias", parts) {
                shader.writes("set_bias", to);
                let words = aligned(3 * embed);
                store = format!("if m < {embed}u {{ {store} }} else {{ set_bias(piece * {words}u + n, v); }}");
            }
            shader.reads("x_at", x);
            shader.push(format!(
                "fn a_at(m: u32, k: u32) -> f32 {{ if m == {embed}u {{ return 1.0; }} return x_at(k * {embed}u + m); }}\n\
                 fn store(m: u32, n: u32, v: f32) {{ {store} }}"
            ));
            let by_step = Matrix::new(dprojected, format!("k * {}u + n", 3 * embed), gemm.fours[1]);
            by_step.text(&mut shader, "b", "k: u32, n: u32");
            graph.kernels.push(gemm.kernel(shader, graph.copies, parts));
        }

        let mut shader = graph.shader(node, "backward");
        let Some(weight) = graph.parameter_region(node, "in_proj_weight") else { return };
        if !graph.gradient_of(&mut shader, node.x) {
            return;
        }
        let gemm = Gemm {
            m: sizes.rows(),
            n: embed,
            k: 3 * embed,
            items: 1,
            a: Along::Inner,
            b: Along::Inner,
            fours: [false; 2],
        };
        let matrices = [
            &Matrix::new(dprojected, format!("m * {}u + k", 3 * embed), embed.is_multiple_of(4)),
            &Matrix::new(weight, in_block(embed, "n", "k"), false),
        ];
        product(graph, shader, gemm, matrices, &format!("store_dx(m * {embed}u + n, v);"));
    }
}
