//! What was measured, as a table and as JSON.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::Serialize;
use tensorlet_benches::Result;
use tensorlet_host::gpu::Gpu;

use crate::{Scale, bars::Bar};

/// All that was measured, and on what.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    adapter: String,
    driver: String,
    software: bool,
    limits: BTreeMap<&'static str, u64>,
    instructions: &'static str,
    threads: usize,
    /// Steps of a submission.
    submission: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) bars: Vec<Bar>,
}

/// A job: seconds of a step, by the clock on the wall.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    name: String,
    pub(crate) one_thread: Option<f64>,
    pub(crate) all_threads: Option<f64>,
    pub(crate) gpu: Option<f64>,
    /// Additions and multiplications of a step, where they are what counts.
    pub(crate) operations: Option<f64>,
    /// Kernels of a step.
    pub(crate) dispatches: Option<usize>,
    /// How far the device's numbers are from the CPU's.
    pub(crate) difference: Option<f64>,
    pub(crate) note: Option<String>,
}

impl Row {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn figure(&self, seconds: Option<f64>) -> String {
        match (seconds, self.operations) {
            (None, _) => "–".to_owned(),
            (Some(seconds), Some(operations)) => format!("{:.4} TFLOP/s", operations / seconds * 1e-12),
            (Some(seconds), None) if seconds < 1e-3 => format!("{:.1} µs", 1e6 * seconds),
            (Some(seconds), None) => format!("{:.2} ms", 1e3 * seconds),
        }
    }

    fn cells(&self) -> [String; 6] {
        let faster = self.all_threads.zip(self.gpu).map(|(cpu, gpu)| format!("{:.2}", cpu / gpu));
        [
            self.name.clone(),
            self.figure(self.one_thread),
            self.figure(self.all_threads),
            self.figure(self.gpu),
            faster.unwrap_or_else(|| "–".to_owned()),
            self.difference.map_or_else(|| "–".to_owned(), |difference| format!("{difference:.1e}")),
        ]
    }
}

impl Report {
    pub(crate) fn new(gpu: &Gpu, scale: &Scale) -> Self {
        Self {
            adapter: gpu.name().to_owned(),
            driver: gpu.driver(),
            software: gpu.is_software(),
            limits: gpu.limits().into_iter().collect(),
            instructions: scale.isa.name(),
            threads: rayon::current_num_threads(),
            submission: scale.submission,
            rows: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// What it is measured on.
    pub(crate) fn head(&self) -> String {
        let Self { adapter, driver, instructions, threads, .. } = self;
        let software = if self.software { ", in software" } else { "" };
        let mut text = format!("adapter  {adapter}{software}\ndriver   {driver}\n");
        for (at, (name, value)) in self.limits.iter().enumerate() {
            let _ = writeln!(text, "{}{name}: {value}", if at == 0 { "limits   " } else { "         " });
        }
        let _ = writeln!(text, "CPU      {instructions}, {threads} threads\n");
        text
    }

    /// The rows below each other, and how they came about.
    pub(crate) fn table(&self) -> String {
        let all = format!("{} threads", self.threads);
        let header = ["a step", "CPU, one thread", &all, "GPU", "GPU to threads", "difference"].map(str::to_owned);
        let lines: Vec<[String; 6]> = std::iter::once(header).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 6] = std::array::from_fn(width);
        let mut text = String::new();
        for line in &lines {
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                let _ = if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
            }
            text.push('\n');
        }
        for row in &self.rows {
            if let Some(note) = &row.note {
                let _ = writeln!(text, "\n{}: {note}", row.name);
            }
        }
        let _ = writeln!(
            text,
            "\nMedians of turns, CPU and GPU one after the other, by the clock on the wall. A step on the GPU is its share \
             of a submission of {} steps with all their losses read back, of a product its share of a submission of \
             many. The difference is the largest relative one of a loss within 20 steps on CPU and GPU; of products, \
             that to float64, relative to the largest number.",
            self.submission
        );
        text
    }

    /// Writes all figures as JSON, if a file is named.
    pub(crate) fn write(&self, file: Option<&Path>) -> Result<()> {
        if let Some(file) = file {
            std::fs::write(file, serde_json::to_string_pretty(self)? + "\n")?;
        }
        Ok(())
    }
}
