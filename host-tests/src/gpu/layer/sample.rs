//! Layers that draw random numbers in training.
//!
//! The numbers of a step are drawn once, by the forward pass, into a buffer of the layer; the backward pass reads them
//! there again.

use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    noise::{Kind, draw},
    shader::{Region, Shader},
};

/// Numbers, or channels of them, that are left out.
#[derive(Debug)]
pub(in crate::gpu) struct Dropout {
    /// Numbers that share a fate.
    run: u32,
    uniform: Option<Region>,
}

impl Dropout {
    pub(in crate::gpu) const fn new(run: u32) -> Self {
        Self { run, uniform: None }
    }

    /// Gives the text `factor(i)`: what becomes of number `i`.
    fn factor(&self, graph: &Graph<'_>, shader: &mut Shader, node: &Node, uniform: Region) {
        shader.reads("uniform_at", uniform);
        graph.setting(shader, &node.path, "p");
        // Without the second `select` all numbers being left out would give 0/0.
        shader.push(format!(
            "fn factor(i: u32) -> f32 {{\nlet kept = select(0.0, 1.0 / (1.0 - p()), p() < 1.0);\n\
             return select(kept, 0.0, uniform_at(i / {}u) < p());\n}}",
            self.run
        ));
    }
}

impl Operation for Dropout {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let words = node.rows * node.input();
        let uniform = draw(graph, node, words / self.run, Kind::Uniform).region;
        self.uniform = Some(uniform);
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        self.factor(graph, &mut shader, node, uniform);
        graph.output(&mut shader, node);
        graph.kernels.push(shader.each(words, "store_y(i, x_at(i) * factor(i));"));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let (Some(dy), Some(uniform)) = (graph.gradient(node.y), self.uniform) else { return Ok(()) };
        let mut shader = graph.shader(node, "backward");
        shader.reads("dy_at", dy);
        self.factor(graph, &mut shader, node, uniform);
        if graph.gradient_of(&mut shader, node.x) {
            graph.kernels.push(shader.each(node.rows * node.input(), "store_dx(i, dy_at(i) * factor(i));"));
        }
        Ok(())
    }
}

/// How the standard deviation of a normal distribution follows from a parameter `p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gpu) enum Deviation {
    /// `σ = exp(p / 2)`
    LogVariance,
    /// `σ = softplus(p)`
    Softplus,
}

impl Deviation {
    /// Value and derivative.
    const fn text(self) -> [&'static str; 2] {
        match self {
            Self::LogVariance => ["exp_(0.5 * p)", "0.5 * exp_(0.5 * p)"],
            Self::Softplus => ["softplus_(p)", "sigmoid_(p)"],
        }
    }
}

/// A sample of normal distributions from `[mean, parameter]`: `z = μ + σ ε`.
#[derive(Debug)]
pub(in crate::gpu) struct Reparameterise {
    deviation: Deviation,
    normal: Option<Region>,
}

impl Reparameterise {
    pub(in crate::gpu) const fn new(deviation: Deviation) -> Self {
        Self { deviation, normal: None }
    }
}

/// The text that finds number `i` of the output in the input: `m` and `s` are the places of mean and parameter.
fn places(len: u32) -> String {
    format!("let m = i / {len}u * {}u + i % {len}u;\nlet s = m + {len}u;\n", 2 * len)
}

impl Operation for Reparameterise {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let words = node.rows * node.output();
        if node.training {
            self.normal = Some(draw(graph, node, words, Kind::Normal).region);
        }
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        let mut value = "x_at(m)".to_owned();
        if let Some(normal) = self.normal {
            shader.reads("normal_at", normal);
            value = format!("{value} + {} * normal_at(i)", self.deviation.text()[0]);
        }
        graph.output(&mut shader, node);
        let body = format!("{}let p = x_at(s);\nstore_y(i, {value});", places(node.output()));
        graph.kernels.push(shader.each(words, &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let mut shader = graph.shader(node, "backward");
        shader.reads("dy_at", dy);
        shader.reads("x_at", graph.values[node.x.0].region);
        let mut slope = "0.0".to_owned();
        if let Some(normal) = self.normal {
            shader.reads("normal_at", normal);
            slope = format!("dz * normal_at(i) * ({})", self.deviation.text()[1]);
        }
        if graph.gradient_of(&mut shader, node.x) {
            let body = format!(
                "{}let p = x_at(s);\nlet dz = dy_at(i);\nstore_dx(m, dz);\nstore_dx(s, {slope});",
                places(node.output())
            );
            graph.kernels.push(shader.each(node.rows * node.output(), &body));
        }
        Ok(())
    }
}

/// A sample of categorical distributions from logits: `softmax((x + g) / τ)` along an axis, with Gumbel noise `g`.
#[derive(Debug)]
pub(in crate::gpu) struct GumbelSoftmax {
    axis: usize,
    /// The soft sample, which the derivative needs even where the output is the hard one.
    soft: Option<Region>,
}

impl GumbelSoftmax {
    pub(in crate::gpu) const fn new(axis: usize) -> Self {
        Self { axis, soft: None }
    }

