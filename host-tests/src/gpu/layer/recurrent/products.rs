//! The matrix products of recurrent layers, over all time steps at once.

use tensorlet::description::Cell;

use super::{Memory, Recurrent};
use crate::gpu::{
    gemm::{Along, Gemm},
    graph::{Graph, Node},
    shader::{Region, Shader},
    weights::aligned,
};

/// The input's part of all gates' sums: `x W_ihᵀ + b_ih`, for both directions.
pub(super) fn input_sums(
    layer: &Recurrent,
    graph: &mut Graph<'_>,
    node: &Node,
    (number, x, gates): (usize, Region, Region),
) {
    let sizes = layer.sizes;
    let (width, own, all) = (sizes.width(number), sizes.gates(), sizes.all_gates());
    let product = Gemm {
        m: node.rows * sizes.steps,
        n: all,
        k: width,
        items: 1,
        a: Along::Inner,
        b: Along::Outer,
        fours: [width.is_multiple_of(4), own.is_multiple_of(4)],
    };
    let mut shader = graph.shader(node, "input");
    shader.reads("x_at", x);
    layer.parameter(graph, &mut shader, node, "weight_ih", number);
    layer.parameter(graph, &mut shader, node, "bias_ih", number);
    shader.writes("set_gate", gates);
    if product.fours[0] {
        shader.reads4("x4_at", x);
        shader.push(format!("fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return x4_at((m * {width}u + k) / 4u); }}"));
    }
    if product.fours[1] {
        layer.parameter4(graph, &mut shader, node, "weight_ih", number);
        shader.push(format!(
            "fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return weight_ih4(n / {own}u, (k * {own}u + n % {own}u) / 4u); }}"
        ));
    }
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{ return x_at(m * {width}u + k); }}\n\
         fn b_at(k: u32, n: u32) -> f32 {{ return weight_ih(n / {own}u, k * {own}u + n % {own}u); }}\n\
         fn store(m: u32, n: u32, v: f32) {{ set_gate(m * {all}u + n, v + bias_ih(n / {own}u, n % {own}u)); }}"
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, 1));
}

/// Gives the text `store(m, n, v)` of a weight's gradient `[inputs][gates]`, and of its bias as row number `inputs`,
/// for the direction that `direction` and the column that `column` are in that text. Returns whether anything of it
/// is wanted.
fn store_gradient(
    layer: &Recurrent,
    graph: &mut Graph<'_>,
    shader: &mut Shader,
    node: &Node,
    ([weight, bias], number): ([&str; 2], usize),
    (inputs, parts): (u32, u32),
    [direction, column]: [&str; 2],
) -> bool {
    let own = layer.sizes.gates();
    let mut body = String::new();
    for d in 0..layer.sizes.directions {
        let names = [weight, bias].map(|name| layer.name(name, number, d));
        let Some(to) = graph.parameter_gradient(node, &names[0], parts) else { return false };
        shader.writes(&format!("set_weight_{d}"), to);
        let mut store = format!("set_weight_{d}(piece * {}u + m * {own}u + column, v); return;", aligned(inputs * own));
        if let Some(to) = graph.parameter_gradient(node, &names[1], parts) {
            shader.writes(&format!("set_bias_{d}"), to);
            store =
                format!("if m < {inputs}u {{ {store} }} set_bias_{d}(piece * {}u + column, v); return;", aligned(own));
        }
        body = format!("{body}if {direction} == {d}u {{ {store} }}\n");
    }
    shader.push(format!("fn store(m: u32, n: u32, v: f32) {{ let column = {column};\n{body}}}"));
    true
}

/// Whether the layer has biases.
fn biased(layer: &Recurrent, graph: &Graph<'_>, node: &Node, number: usize) -> bool {
    graph.parameter_region(node, &layer.name("bias_ih", number, 0)).is_some()
}

