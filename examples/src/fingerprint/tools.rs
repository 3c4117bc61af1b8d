//! Data on its way to a network, metrics, initialisation and random numbers.

use tensorlet::{
    Portable,
    data::{
        DataLoader, MinMax, Moments, Normalize, Order, Permutation, RandomSequences, SequentialSequences, Windows,
    },
    init::{self, Fans},
    layer::Annealing,
    metrics::{
        Accuracy, ConfusionMatrix, Mean, MeanAbsoluteError, MeanSquaredError, Perplexity, R2Score, TopKAccuracy,
    },
    random,
};

use super::{Fingerprint, any, any_mut, argument::generator, cases::cases};

type X = [[f32; 3]; 7];
type Y = [[f32; 5]; 7];

/// The samples that an order names.
fn order(order: impl Order) -> u32 {
    let mut print = Fingerprint::new();
    order.iter().for_each(|sample| print.add(&sample));
    print.value()
}

cases! {
    data_loader(x: X, t: [u8; 7]) {
        let mut print = Fingerprint::new();
        let order = Permutation::new(any(x).len(), &mut generator());
        DataLoader::new(any(x), any(t), order).map(|loader| {
            let mut batches = loader.drop_last();
            let (mut x, mut targets) = ([[0.0; 3]; 2], [0; 2]);
            while let Some((x, targets)) = batches.next_batch(any_mut(&mut x), any_mut(&mut targets)) {
                print.add(x);
                print.add(targets);
            }
            (print.value(), batches.batches(3))
        })
    };
    order_shuffled(n: u16 = 30.0..60.0) order((0..usize::from(*n)).shuffled(&mut generator()));
    order_split(n: u16 = 30.0..60.0, at: u8) {
        let (train, validation) = (0..usize::from(*n)).split_at(usize::from(*at));
        (order(train), order(validation))
    };
    order_k_fold(n: u16 = 30.0..60.0, i: u8, k: u8 = 0.0..7.0) {
        let (train, validation) = (0..usize::from(*n)).k_fold(usize::from(*i), usize::from(*k));
        (order(train), order(validation))
    };
    order_selected(places: [u8; 7] = 0.0..60.0) order((3..50).select(any(places)));
    random_sequences(tokens: [u8; 40] = 0.0..200.0) {
        let mut batches = RandomSequences::<_, 2, 5>::new(any(tokens), &mut generator());
        let (mut print, mut x, mut y) = (Fingerprint::new(), [[0; 5]; 2], [[0; 5]; 2]);
        while batches.next_batch(&mut x, &mut y) {
            print.add(&(x, y));
        }
        (print.value(), batches.batches())
    };
    sequential_sequences(tokens: [u8; 40] = 0.0..200.0) {
        let mut batches = SequentialSequences::<_, 2, 5>::new(any(tokens), &mut generator());
        let (mut print, mut x, mut y) = (Fingerprint::new(), [[0; 5]; 2], [[0; 5]; 2]);
        while batches.next_batch(&mut x, &mut y) {
            print.add(&(x, y));
        }
        (print.value(), batches.batches())
    };
    windows(samples: [f32; 23]) {
        let (mut windows, mut print) = (Windows::<f32, 5, 3>::new(), Fingerprint::new());
        windows.push_all(any(samples), &mut [0.0; 5], |window| print.add(window));
        windows.iter().for_each(|sample| print.add(sample));
        windows.clear();
        print.value()
    };
    normalize(data: X => x: [f32; 3], y: [f32; 3]) {
        let mut normalize = Normalize::<[f32; 3]>::IDENTITY;
        let fitted = normalize.fit(any(data));
        normalize.apply(x);
        normalize.invert(y);
        fitted
    };
    moments(data: X => x: [f32; 3]) {
        let (mut moments, mut normalize) = (Moments::<[f32; 3]>::ZERO, Normalize::IDENTITY);
        any(data).iter().for_each(|x| moments.update(x));
        moments.normalize(&mut normalize);
        normalize.apply(x);
    };
    min_max(data: X => x: [f32; 3], y: [f32; 3]) {
        let mut scale = MinMax::<[f32; 3]>::IDENTITY;
        let fitted = scale.fit(any(data));
        scale.apply(x);
        scale.invert(y);
        fitted
    };

    accuracy(y: Y, labels: [u8; 7]) {
        let (mut first, mut three) = (Accuracy::NEW, TopKAccuracy::<3>::NEW);
        let updated = (first.update(Portable, any(y), any(labels)), three.update(any(y), any(labels)));
        (updated, (first.value(), three.value()))
    };
    confusion_matrix(y: Y, labels: [u8; 7], class: u8 = 0.0..9.0) {
        let (mut matrix, class) = (ConfusionMatrix::<5>::NEW, usize::from(*class));
        let updated = matrix.update(Portable, any(y), any(labels));
        matrix.count(class, class);
        let of_class = (matrix.precision(class), (matrix.recall(class), matrix.f1(class)));
        let averages = (matrix.macro_average(ConfusionMatrix::f1), matrix.weighted_average(ConfusionMatrix::recall));
        (updated, ((matrix.accuracy(), matrix.counts), (of_class, averages)))
    };
    mean_and_perplexity(losses: [f32; 9]) {
        let (mut mean, mut perplexity) = (Mean::NEW, Perplexity::NEW);
        any(losses).iter().for_each(|&loss| {
            mean.update(loss, 3);
            perplexity.update(loss, 5);
        });
        ((mean.value(), mean.count()), perplexity.value())
    };
    errors(y: Y, t: Y) {
        let (mut square, mut absolute, mut score) = (MeanSquaredError::NEW, MeanAbsoluteError::NEW, R2Score::<5>::NEW);
        let updated = (square.update(any(y), any(t)), (absolute.update(any(y), any(t)), score.update(any(y), any(t))));
        (updated, (square.value(), (absolute.value(), score.value())))
    };

    uniform(low: f32, high: f32 => w: Y) init::uniform(w, *low, *high, &mut generator());
    normal(mean: f32, std: f32 => w: Y) init::normal(w, *mean, *std, &mut generator());
    xavier_uniform(fan: u16, gain: f32 => w: Y)
        init::xavier_uniform(w, Fans { fan_in: usize::from(*fan), fan_out: 5 }, *gain, &mut generator());
    xavier_normal(fan: u16, gain: f32 => w: Y)
        init::xavier_normal(w, Fans { fan_in: usize::from(*fan), fan_out: 5 }, *gain, &mut generator());
    kaiming_uniform(fan: u16, gain: f32 => w: Y) init::kaiming_uniform(w, usize::from(*fan), *gain, &mut generator());
    kaiming_normal(fan: u16, gain: f32 => w: Y) init::kaiming_normal(w, usize::from(*fan), *gain, &mut generator());
    default_bound(fan: u16) init::default_bound(usize::from(*fan));
    shuffle(=> items: [u16; 31]) random::shuffle(any_mut(items), &mut generator());
    below(n: u32 = 0.0..1000.0) random::below(*n, &mut generator());
    annealing(step: u32 = 0.0..50.0) Annealing { start: 1.0, factor: 0.97, least: 0.3 }.tau(*step);
}
