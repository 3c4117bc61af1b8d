//! Learning rates against what they led to: a dot for each network, a line through the means.

use svg::Document;
use svg::node::element::{Circle, Group, Polyline, Title};

use super::chart::{BOTTOM, LEFT, RIGHT, SIZE, Scale, TOP, label, logarithmic_ticks};
use super::style::{Anchor, BLUE, FONTS, GREEN, GRID, INK, MUTED, PAGE, Weight, at, dot, hex, line, rectangle, text};
use super::{CHARTS, MARGIN, WIDTH, moved};
use crate::report::mean_and_deviation;
use crate::sweep::{Rate, best, counted};

/// What a picture of a sweep shows.
#[derive(Clone, Copy, Debug)]
pub struct RatesPage<'a> {
    /// The rates in rising order.
    pub rates: &'a [Rate],
    /// How the networks were trained, in a few words.
    pub training: &'a str,
    /// What they were trained on.
    pub adapter: &'a str,
    /// Where the data comes from, in one line.
    pub source: &'a str,
}

impl RatesPage<'_> {
    /// Draws the picture.
    #[must_use]
    pub fn draw(&self) -> Document {
        let Self { rates, training, adapter, source } = *self;
        let chosen = best(rates);
        let found = chosen.map(|place| (rates[place].rate, 100.0 * rates[place].accuracy()));
        let title = found.map_or_else(String::new, |(rate, accuracy)| {
            format!("{accuracy:.1} % read correctly at the rate {}", short(rate))
        });
        let networks = rates.iter().map(|rate| rate.accuracies.len()).sum();
        let seeds = rates.first().map_or(0, |rate| rate.accuracies.len());
        let how = format!(
            "{} side by side: {} with {} each · {training}",
            counted(networks, "network"),
            counted(rates.len(), "rate"),
            counted(seeds, "seed")
        );
        let misread = Measure {
            title: "Misread digits",
            unit: "in %, logarithmic; dots are networks, the line their mean",
            colour: GREEN,
            values: rates
                .iter()
                .map(|rate| rate.accuracies.iter().map(|share| 100.0 * (1.0 - share)).collect())
                .collect(),
        };
        let loss = Measure {
            title: "Training loss",
            unit: "cross-entropy of the last epoch in nats, logarithmic scale",
            colour: BLUE,
            values: rates.iter().map(|rate| rate.losses.clone()).collect(),
        };
        let footer = CHARTS + SIZE.1 + 44.0;
        let height = footer + 64.0;
        let line_of =
            |content: &str, y: f64, size| text(content, MARGIN, y, size, MUTED, Weight::Regular, Anchor::Start);
        Document::new()
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("font-family", FONTS)
            .set("role", "img")
            .add(Title::new(title.clone()))
            .add(rectangle((0.0, 0.0), (WIDTH, height), PAGE))
            .add(text(title, MARGIN, 92.0, 34, &hex(INK), Weight::Strong, Anchor::Start).set("letter-spacing", "-0.4"))
            .add(line_of(&how, 126.0, 15))
            .add(line_of(&format!("on {adapter}"), 150.0, 15))
            .add(moved(misread.draw(rates, chosen), MARGIN, CHARTS))
            .add(moved(loss.draw(rates, chosen), WIDTH - MARGIN - SIZE.0, CHARTS))
            .add(line((MARGIN, footer), (WIDTH - MARGIN, footer), GRID))
            .add(line_of(source, footer + 28.0, 12))
    }
}

/// A rate with two significant digits.
fn short(rate: f32) -> String {
    // A power of ten is one within rounding.
    let decimals = (1.0 - (f64::from(rate).log10() + 1e-6).floor()).clamp(0.0, 9.0) as usize;
    format!("{rate:.decimals$}")
}

/// One measure of all networks: those of each rate.
struct Measure<'a> {
    title: &'a str,
    unit: &'a str,
    colour: &'a str,
    values: Vec<Vec<f64>>,
}

/// Ticks and how values between them become places, from the first to the second.
struct Axis {
    ticks: Vec<f64>,
    places: (f64, f64),
}

impl Axis {
    /// From below the smallest to above the largest of all finite values above zero. What rounding alone keeps from
    /// a round number counts as that.
    fn new(values: impl Iterator<Item = f64> + Clone, places: (f64, f64)) -> Self {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        let ticks =
            if low <= high { logarithmic_ticks(low * (1.0 + 1e-6), high * (1.0 - 1e-6)) } else { vec![0.1, 1.0] };
        Self { ticks, places }
    }

    fn ends(&self) -> (f64, f64) {
        (self.ticks.first().copied().unwrap_or(0.1), self.ticks.last().copied().unwrap_or(1.0))
    }

