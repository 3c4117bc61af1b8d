//! What random layers draw depends on the seed and the step alone.

use tensorlet::{Dropout, Kernels, Mode, Vector, loss::CrossEntropyLoss, network, optim::Sgd};
use tensorlet_host::on_every_instruction_set;

use crate::{modes::batch, modes::fresh, values::by_path};

network! {
    /// With two layers that draw.
    pub struct Net: Vector<7> {
        a: Linear(16),
        drop = Dropout,
        b: Linear(16),
        drop2 = Dropout,
        c: Linear(3),
    }
}

/// The losses of three steps, and the network after them.
fn trained<K: Kernels>(k: K, mode: Mode, seed: Option<u64>) -> (Vec<f32>, Vec<(String, Vec<f32>)>) {
    let mut net: Net = fresh(1);
    let mut workspace = vec![0.0; Net::training_words::<Sgd>(mode, 4)];
    let (x, labels) = batch::<Vector<7>>(4, 1);
    let mut losses = Vec::new();
    macro_rules! steps {
        ($new:ident) => {{
            let mut trainer = Net::$new(Sgd::new(0.1), &mut workspace).expect("large enough");
            if let Some(seed) = seed {
                trainer.manual_seed(seed);
            }
            for _ in 0..3 {
                losses.push(trainer.step(k, &mut net, &CrossEntropyLoss, &x, &labels).expect("a step"));
            }
        }};
    }
    match mode {
        Mode::Accumulate => steps!(trainer),
        Mode::Fused => steps!(fused_trainer),
    }
    (losses, by_path(&net))
}

fn check<K: Kernels>(k: K) {
    for mode in [Mode::Accumulate, Mode::Fused] {
        let first = trained(k, mode, Some(7));
        assert_eq!(first, trained(k, mode, Some(7)), "the same seed");
        assert_ne!(first.0, trained(k, mode, Some(8)).0, "another seed");
        assert_eq!(trained(k, mode, None), trained(k, mode, Some(0)), "no seed is 0");
        assert!(first.0[0] != first.0[1] && first.0[1] != first.0[2], "every step draws anew");
    }
    let [one, other] = [Mode::Accumulate, Mode::Fused].map(|mode| trained(k, mode, Some(7)).0);
    assert!(one.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-5), "both modes draw the same");
}

#[test]
fn a_seed_decides_about_all_that_is_drawn() {
    on_every_instruction_set!(check);
}
