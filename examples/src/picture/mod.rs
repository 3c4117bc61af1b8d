//! One picture of a training run: the learning curve and the misread digits, as SVG.

mod chart;
mod misread;
#[cfg(feature = "gpu")]
mod rates;
mod style;

#[cfg(feature = "gpu")]
pub use rates::RatesPage;

use svg::Document;
use svg::node::element::{Group, Title};

use crate::report::{Epoch, Misread};
use chart::{Chart, Scale};
use style::{Anchor, BLUE, FONTS, GREEN, GRID, INK, MUTED, PAGE, Weight, hex, line, rectangle, text};

/// What a picture of a training run shows.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The network, in one line.
    pub network: &'a str,
    /// How it was trained, in a few words.
    pub training: &'a str,
    /// Where the data comes from, in one line.
    pub source: &'a str,
    /// The measures of each epoch.
    pub epochs: &'a [Epoch],
    /// The test digits that were misread.
    pub misread: &'a [Misread],
    /// The number of test digits.
    pub tested: usize,
}

const WIDTH: f64 = 1120.0;
const MARGIN: f64 = 72.0;
const CHARTS: f64 = 208.0;
const DIGITS: f64 = CHARTS + chart::SIZE.1 + 64.0;

impl Page<'_> {
    /// Draws the picture.
    #[must_use]
    pub fn draw(&self) -> Document {
        let inner = WIDTH - 2.0 * MARGIN;
        let footer = DIGITS + misread::height(self.misread.len(), inner) + 44.0;
        let height = footer + 64.0;
        let right = self.tested.saturating_sub(self.misread.len());
        let share = 100.0 * right as f64 / self.tested.max(1) as f64;
        let title = format!("{share:.1} % of unseen digits read correctly");
        let counted = format!("{right} of {} test digits", self.tested);

        let losses: Vec<_> = self.epochs.iter().map(|epoch| f64::from(epoch.loss)).collect();
        let loss = Chart {
            title: "Training loss",
            unit: "cross-entropy in nats, logarithmic scale",
            colour: BLUE,
            scale: Scale::Logarithmic,
            values: &losses,
            last: losses.last().map_or_else(String::new, |loss| format!("{loss:.3}")),
        };
        let shares: Vec<_> = self.epochs.iter().map(|epoch| 100.0 * f64::from(epoch.test_accuracy)).collect();
        let accuracy = Chart {
            title: "Test accuracy",
            unit: "digits read correctly, in %",
            colour: GREEN,
            scale: Scale::Percent,
            values: &shares,
            last: shares.last().map_or_else(String::new, |share| format!("{share:.1}")),
        };

        Document::new()
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("font-family", FONTS)
            .set("role", "img")
            .add(Title::new(format!("{title}: {counted}")))
            .add(rectangle((0.0, 0.0), (WIDTH, height), PAGE))
            .add(text(title, MARGIN, 92.0, 34, &hex(INK), Weight::Strong, Anchor::Start).set("letter-spacing", "-0.4"))
            .add(text(
                format!("{counted} · {}", self.training),
                MARGIN,
                126.0,
                15,
                MUTED,
                Weight::Regular,
                Anchor::Start,
            ))
            .add(text(self.network, MARGIN, 150.0, 15, MUTED, Weight::Regular, Anchor::Start))
            .add(moved(loss.draw(), MARGIN, CHARTS))
            .add(moved(accuracy.draw(), WIDTH - MARGIN - chart::SIZE.0, CHARTS))
            .add(moved(misread::draw(self.misread, inner), MARGIN, DIGITS))
            .add(line((MARGIN, footer), (WIDTH - MARGIN, footer), GRID))
            .add(text(self.source, MARGIN, footer + 28.0, 12, MUTED, Weight::Regular, Anchor::Start))
    }
}

fn moved(group: Group, x: f64, y: f64) -> Group {
    group.set("transform", format!("translate({x} {y})"))
}
