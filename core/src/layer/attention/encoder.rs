//! Blocks of a transformer's encoder.

use rand_core::Rng;

use super::MultiheadAttention;
use crate::{
    Dropout, LayerNorm, Linear, Module, Path, Relu, Residual, Visitor, VisitorMut,
    description::{Description, Named},
    kernel::Kernels,
    layer::{Drawn, Layer, Noise, Pass, Train},
    memory::{End, Input},
};

/// Attention and the dropout behind it.
type Attend<const E: usize, const HEADS: usize, const CAUSAL: bool, N> =
    (MultiheadAttention<E, HEADS, CAUSAL, [f32; E], [f32; E], N>, Dropout<N>);
/// The two linear layers with what is between and behind them.
type Feed<const E: usize, const FF: usize, A, N> = (Linear<E, FF>, (A, (Dropout<N>, (Linear<FF, E>, Dropout<N>))));
type Norm<const E: usize> = LayerNorm<[f32; E]>;

/// The parts of a block where normalisation comes last.
type NormLast<const E: usize, const HEADS: usize, const FF: usize, A, const CAUSAL: bool, N> =
    (Residual<Attend<E, HEADS, CAUSAL, N>>, (Norm<E>, (Residual<Feed<E, FF, A, N>>, Norm<E>)));
/// The parts of a block where it comes first.
type NormFirst<const E: usize, const HEADS: usize, const FF: usize, A, const CAUSAL: bool, N> =
    (Residual<(Norm<E>, Attend<E, HEADS, CAUSAL, N>)>, Residual<(Norm<E>, Feed<E, FF, A, N>)>);

/// A block of a transformer's encoder (Vaswani et al., 2017) for sequences of vectors of `E` numbers, with
/// normalisation behind each part: `x ← norm1(x + attention(x))`, `x ← norm2(x + linear2(f(linear1(x))))`.
/// PyTorch's `nn.TransformerEncoderLayer(E, HEADS, FF, activation=…, batch_first=True)`.
///
/// The activation `A` is [`Relu`] unless given, such as [`Gelu`](crate::Gelu). With `CAUSAL` each step attends
/// only to itself and those before it. Dropout, also of attention weights, has the probability 0.1 unless
/// [`set_dropout`](Self::set_dropout) changes it; its random numbers come from `N`.
///
/// ```
/// use tensorlet::{Gelu, Layer, Module, TransformerEncoderLayer};
/// type Block = TransformerEncoderLayer<16, 2, 32, Gelu>;
/// assert_eq!(Block::PARAMETERS, 4 * (16 * 16 + 16) + (16 + 1) * 32 + (32 + 1) * 16 + 2 * 2 * 16);
/// const WORDS: usize = <Block as Layer<[[f32; 16]; 8]>>::PEAK;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct TransformerEncoderLayer<
    const E: usize,
    const HEADS: usize,
    const FF: usize,
    A = Relu,
    const CAUSAL: bool = false,
    N = Drawn,
>(
    /// Its parts, one behind the other.
    pub NormLast<E, HEADS, FF, A, CAUSAL, N>,
);

/// [`TransformerEncoderLayer`] with normalisation before each part (pre-LN, Xiong et al., 2020):
/// `x ← x + attention(norm1(x))`, `x ← x + linear2(f(linear1(norm2(x))))`.
/// PyTorch's `nn.TransformerEncoderLayer(…, norm_first=True)`.
///
/// ```
/// use tensorlet::{Gelu, Layer, LastStep, Linear, Module, NormFirstEncoderLayer, Portable};
/// type Net = (NormFirstEncoderLayer<8, 2, 16, Gelu, true>, (LastStep, Linear<8, 3>));
/// const WORDS: usize = <Net as Layer<[[f32; 8]; 5]>>::PEAK;
/// let mut arena = [0.0; WORDS];
/// assert_eq!(Net::ZERO.forward(Portable, &[[[1.0; 8]; 5]], &mut arena), Ok(&[[0.0; 3]][..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct NormFirstEncoderLayer<
    const E: usize,
    const HEADS: usize,
    const FF: usize,
    A = Relu,
    const CAUSAL: bool = false,
    N = Drawn,
