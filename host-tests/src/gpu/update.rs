//! The end of a step: the norm of all gradients, and one kernel that updates all parameters of all networks.
//!
//! What changes from step to step lies in one buffer, `numbers`: for each step of a submission and each network
//! the factor of the loss, the bound of the gradient, the states of the generators, and what the optimiser does to
//! parameters. The optimiser itself stays on the host: it is asked before the submission.

use std::fmt::Write as _;

use tensorlet::optim::Rule;

use super::{
    OffloadError,
    graph::Graph,
    shader::{Region, Shader, Word},
    weights::{Weights, aligned},
};

/// How gradients are held in bounds before the update, over all parameters of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// Not at all.
    #[default]
    None,
    /// [`clip_grad_norm`](tensorlet::optim::clip_grad_norm): `g ← g · min(1, max_norm / (‖g‖ + 1e-6))`.
    Norm(f32),
    /// [`grad_clipping`](tensorlet::optim::grad_clipping): `g ← g · theta / ‖g‖` where `‖g‖ > theta`.
    Theta(f32),
    /// [`clip_grad_value`](tensorlet::optim::clip_grad_value): every gradient within `±clip_value`.
    Value(f32),
}

/// Words of a step before those of the generators: the factor of the loss, and of the clipping.
pub(super) const FIRST_NOISE: u32 = 2;
/// Words of a generator's state.
pub(super) const NOISE_WORDS: u32 = 4;
/// Words of a parameter's rule.
pub(super) const RULE_WORDS: u32 = 12;

/// Where the numbers of a step and a network lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) noises: u32,
    /// Rules of the optimiser: one for all parameters, or one for each.
    pub(super) rules: u32,
}

impl Layout {
    pub(super) const fn first_rule(&self) -> u32 {
        FIRST_NOISE + self.noises * NOISE_WORDS
    }

    /// Words of a step and a network.
    pub(super) const fn words(&self) -> u32 {
        self.first_rule() + self.rules * RULE_WORDS
    }
}

/// Gives the text `step()` and `number(j) -> u32`. How many numbers a step has is known only when all kernels are
/// written: a constant in the text, see [`Kernel::text`](super::shader::Kernel::text).
pub(super) fn numbers(graph: &Graph<'_>, shader: &mut Shader) {
    let integers = |buffer| Region { buffer, word: Word::Integer, offset: 0, stride: 0 };
    shader.reads("numbers_at", integers(graph.fixed.numbers));
    shader.reads("control_at", integers(graph.fixed.control));
    shader.push(format!(
        "fn step() -> u32 {{ return control_at(1u) - 1u; }}\n\
         fn number(j: u32) -> u32 {{ return numbers_at((step() * {}u + copy) * number_stride + j); }}",
        graph.copies
    ));
}

/// What a parameter's step is, as a number of [`table`].
const TRAINED: u32 = 1;
const RUNNING: u32 = 2;

/// Words of a parameter in the table.
const SLOT_WORDS: u32 = 8;

/// The table of all parameters and of the places of their gradients, for the kernels here.
pub(super) fn table(graph: &Graph<'_>) -> Vec<u32> {
    let slots = &graph.weights.slots;
    let mut table = Vec::new();
    let mut runs = Vec::new();
    let first_run = slots.len() as u32 * SLOT_WORDS;
    for (number, slot) in slots.iter().enumerate() {
        let running = graph.running.iter().find(|(at, _)| *at == number);
        let kind = if running.is_some() { RUNNING } else { u32::from(slot.trained) * TRAINED };
        let own: Vec<_> = graph.runs.iter().filter(|run| run.slot == number).collect();
        let share = running.map_or(0, |(_, share)| *share);
        table.extend([
            slot.offset,
            slot.len,
            kind,
            first_run + runs.len() as u32,
            own.len() as u32,
            share,
            aligned(slot.len),
            0,
        ]);
        own.iter().for_each(|run| runs.extend([run.offset, run.count]));
    }
    table.extend(runs);
    table
}

/// The buffers that only the end of a step needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffers {
    pub(super) table: Region,
    pub(super) states: Region,
    /// The loss of each step.
    pub(super) losses: Region,
    /// The first loss of a network that was not finite, or 0.
    pub(super) status: Region,
}

