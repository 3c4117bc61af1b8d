//! Prepares a program for its board, and for what must come out of it.
//!
//! - The memory map of the target's board goes where the linker finds it.
//! - The jobs and the cases run here, on the host, with the same source: what they give is compiled into the firmware,
//!   which compares its own results with it bit for bit.

use std::{env, error::Error, fs, path::Path};

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::device_job::{
    JobError, Memory, Outcome, Unwatched,
    pictures::{self, Record},
    rows::{self, Rows},
};
use tensorlet_examples::fingerprint::FAMILIES;

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
    fs::write(out.join("pictures.rs"), format!("{:?}", read_pictures()?))?;
    fs::write(out.join("rows.rs"), format!("{:?}", read_rows()?))?;
    let families = FAMILIES.iter().map(|(_, cases)| cases.iter().map(|case| (case.run)()).collect::<Vec<_>>());
    let families: String = families.map(|prints| format!("&{prints:?},\n")).collect();
    fs::write(out.join("fingerprints.rs"), format!("&[{families}]"))?;

    println!("cargo::rustc-check-cfg=cfg(board, values(\"mps2-an385\", \"mps2-an386\", \"mps2-an505\"))");
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rustc-env=BOARD={board}");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    for program in ["digits", "rows", "fingerprint"] {
        println!("cargo::rustc-link-arg-bin={program}=-Tdefmt.x");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    Ok(())
}

fn read_pictures() -> Result<Record, JobError> {
    let (mut network, mut workspace) = (Digits::ZERO, [0.0; pictures::WORKSPACE_WORDS]);
    let mut arena = [0.0; Digits::INFERENCE_WORDS];
    let mut memory = Memory { network: &mut network, workspace: &mut workspace, arena: &mut arena };
    pictures::run(Portable, &mut memory, &mut Unwatched)
}

fn read_rows() -> Result<Outcome, JobError> {
    let (mut network, mut workspace) = (Rows::ZERO, [0.0; rows::WORKSPACE_WORDS]);
    let mut arena = [0.0; Rows::INFERENCE_WORDS];
    let mut memory = Memory { network: &mut network, workspace: &mut workspace, arena: &mut arena };
    rows::run(Portable, &mut memory, &mut Unwatched)
}
