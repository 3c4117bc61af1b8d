//! Sizes that kernels can count with. They are constants that anyone may write down: products that overflow would make
//! a large operand look small, and outputs that do not belong to an input would lead outside it.

use tensorlet::{
    description::Window,
    kernel::{Conv2dDims, Pool2dDims},
};

/// The most elements of an operand: offsets of a few times as many bytes fit 32 bits with a sign.
const MOST: usize = 1 << 28;

/// Whether the product of these sizes, and of any of them, is small enough.
pub(crate) const fn is_countable(sizes: &[usize]) -> bool {
    let (mut product, mut i) = (1_usize, 0);
    while i < sizes.len() {
        let size = if sizes[i] == 0 { 1 } else { sizes[i] };
        product = match product.checked_mul(size) {
            Some(product) if product <= MOST => product,
            _ => return false,
        };
        i += 1;
    }
    true
}

/// Whether the places of windows are, and those of the input with its padding.
const fn windows(window: &Window, input: [usize; 2], output: [usize; 2], axis: usize) -> bool {
    let options = &window.options;
    is_countable(&[window.kernel[axis], options.dilation[axis]])
        && is_countable(&[output[axis], options.stride[axis]])
        && is_countable(&[options.padding[axis]])
        && is_countable(&[options.padding_end[axis]])
        && is_countable(&[input[axis]])
}

/// Rows and columns of an input with its padding.
const fn padded(window: &Window, input: [usize; 2]) -> [usize; 2] {
    let options = &window.options;
    [input[0] + options.padding[0] + options.padding_end[0], input[1] + options.padding[1] + options.padding_end[1]]
}

/// Whether all sizes of a convolution can be counted with.
pub(crate) const fn conv2d(d: &Conv2dDims) -> bool {
    let window = &d.window;
    if !(windows(window, d.input, d.output, 0) && windows(window, d.input, d.output, 1)) {
        return false;
    }
    let [rows, columns] = padded(window, d.input);
    is_countable(&[d.groups, d.in_channels, rows, columns])
        && is_countable(&[d.groups, d.out_channels, d.output[0], d.output[1]])
        && is_countable(&[d.groups, d.out_channels, d.in_channels, window.kernel[0], window.kernel[1]])
}

/// Whether those of a pooling can.
pub(crate) const fn pool2d(d: &Pool2dDims, channels: usize) -> bool {
    let Some(window) = &d.window else { return false };
    if !(windows(window, d.input, d.output, 0) && windows(window, d.input, d.output, 1)) {
        return false;
    }
    let [rows, columns] = padded(window, d.input);
    is_countable(&[channels, rows, columns])
        && is_countable(&[channels, d.output[0], d.output[1]])
        && is_countable(&[window.kernel[0], window.kernel[1]])
}

/// Whether all windows lie inside the input with its padding. Asked of sizes that can be counted with.
#[cfg(any(test, mve))]
pub(crate) const fn are_inside(window: &Window, input: [usize; 2], output: [usize; 2]) -> bool {
    let ([rows, columns], options) = (padded(window, input), &window.options);
    let row = output[0].saturating_sub(1) * options.stride[0];
    let column = output[1].saturating_sub(1) * options.stride[1];
    row + window.kernel[0].saturating_sub(1) * options.dilation[0] < rows
        && column + window.kernel[1].saturating_sub(1) * options.dilation[1] < columns
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONV: Conv2dDims = Conv2dDims {
        groups: 2,
        in_channels: 3,
        input: [5, 6],
        out_channels: 4,
        output: [5, 4],
        window: Window::new([3, 3], [1, 2], [1, 2]),
    };

    #[test]
    fn products_that_overflow_are_no_numbers() {
        assert!(is_countable(&[]) && is_countable(&[0, 7]) && is_countable(&[1 << 14, 1 << 14]));
        assert!(!is_countable(&[1 << 14, 1 << 14, 2]) && !is_countable(&[usize::MAX, 2, 0]));
        assert!(!is_countable(&[1 << (usize::BITS / 2), 1 << (usize::BITS / 2)]));
    }

    #[test]
    fn each_size_of_a_window_counts() {
        const HUGE: usize = usize::MAX / 2;
        let pool = |d: &Conv2dDims| Pool2dDims { input: d.input, output: d.output, window: Some(d.window) };
        assert!(conv2d(&CONV) && pool2d(&pool(&CONV), 8) && !pool2d(&pool(&CONV), HUGE));
        let mut others = [CONV; 9];
        others[0].input[1] = HUGE;
        others[1].output[0] = HUGE;
        others[2].window.kernel[1] = HUGE;
        others[3].window.options.padding[0] = HUGE;
        others[4].window.options.padding_end[1] = HUGE;
        others[5].window.options.dilation[0] = HUGE;
        others[6].window.options.stride[1] = HUGE;
        others[7].groups = HUGE;
        others[8].in_channels = HUGE;
        for (i, d) in others.iter().enumerate() {
            assert!(!conv2d(d), "{d:?}");
            assert!(i > 6 || !pool2d(&pool(d), 1), "{d:?}");
        }
    }

    #[test]
    fn windows_outside_are_found() {
        assert!(are_inside(&CONV.window, CONV.input, CONV.output));
        assert!(!are_inside(&CONV.window, CONV.input, [6, 4]) && !are_inside(&CONV.window, CONV.input, [5, 5]));
    }
}