/// The gradients of `weight_ih` and `bias_ih`: the input's rows times the derivatives of the gates' sums. The bias
/// is a row of the matrix whose input is always 1.
pub(super) fn input_weight_gradients(
    layer: &Recurrent,
    graph: &mut Graph<'_>,
    node: &Node,
    (number, x): (usize, Region),
    memory: &Memory,
) {
    let sizes = layer.sizes;
    let (width, own, all) = (sizes.width(number), sizes.gates(), sizes.all_gates());
    let product = Gemm {
        m: width + u32::from(biased(layer, graph, node, number)),
        n: all,
        k: node.rows * sizes.steps,
        items: 1,
        a: Along::Outer,
        b: Along::Outer,
        fours: [width.is_multiple_of(4), all.is_multiple_of(4)],
    };
    let parts = product.parts(graph.copies);
    let mut shader = graph.shader(node, "gradient of weight_ih");
    let places = [format!("n / {own}u"), format!("n % {own}u")];
    let names = (["weight_ih", "bias_ih"], number);
    let [direction, column] = [&*places[0], &*places[1]];
    if !store_gradient(layer, graph, &mut shader, node, names, (width, parts), [direction, column]) {
        return;
    }
    shader.reads("x_at", x);
    shader.reads("gate_at", memory.gates);
    if product.fours[1] {
        shader.reads4("gate4_at", memory.gates);
        shader.push(format!("fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return gate4_at((k * {all}u + n) / 4u); }}"));
    }
    if product.fours[0] {
        shader.reads4("x4_at", x);
        // Behind the bias's row there are three that nobody stores.
        shader.push(format!(
            "fn a4_at(m: u32, k: u32) -> vec4<f32> {{
    if m == {width}u {{ return vec4<f32>(1.0, 0.0, 0.0, 0.0); }}
    return x4_at((k * {width}u + m) / 4u);
}}"
        ));
    }
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{ if m == {width}u {{ return 1.0; }} return x_at(k * {width}u + m); }}\n\
         fn b_at(k: u32, n: u32) -> f32 {{ return gate_at(k * {all}u + n); }}"
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, parts));
}

/// The gradients of `weight_hh` and `bias_hh`: the hidden states of the time steps before, zeros at the first, times
/// the derivatives of the hidden side's sums. A pair of matrices for each direction.
pub(super) fn hidden_gradients(layer: &Recurrent, graph: &mut Graph<'_>, node: &Node, number: usize, memory: &Memory) {
    let sizes = layer.sizes;
    let (steps, hidden, row) = (sizes.steps, sizes.hidden, sizes.row());
    let (own, all) = (sizes.gates(), sizes.all_gates());
    let product = Gemm {
        m: hidden + u32::from(biased(layer, graph, node, number)),
        n: own,
        k: node.rows * steps,
        items: sizes.directions,
        a: Along::Outer,
        b: Along::Outer,
        fours: [false, false],
    };
    let parts = product.parts(graph.copies);
    let mut shader = graph.shader(node, "gradient of weight_hh");
    let names = (["weight_hh", "bias_hh"], number);
    if !store_gradient(layer, graph, &mut shader, node, names, (hidden, parts), ["item", "n"]) {
        return;
    }
    shader.reads("y_at", memory.y);
    shader.reads("gate_at", memory.gates);
    // The hidden side's part of a GRU's new gate has a derivative of its own.
    let mut derivative = format!("return gate_at(k * {all}u + item * {own}u + n);");
    if sizes.cell == Cell::Gru {
        shader.reads("kept_at", memory.kept);
        let new = 2 * hidden;
        derivative =
            format!("if n >= {new}u {{ return kept_at(k * {row}u + item * {hidden}u + n - {new}u); }} {derivative}");
    }
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{
    if m == {hidden}u {{ return 1.0; }}
    let t = k % {steps}u;
    if item == 1u {{
        if t == {last}u {{ return 0.0; }}
        return y_at((k + 1u) * {row}u + {hidden}u + m);
    }}
    if t == 0u {{ return 0.0; }}
    return y_at((k - 1u) * {row}u + m);
}}
fn b_at(k: u32, n: u32) -> f32 {{ {derivative} }}",
        last = steps - 1
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, parts));
}

/// The gradient of a layer's input, `dx = Σ dgates W_ih` over the directions. The shader has `store_dx(i, v)`.
pub(super) fn input_gradient(
    layer: &Recurrent,
    graph: &mut Graph<'_>,
    node: &Node,
    number: usize,
    memory: &Memory,
    mut shader: Shader,
) {
    let sizes = layer.sizes;
    let (width, own, all) = (sizes.width(number), sizes.gates(), sizes.all_gates());
    let product = Gemm {
        m: node.rows * sizes.steps,
        n: width,
        k: all,
        items: 1,
        a: Along::Inner,
        b: Along::Inner,
        fours: [own.is_multiple_of(4); 2],
    };
    shader.reads("gate_at", memory.gates);
    layer.parameter(graph, &mut shader, node, "weight_ih", number);
    if product.fours[0] {
        shader.reads4("gate4_at", memory.gates);
        layer.parameter4(graph, &mut shader, node, "weight_ih", number);
        shader.push(format!(
            "fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return gate4_at((m * {all}u + k) / 4u); }}
fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return weight_ih4(k / {own}u, (n * {own}u + k % {own}u) / 4u); }}"
        ));
    }
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{ return gate_at(m * {all}u + k); }}\n\
         fn b_at(k: u32, n: u32) -> f32 {{ return weight_ih(k / {own}u, n * {own}u + k % {own}u); }}\n\
         fn store(m: u32, n: u32, v: f32) {{ store_dx(m * {width}u + n, v); }}"
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, 1));
}
