//! Multi-head attention.

use rand_core::Rng;

use super::{
    attended::Attended,
    flat::{self, Masking, Sizes, Weights},
    whole_workspace,
};
use crate::{
    Error, Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::Kernels,
    layer::{Bias, Drawn, Layer, Linear, Noise, Pass, Train, dropout, recurrent::GateBias},
    memory::{self, End, Input, cut, split},
    message::{Part, fail},
    random,
    shape::Shape,
};

/// Multi-head attention (Vaswani et al., 2017) of vectors of `E` numbers:
/// PyTorch's `nn.MultiheadAttention(E, HEADS, batch_first=True)`; with [`NoBias`](crate::NoBias) for `B`
/// its `bias=False`.
///
/// As a [`Layer<[[f32; E]; T]>`](crate::Layer) it is self-attention: a sequence attends to itself, with
/// `CAUSAL` each step to itself and those before it. [`attend`](Self::attend) takes queries, keys and values
/// that differ, with masks, and gives the attention weights.
///
/// In training the tape holds the projections and the context; attention weights are computed again on
/// the way back, so that their square of the length is needed for one head only.
///
/// ```
/// use tensorlet::{Layer, Module, MultiheadAttention, Portable, Tensor};
/// type Attention = MultiheadAttention<8, 2>;
/// type Sequence = [[f32; 8]; 5];
/// assert_eq!(Attention::PARAMETERS, 4 * (8 * 8 + 8));
/// let mut arena = [0.0; <Attention as Layer<Sequence>>::PEAK];
/// let y = Attention::ZERO.forward(Portable, &[Sequence::ZERO], &mut arena).unwrap();
/// assert_eq!(y, [Sequence::ZERO]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct MultiheadAttention<
    const E: usize,
    const HEADS: usize,
    const CAUSAL: bool = false,
    B = [f32; E],
    O = B,
    N = Drawn,
> {
    /// The projections of queries, keys and values, each stored `[E in][E out]`.
    pub in_proj_weight: [[[f32; E]; E]; 3],
    /// Their biases.
    pub in_proj_bias: [B; 3],
    /// The projection of what the heads attended to.
    pub out_proj: Linear<E, E, O>,
    /// The probability with which an attention weight is dropped in training, 0 by default. Only
    /// self-attention as a layer does so.
    pub dropout: f32,
    /// Where the random numbers of dropout come from, one for each attention weight.
    pub noise: N,
}

