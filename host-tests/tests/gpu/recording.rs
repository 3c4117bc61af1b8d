//! How steps are recorded makes no difference to what they compute.

use tensorlet::{Linear, Relu, Vector, loss::CrossEntropyLoss, optim::Sgd};
use tensorlet_host::gpu::{Offload, Recording, Settings};

use crate::compare::{drawn, gpu, labels, samples};

type Mlp = (Linear<12, 8>, (Relu, Linear<8, 5>));

fn a_submission_for_each_kernel_computes_the_same() {
    let (x, targets) = (samples::<Vector<12>>(30, 1), labels(30, 5, 2));
    let (gpu, net) = (gpu(), drawn::<Mlp>(0));
    let order: Vec<u32> = (0..30).cycle().take(120).collect();
    let losses = [Recording::OnePass, Recording::EachKernel].map(|recording| {
        let settings = Settings { steps: 4, recording, ..Settings::batch(10) };
        let mut offload =
            Offload::new(&gpu, &*net, &CrossEntropyLoss, Sgd::new(0.1), (&x, &targets), settings).expect("planned");
        offload.recording_time(3).expect("recorded");
        offload.train(&order).expect("trained")
    });
    assert_eq!(losses[0], losses[1]);
}

crate::tests!(a_submission_for_each_kernel_computes_the_same);
