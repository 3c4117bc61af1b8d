//! candle on the processor.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{
    AdamW, ParamsAdamW, SGD, loss, ops,
    optim::Optimizer as Step,
    rnn::{GRU, GRUConfig, GRUState, LSTM, LSTMConfig, LSTMState, RNN},
};
use tensorlet_benches::{
    arrays::Arrays,
    case::{Case, Cell, Op, Optimizer},
    contestant::Peer,
};

use crate::{
    Contestants,
    networks::{self, Layers},
};

pub(crate) fn contestants(case: &Case, arrays: &Arrays) -> Result<Contestants> {
    let t: BTreeMap<String, Tensor> = arrays
        .0
        .iter()
        .map(|(name, array)| Ok((name.clone(), Tensor::from_slice(&array.data, array.shape.as_slice(), &Device::Cpu)?)))
        .collect::<Result<_>>()?;
    let labels = || t["labels"].to_dtype(candle_core::DType::U32)?.flatten_all();
    let some = |names: &[&str]| names.iter().map(|&name| t[name].clone()).collect::<Vec<_>>();
    Ok(match case.op {
        Op::Matmul { .. } => one(some(&["a", "b"]), &["c"], |t| Ok(vec![t[0].matmul(&t[1])?])),
        Op::Conv(c) => {
            let inputs = vec![t["x"].clone(), t["weight"].clone(), t["bias"].reshape((1, c.out, 1, 1))?];
            one(inputs, &["y"], move |t| Ok(vec![t[0].conv2d(&t[1], c.padding, 1, 1, c.groups)?.broadcast_add(&t[2])?]))
        }
        Op::MaxPool(p) if p.padding == 0 => {
            one(some(&["x"]), &["y"], move |t| Ok(vec![t[0].max_pool2d_with_stride(p.kernel, p.stride)?]))
        }
        Op::CrossEntropy(_) => {
            let (x, labels) = (Var::from_tensor(&t["x"])?, labels()?);
            one((x, labels), &["loss", "gradient"], |(x, labels)| {
                let loss = loss::cross_entropy(x, labels)?;
                let gradients = loss.backward()?;
                Ok(vec![loss, gradients.get(x).cloned().ok_or_else(|| candle_core::Error::Msg("no gradient".into()))?])
            })
        }
        Op::LayerNorm(_) => {
            one(some(&["x", "weight", "bias"]), &["y"], |t| Ok(vec![ops::layer_norm(&t[0], &t[1], &t[2], 1e-5)?]))
        }
        Op::Cell { cell, .. } => recurrent(cell, &t)?,
        Op::Inference { network, .. } if networks::known(network) => {
            one((Parameters(t.clone()), t["x"].clone()), &["y"], move |(parameters, x)| {
                Ok(vec![networks::forward(network, parameters, x.clone())?])
            })
        }
        Op::Train { network, optimizer, lr, .. } if networks::known(network) => {
            let mut variables = BTreeMap::new();
            for (name, value) in t.iter().filter(|(name, _)| name.contains('.')) {
                variables.insert(name.clone(), Var::from_tensor(value)?);
            }
            let all: Vec<Var> = variables.values().cloned().collect();
            let mut optimizer: Box<dyn FnMut(&Tensor) -> Result<()>> = match optimizer {
                Optimizer::Sgd => {
                    let mut sgd = SGD::new(all, f64::from(lr))?;
                    Box::new(move |loss| sgd.backward_step(loss))
                }
                Optimizer::Adam => {
                    let adam = ParamsAdamW { lr: f64::from(lr), weight_decay: 0.0, ..ParamsAdamW::default() };
                    let mut adam = <AdamW as Step>::new(all, adam)?;
                    Box::new(move |loss| adam.backward_step(loss))
                }
            };
            let (x, labels) = (t["x"].clone(), labels()?);
            let names: Vec<String> = variables.keys().cloned().collect();
            let peer = Peer {
                name: "candle",
                form: "autograd, its optimiser",
                state: variables,
                run: move |variables: &mut BTreeMap<String, Var>| {
                    let now = variables.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
                    let y = networks::forward(network, &mut Parameters(now), x.clone())?;
                    optimizer(&loss::cross_entropy(&y, &labels)?)
                },
                answer: move |variables: &mut BTreeMap<String, Var>, _: Result<()>| {
                    let values: Vec<Tensor> = variables.values().map(|var| var.as_tensor().clone()).collect();
                    read(&names, &values)
                },
            };
            vec![Box::new(peer)]
        }
        _ => Vec::new(),
    })
}

