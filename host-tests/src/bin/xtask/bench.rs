//! `cargo xtask bench`: tensorlet beside its peers.
//!
//! Two programs run in turns: one built for any x86-64, as a person who does nothing special has it, which serves
//! tensorlet on every instruction set; and one built for this processor, which has the peers that are crates, so
//! that none is held back that does not choose its instructions at run time, and tensorlet once more. Peers in
//! Python are a third, where a Python has them.

use std::path::PathBuf;

use crate::shell::Shell;
use crate::step::{Note, Stop};

/// The workspace of the peers that are crates.
pub(crate) const PEERS: &str = "benches/peers";
/// A Python package for each peer there, as `pip` knows them.
const PACKAGES: &str = "torch onnxruntime jax";

#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// Only cases whose name contains one of these words.
    words: Vec<String>,
    /// Only this instruction set.
    #[arg(long)]
    isa: Option<String>,
    /// Fewer batches.
    #[arg(long)]
    quick: bool,
    /// Writes results and chart to benches/record.
    #[arg(long)]
    record: bool,
    /// Without the peers that are crates, which take up to 20 minutes to build.
    #[arg(long)]
    alone: bool,
    /// The Python that has the others.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
}

pub(crate) fn bench(shell: &Shell, arguments: &BenchArgs) -> Result<Note, Stop> {
    let metadata = shell.metadata()?;
    let target = PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target"));
    let build = ["build", "--release", "--package", "tensorlet-benches"];
    shell.run(shell.cargo(build).arg("--target-dir").arg(&target))?;

    let (native, program) = if arguments.alone {
        (shell.cargo(build), "tensorlet-benches")
    } else {
        println!("the peers take up to 20 minutes to build, the first time; --alone does without");
        (shell.cargo(["build", "--release", "--manifest-path", "benches/peers/Cargo.toml"]), "tensorlet-peers")
    };
    let mut native = native;
    let folder = target.join("native");
    shell.run(native.arg("--target-dir").arg(&folder).env("RUSTFLAGS", "-C target-cpu=native"))?;

    let mut run = shell.command(folder.join("release").join(program));
    run.args(["run", "--plain"]).arg(target.join("release/tensorlet-benches"));
    // rayon's threads would run on the same processor, one after the other.
    run.env("RAYON_NUM_THREADS", "1");
    if let Some(isa) = &arguments.isa {
        run.args(["--isa", isa]);
    }
    if arguments.quick {
        run.arg("--quick");
    }
    if arguments.record {
        run.args(["--record", "benches/record"]);
    }
    if shell.ask(shell.command(&arguments.python).args(["-c", "import numpy"])).is_some() {
        run.arg("--python").arg(&arguments.python).arg("benches/peers/python/main.py");
    } else {
        let python = arguments.python.display();
        println!(
            "{python} has no NumPy: without the peers in Python. To have them: {python} -m pip install {PACKAGES}"
        );
    }
    shell.run(run.arg("--").args(&arguments.words))?;
    Ok("measured".to_owned())
}
