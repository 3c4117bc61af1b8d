//! The digits that were misread: each as written, what it was read as, and how sure the network was.

use svg::node::element::{Group, TSpan, Text};

use super::style::{Anchor, GRID, INK, MUTED, PAPER, RED, Weight, at, hex, rectangle, shade, text};
use crate::report::Misread;

/// The most digits that are drawn.
const MOST: usize = 24;
/// Space between the heading's top and the first row.
const HEADING: f64 = 64.0;
/// The least space between digits, and the widest frame.
const GAP: f64 = 28.0;
const FRAME: f64 = 130.0;
/// Space inside a frame around its digit.
const INSET: f64 = 7.0;
/// Space below a digit for its caption, and before the next row.
const CAPTION: f64 = 60.0;
const LEADING: f64 = 26.0;

/// How the digits are laid out: rows of about equal length that fill the width.
#[derive(Clone, Copy)]
struct Grid {
    rows: usize,
    columns: usize,
    /// The side of a frame, and from one to the next.
    frame: f64,
    step: f64,
}

impl Grid {
    fn new(misread: usize, width: f64) -> Self {
        const COLUMNS: std::ops::RangeInclusive<usize> = 5..=8;
        let shown = misread.min(MOST);
        let rows = shown.div_ceil(*COLUMNS.end());
        let columns = shown.div_ceil(rows.max(1)).max(*COLUMNS.start());
        let most = ((width + GAP) / columns as f64 - GAP).min(FRAME);
        let pixel = ((most - 2.0 * INSET) / 8.0).floor();
        let frame = 8.0 * pixel + 2.0 * INSET;
        Self { rows, columns, frame, step: (width - frame) / (columns - 1) as f64 }
    }

    fn row(self) -> f64 {
        self.frame + CAPTION + LEADING
    }
}

/// The height of the section for so many misread digits.
pub(super) fn height(misread: usize, width: f64) -> f64 {
    let grid = Grid::new(misread, width);
    if misread == 0 { 20.0 } else { HEADING + grid.rows as f64 * grid.row() - LEADING }
}

/// Draws the section with its left upper corner at the origin, the surest mistakes first.
pub(super) fn draw(misread: &[Misread], width: f64) -> Group {
    let mut sorted: Vec<_> = misread.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));

    let title = match misread.len() {
        0 => "Every test digit was read correctly".to_owned(),
        1 => "The one misread digit".to_owned(),
        n if n <= MOST => format!("The {n} misread digits"),
        n => format!("{MOST} of {n} misread digits"),
    };
    let mut group = Group::new().add(text(title, 0.0, 16.0, 18, &hex(INK), Weight::Strong, Anchor::Start));
    if !misread.is_empty() {
        group = group.add(key());
    }
    let grid = Grid::new(misread.len(), width);
    for (i, misread) in sorted.into_iter().take(MOST).enumerate() {
        let x = ((i % grid.columns) as f64 * grid.step).round();
        let y = HEADING + (i / grid.columns) as f64 * grid.row();
        group = group.add(card(misread, grid.frame).set("transform", format!("translate({} {})", at(x), at(y))));
    }
    group
}

/// What the captions mean, in their own colours.
fn key() -> Text {
    text("", 0.0, 38.0, 13, MUTED, Weight::Regular, Anchor::Start)
        .add(strong("written", &hex(INK)))
        .add(arrow())
        .add(strong("read", RED).set("dx", "0.3em"))
        .add(TSpan::new(", with the network’s confidence below; the surest mistakes first"))
}

/// Between what was written and what was read.
fn arrow() -> TSpan {
    TSpan::new("→").set("dx", "0.3em")
}

fn strong(content: impl Into<String>, colour: &str) -> TSpan {
    TSpan::new(content).set("fill", colour).set("font-weight", 600)
}

/// One digit in its frame, with its caption.
fn card(misread: &Misread, frame: f64) -> Group {
    let pixel = (frame - 2.0 * INSET) / 8.0;
    let mut pixels = Group::new().set("shape-rendering", "crispEdges");
    for (row, line) in misread.picture[0].iter().enumerate() {
        for (column, &ink) in line.iter().enumerate() {
            if ink > 0.0 {
                let corner = (INSET + column as f64 * pixel, INSET + row as f64 * pixel);
                pixels = pixels.add(rectangle(corner, (pixel, pixel), &shade(ink)));
            }
        }
    }
    let paper = rectangle((0.0, 0.0), (frame, frame), &hex(PAPER)).set("stroke", GRID).set("rx", 6);
    let caption = text("", frame / 2.0, frame + 31.0, 19, MUTED, Weight::Regular, Anchor::Middle)
        .add(strong(misread.label.to_string(), &hex(INK)))
        .add(arrow())
        .add(strong(misread.predicted.to_string(), RED).set("dx", "0.3em"));
    let confidence = percent(f64::from(misread.confidence.clamp(0.0, 1.0)));
    let confidence = text(confidence, frame / 2.0, frame + 53.0, 13, MUTED, Weight::Regular, Anchor::Middle);
    Group::new().add(paper).add(pixels).add(caption).add(confidence)
}

/// A share in whole per cent, never rounded up to certainty.
fn percent(share: f64) -> String {
    match (share * 100.0).round() {
        100.0.. if share < 1.0 => "> 99 %".to_owned(),
        whole => format!("{whole} %"),
    }
}
