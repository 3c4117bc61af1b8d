//! Variants of images.

use std::collections::BTreeSet;

use tensorlet::{
    Error, Image, Tensor,
    data::augment::{
        ColorJitter, adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation, center_crop, crop, hflip,
        padded_crop, random_crop, random_horizontal_flip, random_padded_crop, random_vertical_flip, vflip,
    },
};
use tensorlet_host::reference::data::color::{self, Pixel};

use super::{compare, judge, rng, uniform};

type Colour = Image<3, 5, 7>;

/// Values that say where they are.
fn numbered<const C: usize, const H: usize, const W: usize>() -> Image<C, H, W, i32> {
    std::array::from_fn(|c| std::array::from_fn(|y| std::array::from_fn(|x| (100 * c + 10 * y + x) as i32)))
}

#[test]
fn flips() {
    let image = numbered::<2, 3, 4>();
    let (mut across, mut down) = (image, image);
    hflip(&mut across);
    vflip(&mut down);
    for (c, y, x) in (0..2).flat_map(|c| (0..3).flat_map(move |y| (0..4).map(move |x| (c, y, x)))) {
        assert_eq!(across[c][y][x], image[c][y][3 - x]);
        assert_eq!(down[c][y][x], image[c][2 - y][x]);
    }
    let mut rng = rng(1);
    let (mut flipped, mut turned) = (0, 0);
    for _ in 0..1000 {
        let mut x = image;
        let done = random_horizontal_flip(&mut x, 0.3, &mut rng);
        assert_eq!(x, if done { across } else { image });
        flipped += u32::from(done);
        let mut x = image;
        let done = random_vertical_flip(&mut x, 0.8, &mut rng);
        assert_eq!(x, if done { down } else { image });
        turned += u32::from(done);
    }
    assert!((230..370).contains(&flipped) && (730..870).contains(&turned), "{flipped} {turned}");
}

/// The part from a corner on, -1 outside.
fn part<const H: usize, const W: usize>(image: &Image<1, 4, 5, i32>, [top, left]: [isize; 2]) -> Image<1, H, W, i32> {
    [std::array::from_fn(|y| {
        std::array::from_fn(|x| {
            let (y, x) = (top + y as isize, left + x as isize);
            let inside = (0..4).contains(&y) && (0..5).contains(&x);
            if inside { image[0][y as usize][x as usize] } else { -1 }
        })
    })]
}

#[test]
fn crops() {
    let image = numbered::<1, 4, 5>();
    for top in 0..3 {
        for left in 0..3 {
            let mut got = [[[0; 3]; 2]];
            crop(&image, [top, left], &mut got).expect("inside");
            assert_eq!(got, part(&image, [top as isize, left as isize]));
        }
    }
    for top in -6..6 {
        for left in -6..6 {
            let mut got = [[[0; 3]; 2]];
            padded_crop(&image, [top, left], -1, &mut got);
            assert_eq!(got, part(&image, [top, left]));
        }
    }
    let mut untouched = [[[7; 3]; 2]];
    let out = |index, entries| Err(Error::IndexOutOfRange { position: 0, index, entries });
    assert_eq!(crop(&image, [3, 0], &mut untouched), out(4, 4));
    assert_eq!(crop(&image, [0, 3], &mut untouched), out(5, 5));
    assert!(crop(&image, [usize::MAX, 0], &mut untouched).is_err());
    padded_crop(&image, [isize::MAX, isize::MIN], 7, &mut untouched);
    assert_eq!(untouched, [[[7; 3]; 2]]);
    // torchvision: int(round((4 - 1) / 2)) = 2, int(round((5 - 2) / 2)) = 2, round(1 / 2) = 0.
    let mut middle = [[[0; 2]; 1]];
    center_crop(&image, &mut middle);
    assert_eq!(middle, part(&image, [2, 2]));
    let mut middle = [[[0; 4]; 3]];
    center_crop(&image, &mut middle);
    assert_eq!(middle, part(&image, [0, 0]));
}