/// Gives the text `slot_of(i)`, `entry(slot, j)` and `gradient(slot, j)`.
fn gradients(graph: &Graph<'_>, shader: &mut Shader, table: Region) {
    let region = Region { buffer: graph.fixed.gradients, word: Word::Float, offset: 0, stride: Region::OF_GRADIENTS };
    shader.reads("gradient_at", region);
    shader.reads("table_at", table);
    shader.push(format!(
        "fn entry(slot: u32, j: u32) -> u32 {{ return table_at(slot * {SLOT_WORDS}u + j); }}
fn slot_of(i: u32) -> u32 {{
    var low = 0u;
    var high = {}u;
    while high - low > 1u {{
        let middle = (low + high) / 2u;
        if entry(middle, 0u) <= i {{ low = middle; }} else {{ high = middle; }}
    }}
    return low;
}}
fn gradient(slot: u32, j: u32) -> f32 {{
    var sum = 0.0;
    let words = entry(slot, 6u);
    for (var r = 0u; r < entry(slot, 4u); r++) {{
        let run = entry(slot, 3u) + 2u * r;
        let count = table_at(run + 1u);
        let first = table_at(run) + j;
        var q = 0u;
        // Eight at once: each alone would wait for memory before the next is asked for.
        for (; q + 8u <= count; q += 8u) {{
            let at = first + q * words;
            sum += ((gradient_at(at) + gradient_at(at + words))
                + (gradient_at(at + 2u * words) + gradient_at(at + 3u * words)))
                + ((gradient_at(at + 4u * words) + gradient_at(at + 5u * words))
                + (gradient_at(at + 6u * words) + gradient_at(at + 7u * words)));
        }}
        for (; q < count; q++) {{ sum += gradient_at(first + q * words); }}
    }}
    return sum;
}}",
        graph.weights.slots.len()
    ));
}

/// A power of two, 2⁻⁷⁰: squares of numbers times this do not overflow, so that the norm does not where the gradients
/// do not.
const SMALL: &str = "8.470329472543003e-22";

/// Invocations of a workgroup and most workgroups of the norm.
const SIZE: u32 = 256;
const MOST_GROUPS: u32 = 64;

/// Writes the kernels of the end of a step.
pub(super) fn kernels(
    graph: &mut Graph<'_>,
    (rule, grouped): (&Rule, bool),
    clip: Clip,
    (sums, groups): (Region, u32),
    buffers: &Buffers,
) {
    let words = graph.weights.words;
    let Buffers { table, states, losses, status } = *buffers;
    let mut factor = String::new();
    let mut squares = None;
    if matches!(clip, Clip::Norm(_) | Clip::Theta(_)) {
        let groups = words.div_ceil(SIZE).clamp(1, MOST_GROUPS);
        let region = graph.buffer("parts of the gradient's norm", 2 * groups);
        let mut shader = Shader::new("norm of the gradient", graph.copies);
        gradients(graph, &mut shader, table);
        shader.writes("set_square", region);
        let body = format!(
            "var sum = 0.0;\nvar small = 0.0;\nfor (var i = row * {SIZE}u + lane; i < {words}u; i += {}u) {{\n\
             let slot = slot_of(i);\nlet j = i - entry(slot, 0u);\n\
             if entry(slot, 2u) == {TRAINED}u && j < entry(slot, 1u) {{\n\
             let g = gradient(slot, j);\nsum += g * g;\nsmall += (g * {SMALL}) * (g * {SMALL});\n}}\n}}\n\
             let all = total(lane, sum);\nlet all_small = total(lane, small);\n\
             if lane == 0u {{ set_square(2u * row, all); set_square(2u * row + 1u, all_small); }}",
            groups * SIZE
        );
        graph.kernels.push(shader.each_group(SIZE, groups, &body));
        squares = Some((region, groups));
        let bound = if matches!(clip, Clip::Norm(_)) {
            "let f = bound / (norm + 1e-6);\nlet factor = select(f, 1.0, f > 1.0);"
        } else {
            "let factor = select(1.0, bound / norm, norm > bound);"
        };
        let _ = write!(
            factor,
            "var square = 0.0;\nvar small = 0.0;\n\
             for (var q = 0u; q < {groups}u; q++) {{ square += square_at(2u * q); small += square_at(2u * q + 1u); }}\n\
             let norm = select(sqrt(square), sqrt(small) / {SMALL}, square > 1e38);\nlet bound = bitcast<f32>(number(1u));\n{bound}\ng = g * factor;\n"
        );
    } else if matches!(clip, Clip::Value(_)) {
        factor.push_str(
            "let bound = bitcast<f32>(number(1u));\ng = select(g, bound, g > bound);\ng = select(g, -bound, g < -bound);\n",
        );
    }

    let mut shader = Shader::new("update", graph.copies);
    gradients(graph, &mut shader, table);
    numbers(graph, &mut shader);
    if let Some((region, _)) = squares {
        shader.reads("square_at", region);
    }
    let parameters = Region { buffer: graph.fixed.parameters, word: Word::Float, offset: 0, stride: words };
    shader.reads("w_at", parameters);
    shader.writes("set_w", parameters);
    shader.reads("sum_at", sums);
    shader.reads("status_at", status);
    shader.writes("set_loss", losses);
    shader.writes("set_control", Region { buffer: graph.fixed.control, word: Word::Integer, offset: 0, stride: 0 });
    if states_of(rule) > 0 {
        shader.reads("state_at", states);
        shader.writes("set_state", states);
    }
    let mut running = String::new();
    if !graph.running.is_empty() {
        let stride = graph.buffers[graph.fixed.settings.0].words;
        shader.reads("share_at", Region { buffer: graph.fixed.settings, word: Word::Float, offset: 0, stride });
        running = format!(
            "if kind == {RUNNING}u {{ let share = share_at(entry(slot, 5u)); set_w(i, (1.0 - share) * w + share * g); continue; }}\n"
        );
    }
    let first_rule = Layout { noises: graph.noises.len() as u32, rules: 0 }.first_rule();
    let first = if grouped { format!("{first_rule}u + slot * {RULE_WORDS}u") } else { format!("{first_rule}u") };
    let formula = formula(rule, graph.weights);
    let body = format!(
        "var loss = 0.0;\nfor (var q = 0u; q < {groups}u; q++) {{ loss += sum_at(q); }}\n\
         loss *= bitcast<f32>(number(0u));\n\
         let stopped = not_finite_(status_at(0u));\n\
         if i == 0u {{ set_loss(step(), select(loss, status_at(0u), stopped)); if copy == 0u {{ set_control(0u, step() + 1u); }} }}\n\
         if stopped || not_finite_(loss) {{ return; }}\n\
         let slot = slot_of({EACH}u * i);\nlet begin = entry(slot, 0u);\nlet len = entry(slot, 1u);\nlet kind = entry(slot, 2u);\n\
         if kind == 0u {{ return; }}\n\
         let first = {first};\n\
         update(slot, kind, first, {EACH}u * i - begin, len, begin);"
    );
    shader.push("fn setting_of(first: u32, j: u32) -> f32 { return bitcast<f32>(number(first + j)); }");
    shader.push(format!(
        "fn update(slot: u32, kind: u32, first: u32, least: u32, len: u32, begin: u32) {{\n\
         for (var j = least; j < min(least + {EACH}u, len); j++) {{\n\
         let i = begin + j;\nvar g = gradient(slot, j);\nvar w = w_at(i);\n{running}{factor}{formula}\nset_w(i, w);\n}}\n}}"
    ));
    graph.kernels.push(shader.each(words / EACH, &body));
}

