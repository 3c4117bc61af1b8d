//! A product of matrices against its formula in float64.

use tensorlet_host::gpu::{Matmul, OffloadError};

use crate::compare::{gpu, samples};

fn products_of_many_shapes() {
    let gpu = gpu();
    // Sizes that no tile divides, that some do, and that take large tiles.
    for [m, n, k] in [[1, 1, 1], [17, 33, 5], [64, 128, 32], [130, 260, 20], [256, 256, 256]] {
        let a = samples::<f32>(m * k, 1);
        let b = samples::<f32>(k * n, 2);
        let product = Matmul::new(&gpu, [m, n, k]).expect("planned");
        product.write(&a, &b).expect("written");
        product.run(2).expect("run");
        let c = product.read(0..m).expect("read");
        for (at, &c) in c.iter().enumerate() {
            let terms = |t| f64::from(a[at / n * k + t]) * f64::from(b[t * n + at % n]);
            let (sum, size) = (0..k).map(terms).fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
            // Each of k roundings errs by half a unit in the last place of at most the sum of all sizes.
            let bound = 0.5 * f64::from(f32::EPSILON) * k as f64 * size;
            assert!((f64::from(c) - sum).abs() <= bound, "{m}x{n}x{k} at {at}: {c}, {sum} in float64");
        }
        let row = product.read(m - 1..m).expect("read");
        assert_eq!(row, c[(m - 1) * n..]);
    }
}

fn what_a_product_refuses() {
    let gpu = gpu();
    assert!(matches!(Matmul::new(&gpu, [4, 0, 4]), Err(OffloadError::Count { .. })));
    assert!(matches!(Matmul::new(&gpu, [1 << 20, 4, 1 << 20]), Err(OffloadError::TooLarge { .. })));
    let product = Matmul::new(&gpu, [2, 2, 2]).expect("planned");
    assert!(matches!(product.write(&[0.0; 3], &[0.0; 4]), Err(OffloadError::Count { given: 3, needed: 4, .. })));
    assert!(matches!(product.read(1..3), Err(OffloadError::Count { .. })));
    assert_eq!(product.read(1..1), Ok(Vec::new()));
}

crate::tests!(products_of_many_shapes, what_a_product_refuses);
