//! Losses as kernels.

use tensorlet::{
    Tensor,
    loss::{BceLoss, CrossEntropyLoss, Labels, Loss, MseLoss, PerStep},
};

use super::{
    OffloadError,
    graph::Graph,
    shader::{Region, Shader, Word},
};

/// A loss that a device can compute.
///
/// Implemented for the losses of [`tensorlet::loss`] that [the module](super) lists.
#[diagnostic::on_unimplemented(
    message = "the loss `{Self}` of outputs `{Y}` and targets `{T}` cannot be offloaded",
    note = "`tensorlet_host::gpu` lists the losses that can"
)]
pub trait OffloadLoss<Y: Tensor, T>: Loss<Y, T> {
    /// 32-bit words of a target on the device.
    const TARGET_WORDS: usize;

    /// Whether the elements are summed up and not averaged.
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
    /// `t_at(i) -> u32` and `store_dx(i, v)`.
    pub(super) text: String,
}

/// The label of what is ignored, on the device.
const IGNORED: u32 = u32::MAX;

impl<Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> OffloadLoss<[Z; C], T> for CrossEntropyLoss {
    const TARGET_WORDS: usize = T::LEN;

    fn encode(&self, target: &T, words: &mut Vec<u32>) {
        use tensorlet::Index;
        words.extend(target.elements().iter().map(|label| label.position(C).map_or(IGNORED, |label| label as u32)));
    }

    fn rule(&self) -> LossRule {
        let places = Z::LEN as u32;
        let text = format!(
            "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let label = t_at(t0 + e);
    let first = y0 + e;
    if label == {IGNORED}u {{
        for (var c = 0u; c < {C}u; c++) {{ store_dx(first + c * {places}u, 0.0); }}
        return 0.0;
    }}
    var most = y_at(first);
    for (var c = 1u; c < {C}u; c++) {{ most = max(most, y_at(first + c * {places}u)); }}
    var sum = 0.0;
    for (var c = 0u; c < {C}u; c++) {{ sum += exp_(y_at(first + c * {places}u) - most); }}
    let value = ln_(sum) + (most - y_at(first + label * {places}u));
    for (var c = 0u; c < {C}u; c++) {{
        let p = exp_(y_at(first + c * {places}u) - most) / sum;
        store_dx(first + c * {places}u, scale * (p - select(0.0, 1.0, c == label)));
    }}
    return value;
}}"
        );
        LossRule { items: places, text }
    }
}

impl<Y: Tensor, T, L: OffloadLoss<Y, T>, const N: usize> OffloadLoss<[Y; N], [T; N]> for PerStep<L> {
    const TARGET_WORDS: usize = N * L::TARGET_WORDS;
    const SUMS: bool = L::SUMS;

    fn encode(&self, target: &[T; N], words: &mut Vec<u32>) {
        target.iter().for_each(|target| self.0.encode(target, words));
    }

    fn rule(&self) -> LossRule {
        let LossRule { items, text } = self.0.rule();
        let text = format!(
            "{}\nfn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let step = e / {items}u;
    return item_of_step(y0 + step * {}u, t0 + step * {}u, e % {items}u, scale);
}}",
            text.replace("fn item(", "fn item_of_step("),
            Y::LEN,
            L::TARGET_WORDS
        );
        LossRule { items: items * N as u32, text }
    }
}

/// A loss of each number of the output and one of the target, as text of `y` and `t`.
macro_rules! elementwise {
    ($($loss:ty, $value:literal, $slope:literal;)+) => {$(
        impl<Y: Tensor<Elem = f32>> OffloadLoss<Y, Y> for $loss {
            const TARGET_WORDS: usize = Y::LEN;

            fn encode(&self, target: &Y, words: &mut Vec<u32>) {
                words.extend(target.elements().iter().map(|t| t.to_bits()));
            }

            fn rule(&self) -> LossRule {
                LossRule {
                    items: Y::LEN as u32,
                    text: concat!(
                        "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {\n",
                        "let y = y_at(y0 + e);\nlet t = bitcast<f32>(t_at(t0 + e));\n",
                        "store_dx(y0 + e, scale * (", $slope, "));\nreturn ", $value, ";\n}"
                    )
                    .to_owned(),
                }
            }
        }
    )+};
}

elementwise! {
    MseLoss, "(y - t) * (y - t)", "2.0 * (y - t)";
    BceLoss, "-(t * at_least_(ln_(y), -100.0) + (1.0 - t) * at_least_(log1p_(-y), -100.0))", "(y - t) / at_least_(y * (1.0 - y), 1e-12)";
}

/// Invocations of a workgroup.
const SIZE: u32 = 256;
/// The most workgroups.
const MOST_GROUPS: u32 = 64;

/// Writes the kernel that compares the output with the targets: sums of parts of the elements, whose number it
/// returns with where they lie, and the gradient of the output.
///
/// # Errors
/// None yet; kernels are checked when they are compiled.
pub(super) fn kernel(
    graph: &mut Graph<'_>,
    rule: &LossRule,
    (targets, target_words): (Region, u32),
) -> Result<(Region, u32), OffloadError> {
    let elements = graph.batch * rule.items;
    let groups = elements.div_ceil(SIZE).clamp(1, MOST_GROUPS);
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
         for (var q = row * {SIZE}u + lane; q < {elements}u; q += {stride}u) {{\n\
         let s = q / {items}u;\nsum += item(s * {words}u, s * {target_words}u, q % {items}u, scale);\n}}\n\
         let all = total(lane, sum);\nif lane == 0u {{ set_sum(row, all); }}",
        stride = groups * SIZE,
        items = rule.items
    );
    graph.kernels.push(shader.each_group(SIZE, groups, &body));
    Ok((sums, groups))
}
