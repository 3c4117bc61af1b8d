//! Orders of samples.

use std::collections::BTreeMap;

use tensorlet::{
    data::{Order, Permutation},
    random,
};

use super::{property, rng};

fn sorted(order: &impl Order) -> Vec<usize> {
    let mut all: Vec<_> = order.iter().collect();
    assert_eq!(all.len(), order.size());
    assert_eq!(order.is_empty(), all.is_empty());
    assert_eq!(order.sample(order.size()), None);
    assert_eq!(order.sample(usize::MAX), None);
    all.sort_unstable();
    all
}

#[test]
fn a_permutation_names_every_sample_once() {
    property((0_usize..3000, 0_u64..1000), |(n, seed)| {
        let order = Permutation::new(n, &mut rng(seed));
        assert!(sorted(&order).into_iter().eq(0..n));
    });
    for n in (0..70).chain([4096, 65_535, 65_536, 65_537]) {
        assert!(sorted(&Permutation::new(n, &mut rng(7))).into_iter().eq(0..n), "{n}");
    }
    assert_eq!(size_of::<Permutation>(), 40);
    // The largest there is.
    let huge = Permutation::new(usize::MAX, &mut rng(1));
    assert_eq!(huge.size(), u32::MAX as usize);
    assert!(huge.sample(u32::MAX as usize - 1).is_some_and(|sample| sample < u32::MAX as usize));
}

/// `Σ (seen - expected)² / expected`.
fn chi_squared(seen: impl Iterator<Item = u32>, expected: f64) -> f64 {
    seen.map(|seen| (f64::from(seen) - expected).powi(2) / expected).sum()
}

#[test]
fn all_permutations_are_as_frequent() {
    // Of four samples there are 24: 23 degrees of freedom, 49.7 is exceeded once in a thousand times.
    let mut seen: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
    let mut rng = rng(3);
    for _ in 0..24_000 {
        *seen.entry(Permutation::new(4, &mut rng).iter().collect()).or_default() += 1;
    }
    assert_eq!(seen.len(), 24);
    let chi = chi_squared(seen.into_values(), 1000.0);
    assert!(chi < 49.7, "{chi}");
}

#[test]
fn every_sample_comes_everywhere() {
    // Pairs of position and sample of 60: 59² degrees of freedom, mean 3481, deviation 83.
    const N: usize = 60;
    let mut seen = vec![0_u32; N * N];
    let mut rng = rng(5);
    for _ in 0..60_000 {
        for (position, sample) in Permutation::new(N, &mut rng).iter().enumerate() {
            seen[position * N + sample] += 1;
        }
    }
    let chi = chi_squared(seen.into_iter(), 1000.0);
    assert!((3481.0 - 4.0 * 83.0..3481.0 + 4.0 * 83.0).contains(&chi), "{chi}");
}

#[test]
fn parts_of_an_order_are_the_order() {
    property((0_usize..400, 0_usize..500, 0_u64..1000), |(n, first, seed)| {
        let order = Permutation::new(n, &mut rng(seed));
        let (train, validation) = order.split_at(first);
        assert_eq!((train.size(), validation.size()), (first.min(n), n - first.min(n)));
        assert!(train.iter().chain(validation.iter()).eq(order.iter()));
        let again = train.shuffled(&mut rng(seed + 1));
        assert_eq!(sorted(&again), sorted(&train));
    });
}

#[test]
fn folds_partition() {
    property((0_usize..200, 1_usize..20, 0_u64..1000), |(n, k, seed)| {
        let order = Permutation::new(n, &mut rng(seed));
        let mut all = Vec::new();
        for i in 0..k {
            let (train, validation) = order.k_fold(i, k);
            // scikit-learn: the first `n % k` folds have one more.
            assert_eq!(validation.size(), n / k + usize::from(i < n % k));
            assert_eq!(train.size(), n - validation.size());
            let mut both: Vec<_> = train.iter().chain(validation.iter()).collect();
            assert_eq!(both.len(), n);
            both.sort_unstable();
            assert!(both.into_iter().eq(0..n));
            all.extend(validation.iter());
        }
        assert!(all.into_iter().eq(order.iter()));
    });
    // No fold at all, or one behind the last: everything trains.
    assert_eq!((0..5).k_fold(0, 0).0.size() + (0..5).k_fold(0, 0).1.size(), 5);
    assert_eq!((0..5).k_fold(9, 2).1.size(), 0);
    assert_eq!((0..5).k_fold(usize::MAX, usize::MAX).0.size(), 5);
}

#[test]
fn a_slice_of_indices_is_an_order() {
    let mut indices: Vec<u16> = (0..100).collect();
    random::shuffle(&mut indices, &mut rng(1));
    let order = indices.as_slice();
    assert!(order.iter().copied().map(usize::from).eq(Order::iter(&order)));
    assert!(sorted(&order).into_iter().eq(0..100));
    assert_eq!([3_i8, -1].as_slice().sample(1), None);
}