    fn place(&self, value: f64) -> f64 {
        let (low, high) = self.ends();
        let (from, to) = self.places;
        from + (value.clamp(low, high).ln() - low.ln()) / (high.ln() - low.ln()) * (to - from)
    }
}

impl Measure<'_> {
    /// Draws the chart with its left upper corner at the origin.
    fn draw(&self, rates: &[Rate], chosen: Option<usize>) -> Group {
        let muted = |content: String, x, y, anchor| text(content, x, y, 13, MUTED, Weight::Regular, anchor);
        let x = Axis::new(rates.iter().map(|rate| f64::from(rate.rate)), (LEFT, RIGHT));
        let y = Axis::new(self.values.iter().flatten().copied(), (BOTTOM, TOP));
        let mut group = Group::new()
            .add(text(self.title, 0.0, 16.0, 18, &hex(INK), Weight::Strong, Anchor::Start))
            .add(muted(self.unit.to_owned(), 0.0, 38.0, Anchor::Start));
        for &tick in &y.ticks {
            let height = y.place(tick);
            group = group.add(line((LEFT, height), (RIGHT, height), GRID));
            group = group.add(muted(label(tick, Scale::Logarithmic), LEFT - 12.0, height + 4.5, Anchor::End));
        }
        // Labels of rates are long: those of decades do.
        for &tick in x.ticks.iter().filter(|tick| x.ticks.len() < 6 || tick.log10().fract().abs() < 1e-9) {
            group = group.add(line((x.place(tick), BOTTOM), (x.place(tick), BOTTOM + 6.0), MUTED));
            group = group.add(muted(label(tick, Scale::Logarithmic), x.place(tick), BOTTOM + 24.0, Anchor::Middle));
        }
        group = group.add(line((LEFT, BOTTOM), (RIGHT, BOTTOM), MUTED)).add(muted(
            "learning rate, logarithmic scale".to_owned(),
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 48.0,
            Anchor::Middle,
        ));
        let mut means = Vec::new();
        for (rate, values) in rates.iter().zip(&self.values) {
            let across = x.place(f64::from(rate.rate));
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            for &value in &finite {
                let circle = Circle::new().set("cx", at(across)).set("cy", at(y.place(value))).set("r", 2.5);
                group = group.add(circle.set("fill", self.colour).set("fill-opacity", 0.35));
            }
            // A mean is one of all: where a network diverged there is none.
            let whole = finite.len() == values.len() && !values.is_empty();
            means.push(whole.then(|| (across, mean_and_deviation(&finite).0)));
        }
        let points: Vec<_> =
            means.iter().flatten().map(|(across, mean)| format!("{},{}", at(*across), at(y.place(*mean)))).collect();
        group = group.add(
            Polyline::new()
                .set("points", points.join(" "))
                .set("fill", "none")
                .set("stroke", self.colour)
                .set("stroke-width", 2.5)
                .set("stroke-linejoin", "round"),
        );
        if let Some((across, mean)) = chosen.and_then(|place| means[place]) {
            let value = text(
                significant(mean),
                across,
                (y.place(mean) + 26.0).min(BOTTOM - 8.0),
                16,
                self.colour,
                Weight::Strong,
                Anchor::Middle,
            );
            group = group.add(dot(across, y.place(mean), self.colour)).add(value);
        }
        group
    }
}

/// A value beside its point.
fn significant(value: f64) -> String {
    if value >= 1.0 { format!("{value:.1}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::{Axis, RatesPage, short};
    use crate::sweep::Rate;

    #[test]
    fn rates_have_two_digits() {
        assert_eq!([0.00316, 0.1, 0.000_1, 1.5].map(short), ["0.0032", "0.10", "0.00010", "1.5"]);
    }

    #[test]
    fn an_axis_holds_its_values_and_what_is_none() {
        let axis = Axis::new([0.02, f64::NAN, 0.0, 3.0].into_iter(), (0.0, 100.0));
        assert_eq!(axis.ends(), (0.02, 5.0));
        let rates = Axis::new([f64::from(1e-4_f32), f64::from(0.1_f32)].into_iter(), (0.0, 1.0));
        assert_eq!(rates.ends(), (1e-4, 0.1));
        assert_eq!([axis.place(0.0), axis.place(f64::INFINITY)], [0.0, 100.0]);
        assert!(Axis::new([f64::NAN].into_iter(), (0.0, 1.0)).place(0.5).is_finite());
    }

    #[test]
    fn networks_that_diverged_are_left_out() {
        let rate = |rate, loss| Rate { rate, accuracies: vec![0.9, 1.0], losses: vec![0.1, loss] };
        let rates = [rate(0.01, 0.2), rate(0.1, f64::NAN)];
        let page = RatesPage { rates: &rates, training: "", adapter: "", source: "" }.draw().to_string();
        assert!(!page.contains("NaN") && page.contains("at the rate 0.010"), "{page}");
    }
}
