//! Brightness, contrast, saturation and hue, as torchvision defines them for images of values between
//! 0 and 1.

use rand_core::Rng;

use crate::{Image, Portable, kernel::ReduceKernels, random};

/// Brighter or darker: `clamp(factor · x, 0, 1)`. 0 gives black, 1 the image.
/// torchvision's `adjust_brightness`.
///
/// ```
/// let mut image = [[[0.25, 0.75]]];
/// tensorlet::data::augment::adjust_brightness(&mut image, 2.0);
/// assert_eq!(image, [[[0.5, 1.0]]]);
/// ```
#[inline]
pub fn adjust_brightness<const C: usize, const H: usize, const W: usize>(image: &mut Image<C, H, W>, factor: f32) {
    pixels(image).iter_mut().for_each(|x| *x = blend(*x, 0.0, factor));
}

/// More or less contrast: `clamp(factor · x + (1 - factor) · m, 0, 1)` with the mean `m` of the image in
/// grey. 0 gives grey, 1 the image. torchvision's `adjust_contrast`. The image has one or three
/// channels.
///
/// ```
/// let mut image = [[[0.25, 0.75]]];
/// tensorlet::data::augment::adjust_contrast(&mut image, 0.5);
/// assert_eq!(image, [[[0.375, 0.625]]]);
/// ```
#[inline]
pub fn adjust_contrast<const C: usize, const H: usize, const W: usize>(image: &mut Image<C, H, W>, factor: f32) {
    const { assert!(C == 1 || C == 3, "an image has one or three channels") };
    // The mean is linear: that of the grey image is the grey of the channels' means.
    let mean = |plane: &[[f32; W]; H]| Portable.sum(plane.as_flattened()) / (H * W) as f32;
    let mean = match &image[..] {
        [red, green, blue] => grey(mean(red), mean(green), mean(blue)),
        _ => image.iter().map(mean).sum(),
    };
    pixels(image).iter_mut().for_each(|x| *x = blend(*x, mean, factor));
}

/// More or less colour: `clamp(factor · x + (1 - factor) · g, 0, 1)` with the grey `g` of the pixel. 0
/// gives an image in grey, 1 the image. torchvision's `adjust_saturation`.
///
/// ```
/// let mut image = [[[1.0]], [[0.5]], [[0.0]]];
/// tensorlet::data::augment::adjust_saturation(&mut image, 0.0);
/// assert!(image.iter().all(|plane| (plane[0][0] - 0.5924).abs() < 1e-6));
/// ```
#[inline]
pub fn adjust_saturation<const H: usize, const W: usize>(image: &mut Image<3, H, W>, factor: f32) {
    each_pixel(image, |[red, green, blue]| {
        let grey = grey(red, green, blue);
        [red, green, blue].map(|x| blend(x, grey, factor))
    });
}

/// Other colours: the hue turned by `factor` of a full turn, -0.5 to 0.5. torchvision's `adjust_hue`.
///
/// ```
/// // A third of a turn makes green of red.
/// let mut image = [[[1.0]], [[0.0]], [[0.0]]];
/// tensorlet::data::augment::adjust_hue(&mut image, 1.0 / 3.0);
/// assert!(image[0][0][0] < 1e-6 && image[1][0][0] == 1.0 && image[2][0][0] < 1e-6);
/// ```
#[inline]
pub fn adjust_hue<const H: usize, const W: usize>(image: &mut Image<3, H, W>, factor: f32) {
    each_pixel(image, |pixel| {
        let [hue, saturation, value] = hsv(pixel);
        rgb([fraction(hue + factor), saturation, value])
    });
}

/// Random changes of brightness, contrast, saturation and hue, in random order:
/// torchvision's `ColorJitter`.
///
/// The first three are factors drawn from `max(0, 1 - b)` to `1 + b`, the hue is turned by `-h` to `h`
/// of a full turn; 0 changes nothing.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::augment::ColorJitter;
/// let jitter = ColorJitter { brightness: 0.5, ..ColorJitter::NONE };
/// let mut image = [[[0.5]], [[0.5]], [[0.5]]];
/// jitter.apply(&mut image, &mut Xoshiro128PlusPlus::seed_from_u64(1));
/// assert!((0.25..=0.75).contains(&image[0][0][0]) && image[0] == image[1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorJitter {
    /// How much brighter or darker.
    pub brightness: f32,
    /// How much more or less contrast.
    pub contrast: f32,
    /// How much more or less colour.
    pub saturation: f32,
    /// How far the hue turns, up to 0.5.
    pub hue: f32,
}

