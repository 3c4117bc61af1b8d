//! Losses as kernels.

mod class;
mod divergence;
mod elementwise;
mod whole;

use tensorlet::{Tensor, loss::Loss};

use super::{
    graph::Graph,
    shader::{Region, Shader, Word},
};

/// A loss that a device can compute, of [`tensorlet::loss`]:
///
/// | | |
/// |---|---|
/// | of class labels | `CrossEntropyLoss`, `WeightedCrossEntropyLoss`, `NllLoss` |
/// | of each number | `MseLoss`, `L1Loss`, `SmoothL1Loss`, `HuberLoss`, `BceLoss`, `BceWithLogitsLoss`, `KlDivLoss`, `GaussianNllLoss` |
/// | divergences | `GaussianKl`, `UniformKl`, `CategoricalKl` |
/// | of other losses | `PerStep`, `Sum`, `BatchMean`, `VaeLoss` |
#[diagnostic::on_unimplemented(
    message = "the loss `{Self}` of outputs `{Y}` and targets `{T}` cannot be offloaded",
    note = "the documentation of `OffloadLoss` lists the losses that can"
)]
pub trait OffloadLoss<Y: Tensor, T>: Loss<Y, T> {
    /// 32-bit words of a target on the device, with what the loss adds to them, such as weights.
    const TARGET_WORDS: usize;

    /// Whether the elements are summed up and not averaged. Otherwise the divisor of the mean over a batch is the sum
    /// of [those](Loss::divisor) of its samples.
    const SUMS: bool = false;

    /// Appends a target's words.
    fn encode(&self, target: &T, words: &mut Vec<u32>);

    /// The loss as text.
    fn rule(&self) -> LossRule;
}

/// A loss as text, for a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct LossRule {
    /// Elements of a sample.
    pub(super) items: u32,
    /// `fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32`: the value of element `e` of the sample whose output
    /// begins at `y0` and whose target at `t0`; it also stores the gradient, times `scale`. It may call `y_at(i)`,
    /// `t_at(i) -> u32` and `store_dx(i, v)`. All names that it defines begin with `item`.
    pub(super) text: String,
}

impl LossRule {
    /// Text whose `item` is called `item_NAME`, as a part of another loss.
    fn named(&self, name: &str) -> String {
        self.text.replace("item", &format!("item_{name}"))
    }
}

/// Invocations of a workgroup at most, and at least.
const SIZES: [u32; 2] = [32, 256];
/// The most workgroups.
const MOST_GROUPS: u32 = 64;

/// Writes the kernel that compares the output with the targets: sums of parts of the elements, whose number it
/// returns with where they lie, and the gradient of the output.
pub(super) fn kernel(graph: &mut Graph<'_>, rule: &LossRule, (targets, target_words): (Region, u32)) -> (Region, u32) {
    let elements = graph.batch * rule.items;
    let size = elements.min(SIZES[1]).next_power_of_two().max(SIZES[0]);
    let groups = elements.div_ceil(size).clamp(1, MOST_GROUPS);
    let sums = graph.buffer("parts of the loss", groups);
    let output = graph.output;
    let words = graph.values[output.0].words / graph.batch;
    let mut shader = Shader::new("loss", graph.copies);
    debug_assert_eq!(targets.word, Word::Integer);
    shader.reads("t_at", targets);
    shader.reads("y_at", graph.values[output.0].region);
    shader.writes("set_sum", sums);
    super::update::numbers(graph, &mut shader);
    if !graph.gradient_of(&mut shader, output) {
        shader.push("fn store_dx(i: u32, v: f32) {}");
    }
    shader.push(&rule.text);
    let body = format!(
        "let scale = bitcast<f32>(number(0u));\nvar sum = 0.0;\n\
         for (var q = row * {size}u + lane; q < {elements}u; q += {stride}u) {{\n\
         let s = q / {items}u;\nsum += item(s * {words}u, s * {target_words}u, q % {items}u, scale);\n}}\n\
         let all = total(lane, sum);\nif lane == 0u {{ set_sum(row, all); }}",
        stride = groups * size,
        items = rule.items
    );
    graph.kernels.push(shader.each_group(size, groups, &body));
    (sums, groups)
}
