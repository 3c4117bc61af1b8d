//! The loop over time: a kernel for each layer and way, a workgroup for each sample and direction.
//!
//! In each time step the invocations first share the product of the hidden state with `weight_hh`, a column for each,
//! then the gates, a hidden number for each. Where there is an invocation for every column and columns are
//! [short](IN_REGISTERS), each keeps its own in registers over all time steps (Diamos et al., 2016: persistent RNNs);
//! otherwise it is read again in every step, by neighbours side by side.

use std::fmt::Write as _;

use tensorlet::description::Cell;

use super::{Memory, Recurrent, Sizes};
use crate::gpu::{
    graph::{Graph, Node},
    shader::{Region, Shader, folded},
};

/// The most invocations of a workgroup.
const MOST: u32 = 256;
/// The longest column that is kept in registers.
const IN_REGISTERS: u32 = 64;

/// Words of workgroup memory that the backward pass needs, which needs more than forward.
pub(super) const fn workgroup_words(sizes: &Sizes) -> u32 {
    2 * sizes.gates() + 2 * sizes.hidden
}

/// Invocations of a workgroup.
fn lanes(sizes: &Sizes) -> u32 {
    sizes.gates().next_multiple_of(32).min(MOST)
}

fn in_registers(sizes: &Sizes) -> bool {
    sizes.hidden <= IN_REGISTERS && sizes.gates() <= MOST
}

/// A loop over hidden numbers or gates, shared among the invocations.
fn each(variable: &str, count: u32, lanes: u32, body: &str) -> String {
    format!("for (var {variable} = lane; {variable} < {count}u; {variable} += {lanes}u) {{\n{body}\n}}\n")
}

/// Numbers of a vector that are read from workgroup memory at once.
const fn width(sizes: &Sizes) -> u32 {
    if sizes.hidden.is_multiple_of(4) { 4 } else { 1 }
}

/// Declares a vector in workgroup memory that [`columns`] reads.
fn vector(shader: &mut Shader, name: &str, words: u32, sizes: &Sizes) {
    shader.push(match width(sizes) {
        4 => format!("var<workgroup> {name}: array<vec4<f32>, {}>;", words / 4),
        _ => format!("var<workgroup> {name}: array<f32, {words}>;"),
    });
}

/// A number of such a vector.
fn element(name: &str, index: &str, sizes: &Sizes) -> String {
    match width(sizes) {
        4 => format!("{name}[({index}) / 4u][({index}) % 4u]"),
        _ => format!("{name}[{index}]"),
    }
}

/// The products of all columns `j` with H numbers of a vector: those of `name` from `first` on. `weight(k)` is text of
/// the number `k` of a term, `begin` is added to the sum `v`, `store` takes it. Returns what comes before the loop over
/// time and what stands in it.
fn columns(
    sizes: &Sizes,
    (name, first): (&str, &str),
    weight: impl Fn(&str) -> String,
    begin: &str,
    store: &str,
) -> [String; 2] {
    let (hidden, gates, lanes, width) = (sizes.hidden, sizes.gates(), lanes(sizes), width(sizes));
    let (zero, sum) = if width == 4 { ("vec4<f32>()", "(s.x + s.y) + (s.z + s.w)") } else { ("0.0", "s") };
    let weights = |q: &str| {
        let terms: Vec<String> = (0..width).map(|e| weight(&format!("({q} * {width}u + {e}u)"))).collect();
        if width == 4 { format!("vec4<f32>({})", terms.join(", ")) } else { terms.concat() }
    };
    let numbers = |q: &str| format!("{name}[({first}) / {width}u + {q}]");
    if !in_registers(sizes) {
        let body = format!(
            "var s = {zero};\nfor (var n = 0u; n < {}u; n++) {{ s = fma({}, {}, s); }}\nlet v = {begin} + ({sum});\n{store}",
            hidden / width,
            numbers("n"),
            weights("n")
        );
        return [String::new(), each("j", gates, lanes, &body)];
    }
    // Invocations without a column do as the last one does, and store nothing.
    let mut before = format!("let j = min(lane, {}u);\nlet begin = {begin};\n", gates - 1);
    let mut step = format!("var s = {zero};\n");
    for q in 0..hidden / width {
        let _ = writeln!(before, "let w{q} = {};", weights(&format!("{q}u")));
        let _ = writeln!(step, "s = fma({}, w{q}, s);", numbers(&format!("{q}u")));
    }
    [before, format!("{{\n{step}let v = begin + ({sum});\nif lane < {gates}u {{ {store} }}\n}}\n")]
}

