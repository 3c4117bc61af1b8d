//! Single operators and optimisers against PyTorch.

use tensorlet::{
    AvgPool2d, Conv2d, Image, Kernels, Linear, MaxPool2d, Relu, Sigmoid, Slide, Tanh, Tensor, Train, Vector,
    layer::Pass,
    loss::{CrossEntropyLoss, Loss},
    optim::{Adam, Optimizer, Sgd, States},
    sliding::Strided,
};
use tensorlet_host::on_every_instruction_set;

use crate::case::{Case, by_path};

/// Forward, and all gradients.
fn layer<K: Kernels, X: Tensor<Elem = f32>, N: Train<X, Out: Tensor<Elem = f32>>>(k: K, name: &str) {
    let case = Case::open(name);
    let mut layer = N::ZERO;
    case.load(&mut layer, "in.");
    let x = case.floats("in.x");
    let n = x.len() / X::LEN;

    let mut arena = vec![0.0; n * N::PEAK];
    let y = layer.forward(k, X::view(&x), &mut arena).expect("the arena is large enough");
    case.compare("out.y", N::Out::flat(y), K::NAME);

    let pass = Pass { n, input_gradient: true, training: true, seed: 0 };
    let (mut slot, mut tape, mut gradients) = (x, vec![0.0; n * N::TAPE], vec![0.0; N::GRAD]);
    layer.forward_train(k, pass, &mut slot, &mut [], &mut tape);
    let out = N::out(pass, &mut slot, &mut tape);
    case.compare("out.y", out, K::NAME);
    out.copy_from_slice(&case.floats("in.gy.y"));
    layer.backward(k, pass, &mut slot, &mut tape, &mut gradients);
    case.compare("out.grad.x", &slot, K::NAME);
    for (path, gradient) in by_path(&layer, Some(&gradients)) {
        case.compare(&format!("out.grad.{path}"), &gradient, K::NAME);
    }
    assert_eq!(case.has("in.weight"), N::PARAMETERS > 0, "{name}: parameters");
}

macro_rules! layers {
    ($($test:ident { $($case:literal: $input:ty => $layer:ty;)+ })+) => {
        $(
            #[test]
            fn $test() {
                $(on_every_instruction_set!(layer::<_, $input, $layer>, $case);)+
            }
        )+
    };
}

layers! {
    linear {
        "linear.basic": Vector<5> => Linear<5, 7>;
        "linear.one": Vector<1> => Linear<1, 1>;
        "linear.vec": Vector<6> => Linear<6, 4>;
        "linear.wide": Vector<33> => Linear<33, 17>;
    }
    conv2d {
        "conv2d.k1x1": Image<5, 4, 3> => Conv2d<5, 3, 1, 1, 4, 3>;
        "conv2d.ch17_simd_tail": Image<17, 4, 4> => Conv2d<17, 19, 3, 3, 4, 4, Slide<1, 1>>;
        "conv2d.pad_ge_kernel": Image<1, 3, 3> => Conv2d<1, 2, 2, 2, 6, 6, Slide<1, 2>>;
        "conv2d.resnet_stride2_1x1": Image<4, 7, 7> => Conv2d<4, 8, 1, 1, 4, 4, Slide<2>>;
    }
    max_pool2d {
        "max_pool2d.all_negative_pad": Image<3, 5, 5> => MaxPool2d<3, 3, 3, 3, Slide<2, 1>>;
        "max_pool2d.k3s1": Image<2, 5, 6> => MaxPool2d<3, 3, 3, 4, Slide<1, 0>>;
        "max_pool2d.rect": Image<2, 7, 9> => MaxPool2d<2, 3, 3, 7, Strided<Slide, 2, 1>>;
        "max_pool2d.stride_gt_kernel": Image<2, 11, 10> => MaxPool2d<2, 2, 4, 3, Slide<3>>;
        "max_pool2d.ties": Image<2, 6, 6> => MaxPool2d<3, 3, 3, 3, Slide<2, 1>>;
    }
    avg_pool2d {
        "avg_pool2d.global": Image<3, 4, 5> => AvgPool2d<4, 5, 1, 1, Strided<Slide, 4, 5>>;
        "avg_pool2d.stride_gt_kernel": Image<2, 11, 10> => AvgPool2d<2, 2, 4, 3, Slide<3>>;
    }
    relu {
        "relu.extreme": Vector<21> => Relu;
        "relu.rand_33": Vector<33> => Relu;
        "relu.rand_3x5x7": Image<3, 5, 7> => Relu;
        "relu.rand_7": Vector<7> => Relu;
        "relu.scalar_shape1": Vector<1> => Relu;
    }
    sigmoid {
        "sigmoid.grid": Vector<60> => Sigmoid;
        "sigmoid.rand_2x3x5x3": Image<3, 5, 3> => Sigmoid;
        "sigmoid.rand_33": Vector<33> => Sigmoid;
    }
    tanh {
        "tanh.extreme": Vector<21> => Tanh;
        "tanh.grid": Vector<60> => Tanh;
        "tanh.rand_3x5x7": Image<3, 5, 7> => Tanh;
        "tanh.rand_7": Vector<7> => Tanh;
    }
}

