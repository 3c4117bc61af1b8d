//! Shapes drawn by the build script: those of no list, and others for each `TENSORLET_SHAPES=SEED`.

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
