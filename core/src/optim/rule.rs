//! What a step does to a weight, in numbers.

use crate::kernel::{AdamStep, SgdStep};

/// The formula of an optimiser and the numbers of its present step, so that another device can do what
/// [`update`](super::Optimizer::update) does.
///
/// ```
/// use tensorlet::optim::{AdamW, Optimizer, Rule, Sgd};
/// let mut optimizer = AdamW::new(0.5).weight_decay(0.5);
/// optimizer.advance();
/// assert!(matches!(optimizer.rule(), Some(Rule::Adam { shrink: 0.75, amsgrad: false, .. })));
/// assert!(matches!(Sgd::new(0.1).rule(), Some(Rule::Sgd { momentum: false, .. })));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// [`Sgd`](super::Sgd): [`UpdateKernels::sgd`](crate::kernel::UpdateKernels::sgd), or with momentum
    /// [`sgd_momentum`](crate::kernel::UpdateKernels::sgd_momentum).
    Sgd {
        /// The numbers of the step.
        step: SgdStep,
        /// Whether there is a buffer of momentum.
        momentum: bool,
    },
    /// [`Adam`](super::Adam) and [`AdamW`](super::AdamW): [`UpdateKernels::adam`](crate::kernel::UpdateKernels::adam),
    /// or [`adam_amsgrad`](crate::kernel::UpdateKernels::adam_amsgrad).
    Adam {
        /// The numbers of the step.
        step: AdamStep,
        /// What the weight is multiplied by before: `1 - lr · weight_decay` for AdamW, else 1.
        shrink: f32,
        /// Whether the denominator has the largest square so far.
        amsgrad: bool,
    },
}
