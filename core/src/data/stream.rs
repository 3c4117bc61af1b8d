//! Sliding windows over a stream.

use heapless::Deque;

/// The last `N` samples of a stream, as a window every `HOP` samples: from a sensor to the input of a
/// network, PyTorch's `x.unfold(0, N, HOP)` of a stream. A sample is whatever a measurement gives: `f32`, or `[f32;
/// 3]` of an accelerometer.
///
/// The first window comes with sample `N`, the next `HOP` samples later. With `HOP` below `N` windows
/// overlap; beyond `N` samples are left out between them.
///
/// ```
/// use tensorlet::data::Windows;
/// let mut windows = Windows::<i32, 4, 2>::new();
/// let mut window = [0; 4];
/// let mut seen = Vec::new();
/// for sample in 1..=8 {
///     if windows.push(sample, &mut window) {
///         seen.push(window);
///     }
/// }
/// assert_eq!(seen, [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8]]);
/// ```
#[derive(Clone, Debug)]
pub struct Windows<T, const N: usize, const HOP: usize> {
    samples: Deque<T, N>,
    /// Samples until the next window.
    left: usize,
}

impl<T: Copy, const N: usize, const HOP: usize> Windows<T, N, HOP> {
    /// Before the first sample.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0 && HOP > 0, "a window has at least one sample, and moves by at least one") };
        Self { samples: Deque::new(), left: N }
    }

    /// Takes a sample. If a window is complete with it, puts that into `window`, the oldest sample
    /// first, and returns `true`.
    #[inline]
    pub fn push(&mut self, sample: T, window: &mut [T; N]) -> bool {
        if self.samples.is_full() {
            self.samples.pop_front();
        }
        // There is room now.
        let _ = self.samples.push_back(sample);
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        self.left = HOP;
        self.copy(window);
        true
    }

    /// Takes a block of samples, as a converter or a microphone gives them, and calls `each` for every
    /// window that is complete.
    ///
    /// ```
    /// use tensorlet::data::Windows;
    /// let mut windows = Windows::<i32, 3, 3>::new();
    /// let mut sums = Vec::new();
    /// for block in [&[1, 2][..], &[3, 4, 5, 6, 7]] {
    ///     windows.push_all(block, &mut [0; 3], |window| sums.push(window.iter().sum::<i32>()));
    /// }
    /// assert_eq!(sums, [6, 15]);
    /// ```
    #[inline]
    pub fn push_all(&mut self, samples: &[T], window: &mut [T; N], mut each: impl FnMut(&[T; N])) {
        for &sample in samples {
            if self.push(sample, window) {
                each(window);
            }
        }
    }

    /// The samples that are here, the oldest first: at most `N`.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.samples.iter()
    }

    /// Forgets all samples: after a gap in the stream.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    fn copy(&self, window: &mut [T; N]) {
        window.iter_mut().zip(self.samples.iter()).for_each(|(to, from)| *to = *from);
    }
}

impl<T: Copy, const N: usize, const HOP: usize> Default for Windows<T, N, HOP> {
    fn default() -> Self {
        Self::new()
    }
}
