//! Recurrent layers and cells: output, final state, and the gradients of everything.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    layer::{
        Pass,
        recurrent::{Cell, Depth, Directions, GateBias, Gates, Layers, Recurrent, Stateful},
    },
};

use crate::{Adapter, case::Case};

/// The parts of a layer's state: `h`, and `c` for an LSTM.
pub(crate) trait Parts {
    const STATES: usize;
}

impl<C: Gates, const IN: usize, const H: usize, const L: usize, D: Directions<H>, B: GateBias<H>> Parts
    for Recurrent<C, IN, H, L, D, B>
where
    Layers<L>: Depth,
{
    const STATES: usize = C::STATES;
}

impl<C: Gates, const IN: usize, const H: usize, B: GateBias<H>> Parts for Cell<C, IN, H, B> {
    const STATES: usize = C::STATES;
}

/// Swaps the first two of three dimensions.
fn swapped(x: &[f32], [a, b, c]: [usize; 3]) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len());
    for j in 0..b {
        for i in 0..a {
            y.extend_from_slice(&x[(i * b + j) * c..][..c]);
        }
    }
    y
}

/// What a case calls its tensors.
struct Names {
    output: &'static str,
    /// The states before and after: `h`, `c`.
    before: [&'static str; 2],
    after: [&'static str; 2],
}

/// Runs a layer on a case whose tensors have the batch first.
fn check<K: Kernels, X: Tensor<Elem = f32>, L: Stateful<X, Out: Tensor<Elem = f32>> + Parts>(
    k: K,
    case: &Case,
    names: &Names,
    batch_first: &dyn Fn(&str, usize) -> Vec<f32>,
    time_first: &dyn Fn(&[f32], usize) -> Vec<f32>,
) {
    let mut layer = Box::new(L::ZERO);
    case.load(&mut *layer, "in.");
    let x = batch_first("in.x", X::SHAPE.dim(X::SHAPE.rank() - 1));
    let row = L::Out::SHAPE.dim(L::Out::SHAPE.rank() - 1);
    let n = x.len() / X::LEN;
    let part = n * L::STATE / L::STATES;
    let states = |names: [&str; 2], prefix: &str| -> Vec<f32> {
        let of = |name: &str| {
            let name = format!("{prefix}{name}");
            if case.has(&name) { case.floats(&name) } else { vec![0.0; part] }
        };
        names[..L::STATES].iter().flat_map(|name| of(name)).collect()
    };
    let compare_states = |names: [&str; 2], prefix: &str, state: &[f32]| {
        for (name, part) in names.iter().zip(state.chunks(part)) {
            let name = format!("{prefix}{name}");
            if case.has(&name) {
                case.compare(&name, part);
            }
        }
    };
    let y = format!("out.{}", names.output);

    let mut state = states(names.before, "in.");
    let initial = state.clone();
    let mut arena = vec![0.0; n * L::PEAK];
    let out = layer.forward_with_state(k, X::view(&x), &mut state, &mut arena).expect("enough memory");
    case.compare(&y, &time_first(L::Out::flat(out), row));
    compare_states(names.after, "out.", &state);
    if initial.iter().all(|&h| h == 0.0) {
        let out = layer.forward(k, X::view(&x), &mut arena).expect("enough memory");
        case.compare(&y, &time_first(L::Out::flat(out), row));
    }

    if !case.has(&format!("in.gy.{}", names.output)) {
        return;
    }
    let pass = Pass { n, input_gradient: true, training: true, seed: 0, ..Pass::NEW };
    let (mut slot, mut state) = (x, initial);
    let (mut tape, mut grad) = (vec![0.0; n * L::TAPE], vec![0.0; L::GRAD]);
    layer.forward_train(k, pass, &mut slot, &mut state, &mut tape);
    let out = L::out(pass, &mut slot, &mut tape);
    case.compare(&y, &time_first(out, row));
    compare_states(names.after, "out.", &state);
    out.copy_from_slice(&batch_first(&format!("in.gy.{}", names.output), row));
    // A cell's output is its state: its gradient has come in already.
    let mut gradient =
        if names.output == names.after[0] { vec![0.0; state.len()] } else { states(names.after, "in.gy.") };
    if names.output == names.after[0] && L::STATES == 2 {
        gradient[part..].copy_from_slice(&case.floats(&format!("in.gy.{}", names.after[1])));
    }
    layer.backward_with_state(k, pass, &mut slot, &mut gradient, &mut tape, &mut grad);
    case.compare("out.grad.x", &time_first(&slot, X::SHAPE.dim(X::SHAPE.rank() - 1)));
    compare_states(names.before, "out.grad.", &gradient);
    case.compare_gradients(&*layer, "out.grad.", &grad);
}

/// `T` time steps.
pub(crate) struct Sequence<L, const IN: usize, const T: usize>(PhantomData<L>);

impl<L, const IN: usize, const T: usize> Adapter for Sequence<L, IN, T>
where
    L: Stateful<[[f32; IN]; T], Out: Tensor<Elem = f32>> + Parts,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let names = Names { output: "y", before: ["h0", "c0"], after: ["hn", "cn"] };
        let n = case.floats("in.x").len() / (T * IN);
        let first = case.flag("batch_first");
        let batch_first = |name: &str, row: usize| {
            let x = case.floats(name);
            if first { x } else { swapped(&x, [T, n, row]) }
        };
        let time_first = |x: &[f32], row: usize| if first { x.to_vec() } else { swapped(x, [n, T, row]) };
        check::<K, [[f32; IN]; T], L>(k, case, &names, &batch_first, &time_first);
    }
}