#[test]
fn random_crops_come_from_everywhere() {
    let image = numbered::<1, 4, 5>();
    let mut rng = rng(2);
    let (mut corners, mut padded) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..2000 {
        let mut got = [[[0; 3]; 2]];
        random_crop(&image, &mut got, &mut rng);
        let corner = [got[0][0][0] as isize / 10, got[0][0][0] as isize % 10];
        assert_eq!(got, part(&image, corner));
        corners.insert(corner);
        let mut got = [[[0; 5]; 4]];
        let corner = random_padded_crop(&image, 2, -1, &mut got, &mut rng);
        assert_eq!(got, part(&image, corner));
        padded.insert(corner);
    }
    assert_eq!((corners.len(), padded.len()), (9, 25));
}

fn pixels(image: &Colour) -> Vec<Pixel> {
    let [red, green, blue] = image.each_ref().map(|plane| plane.as_flattened());
    (0..red.len()).map(|i| [red[i], green[i], blue[i]].map(f64::from)).collect()
}

/// A change of colours and its reference.
type Change = (fn(&mut Colour, f32), fn(&[Pixel], f64) -> Vec<Pixel>, &'static [f32]);

const CHANGES: [Change; 4] = [
    (adjust_brightness, color::brightness, &[0.0, 0.5, 1.0, 1.7]),
    (adjust_contrast, color::contrast, &[0.0, 0.5, 1.0, 1.7]),
    (adjust_saturation, color::saturation, &[0.0, 0.5, 1.0, 1.7]),
    (adjust_hue, color::hue, &[-0.5, -0.31, -0.1, 0.0, 0.2, 0.34, 0.5]),
];

#[test]
fn colours() {
    let mut worst = 0.0_f64;
    for seed in 0..20 {
        let mut flat = uniform(seed, Colour::LEN, 0.0, 1.0);
        // Grey, black, white, and two equal channels.
        for (pixel, colours) in [[0.5; 3], [0.0; 3], [1.0; 3], [0.7, 0.7, 0.1], [0.2, 0.9, 0.9]].iter().enumerate() {
            (0..3).for_each(|c| flat[35 * c + pixel] = colours[c]);
        }
        let image = Colour::view(&flat)[0];
        for (adjust, reference, factors) in CHANGES {
            for &factor in factors {
                let mut got = image;
                adjust(&mut got, factor);
                let expected = reference(&pixels(&image), f64::from(factor));
                let expected: Vec<f64> = (0..3).flat_map(|c| expected.iter().map(move |pixel| pixel[c])).collect();
                worst = worst.max(compare("color", got.elements(), &expected, 1.0));
            }
        }
    }
    judge("color", worst);
    // One channel: its own mean.
    let mut grey = [[[0.0, 1.0]]];
    adjust_contrast(&mut grey, 0.0);
    assert_eq!(grey, [[[0.5, 0.5]]]);
}

#[test]
fn jitter_stays_in_its_range() {
    let image = [[[0.5_f32; 2]; 2]; 3];
    let mut rng = rng(4);
    let (mut low, mut high) = (1.0_f32, 0.0_f32);
    for _ in 0..500 {
        let mut x = image;
        ColorJitter { brightness: 0.4, ..ColorJitter::NONE }.apply(&mut x, &mut rng);
        (low, high) = (low.min(x[0][0][0]), high.max(x[0][0][0]));
        let mut y = image;
        ColorJitter::NONE.apply(&mut y, &mut rng);
        assert_eq!(y, image);
    }
    assert!((0.3 - 1e-6..0.32).contains(&low) && (0.68..0.7 + 1e-6).contains(&high), "{low} {high}");
    // A factor is never negative, all changes together stay colours.
    let all = ColorJitter { brightness: 3.0, contrast: 3.0, saturation: 3.0, hue: 0.5 };
    for seed in 0..200 {
        let flat = uniform(seed, Colour::LEN, 0.0, 1.0);
        let mut x = Colour::view(&flat)[0];
        all.apply(&mut x, &mut rng);
        assert!(x.elements().iter().all(|x| (0.0..=1.0).contains(x)));
    }
}
