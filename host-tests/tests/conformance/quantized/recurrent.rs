//! Long short-term memory on integers.

use tensorlet::{
    Kernels, Layer, Tensor,
    quantized::{
        ForDsp, ForMve, Lstm, LstmCell, LstmScales, Multiplier, Packing, QuantizeError, RowMajor, Twice, int16,
    },
};

use super::{bytes, integer};
use crate::{Adapter, case::Case};

/// The gates' names in PyTorch's order.
const GATES: [&str; 4] = ["input", "forget", "cell", "output"];

fn number(case: &Case, name: &str) -> i32 {
    integer(case, name).unwrap_or_else(|| panic!("no attribute {name}"))
}

fn multiplier(case: &Case, name: &str) -> Multiplier {
    Multiplier {
        multiplier: number(case, &format!("{name}_multiplier")),
        shift: number(case, &format!("{name}_shift")),
    }
}

/// The tensors of all gates, one behind the other.
fn gates<T>(kind: &str, tensor: impl Fn(&str) -> Vec<T>) -> Vec<T> {
    GATES.iter().flat_map(|gate| tensor(&format!("in.{gate}_gate_{kind}"))).collect()
}

fn cell(case: &Case) -> LstmCell {
    LstmCell {
        forget_to_cell: multiplier(case, "forget_to_cell"),
        input_to_cell: multiplier(case, "input_to_cell"),
        output: multiplier(case, "output"),
        output_zero: number(case, "output_zero_point"),
        clip: number(case, "cell_clip").try_into().expect("an int16"),
        tanh_shift: number(case, "cell_scale_power") + 12,
    }
}

fn multipliers(case: &Case, side: &str) -> [Multiplier; 4] {
    GATES.map(|gate| multiplier(case, &format!("{gate}_gate_{side}")))
}

/// The same numbers with the first two of three dimensions exchanged, where time comes first.
fn samples_first<T: Copy>(case: &Case, x: &[T], [samples, steps, features]: [usize; 3]) -> Vec<T> {
    if !case.flag("time_major") {
        return x.to_vec();
    }
    (0..x.len()).map(|i| x[(i / features % steps * samples + i / features / steps) * features + i % features]).collect()
}

/// Compares outputs, as a whole sequence, and step by step with the state carried on.
fn check<K: Kernels, X, L, const T: usize>(k: K, case: &Case, layer: &L, x: &[[X; T]], shape: [usize; 3])
where
    X: Tensor,
    L: Layer<[X; T], Out: Tensor<Elem: Into<i64>>> + Layer<[X; 1], Out: Tensor<Elem: Into<i64>>>,
{
    let mut arena = vec![0.0; x.len() * <L as Layer<[X; T]>>::PEAK];
    let y = Layer::<[X; T]>::forward(layer, k, x, &mut arena).expect("all is large enough");
    let whole: Vec<i64> = Tensor::flat(y).iter().map(|&y| y.into()).collect();

    let mut stepped = Vec::new();
    for x in x {
        let mut state = vec![0.0; <L as Layer<[X; 1]>>::STATE];
        let mut arena = vec![0.0; <L as Layer<[X; 1]>>::PEAK];
        for x in x {
            let y = Layer::<[X; 1]>::forward_with_state(layer, k, &[[*x]], &mut state, &mut arena);
            stepped.extend(Tensor::flat(y.expect("all is large enough")).iter().map(|&y| -> i64 { y.into() }));
        }
    }
    if whole != stepped {
        case.fail("steps with the state carried on differ from the whole sequence".to_owned());
    }
    // Back to the order of the case.
    let [samples, steps, hidden] = shape;
    let mut y = samples_first(case, &whole, [steps, samples, hidden]);
    if !case.flag("time_major") {
        y = whole;
    }
    case.compare_integers("out.y", y);
}

/// On int8: features, units, steps, samples.
pub(crate) struct Narrow<const IN: usize, const H: usize, const T: usize, const N: usize>;

impl<const IN: usize, const H: usize, const T: usize, const N: usize> Adapter for Narrow<IN, H, T, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        fn packed<const IN: usize, const H: usize, const T: usize, const N: usize, P: Packing, K: Kernels>(
            k: K,
            case: &Case,
        ) {
            let scales = LstmScales {
                input_zero: (-number(case, "input_zero_point")).try_into().expect("an int8"),
                input: multipliers(case, "input"),
                hidden: multipliers(case, "hidden"),
                cell: cell(case),
            };
            let weights = |kind: &str| gates(kind, |name| bytes(case, name));
            let bias = gates("bias", |name| super::words(case, name));
            let layer = Lstm::<IN, H, P, Twice>::from_scales(
                &weights("input_weights"),
                &weights("hidden_weights"),
                &bias,
                scales,
            );
            let layer = match layer {
                Err(QuantizeError::WeightOutOfRange { .. }) => return,
                layer => layer.expect("sound parameters"),
            };
            let x = samples_first(case, &bytes(case, "in.x"), [N, T, IN]);
            check(k, case, &layer, <[[i8; IN]; T]>::view(&x), [N, T, H]);
        }
        packed::<IN, H, T, N, RowMajor, K>(k, case);
        packed::<IN, H, T, N, ForDsp, K>(k, case);
        packed::<IN, H, T, N, ForMve, K>(k, case);
    }
}

/// The same on int16.
pub(crate) struct Wide<const IN: usize, const H: usize, const T: usize, const N: usize>;

impl<const IN: usize, const H: usize, const T: usize, const N: usize> Adapter for Wide<IN, H, T, N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        assert_eq!(number(case, "input_zero_point"), 0);
        let scales = int16::LstmScales {
            input: multipliers(case, "input"),
            hidden: multipliers(case, "hidden"),
            cell: cell(case),
        };
        let weights = |kind: &str| gates(kind, |name| bytes(case, name));
        let bias = gates("bias", |name| case.integers(name));
        let layer =
            int16::Lstm::<IN, H>::from_scales(&weights("input_weights"), &weights("hidden_weights"), &bias, scales);
        let x: Vec<i16> = case.integers("in.x").into_iter().map(|x| x.try_into().expect("an int16")).collect();
        let x = samples_first(case, &x, [N, T, IN]);
        check(k, case, &layer.expect("sound parameters"), <[[i16; IN]; T]>::view(&x), [N, T, H]);
    }
}
