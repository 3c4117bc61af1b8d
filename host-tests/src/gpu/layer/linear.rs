//! The fully connected layer: `y = x Wᵀ + b`, with the weight stored `[in][out]`.

use crate::gpu::{
    OffloadError,
    gemm::{Along, Gemm},
    graph::{Graph, Node, Operation, ValueId},
    shader::Region,
    weights::aligned,
};

/// Rows of `input` numbers times a matrix `[input][output]`.
#[derive(Debug)]
pub(in crate::gpu) struct Linear;

/// The sizes of a product of rows with a matrix.
#[derive(Clone, Copy, Debug)]
pub(in crate::gpu) struct Sizes {
    pub(in crate::gpu) rows: u32,
    pub(in crate::gpu) input: u32,
    pub(in crate::gpu) output: u32,
}

impl Operation for Linear {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Sizes { rows, input, output } = sizes(node);
        let product = Gemm {
            m: rows,
            n: output,
            k: input,
            items: 1,
            a: Along::Inner,
            b: Along::Outer,
            fours: [input.is_multiple_of(4), output.is_multiple_of(4)],
        };
        let mut shader = graph.shader(node, "forward");
        let Some(weight) = graph.parameter_region(node, "weight") else { return Ok(()) };
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("weight_at", weight);
        if product.fours[0] {
            shader.reads4("x4_at", graph.values[node.x.0].region);
            shader.push(format!("fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return x4_at((m * {input}u + k) / 4u); }}"));
        }
        if product.fours[1] {
            shader.reads4("weight4_at", weight);
            shader.push(format!(
                "fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return weight4_at((k * {output}u + n) / 4u); }}"
            ));
        }
        let bias = if graph.parameter(&mut shader, node, "bias") { " + bias_at(n)" } else { "" };
        graph.output(&mut shader, node);
        shader.push(format!(
            "fn a_at(m: u32, k: u32) -> f32 {{ return x_at(m * {input}u + k); }}\n\
             fn b_at(k: u32, n: u32) -> f32 {{ return weight_at(k * {output}u + n); }}\n\
             fn store(m: u32, n: u32, v: f32) {{ store_y(m * {output}u + n, v{bias}); }}"
        ));
        graph.kernels.push(product.kernel(shader, graph.copies, 1));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let sizes = sizes(node);
        let x = graph.values[node.x.0].region;
        weight_gradient(graph, node, sizes, (x, dy), ["weight", "bias"]);
        if let Some(weight) = graph.parameter_region(node, "weight") {
            input_gradient(graph, node, sizes, (dy, weight), node.x);
        }
        Ok(())
    }
}

fn sizes(node: &Node) -> Sizes {
    Sizes { rows: node.rows, input: node.input(), output: node.output() }
}

/// `dW = xᵀ dy` and `db = Σ dy`: the bias is a row of the matrix whose input is always 1.
pub(in crate::gpu) fn weight_gradient(
    graph: &mut Graph<'_>,
    node: &Node,
    Sizes { rows, input, output }: Sizes,
    (x, dy): (Region, Region),
    [weight, bias]: [&str; 2],
) {
    let has_bias = graph.parameter_region(node, bias).is_some();
    let product = Gemm {
        m: input + u32::from(has_bias),
        n: output,
        k: rows,
        items: 1,
        a: Along::Outer,
        b: Along::Outer,
        fours: [input.is_multiple_of(4), output.is_multiple_of(4)],
    };
    let parts = product.parts(graph.copies);
    let Some(to) = graph.parameter_gradient(node, weight, parts) else { return };
    let mut shader = graph.shader(node, &format!("gradient of {weight}"));
    shader.reads("x_at", x);
    shader.reads("dy_at", dy);
    shader.writes("set_weight", to);
    if product.fours[1] {
        shader.reads4("dy4_at", dy);
        shader.push(format!("fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return dy4_at((k * {output}u + n) / 4u); }}"));
    }
    let mut store = format!("set_weight(piece * {}u + m * {output}u + n, v);", aligned(input * output));
    if has_bias && let Some(to) = graph.parameter_gradient(node, bias, parts) {
        shader.writes("set_bias", to);
        store = format!("if m < {input}u {{ {store} }} else {{ set_bias(piece * {}u + n, v); }}", aligned(output));
    }
    if product.fours[0] {
        shader.reads4("x4_at", x);
        // Behind the bias's row there are three that nobody stores.
        let bias = format!("if m == {input}u {{ return vec4<f32>(1.0, 0.0, 0.0, 0.0); }}");
        shader.push(format!(
            "fn a4_at(m: u32, k: u32) -> vec4<f32> {{ {} return x4_at((k * {input}u + m) / 4u); }}",
            if has_bias { &*bias } else { "" }
        ));
    }
    let a = format!("x_at(k * {input}u + m)");
    let a = if has_bias { format!("if m == {input}u {{ return 1.0; }} return {a};") } else { format!("return {a};") };
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{ {a} }}\n\
         fn b_at(k: u32, n: u32) -> f32 {{ return dy_at(k * {output}u + n); }}\n\
         fn store(m: u32, n: u32, v: f32) {{ {store} }}"
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, parts));
}

/// `dx = dy W`.
pub(in crate::gpu) fn input_gradient(
    graph: &mut Graph<'_>,
    node: &Node,
    Sizes { rows, input, output }: Sizes,
    (dy, weight): (Region, Region),
    x: ValueId,
) {
    let product = Gemm {
        m: rows,
        n: input,
        k: output,
        items: 1,
        a: Along::Inner,
        b: Along::Inner,
        fours: [output.is_multiple_of(4); 2],
    };
    let mut shader = graph.shader(node, "backward");
    shader.reads("dy_at", dy);
    shader.reads("weight_at", weight);
    if !graph.gradient_of(&mut shader, x) {
        return;
    }
    if product.fours[0] {
        shader.reads4("dy4_at", dy);
        shader.reads4("weight4_at", weight);
        shader.push(format!(
            "fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return dy4_at((m * {output}u + k) / 4u); }}\n\
             fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return weight4_at((n * {output}u + k) / 4u); }}"
        ));
    }
    shader.push(format!(
        "fn a_at(m: u32, k: u32) -> f32 {{ return dy_at(m * {output}u + k); }}\n\
         fn b_at(k: u32, n: u32) -> f32 {{ return weight_at(n * {output}u + k); }}\n\
         fn store(m: u32, n: u32, v: f32) {{ store_dx(m * {input}u + n, v); }}"
    ));
    graph.kernels.push(product.kernel(shader, graph.copies, 1));
}
