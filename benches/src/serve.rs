//! The process whose contestants are tensorlet on each instruction set, in a build for any processor.

use std::io::{self, BufRead, Read, StdoutLock, Write};

use serde_json::{Value, json};
use tensorlet_simd::Isa;

use crate::{
    Result,
    arrays::Arrays,
    case::{Case, Op},
    contestant::Contestant,
    ours::{self, Threads, Token},
    peak,
};

/// Answers until the input ends.
///
/// # Errors
/// A message that does not read as one.
pub fn serve(isas: &[Isa]) -> Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    reply(&mut output, &json!({"versions": {}, "missing": {}}))?;
    let mut contestants: Vec<Box<dyn Contestant>> = Vec::new();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or_default();
        let numbers = words.map(str::parse).collect::<std::result::Result<Vec<usize>, _>>()?;
        match (word, numbers.as_slice()) {
            ("case", &[case, arrays, onnx]) => {
                let mut read = |length| -> io::Result<Vec<u8>> {
                    let mut bytes = vec![0; length];
                    input.read_exact(&mut bytes)?;
                    Ok(bytes)
                };
                let case: Case = serde_json::from_slice(&read(case)?)?;
                let arrays = Arrays::from_bytes(&read(arrays)?)?;
                read(onnx)?;
                contestants = all(&case, &arrays, isas);
                let entries: Vec<Value> =
                    contestants.iter().map(|c| json!({"name": c.name(), "form": c.form()})).collect();
                reply(&mut output, &json!({"contestants": entries, "faults": []}))?;
            }
            ("answer", &[number]) => match contestants[number].answer() {
                Ok(answer) => {
                    let bytes = answer.to_bytes()?;
                    reply(&mut output, &json!({"bytes": bytes.len()}))?;
                    output.write_all(&bytes)?;
                    output.flush()?;
                }
                Err(error) => reply(&mut output, &json!({"error": error}))?,
            },
            ("time", &[number, times]) => {
                reply(&mut output, &json!({"seconds": contestants[number].time(times)}))?;
            }
            _ => return Err(format!("not understood: {line}").into()),
        }
        line.clear();
    }
    Ok(())
}

fn reply(output: &mut StdoutLock<'_>, value: &Value) -> io::Result<()> {
    writeln!(output, "{value}")?;
    output.flush()
}

/// The case on each instruction set, and the peak of each.
fn all(case: &Case, arrays: &Arrays, isas: &[Isa]) -> Vec<Box<dyn Contestant>> {
    let mut all: Vec<Box<dyn Contestant>> = Vec::new();
    if let (Op::Threads { lr, .. }, Some(&isa)) = (&case.op, isas.last())
        && let Ok(one) = Threads::new("one thread", isa, 1, *lr, arrays)
    {
        all.push(Box::new(one));
    }
    for &isa in isas {
        all.extend(ours::contestant(case, arrays, Token::Chosen(isa)));
        all.push(Box::new(peak::Peak(isa)));
    }
    all
}