impl ColorJitter {
    /// No change.
    pub const NONE: Self = Self { brightness: 0.0, contrast: 0.0, saturation: 0.0, hue: 0.0 };

    /// Changes an image. Draws seven words: three for the order, four for the changes.
    pub fn apply<const H: usize, const W: usize, R: Rng>(&self, image: &mut Image<3, H, W>, rng: &mut R) {
        let mut order = [Change::Brightness, Change::Contrast, Change::Saturation, Change::Hue];
        random::shuffle(&mut order, rng);
        let mut draw = |amount: f32, least: f32, middle: f32| {
            let (low, high) = ((middle - amount).max(least), middle + amount);
            low + (high - low) * random::uniform(rng)
        };
        let factors = [self.brightness, self.contrast, self.saturation].map(|amount| draw(amount, 0.0, 1.0));
        let hue = draw(self.hue, -0.5, 0.0).min(0.5);
        let [brightness, contrast, saturation] = factors;
        for change in order {
            match change {
                Change::Brightness if self.brightness > 0.0 => adjust_brightness(image, brightness),
                Change::Contrast if self.contrast > 0.0 => adjust_contrast(image, contrast),
                Change::Saturation if self.saturation > 0.0 => adjust_saturation(image, saturation),
                Change::Hue if self.hue > 0.0 => adjust_hue(image, hue),
                _ => {}
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Change {
    Brightness,
    Contrast,
    Saturation,
    Hue,
}

#[inline(always)]
fn pixels<const C: usize, const H: usize, const W: usize>(image: &mut Image<C, H, W>) -> &mut [f32] {
    image.as_flattened_mut().as_flattened_mut()
}

/// Replaces every pixel.
#[inline(always)]
fn each_pixel<const H: usize, const W: usize>(image: &mut Image<3, H, W>, f: impl Fn([f32; 3]) -> [f32; 3]) {
    let [red, green, blue] = image;
    let (red, green, blue) = (red.as_flattened_mut(), green.as_flattened_mut(), blue.as_flattened_mut());
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        [*red, *green, *blue] = f([*red, *green, *blue]);
    }
}

#[inline(always)]
fn blend(x: f32, other: f32, factor: f32) -> f32 {
    (factor * x + (1.0 - factor) * other).clamp(0.0, 1.0)
}

/// torchvision's weights of ITU-R BT.601.
#[inline(always)]
fn grey(red: f32, green: f32, blue: f32) -> f32 {
    0.2989 * red + 0.587 * green + 0.114 * blue
}

/// What is behind the point: `x - floor(x)` for numbers from -1 to 3.
#[inline(always)]
fn fraction(x: f32) -> f32 {
    let x = x - (x as i32) as f32;
    if x < 0.0 { x + 1.0 } else { x }
}

/// Hue, saturation and value of red, green and blue, all between 0 and 1.
#[inline(always)]
fn hsv([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let (max, min) = (red.max(green).max(blue), red.min(green).min(blue));
    let range = max - min;
    if range == 0.0 {
        return [0.0, 0.0, max];
    }
    // How far each is from the largest.
    let [r, g, b] = [red, green, blue].map(|x| (max - x) / range);
    let hue = if max == red {
        b - g
    } else if max == green {
        2.0 + r - b
    } else {
        4.0 + g - r
    };
    [fraction(hue / 6.0 + 1.0), range / max, max]
}

/// Red, green and blue of hue, saturation and value.
#[inline(always)]
fn rgb([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let sector = (hue * 6.0) as i32;
    let f = hue * 6.0 - sector as f32;
    let p = (value * (1.0 - saturation)).clamp(0.0, 1.0);
    let q = (value * (1.0 - saturation * f)).clamp(0.0, 1.0);
    let t = (value * (1.0 - saturation * (1.0 - f))).clamp(0.0, 1.0);
    match sector {
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        5 => [value, p, q],
        // A full turn, 6, is 0.
        _ => [value, t, p],
    }
}
