//! Normalisation: numbers that belong together get mean 0 and variance 1, then a weight and a bias.
//!
//! A workgroup takes the numbers that belong together: a *set*. Mean and variance are found in two passes, as on the
//! host, and kept for the way back.

mod batch_norm;
mod layer_norm;

pub(super) use batch_norm::BatchNorm;
pub(super) use layer_norm::LayerNorm;

use crate::gpu::{
    graph::{Graph, Node},
    shader::{Region, Shader},
};

/// Most invocations of a workgroup.
const SIZE: u32 = 256;

/// Invocations for so many numbers.
fn lanes(numbers: u32) -> u32 {
    numbers.next_power_of_two().clamp(1, SIZE)
}

/// The numbers that belong together.
#[derive(Clone, Debug)]
struct Sets {
    /// How many sets.
    count: u32,
    /// Numbers of a set.
    len: u32,
    /// Text of `s` and `e`: where number `e` of a set lies.
    place: String,
    /// Text of `s` and `e`: which weight and bias it has.
    weight: String,
    /// Whether the mean is taken off.
    centered: bool,
}

impl Sets {
    /// Gives the text `place(s, e)`, and `weight_of(s, e)` and `bias_of(s, e)`: 1 and 0 where there are none.
    fn text(&self, graph: &Graph<'_>, shader: &mut Shader, node: &Node) {
        shader.push(format!("fn place(s: u32, e: u32) -> u32 {{ return {}; }}", self.place));
        for (name, without) in [("weight", "1.0"), ("bias", "0.0")] {
            let value = if graph.parameter(shader, node, name) {
                format!("{name}_at({})", self.weight)
            } else {
                without.to_owned()
            };
            shader.push(format!("fn {name}_of(s: u32, e: u32) -> f32 {{ return {value}; }}"));
        }
    }

    /// Writes the kernel that normalises by mean and deviation of each set, which it keeps in the region that it
    /// returns: `[mean, 1 / deviation]` of each. `also` is text that sees `row`, `lane`, `mean` and `variance`.
    fn forward(&self, graph: &mut Graph<'_>, node: &Node, mut shader: Shader, also: &str) -> Region {
        let Self { count, len, centered, .. } = *self;
        let moments = graph.buffer(&format!("the moments of `{}`", node.path), 2 * count);
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.writes("set_moment", moments);
        self.text(graph, &mut shader, node);
        graph.setting(&mut shader, &node.path, "eps");
        graph.output(&mut shader, node);
        let size = lanes(len);
        let each = format!("for (var e = lane; e < {len}u; e += {size}u)");
        // The second pass also says how far the first mean is off, as on the host.
        let found = if centered {
            format!(
                "var sum = 0.0;\n{each} {{ sum += x_at(place(row, e)); }}\nlet first = total(lane, sum) / {len}.0;\n\
                 var off = 0.0;\nvar square = 0.0;\n\
                 {each} {{ let d = x_at(place(row, e)) - first; off += d; square += d * d; }}\n\
                 let shift = total(lane, off) / {len}.0;\nlet mean = first + shift;\n\
                 let variance = at_least_(total(lane, square) / {len}.0 - shift * shift, 0.0);\n"
            )
        } else {
            format!(
                "let mean = 0.0;\nvar square = 0.0;\n{each} {{ let d = x_at(place(row, e)); square += d * d; }}\n\
                 let variance = total(lane, square) / {len}.0;\n"
            )
        };
        let body = format!(
            "{found}let rstd = 1.0 / sqrt(variance + eps());\n\
             if lane == 0u {{\nset_moment(2u * row, mean);\nset_moment(2u * row + 1u, rstd);\n{also}}}\n\
             {each} {{\nlet i = place(row, e);\n\
             store_y(i, (x_at(i) - mean) * rstd * weight_of(row, e) + bias_of(row, e));\n}}"
        );
        graph.kernels.push(shader.each_group(size, count, &body));
        moments
    }

    /// Writes the kernel of the input's gradient. With `g = dy · weight` and `d = x - mean` it is
    /// `rstd (g - Σ g / n - d rstd² Σ g d / n)`; without the middle term where the mean was not taken off.
    fn backward(&self, graph: &mut Graph<'_>, node: &Node, (dy, moments): (Region, Region)) {
        let Self { count, len, centered, .. } = *self;
        let mut shader = graph.shader(node, "backward");
        if !graph.gradient_of(&mut shader, node.x) {
            return;
        }
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("dy_at", dy);
        shader.reads("moment_at", moments);
        self.text(graph, &mut shader, node);
        let size = lanes(len);
        let each = format!("for (var e = lane; e < {len}u; e += {size}u)");
        let middle = if centered { format!("total(lane, sum) / {len}.0") } else { "0.0".to_owned() };
        let body = format!(
            "let mean = moment_at(2u * row);\nlet rstd = moment_at(2u * row + 1u);\nvar sum = 0.0;\nvar dot = 0.0;\n\
             {each} {{\nlet i = place(row, e);\nlet g = dy_at(i) * weight_of(row, e);\n\
             sum += g;\ndot += g * (x_at(i) - mean);\n}}\n\
             let middle = {middle};\nlet slope = rstd * rstd * total(lane, dot) / {len}.0;\n\
             {each} {{\nlet i = place(row, e);\n\
             store_dx(i, rstd * (dy_at(i) * weight_of(row, e) - middle - slope * (x_at(i) - mean)));\n}}"
        );
        graph.kernels.push(shader.each_group(size, count, &body));
    }
}