/// Gives the text `time(i)`, the step that comes `i`-th in the direction `part`, and `gate(at, u)`, `number(at, u)`: where
/// the first gate and the state of hidden number `u` of the row `at` lie.
fn places(shader: &mut Shader, sizes: &Sizes) {
    let Sizes { steps, hidden, directions, .. } = *sizes;
    shader.push(format!(
        "fn time(i: u32) -> u32 {{ return select(i, {}u - i, part == 1u); }}\n\
         fn gate(at: u32, u: u32) -> u32 {{ return (at * {directions}u + part) * {}u + u; }}\n\
         fn number(at: u32, u: u32) -> u32 {{ return (at * {directions}u + part) * {hidden}u + u; }}",
        steps - 1,
        sizes.gates()
    ));
}

/// What of a loop over time differs between kernels.
struct Loop<'a> {
    /// Before it.
    before: &'a str,
    /// One step, of which `i` is the number and `at` the row.
    step: &'a str,
    /// The number `i` of the step that comes `q`-th.
    order: &'a str,
}

/// Ends a kernel with a loop over time.
fn run(graph: &mut Graph<'_>, node: &Node, shader: Shader, sizes: &Sizes, Loop { before, step, order }: &Loop<'_>) {
    let (rows, steps) = (node.rows, sizes.steps);
    let [x, y] = folded(rows);
    let guard = if y > 1 { format!("if row >= {rows}u {{ return; }}\n") } else { String::new() };
    let body = format!(
        "let row = group.y * 65535u + group.x;\n{guard}{before}workgroupBarrier();\n\
         for (var q = 0u; q < {steps}u; q++) {{\nlet i = {order};\nlet at = row * {steps}u + time(i);\n{step}}}"
    );
    graph.kernels.push(shader.grid(lanes(sizes), [x, y], &body));
}

