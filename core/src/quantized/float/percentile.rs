//! What values a tensor takes, but for the rarest.

use super::observer::{MinMaxObserver, Observer};

/// The range that all values lie in but for the largest and the smallest few: "percentile" calibration (Wu et al.,
/// "Integer Quantization for Deep Learning Inference", 2020). A single outlier does not make every step longer.
///
/// `new(q)` leaves out the share `1 - q` at either end: of values `x` sorted, the range is that from
/// `x[floor((1 - q) · (n - 1))]` to `x[ceil(q · (n - 1))]`, each moved outwards by at most a bin, and never
/// beyond what was seen. With `q = 1` it is that of [`MinMaxObserver`].
///
/// Values are counted in `BINS` bins between `-limit` and `limit`, a power of two that doubles, two bins becoming
/// one, whenever a value lies beyond, as in PyTorch's `HistogramObserver`. A bin has a width of at most
/// `4 · max|x| / BINS`: 1/512 of the largest value by default. `BINS` is a multiple of 4.
///
/// ```
/// use tensorlet::quantized::{Observer, PercentileObserver};
/// let mut observer = PercentileObserver::<2048>::new(0.99);
/// for i in 0..1000 {
///     observer.observe(&[i as f32 / 1000.0]);
/// }
/// observer.observe(&[50.0]); // an outlier
/// let (min, max) = observer.range();
/// assert!((0.0..=0.01).contains(&min) && (0.99..1.1).contains(&max));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PercentileObserver<const BINS: usize = 2048> {
    quantile: f64,
    seen: MinMaxObserver,
    /// Bins reach from `-limit` to `limit`; a power of two, which can be larger than all f32.
    limit: f64,
    counts: [u32; BINS],
}

impl<const BINS: usize> PercentileObserver<BINS> {
    /// The limit at first. What is smaller than this has the smallest scale that there is.
    const LEAST: f64 = 256.0 * f32::EPSILON as f64;

    /// For the range that holds this share of the values from either end: 0.999 to 0.9999 is usual. What is not between 0.5
    /// and 1 counts as the nearer of the two.
    #[must_use]
    pub const fn new(quantile: f64) -> Self {
        const { assert!(BINS > 0 && BINS.is_multiple_of(4), "the number of bins is a multiple of 4") };
        let quantile = if quantile < 0.5 {
            0.5
        } else if quantile < 1.0 {
            quantile
        } else {
            1.0
        };
        Self { quantile, seen: MinMaxObserver::NEW, limit: Self::LEAST, counts: [0; BINS] }
    }

    /// Doubles the range: two bins become one, nearer to the middle.
    fn double(&mut self) {
        // From the middle outwards no bin is written before it is read.
        for bin in (BINS / 2..BINS / 4 * 3).chain((BINS / 4..BINS / 2).rev()) {
            let from = 2 * bin - BINS / 2;
            let sum = self.count(from).saturating_add(self.count(from + 1));
            if let Some(count) = self.counts.get_mut(bin) {
                *count = sum;
            }
        }
        let (counts, quarter) = (&mut self.counts, BINS / 4);
        counts.iter_mut().take(quarter).for_each(|count| *count = 0);
        counts.iter_mut().skip(3 * quarter).for_each(|count| *count = 0);
        self.limit *= 2.0;
    }

    /// How many values lie in a bin.
    fn count(&self, bin: usize) -> u32 {
        self.counts.get(bin).copied().unwrap_or(0)
    }

    /// The bins' width.
    fn width(&self) -> f64 {
        2.0 * self.limit / BINS as f64
    }

    /// The edge in front of a bin, or of that behind the last.
    fn edge(&self, bin: usize) -> f64 {
        (bin as f64 - (BINS / 2) as f64) * self.width()
    }

    /// The bin of the value with this number of others in front of it.
    fn bin(&self, rank: u64) -> usize {
        let mut below = 0;
        let is_below = |count: &&u32| {
            below += u64::from(**count);
            below <= rank
        };
        self.counts.iter().take_while(is_below).count()
    }
}

impl<const BINS: usize> Observer for PercentileObserver<BINS> {
    fn observe(&mut self, values: &[f32]) {
        self.seen.observe(values);
        for &x in values.iter().filter(|x| x.is_finite()) {
            let x = f64::from(x);
            while x.abs() >= self.limit {
                self.double();
            }
            let bin = libm::floor(x / self.width()) as i64 + (BINS / 2) as i64;
            // A division may round up to the edge behind the last bin.
            let bin = bin.max(0).min(BINS as i64 - 1) as usize;
            if let Some(count) = self.counts.get_mut(bin) {
                *count = count.saturating_add(1);
            }
        }
    }

    fn range(&self) -> (f32, f32) {
        let (min, max) = self.seen.range();
        let number: u64 = self.counts.iter().map(|&count| u64::from(count)).sum();
        let Some(last) = number.checked_sub(1) else { return (min, max) };
        // A conversion saturates: ranks are never negative.
        let from = libm::floor((1.0 - self.quantile) * last as f64) as u64;
        let to = (libm::ceil(self.quantile * last as f64) as u64).min(last);
        let (low, high) = (self.edge(self.bin(from)), self.edge(self.bin(to) + 1));
        (min.max(low as f32), max.min(high as f32))
    }
}
