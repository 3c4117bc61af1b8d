//! Colours as torchvision's `_functional_tensor` computes them, for one pixel or plane after the other.

/// A pixel: red, green, blue.
pub type Pixel = [f64; 3];

fn clamp(x: f64) -> f64 {
    x.clamp(0.0, 1.0)
}

/// `rgb_to_grayscale`.
#[must_use]
pub fn grey([red, green, blue]: Pixel) -> f64 {
    0.2989 * red + 0.587 * green + 0.114 * blue
}

/// `adjust_brightness`.
#[must_use]
pub fn brightness(image: &[Pixel], factor: f64) -> Vec<Pixel> {
    image.iter().map(|pixel| pixel.map(|x| clamp(factor * x))).collect()
}

/// `adjust_contrast`.
#[must_use]
pub fn contrast(image: &[Pixel], factor: f64) -> Vec<Pixel> {
    let mean = image.iter().map(|&pixel| grey(pixel)).sum::<f64>() / image.len() as f64;
    image.iter().map(|pixel| pixel.map(|x| clamp(factor * x + (1.0 - factor) * mean))).collect()
}

/// `adjust_saturation`.
#[must_use]
pub fn saturation(image: &[Pixel], factor: f64) -> Vec<Pixel> {
    image.iter().map(|&pixel| pixel.map(|x| clamp(factor * x + (1.0 - factor) * grey(pixel)))).collect()
}

/// `adjust_hue`: from the hexagon of hues to an angle and back, by cases.
#[must_use]
pub fn hue(image: &[Pixel], factor: f64) -> Vec<Pixel> {
    image.iter().map(|&pixel| turn(pixel, factor)).collect()
}

fn turn(pixel: Pixel, factor: f64) -> Pixel {
    let [red, green, blue] = pixel;
    let (max, min) = (red.max(green).max(blue), red.min(green).min(blue));
    if max == min {
        return pixel;
    }
    let range = max - min;
    // Sectors of a sixth of a turn from red.
    let sectors = if red == max {
        (green - blue) / range
    } else if green == max {
        2.0 + (blue - red) / range
    } else {
        4.0 + (red - green) / range
    };
    let angle = (sectors / 6.0 + factor).rem_euclid(1.0) * 6.0;
    // Each colour falls off with its distance from its own angle.
    let colour = |own: f64| {
        let distance = (angle - own).abs();
        let distance = distance.min(6.0 - distance);
        clamp(min + range * (2.0 - distance).clamp(0.0, 1.0))
    };
    [colour(0.0), colour(2.0), colour(4.0)]
}