impl<const E: usize, const HEADS: usize, const CAUSAL: bool, B: GateBias<E>, O: Bias<E>, N: Noise>
    MultiheadAttention<E, HEADS, CAUSAL, B, O, N>
{
    const PROJECT: ParameterInfo =
        ParameterInfo { name: "in_proj_weight", shape: Shape::new(&[3 * E, E]), layout: Layout::TransposedBlocks(3) };
    const PROJECT_BIAS: ParameterInfo =
        ParameterInfo { name: "in_proj_bias", shape: Shape::new(&[3 * E]), layout: Layout::RowMajor };
    const OUT: ParameterInfo =
        ParameterInfo { name: "out_proj.weight", shape: Shape::new(&[E, E]), layout: Layout::Transposed };
    const OUT_BIAS: ParameterInfo =
        ParameterInfo { name: "out_proj.bias", shape: Shape::new(&[E]), layout: Layout::RowMajor };
    const INFOS: &'static [ParameterInfo] = match (B::LEN, O::LEN) {
        (0, 0) => &[Self::PROJECT, Self::OUT],
        (0, _) => &[Self::PROJECT, Self::OUT, Self::OUT_BIAS],
        (_, 0) => &[Self::PROJECT, Self::PROJECT_BIAS, Self::OUT],
        _ => &[Self::PROJECT, Self::PROJECT_BIAS, Self::OUT, Self::OUT_BIAS],
    };

    const fn sizes(queries: usize, keys: usize) -> Sizes {
        if HEADS == 0 || !E.is_multiple_of(HEADS) {
            fail(&[
                Part::Text("shape mismatch: `MultiheadAttention` cannot divide "),
                Part::Number(E),
                Part::Text(" numbers into "),
                Part::Number(HEADS),
                Part::Text(" heads"),
            ]);
        }
        Sizes { queries, keys, embed: E, heads: HEADS, width: E / HEADS }
    }

    /// Whether attention weights are dropped in this pass.
    fn drops(&self, pass: &Pass) -> bool {
        pass.training && self.dropout > 0.0
    }

    /// Drops attention weights, the same in every call for a pass.
    fn dropping(&self, pass: &Pass) -> impl FnMut(&mut [f32]) {
        let mut noise = self.noise.numbers(pass, random::uniform);
        let (p, scale) = (self.dropout, dropout::scale(self.dropout));
        move |weights| {
            for (weight, u) in weights.iter_mut().zip(&mut noise) {
                *weight *= if u < p { 0.0 } else { scale };
            }
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            project: self.in_proj_weight.elements(),
            project_bias: B::flat(&self.in_proj_bias),
            out: self.out_proj.weight.elements(),
            out_bias: self.out_proj.bias.values(),
        }
    }

    /// Words per sample of the workspace of [`attend`](Self::attend) with so many queries and keys, and of
    /// [`attend_backward`](Self::attend_backward) after it.
    #[must_use]
    pub const fn workspace(queries: usize, keys: usize) -> usize {
        let sizes = Self::sizes(queries, keys);
        sizes.projected() + sizes.context() + sizes.backward_scratch()
    }

    /// Attention of queries to keys and values: `y`, and the attention weights of every head unless
    /// `weights` is empty (PyTorch's `average_attn_weights=False`; [`ops::mean`](crate::ops::mean) over
    /// the heads averages them). The workspace holds what the backward pass needs.
    ///
    /// A query that may attend to no key gives NaN, as in PyTorch.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] when the workspace has fewer words than samples times
    /// [`workspace`](Self::workspace); [`Error::BatchMismatch`] when queries, keys, values and masks differ
    /// in number, [`Error::EmptyBatch`] when there are none.
    ///
    /// ```
    /// use tensorlet::{Module, MultiheadAttention, Portable, layer::Attended};
    /// type Attention = MultiheadAttention<4, 2>;
    /// let (query, memory) = ([[[1.0; 4]; 2]], [[[1.0; 4]; 3]]);
    /// let inputs = Attended { key_padding_mask: Some(&[[0, 0, 1]]), ..Attended::new(&query, &memory, &memory) };
    /// let mut workspace = [0.0; Attention::workspace(2, 3)];
    /// let (mut weights, mut y) = ([[[[0.0; 3]; 2]; 2]], [[[0.0; 4]; 2]]);
    /// Attention::ZERO.attend(Portable, &inputs, &mut weights, &mut workspace, &mut y)?;
    /// assert_eq!(weights, [[[[0.5, 0.5, 0.0]; 2]; 2]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    pub fn attend<K: Kernels, const L: usize, const S: usize>(
        &self,
        k: K,
        inputs: &Attended<'_, E, L, S>,
        weights: &mut [[[[f32; S]; L]; HEADS]],
        workspace: &mut [f32],
        y: &mut [[[f32; E]; L]],
    ) -> Result<(), Error> {
        inputs.check(HEADS)?;
        let n = inputs.query.len();
        if y.len() != n {
            return Err(Error::BatchMismatch { inputs: n, targets: y.len() });
        }
        let workspace = whole_workspace(workspace, n * Self::workspace(L, S))?;
        let sizes = const { Self::sizes(L, S) };
        flat::forward(
            k,
            (sizes, n),
            self.weights(),
            (flat_inputs(inputs), &Self::masking(inputs), None),
            flat::areas(sizes, n, workspace),
            Tensor::flat_mut(weights),
            Tensor::flat_mut(y),
        );
        Ok(())
    }

    fn masking<'a, const L: usize, const S: usize>(
        inputs: &'a Attended<'a, E, L, S>,
    ) -> impl Fn(usize, usize, &mut [f32]) + 'a {
        |sample, head, scores| {
            inputs.mask(HEADS, sample, head, scores);
            if CAUSAL {
                flat::causal(const { Self::sizes(L, S) }, scores);
            }
        }
    }

    /// Adds the gradients of [`attend`](Self::attend), whose workspace this is, to those of queries, keys
    /// and values (an empty slice takes none) and to that of the parameters, unless `grad` is empty.
    /// `dweights` is the gradient of the attention weights, empty if only `y` was used.
    ///
    /// # Errors
    /// As [`attend`](Self::attend).
    #[allow(clippy::type_complexity, reason = "the gradients of three inputs")]
    pub fn attend_backward<K: Kernels, const L: usize, const S: usize>(
        &self,
        k: K,
        inputs: &Attended<'_, E, L, S>,
        (dy, dweights): (&[[[f32; E]; L]], &[[[[f32; S]; L]; HEADS]]),
        workspace: &mut [f32],
        (dquery, dkey, dvalue): (&mut [[[f32; E]; L]], &mut [[[f32; E]; S]], &mut [[[f32; E]; S]]),
        grad: &mut [f32],
    ) -> Result<(), Error> {
        inputs.check(HEADS)?;
        let n = inputs.query.len();
        if dy.len() != n {
            return Err(Error::BatchMismatch { inputs: n, targets: dy.len() });
        }
        let workspace = whole_workspace(workspace, n * Self::workspace(L, S))?;
        let sizes = const { Self::sizes(L, S) };
        let [projected, context, scratch] = flat::areas(sizes, n, workspace);
        let weights = self.weights();
        flat::backward(
            k,
            (sizes, n),
            weights,
            (flat_inputs(inputs), &Self::masking(inputs), None),
            [&mut *projected, context, scratch],
            [Tensor::flat(dy), Tensor::flat(dweights)],
            grad,
        );
        let gradients = [Tensor::flat_mut(dquery), Tensor::flat_mut(dkey), Tensor::flat_mut(dvalue)];
        flat::input_gradient(k, (sizes, n), weights.project, projected, gradients);
        Ok(())
    }
}

