//! Writes the shapes at which int8 kernels are compared besides those that are written down.

use std::{error::Error, fmt::Write as _, fs, path::Path};

#[path = "../../../host-tests/build/shapes.rs"]
mod shapes;

use shapes::{Shapes, Windowed};

/// Writes `drawn.rs`: the seed, and a function for each family of kernels, in both roundings by turns.
pub(crate) fn write(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../../host-tests/build/shapes.rs");
    let mut shapes = Shapes::new()?;
    let mut code = format!("/// What the shapes below are drawn with.\nconst SEED: u64 = {};\n", shapes.seed);
    let image = |shape: Windowed| {
        let Windowed { groups, channels: [c, o], input: [h, w], kernel, stride, padding, dilation } = shape;
        let rest: String =
            [&kernel[..], &stride, &padding, &dilation].concat().iter().map(|n| format!(", {n}")).collect();
        format!("Image<{groups}, {c}, {o}, {h}, {w}{rest}>")
    };
    function(&mut code, "convolutions", 12, |_| {
        format!("conv::<{}, NativePacking, ROUNDING>", image(shapes.convolution()))
    })?;
    function(&mut code, "depthwise", 10, |_| {
        format!("depthwise::<{}, NativePacking, ROUNDING>", image(shapes.depthwise()))
    })?;
    function(&mut code, "linear", 12, |_| {
        let [inputs, outputs] = shapes.linear();
        format!("linear::<{inputs}, {outputs}, NativePacking, ROUNDING>")
    })?;
    function(&mut code, "poolings", 8, |_| {
        let shape = shapes.pooling();
        let channels = shape.groups;
        format!("pools::<{}, {channels}>", image(Windowed { groups: 1, ..shape }))
    })?;
    for layer in ["lstm", "gru"] {
        function(&mut code, layer, 5, |_| {
            let [inputs, units] = shapes.recurrent();
            format!("{layer}::<{inputs}, {units}, NativePacking, ROUNDING>")
        })?;
    }
    fs::write(out.join("drawn.rs"), code)?;
    Ok(())
}

/// A function that makes so many checks.
fn function(code: &mut String, name: &str, checks: usize, mut check: impl FnMut(usize) -> String) -> std::fmt::Result {
    writeln!(code, "\n/// Of shapes drawn.\nfn drawn_{name}(bench: &mut Bench) {{")?;
    for i in 0..checks {
        writeln!(code, "    {}(bench);", check(i).replace("ROUNDING", ["Twice", "Once"][i % 2]))?;
    }
    writeln!(code, "}}")
}
