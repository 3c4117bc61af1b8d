//! Says which of Arm's instructions for small processors the target has: stable Rust reports no target feature for
//! them.
//!
//! | | DSP instructions | vectors (MVE) |
//! |---|---|---|
//! | `thumbv7em-*` | always | never |
//! | `thumbv8m.main-*` | with the feature `dsp` or `mve` | with the feature `mve` |
//!
//! Where there are DSP instructions, targets that pass numbers in registers of an FPU (`…hf`) have one.
//!
//! On other targets of 32-bit Arm the features are refused. On hosts they mean nothing, so that all features of a
//! workspace can be built together.

use std::{env, process};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    println!("cargo::rustc-check-cfg=cfg(mve)");
    println!("cargo::rustc-check-cfg=cfg(fpu)");
    let target = env::var("TARGET").unwrap_or_default();
    let asked = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let (always, optional) = (target.starts_with("thumbv7em"), target.starts_with("thumbv8m.main"));
    let small = target.starts_with("thumb") || target.starts_with("arm");
    if asked("DSP") && small && !always && !optional {
        refuse("dsp", "Cortex-M33 and its like (thumbv8m.main-*) with DSP instructions", &target);
    }
    if asked("MVE") && small && !optional {
        refuse("mve", "Cortex-M55 and M85 (thumbv8m.main-*)", &target);
    }
    if optional && asked("MVE") {
        println!("cargo::rustc-cfg=mve");
    } else if always || (optional && asked("DSP")) {
        println!("cargo::rustc-cfg=dsp");
        if target.ends_with("hf") {
            println!("cargo::rustc-cfg=fpu");
        }
    }
}

fn refuse(feature: &str, parts: &str, target: &str) -> ! {
    println!("cargo::error=the feature `{feature}` is for {parts}; {target} has no such instructions");
    process::exit(1);
}
