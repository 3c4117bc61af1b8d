//! Colours, type sizes and the few shapes that every part of a picture is made of.

use svg::node::element::{Circle, Line, Rectangle, Text};

/// The ground of the page: a warm white.
pub(super) const PAGE: &str = "#fbfaf7";
/// Where nothing was written.
pub(super) const PAPER: [u8; 3] = [255, 255, 255];
/// Text, and the darkest stroke of a digit.
pub(super) const INK: [u8; 3] = [30, 37, 56];
/// Secondary text.
pub(super) const MUTED: &str = "#667085";
/// Lines that help to read a value.
pub(super) const GRID: &str = "#e7e4dc";
/// The first measure.
pub(super) const BLUE: &str = "#2f5f98";
/// The second measure.
pub(super) const GREEN: &str = "#14786a";
/// What went wrong.
pub(super) const RED: &str = "#c2452d";

/// The families to look for; the layout leaves room for the widest of them.
pub(super) const FONTS: &str =
    "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/// The weight of secondary text, and of what is to be read first.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    Regular,
    Strong,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A colour as SVG writes it.
pub(super) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The colour of a pixel with this much ink, 0 to 1.
pub(super) fn shade(ink: f32) -> String {
    let mix = |paper: u8, dark: u8| {
        (f32::from(paper) + ink.clamp(0.0, 1.0) * (f32::from(dark) - f32::from(paper))).round() as u8
    };
    hex([0, 1, 2].map(|channel| mix(PAPER[channel], INK[channel])))
}

/// A coordinate, to a hundredth of a pixel.
pub(super) fn at(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A line of text.
pub(super) fn text(
    content: impl Into<String>,
    x: f64,
    y: f64,
    size: u32,
    colour: &str,
    weight: Weight,
    anchor: Anchor,
) -> Text {
    let text = Text::new(content).set("x", at(x)).set("y", at(y)).set("font-size", size).set("fill", colour);
    let text = match weight {
        Weight::Regular => text,
        Weight::Strong => text.set("font-weight", 600),
    };
    match anchor {
        Anchor::Start => text,
        Anchor::Middle => text.set("text-anchor", "middle"),
        Anchor::End => text.set("text-anchor", "end"),
    }
}

/// A straight line.
pub(super) fn line((x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) -> Line {
    Line::new().set("x1", at(x1)).set("y1", at(y1)).set("x2", at(x2)).set("y2", at(y2)).set("stroke", colour)
}

/// A filled rectangle.
pub(super) fn rectangle((x, y): (f64, f64), (width, height): (f64, f64), colour: &str) -> Rectangle {
    Rectangle::new()
        .set("x", at(x))
        .set("y", at(y))
        .set("width", at(width))
        .set("height", at(height))
        .set("fill", colour)
}

/// A dot that stands off what it lies on.
pub(super) fn dot(x: f64, y: f64, colour: &str) -> Circle {
    Circle::new()
        .set("cx", at(x))
        .set("cy", at(y))
        .set("r", 5)
        .set("fill", colour)
        .set("stroke", PAGE)
        .set("stroke-width", 2)
}