fn flat_inputs<'a, const E: usize, const L: usize, const S: usize>(inputs: &Attended<'a, E, L, S>) -> flat::Inputs<'a> {
    [Tensor::flat(inputs.query), Tensor::flat(inputs.key), Tensor::flat(inputs.value)]
}

impl<const E: usize, const HEADS: usize, const CAUSAL: bool, B: GateBias<E>, O: Bias<E>, N: Noise> Module
    for MultiheadAttention<E, HEADS, CAUSAL, B, O, N>
{
    const ZERO: Self = Self {
        in_proj_weight: [[[0.0; E]; E]; 3],
        in_proj_bias: [B::BLANK; 3],
        out_proj: <Linear<E, E, O> as Module>::ZERO,
        dropout: 0.0,
        noise: N::NEW,
    };
    const PARAMETERS: usize = 4 * E * E + 3 * B::LEN + O::LEN;

    /// As PyTorch draws them: the projections by [`init::xavier_uniform`] of their `[3 E, E]`, the last one
    /// as a linear layer's, no biases.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let fans = init::Fans { fan_in: E, fan_out: 3 * E };
        init::xavier_uniform(&mut self.in_proj_weight, fans, 1.0, rng);
        B::flat_mut(&mut self.in_proj_bias).fill(0.0);
        let bound = init::default_bound(E);
        init::uniform(&mut self.out_proj.weight, -bound, bound, rng);
        self.out_proj.bias.values_mut().fill(0.0);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("dropout"), self.dropout);
        let info = &Self::PROJECT;
        let parameter = Parameter { path: path.join(info.name), info, trained: true };
        visitor.parameter(parameter, self.in_proj_weight.elements());
        let values = B::flat(&self.in_proj_bias);
        if !values.is_empty() {
            let info = &Self::PROJECT_BIAS;
            visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
        }
        self.out_proj.parameters(path.join("out_proj"), visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        let info = &Self::PROJECT;
        let parameter = Parameter { path: path.join(info.name), info, trained: true };
        visitor.parameter(parameter, self.in_proj_weight.elements_mut());
        let values = B::flat_mut(&mut self.in_proj_bias);
        if !values.is_empty() {
            let info = &Self::PROJECT_BIAS;
            visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
        }
        self.out_proj.parameters_mut(path.join("out_proj"), visitor);
    }
}

