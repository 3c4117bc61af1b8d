//! Losses with an element for each number of the output.

use tensorlet::{
    Shape, Tensor,
    loss::{
        BceLoss, BceWithLogitsLoss, ElementWeights, GaussianNllLoss, HuberLoss, KlDivLoss, L1Loss, MseLoss,
        SmoothL1Loss,
    },
};

use super::{LossRule, OffloadLoss};

/// Appends the numbers of a target.
pub(super) fn encode<Y: Tensor<Elem = f32>>(target: &Y, words: &mut Vec<u32>) {
    words.extend(target.elements().iter().map(|t| t.to_bits()));
}

/// A loss whose value and derivative are text of `y` and `t`; `before` is text before it.
fn rule<Y: Tensor>(before: &str, [value, slope]: [&str; 2]) -> LossRule {
    LossRule {
        items: Y::LEN as u32,
        text: format!(
            "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let y = y_at(y0 + e);
    let t = bitcast<f32>(t_at(t0 + e));
{before}    store_dx(y0 + e, scale * ({slope}));
    return {value};
}}"
        ),
    }
}

/// A loss of outputs and targets of the same type, as text of `y` and `t`: what comes before, value and derivative.
macro_rules! elementwise {
    ($($loss:ty, |$self:ident| $text:expr;)+) => {$(
        impl<Y: Tensor<Elem = f32>> OffloadLoss<Y, Y> for $loss {
            const TARGET_WORDS: usize = Y::LEN;

            fn encode(&self, target: &Y, words: &mut Vec<u32>) {
                encode(target, words);
            }

            fn rule(&self) -> LossRule {
                let $self = self;
                let (before, value, slope): (&str, &str, &str) = $text;
                rule::<Y>(before, [value, slope])
            }
        }
    )+};
}

/// The difference, and the derivative of its absolute value: 0 at 0.
const DIFFERENCE: &str = "let d = y - t;\nlet side = select(select(1.0, -1.0, d < 0.0), 0.0, d == 0.0);\n";

elementwise! {
    MseLoss, |_loss| ("", "(y - t) * (y - t)", "2.0 * (y - t)");
    L1Loss, |_loss| (DIFFERENCE, "abs(d)", "side");
    SmoothL1Loss, |loss| (
        &format!("{DIFFERENCE}let beta = {:?};\nlet near = abs(d) < beta;\n", loss.beta),
        "select(abs(d) - 0.5 * beta, 0.5 * d * d / beta, near)",
        "select(side, d / beta, near)"
    );
    HuberLoss, |loss| (
        &format!("{DIFFERENCE}let delta = {:?};\nlet near = abs(d) <= delta;\n", loss.delta),
        "select(delta * (abs(d) - 0.5 * delta), 0.5 * d * d, near)",
        "select(delta * side, d, near)"
    );
    KlDivLoss, |loss| if loss.log_target {
        ("let p = exp_(t);\n", "p * (t - y)", "-p")
    } else {
        ("", "select(t * ln_(t), 0.0, t == 0.0) - t * y", "-t")
    };
}

/// Whether weights are one number for all, which stands in the text.
const fn single(shape: Shape) -> bool {
    shape.rank() == 0
}

/// Words of a sample's weights, which go to the device behind each target unless they are a single number.
const fn words_of<Y: Tensor>(shape: Shape) -> usize {
    if single(shape) { 0 } else { Y::LEN }
}

/// Appends weights that are broadcast to a sample of type `Y` by PyTorch's rules; the loss has checked that they fit.
fn broadcast<Y: Tensor, W: ElementWeights>(weights: &W, words: &mut Vec<u32>) {
    if single(W::SHAPE) {
        return;
    }
    let (dims, own, values) = (Y::SHAPE.dims(), W::SHAPE.dims(), weights.weights());
    words.extend((0..Y::LEN).map(|number| {
        let (mut rest, mut place, mut stride) = (number, 0, 1);
        // From the last dimension on; those that the weights lack, or have once, count for all.
        for (dim, own) in dims.iter().rev().zip(own.iter().rev()) {
            place += if *own == 1 { 0 } else { rest % dim * stride };
            (rest, stride) = (rest / dim, stride * own);
        }
        values[place].to_bits()
    }));
}

/// The weight of a number as text; `at` is where weights lie behind a target.
fn weight<W: ElementWeights>(weights: &W, at: usize) -> String {
    match weights.weights() {
        [one] if single(W::SHAPE) => format!("{one:?}"),
        _ => format!("bitcast<f32>(t_at(t0 + {at}u + e))"),
    }
}

impl<Y: Tensor<Elem = f32>, W: ElementWeights> OffloadLoss<Y, Y> for BceLoss<W> {
    const TARGET_WORDS: usize = Y::LEN + words_of::<Y>(W::SHAPE);

    fn encode(&self, target: &Y, words: &mut Vec<u32>) {
        encode(target, words);
        broadcast::<Y, W>(&self.weight, words);
    }

    fn rule(&self) -> LossRule {
        rule::<Y>(
            &format!("let w = {};\n", weight(&self.weight, Y::LEN)),
            [
                "-w * (t * at_least_(ln_(y), -100.0) + (1.0 - t) * at_least_(log1p_(-y), -100.0))",
                "w * ((y - t) / at_least_(y * (1.0 - y), 1e-12))",
            ],
        )
    }
}

impl<Y: Tensor<Elem = f32>, W: ElementWeights, P: ElementWeights> OffloadLoss<Y, Y> for BceWithLogitsLoss<W, P> {
    const TARGET_WORDS: usize = Y::LEN + words_of::<Y>(W::SHAPE) + words_of::<Y>(P::SHAPE);

    fn encode(&self, target: &Y, words: &mut Vec<u32>) {
        encode(target, words);
        broadcast::<Y, W>(&self.weight, words);
        broadcast::<Y, P>(&self.pos_weight, words);
    }

    fn rule(&self) -> LossRule {
        rule::<Y>(
            &format!(
                "let w = {};\nlet positive = t * {};\nlet negative = 1.0 - t;\n",
                weight(&self.weight, Y::LEN),
                weight(&self.pos_weight, Y::LEN + words_of::<Y>(W::SHAPE))
            ),
            [
                "w * (negative * y + (positive + negative) * softplus_(-y))",
                "w * ((positive + negative) * sigmoid_(y) - positive)",
            ],
        )
    }
}

/// `½ ln 2π`
const HALF_LN_TAU: f32 = 0.918_938_5;

impl<X: Tensor<Elem = f32>> OffloadLoss<[X; 2], X> for GaussianNllLoss {
    const TARGET_WORDS: usize = X::LEN;

    fn encode(&self, target: &X, words: &mut Vec<u32>) {
        encode(target, words);
    }

    fn rule(&self) -> LossRule {
        let text = format!(
            "fn item(y0: u32, t0: u32, e: u32, scale: f32) -> f32 {{
    let variance = at_least_(y_at(y0 + {len}u + e), {:?});
    let error = y_at(y0 + e) - bitcast<f32>(t_at(t0 + e));
    let slope = error / variance;
    store_dx(y0 + e, scale * slope);
    store_dx(y0 + {len}u + e, scale * 0.5 * (1.0 - error * slope) / variance);
    return 0.5 * (ln_(variance) + error * slope) + {:?};
}}",
            self.eps,
            if self.full { HALF_LN_TAU } else { 0.0 },
            len = X::LEN
        );
        LossRule { items: X::LEN as u32, text }
    }
}
