//! Reductions, scans, softmax and sampling.

use tensorlet::{Portable, ops::{self, All, Dim}};

use super::{argument::generator, cases::cases};

type X = [[[f32; 5]; 3]; 2];
/// Without the middle dimension.
type Y = [[f32; 5]; 2];
/// With the middle dimension of one.
type Kept = [[[f32; 5]; 1]; 2];
/// Without the first and the last dimension.
type Middle = [f32; 3];
const MIDDLE: Dim<1> = Dim;
const OUTER: (Dim<0>, Dim<-1>) = (Dim, Dim);

cases! {
    sum(x: X => y: Y, total: f32) { ops::sum(Portable, x, MIDDLE, y); ops::sum(Portable, x, All, total) };
    sum_backward(dy: Middle => dx: X) ops::sum_backward(Portable, dy, OUTER, dx);
    mean(x: X => y: Middle) ops::mean(Portable, x, OUTER, y);
    mean_backward(dy: Kept => dx: X) ops::mean_backward(Portable, dy, MIDDLE, dx);
    var(x: X, correction: u8 => y: Middle) ops::var(Portable, x, OUTER, usize::from(*correction), y);
    var_backward(x: X, dy: Middle, correction: u8 => dx: X)
        ops::var_backward(Portable, x, dy, OUTER, usize::from(*correction), dx);
    std(x: X, correction: u8 => y: Y) ops::std(Portable, x, MIDDLE, usize::from(*correction), y);
    std_backward(x: X, y: Y, dy: Y, correction: u8 => dx: X)
        ops::std_backward(Portable, x, y, dy, MIDDLE, usize::from(*correction), dx);
    prod(x: X => y: Y) ops::prod(Portable, x, MIDDLE, y);
    prod_backward(x: X, dy: Y => dx: X) ops::prod_backward(Portable, x, dy, MIDDLE, dx);
    max(x: X => y: Y, index: [[u8; 5]; 2]) ops::max(Portable, x, MIDDLE, y, index);
    max_backward(index: [[u8; 5]; 2], dy: Y => dx: X) ops::max_backward(Portable, index, dy, MIDDLE, dx);
    min(x: X => y: Y, index: [[u8; 5]; 2]) ops::min(Portable, x, MIDDLE, y, index);
    min_backward(index: [[u8; 5]; 2], dy: Y => dx: X) ops::min_backward(Portable, index, dy, MIDDLE, dx);
    amax(x: X => y: Middle) ops::amax(Portable, x, OUTER, y);
    amax_backward(x: X, y: Middle, dy: Middle => dx: X) ops::amax_backward(Portable, x, y, dy, OUTER, dx);
    amin(x: X => y: f32) ops::amin(Portable, x, All, y);
    amin_backward(x: X, y: Middle, dy: Middle => dx: X) ops::amin_backward(Portable, x, y, dy, OUTER, dx);
    argmax(x: X => index: [[i32; 5]; 2]) ops::argmax(Portable, x, MIDDLE, index);
    argmax_last(x: X => index: [[i32; 5]; 2]) ops::argmax_last(Portable, x, MIDDLE, index);
    argmin(x: X => index: u16) ops::argmin(Portable, x, All, index);
    argmin_last(x: X => index: u16) ops::argmin_last(Portable, x, All, index);
    norm(x: X, p: f32 = 0.0..4.0 => y: Middle, z: Y)
        { ops::norm(Portable, x, *p, OUTER, y); ops::norm(Portable, x, 2.0, MIDDLE, z) };
    norm_backward(x: X, y: Middle = 0.1..3.0, dy: Middle, p: f32 = 0.0..4.0 => dx: X)
        ops::norm_backward(Portable, x, y, dy, *p, OUTER, dx);
    normalize(x: X, p: f32 = 0.0..4.0, eps: f32 = 0.1..0.2 => y: X) ops::normalize(Portable, x, *p, MIDDLE, *eps, y);
    normalize_backward(x: X, dy: X, p: f32 = 0.0..4.0, eps: f32 = 0.1..0.2 => dx: X)
        ops::normalize_backward(Portable, x, dy, *p, MIDDLE, *eps, dx);
    logsumexp(x: X => y: Middle) ops::logsumexp(Portable, x, OUTER, y);
    logsumexp_backward(x: X, y: Middle, dy: Middle => dx: X) ops::logsumexp_backward(Portable, x, y, dy, OUTER, dx);
    cumsum(x: X => y: X) ops::cumsum(Portable, x, MIDDLE, y);
    cumsum_backward(dy: X => dx: X) ops::cumsum_backward(Portable, dy, MIDDLE, dx);
    cumprod(x: X => y: X) ops::cumprod(Portable, x, MIDDLE, y);
    cumprod_backward(x: X, y: X, dy: X => dx: X) ops::cumprod_backward(Portable, x, y, dy, MIDDLE, dx);

    softmax(x: X => y: X, z: X) { ops::softmax(Portable, x, MIDDLE, y); ops::softmax(Portable, x, Dim::<-1>, z) };
    softmax_backward(y: X = 0.0..0.5, dy: X => dx: X) ops::softmax_backward(Portable, y, dy, MIDDLE, dx);
    log_softmax(x: X => y: X) ops::log_softmax(Portable, x, MIDDLE, y);
    log_softmax_backward(y: X = -3.0..-1.0, dy: X => dx: X) ops::log_softmax_backward(Portable, y, dy, MIDDLE, dx);
    softmin(x: X => y: X) ops::softmin(Portable, x, Dim::<0>, y);
    softmin_backward(y: X = 0.0..0.5, dy: X => dx: X) ops::softmin_backward(Portable, y, dy, Dim::<0>, dx);
    masked_softmax(x: X, valid: [[u8; 3]; 2] = 0.0..7.0 => y: X) ops::masked_softmax(Portable, x, valid, y);
    masked_softmax_backward(y: X = 0.0..0.5, valid: [[u8; 3]; 2] = 0.0..7.0, dy: X => dx: X)
        ops::masked_softmax_backward(Portable, y, valid, dy, dx);

    gumbel_softmax(x: X, u: X = 0.0..1.0, tau: f32 = 0.3..1.0 => y: X)
        ops::gumbel_softmax(Portable, x, u, MIDDLE, *tau, y);
    gumbel_softmax_backward(y: X = 0.0..0.5, dy: X, tau: f32 = 0.3..1.0 => dx: X)
        ops::gumbel_softmax_backward(Portable, y, dy, MIDDLE, *tau, dx);
    one_hot_max(x: X => y: X) ops::one_hot_max(Portable, x, MIDDLE, y);
    epsilon_greedy(x: X, epsilon: f32 = 0.3..0.7 => y: X)
        ops::epsilon_greedy(Portable, x, MIDDLE, *epsilon, &mut generator(), y);
    gaussian_reparam(mean: X, log_variance: X, eps: X => y: X)
        ops::gaussian_reparam(Portable, mean, log_variance, eps, y);
    gaussian_reparam_backward(log_variance: X, eps: X, dy: X => dmean: X, dlog_variance: X)
        ops::gaussian_reparam_backward(Portable, log_variance, eps, dy, dmean, dlog_variance);
    gaussian_sigma_reparam(mean: X, sigma: X, eps: X => y: X)
        ops::gaussian_sigma_reparam(Portable, mean, sigma, eps, y);
    gaussian_sigma_reparam_backward(sigma: X, eps: X, dy: X => dmean: X, dsigma: X)
        ops::gaussian_sigma_reparam_backward(Portable, sigma, eps, dy, dmean, dsigma);
}
