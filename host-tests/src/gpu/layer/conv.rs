//! Convolutions: products of matrices of which one is made of windows (im2col) that are found in the image and
//! never written down.
//!
//! | product | rows | columns | terms |
//! |---|---|---|---|
//! | output | its channels | its pixels | weights of a channel |
//! | gradient of the weight | output channels | weights of a channel, and the bias | pixels of the output |
//! | gradient of the input | its channels | its pixels | weights that an input channel meets |
//!
//! Groups are products of their own. Where one has few rows, as that of a depthwise convolution, most of a tile would
//! be empty: there each number is computed by an invocation or a workgroup of its own.

use tensorlet::{
    description::{LayerInfo, Window},
    sliding::PaddingMode,
};

use super::window::{Axis, each_of};
use crate::gpu::{
    OffloadError,
    gemm::{Along, Gemm},
    graph::{Graph, Node, Operation, unsupported},
    shader::{Kernel, Region, Shader},
    weights::aligned,
};

/// A convolution of one or two dimensions.
#[derive(Clone, Copy, Debug)]
pub(in crate::gpu) struct Conv {
    groups: u32,
    /// Input and output channels of a group.
    inputs: u32,
    outputs: u32,
    rows: Axis,
    columns: Axis,
    mode: PaddingMode,
}

/// A product with fewer rows is none.
const LEAST_ROWS: u32 = 4;
/// The most columns of a gradient of few rows that is computed number by number.
const MOST_COLUMNS: u32 = 32;

impl Conv {
    pub(in crate::gpu) fn new(window: Window, info: &LayerInfo, path: &str) -> Result<Self, OffloadError> {
        let Some(weight) = info.parameters.iter().find(|parameter| parameter.name == "weight") else {
            return Err(unsupported(info, path, "it shows no weight"));
        };
        let [outputs, inputs] = [0, 1].map(|i| weight.shape.dims().get(i).map_or(1, |&n| n as u32));
        let groups = info.input.dims().first().map_or(1, |&n| n as u32) / inputs;
        let [rows, columns] = Axis::both(window, info.input, info.output);
        Ok(Self { groups, inputs, outputs: outputs / groups, rows, columns, mode: window.options.mode })
    }

    /// Weights of a window in one channel, and of an output channel.
    const fn taps(&self) -> u32 {
        self.rows.kernel * self.columns.kernel
    }

    const fn filter(&self) -> u32 {
        self.inputs * self.taps()
    }

    /// Pixels of a channel of the input and of the output.
    const fn pixels(&self) -> [u32; 2] {
        [self.rows.input * self.columns.input, self.rows.output * self.columns.output]
    }

    /// Whether the padding holds elements of the input.
    fn repeats(&self) -> bool {
        self.mode != PaddingMode::Zeros && (self.rows.is_padded() || self.columns.is_padded())
    }

    /// Whether windows are pixels, so that the columns of im2col are those of the image.
    fn is_pointwise(&self) -> bool {
        let one = |axis: &Axis| axis.kernel == 1 && axis.stride == 1 && !axis.is_padded();
        one(&self.rows) && one(&self.columns)
    }

    /// Whether four pixels of the output from a multiple of four on lie in a row, so that their windows do.
    fn in_fours(&self) -> bool {
        let row = if self.is_pointwise() { self.pixels()[1] } else { self.columns.output };
        row.is_multiple_of(4)
    }

    /// Gives `x_of(plane, row, column)`: an element of the image, at places that count the padding.
    fn image(&self, shader: &mut Shader, x: Region) {
        let Self { rows, columns, mode, .. } = self;
        shader.reads("x_at", x);
        shader.push(rows.element("row_of", *mode));
        shader.push(columns.element("column_of", *mode));
        let (height, width) = (rows.input, columns.input);
        let padded = (rows.is_padded() || columns.is_padded()) && !self.repeats();
        let outside =
            if padded { format!("if y >= {height}u || x >= {width}u {{ return 0.0; }}\n") } else { String::new() };
        shader.push(format!(
            "fn x_of(plane: u32, row: u32, column: u32) -> f32 {{\nlet y = row_of(row);\nlet x = column_of(column);\n\
             {outside}return x_at((plane * {height}u + y) * {width}u + x);\n}}"
        ));
    }

