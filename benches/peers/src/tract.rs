//! tract: the model in ONNX, optimised by tract, run in a state that is kept.

use std::io::Cursor;

use tensorlet_benches::{
    Result,
    arrays::Arrays,
    contestant::{Contestant, Peer},
};
use tract_onnx::prelude::*;

use crate::Contestants;

pub(crate) fn contestants(arrays: &Arrays, onnx: &[u8]) -> Result<Contestants> {
    if onnx.is_empty() {
        return Ok(Vec::new());
    }
    let model = tract_onnx::onnx().model_for_read(&mut Cursor::new(onnx))?.into_optimized()?;
    let mut inputs: TVec<TValue> = tvec!();
    for &outlet in model.input_outlets()? {
        let name = model.node(outlet.node).name.clone();
        let shape = model.outlet_fact(outlet)?.shape.as_concrete().ok_or("the shape of an input is not known")?;
        inputs.push(Tensor::from_shape(shape, &arrays[name.as_str()])?.into());
    }
    let names: Vec<String> = match model.output_outlets()?.len() {
        // The names of the outputs are lost where nodes are replaced by faster ones.
        2 => vec!["h".to_owned(), "c".to_owned()],
        _ if arrays.0.contains_key("weight_hh") => vec!["h".to_owned()],
        _ if arrays.0.contains_key("a") => vec!["c".to_owned()],
        _ => vec!["y".to_owned()],
    };
    let state: Box<dyn State> = Box::new(model.into_runnable()?.spawn()?);
    let peer = Peer {
        name: "tract",
        form: "optimised model, its state kept",
        state,
        run: move |state: &mut Box<dyn State>| state.run(inputs.clone()),
        answer: move |_: &mut Box<dyn State>, outputs: TractResult<TVec<TValue>>| {
            let mut answer = Arrays::default();
            for (name, value) in names.iter().zip(outputs.into_iter().flatten()) {
                if let Ok(view) = value.to_plain_array_view::<f32>() {
                    answer.insert(name, view.shape(), view.iter().copied().collect());
                }
            }
            answer
        },
    };
    Ok(vec![Box::new(peer) as Box<dyn Contestant>])
}