>(
    /// Its parts, one behind the other.
    pub NormFirst<E, HEADS, FF, A, CAUSAL, N>,
);

/// PyTorch's default.
const DROPOUT: f32 = 0.1;

/// The parts of a block by PyTorch's names, wherever they stand.
macro_rules! encoder_layer {
    ($name:ident, $parts:ident, |$p:pat_param| [$($part:ident),+] [$($probability:expr),+] $description:expr) => {
        impl<const E: usize, const HEADS: usize, const FF: usize, A: Module, const CAUSAL: bool, N: Noise>
            $name<E, HEADS, FF, A, CAUSAL, N>
        {
            /// Sets the probability of dropout everywhere in the block.
            pub fn set_dropout(&mut self, p: f32) {
                Self::with_dropout(&mut self.0, p);
            }

            #[allow(unused_variables, reason = "the pattern names all parts")]
            const fn with_dropout(parts: &mut $parts<E, HEADS, FF, A, CAUSAL, N>, p: f32) {
                let $p = parts;
                $($probability = p;)+
            }
        }

        impl<const E: usize, const HEADS: usize, const FF: usize, A: Module, const CAUSAL: bool, N: Noise> Module
            for $name<E, HEADS, FF, A, CAUSAL, N>
        {
            const ZERO: Self = {
                let mut parts = <$parts<E, HEADS, FF, A, CAUSAL, N> as Module>::ZERO;
                Self::with_dropout(&mut parts, DROPOUT);
                Self(parts)
            };
            const PARAMETERS: usize = <$parts<E, HEADS, FF, A, CAUSAL, N> as Module>::PARAMETERS;

            fn init<R: Rng>(&mut self, rng: &mut R) {
                self.0.init(rng);
            }

            #[inline]
            fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
                let $p = &self.0;
                $($part.parameters(path.join(stringify!($part)), visitor);)+
            }

            #[inline]
            fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
                let $p = &mut self.0;
                $($part.parameters_mut(path.join(stringify!($part)), visitor);)+
            }
        }

        impl<const E: usize, const HEADS: usize, const FF: usize, A, const CAUSAL: bool, N: Noise, const T: usize>
            Layer<[[f32; E]; T]> for $name<E, HEADS, FF, A, CAUSAL, N>
        where
            A: Layer<[[f32; FF]; T], Out = [[f32; FF]; T]>,
        {
            type Out = [[f32; E]; T];
            const DESCRIPTION: Description = $description;
            const PEAK: usize = <$parts<E, HEADS, FF, A, CAUSAL, N> as Layer<[[f32; E]; T]>>::PEAK;
            const PEAK_GIVEN: usize = <$parts<E, HEADS, FF, A, CAUSAL, N> as Layer<[[f32; E]; T]>>::PEAK_GIVEN;

            #[inline]
            fn infer<K: Kernels>(
                &self,
                k: K,
                input: Input<'_, [[f32; E]; T]>,
                state: &mut [f32],
                arena: &mut [f32],
            ) -> End {
                self.0.infer(k, input, state, arena)
            }
        }

        impl<const E: usize, const HEADS: usize, const FF: usize, A, const CAUSAL: bool, N: Noise, const T: usize>
            Train<[[f32; E]; T]> for $name<E, HEADS, FF, A, CAUSAL, N>
        where
            A: Train<[[f32; FF]; T], Out = [[f32; FF]; T]>,
        {
            const TAPE: usize = <$parts<E, HEADS, FF, A, CAUSAL, N> as Train<[[f32; E]; T]>>::TAPE;
            const TAPE_LEAF: usize = <$parts<E, HEADS, FF, A, CAUSAL, N> as Train<[[f32; E]; T]>>::TAPE_LEAF;
            const OVERWRITES_X: bool = <$parts<E, HEADS, FF, A, CAUSAL, N> as Train<[[f32; E]; T]>>::OVERWRITES_X;
            const OVERWRITES_DY: bool = <$parts<E, HEADS, FF, A, CAUSAL, N> as Train<[[f32; E]; T]>>::OVERWRITES_DY;
            const DIFFERS_IN_TRAINING: bool = true;

            #[inline]
            fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
                Train::<[[f32; E]; T]>::forward_train(&self.0, k, pass, x, state, tape);
            }

            #[inline(always)]
            fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
                <$parts<E, HEADS, FF, A, CAUSAL, N> as Train<[[f32; E]; T]>>::out(pass, x, tape)
            }

            #[inline]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
                Train::<[[f32; E]; T]>::backward(&mut self.0, k, pass, x, tape, grad);
            }
        }
    };
}