    /// Gives `column(k, n)`: weight `k` of a filter meets this element in the window of pixel `n` of a batch. With
    /// `fours`, too, `column4(k, n)`: those of four pixels of a row.
    fn columns(&self, shader: &mut Shader, x: Region, fours: bool) {
        let Self { groups, inputs, rows, columns, .. } = *self;
        let ([_, pixels], taps, across) = (self.pixels(), self.taps(), columns.output);
        self.image(shader, x);
        let find = format!(
            "let pixel = n % {pixels}u;\nlet tap = k % {taps}u;\n\
             let plane = n / {pixels}u * {}u + item * {inputs}u + k / {taps}u;\n\
             let row = {};\nlet column = {};",
            groups * inputs,
            rows.place(&format!("pixel / {across}u"), &format!("tap / {}u", columns.kernel)),
            columns.place(&format!("pixel % {across}u"), &format!("tap % {}u", columns.kernel)),
        );
        shader.push(format!("fn column(k: u32, n: u32) -> f32 {{\n{find}\nreturn x_of(plane, row, column);\n}}"));
        if !fours {
            return;
        }
        let value = if self.is_pointwise() {
            shader.reads4("x4_at", x);
            format!("x4_at((plane * {pixels}u + pixel) / 4u)")
        } else {
            let one = |i: u32| format!("x_of(plane, row, column + {}u)", i * columns.stride);
            format!("vec4<f32>({}, {}, {}, {})", one(0), one(1), one(2), one(3))
        };
        shader.push(format!("fn column4(k: u32, n: u32) -> vec4<f32> {{\n{find}\nreturn {value};\n}}"));
    }

    /// Gives `dy_of(plane, row, column, r, q)`: the gradient of the output of which tap `(r, q)` meets this element.
    fn gradients(&self, shader: &mut Shader, dy: Region) {
        let Self { rows, columns, .. } = self;
        shader.reads("dy_at", dy);
        // Before the first window the place wraps around and lies behind the last one.
        let window = |axis: &Axis, place: &str, tap: &str, name: &str| {
            let Axis { output, stride, dilation, begin, .. } = axis;
            let between = if *stride == 1 { String::new() } else { format!("{name}_place % {stride}u != 0u || ") };
            format!(
                "let {name}_place = {place} + {begin}u - {tap} * {dilation}u;\nlet {name} = {name}_place / {stride}u;\n\
                 if {between}{name} >= {output}u {{ return 0.0; }}\n"
            )
        };
        shader.push(format!(
            "fn dy_of(plane: u32, row: u32, column: u32, r: u32, q: u32) -> f32 {{\n{}{}\
             return dy_at((plane * {}u + a) * {}u + b);\n}}",
            window(rows, "row", "r", "a"),
            window(columns, "column", "q", "b"),
            rows.output,
            columns.output
        ));
    }

    /// `dW = Σ dy · window`, `db = Σ dy`: the bias is a weight whose window is always 1.
    fn weight_gradient(&self, graph: &mut Graph<'_>, node: &Node, x: Region, dy: Region) {
        let Self { groups, outputs, .. } = *self;
        let (filter, [_, pixels]) = (self.filter(), self.pixels());
        let has_bias = graph.parameter_region(node, "bias").is_some();
        let direct = outputs < LEAST_ROWS && filter < MOST_COLUMNS;
        let fours = [pixels.is_multiple_of(4) && !direct, self.in_fours() && !direct];
        let product = Gemm {
            m: outputs,
            n: filter + u32::from(has_bias),
            k: node.rows * pixels,
            items: groups,
            a: Along::Inner,
            b: Along::Inner,
            fours,
        };
        let parts = if direct { 1 } else { product.parts(graph.copies) };
        let Some(to) = graph.parameter_gradient(node, "weight", parts) else { return };
        let mut shader = graph.shader(node, "gradient of weight");
        self.columns(&mut shader, x, fours[1]);
        shader.reads("dy_at", dy);
        shader.writes("set_weight", to);
        let all = groups * outputs;
        let weight = format!("set_weight(part_of_sum * {}u + channel * {filter}u + n, v);", aligned(all * filter));
        let (mut bias, mut column) = (String::new(), "return column(n, k);".to_owned());
        if has_bias {
            column = format!("if n == {filter}u {{ return 1.0; }} {column}");
            if let Some(to) = graph.parameter_gradient(node, "bias", parts) {
                shader.writes("set_bias", to);
                bias = format!("set_bias(part_of_sum * {}u + channel, v);", aligned(all));
            }
        }
        let at = format!("(k / {pixels}u * {all}u + item * {outputs}u + m) * {pixels}u + k % {pixels}u");
        let part = if direct { "0u" } else { "piece" };
        shader.push(format!(
            "fn a_at(m: u32, k: u32) -> f32 {{ return dy_at({at}); }}\n\
             fn b_at(k: u32, n: u32) -> f32 {{ {column} }}\n\
             fn store(m: u32, n: u32, v: f32) {{ \n\
             let part_of_sum = {part};\nlet channel = item * {outputs}u + m;\n\
             if n < {filter}u {{ {weight} }} else {{ {bias} }}\n}}"
        ));
        if direct {
            shader.push("var<private> item: u32;");
            let (size, terms) = (if product.k < 1024 { 64 } else { 256 }, product.k);
            let body = format!(
                "let n = row % {n}u;\nlet m = row / {n}u % {outputs}u;\nitem = row / {n}u / {outputs}u;\nvar sum = 0.0;\n\
                 for (var k = lane; k < {terms}u; k += {size}u) {{ sum = fma(a_at(m, k), b_at(k, n), sum); }}\n\
                 let all = total(lane, sum);\nif lane == 0u {{ store(m, n, all); }}",
                n = product.n
            );
            graph.kernels.push(shader.each_group(size, all * product.n, &body));
            return;
        }
        if fours[0] {
            shader.reads4("dy4_at", dy);
            shader.push(format!("fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return dy4_at(({at}) / 4u); }}"));
        }
        if fours[1] {
            let bias = format!("if n == {filter}u {{ return vec4<f32>(1.0); }}");
            let bias = if has_bias { &*bias } else { "" };
            shader.push(format!("fn b4_at(k: u32, n: u32) -> vec4<f32> {{ {bias} return column4(n, k); }}"));
        }
        graph.kernels.push(product.kernel(shader, graph.copies, parts));
    }