fn softmax_case<K: Kernels>(k: K, name: &str, classes: usize) {
    let case = Case::open(name);
    let mut x = case.floats("in.x");
    x.chunks_mut(classes).for_each(|row| k.softmax(row));
    case.compare("out.y", &x, K::NAME);
}

#[test]
fn softmax() {
    for (name, classes) in
        [("softmax.equal", 6), ("softmax.large_offset", 5), ("softmax.masked_neginf", 6), ("softmax.wide_131", 131)]
    {
        on_every_instruction_set!(softmax_case, name, classes);
    }
}

fn cross_entropy_case<K: Kernels, const C: usize>(k: K, name: &str) {
    let case = Case::open(name);
    let (logits, targets) = (case.floats("in.x"), case.labels("in.target"));
    let mean = 1.0 / targets.len() as f32;
    let loss = |y: &mut [[f32; C]], scale| CrossEntropyLoss.value_and_gradient(k, y, &targets, scale);
    let value = loss(&mut <[f32; C]>::view(&logits).to_vec(), mean);
    case.compare("out.y", &[value], K::NAME);
    // The gradient of gy times the loss.
    let mut y = <[f32; C]>::view(&logits).to_vec();
    loss(&mut y, mean * case.floats("in.gy.y")[0]);
    case.compare("out.grad.x", <[f32; C]>::flat(&y), K::NAME);
}

#[test]
fn cross_entropy() {
    on_every_instruction_set!(cross_entropy_case::<_, 7>, "cross_entropy.NC_mean");
    on_every_instruction_set!(cross_entropy_case::<_, 4>, "cross_entropy.perfect");
    on_every_instruction_set!(cross_entropy_case::<_, 6>, "cross_entropy.unbatched");
}

/// Six steps with given gradients.
fn optimizer<K: Kernels, O: Optimizer>(k: K, name: &str, new: impl Fn(&Case) -> O) {
    let case = Case::open(name);
    for p in ["0", "1"] {
        let mut optimizer = new(&case);
        let (mut w, gradients) = (case.floats(&format!("in.p{p}")), case.floats(&format!("in.g{p}")));
        let mut state = vec![0.0; O::STATES * w.len()];
        let mut steps = Vec::new();
        for gradient in gradients.chunks(w.len()) {
            optimizer.advance();
            optimizer.update(k, &mut w, gradient, States::new::<O>(&mut state));
            steps.extend_from_slice(&w);
        }
        case.compare(&format!("out.p{p}"), &steps, K::NAME);
    }
}

#[test]
fn sgd() {
    on_every_instruction_set!(optimizer, "optim_sgd.plain", |case: &Case| Sgd::new(case.number("lr", 1e-3) as f32));
    on_every_instruction_set!(optimizer, "optim_sgd.momentum", |case: &Case| {
        Sgd::with_momentum(case.number("lr", 1e-3) as f32, case.number("momentum", 0.0) as f32)
    });
}

#[test]
fn adam() {
    for name in ["optim_adam.default", "optim_adam.lr01", "optim_adam.betas", "optim_adam.betas_b", "optim_adam.eps"] {
        on_every_instruction_set!(optimizer, name, |case: &Case| {
            let [beta1, beta2] = case.betas();
            Adam::new(case.number("lr", 1e-3) as f32).betas(beta1, beta2).eps(case.number("eps", 1e-8) as f32)
        });
    }
}