/// A contestant whose run gives tensors.
fn one<S: 'static>(
    state: S,
    names: &'static [&'static str],
    mut run: impl FnMut(&mut S) -> Result<Vec<Tensor>> + 'static,
) -> Contestants {
    vec![Box::new(Peer {
        name: "candle",
        form: "eager",
        state,
        run: move |state: &mut S| run(state),
        answer: move |_: &mut S, values: Result<Vec<Tensor>>| read(names, &values.unwrap_or_default()),
    })]
}

fn read<N: AsRef<str>>(names: &[N], values: &[Tensor]) -> Arrays {
    let mut answer = Arrays::default();
    for (name, value) in names.iter().zip(values) {
        let data = value.flatten_all().and_then(|flat| flat.to_vec1()).unwrap_or_default();
        answer.insert(name.as_ref(), value.dims(), data);
    }
    answer
}

fn recurrent(cell: Cell, t: &BTreeMap<String, Tensor>) -> Result<Contestants> {
    let parameters =
        t.iter().filter(|(name, _)| name.contains('_')).map(|(name, value)| (format!("{name}_l0"), value.clone()));
    let variables = candle_nn::VarBuilder::from_tensors(parameters.collect(), candle_core::DType::F32, &Device::Cpu);
    let (x, h) = (t["x"].clone(), t["h"].clone());
    Ok(match cell {
        Cell::Lstm => {
            let lstm = LSTM::new(Cell::INPUTS, Cell::HIDDEN, LSTMConfig::default(), variables)?;
            let state = LSTMState::new(h, t["c"].clone());
            one((lstm, state), &["h", "c"], move |(lstm, state)| {
                let LSTMState { h, c } = lstm.step(&x, state)?;
                Ok(vec![h, c])
            })
        }
        Cell::Gru => {
            let gru = GRU::new(Cell::INPUTS, Cell::HIDDEN, GRUConfig::default(), variables)?;
            one((gru, GRUState { h }), &["h"], move |(gru, state)| Ok(vec![gru.step(&x, state)?.h]))
        }
    })
}

struct Parameters(BTreeMap<String, Tensor>);

impl Parameters {
    fn of(&self, layer: &str) -> [&Tensor; 2] {
        ["weight", "bias"].map(|name| &self.0[&format!("{layer}.{name}")])
    }
}

impl Layers for Parameters {
    type Value = Tensor;
    type Error = candle_core::Error;

    fn conv(&mut self, x: Tensor, name: &str, padding: usize) -> Result<Tensor> {
        let [weight, bias] = self.of(name);
        x.conv2d(weight, padding, 1, 1, 1)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)
    }

    fn linear(&mut self, x: Tensor, name: &str) -> Result<Tensor> {
        let [weight, bias] = self.of(name);
        x.matmul(&weight.t()?)?.broadcast_add(bias)
    }

    fn sigmoid(&mut self, x: Tensor) -> Result<Tensor> {
        ops::sigmoid(&x)
    }

    fn relu(&mut self, x: Tensor) -> Result<Tensor> {
        x.relu()
    }

    fn avg_pool(&mut self, x: Tensor) -> Result<Tensor> {
        x.avg_pool2d(2)
    }

    fn max_pool(&mut self, x: Tensor) -> Result<Tensor> {
        x.max_pool2d(2)
    }

    fn flatten(&mut self, x: Tensor) -> Result<Tensor> {
        x.flatten_from(1)
    }
}
