//! The int8 MLPerf Tiny networks.

use core::hint::black_box;

use firmware::{
    Exit,
    board::Instructions,
    models::{Case, Model, Visitor},
};
use tensorlet_simd::NATIVE;

use crate::workload::Workload;

/// An input for networks without cases.
static ZEROS: [i8; 1 << 15] = [0; 1 << 15];

/// Measures one inference of each network.
pub(crate) struct Networks<'a> {
    pub(crate) instructions: &'a Instructions,
    pub(crate) arena: &'a mut [f32],
    pub(crate) exit: Exit,
}

/// What a network is called, from the name of its static.
fn name(of: &'static str) -> &'static str {
    match of {
        "IC_RESNET8_INT8" => "ResNet-8",
        "KWS_DSCNN_INT8" => "DS-CNN keyword spotting",
        "VWW_MOBILENET_INT8" => "MobileNet visual wake words",
        "AD_AUTOENCODER_INT8" => "Anomaly autoencoder",
        "SWW1DSCNN_INT8" => "Streaming wake word",
        other => other,
    }
}

impl Visitor for Networks<'_> {
    fn visit<M: Model>(&mut self) {
        let zeros = Case { name: M::NAME, x: ZEROS.get(..M::INPUTS).unwrap_or_default(), y: &[] };
        let case = M::CASES.first().unwrap_or(&zeros);
        let Some(arena) = self.arena.get_mut(..M::WORDS) else {
            self.exit = Exit::OtherMemory;
            return;
        };
        if M::put(case.x, arena).is_err() {
            self.exit = Exit::JobFailed;
            return;
        }
        let arena = black_box(arena);
        let (y, measured) = self.instructions.measure(|| M::run(NATIVE, arena));
        if !y.is_ok_and(|y| case.y.is_empty() || y == case.y) {
            defmt::error!("{=str}: the output is another than TensorFlow Lite's", case.name);
            self.exit = Exit::OtherResults;
        }
        // The arena holds the input and the output as well.
        let workload = Workload { name: name(M::NAME), work: M::MACS, scratch: 4 * M::WORDS, run: |_, _| None };
        workload.report(M::FLASH_BYTES, measured);
    }
}
