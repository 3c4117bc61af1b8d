//! How training shows its progress: a bar on a terminal, else a line for each epoch.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::Epoch;

/// Shows the progress of one training run.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    epochs: u32,
}

impl Progress {
    /// Begins a run of so many epochs of so many batches.
    #[must_use]
    pub fn new(seed: u64, epochs: u32, batches: usize) -> Self {
        Self::of(format!("seed {seed}"), epochs, batches)
    }

    /// The same of whatever this names.
    #[must_use]
    pub fn of(name: String, epochs: u32, batches: usize) -> Self {
        let bar = ProgressBar::new(u64::from(epochs) * batches as u64);
        bar.set_prefix(name);
        let style = ProgressStyle::with_template("{prefix}  {bar:30.cyan/dim}  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━─");
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, epochs }
    }

    /// Another batch is done; `loss` is the mean over the epoch so far, the accuracy shown is of the
    /// epoch before.
    pub fn batch(&self, epoch: u32, loss: f32, before: Option<&Epoch>) {
        if !self.bar.is_hidden() {
            let accuracy = before.map(|epoch| format!("  accuracy {:.1} %", 100.0 * epoch.test_accuracy));
            let accuracy = accuracy.unwrap_or_default();
            self.bar.set_message(format!("epoch {epoch}/{}  loss {loss:.4}{accuracy}", self.epochs));
        }
        self.bar.inc(1);
    }

    /// Another epoch is done.
    ///
    /// # Errors
    /// The line cannot be printed.
    pub fn epoch(&self, number: u32, epoch: &Epoch) -> io::Result<()> {
        if self.bar.is_hidden() {
            writeln!(
                io::stdout(),
                "{}  epoch {number:>2}/{}  loss {:.4}  accuracy {:.1} %",
                self.bar.prefix(),
                self.epochs,
                epoch.loss,
                100.0 * epoch.test_accuracy,
            )?;
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
