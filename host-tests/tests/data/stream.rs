//! Windows over a stream.

use tensorlet::data::Windows;

use super::property;

/// All windows of a stream that comes in blocks, beside what they must be.
fn check<const N: usize, const HOP: usize>(samples: usize, block: usize) {
    let stream: Vec<u32> = (0..samples as u32).collect();
    let mut windows = Windows::<u32, N, HOP>::new();
    let mut got: Vec<Vec<u32>> = Vec::new();
    for block in stream.chunks(block) {
        windows.push_all(block, &mut [0; N], |window| got.push(window.to_vec()));
    }
    let expected: Vec<_> = stream.windows(N).step_by(HOP).map(<[u32]>::to_vec).collect();
    assert_eq!(got, expected, "windows of {N} every {HOP}");
    let last = &stream[stream.len().saturating_sub(N)..];
    assert!(windows.iter().eq(last));
    // After a gap it begins anew.
    windows.clear();
    assert_eq!(windows.iter().count(), 0);
    let mut window = [0; N];
    let first = stream.iter().position(|&sample| windows.push(sample, &mut window));
    assert_eq!(first, (samples >= N).then_some(N - 1));
}

#[test]
fn windows_are_slices_of_the_stream() {
    property((0_usize..60, 1_usize..20), |(samples, block)| {
        check::<1, 1>(samples, block);
        check::<4, 1>(samples, block);
        check::<4, 3>(samples, block);
        check::<4, 4>(samples, block);
        check::<3, 7>(samples, block);
        check::<16, 5>(samples, block);
    });
}

#[test]
fn samples_of_several_channels() {
    let mut windows = Windows::<[f32; 3], 2, 1>::default();
    let mut window = [[0.0; 3]; 2];
    assert!(!windows.push([1.0, 2.0, 3.0], &mut window));
    assert!(windows.push([4.0, 5.0, 6.0], &mut window));
    assert_eq!(window, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
}