    /// `dx = Σ W · dy` over all windows that an element is in.
    fn input_gradient(&self, graph: &mut Graph<'_>, node: &Node, weight: Region, dy: Region) {
        if !self.repeats() {
            let mut shader = graph.shader(node, "backward");
            if graph.gradient_of(&mut shader, node.x) {
                self.spread(graph, node.rows, shader, (weight, dy));
            }
            return;
        }
        // First for the image with its padding, then every element adds up those that stood for it.
        let padded = Self { rows: self.rows.on_padded(), columns: self.columns.on_padded(), ..*self };
        let mut fold = graph.shader(node, "backward of the padding");
        if !graph.gradient_of(&mut fold, node.x) {
            return;
        }
        let words = node.rows * self.groups * self.inputs * padded.pixels()[0];
        let region = graph.buffer("a gradient with its padding", words);
        let mut shader = graph.shader(node, "backward");
        shader.writes("store_dx", region);
        padded.spread(graph, node.rows, shader, (weight, dy));

        fold.reads("padded_at", region);
        fold.push(self.rows.element("row_of", self.mode));
        fold.push(self.columns.element("column_of", self.mode));
        // An element's own place, then all of the padding.
        let each = |axis: &Axis, name: &str, element: &str, body: &str| {
            let Axis { input, begin, end, .. } = axis;
            format!(
                "for (var {name}_at = 0u; {name}_at <= {}u; {name}_at++) {{\n\
                 let {name} = select(select({}u + {name}_at, {name}_at - 1u, {name}_at <= {begin}u), \
                 {element} + {begin}u, {name}_at == 0u);\nif {name}_of({name}) != {element} {{ continue; }}\n{body}\n}}",
                begin + end,
                input - 1,
            )
        };
        let [height, width] = [padded.rows.input, padded.columns.input];
        let body = format!("sum += padded_at((plane * {height}u + row) * {width}u + column);");
        let body = each(&self.rows, "row", "y", &each(&self.columns, "column", "x", &body));
        let body = format!(
            "let x = i % {0}u;\nlet y = i / {0}u % {1}u;\nlet plane = i / {2}u;\nvar sum = 0.0;\n{body}\nstore_dx(i, sum);",
            self.columns.input,
            self.rows.input,
            self.pixels()[0]
        );
        graph.kernels.push(fold.each(node.rows * node.input(), &body));
    }