/// Neighbouring weights of an invocation, which belong to the same parameter since parameters begin at multiples of
/// this.
const EACH: u32 = 4;

/// Words that an optimiser keeps for a weight.
pub(super) const fn states_of(rule: &Rule) -> u32 {
    match rule {
        Rule::Sgd { momentum: false, .. } => 0,
        Rule::Sgd { .. } => 1,
        Rule::Adam { amsgrad: false, .. } => 2,
        Rule::Adam { .. } => 3,
    }
}

/// The update of a weight `w` with the gradient `g`; the states of word `i` lie `words` apart.
fn formula(rule: &Rule, weights: &Weights) -> String {
    let words = weights.words;
    match rule {
        Rule::Sgd { momentum, .. } => {
            let along = if *momentum {
                "let b = setting_of(first, 1u) * state_at(i) + setting_of(first, 2u) * g;\nset_state(i, b);\n\
                 let along = select(b, g + setting_of(first, 1u) * b, setting_of(first, 3u) != 0.0);"
            } else {
                "let along = g;"
            };
            format!("g += setting_of(first, 4u) * w;\n{along}\nw -= setting_of(first, 0u) * along;")
        }
        Rule::Adam { amsgrad, .. } => {
            let largest = if *amsgrad {
                format!("v = max(v, state_at(i + {}u));\nset_state(i + {}u, v);", 2 * words, 2 * words)
            } else {
                String::new()
            };
            format!(
                "w *= setting_of(first, 8u);\ng += setting_of(first, 7u) * w;\n\
                 let m = setting_of(first, 1u) * state_at(i) + setting_of(first, 2u) * g;\nset_state(i, m);\n\
                 var v = setting_of(first, 3u) * state_at(i + {words}u) + setting_of(first, 4u) * g * g;\n\
                 set_state(i + {words}u, v);\n{largest}\n\
                 w -= setting_of(first, 0u) * m / (sqrt(v) * setting_of(first, 5u) + setting_of(first, 6u));"
            )
        }
    }
}

/// A rule's numbers in the order in which [`formula`] reads them.
pub(super) fn encode(rule: &Rule) -> [u32; RULE_WORDS as usize] {
    let mut words = [0; RULE_WORDS as usize];
    let numbers: &[f32] = match rule {
        Rule::Sgd { step, .. } => {
            &[step.lr, step.momentum, step.gain, f32::from(u8::from(step.nesterov)), step.weight_decay]
        }
        Rule::Adam { step, shrink, .. } => &[
            step.step_size,
            step.beta1,
            step.one_minus_beta1,
            step.beta2,
            step.one_minus_beta2,
            step.rsqrt_correction2,
            step.eps,
            step.weight_decay,
            *shrink,
        ],
    };
    words.iter_mut().zip(numbers).for_each(|(word, number)| *word = number.to_bits());
    words
}

/// The rule of a parameter.
///
/// # Errors
/// [`OffloadError::UnsupportedRule`] for an optimiser that gives none.
pub(super) fn rule_of(rule: Option<Rule>) -> Result<Rule, OffloadError> {
    rule.ok_or_else(|| OffloadError::UnsupportedRule {
        what: "this optimiser (Sgd, Adam, AdamW and groups of one of them can be)".to_owned(),
    })
}

/// The bound of a clipping.
pub(super) const fn bound(clip: Clip) -> f32 {
    match clip {
        Clip::None => 0.0,
        Clip::Norm(bound) | Clip::Theta(bound) | Clip::Value(bound) => bound,
    }
}
