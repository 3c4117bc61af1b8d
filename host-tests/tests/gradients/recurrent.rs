//! Recurrent layers, and layers of sequences: gradients through time, layers and both directions.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Bidirectional, Frozen, Gru, GruCell, Kernels, LastStep, Layer, Linear, Lstm, LstmCell, Matrix, MeanStep, NoBias,
    Relu, Residual, Rnn, RnnCell, Tanh, Tensor, TimeDistributed, Train, Unidirectional, Vector,
    layer::{Pass, recurrent::Stateful},
    network, random,
};
use tensorlet_host::on_every_instruction_set;

use crate::gradients;

network! {
    /// A network over sequences with a state in two of its parts.
    pub struct Reader: Matrix<5, 3> {
        rnn1 = Lstm<3, 4>,
        rnn2 = Gru<4, 3, 1, Bidirectional<6>>,
        last = LastStep,
        head = Linear<6, 2>,
    }
}

gradients! {
    rnn_cell: Vector<3> => RnnCell<3, 5>;
    rnn_cell_relu: Vector<3> => RnnCell<3, 11, Relu>;
    gru_cell: Vector<3> => GruCell<3, 5>;
    gru_cell_no_bias: Vector<2> => GruCell<2, 3, NoBias>;
    lstm_cell: Vector<3> => LstmCell<3, 5>;
    lstm_cell_of_one: Vector<1> => LstmCell<1, 1>;

    rnn: Matrix<4, 3> => Rnn<3, 5>;
    rnn_relu: Matrix<4, 3> => Rnn<3, 5, 1, Unidirectional, Relu>;
    rnn_two_layers_both_directions: Matrix<3, 2> => Rnn<2, 3, 2, Bidirectional<6>>;
    rnn_long: Matrix<23, 2> => Rnn<2, 3>;
    gru: Matrix<4, 3> => Gru<3, 5>;
    gru_one_step: Matrix<1, 3> => Gru<3, 2>;
    gru_both_directions: Matrix<6, 2> => Gru<2, 3, 1, Bidirectional<6>>;
    gru_three_layers: Matrix<3, 2> => Gru<2, 3, 3>;
    gru_no_bias: Matrix<5, 3> => Gru<3, 2, 1, Unidirectional, NoBias>;
    lstm: Matrix<4, 3> => Lstm<3, 5>;
    lstm_of_one: Matrix<3, 1> => Lstm<1, 1>;
    lstm_wide: Matrix<5, 4> => Lstm<4, 9>;
    lstm_both_directions: Matrix<6, 2> => Lstm<2, 3, 1, Bidirectional<6>>;
    lstm_two_layers_both_directions: Matrix<3, 2> => Lstm<2, 2, 2, Bidirectional<4>>;
    lstm_no_bias: Matrix<5, 3> => Lstm<3, 2, 2, Unidirectional, NoBias>;

    last_step: Matrix<4, 3> => LastStep;
    mean_step: Matrix<4, 3> => MeanStep;
    linear_at_every_step: Matrix<4, 3> => Linear<3, 5>;
    time_distributed: Matrix<4, 3> => TimeDistributed<(Linear<3, 5>, (Relu, Linear<5, 2>))>;
    time_distributed_in_place: Matrix<4, 3> => TimeDistributed<Relu>;
    time_distributed_twice: [[[f32; 2]; 3]; 4] => TimeDistributed<TimeDistributed<Linear<2, 3>>>;

    reader: Matrix<5, 3> => Reader;
    lstm_behind_a_layer: Matrix<4, 3> => (Linear<3, 2>, (Lstm<2, 3>, (Linear<3, 2>, LastStep)));
    lstm_frozen_front: Matrix<4, 3> => (Frozen<Lstm<3, 2>>, (LastStep, Linear<2, 2>));
    lstm_frozen_middle: Matrix<4, 3> => (Linear<3, 2>, (Frozen<Lstm<2, 2>>, Linear<2, 2>));
    lstm_residual: Matrix<4, 3> => Residual<Lstm<3, 3>>;
    gru_residual_in_place: Matrix<4, 3> => Residual<(Tanh, (Gru<3, 3>, Tanh))>;
}

fn uniform(rng: &mut Xoshiro128PlusPlus, n: usize) -> Vec<f32> {
    (0..n).map(|_| 2.0 * random::uniform(rng) - 1.0).collect()
}

