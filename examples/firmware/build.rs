//! Prepares a program for its board, and for what must come out of it.
//!
//! - The memory map of the target's board goes where the linker finds it: that of a small part, or all that the board
//!   has.
//! - The jobs and the cases run here, on the host, with the same source: what they give is compiled into the firmware,
//!   which compares its own results with it bit for bit.

#[path = "build/drawn.rs"]
mod drawn;
#[path = "build/models.rs"]
mod models;

use std::{env, error::Error, fs, path::Path};

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::device_job::{
    JobError, Memory, Outcome, Reader, Unwatched,
    head::{self, LEARNER, Learner},
    pictures,
    rows::{self, Rows},
};

/// Programs that hold one of everything, which no small part must: they have all of the board's flash.
const LARGE: [&str; 11] = [
    "fingerprint",
    "float",
    "int8",
    "library_arithmetic",
    "library_data",
    "library_kernels",
    "library_layers",
    "library_models",
    "library_movement",
    "library_training",
    "library_windows",
];

/// Programs with all the memory of the board, RAM as well.
const ALL: [&str; 2] = ["cortex_m", "models"];

/// Programs with the memory of a small part.
const SMALL: [&str; 13] = [
    "digits",
    "head",
    "library_all",
    "library_infer",
    "library_native",
    "library_train",
    "rows",
    "start_up_only",
    "alone_conv",
    "alone_depthwise",
    "alone_linear",
    "alone_softmax",
    "alone_lstm",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    let target = env::var("TARGET")?;
    let (board, memory) = match target.as_str() {
        "thumbv6m-none-eabi" => ("mps2-an385", "mps2"),
        "thumbv7em-none-eabihf" => ("mps2-an386", "mps2"),
        "thumbv8m.main-none-eabihf" if env::var_os("CARGO_FEATURE_MVE").is_some() => ("mps3-an547", "mps3-an547"),
        "thumbv8m.main-none-eabihf" => ("mps2-an505", "mps2-an505"),
        other => return Err(format!("no board is known for {other}: pass --target thumbv7em-none-eabihf").into()),
    };
    for (size, programs) in [("small", &SMALL[..]), ("large", &LARGE), ("all", &ALL)] {
        let folder = out.join(size);
        fs::create_dir_all(&folder)?;
        fs::copy(format!("memory/{memory}-{size}.x"), folder.join("memory.x"))?;
        for program in programs {
            println!("cargo::rustc-link-arg-bin={program}=-L{}", folder.display());
        }
    }

    // What is planted is to be found in a program that needs none of the rest, which takes long to compute.
    let planted = ["PANIC", "ALLOC"].iter().any(|what| env::var_os(format!("CARGO_FEATURE_PLANTED_{what}")).is_some());
    models::write(out, if planted { &[] } else { &models::MODELS })?;
    if !planted {
        write_results(out)?;
    }
    drawn::write(out)?;
    println!(
        "cargo::rustc-check-cfg=cfg(board, values(\"mps2-an385\", \"mps2-an386\", \"mps2-an505\", \"mps3-an547\"))"
    );
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rustc-env=BOARD={board}");
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    for program in ["digits", "rows", "head", "fingerprint", "models", "int8", "float", "cortex_m"] {
        println!("cargo::rustc-link-arg-bin={program}=-Tdefmt.x");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=memory");
    Ok(())
}

/// Writes what the jobs and the cases give here.
fn write_results(out: &Path) -> Result<(), Box<dyn Error>> {
    let pictures = outcomes(Digits::ZERO, [pictures::WORKSPACE_WORDS, Digits::INFERENCE_WORDS], pictures::run)?;
    fs::write(out.join("pictures.rs"), pictures)?;
    let rows = outcomes(Rows::ZERO, [rows::WORKSPACE_WORDS, Rows::INFERENCE_WORDS], rows::run)?;
    fs::write(out.join("rows.rs"), rows)?;
    let head = outcomes(LEARNER, [head::WORKSPACE_WORDS, Learner::INFERENCE_WORDS], head::run)?;
    fs::write(out.join("head.rs"), head)?;
    #[cfg(feature = "fingerprint")]
    write_fingerprints(out)?;
    Ok(())
}

/// Writes what one of everything gives here.
#[cfg(feature = "fingerprint")]
fn write_fingerprints(out: &Path) -> std::io::Result<()> {
    use tensorlet_examples::fingerprint::FAMILIES;

    let families = FAMILIES.iter().map(|(_, cases)| cases.iter().map(|case| (case.run)()).collect::<Vec<_>>());
    let families: String = families.map(|prints| format!("&{prints:?},\n")).collect();
    fs::write(out.join("fingerprints.rs"), format!("&[{families}]"))
}

/// A job in this many ways of training.
type Job<N, const WAYS: usize> = fn(Portable, &mut Memory<'_, N>, &mut Unwatched) -> Result<[Outcome; WAYS], JobError>;

/// What a job gives here, with so many words of workspace and of arena.
fn outcomes<N: Reader, const WAYS: usize>(
    mut network: N,
    words: [usize; 2],
    job: Job<N, WAYS>,
) -> Result<String, JobError> {
    let [mut workspace, mut arena] = words.map(|words| vec![0.0; words]);
    let mut memory = Memory { network: &mut network, workspace: &mut workspace, arena: &mut arena };
    // An outcome prints as the expression that makes it, and `f32` so that reading it gives the same bits.
    Ok(format!("{:?}", job(Portable, &mut memory, &mut Unwatched)?))
}
