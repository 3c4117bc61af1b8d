//! Mini-batches of data sets and of streams of tokens.

use tensorlet::{
    Error,
    data::{DataLoader, Order, Permutation, RandomSequences, SequentialSequences},
};
use tensorlet_host::reference::data::sequential;

use super::{property, rng};

#[test]
fn an_epoch_holds_every_sample_once() {
    property((1_usize..60, 1_usize..20, 0_u64..100, 0..2), |(n, size, seed, drop_last)| {
        let x: Vec<[u16; 2]> = (0..n as u16).map(|i| [i, i + 1000]).collect();
        let targets: Vec<u16> = (0..n as u16).map(|i| i * 2).collect();
        let order = Permutation::new(n, &mut rng(seed));
        let mut loader = DataLoader::new(&x, &targets, order).expect("all samples are there");
        if drop_last == 1 {
            loader = loader.drop_last();
        }
        let batches = loader.batches(size);
        let (mut x_buffer, mut target_buffer) = (vec![[0; 2]; size], vec![0; size]);
        let mut seen = Vec::new();
        let mut count = 0;
        while let Some((x, targets)) = loader.next_batch(&mut x_buffer, &mut target_buffer) {
            assert_eq!(x.len(), targets.len());
            assert!(x.iter().zip(targets).all(|(x, &target)| x[1] == x[0] + 1000 && target == 2 * x[0]));
            assert!(x.len() == size || (drop_last == 0 && seen.len() + x.len() == n));
            seen.extend(x.iter().map(|x| usize::from(x[0])));
            count += 1;
        }
        assert_eq!(count, batches);
        let expected = if drop_last == 1 { n - n % size } else { n };
        assert!(seen.iter().copied().eq(order.iter().take(expected)));
        // The next epoch.
        let mut again = loader.restart(Permutation::new(n, &mut rng(seed + 1))).expect("all samples are there");
        assert_eq!(again.batches(size), batches);
        assert_eq!(again.next_batch(&mut x_buffer, &mut target_buffer).is_some(), batches > 0);
    });
}

#[test]
fn a_loader_knows_what_is_wrong() {
    let error = |x: &[u8], targets: &[u8], order: &[i8]| DataLoader::new(x, targets, order).err();
    assert_eq!(error(&[1, 2], &[1], &[0]), Some(Error::BatchMismatch { inputs: 2, targets: 1 }));
    let out = |position, index| Some(Error::IndexOutOfRange { position, index, entries: 2 });
    assert_eq!(error(&[1, 2], &[1, 2], &[0, 1, 2]), out(2, 2));
    assert_eq!(error(&[1, 2], &[1, 2], &[0, -5]), out(1, -1));
    assert_eq!(error(&[1, 2], &[1, 2], &[1, 1, 0]), None);
    // No room for a batch, no samples.
    let mut loader = DataLoader::new(&[1, 2], &[3, 4], 0..2).expect("all samples are there");
    assert_eq!(loader.next_batch(&mut [], &mut [0]), None);
    assert_eq!(loader.batches(0), 0);
    let mut empty = DataLoader::<u8, u8, _>::new(&[], &[], 0..0).expect("no samples are there");
    assert_eq!(empty.next_batch(&mut [0], &mut [0]), None);
}

#[test]
fn sequences_go_on_from_batch_to_batch() {
    property((0_usize..200, 0_usize..7), |(n, offset)| {
        let tokens: Vec<usize> = (0..n).collect();
        let mut batches = SequentialSequences::<_, 3, 5>::with_offset(&tokens, offset);
        let count = batches.batches();
        let (mut x, mut y) = ([[0; 5]; 3], [[0; 5]; 3]);
        let mut got = Vec::new();
        while batches.next_batch(&mut x, &mut y) {
            got.push((x.map(|row| row.to_vec()).to_vec(), y.map(|row| row.to_vec()).to_vec()));
        }
        assert_eq!(got.len(), count);
        assert_eq!(got, sequential(&tokens, offset, 3, 5));
    });
}

#[test]
fn the_offset_of_sequential_batches_is_drawn_up_to_the_steps() {
    let tokens: Vec<usize> = (0..40).collect();
    let mut first = [0; 6];
    let mut rng = rng(1);
    for _ in 0..600 {
        let (mut x, mut y) = ([[0; 5]; 1], [[0; 5]; 1]);
        assert!(SequentialSequences::<_, 1, 5>::new(&tokens, &mut rng).next_batch(&mut x, &mut y));
        first[x[0][0]] += 1;
    }
    assert!(first.iter().all(|&n| n > 50), "{first:?}");
}

#[test]
fn random_sequences_do_not_overlap() {
    property((0_usize..200, 0_u64..1000), |(n, seed)| {
        let tokens: Vec<usize> = (0..n).collect();
        let mut batches = RandomSequences::<_, 3, 5>::new(&tokens, &mut rng(seed));
        let count = batches.batches();
        let (mut x, mut y) = ([[0; 5]; 3], [[0; 5]; 3]);
        let mut starts = Vec::new();
        while batches.next_batch(&mut x, &mut y) {
            for (x, y) in x.iter().zip(&y) {
                assert!(x.windows(2).all(|pair| pair[1] == pair[0] + 1));
                assert!(x.iter().zip(y).all(|(x, y)| x + 1 == *y));
                starts.push(x[0]);
            }
        }
        assert_eq!(starts.len(), 3 * count);
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), 3 * count);
        if let Some(offset) = starts.first().map(|first| first % 5) {
            assert!(starts.iter().all(|start| start % 5 == offset));
            // d2l's number of batches.
            assert_eq!(count, (n - offset - 1) / 5 / 3);
        }
    });
    let tokens: Vec<usize> = (0..40).collect();
    let mut offsets = [0; 5];
    for seed in 0..600 {
        let (mut x, mut y) = ([[0; 5]; 1], [[0; 5]; 1]);
        assert!(RandomSequences::<_, 1, 5>::new(&tokens, &mut rng(seed)).next_batch(&mut x, &mut y));
        offsets[x[0][0] % 5] += 1;
    }
    assert!(offsets.iter().all(|&n| n > 60), "{offsets:?}");
}

#[test]
fn a_given_offset_is_kept() {
    let tokens: Vec<usize> = (0..17).collect();
    let mut batches = RandomSequences::<_, 1, 4>::with_offset(&tokens, 3, &mut rng(2));
    assert_eq!(batches.batches(), 3);
    let (mut x, mut y) = ([[0; 4]; 1], [[0; 4]; 1]);
    let mut starts = Vec::new();
    while batches.next_batch(&mut x, &mut y) {
        starts.push(x[0][0]);
    }
    starts.sort_unstable();
    assert_eq!(starts, [3, 7, 11]);
    assert_eq!(RandomSequences::<_, 1, 4>::with_offset(&tokens, 99, &mut rng(2)).batches(), 0);
}