/// A sequence in two halves with the state carried on is the whole sequence, at inference and in
/// training; and the gradient carried back through the state is that of the whole.
fn halves<K, N, const IN: usize, const HALF: usize, const WHOLE: usize>(k: K)
where
    K: Kernels,
    N: Stateful<[[f32; IN]; HALF], Out: Tensor<Elem = f32>> + Stateful<[[f32; IN]; WHOLE], Out: Tensor<Elem = f32>>,
{
    const SAMPLES: usize = 3;
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(7);
    let mut net = Box::new(N::ZERO);
    net.init(&mut rng);
    let state_words = SAMPLES * <N as Layer<[[f32; IN]; WHOLE]>>::STATE;
    let row = <N as Layer<[[f32; IN]; WHOLE]>>::Out::LEN / WHOLE;
    let x = uniform(&mut rng, SAMPLES * WHOLE * IN);
    let initial = uniform(&mut rng, state_words);
    let dy = uniform(&mut rng, SAMPLES * WHOLE * row);
    let final_gradient = uniform(&mut rng, state_words);
    // Half number `i` of every sample.
    let half = |x: &[f32], row: usize, i: usize| -> Vec<f32> {
        x.chunks(WHOLE * row).flat_map(|x| x[i * HALF * row..][..HALF * row].to_vec()).collect()
    };
    let near = |what: &str, a: &[f32], b: &[f32]| {
        assert_eq!(a.len(), b.len(), "{what}");
        let worst = a.iter().zip(b).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(worst < 2e-6, "{what} on {}: {worst}", K::NAME);
    };

    // Inference.
    let mut arena = vec![0.0; SAMPLES * <N as Layer<[[f32; IN]; WHOLE]>>::PEAK];
    let mut whole_state = initial.clone();
    let y = Layer::<[[f32; IN]; WHOLE]>::forward_with_state(&*net, k, <_>::view(&x), &mut whole_state, &mut arena);
    let y = Tensor::flat(y.expect("enough memory")).to_vec();
    let mut state = initial.clone();
    for i in 0..2 {
        let x = half(&x, IN, i);
        let part = Layer::<[[f32; IN]; HALF]>::forward_with_state(&*net, k, <_>::view(&x), &mut state, &mut arena);
        near("output", Tensor::flat(part.expect("enough memory")), &half(&y, row, i));
    }
    near("state", &state, &whole_state);

    // Training: forward over both halves, then backward over both.
    let pass = Pass { n: SAMPLES, input_gradient: true, training: true, seed: 0, ..Pass::NEW };
    let run = |x: &[f32], dy: &[f32], state: &mut [f32], whole: bool| {
        let mut slot = x.to_vec();
        let words = if whole { <N as Train<[[f32; IN]; WHOLE]>>::TAPE } else { <N as Train<[[f32; IN]; HALF]>>::TAPE };
        let mut tape = vec![f32::NAN; SAMPLES * words];
        if whole {
            Train::<[[f32; IN]; WHOLE]>::forward_train(&*net, k, pass, &mut slot, state, &mut tape);
            <N as Train<[[f32; IN]; WHOLE]>>::out(pass, &mut slot, &mut tape).copy_from_slice(dy);
        } else {
            Train::<[[f32; IN]; HALF]>::forward_train(&*net, k, pass, &mut slot, state, &mut tape);
            <N as Train<[[f32; IN]; HALF]>>::out(pass, &mut slot, &mut tape).copy_from_slice(dy);
        }
        (slot, tape)
    };
    let mut state = initial.clone();
    let (mut slot, mut tape) = run(&x, &dy, &mut state, true);
    near("state in training", &state, &whole_state);
    let mut halves_state = initial;
    let mut parts = [0, 1].map(|i| run(&half(&x, IN, i), &half(&dy, row, i), &mut halves_state, false));
    near("state in training of halves", &halves_state, &whole_state);

    let (mut gradient, mut grad) = (final_gradient.clone(), vec![0.0; N::GRAD]);
    Stateful::<[[f32; IN]; WHOLE]>::backward_with_state(
        &mut *net,
        k,
        pass,
        &mut slot,
        &mut gradient,
        &mut tape,
        &mut grad,
    );
    let (mut halves_gradient, mut halves_grad) = (final_gradient, vec![0.0; N::GRAD]);
    for (x, tape) in parts.iter_mut().rev() {
        Stateful::<[[f32; IN]; HALF]>::backward_with_state(
            &mut *net,
            k,
            pass,
            x,
            &mut halves_gradient,
            tape,
            &mut halves_grad,
        );
    }
    for (i, (x, _)) in parts.iter().enumerate() {
        near("gradient of the input", x, &half(&slot, IN, i));
    }
    near("gradient of the initial state", &halves_gradient, &gradient);
    let scale = grad.iter().fold(1.0_f32, |max, g| max.max(g.abs()));
    let scaled = |grad: &[f32]| grad.iter().map(|g| g / scale).collect::<Vec<_>>();
    near("gradients of parameters", &scaled(&halves_grad), &scaled(&grad));
}

macro_rules! halves {
    ($($name:ident: $network:ty;)+) => {
        $(
            #[test]
            fn $name() {
                on_every_instruction_set!(halves::<_, $network, 3, 5, 10>);
            }
        )+
    };
}

halves! {
    halves_of_rnn: Rnn<3, 4>;
    halves_of_rnn_two_layers: Rnn<3, 2, 2>;
    halves_of_gru: Gru<3, 4>;
    halves_of_gru_two_layers: Gru<3, 2, 2>;
    halves_of_lstm: Lstm<3, 4>;
    halves_of_lstm_three_layers: Lstm<3, 2, 3>;
}
