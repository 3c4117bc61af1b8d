//! Several devices at once.

use std::thread;

use tensorlet::{Linear, Relu, Vector, loss::CrossEntropyLoss, optim::Adam};
use tensorlet_host::gpu::{Offload, Settings};

use crate::compare::{drawn, gpu, labels, samples, weights};

fn four_devices_in_four_threads() {
    type Net = (Linear<16, 8>, (Relu, Linear<8, 4>));
    let (x, targets) = (samples::<Vector<16>>(32, 1), labels(32, 4, 2));
    let train = || {
        let (gpu, mut net) = (gpu(), drawn::<Net>(0));
        let data = (&x[..], &targets[..]);
        let offload = Offload::new(&gpu, &*net, &CrossEntropyLoss, Adam::new(1e-2), data, Settings::batch(8));
        let mut offload = offload.expect("planned");
        let order: Vec<u32> = (0..10 * 32).map(|i| i % 32).collect();
        let losses = offload.train(&order).expect("trained");
        offload.read(0, &mut net).expect("read back");
        (losses, weights(&*net))
    };
    let all: Vec<_> = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(train));
        threads.map(|thread| thread.join().expect("no panic")).into()
    });
    let alone = train();
    assert!(alone.0.last() < alone.0.first(), "it learns");
    all.iter().for_each(|one| assert_eq!(*one, alone, "the same numbers, to the bit"));
}

crate::tests!(four_devices_in_four_threads);
