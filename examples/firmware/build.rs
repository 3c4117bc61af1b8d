//! Prepares a program for its board, and for what must come out of it.
//!
//! - The memory map of the target's board goes where the linker finds it.
//! - The job runs here, on the host, with the same source: what it gives is compiled into the firmware, which compares
//!   its own results with it bit for bit.

use std::{env, error::Error, fs, path::Path};

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::device_job::{self, Memory, Unwatched, WORKSPACE_WORDS};

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    let target = env::var("TARGET")?;
    let (board, memory) = match target.as_str() {
        "thumbv6m-none-eabi" => ("mps2-an385", "memory/mps2.x"),
        "thumbv7em-none-eabihf" => ("mps2-an386", "memory/mps2.x"),
        "thumbv8m.main-none-eabihf" => ("mps2-an505", "memory/mps2-an505.x"),
        other => return Err(format!("no board is known for {other}: pass --target thumbv7em-none-eabihf").into()),
    };
    fs::copy(memory, out.join("memory.x"))?;

    // A record prints as the expression that makes it, and `f32` so that reading it gives the same bits.
    fs::write(out.join("expected.rs"), format!("{:?}", record()?))?;

    println!("cargo::rustc-check-cfg=cfg(board, values(\"mps2-an385\", \"mps2-an386\", \"mps2-an505\"))");
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rustc-env=BOARD={board}");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bin=digits=-Tdefmt.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    Ok(())
}

fn record() -> Result<device_job::Record, device_job::JobError> {
    let mut network = Digits::ZERO;
    let mut workspace = [0.0; WORKSPACE_WORDS];
    let mut arena = [0.0; Digits::INFERENCE_WORDS];
    let mut memory = Memory { network: &mut network, workspace: &mut workspace, arena: &mut arena };
    device_job::run(Portable, &mut memory, &mut Unwatched)
}
