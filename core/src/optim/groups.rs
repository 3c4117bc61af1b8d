//! Parameters in groups.

use super::{Optimizer, Rule, States};
use crate::{
    Path,
    kernel::{Kernels, SgdStep},
};

/// Parameters in groups with settings of their own: PyTorch's `param_groups`.
///
/// A group is an optimiser; all are of one type, so that they keep the same number of words for each
/// weight. Which group a parameter is in, a function of its path says; a number beyond the last group
/// means the last. It is called once for each parameter and step, in both modes of training.
///
/// ```
/// use tensorlet::{Linear, Module, Path, Portable, Trainer, loss::MseLoss, optim::{AdamW, Groups}};
/// // No decay of biases, and the first layer learns slowly.
/// fn group(path: Path<'_>) -> usize {
///     if path.name() == "bias" { 0 } else if path.starts_with("0") { 1 } else { 2 }
/// }
/// let base = AdamW::new(1e-2);
/// let groups: Groups<AdamW, 3> = Groups::new([base.weight_decay(0.0), AdamW::new(1e-3), base], group);
///
/// type Net = (Linear<2, 3>, Linear<3, 1>);
/// let mut net = Net::ZERO;
/// let mut workspace = [0.0; 64];
/// let mut trainer = Trainer::<[f32; 2], Net, _>::new(groups, &mut workspace)?;
/// trainer.step(Portable, &mut net, &MseLoss, &[[1.0, 2.0]], &[[1.0]])?;
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Groups<O, const N: usize, F = fn(Path<'_>) -> usize> {
    /// The optimiser of each group.
    pub groups: [O; N],
    group: F,
    /// The rate of each group at first, relative to that of the first group.
    relative: [f32; N],
    /// The group of the parameter whose optimiser this is.
    of: usize,
}

impl<O: Optimizer, const N: usize, F: Fn(Path<'_>) -> usize + Copy> Groups<O, N, F> {
    /// These groups, and the number of a parameter's group from its path.
    pub fn new(groups: [O; N], group: F) -> Self {
        const { assert!(N > 0, "there must be a group of parameters") };
        let first = groups.first().map_or(1.0, O::lr);
        let relative = groups.map(|group| if first == 0.0 { 1.0 } else { group.lr() / first });
        Self { groups, group, relative, of: 0 }
    }
}

impl<O: Optimizer, const N: usize, F: Fn(Path<'_>) -> usize + Copy> Optimizer for Groups<O, N, F> {
    const STATES: usize = O::STATES;
    const GROUPED: bool = true;

    /// The rate of the first group.
    #[inline]
    fn lr(&self) -> f32 {
        self.groups.first().map_or(0.0, O::lr)
    }

    /// Sets the rate of the first group, and those of all others in the proportion that they had in
    /// the beginning.
    #[inline]
    fn set_lr(&mut self, lr: f32) {
        for (group, relative) in self.groups.iter_mut().zip(self.relative) {
            group.set_lr(relative * lr);
        }
    }

    #[inline]
    fn advance(&mut self) {
        self.groups.iter_mut().for_each(O::advance);
    }

    #[inline]
    fn of(&self, parameter: Path<'_>) -> Self {
        Self { of: (self.group)(parameter), ..*self }
    }

    #[inline]
    fn plain(&self) -> Option<SgdStep> {
        self.groups.get(self.of).or(self.groups.last()).and_then(O::plain)
    }

    #[inline]
    fn rule(&self) -> Option<Rule> {
        self.groups.get(self.of).or(self.groups.last()).and_then(O::rule)
    }

    #[inline]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        if let Some(group) = self.groups.get(self.of).or(self.groups.last()) {
            group.update(k, w, g, states);
        }
    }
}