/// One time step.
pub(crate) struct Step<L, const IN: usize>(PhantomData<L>);

impl<L: Stateful<[f32; IN], Out: Tensor<Elem = f32>> + Parts, const IN: usize> Adapter for Step<L, IN> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let names = Names { output: "h", before: ["h", "c"], after: ["h", "c"] };
        let load = |name: &str, _| case.floats(name);
        check::<K, [f32; IN], L>(k, case, &names, &load, &|x, _| x.to_vec());
    }
}

/// ONNX's form: both directions' weights in one tensor, gates in another order.
pub(crate) struct Onnx<L, const IN: usize, const T: usize>(PhantomData<L>);

/// The gates in PyTorch's order, as positions in ONNX's.
const fn order(gates: usize) -> &'static [usize] {
    match gates {
        1 => &[0],
        3 => &[1, 0, 2],
        _ => &[0, 2, 3, 1],
    }
}

impl<C: Gates, const IN: usize, const H: usize, D: Directions<H>, const T: usize> Adapter
    for Onnx<Recurrent<C, IN, H, 1, D, [f32; H]>, IN, T>
where
    [f32; H]: GateBias<H>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        type Net<C, const IN: usize, const H: usize, D> = Recurrent<C, IN, H, 1, D, [f32; H]>;
        let reverse = case.text("direction") == Some("reverse");
        let batch_first = case.number("layout") == Some(1.0);
        let mut net = Box::new(<Net<C, IN, H, D> as tensorlet::Module>::ZERO);
        let (w, r) = (case.floats("in.W"), case.floats("in.R"));
        let b = if case.has("in.B") { case.floats("in.B") } else { vec![0.0; D::COUNT * 2 * C::GATES * H] };
        for (direction, cell) in net.first.as_mut().iter_mut().enumerate() {
            let [ih, hh, bias_ih, bias_hh] = tensorlet::layer::recurrent::AnyCell::weights_mut(cell);
            for (gate, &from) in order(C::GATES).iter().enumerate() {
                for h in 0..H {
                    let row = (direction * C::GATES + from) * H + h;
                    let to = gate * H + h;
                    (0..IN).for_each(|i| ih[i * C::GATES * H + to] = w[row * IN + i]);
                    (0..H).for_each(|i| hh[i * C::GATES * H + to] = r[row * H + i]);
                    let biases = &b[direction * 2 * C::GATES * H..];
                    (bias_ih[to], bias_hh[to]) = (biases[from * H + h], biases[(C::GATES + from) * H + h]);
                    if C::GATES == 3 && gate == 2 && !case.flag("linear_before_reset") {
                        // The bias of the new gate's hidden side stands outside of the reset gate.
                        bias_ih[to] += std::mem::take(&mut bias_hh[to]);
                    }
                }
            }
        }
        let mut x = case.floats("in.X");
        let n = x.len() / (T * IN);
        if !batch_first {
            x = swapped(&x, [T, n, IN]);
        }
        let flip = |x: &[f32], row: usize| -> Vec<f32> {
            x.chunks(T * row).flat_map(|x| x.chunks(row).rev().flatten().copied().collect::<Vec<_>>()).collect()
        };
        if reverse {
            x = flip(&x, IN);
        }
        // The state is `[directions, n, H]`; with the batch first ONNX has `[n, directions, H]`.
        let part = D::COUNT * n * H;
        let mut state = Vec::new();
        for name in &["in.initial_h", "in.initial_c"][..C::STATES] {
            let h = if case.has(name) { case.floats(name) } else { vec![0.0; part] };
            state.extend(if batch_first { swapped(&h, [n, D::COUNT, H]) } else { h });
        }
        let mut arena = vec![0.0; n * <Net<C, IN, H, D> as tensorlet::Layer<[[f32; IN]; T]>>::PEAK];
        let y = tensorlet::Layer::<[[f32; IN]; T]>::forward_with_state(&*net, k, <_>::view(&x), &mut state, &mut arena);
        let mut y = Tensor::flat(y.expect("enough memory")).to_vec();
        if reverse {
            y = flip(&y, D::COUNT * H);
        }
        if case.has("out.Y") {
            // `[n, T, directions, H]`, or `[T, directions, n, H]`.
            let y = if batch_first { y } else { swapped(&y, [n, T * D::COUNT, H]) };
            case.compare("out.Y", &y);
        }
        for (name, part) in ["out.Y_h", "out.Y_c"].into_iter().zip(state.chunks(part)) {
            if case.has(name) {
                let h = if batch_first { swapped(part, [D::COUNT, n, H]) } else { part.to_vec() };
                case.compare(name, &h);
            }
        }
    }
}
