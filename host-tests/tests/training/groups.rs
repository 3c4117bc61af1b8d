//! Groups of parameters: the same in both modes, and each as its own optimiser has it.

use tensorlet::{
    Kernels, Mode, Module, Parameter, Path, Vector, VisitorMut,
    loss::CrossEntropyLoss,
    memory::training_words,
    network,
    optim::{Adam, Groups, Optimizer, Sgd, States},
};
use tensorlet_host::{on_every_instruction_set, reference::wide, tolerance};

use crate::{modes::batch, modes::fresh, values::by_path};

network! {
    /// Layers at different depths.
    pub struct Net: Vector<7> {
        a: Linear(11),
        act: Relu,
        block: Residual(Linear(11)),
        pair = (tensorlet::Linear<11, 5>, (tensorlet::Tanh, tensorlet::Linear<5, 3>)),
    }
}

fn group(path: Path<'_>) -> usize {
    if path.is("block.bias") {
        0
    } else if path.starts_with("pair.1") {
        1
    } else {
        9 // The last one.
    }
}

const STEPS: u64 = 3;

/// Every parameter with an optimiser of its own.
struct Apart<'a, K, O> {
    k: K,
    groups: [O; 3],
    gradients: &'a [f32],
    state: &'a mut [f32],
}

impl<K: Kernels, O: Optimizer> VisitorMut for Apart<'_, K, O> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        let (gradient, rest) = self.gradients.split_at(values.len());
        let (state, states) = std::mem::take(&mut self.state).split_at_mut(O::STATES * values.len());
        (self.gradients, self.state) = (rest, states);
        let optimizer = self.groups[group(parameter.path).min(2)];
        optimizer.update(self.k, values, gradient, States::new::<O>(state));
    }
}

fn check<K: Kernels, O: Optimizer>(k: K, groups: [O; 3], row: &str) {
    let n = 4;
    let all = Groups::new(groups, group as fn(Path<'_>) -> usize);
    assert_eq!(
        training_words::<Vector<7>, Net, Groups<O, 3>>(Mode::Fused, n),
        training_words::<Vector<7>, Net, O>(Mode::Fused, n)
    );
    let mut nets: [Net; 3] = [fresh(1); 3];
    let [mut workspace, mut fused_workspace] =
        [Mode::Accumulate, Mode::Fused].map(|mode| vec![0.0; Net::training_words::<O>(mode, n)]);
    let mut trainer = Net::trainer(all, &mut workspace).expect("large enough");
    let mut fused = Net::fused_trainer(all, &mut fused_workspace).expect("large enough");
    let (mut apart, mut state) = (groups, vec![0.0; O::STATES * Net::PARAMETERS]);
    for step in 0..STEPS {
        let (x, labels) = batch::<Vector<7>>(n, step);
        trainer.step(k, &mut nets[0], &CrossEntropyLoss, &x, &labels).expect("a step");
        fused.step(k, &mut nets[1], &CrossEntropyLoss, &x, &labels).expect("a step");
        apart.iter_mut().for_each(O::advance);
        let mut one = Apart { k, groups: apart, gradients: trainer.gradients(), state: &mut state };
        nets[2].parameters_mut(Path::ROOT, &mut one);
    }
    let [accumulated, fused, apart] = nets.map(|net| by_path(&net));
    assert_eq!(accumulated, apart, "on {}", K::NAME);
    for ((path, fused), (_, accumulated)) in fused.iter().zip(&accumulated) {
        let expected = wide(accumulated);
        tolerance::of(row).compare(fused, &expected, &expected).expect(path);
    }
    // A rate of zero and no decay: nothing moves.
    for ((path, before), (_, after)) in by_path(&fresh::<Net>(1)).iter().zip(&accumulated) {
        assert_eq!(path == "block.bias", before == after, "{path}");
    }
}

#[test]
fn groups_have_their_own_settings_in_both_modes() {
    let sgd = Sgd::new(0.1);
    on_every_instruction_set!(check, [Sgd::new(0.0), sgd.weight_decay(0.2), Sgd::new(0.02)], "fused");
    let adam = Adam::new(0.01);
    on_every_instruction_set!(check, [Adam::new(0.0), adam.weight_decay(0.2), adam], "fused_adam");
}

#[test]
fn a_schedule_moves_all_groups() {
    let mut groups = Groups::new([Sgd::new(0.5), Sgd::new(0.125)], |_: Path<'_>| 0);
    groups.set_lr(0.25);
    assert_eq!((groups.lr(), groups.groups[1].lr), (0.25, 0.0625));
}
