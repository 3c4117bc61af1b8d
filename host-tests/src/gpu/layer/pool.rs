//! Pooling: the largest value or the mean of each window of a plane.
//!
//! Backward, each element of the input looks for the windows that cover it and adds what it gets from them: no two
//! invocations write the same number, so that windows may overlap and the sums have one order.
//!
//! A pooling behind a convolution has kernels of its own: two of them in a step, four of the 15 of the digits network
//! and of the 21 of LeNet. To compute it where the product stores its sums, the pixels of a window must belong to one
//! invocation: then neither can four pixels of a row be brought at once, nor can an invocation have fewer than four
//! columns, and the tiles that have as many leave most rows empty for 6 to 16 channels. On lavapipe (batch 16, each of
//! these kernels run eleven times instead of once) all four took 6 % of a step of the digits network, and of LeNet
//! less than could be told from noise: that is the most that there is to gain there.

use tensorlet::{
    description::{LayerInfo, Window},
    sliding::Divisor,
};

use super::window::{Axis, Windows, plane};
use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    shader::{Region, Shader, Word},
};

/// A pooling.
#[derive(Debug)]
pub(in crate::gpu) struct Pool {
    /// Rows and columns.
    axes: [Windows; 2],
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The largest value; where each one lies in its plane.
    Max(Option<Region>),
    Mean(Divisor),
}

impl Pool {
    /// Windows of this kind; of none the windows divide the input.
    fn new(kind: Kind, window: Option<Window>, info: &LayerInfo) -> Self {
        let axes = match window {
            Some(window) => Axis::both(window, info.input, info.output).map(Windows::Sliding),
            None => {
                let (input, output) = (plane(info.input), plane(info.output));
                [0, 1].map(|axis| Windows::Adaptive { input: input[axis], output: output[axis] })
            }
        };
        Self { axes, kind }
    }

    /// The largest values.
    pub(in crate::gpu) fn max(window: Option<Window>, info: &LayerInfo) -> Self {
        Self::new(Kind::Max(None), window, info)
    }

    /// The means.
    pub(in crate::gpu) fn mean(window: Option<Window>, info: &LayerInfo) -> Self {
        let divisor = window.map_or(Divisor::Inside, |window| window.options.divisor);
        Self::new(Kind::Mean(divisor), window, info)
    }

    /// Runs `body` for each element of the window of invocation `i`, which lies at `x` in plane `plane`.
    fn each_element(&self, body: &str) -> String {
        let [rows, columns] = &self.axes;
        let ([in_rows, out_rows], [in_columns, out_columns]) = (rows.sizes(), columns.sizes());
        let body = format!("let x = row * {in_columns}u + column;\n{body}");
        format!(
            "let window_column = i % {out_columns}u;\nlet window_row = i / {out_columns}u % {out_rows}u;\n\
             let plane = i / {}u * {}u;\n{}\n",
            out_rows * out_columns,
            in_rows * in_columns,
            rows.elements("window_row", "row", &columns.elements("window_column", "column", &body))
        )
    }

    /// Runs `body` for each window that covers the element of invocation `i`, which lies at `x` in its plane; the
    /// window lies at `y` of all.
    fn each_window(&self, body: &str) -> String {
        let [rows, columns] = &self.axes;
        let ([in_rows, out_rows], [in_columns, out_columns]) = (rows.sizes(), columns.sizes());
        let body = format!("let y = plane + window_row * {out_columns}u + window_column;\n{body}");
        format!(
            "let x = i % {in_plane}u;\nlet column = i % {in_columns}u;\nlet row = x / {in_columns}u;\n\
             let plane = i / {in_plane}u * {}u;\n{}\n",
            out_rows * out_columns,
            rows.windows("row", "window_row", &columns.windows("column", "window_column", &body)),
            in_plane = in_rows * in_columns
        )
    }

    /// Gives `scale(row, column)`: what the sum of a window is multiplied by.
    fn scale(&self, shader: &mut Shader, divisor: Divisor) {
        let [rows, columns] = &self.axes;
        let padding = divisor == Divisor::Window;
        let elements = match (divisor, rows.equal_count(padding), columns.equal_count(padding)) {
            (Divisor::Fixed(n), ..) => Some(n as f32),
            (_, Some(rows), Some(columns)) => Some((rows * columns) as f32),
            _ => None,
        };
        let scale = match elements {
            Some(elements) => format!("{:?}", 1.0 / elements),
            None => format!("1.0 / f32({} * {})", rows.count("row", padding), columns.count("column", padding)),
        };
        shader.push(format!("fn scale(row: u32, column: u32) -> f32 {{ return {scale}; }}"));
    }
}

impl Operation for Pool {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        let words = node.rows * node.output();
        let body = match &mut self.kind {
            Kind::Max(places) => {
                let mut keep = "";
                if graph.values[node.x.0].wanted {
                    let what = format!("the places of the largest values of `{}`", node.path);
                    let region = graph.buffer_of(&what, Word::Integer, words, false);
                    shader.writes("set_place", region);
                    *places = Some(region);
                    keep = "set_place(i, place);\n";
                }
                // Before there is a value any is the largest, NaN always: padding never wins.
                let body = "let v = x_at(plane + x);\n\
                            if v > most || place == 0xffffffffu || is_nan(v) { most = v; place = x; }";
                shader.push("fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }");
                let each = self.each_element(body);
                format!("var most = 0.0;\nvar place = 0xffffffffu;\n{each}{keep}store_y(i, most);")
            }
            &mut Kind::Mean(divisor) => {
                self.scale(&mut shader, divisor);
                let each = self.each_element("sum += x_at(plane + x);");
                format!("var sum = 0.0;\n{each}store_y(i, sum * scale(window_row, window_column));")
            }
        };
        graph.output(&mut shader, node);
        graph.kernels.push(shader.each(words, &body));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let mut shader = graph.shader(node, "backward");
        shader.reads("dy_at", dy);
        if !graph.gradient_of(&mut shader, node.x) {
            return Ok(());
        }
        let body = match self.kind {
            Kind::Max(places) => {
                let Some(places) = places else { return Ok(()) };
                shader.reads("place_at", places);
                "if place_at(y) == x { sum += dy_at(y); }"
            }
            Kind::Mean(divisor) => {
                self.scale(&mut shader, divisor);
                "sum += dy_at(y) * scale(window_row, window_column);"
            }
        };
        let body = format!("var sum = 0.0;\n{}store_dx(i, sum);", self.each_window(body));
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }
}
