//! Time steps of recurrent cells.

use std::hint::black_box;

use tensorlet::{GruCell, Kernels, Layer, LstmCell, Tensor};

use super::{Token, Work, boxed};
use crate::{
    arrays::{Aligned, Arrays},
    case::Cell,
    contestant::Contestant,
    ours::window::Line,
    parameters,
};

type X = [f32; Cell::INPUTS];

pub(super) fn cell(cell: Cell, n: usize, arrays: &Arrays, token: Token) -> Box<dyn Contestant> {
    match cell {
        Cell::Lstm => boxed(token, Step::<LstmCell<{ Cell::INPUTS }, { Cell::HIDDEN }>>::new(n, arrays)),
        Cell::Gru => boxed(token, Step::<GruCell<{ Cell::INPUTS }, { Cell::HIDDEN }>>::new(n, arrays)),
    }
}

struct Step<N> {
    net: Box<Line<N>>,
    n: usize,
    x: Aligned,
    state: Aligned,
    arena: Aligned,
}

impl<N: Layer<X>> Step<N> {
    fn new(n: usize, arrays: &Arrays) -> Self {
        let mut net = Box::new(Line(N::ZERO));
        parameters::load(&mut net.0, arrays);
        let state = [&arrays["h"], &arrays["c"]].concat();
        let arena = Aligned::zeros(n * N::PEAK);
        Self { net, n, x: Aligned::of(&arrays["x"]), state: Aligned::of(&state), arena }
    }
}

impl<N: Layer<X> + 'static> Work for Step<N> {
    const EACH: bool = true;
    const FORM: &'static str = "cell.forward_with_state in an arena";

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            let x = black_box(X::view(&self.x));
            black_box(self.net.0.forward_with_state(k, x, &mut self.state, &mut self.arena)).expect("the arena fits");
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        self.repeat(k, 1);
        let (h, c) = self.state.split_at(self.n * Cell::HIDDEN);
        let answer = Arrays::default().with("h", &[self.n, Cell::HIDDEN], h.to_vec());
        if c.is_empty() { answer } else { answer.with("c", &[self.n, Cell::HIDDEN], c.to_vec()) }
    }
}
