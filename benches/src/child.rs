//! A process that holds contestants: asked over pipes, so that its runs are interleaved with everyone else's.
//!
//! The driver writes a line, with bytes behind it where the line says so; the child answers each with a line of
//! JSON. [`serve`](crate::serve) is the other end in Rust, `peers/python/main.py` that in Python.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Result,
    arrays::Arrays,
    case::Case,
    contestant::{Contestant, Prepared},
};

/// The process, as its contestants share it.
pub struct Child {
    pipes: Rc<RefCell<Pipes>>,
    /// Versions of what it brings.
    pub versions: BTreeMap<String, String>,
    /// What it lacks, and why.
    pub missing: BTreeMap<String, String>,
}

struct Pipes {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Hello {
    versions: BTreeMap<String, String>,
    missing: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Ready {
    contestants: Vec<Entry>,
    faults: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    form: String,
}

impl Child {
    /// Starts it.
    ///
    /// # Errors
    /// It does not start, or does not speak.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the child has no pipes".into());
        };
        let mut pipes = Pipes { process, input, output: BufReader::new(output) };
        let hello: Hello = serde_json::from_value(pipes.line()?)?;
        Ok(Self { pipes: Rc::new(RefCell::new(pipes)), versions: hello.versions, missing: hello.missing })
    }

    /// What it has for a case, and what it could not prepare.
    ///
    /// # Errors
    /// It died.
    pub fn prepare(&self, case: &Case, arrays: &Arrays, onnx: &[u8]) -> Result<Prepared> {
        let (case, arrays) = (serde_json::to_vec(case)?, arrays.to_bytes()?);
        let line = format!("case {} {} {}\n", case.len(), arrays.len(), onnx.len());
        let ready = self.pipes.borrow_mut().ask([line.as_bytes(), &case, &arrays, onnx])?;
        let ready: Ready = serde_json::from_value(ready)?;
        let mut contestants: Vec<Box<dyn Contestant>> = Vec::new();
        for (number, entry) in ready.contestants.into_iter().enumerate() {
            contestants.push(Box::new(Remote { pipes: Rc::clone(&self.pipes), number, entry }));
        }
        Ok(Prepared { contestants, faults: ready.faults })
    }
}

impl Pipes {
    fn line(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the process with peers has ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn ask<const N: usize>(&mut self, message: [&[u8]; N]) -> Result<Value> {
        for part in message {
            self.input.write_all(part)?;
        }
        self.input.flush()?;
        self.line()
    }

    fn answer(&mut self, number: usize) -> Result<Arrays> {
        let reply = self.ask([format!("answer {number}\n").as_bytes()])?;
        if let Some(error) = reply["error"].as_str() {
            return Err(error.into());
        }
        let mut bytes = vec![0; reply["bytes"].as_u64().unwrap_or_default() as usize];
        self.output.read_exact(&mut bytes)?;
        Arrays::from_bytes(&bytes)
    }

    fn time(&mut self, number: usize, times: usize) -> Result<f64> {
        let reply = self.ask([format!("time {number} {times}\n").as_bytes()])?;
        reply["seconds"].as_f64().ok_or_else(|| format!("no time: {reply}").into())
    }
}

/// The process ends with its input.
impl Drop for Pipes {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

struct Remote {
    pipes: Rc<RefCell<Pipes>>,
    number: usize,
    entry: Entry,
}

impl Contestant for Remote {
    fn name(&self) -> String {
        self.entry.name.clone()
    }

    fn form(&self) -> String {
        self.entry.form.clone()
    }

    fn answer(&mut self) -> std::result::Result<Arrays, String> {
        self.pipes.borrow_mut().answer(self.number).map_err(|error| error.to_string())
    }

    fn run(&mut self, times: usize) {
        self.time(times);
    }

    fn time(&mut self, times: usize) -> f64 {
        self.pipes.borrow_mut().time(self.number, times).unwrap_or(f64::NAN)
    }
}
