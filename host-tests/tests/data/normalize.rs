//! Normalisation.

use tensorlet::{
    Error, Image, Tensor,
    data::{MinMax, Moments, Normalize},
};
use tensorlet_host::reference::{data::mean_and_std, wide};

use super::{compare, judge, uniform};

/// The values of feature `i` of `features`.
fn feature(data: &[f64], features: usize, i: usize) -> Vec<f64> {
    data.iter().copied().skip(i).step_by(features).collect()
}

#[test]
fn vectors_have_a_feature_per_element() {
    const N: usize = 500;
    let flat = uniform(1, 3 * N, -1.0, 4.0);
    // A feature far from zero, whose sum of squares would cancel.
    let flat: Vec<f32> = flat.iter().enumerate().map(|(i, x)| if i % 3 == 1 { x + 300.0 } else { *x }).collect();
    let data = <[f32; 3]>::view(&flat);
    let mut normalize = Normalize::<[f32; 3]>::IDENTITY;
    normalize.fit(data).expect("samples");
    let mut moments = Moments::<[f32; 3]>::ZERO;
    data.iter().for_each(|x| moments.update(x));
    let mut streamed = Normalize::IDENTITY;
    moments.normalize(&mut streamed);
    assert_eq!((moments.count, streamed), (N as u32, normalize));

    let mut worst = 0.0_f64;
    for i in 0..3 {
        let values = feature(&wide(&flat), 3, i);
        let [mean, std] = mean_and_std(&values);
        let size = if i == 1 { 300.0 } else { 4.0 };
        worst = worst.max(compare("normalize", &[normalize.mean[i], normalize.std[i]], &[mean, std], size));
        let mut all = data.to_vec();
        all.iter_mut().for_each(|x| normalize.apply(x));
        let got: Vec<f32> = all.iter().map(|x| x[i]).collect();
        let expected: Vec<f64> = values.iter().map(|x| (x - mean) / std).collect();
        compare("normalize", &got, &expected, size);
        all.iter_mut().for_each(|x| normalize.invert(x));
        let back: Vec<f32> = all.iter().map(|x| x[i]).collect();
        compare("normalize", &back, &values, size);
    }
    judge("normalize", worst);
}

#[test]
fn images_have_a_feature_per_channel() {
    type X = Image<2, 9, 7>;
    let flat = uniform(2, 40 * X::LEN, 0.0, 1.0);
    let data = X::view(&flat);
    let mut normalize = Normalize::<[f32; 2]>::IDENTITY;
    normalize.fit(data).expect("samples");
    for c in 0..2 {
        let values: Vec<f64> = data.iter().flat_map(|x| wide(x[c].as_flattened())).collect();
        let [mean, std] = mean_and_std(&values);
        compare("normalize", &[normalize.mean[c], normalize.std[c]], &[mean, std], 1.0);
        let mut x = data[3];
        normalize.apply(&mut x);
        let expected: Vec<f64> = wide(data[3][c].as_flattened()).iter().map(|x| (x - mean) / std).collect();
        compare("normalize", x[c].as_flattened(), &expected, 2.0);
    }
}

#[test]
fn ranges() {
    let flat = uniform(3, 300, -2.0, 5.0);
    let data = <[f32; 3]>::view(&flat);
    let mut scale = MinMax::<[f32; 3]>::IDENTITY;
    scale.fit(data).expect("samples");
    for i in 0..3 {
        let values = feature(&wide(&flat), 3, i);
        let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(min, max), &x| (min.min(x), max.max(x)));
        assert_eq!((f64::from(scale.min[i]), f64::from(scale.max[i])), (min, max));
        for x in data {
            let mut scaled = *x;
            scale.apply(&mut scaled);
            compare("normalize", &[scaled[i]], &[(f64::from(x[i]) - min) / (max - min)], 1.0);
            assert!((0.0..=1.0).contains(&scaled[i]));
            scale.invert(&mut scaled);
            compare("normalize", &[scaled[i]], &[f64::from(x[i])], 5.0);
        }
    }
    // An image with one feature.
    let mut whole = MinMax::<f32>::IDENTITY;
    whole.fit(&[[[3.0, -1.0], [2.0, f32::NAN]]]).expect("samples");
    assert_eq!((whole.min, whole.max), (-1.0, 3.0));
}

#[test]
fn odd_data_sets() {
    let mut normalize = Normalize { mean: [7.0], std: [8.0] };
    assert_eq!(normalize.fit::<[f32; 1]>(&[]), Err(Error::EmptyBatch));
    assert_eq!(normalize, Normalize { mean: [7.0], std: [8.0] });
    normalize.fit(&[[5.0]]).expect("a sample");
    assert_eq!(normalize, Normalize { mean: [5.0], std: [1.0] });
    let mut x = [9.0];
    Normalize::<[f32; 1]>::IDENTITY.apply(&mut x);
    MinMax::<[f32; 1]>::IDENTITY.apply(&mut x);
    assert_eq!(x, [9.0]);
    let mut scale = MinMax::<[f32; 1]>::IDENTITY;
    assert_eq!(scale.fit::<[f32; 1]>(&[]), Err(Error::EmptyBatch));
}

#[test]
fn very_many_values_stay_right() {
    // More than single precision can count, with values that are added to nothing in the end.
    let mut moments = Moments::<f32>::ZERO;
    static LOW: [f32; 1 << 14] = [0.0; 1 << 14];
    static HIGH: [f32; 1 << 14] = [2.0; 1 << 14];
    for _ in 0..2048 {
        moments.update(&LOW);
        moments.update(&HIGH);
    }
    assert_eq!(moments.count, 1 << 26);
    assert!((moments.mean - 1.0).abs() < 1e-3 && (moments.var - 1.0).abs() < 1e-3, "{moments:?}");
}