/// From the sums of the input's side to the gates and the hidden states of all time steps.
pub(super) fn forward(layer: &Recurrent, graph: &mut Graph<'_>, node: &Node, number: usize, memory: &Memory) {
    let sizes = &layer.sizes;
    let (hidden, gates, lanes) = (sizes.hidden, sizes.gates(), lanes(sizes));
    let mut shader = graph.shader(node, "steps").parts(sizes.directions);
    places(&mut shader, sizes);
    layer.parameter(graph, &mut shader, node, "weight_hh", number);
    layer.parameter(graph, &mut shader, node, "bias_hh", number);
    shader.reads("gate_at", memory.gates);
    shader.writes("set_gate", memory.gates);
    if number + 1 == sizes.layers {
        graph.output(&mut shader, node);
    } else {
        shader.writes("store_y", memory.y);
    }
    vector(&mut shader, "state", hidden, sizes);
    let state = element("state", "u", sizes);
    shader.push(format!("var<workgroup> side: array<f32, {gates}>;"));
    let [columns_before, columns] = columns(
        sizes,
        ("state", "0u"),
        |k| format!("weight_hh(part, {k} * {gates}u + j)"),
        "bias_hh(part, j)",
        "side[j] = v;",
    );
    let sum = |gate: u32| format!("gate_at(g + {0}u) + side[u + {0}u]", gate * hidden);
    let set = |gate: u32, value: &str| format!("set_gate(g + {}u, {value});", gate * hidden);
    let mut zeros = format!("{state} = 0.0;");
    let cell = match sizes.cell {
        Cell::Tanh => format!("let h = tanh_({});\nset_gate(g, h);", sum(0)),
        // NaN stays NaN.
        Cell::Relu => format!("let a = {};\nlet h = select(a, 0.0, a <= 0.0);\nset_gate(g, h);", sum(0)),
        Cell::Gru => {
            shader.writes("set_kept", memory.kept);
            format!(
                "let r = sigmoid_({});\nlet z = sigmoid_({});\nlet b = side[u + {new}u];\n\
                 let n = tanh_(gate_at(g + {new}u) + r * b);\nlet h = n + z * ({state} - n);\n\
                 {}{}{}set_kept(number(at, u), b);",
                sum(0),
                sum(1),
                set(0, "r"),
                set(1, "z"),
                set(2, "n"),
                new = 2 * hidden
            )
        }
        Cell::Lstm => {
            shader.writes("set_kept", memory.kept);
            shader.push(format!("var<workgroup> cells: array<f32, {hidden}>;"));
            zeros.push_str(" cells[u] = 0.0;");
            format!(
                "let a = sigmoid_({});\nlet f = sigmoid_({});\nlet b = tanh_({});\nlet o = sigmoid_({});\n\
                 let c = f * cells[u] + a * b;\nlet h = o * tanh_(c);\ncells[u] = c;\n\
                 {}{}{}{}set_kept(number(at, u), c);",
                sum(0),
                sum(1),
                sum(2),
                sum(3),
                set(0, "a"),
                set(1, "f"),
                set(2, "b"),
                set(3, "o")
            )
        }
    };
    let update = format!("let g = gate(at, u);\n{cell}\n{state} = h;\nstore_y(number(at, u), h);");
    let before = each("u", hidden, lanes, &zeros) + &columns_before;
    let step = format!("{columns}workgroupBarrier();\n{}workgroupBarrier();\n", each("u", hidden, lanes, &update));
    run(graph, node, shader, sizes, &Loop { before: &before, step: &step, order: "q" });
}

/// A copy of `weight_hh`, `[directions][gates][H]`, so that neighbours read neighbours in the backward pass.
fn transposed(layer: &Recurrent, graph: &mut Graph<'_>, node: &Node, number: usize) -> Region {
    let (hidden, gates) = (layer.sizes.hidden, layer.sizes.gates());
    let words = layer.sizes.directions * gates * hidden;
    let to = graph.buffer("a weight transposed", words);
    let mut shader = graph.shader(node, "transpose");
    layer.parameter(graph, &mut shader, node, "weight_hh", number);
    shader.writes("set_word", to);
    let body = format!(
        "let d = i / {}u;\nlet g = i / {hidden}u % {gates}u;\nset_word(i, weight_hh(d, i % {hidden}u * {gates}u + g));",
        gates * hidden
    );
    graph.kernels.push(shader.each(words, &body));
    to
}

