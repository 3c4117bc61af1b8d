//! Functions of each element alone.

use rand_xoshiro::rand_core::SeedableRng;

use super::{Function, pieces_mut};
use crate::{
    math,
    random::{self, Generator},
};

/// Elementwise functions, in place, and their derivatives.
pub trait ElementwiseKernels: Copy {
    /// `x ← max(x, 0)`; NaN stays NaN.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [-1.0, 0.5];
    /// Portable.relu(&mut x);
    /// assert_eq!(x, [0.0, 0.5]);
    /// ```
    #[inline]
    fn relu(self, x: &mut [f32]) {
        for x in x {
            *x = if *x <= 0.0 { 0.0 } else { *x };
        }
    }

    /// [`relu`](Self::relu) that records which elements passed: bit `i % 32` of `mask[i / 32]` is
    /// set where the derivative is 1 (`x > 0`, and NaN, as in PyTorch).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let (mut x, mut mask) = ([-1.0, 0.5, 2.0], [0]);
    /// Portable.relu_masked(&mut x, &mut mask);
    /// assert_eq!((x, mask), ([0.0, 0.5, 2.0], [0b110]));
    /// ```
    #[inline]
    fn relu_masked(self, x: &mut [f32], mask: &mut [u32]) {
        for (x, mask) in pieces_mut(x, 32).zip(mask) {
            let mut bits = 0;
            for (i, x) in x.iter_mut().enumerate() {
                let dead = *x <= 0.0;
                bits |= u32::from(!dead) << (i & 31);
                *x = if dead { 0.0 } else { *x };
            }
            *mask = bits;
        }
    }

    /// `dy ← dy · mask`: the derivative of ReLU from the bits of [`relu_masked`](Self::relu_masked).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut dy = [3.0, 4.0];
    /// Portable.relu_backward(&mut dy, &[0b10]);
    /// assert_eq!(dy, [0.0, 4.0]);
    /// ```
    #[inline]
    fn relu_backward(self, dy: &mut [f32], mask: &[u32]) {
        for (dy, &mask) in pieces_mut(dy, 32).zip(mask) {
            for (i, dy) in dy.iter_mut().enumerate() {
                if mask >> (i & 31) & 1 == 0 {
                    *dy = 0.0;
                }
            }
        }
    }

    /// `x ← 1 / (1 + exp(-x))`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [0.0];
    /// Portable.sigmoid(&mut x);
    /// assert_eq!(x, [0.5]);
    /// ```
    #[inline]
    fn sigmoid(self, x: &mut [f32]) {
        for x in x {
            *x = math::sigmoid(*x);
        }
    }

    /// `y ← dy · y (1 - y)`: the derivative of the sigmoid from its value.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut y = [0.5];
    /// Portable.sigmoid_backward(&mut y, &[2.0]);
    /// assert_eq!(y, [0.5]);
    /// ```
    #[inline]
    fn sigmoid_backward(self, y: &mut [f32], dy: &[f32]) {
        for (y, dy) in y.iter_mut().zip(dy) {
            *y = dy * (*y * (1.0 - *y));
        }
    }

    /// `x ← tanh(x)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [0.0];
    /// Portable.tanh(&mut x);
    /// assert_eq!(x, [0.0]);
    /// ```
    #[inline]
    fn tanh(self, x: &mut [f32]) {
        for x in x {
            *x = math::tanh(*x);
        }
    }

    /// `y ← dy · (1 - y²)`: the derivative of the hyperbolic tangent from its value.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut y = [0.5];
    /// Portable.tanh_backward(&mut y, &[2.0]);
    /// assert_eq!(y, [1.5]);
    /// ```
    #[inline]
    fn tanh_backward(self, y: &mut [f32], dy: &[f32]) {
        for (y, dy) in y.iter_mut().zip(dy) {
            *y = dy * (1.0 - *y * *y);
        }
    }

    /// `x ← f(x)`.
    ///
    /// ```
    /// use tensorlet::{LeakyRelu, Portable, kernel::ElementwiseKernels};
    /// let mut x = [-2.0, 3.0];
    /// Portable.map(LeakyRelu::new(0.5), &mut x);
    /// assert_eq!(x, [-1.0, 3.0]);
    /// ```
    #[inline]
    fn map<F: Function>(self, f: F, x: &mut [f32]) {
        for x in x {
            *x = f.value(*x);
        }
    }

