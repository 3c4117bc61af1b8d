//! Losses of class labels.

use tensorlet::{
    Index, Tensor,
    loss::{ClassWeights, CrossEntropyLoss, Labels, NllLoss, WeightedCrossEntropyLoss},
};

use super::{LossRule, OffloadLoss};

/// The label of what is ignored, on the device.
const IGNORED: u32 = u32::MAX;

/// Appends labels of `C` classes.
fn encode<Z: Tensor, T: Labels<Z>, const C: usize>(labels: &T, ignore_index: Option<i64>, words: &mut Vec<u32>) {
    words.extend(labels.elements().iter().map(|label| {
        let ignored = Some(label.to_i64()) == ignore_index;
        label.position(C).filter(|_| !ignored).map_or(IGNORED, |label| label as u32)
    }));
}

/// The weights of classes as text: `item_weight(c)`.
fn weights<const C: usize>(weights: &impl ClassWeights<C>) -> String {
    let weights: Vec<f32> = (0..C).map(|class| weights.of(class)).collect();
    if weights.iter().all(|weight| *weight == 1.0) {
        return "fn item_weight(c: u32) -> f32 { return 1.0; }\n".to_owned();
    }
    let list: Vec<String> = weights.iter().map(|weight| format!("{weight:?}")).collect();
    format!(
        "var<private> item_weights: array<f32, {C}> = array<f32, {C}>({});\n\
         fn item_weight(c: u32) -> f32 {{ return item_weights[c]; }}\n",
        list.join(", ")
    )
}

impl<Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> OffloadLoss<[Z; C], T> for CrossEntropyLoss {
    const TARGET_WORDS: usize = T::LEN;

    fn encode(&self, target: &T, words: &mut Vec<u32>) {
        encode::<Z, T, C>(target, None, words);
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

impl<W: ClassWeights<C>, Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> OffloadLoss<[Z; C], T>
    for WeightedCrossEntropyLoss<W>
{
    const TARGET_WORDS: usize = T::LEN;

    fn encode(&self, target: &T, words: &mut Vec<u32>) {
        encode::<Z, T, C>(target, Some(self.ignore_index), words);
    }

    fn rule(&self) -> LossRule {
        let places = Z::LEN as u32;
        let (even, certain) = (self.label_smoothing / C as f32, 1.0 - self.label_smoothing);
        let text = format!(
            "{}fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let label = t_at(t0 + e);
    let first = y0 + e;
    if label == {IGNORED}u {{
        for (var c = 0u; c < {C}u; c++) {{ store_dx(first + c * {places}u, 0.0); }}
        return 0.0;
    }}
    var most = y_at(first);
    for (var c = 1u; c < {C}u; c++) {{ most = max(most, y_at(first + c * {places}u)); }}
    var sum = 0.0;
    var shares = 0.0;
    var value = 0.0;
    for (var c = 0u; c < {C}u; c++) {{
        let y = y_at(first + c * {places}u) - most;
        sum += exp_(y);
        let q = item_weight(c) * (select(0.0, {certain:?}, c == label) + {even:?});
        // Classes without a share add nothing even if their logit is infinite.
        if q != 0.0 {{
            shares += q;
            value -= q * y;
        }}
    }}
    for (var c = 0u; c < {C}u; c++) {{
        let p = exp_(y_at(first + c * {places}u) - most) * (shares / sum);
        let q = item_weight(c) * (select(0.0, {certain:?}, c == label) + {even:?});
        store_dx(first + c * {places}u, scale * (p - q));
    }}
    return value + shares * ln_(sum);
}}",
            weights::<C>(&self.weight)
        );
        LossRule { items: places, text }
    }
}

impl<W: ClassWeights<C>, Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> OffloadLoss<[Z; C], T> for NllLoss<W> {
    const TARGET_WORDS: usize = T::LEN;

    fn encode(&self, target: &T, words: &mut Vec<u32>) {
        encode::<Z, T, C>(target, Some(self.ignore_index), words);
    }

    fn rule(&self) -> LossRule {
        let places = Z::LEN as u32;
        let text = format!(
            "{}fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let label = t_at(t0 + e);
    let first = y0 + e;
    for (var c = 0u; c < {C}u; c++) {{ if c != label {{ store_dx(first + c * {places}u, 0.0); }} }}
    if label == {IGNORED}u {{ return 0.0; }}
    let weight = item_weight(label);
    store_dx(first + label * {places}u, -weight * scale);
    return -weight * y_at(first + label * {places}u);
}}",
            weights::<C>(&self.weight)
        );
        LossRule { items: places, text }
    }
}
