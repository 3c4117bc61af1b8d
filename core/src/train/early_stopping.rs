//! When to stop.

/// Whether a measure shall become small, as a loss, or large, as an accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Small: PyTorch's `mode="min"`.
    Min,
    /// Large: PyTorch's `mode="max"`.
    Max,
}

/// The best value of a measure so far.
///
/// ```
/// use tensorlet::train::{Best, Goal};
/// let mut best = Best::new(Goal::Max).absolute(0.5);
/// assert_eq!([1.0, 1.25, 2.0, f32::NAN].map(|accuracy| best.improved(accuracy)), [true, false, true, false]);
/// assert_eq!(best.value(), Some(2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    goal: Goal,
    /// By how much a value has to be better, as a part of the best and at all.
    relative: f32,
    absolute: f32,
    best: Option<f32>,
}

impl Best {
    /// Nothing seen yet; whatever is better counts.
    #[must_use]
    pub const fn new(goal: Goal) -> Self {
        Self { goal, relative: 0.0, absolute: 0.0, best: None }
    }

    /// The same, with what is better by less than this part of the best not counted: PyTorch's
    /// `threshold_mode="rel"`.
    #[must_use]
    pub const fn relative(self, threshold: f32) -> Self {
        Self { relative: threshold, absolute: 0.0, ..self }
    }

    /// The same, with what is better by less than this not counted: PyTorch's `threshold_mode="abs"`.
    #[must_use]
    pub const fn absolute(self, threshold: f32) -> Self {
        Self { relative: 0.0, absolute: threshold, ..self }
    }

    /// The best value, once there is one.
    #[must_use]
    pub const fn value(&self) -> Option<f32> {
        self.best
    }

    /// Whether this value is the best; it is then remembered. NaN never is.
    pub fn improved(&mut self, value: f32) -> bool {
        let Self { relative, absolute, .. } = *self;
        let better = match (self.best, self.goal) {
            (None, _) => !value.is_nan(),
            (Some(best), Goal::Min) => value < best * (1.0 - relative) - absolute,
            (Some(best), Goal::Max) => value > best * (1.0 + relative) + absolute,
        };
        if better {
            self.best = Some(value);
        }
        better
    }
}

/// Stops a training that has not become better for `patience` epochs: Lightning's `EarlyStopping`.
///
/// What to keep is up to the caller: a copy of the network where there is room, or its weights in
/// flash.
///
/// ```
/// use tensorlet::{Linear, Module, train::{EarlyStopping, Goal, Progress}};
/// let (net, mut best) = (Linear::<2, 1>::ZERO, Linear::<2, 1>::ZERO);
/// let mut stopping = EarlyStopping::new(Goal::Min, 2);
/// for (epoch, loss) in [0.9, 0.5, 0.6, 0.5, 0.4].into_iter().enumerate() {
///     match stopping.observe(loss) {
///         Progress::Improved => best = net,
///         Progress::Waiting => {}
///         Progress::Stop => {
///             assert_eq!(epoch, 3); // Twice no better than 0.5.
///             break;
///         }
///     }
/// }
/// assert_eq!(stopping.best.value(), Some(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// The best epoch so far, and what is counted as better.
    pub best: Best,
    /// Epochs without improvement after which to stop.
    pub patience: u32,
    bad: u32,
}

/// How training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The epoch was the best so far.
    Improved,
    /// It was not, and patience is left.
    Waiting,
    /// It was not, and patience is at its end.
    Stop,
}

impl EarlyStopping {
    /// Stops after `patience` epochs without improvement.
    #[must_use]
    pub const fn new(goal: Goal, patience: u32) -> Self {
        Self { best: Best::new(goal), patience, bad: 0 }
    }

    /// The same, with what is better by less than this not counted.
    #[must_use]
    pub const fn min_delta(self, min_delta: f32) -> Self {
        Self { best: self.best.absolute(min_delta), ..self }
    }

    /// Tells the measure of an epoch.
    pub fn observe(&mut self, value: f32) -> Progress {
        if self.best.improved(value) {
            self.bad = 0;
            return Progress::Improved;
        }
        self.bad = self.bad.saturating_add(1);
        if self.bad >= self.patience { Progress::Stop } else { Progress::Waiting }
    }
}