/// From the gradient of the hidden states to the derivatives of the gates' sums, in place of the gates.
pub(super) fn backward(
    layer: &Recurrent,
    graph: &mut Graph<'_>,
    node: &Node,
    (number, dy): (usize, Region),
    memory: &Memory,
) {
    let sizes = &layer.sizes;
    let (hidden, gates, lanes) = (sizes.hidden, sizes.gates(), lanes(sizes));
    let weights = (!in_registers(sizes)).then(|| transposed(layer, graph, node, number));
    let mut shader = graph.shader(node, "steps back").parts(sizes.directions);
    places(&mut shader, sizes);
    shader.reads("dy_at", dy);
    shader.reads("gate_at", memory.gates);
    shader.writes("set_gate", memory.gates);
    // A column here is a row of `weight_hh`, the part of it that belongs to a gate: `j` is the gate times H plus
    // the number of the row. The parts of all gates are added up in the next step.
    vector(&mut shader, "side", gates, sizes);
    shader.push(format!("var<workgroup> along: array<f32, {hidden}>;\nvar<workgroup> sums: array<f32, {gates}>;"));
    let first = format!("j / {hidden}u * {hidden}u");
    let weight = |k: &str| match weights {
        Some(_) => format!("weight_at((part * {gates}u + {first} + {k}) * {hidden}u + j % {hidden}u)"),
        None => format!("weight_hh(part, j % {hidden}u * {gates}u + {first} + {k})"),
    };
    match weights {
        Some(region) => shader.reads("weight_at", region),
        None => layer.parameter(graph, &mut shader, node, "weight_hh", number),
    }
    let [columns_before, columns] = columns(sizes, ("side", &first), weight, "0.0", "sums[j] = v;");

    let gate = |gate: u32| format!("gate_at(g + {}u)", gate * hidden);
    let side = |gate: u32| element("side", &format!("u + {}u", gate * hidden), sizes);
    let set =
        |gate: u32, value: &str| format!("set_gate(g + {}u, {value});\n{} = {value};\n", gate * hidden, side(gate));
    let mut zeros = "along[u] = 0.0;".to_owned();
    // The row of the step before.
    let before = format!("row * {}u + time(max(i, 1u) - 1u)", sizes.steps);
    let cell = match sizes.cell {
        Cell::Tanh => format!("let h = {};\nlet d = dh * (1.0 - h * h);\n{}", gate(0), set(0, "d")),
        Cell::Relu => format!("let d = select(dh, 0.0, {} <= 0.0);\n{}", gate(0), set(0, "d")),
        Cell::Gru => {
            shader.reads("kept_at", memory.kept);
            shader.writes("set_kept", memory.kept);
            shader.reads("y_at", memory.y);
            format!(
                "let r = {};\nlet z = {};\nlet n = {};\nlet place = number(at, u);\n\
                 var h = 0.0;\nif i > 0u {{ h = y_at(number({before}, u)); }}\n\
                 let dn = dh * (1.0 - z) * (1.0 - n * n);\nlet dz = dh * (h - n) * (z * (1.0 - z));\n\
                 let dr = dn * kept_at(place) * (r * (1.0 - r));\nlet ds = dn * r;\nalong[u] = dh * z;\n\
                 {}{}{}set_kept(place, ds);\n{} = ds;",
                gate(0),
                gate(1),
                gate(2),
                set(0, "dr"),
                set(1, "dz"),
                set(2, "dn"),
                side(2)
            )
        }
        Cell::Lstm => {
            shader.reads("kept_at", memory.kept);
            shader.push(format!("var<workgroup> cells: array<f32, {hidden}>;"));
            zeros.push_str(" cells[u] = 0.0;");
            format!(
                "let a = {};\nlet f = {};\nlet b = {};\nlet o = {};\nlet t = tanh_(kept_at(number(at, u)));\n\
                 var c = 0.0;\nif i > 0u {{ c = kept_at(number({before}, u)); }}\n\
                 let d = cells[u] + dh * (o * (1.0 - t * t));\ncells[u] = d * f;\n\
                 let da = d * b * (a * (1.0 - a));\nlet df = d * c * (f * (1.0 - f));\n\
                 let db = d * a * (1.0 - b * b);\nlet dout = dh * t * (o * (1.0 - o));\n{}{}{}{}",
                gate(0),
                gate(1),
                gate(2),
                gate(3),
                set(0, "da"),
                set(1, "df"),
                set(2, "db"),
                set(3, "dout")
            )
        }
    };
    let mut dh = "dy_at(number(at, u)) + along[u]".to_owned();
    for gate in 0..sizes.gate_count() {
        let _ = write!(dh, " + sums[u + {}u]", gate * hidden);
    }
    let derivative = format!("let g = gate(at, u);\nlet dh = {dh};\n{cell}");
    let before = each("u", hidden, lanes, &zeros) + &each("v", gates, lanes, "sums[v] = 0.0;") + &columns_before;
    let step = format!("{}workgroupBarrier();\n{columns}workgroupBarrier();\n", each("u", hidden, lanes, &derivative));
    let order = format!("{}u - q", sizes.steps - 1);
    run(graph, node, shader, sizes, &Loop { before: &before, step: &step, order: &order });
}