    /// `x ← dy · f'(x)`.
    ///
    /// ```
    /// use tensorlet::{LeakyRelu, Portable, kernel::ElementwiseKernels};
    /// let mut x = [-2.0, 3.0];
    /// Portable.map_backward(LeakyRelu::new(0.5), &mut x, &[10.0, 10.0]);
    /// assert_eq!(x, [5.0, 10.0]);
    /// ```
    #[inline]
    fn map_backward<F: Function>(self, f: F, x: &mut [f32], dy: &[f32]) {
        for (x, dy) in x.iter_mut().zip(dy) {
            *x = dy * f.derivative(*x);
        }
    }

    /// `y ← a · f(b)`: a gate.
    ///
    /// ```
    /// use tensorlet::{Portable, Relu, kernel::ElementwiseKernels};
    /// let mut y = [0.0; 2];
    /// Portable.gate(Relu, &[3.0, 3.0], &[-1.0, 2.0], &mut y);
    /// assert_eq!(y, [0.0, 6.0]);
    /// ```
    #[inline]
    fn gate<F: Function>(self, f: F, a: &[f32], b: &[f32], y: &mut [f32]) {
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = a * f.value(*b);
        }
    }

    /// The gradients of [`gate`](Self::gate) in place of its factors: `a ← dy · f(b)`, `b ← dy · a f'(b)`.
    ///
    /// ```
    /// use tensorlet::{Portable, Relu, kernel::ElementwiseKernels};
    /// let (mut a, mut b) = ([3.0, 3.0], [-1.0, 2.0]);
    /// Portable.gate_backward(Relu, &mut a, &mut b, &[10.0, 10.0]);
    /// assert_eq!((a, b), ([0.0, 20.0], [0.0, 30.0]));
    /// ```
    #[inline]
    fn gate_backward<F: Function>(self, f: F, a: &mut [f32], b: &mut [f32], dy: &[f32]) {
        for ((a, b), dy) in a.iter_mut().zip(b).zip(dy) {
            let da = dy * f.value(*b);
            *b = dy * (*a * f.derivative(*b));
            *a = da;
        }
    }

    /// `y ← y + x`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut y = [1.0, 2.0];
    /// Portable.add(&mut y, &[10.0, 20.0]);
    /// assert_eq!(y, [11.0, 22.0]);
    /// ```
    #[inline]
    fn add(self, y: &mut [f32], x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }

    /// `y ← y + a x`: BLAS's `axpy`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut y = [1.0, 2.0];
    /// Portable.add_scaled(&mut y, -1.0, &[10.0, 20.0]);
    /// assert_eq!(y, [-9.0, -18.0]);
    /// ```
    #[inline]
    fn add_scaled(self, y: &mut [f32], a: f32, x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    }

    /// `x ← a x`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [1.0, 2.0];
    /// Portable.scale(&mut x, 3.0);
    /// assert_eq!(x, [3.0, 6.0]);
    /// ```
    #[inline]
    fn scale(self, x: &mut [f32], a: f32) {
        for x in x {
            *x *= a;
        }
    }

    /// `x ← x / a`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [1.0, 2.0];
    /// Portable.divide(&mut x, 4.0);
    /// assert_eq!(x, [0.25, 0.5]);
    /// ```
    #[inline]
    fn divide(self, x: &mut [f32], a: f32) {
        for x in x {
            *x /= a;
        }
    }

    /// `x ← x + G(u)`: Gumbel noise from uniform numbers, by [`random::gumbel_quantile`].
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels};
    /// let mut x = [1.0];
    /// Portable.add_gumbel(&mut x, &[0.5]);
    /// assert!((x[0] - 1.366_512_9).abs() < 1e-6);
    /// ```
    #[inline]
    fn add_gumbel(self, x: &mut [f32], u: &[f32]) {
        for (x, u) in x.iter_mut().zip(u) {
            *x += random::gumbel_quantile(*u);
        }
    }

    /// [`add_gumbel`](Self::add_gumbel) with numbers that a [`Generator`] of this seed gives by
    /// [`random::uniform`], in order.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ElementwiseKernels, random::{self, Generator}};
    /// use rand_xoshiro::rand_core::SeedableRng;
    /// let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    /// Portable.draw_gumbel(&mut x, 7);
    /// let mut generator = Generator::seed_from_u64(7);
    /// Portable.add_gumbel(&mut y, &[(); 2].map(|()| random::uniform(&mut generator)));
    /// assert_eq!(x, y);
    /// ```
    #[inline]
    fn draw_gumbel(self, x: &mut [f32], seed: u64) {
        let mut generator = Generator::seed_from_u64(seed);
        for x in x {
            *x += random::gumbel_quantile(random::uniform(&mut generator));
        }
    }
}