/// A part of a block as its description.
macro_rules! part {
    ($name:literal, $x:ty, $layer:ty) => {
        Named { name: $name, description: &<$layer as Layer<$x>>::DESCRIPTION }
    };
}

/// A residual part, whose parts have their names in the block.
macro_rules! residual {
    ($($part:expr),+) => {
        Named { name: "", description: &Description::Residual(&Description::Network { name: "", layers: &[$($part),+] }) }
    };
}

encoder_layer! {
    TransformerEncoderLayer, NormLast,
    |(
        Residual((self_attn, dropout1)),
        (norm1, (Residual((linear1, (activation, (dropout, (linear2, dropout2))))), norm2)),
    )| [self_attn, dropout1, norm1, linear1, activation, dropout, linear2, dropout2, norm2]
    [self_attn.dropout, dropout1.p, dropout.p, dropout2.p]
    Description::Network {
        name: "TransformerEncoderLayer",
        layers: &[
            residual!(
                part!("self_attn", [[f32; E]; T], MultiheadAttention<E, HEADS, CAUSAL, [f32; E], [f32; E], N>),
                part!("dropout1", [[f32; E]; T], Dropout<N>)
            ),
            part!("norm1", [[f32; E]; T], Norm<E>),
            residual!(
                part!("linear1", [[f32; E]; T], Linear<E, FF>),
                part!("activation", [[f32; FF]; T], A),
                part!("dropout", [[f32; FF]; T], Dropout<N>),
                part!("linear2", [[f32; FF]; T], Linear<FF, E>),
                part!("dropout2", [[f32; E]; T], Dropout<N>)
            ),
            part!("norm2", [[f32; E]; T], Norm<E>),
        ],
    }
}

encoder_layer! {
    NormFirstEncoderLayer, NormFirst,
    |(
        Residual((norm1, (self_attn, dropout1))),
        Residual((norm2, (linear1, (activation, (dropout, (linear2, dropout2)))))),
    )| [norm1, self_attn, dropout1, norm2, linear1, activation, dropout, linear2, dropout2]
    [self_attn.dropout, dropout1.p, dropout.p, dropout2.p]
    Description::Network {
        name: "TransformerEncoderLayer",
        layers: &[
            residual!(
                part!("norm1", [[f32; E]; T], Norm<E>),
                part!("self_attn", [[f32; E]; T], MultiheadAttention<E, HEADS, CAUSAL, [f32; E], [f32; E], N>),
                part!("dropout1", [[f32; E]; T], Dropout<N>)
            ),
            residual!(
                part!("norm2", [[f32; E]; T], Norm<E>),
                part!("linear1", [[f32; E]; T], Linear<E, FF>),
                part!("activation", [[f32; FF]; T], A),
                part!("dropout", [[f32; FF]; T], Dropout<N>),
                part!("linear2", [[f32; FF]; T], Linear<FF, E>),
                part!("dropout2", [[f32; E]; T], Dropout<N>)
            ),
        ],
    }
}