/// No mask, or the causal one.
fn self_masking<const CAUSAL: bool>(sizes: Sizes) -> impl Fn(usize, usize, &mut [f32]) {
    move |_, _, scores| {
        if CAUSAL {
            flat::causal(sizes, scores);
        }
    }
}

impl<const E: usize, const HEADS: usize, const CAUSAL: bool, B: GateBias<E>, O: Bias<E>, N: Noise, const T: usize>
    Layer<[[f32; E]; T]> for MultiheadAttention<E, HEADS, CAUSAL, B, O, N>
{
    type Out = [[f32; E]; T];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::SelfAttention { heads: HEADS, causal: CAUSAL },
        input: <[[f32; E]; T]>::SHAPE,
        output: <[[f32; E]; T]>::SHAPE,
        parameters: Self::INFOS,
        macs: 4 * T * E * E + 2 * T * T * E,
    });
    const PEAK: usize = 2 * T * E + Self::sizes(T, T).projected() + Self::sizes(T, T).scratch();
    const PEAK_GIVEN: usize = T * E + Self::sizes(T, T).projected() + Self::sizes(T, T).scratch();

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[f32; E]; T]>, _: &mut [f32], arena: &mut [f32]) -> End {
        let sizes = const { Self::sizes(T, T) };
        let n = input.n();
        let mask = self_masking::<CAUSAL>(sizes);
        memory::out_of_place(input, arena, |x, y: &mut [[[f32; E]; T]], scratch| {
            let x = Tensor::flat(x);
            let (projected, scratch) = split(scratch, n * sizes.projected());
            let masking: Masking<'_> = &mask;
            let areas = [projected, &mut [], scratch];
            flat::forward(k, (sizes, n), self.weights(), ([x; 3], masking, None), areas, &mut [], Tensor::flat_mut(y));
        })
    }
}

impl<const E: usize, const HEADS: usize, const CAUSAL: bool, B: GateBias<E>, O: Bias<E>, N: Noise, const T: usize>
    Train<[[f32; E]; T]> for MultiheadAttention<E, HEADS, CAUSAL, B, O, N>
{
    /// Projections, context, scratch, output.
    const TAPE: usize = Self::workspace(T, T) + T * E;
    const DIFFERS_IN_TRAINING: bool = true;

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (sizes, n) = (const { Self::sizes(T, T) }, pass.n);
        let (y, workspace) = cut(tape, End::High, n * T * E);
        let mask = self_masking::<CAUSAL>(sizes);
        let areas = flat::areas(sizes, n, workspace);
        let [mut drop, mut again] = [(); 2].map(|()| self.dropping(&pass));
        let inputs = ([&*x; 3], &mask as Masking<'_>, self.drops(&pass).then_some([&mut drop as _, &mut again as _]));
        flat::forward(k, (sizes, n), self.weights(), inputs, areas, &mut [], y);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (sizes, n) = (const { Self::sizes(T, T) }, pass.n);
        let (dy, workspace) = cut(tape, End::High, n * T * E);
        let mask = self_masking::<CAUSAL>(sizes);
        let [projected, context, scratch] = flat::areas(sizes, n, workspace);
        let weights = self.weights();
        let areas = [&mut *projected, context, scratch];
        let [mut drop, mut again] = [(); 2].map(|()| self.dropping(&pass));
        let inputs = ([&*x; 3], &mask as Masking<'_>, self.drops(&pass).then_some([&mut drop as _, &mut again as _]));
        flat::backward(k, (sizes, n), weights, inputs, areas, [dy, &[]], grad);
        if pass.input_gradient {
            flat::self_gradient(k, (sizes, n), weights.project, projected, x);
        }
    }
}
