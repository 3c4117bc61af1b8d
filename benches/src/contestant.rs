//! What is timed: one implementation of one case, with its data.

use std::hint::black_box;

use crate::{arrays::Arrays, clock};

/// An implementation of a case, ready to run.
pub trait Contestant {
    /// Whose it is.
    fn name(&self) -> String;

    /// In which of its forms, in a few words.
    fn form(&self) -> String;

    /// The results of the first run.
    fn answer(&mut self) -> Result<Arrays, String>;

    /// Runs it so many times.
    fn run(&mut self, times: usize);

    /// Seconds of processor time that so many runs take.
    fn time(&mut self, times: usize) -> f64 {
        let start = clock::now();
        self.run(times);
        clock::now() - start
    }
}

/// Who is ready for a case, and who could not be prepared, with the reason.
#[derive(Default)]
pub struct Prepared {
    /// Who is ready.
    pub contestants: Vec<Box<dyn Contestant>>,
    /// Who is not.
    pub faults: Vec<String>,
}

/// A peer as closures over its data.
pub struct Peer<S, F, A> {
    /// Whose it is.
    pub name: &'static str,
    /// In which form.
    pub form: &'static str,
    /// Its data.
    pub state: S,
    /// One run.
    pub run: F,
    /// Its results.
    pub answer: A,
}

impl<S, R, F: FnMut(&mut S) -> R, A: FnMut(&mut S, R) -> Arrays> Contestant for Peer<S, F, A> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn form(&self) -> String {
        self.form.to_owned()
    }

    fn answer(&mut self) -> Result<Arrays, String> {
        let result = (self.run)(&mut self.state);
        Ok((self.answer)(&mut self.state, result))
    }

    fn run(&mut self, times: usize) {
        for _ in 0..times {
            black_box((self.run)(black_box(&mut self.state)));
        }
    }
}
