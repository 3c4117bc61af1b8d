//! Core and simd built for a target that has no standard library.

use crate::install::bare_metal;
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

/// A core with a floating-point unit and one without.
const TARGETS: &[&str] = &["thumbv7em-none-eabihf", "thumbv6m-none-eabi"];

pub(crate) const STEP: Step = Step {
    name: "no-std",
    about: "core with every combination of features, and simd, on bare metal",
    run,
    optional: false,
};

fn run(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, TARGETS)?;
    let features = features(shell)?;
    let mut builds = 0;
    for target in TARGETS {
        for subset in 0..1_u32 << features.len() {
            let chosen: Vec<&str> = features
                .iter()
                .enumerate()
                .filter(|(bit, _)| subset >> bit & 1 == 1)
                .map(|(_, name)| name.as_str())
                .collect();
            let mut cargo = way.cargo(shell, "build", target);
            cargo.args(["--package", "tensorlet", "--no-default-features"]);
            if !chosen.is_empty() {
                cargo.args(["--features", &chosen.join(",")]);
            }
            shell.run(&mut cargo)?;
            builds += 1;
        }
        let mut cargo = way.cargo(shell, "build", target);
        shell.run(cargo.args(["--package", "tensorlet-simd", "--no-default-features"]))?;
        builds += 1;
    }
    Ok(format!("{builds} builds"))
}

/// Core's features.
fn features(shell: &Shell) -> Result<Vec<String>, Stop> {
    let metadata = shell.metadata()?;
    let core = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "tensorlet"));
    let features = core.and_then(|package| package["features"].as_object());
    let Some(features) = features else {
        return Err(Stop::Broken("cargo metadata lists no package `tensorlet`".to_owned()));
    };
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}
