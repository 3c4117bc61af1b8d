//! Normalisation, with the positions that belong together written out.

/// `(x - mean) / √(variance + eps)` of numbers that belong together; the variance is the biased one.
fn normalised(x: &[f64], eps: f64) -> Vec<f64> {
    let (mean, variance) = moments(x);
    x.iter().map(|x| (x - mean) / (variance + eps).sqrt()).collect()
}

/// Mean and biased variance.
#[must_use]
pub fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

/// Weight and bias of each channel or element, and `eps`. Empty where there are none.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The weight.
    pub weight: &'a [f64],
    /// The bias.
    pub bias: &'a [f64],
    /// Added to variances.
    pub eps: f64,
}

impl Settings<'_> {
    fn apply(&self, i: usize, x: f64) -> f64 {
        x * self.weight.get(i).unwrap_or(&1.0) + self.bias.get(i).unwrap_or(&0.0)
    }
}

/// Batch normalisation of samples with this many channels: with the statistics of the batch, or with a
/// given mean and variance for each channel.
#[must_use]
pub fn batch(x: &[Vec<f64>], channels: usize, running: Option<[&[f64]; 2]>, settings: Settings<'_>) -> Vec<Vec<f64>> {
    let mut y = x.to_vec();
    let plane = x[0].len() / channels;
    for c in 0..channels {
        let places: Vec<(usize, usize)> =
            (0..x.len()).flat_map(|n| (0..plane).map(move |p| (n, c * plane + p))).collect();
        let values: Vec<f64> = places.iter().map(|&(n, i)| x[n][i]).collect();
        let values = match running {
            Some([mean, variance]) => {
                values.iter().map(|x| (x - mean[c]) / (variance[c] + settings.eps).sqrt()).collect()
            }
            None => normalised(&values, settings.eps),
        };
        for ((n, i), value) in places.into_iter().zip(values) {
            y[n][i] = settings.apply(c, value);
        }
    }
    y
}

/// Normalisation of groups of channels of one sample.
#[must_use]
pub fn groups(x: &[f64], channels: usize, groups: usize, settings: Settings<'_>) -> Vec<f64> {
    let plane = x.len() / channels;
    let values = x.chunks(x.len() / groups).flat_map(|group| normalised(group, settings.eps));
    values.enumerate().map(|(i, value)| settings.apply(i / plane, value)).collect()
}

/// Normalisation of rows of one sample.
#[must_use]
pub fn rows(x: &[f64], row: usize, settings: Settings<'_>) -> Vec<f64> {
    let values = x.chunks(row).flat_map(|row| normalised(row, settings.eps));
    values.enumerate().map(|(i, value)| settings.apply(i % row, value)).collect()
}

/// Rows of one sample divided by the root of their mean square.
#[must_use]
pub fn root_mean_square(x: &[f64], row: usize, settings: Settings<'_>) -> Vec<f64> {
    let root = |row: &[f64]| (row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64 + settings.eps).sqrt();
    let values = x.chunks(row).flat_map(|row| row.iter().map(|x| x / root(row)).collect::<Vec<_>>());
    values.enumerate().map(|(i, value)| settings.apply(i % row, value)).collect()
}

/// `x / (k + alpha / size · Σ x²)^beta` over the channels around.
#[must_use]
pub fn local_response(x: &[f64], channels: usize, size: usize, [alpha, beta, k]: [f64; 3]) -> Vec<f64> {
    let plane = x.len() / channels;
    let divisor = |i: usize| {
        let (c, place) = ((i / plane) as isize, i % plane);
        let squares = (0..size as isize).filter_map(|offset| {
            let c = usize::try_from(c - size as isize / 2 + offset).ok().filter(|&c| c < channels)?;
            Some(x[c * plane + place].powi(2))
        });
        (k + alpha * squares.sum::<f64>() / size as f64).powf(beta)
    };
    x.iter().enumerate().map(|(i, x)| x / divisor(i)).collect()
}
