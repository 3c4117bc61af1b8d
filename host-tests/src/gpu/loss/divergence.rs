//! Divergences between distributions.

use tensorlet::{
    Tensor,
    loss::{CategoricalKl, GaussianKl, UniformKl},
};

use super::{LossRule, OffloadLoss, elementwise::encode};

impl<X: Tensor<Elem = f32>> OffloadLoss<[X; 2], ()> for GaussianKl {
    const TARGET_WORDS: usize = 0;

    fn encode(&self, (): &(), _: &mut Vec<u32>) {}

    fn rule(&self) -> LossRule {
        let text = format!(
            "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let mean = y_at(y0 + e);
    let v = y_at(y0 + {len}u + e);
    let excess = expm1_(v);
    store_dx(y0 + e, scale * mean);
    store_dx(y0 + {len}u + e, scale * 0.5 * excess);
    return 0.5 * (mean * mean + (excess - v));
}}",
            len = X::LEN
        );
        LossRule { items: X::LEN as u32, text }
    }
}

/// The divergence of two normal distributions: `second` is text of the second one's mean `m2` and log-variance `v2`,
/// `gradient` stores its gradients.
fn two_gaussians<X: Tensor>(second: &str, gradient: &str) -> LossRule {
    let text = format!(
        "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    {second}
    let difference = y_at(y0 + e) - m2;
    let v = y_at(y0 + {len}u + e) - v2;
    let excess = expm1_(v);
    let mean = difference * exp_(-v2);
    let apart = difference * mean;
    store_dx(y0 + e, scale * mean);
    store_dx(y0 + {len}u + e, scale * 0.5 * excess);
    {gradient}
    return 0.5 * ((excess - v) + apart);
}}",
        len = X::LEN
    );
    LossRule { items: X::LEN as u32, text }
}

impl<X: Tensor<Elem = f32>> OffloadLoss<[X; 2], [X; 2]> for GaussianKl {
    const TARGET_WORDS: usize = 2 * X::LEN;

    fn encode(&self, target: &[X; 2], words: &mut Vec<u32>) {
        target.iter().for_each(|target| encode(target, words));
    }

    fn rule(&self) -> LossRule {
        let second =
            format!("let m2 = bitcast<f32>(t_at(t0 + e));\nlet v2 = bitcast<f32>(t_at(t0 + {}u + e));", X::LEN);
        two_gaussians::<X>(&second, "")
    }
}

impl<X: Tensor<Elem = f32>> OffloadLoss<[X; 4], ()> for GaussianKl {
    const TARGET_WORDS: usize = 0;

    fn encode(&self, (): &(), _: &mut Vec<u32>) {}

    fn rule(&self) -> LossRule {
        let [m, v] = [2, 3].map(|part| format!("y0 + {}u + e", part * X::LEN));
        two_gaussians::<X>(
            &format!("let m2 = y_at({m});\nlet v2 = y_at({v});"),
            &format!("store_dx({m}, -scale * mean);\nstore_dx({v}, -0.5 * scale * (excess + apart));"),
        )
    }
}

/// Categories of a tensor, its last dimension, and its rows.
fn categories<X: Tensor>() -> [usize; 2] {
    let categories = X::SHAPE.dims().last().copied().unwrap_or(1);
    [categories, X::LEN / categories]
}

/// Gives the text `NAME_log(first)`: what to subtract from a row of logits for log-probabilities. `at` is text of the
/// logit of category `{c}`.
fn log_softmax(name: &str, at: &str, categories: usize) -> String {
    format!(
        "fn {name}_log(first: u32) -> f32 {{
    var most = {at};
    for (var c = 1u; c < {categories}u; c++) {{ most = max(most, {at_c}); }}
    var sum = 0.0;
    for (var c = 0u; c < {categories}u; c++) {{ sum += exp_({at_c} - most); }}
    return most + ln_(sum);
}}
",
        at = at.replace("{c}", "0u"),
        at_c = at.replace("{c}", "c")
    )
}

/// `p · x` where what is impossible adds nothing.
const EXPECTED: &str = "fn item_expected(p: f32, x: f32) -> f32 { return select(p * x, 0.0, p == 0.0); }\n";

impl<X: Tensor<Elem = f32>> OffloadLoss<X, ()> for UniformKl {
    const TARGET_WORDS: usize = 0;

    fn encode(&self, (): &(), _: &mut Vec<u32>) {}

    fn rule(&self) -> LossRule {
        let [categories, rows] = categories::<X>();
        let text = format!(
            "{EXPECTED}{}fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let first = y0 + e * {categories}u;
    let shift = item_log(first);
    var negentropy = 0.0;
    for (var c = 0u; c < {categories}u; c++) {{
        let l = y_at(first + c) - shift;
        negentropy += item_expected(exp_(l), l);
    }}
    for (var c = 0u; c < {categories}u; c++) {{
        let l = y_at(first + c) - shift;
        store_dx(first + c, scale * item_expected(exp_(l), l - negentropy));
    }}
    return {:?} + negentropy;
}}",
            log_softmax("item", "y_at(first + {c})", categories),
            (categories as f32).ln()
        );
        LossRule { items: rows as u32, text }
    }
}

/// The divergence of two categorical distributions: `second` is text of the logit `c` of the second one from its
/// place `other`, which begins at `begin`; `gradient` stores its gradient from `p` and `q`.
fn two_categoricals<X: Tensor>([second, begin, gradient]: [&str; 3]) -> LossRule {
    let [categories, rows] = categories::<X>();
    let text = format!(
        "{EXPECTED}{}{}fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let first = y0 + e * {categories}u;
    let other = {begin} + e * {categories}u;
    let shift = item_log(first);
    let shift2 = item_second_log(other);
    var value = 0.0;
    for (var c = 0u; c < {categories}u; c++) {{
        let a = y_at(first + c) - shift;
        value += item_expected(exp_(a), a - ({second_c} - shift2));
    }}
    for (var c = 0u; c < {categories}u; c++) {{
        let a = y_at(first + c) - shift;
        let b = {second_c} - shift2;
        let p = exp_(a);
        store_dx(first + c, scale * item_expected(p, a - b - value));
        {gradient}
    }}
    return value;
}}",
        log_softmax("item", "y_at(first + {c})", categories),
        log_softmax("item_second", &second.replace("other", "first"), categories),
        second_c = second.replace("{c}", "c")
    );
    LossRule { items: rows as u32, text }
}

impl<X: Tensor<Elem = f32>> OffloadLoss<[X; 2], ()> for CategoricalKl {
    const TARGET_WORDS: usize = 0;

    fn encode(&self, (): &(), _: &mut Vec<u32>) {}

    fn rule(&self) -> LossRule {
        let begin = format!("y0 + {}u", X::LEN);
        two_categoricals::<X>(["y_at(other + {c})", &begin, "store_dx(other + c, scale * (exp_(b) - p));"])
    }
}

impl<X: Tensor<Elem = f32>> OffloadLoss<X, X> for CategoricalKl {
    const TARGET_WORDS: usize = X::LEN;

    fn encode(&self, target: &X, words: &mut Vec<u32>) {
        encode(target, words);
    }

    fn rule(&self) -> LossRule {
        two_categoricals::<X>(["bitcast<f32>(t_at(other + {c}))", "t0", ""])
    }
}