    /// The gradient of the input by `store_dx`, of an image without padding or with one of zeros.
    fn spread(&self, graph: &mut Graph<'_>, samples: u32, mut shader: Shader, (weight, dy): (Region, Region)) {
        let Self { groups, inputs, outputs, rows, columns, .. } = *self;
        let ([pixels, _], taps, across) = (self.pixels(), self.taps(), columns.kernel);
        let product = Gemm {
            m: inputs,
            n: samples * pixels,
            k: outputs * taps,
            items: groups,
            a: Along::Inner,
            b: Along::Outer,
            fours: [false, columns.input.is_multiple_of(4)],
        };
        self.gradients(&mut shader, dy);
        shader.reads("weight_at", weight);
        let width = columns.input;
        let find = format!(
            "let pixel = n % {pixels}u;\nlet tap = k % {taps}u;\nlet row = pixel / {width}u;\nlet column = pixel % {width}u;\n\
             let plane = n / {pixels}u * {}u + item * {outputs}u + k / {taps}u;",
            groups * outputs
        );
        let one = |i: u32| format!("dy_of(plane, row, column + {i}u, tap / {across}u, tap % {across}u)");
        shader.push(format!(
            "fn a_at(m: u32, k: u32) -> f32 {{\n\
             return weight_at(((item * {outputs}u + k / {taps}u) * {inputs}u + m) * {taps}u + k % {taps}u);\n}}\n\
             fn b_at(k: u32, n: u32) -> f32 {{\n{find}\nreturn {};\n}}\n\
             fn store(m: u32, n: u32, v: f32) {{\n\
             store_dx((n / {pixels}u * {}u + item * {inputs}u + m) * {pixels}u + n % {pixels}u, v);\n}}",
            one(0),
            groups * inputs
        ));
        if inputs < LEAST_ROWS {
            graph.kernels.push(each_number(shader, &product, rows.input * columns.input));
            return;
        }
        if product.fours[1] {
            shader.push(format!(
                "fn b4_at(k: u32, n: u32) -> vec4<f32> {{\n{find}\nreturn vec4<f32>({}, {}, {}, {});\n}}",
                one(0),
                one(1),
                one(2),
                one(3)
            ));
        }
        graph.kernels.push(product.kernel(shader, graph.copies, 1));
    }
}

/// A product of few rows, by an invocation for each number; neighbours are pixels of a channel.
fn each_number(mut shader: Shader, product: &Gemm, pixels: u32) -> Kernel {
    let Gemm { m, n, k, items, .. } = *product;
    shader.push("var<private> item: u32;");
    let body = format!(
        "let plane = i / {pixels}u;\nlet m = plane % {m}u;\nitem = plane / {m}u % {items}u;\n\
         let n = plane / {}u * {pixels}u + i % {pixels}u;\nvar sum = 0.0;\n{}store(m, n, sum);",
        m * items,
        each_of(k, "k", "sum = fma(a_at(m, k), b_at(k, n), sum);")
    );
    shader.each(m * n * items, &body)
}

impl Operation for Conv {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Self { groups, outputs, .. } = *self;
        let (filter, [_, pixels]) = (self.filter(), self.pixels());
        let direct = outputs < LEAST_ROWS;
        let product = Gemm {
            m: outputs,
            n: node.rows * pixels,
            k: filter,
            items: groups,
            a: Along::Inner,
            b: Along::Outer,
            fours: [filter.is_multiple_of(4) && !direct, self.in_fours() && !direct],
        };
        let Some(weight) = graph.parameter_region(node, "weight") else { return Ok(()) };
        let mut shader = graph.shader(node, "forward");
        self.columns(&mut shader, graph.values[node.x.0].region, product.fours[1]);
        shader.reads("weight_at", weight);
        let at = format!("(item * {outputs}u + m) * {filter}u + k");
        if product.fours[0] {
            shader.reads4("weight4_at", weight);
            shader.push(format!("fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return weight4_at(({at}) / 4u); }}"));
        }
        if product.fours[1] {
            shader.push("fn b4_at(k: u32, n: u32) -> vec4<f32> { return column4(k, n); }");
        }
        let bias = if graph.parameter(&mut shader, node, "bias") { " + bias_at(channel)" } else { "" };
        graph.output(&mut shader, node);
        shader.push(format!(
            "fn a_at(m: u32, k: u32) -> f32 {{ return weight_at({at}); }}\n\
             fn b_at(k: u32, n: u32) -> f32 {{ return column(k, n); }}\n\
             fn store(m: u32, n: u32, v: f32) {{\nlet channel = item * {outputs}u + m;\n\
             store_y((n / {pixels}u * {}u + channel) * {pixels}u + n % {pixels}u, v{bias});\n}}",
            groups * outputs
        ));
        graph.kernels.push(if direct {
            each_number(shader, &product, pixels)
        } else {
            product.kernel(shader, graph.copies, 1)
        });
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        self.weight_gradient(graph, node, graph.values[node.x.0].region, dy);
        if let Some(weight) = graph.parameter_region(node, "weight") {
            self.input_gradient(graph, node, weight, dy);
        }
        Ok(())
    }
}
