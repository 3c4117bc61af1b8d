//! Writes the shapes drawn, at which `tests/kernels` holds kernels on integers against their references besides those
//! that are written down there.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use crate::shapes::{Shapes, Windowed};

/// Writes `shapes.rs`: for each family of kernels a macro that hands its shapes to another one.
pub(crate) fn write(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut shapes = Shapes::new()?;
    let mut code = format!("// Drawn with seed {}.\n", shapes.seed);
    list(&mut code, "convolutions", 6, || {
        let shape = shapes.convolution();
        let ([inputs, outputs], groups) = (shape.channels, shape.groups);
        format!("$form!($k, {} {} {inputs}, {})", groups * inputs, groups * outputs, window(&shape))
    })?;
    list(&mut code, "depthwise", 5, || {
        let shape = shapes.depthwise();
        format!("$form!($k, {} {}, {})", shape.groups, shape.groups * shape.channels[1], window(&shape))
    })?;
    list(&mut code, "linear", 4, || {
        let [inputs, outputs] = shapes.linear();
        format!("$form!($k: {inputs} {outputs} {outputs})")
    })?;
    list(&mut code, "recurrent", 3, || {
        let [inputs, units] = shapes.recurrent();
        format!("$form!($k, {inputs} {units})")
    })?;
    code.push_str("\npub(crate) const POOLINGS: [([usize; 2], tensorlet::description::Window); 3] = [\n");
    for _ in 0..3 {
        let Windowed { input, kernel, stride, padding: [top, left, bottom, right], .. } = shapes.pooling();
        writeln!(
            code,
            "    ({input:?}, tensorlet::description::Window {{ kernel: {kernel:?}, options: tensorlet::sliding::Options {{ \
             stride: {stride:?}, padding: [{top}, {left}], padding_end: [{bottom}, {right}], \
             ..tensorlet::sliding::Options::NEW }} }}),"
        )?;
    }
    code.push_str("];\n");
    fs::write(out.join("shapes.rs"), code)?;
    Ok(())
}

/// Kernel, input, output and how the window slides.
fn window(shape: &Windowed) -> String {
    let Windowed { input: [h, w], kernel: [kh, kw], stride: [sh, sw], dilation: [dh, dw], .. } = shape;
    let padding = shape.padding.map(|n| n.to_string()).join(", ");
    let [oh, ow] = shape.output().unwrap_or_default();
    format!(
        "{kh} {kw}, {h} {w}, {oh} {ow}, \
         tensorlet::sliding::Dilated<tensorlet::sliding::Strided<tensorlet::sliding::Padded<\
         tensorlet::sliding::Slide, {padding}>, {sh}, {sw}>, {dh}, {dw}>"
    )
}

/// A macro that hands so many shapes to a macro `$form`, for the kernels `$k`.
fn list(code: &mut String, family: &str, shapes: usize, mut shape: impl FnMut() -> String) -> std::fmt::Result {
    writeln!(code, "\nmacro_rules! drawn_{family} {{\n    ($form:ident $k:ident) => {{\n        worst([")?;
    for _ in 0..shapes {
        writeln!(code, "            {},", shape())?;
    }
    writeln!(code, "        ])\n    }};\n}}\npub(crate) use drawn_{family};")
}
