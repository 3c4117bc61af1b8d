//! Activations and gates.

#![allow(dead_code, reason = "which adapters are used depends on the cases")]

use std::marker::PhantomData;

use tensorlet::{
    Celu, Elu, Gelu, GeluTanh, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Kernels, LeakyRelu, LogSigmoid, Mish,
    Module, PRelu, Relu, Relu6, Selu, Shrink, Sigmoid, Silu, Softplus, Softshrink, Softsign, Swish, Tanh, Tanhshrink,
    Tensor, Threshold, Train, layer::Pass,
};

use crate::{
    Adapter,
    case::Case,
    layer::{check, input, output},
};

/// A layer whose settings are attributes of the case.
pub(crate) trait FromCase {
    fn from_case(case: &Case) -> Self;
}

/// Each setting is the first attribute of these names that the case has, else the default.
macro_rules! settings {
    ($($layer:ident $({ $($setting:ident: $($name:literal)|+),+ })?;)+) => {$(
        impl FromCase for $layer {
            fn from_case(case: &Case) -> Self {
                let _ = case;
                Self { $($($setting: [$($name),+].into_iter().find_map(|name| case.number(name))
                    .map_or(Self::NEW.$setting, |value| value as f32)),+)? }
            }
        }
    )+};
}

settings! {
    Relu;
    Sigmoid;
    Tanh;
    Relu6;
    LeakyRelu { negative_slope: "negative_slope" | "alpha" };
    Hardtanh { min_val: "min" | "min_val", max_val: "max" | "max_val" };
    Hardswish;
    Hardshrink { lambd: "lambd" };
    Softshrink { lambd: "lambd" };
    Shrink { lambd: "lambd", bias: "bias" };
    Elu { alpha: "alpha" };
    Selu { alpha: "alpha", scale: "gamma" };
    Celu { alpha: "alpha" };
    LogSigmoid;
    Softplus { beta: "beta", threshold: "threshold" };
    Softsign;
    Gelu;
    GeluTanh;
    Silu;
    Swish { beta: "beta" | "alpha" };
    Mish;
    Tanhshrink;
}

impl FromCase for Hardsigmoid {
    fn from_case(case: &Case) -> Self {
        // ONNX has another slope.
        let default = if case.input(0).is_some() { Self::new(0.2, 0.5) } else { Self::NEW };
        let read = |name, default| case.number(name).map_or(default, |value| value as f32);
        Self::new(read("alpha", default.alpha), read("beta", default.beta))
    }
}

impl FromCase for Threshold {
    fn from_case(case: &Case) -> Self {
        // ONNX's `ThresholdedRelu` is at 1 unless stated.
        let threshold = case.number("threshold").or(case.number("alpha")).unwrap_or(1.0);
        Self::new(threshold as f32, case.number("value").unwrap_or(0.0) as f32)
    }
}

/// An activation with the case's settings.
pub(crate) struct Activated<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, L: Train<X, Out = X> + FromCase> Adapter for Activated<X, L> {
    fn run<K: Kernels>(k: K, case: &Case) {
        check::<K, X, L>(k, case, &mut L::from_case(case));
    }
}

/// A rectifier with learned slopes.
pub(crate) struct Rectified<X, L>(PhantomData<(X, L)>);

impl<X: Tensor<Elem = f32>, const C: usize> Adapter for Rectified<X, PRelu<C>> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let name = case.input(1).unwrap_or_else(|| "in.weight".to_owned());
        let mut layer = PRelu::<C>::ZERO;
        layer.weight.copy_from_slice(&case.floats(&name));
        check::<K, X, _>(k, case, &mut layer);
    }
}

/// ONNX's `SwiGLU`: both factors are given.
pub(crate) struct SwiGlu;

impl Adapter for SwiGlu {
    fn run<K: Kernels>(k: K, case: &Case) {
        let a = case.floats(&input(case));
        let b = case.floats(&case.input(1).expect("two inputs"));
        let mut y = vec![0.0; a.len()];
        k.gate(Swish::from_case(case), &b, &a, &mut y);
        case.compare(&output(case), &y);
    }
}

/// Two linear layers without bias, the first of which gates the second.
pub(crate) struct Gated<const IN: usize, const OUT: usize>;

impl<const IN: usize, const OUT: usize> Adapter for Gated<IN, OUT> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut layer = Box::new(tensorlet::SwiGlu::<IN, OUT>::ZERO);
        let layer = &mut *layer;
        for (name, linear) in [("in.w1", &mut layer.w1), ("in.w3", &mut layer.w3)] {
            for (i, value) in case.floats(name).into_iter().enumerate() {
                linear.weight[i % IN][i / IN] = value;
            }
        }
        let x = case.floats("in.x");
        let n = x.len() / IN;
        let mut arena = vec![0.0; n * (IN + 2 * OUT)];
        let y = tensorlet::Layer::forward(layer, k, <[f32; IN]>::view(&x), &mut arena).expect("a fitting arena");
        case.compare("out.y", y.as_flattened());
        if !case.has("in.gy.y") {
            return;
        }
        let pass = Pass { n, input_gradient: true, training: true, seed: 0, ..Pass::NEW };
        let (mut slot, mut tape, mut gradient) = (x, vec![0.0; n * 3 * OUT], vec![0.0; 2 * IN * OUT]);
        layer.forward_train(k, pass, &mut slot, &mut [], &mut tape);
        let y = tensorlet::SwiGlu::<IN, OUT>::out(pass, &mut slot, &mut tape);
        case.compare("out.y", y);
        y.copy_from_slice(&case.floats("in.gy.y"));
        layer.backward(k, pass, &mut slot, &mut tape, &mut gradient);
        case.compare("out.grad.x", &slot);
        for (name, gradient) in ["out.grad.w1", "out.grad.w3"].into_iter().zip(gradient.chunks(IN * OUT)) {
            let ordered: Vec<f32> = (0..IN * OUT).map(|i| gradient[i % IN * OUT + i / IN]).collect();
            case.compare(name, &ordered);
        }
    }
}
