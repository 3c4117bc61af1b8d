//! Normalisation of channels over the batch.

use super::Sets;
use crate::gpu::{
    OffloadError,
    graph::{Graph, Node, Operation},
    shader::{Region, Shader},
};

/// Each channel by its statistics over the batch, or by running ones.
#[derive(Debug)]
pub(in crate::gpu) struct BatchNorm {
    pub(in crate::gpu) tracked: bool,
    moments: Option<Region>,
}

impl BatchNorm {
    pub(in crate::gpu) const fn new(tracked: bool) -> Self {
        Self { tracked, moments: None }
    }
}

/// Channels, and numbers of a channel of a sample.
fn sizes(node: &Node) -> [u32; 2] {
    let channels = node.info.input.dim(0) as u32;
    [channels, node.input() / channels]
}

fn sets(node: &Node) -> Sets {
    let [channels, plane] = sizes(node);
    Sets {
        count: channels,
        len: node.rows * plane,
        place: format!("(e / {plane}u * {channels}u + s) * {plane}u + e % {plane}u"),
        weight: "s".to_owned(),
        centered: true,
    }
}

/// Gives the text `channel(i)`, and `mean_of(c)` and `factor_of(c)` from running statistics.
fn running(graph: &Graph<'_>, shader: &mut Shader, node: &Node) {
    let [channels, plane] = sizes(node);
    graph.parameter(shader, node, "running_mean");
    graph.parameter(shader, node, "running_var");
    graph.setting(shader, &node.path, "eps");
    sets(node).text(graph, shader, node);
    shader.push(format!(
        "fn channel(i: u32) -> u32 {{ return i / {plane}u % {channels}u; }}\n\
         fn mean_of(c: u32) -> f32 {{ return running_mean_at(c); }}\n\
         fn factor_of(c: u32) -> f32 {{ return weight_of(c, 0u) / sqrt(running_var_at(c) + eps()); }}"
    ));
}

impl Operation for BatchNorm {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "forward");
        if self.tracked && !node.training {
            shader.reads("x_at", graph.values[node.x.0].region);
            running(graph, &mut shader, node);
            graph.output(&mut shader, node);
            let body = "let c = channel(i);\nstore_y(i, (x_at(i) - mean_of(c)) * factor_of(c) + bias_of(c, 0u));";
            graph.kernels.push(shader.each(node.rows * node.input(), body));
            return Ok(());
        }
        let sets = sets(node);
        let mut also = String::new();
        if self.tracked {
            let unbiased = f64::from(sets.len) / f64::from(sets.len.saturating_sub(1).max(1));
            for (name, value) in
                [("running_mean", "mean".to_owned()), ("running_var", format!("variance * {:?}", unbiased as f32))]
            {
                if let Some(region) = graph.running_statistic(node, name, "momentum")? {
                    shader.writes(&format!("set_{name}"), region);
                    also += &format!("set_{name}(row, {value});\n");
                }
            }
        }
        self.moments = Some(sets.forward(graph, node, shader, &also));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let mut shader = graph.shader(node, "backward");
        let Some(moments) = self.moments else {
            // Running statistics do not depend on the input, and what they belong to is not trained.
            if graph.gradient_of(&mut shader, node.x) {
                shader.reads("dy_at", dy);
                running(graph, &mut shader, node);
                let body = "store_dx(i, dy_at(i) * factor_of(channel(i)));";
                graph.kernels.push(shader.each(node.rows * node.input(), body));
            }
            return Ok(());
        };
        let sets = sets(node);
        let mut stores = String::new();
        for (name, value) in [("weight", "dot * rstd"), ("bias", "sum")] {
            if let Some(to) = graph.parameter_gradient(node, name, 1) {
                shader.writes(&format!("set_d{name}"), to);
                stores += &format!("set_d{name}(row, {value});\n");
            }
        }
        let wanted = graph.gradient_of(&mut shader, node.x);
        if !wanted && stores.is_empty() {
            return Ok(());
        }
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("dy_at", dy);
        shader.reads("moment_at", moments);
        sets.text(graph, &mut shader, node);
        let (size, len) = (super::lanes(sets.len), sets.len);
        let each = format!("for (var e = lane; e < {len}u; e += {size}u)");
        let mut body = format!(
            "let mean = moment_at(2u * row);\nlet rstd = moment_at(2u * row + 1u);\nvar own_sum = 0.0;\nvar own_dot = 0.0;\n\
             {each} {{\nlet i = place(row, e);\nown_sum += dy_at(i);\nown_dot += dy_at(i) * (x_at(i) - mean);\n}}\n\
             let sum = total(lane, own_sum);\nlet dot = total(lane, own_dot);\nif lane == 0u {{\n{stores}}}\n"
        );
        if wanted {
            body += &format!(
                "let factor = rstd * weight_of(row, 0u);\nlet middle = sum / {len}.0;\n\
                 let slope = rstd * rstd * dot / {len}.0;\n\
                 {each} {{\nlet i = place(row, e);\n\
                 store_dx(i, factor * (dy_at(i) - middle - slope * (x_at(i) - mean)));\n}}"
            );
        }
        graph.kernels.push(shader.each_group(size, sets.count, &body));
        Ok(())
    }
}
