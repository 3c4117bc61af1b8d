//! The chart: how many times faster tensorlet is than the fastest peer, case by case.

use std::path::Path;

use svg::{
    Document,
    node::element::{Line, Rectangle, Text},
};

use crate::{
    Result,
    record::{Machine, Row},
};

const LEFT: f64 = 230.0;
const WIDTH: f64 = 620.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 82.0;
const STEP: f64 = 17.0;
/// The room for a label.
const LABEL: f64 = 110.0;
/// Where the axis begins and ends: the same speed is 1.
const RANGE: [f64; 2] = [0.5, 64.0];

/// Writes the chart.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, machine: &Machine, rows: &[Row]) -> Result<()> {
    let bottom = TOP + STEP * rows.len() as f64;
    let width = LEFT + WIDTH + RIGHT;
    let mut chart = Document::new()
        .set("viewBox", (0.0, 0.0, width, bottom + 30.0))
        .set("font-family", "sans-serif")
        .set("font-size", 11)
        .add(Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "#ffffff"))
        .add(text(LEFT, 20.0, "start", "Times as fast as the fastest peer, one thread, f32").set("font-size", 15))
        .add(text(LEFT, 38.0, "start", &machine.processor()).set("fill", "#666666"));
    chart = chart.add(mark(LEFT + 4.0, 46.0)).add(text(
        LEFT + 12.0,
        56.0,
        "start",
        "black: the bar that the case is held to; where there are two, each against its peer",
    ));
    let mut tick = RANGE[0];
    while tick <= RANGE[1] {
        let (x, color) = (place(tick), if tick == 1.0 { "#333333" } else { "#dddddd" });
        let line = Line::new().set("x1", x).set("x2", x).set("y1", TOP - 4.0).set("y2", bottom).set("stroke", color);
        chart = chart.add(line).add(text(x, bottom + 16.0, "middle", &format!("{tick}")));
        tick *= 2.0;
    }
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + STEP * i as f64;
        chart = chart.add(text(LEFT - 8.0, y + 11.0, "end", &row.case.name));
        let (Some((_, ours)), Some((name, theirs))) = (row.ours(), row.best_peer()) else { continue };
        let ratio = theirs / ours;
        let (from, to) = (place(ratio.min(1.0)), place(ratio.max(1.0)));
        let color = if ratio >= 1.0 { "#3b7a57" } else { "#b5533c" };
        let bar = Rectangle::new().set("x", from).set("y", y + 2.0).set("height", STEP - 5.0).set("fill", color);
        chart = chart.add(bar.set("width", (to - from).max(1.0)));
        // The label stands behind the bar, and behind the marks that are there.
        let mut label = to;
        for bar in row.verdicts().iter().filter(|verdict| verdict.asked != "peak") {
            let x = place(bar.bar);
            chart = chart.add(mark(x, y + 1.0));
            if (label..label + LABEL).contains(&x) {
                label = x;
            }
        }
        chart = chart.add(text(label + 6.0, y + 11.0, "start", &format!("{ratio:.2} {name}")));
    }
    Ok(svg::save(path, &chart)?)
}

/// The mark of a bar, in a row that begins at `y`.
fn mark(x: f64, y: f64) -> Line {
    let line = Line::new().set("x1", x).set("x2", x).set("y1", y).set("y2", y + STEP - 3.0);
    line.set("stroke", "#000000").set("stroke-width", 2)
}

fn place(ratio: f64) -> f64 {
    let [low, high] = RANGE.map(f64::ln);
    LEFT + WIDTH * ((ratio.ln() - low) / (high - low)).clamp(0.0, 1.0)
}

fn text(x: f64, y: f64, anchor: &str, content: &str) -> Text {
    Text::new(content).set("x", x).set("y", y).set("text-anchor", anchor).set("fill", "#222222")
}
