//! The way through a description: layers become nodes, functions and sums join them.

use tensorlet::{
    Description, Shape,
    description::{LayerInfo, Op},
};

use super::{Graph, Node, Operation, Seed, ValueId, join};
use crate::gpu::{OffloadError, activation::Function, layer};

/// The part of the network that is being walked.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) rows: u32,
    pub(super) trained: bool,
    pub(super) training: bool,
    pub(super) seed: Seed,
}

impl Graph<'_> {
    pub(super) fn walk(
        &mut self,
        description: &'static Description,
        path: &str,
        x: ValueId,
        context: Context,
    ) -> Result<ValueId, OffloadError> {
        let chain = |graph: &mut Self, parts: &[(&str, &'static Description)]| {
            let (mut x, mut context) = (x, context);
            for (i, (name, part)) in parts.iter().enumerate() {
                let own = if i + 1 < parts.len() { Context { seed: context.seed.first(), ..context } } else { context };
                x = graph.walk(part, &join(path, name), x, own)?;
                context.seed = context.seed.behind();
            }
            Ok(x)
        };
        match description {
            Description::Layer(info) => self.layer(info, path, x, context),
            Description::Chain(a, b) => chain(self, &[("0", a), ("1", b)]),
            Description::Network { layers, .. } => {
                let parts: Vec<_> = layers.iter().map(|part| (part.name, part.description)).collect();
                chain(self, &parts)
            }
            Description::Residual(inner) => {
                self.values[x.0].uses += 1;
                let y = self.walk(inner, path, x, context)?;
                Ok(self.sum(y, x, path, context))
            }
            Description::Concat(a, b) => {
                self.values[x.0].uses += 1;
                let first = Context { seed: context.seed.first(), ..context };
                let first = self.walk(a, &join(path, "0"), x, first)?;
                self.values[first.0].uses += 1;
                let second = Context { seed: context.seed.behind(), ..context };
                let second = self.walk(b, &join(path, "1"), x, second)?;
                self.values[first.0].uses -= 1;
                self.values[x.0].uses -= 1;
                self.concat([first, second], path, context)
            }
            Description::Frozen(inner) => {
                self.walk(inner, path, x, Context { trained: false, training: false, ..context })
            }
            Description::Steps(inner, steps) => {
                let rows = product(&format!("the steps of `{path}`"), context.rows, *steps)?;
                self.walk(inner, path, x, Context { rows, ..context })
            }
            Description::Repeat(inner, times) => {
                let (mut x, mut behind) = (x, context);
                for _ in 0..*times {
                    x = self.walk(inner, path, x, Context { seed: behind.seed.first(), ..context })?;
                    behind.seed = behind.seed.behind();
                }
                Ok(x)
            }
        }
    }

    fn layer(
        &mut self,
        info: &'static LayerInfo,
        path: &str,
        x: ValueId,
        context: Context,
    ) -> Result<ValueId, OffloadError> {
        match info.op {
            Op::Flatten | Op::View | Op::Identity => return Ok(x),
            Op::Dropout | Op::ChannelDropout if !context.training => return Ok(x),
            Op::Activation(function) => {
                if let Some(function) = Function::from_value(function)
                    && self.joins(x)
                    && let Some(node) = self.nodes.last_mut()
                {
                    node.function = Some(function);
                    self.values[x.0].function = Some(function);
                    return Ok(x);
                }
            }
            _ => {}
        }
        let operation = layer::operation(info, path, self.weights)?;
        let trained = context.trained && self.is_trained(info, path);
        let y = self.output_of(info.output, context.rows, path, self.values[x.0].wanted || trained)?;
        self.push(info, path, (x, y), Context { trained, ..context }, operation);
        Ok(y)
    }

    /// A new value of a layer's output.
    fn output_of(&mut self, shape: Shape, rows: u32, path: &str, wanted: bool) -> Result<ValueId, OffloadError> {
        let what = format!("the output of `{path}`");
        let words = product(&what, rows, shape.numel())?;
        let region = self.buffer(&what, words);
        Ok(self.value(region, words, wanted))
    }

    fn push(
        &mut self,
        info: &'static LayerInfo,
        path: &str,
        (x, y): (ValueId, ValueId),
        Context { rows, trained, training, seed }: Context,
        operation: Box<dyn Operation>,
    ) {
        self.values[x.0].uses += 1;
        self.nodes.push(Node {
            info,
            path: path.to_owned(),
            x,
            y,
            add: None,
            function: None,
            rows,
            training,
            trained,
            seed,
            operation: Some(operation),
        });
    }

    /// Whether the last node made this value, which nobody else uses and which came through no function yet.
    fn joins(&self, x: ValueId) -> bool {
        let fits = |node: &Node| {
            node.y == x && node.function.is_none() && node.operation.as_ref().is_some_and(|it| !it.reads_output())
        };
        self.nodes.last().is_some_and(fits) && self.values[x.0].uses == 0
    }

    fn is_trained(&self, info: &LayerInfo, path: &str) -> bool {
        let trained =
            |name: &str| self.weights.find(&join(path, name)).is_some_and(|slot| self.weights.slots[slot].trained);
        info.parameters.iter().any(|parameter| trained(parameter.name))
    }

    /// `y + x`: part of the node that made `y` where that is possible.
    fn sum(&mut self, y: ValueId, x: ValueId, path: &str, context: Context) -> ValueId {
        let wanted = self.values[x.0].wanted || self.values[y.0].wanted;
        if self.joins(y)
            && y != x
            && let Some(node) = self.nodes.last_mut()
            && node.add.is_none()
        {
            node.add = Some(x);
            self.values[y.0].wanted = wanted;
            return y;
        }
        let words = self.values[y.0].words;
        let region = self.buffer(&format!("the sum of `{path}`"), words);
        let sum = self.value(region, words, wanted);
        self.push(layer::COPY, path, (y, sum), context, Box::new(layer::Copy { words }));
        if let Some(node) = self.nodes.last_mut() {
            node.add = Some(x);
        }
        sum
    }

    /// Both values of each sample side by side.
    fn concat(&mut self, parts: [ValueId; 2], path: &str, context: Context) -> Result<ValueId, OffloadError> {
        let words = parts.map(|part| self.values[part.0].words);
        let wanted = parts.iter().any(|part| self.values[part.0].wanted);
        let region = self.buffer(&format!("the output of `{path}`"), words[0] + words[1]);
        let y = self.value(region, words[0] + words[1], wanted);
        self.push(layer::CONCAT, path, (parts[0], y), context, Box::new(layer::Concat { second: parts[1], words }));
        self.values[parts[1].0].uses += 1;
        Ok(y)
    }
}

/// The most words of a buffer that indices of 32 bits reach in bytes.
const MOST_WORDS: u32 = 1 << 30;

/// `rows · each`, if a buffer can have so many words.
pub(super) fn product(what: &str, rows: u32, each: usize) -> Result<u32, OffloadError> {
    let words = u64::from(rows).saturating_mul(each as u64);
    if words <= u64::from(MOST_WORDS) {
        return Ok(words as u32);
    }
    let most = 4 * u64::from(MOST_WORDS);
    Err(OffloadError::TooLarge { what: what.to_owned(), bytes: words.saturating_mul(4), most })
}