    /// Categories, and how far they are apart.
    fn line(&self, node: &Node) -> [u32; 2] {
        let dims = node.info.input.dims();
        let stride: usize = dims.iter().skip(self.axis + 1).product();
        [dims.get(self.axis).copied().unwrap_or(1) as u32, stride as u32]
    }
}

/// The text that finds the first place of line `i`.
fn line_start([count, stride]: [u32; 2]) -> String {
    format!("let first = i / {stride}u * {}u + i % {stride}u;\n", count * stride)
}

impl Operation for GumbelSoftmax {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let words = node.rows * node.input();
        let [count, stride] = self.line(node);
        let mut noise = "";
        let uniform = node.training.then(|| draw(graph, node, words, Kind::Uniform).region);
        let soft = graph.buffer(&format!("the soft sample of `{}`", node.path), words);
        self.soft = Some(soft);
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        if let Some(uniform) = uniform {
            shader.reads("uniform_at", uniform);
            noise = " - ln_(1e-20 - ln_(uniform_at(at) + 1e-20))";
        }
        shader.reads("soft_at", soft);
        shader.writes("set_soft", soft);
        graph.setting(&mut shader, &node.path, "tau");
        graph.setting(&mut shader, &node.path, "hard");
        graph.output(&mut shader, node);
        // The largest is that of the soft sample in training, and of the logits where there is no noise: the
        // rounding of the one may make equal what differs in the other.
        let largest = if node.training { "soft_at(at)" } else { "x_at(at)" };
        // NaN counts as largest, the first of several.
        let body = format!(
            "{start}var most = bitcast<f32>(0xff800000u | (i & 0u));
for (var c = 0u; c < {count}u; c++) {{
    let at = first + c * {stride}u;
    let v = (x_at(at){noise}) / tau();
    set_soft(at, v);
    if v > most {{ most = v; }}
}}
var sum = 0.0;
for (var c = 0u; c < {count}u; c++) {{
    let at = first + c * {stride}u;
    let e = exp_(soft_at(at) - most);
    set_soft(at, e);
    sum += e;
}}
var best = 0u;
var of_best = bitcast<f32>(0xff800000u | (i & 0u));
var found = false;
for (var c = 0u; c < {count}u; c++) {{
    let at = first + c * {stride}u;
    let y = soft_at(at) / sum;
    set_soft(at, y);
    let v = {largest};
    let bits = bitcast<u32>(v) & 0x7fffffffu;
    if !found && (v > of_best || bits > 0x7f800000u) {{ best = c; of_best = v; found = bits > 0x7f800000u; }}
    if hard() == 0.0 {{ store_y(at, y); }}
}}
if hard() == 0.0 {{ return; }}
for (var c = 0u; c < {count}u; c++) {{ store_y(first + c * {stride}u, select(0.0, 1.0, c == best)); }}",
            start = line_start([count, stride])
        );
        graph.kernels.push(shader.each(words / count, &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let (Some(dy), Some(soft)) = (graph.gradient(node.y), self.soft) else { return Ok(()) };
        let [count, stride] = self.line(node);
        let mut shader = graph.shader(node, "backward");
        shader.reads("dy_at", dy);
        shader.reads("soft_at", soft);
        graph.setting(&mut shader, &node.path, "tau");
        if graph.gradient_of(&mut shader, node.x) {
            let body = format!(
                "{start}var mean = 0.0;
for (var c = 0u; c < {count}u; c++) {{ let at = first + c * {stride}u; mean += soft_at(at) * dy_at(at); }}
for (var c = 0u; c < {count}u; c++) {{
    let at = first + c * {stride}u;
    store_dx(at, soft_at(at) * (dy_at(at) - mean) / tau());
}}",
                start = line_start([count, stride])
            );
            graph.kernels.push(shader.each(node.rows * node.input() / count, &body));
        }
        Ok(())
    }
}
