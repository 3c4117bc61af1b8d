//! The bars that hold on any adapter.

use std::fmt;

use serde::Serialize;
use tensorlet::optim::{Adam, Sgd};
use tensorlet_benches::{Result, clock::Times};
use tensorlet_host::{
    gpu::{Gpu, OffloadError, Recording, Settings},
    networks::{Digits, LeNet, Mlp},
};

use crate::{
    Scale,
    training::{Job, STEPS, refused},
    turns::medians,
};

tensorlet::network! {
    /// 64-32-10 with ReLU.
    struct Small: tensorlet::Vector<64> {
        fc1: Linear(32),
        relu: Relu,
        fc2: Linear(10),
    }
}

/// A bar and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    what: String,
    bar: String,
    measured: String,
    pub(crate) met: bool,
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.met { "met   " } else { "MISSED" };
        write!(f, "{met}  {}: {} (bar: {})", self.what, self.measured, self.bar)
    }
}

/// The least that one submission has to be faster by.
const FASTER: f64 = 2.0;
/// The most microseconds of the host for a dispatch.
const MICROSECONDS: f64 = 1.5;
/// The largest relative difference of a loss.
const DIFFERENCE: f64 = 1e-4;
/// Steps that are recorded at once, and how often.
const RECORDED: usize = 32;
const RECORDINGS: usize = 101;

/// Measures all of them, and shows each as soon as it is.
pub(crate) fn measure(gpu: &Gpu, scale: &Scale, show: impl Fn(&Bar)) -> Result<Vec<Bar>> {
    let small = Job::<[f32; 64], Small, _>::new("64-32-10", 1, 16, Sgd::new(0.1));
    let plan = |steps, recording| small.offload(gpu, Settings { steps, recording, ..Settings::batch(16) });
    let mut each = plan(1, Recording::EachKernel)?;
    let mut one = plan(1, Recording::OnePass)?;
    let mut many = plan(RECORDED, Recording::OnePass)?;
    let dispatches = one.dispatches();

    let recordings = (0..RECORDINGS).map(|_| Ok(many.recording_time(RECORDED)?.as_secs_f64()));
    let recording = Times::of(recordings.collect::<Result<_, OffloadError>>()?).median;
    let microseconds = 1e6 * recording / (RECORDED * dispatches) as f64;

    let contestants = &mut [small.on_gpu(&mut each, 1), small.on_gpu(&mut one, 1), small.on_gpu(&mut many, RECORDED)];
    let times = medians(contestants, scale)?;
    let [each, one, many] = [times[0], times[1], times[2]].map(|seconds| 1e3 * seconds);
    let mut bars = Vec::new();
    let mut add = |bar| {
        show(&bar);
        bars.push(bar);
    };
    for bar in [
        Bar {
            what: format!("one command buffer and one pass for a step of 64-32-10, batch 16 ({dispatches} kernels)"),
            bar: format!("{FASTER} times as fast as a submission for each kernel"),
            measured: format!(
                "{:.2} times as fast, {one:.3} ms against {each:.3} ms; {many:.3} ms where {RECORDED} steps share a \
                 submission",
                each / one
            ),
            met: each / one >= FASTER,
        },
        Bar {
            what: "the host's time for a recorded dispatch".to_owned(),
            bar: format!("below {MICROSECONDS} µs"),
            measured: format!("{microseconds:.2} µs"),
            met: microseconds < MICROSECONDS,
        },
    ] {
        add(bar);
    }
    let mlp = Job::<[f32; 784], Mlp, _>::new("MLP 784-256-10, SGD, batch 128", 1, 128, Sgd::new(0.1));
    add(compared("MLP 784-256-10, SGD, batch 128", mlp.compared(gpu, scale))?);
    let lenet = Job::<_, LeNet, _>::new("LeNet-5", 1, 128, Adam::new(1e-3));
    add(compared("LeNet-5, Adam, batch 128", lenet.compared(gpu, scale))?);
    let digits = Job::<_, Digits, _>::new("digits", 16, 32, Adam::new(2e-3));
    add(compared("16 digits CNNs, Adam, batch 32", digits.compared(gpu, scale))?);
    Ok(bars)
}

fn compared(network: &str, difference: Result<f64>) -> Result<Bar> {
    let (measured, met) = match difference {
        Ok(difference) => (format!("{difference:.1e}"), difference < DIFFERENCE),
        Err(error) => match error.downcast_ref::<OffloadError>() {
            Some(error) => (refused(error)?, false),
            None => return Err(error),
        },
    };
    let what = format!("largest relative difference of a loss to the CPU's within {STEPS} steps of {network}");
    Ok(Bar { what, bar: format!("below {DIFFERENCE:e}"), measured, met })
}
