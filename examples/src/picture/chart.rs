//! A line over the epochs: axis, grid, line and its last value.

use svg::node::element::{Group, Polyline};

use super::style::{Anchor, GRID, INK, MUTED, Weight, at, dot, hex, line, text};

/// How values become heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Equal steps are equal differences; the top is 100.
    Percent,
    /// Equal steps are equal ratios.
    Logarithmic,
}

/// One measure over the epochs, the first of which is 1.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    pub(super) unit: &'a str,
    pub(super) colour: &'a str,
    pub(super) scale: Scale,
    pub(super) values: &'a [f64],
    /// How the last value is written beside its point.
    pub(super) last: String,
}

/// The size of a chart with its title and labels.
pub(super) const SIZE: (f64, f64) = (464.0, 344.0);

pub(super) const LEFT: f64 = 48.0;
pub(super) const RIGHT: f64 = SIZE.0 - 68.0;
pub(super) const TOP: f64 = 66.0;
pub(super) const BOTTOM: f64 = SIZE.1 - 52.0;

impl Chart<'_> {
    /// Draws the chart with its left upper corner at the origin.
    pub(super) fn draw(&self) -> Group {
        let ticks = self.ticks();
        let (low, high) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
        let place = |value: f64| match self.scale {
            Scale::Percent => value,
            Scale::Logarithmic => value.ln(),
        };
        let y = |value: f64| BOTTOM - (place(value) - place(low)) / (place(high) - place(low)) * (BOTTOM - TOP);
        let steps = self.values.len().saturating_sub(1).max(1) as f64;
        let x = |epoch: usize| LEFT + (epoch.saturating_sub(1)) as f64 / steps * (RIGHT - LEFT);

        let mut group = Group::new()
            .add(text(self.title, 0.0, 16.0, 18, &hex(INK), Weight::Strong, Anchor::Start))
            .add(text(self.unit, 0.0, 38.0, 13, MUTED, Weight::Regular, Anchor::Start));
        for &tick in &ticks {
            let height = y(tick);
            group = group.add(line((LEFT, height), (RIGHT, height), GRID)).add(text(
                label(tick, self.scale),
                LEFT - 12.0,
                height + 4.5,
                13,
                MUTED,
                Weight::Regular,
                Anchor::End,
            ));
        }
        for epoch in epoch_ticks(self.values.len()) {
            group = group.add(line((x(epoch), BOTTOM), (x(epoch), BOTTOM + 6.0), MUTED)).add(text(
                epoch.to_string(),
                x(epoch),
                BOTTOM + 24.0,
                13,
                MUTED,
                Weight::Regular,
                Anchor::Middle,
            ));
        }
        group = group.add(line((LEFT, BOTTOM), (RIGHT, BOTTOM), MUTED)).add(text(
            "epoch",
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 48.0,
            13,
            MUTED,
            Weight::Regular,
            Anchor::Middle,
        ));

        let points = |(i, value): (usize, &f64)| format!("{},{}", at(x(i + 1)), at(y(value.clamp(low, high))));
        let points: Vec<_> = self.values.iter().enumerate().map(points).collect();
        let curve = Polyline::new()
            .set("points", points.join(" "))
            .set("fill", "none")
            .set("stroke", self.colour)
            .set("stroke-width", 2.5)
            .set("stroke-linejoin", "round")
            .set("stroke-linecap", "round");
        group = group.add(curve);
        if let Some(&last) = self.values.last() {
            let (x, y) = (x(self.values.len()), y(last.clamp(low, high)));
            let value = text(&self.last, x + 13.0, y + 5.5, 16, self.colour, Weight::Strong, Anchor::Start);
            group = group.add(dot(x, y, self.colour)).add(value);
        }
        group
    }

    /// Round values from at most the smallest to at least the largest.
    fn ticks(&self) -> Vec<f64> {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match self.scale {
            Scale::Percent => percent_ticks(low),
            Scale::Logarithmic => logarithmic_ticks(low, high),
        }
    }
}

/// From a round percentage below `low` up to 100, in at most six steps.
fn percent_ticks(low: f64) -> Vec<f64> {
    let step = [0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|step| (100.0 - low) / step <= 6.0).unwrap_or(20.0);
    let steps = ((100.0 - low) / step).ceil().clamp(1.0, 6.0) as u32;
    (0..=steps).rev().map(|i| 100.0 - step * f64::from(i)).collect()
}

/// 1, 2, 5 of each decade from below `low` to above `high`; whole decades where those are many.
pub(super) fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    /// Below this a loss is as good as none.
    const FLOOR: f64 = 1e-6;
    let low = low.clamp(FLOOR, 1e6);
    let high = high.clamp(low, 1e6);
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let of_decade: &[f64] = if last - first > 3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all: Vec<f64> =
        (first..=last).flat_map(|decade| of_decade.iter().map(move |m| m * 10_f64.powi(decade))).collect();
    let below = all.iter().rposition(|tick| *tick <= low).unwrap_or(0);
    let above = all.iter().position(|tick| *tick >= high).unwrap_or(all.len() - 1);
    all[below..=above.max(below + 1).min(all.len() - 1)].to_vec()
}

/// The first epoch and round ones after it, the labels well apart.
fn epoch_ticks(epochs: usize) -> Vec<usize> {
    let step = [1, 2, 5]
        .into_iter()
        .flat_map(|m| (0..6).map(move |d| m * 10_usize.pow(d)))
        .filter(|step| epochs <= step * 6)
        .min();
    let step = step.unwrap_or(epochs);
    let rest = (1..=epochs / step).map(|i| i * step).filter(|epoch| 2 * epoch.saturating_sub(1) > step);
    std::iter::once(1).chain(rest).collect()
}

pub(super) fn label(tick: f64, scale: Scale) -> String {
    match scale {
        Scale::Percent => format!("{tick}"),
        Scale::Logarithmic => {
            let decimals = (-tick.log10().floor()).clamp(0.0, 6.0) as usize;
            format!("{tick:.decimals$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, epoch_ticks, label, logarithmic_ticks, percent_ticks};

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        assert_eq!(percent_ticks(83.2), [80.0, 85.0, 90.0, 95.0, 100.0]);
        assert_eq!(percent_ticks(100.0), [99.5, 100.0]);
        assert_eq!(percent_ticks(0.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let labels = |low, high| -> Vec<_> {
            logarithmic_ticks(low, high).into_iter().map(|tick| label(tick, Scale::Logarithmic)).collect()
        };
        assert_eq!(labels(0.03, 1.4), ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(0.0, 1.0), ["0.000001", "0.00001", "0.0001", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(1.0, 1.0).len(), 2);
        assert_eq!(epoch_ticks(1), [1]);
        assert_eq!(epoch_ticks(6), [1, 2, 3, 4, 5, 6]);
        assert_eq!(epoch_ticks(7), [1, 4, 6]);
        assert_eq!(epoch_ticks(20), [1, 5, 10, 15, 20]);
        assert_eq!(epoch_ticks(100), [1, 20, 40, 60, 80, 100]);
    }
}
