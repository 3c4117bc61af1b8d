//! The one table of tolerances.
//!
//! A result passes when `|got - reference| ≤ atol + rtol · magnitude`. The magnitude is what rounding
//! errors are proportional to: for a sum the sum of the terms' absolute values, else the reference's.
//! `rtol` is written in units of [`U`], the error of one rounding.
//!
//! The tests of kernels also fail when a tolerance is more than ten times what was needed, so that
//! the table cannot rot.

/// Half the distance from 1 to the next `f32`: the relative error of one rounding.
pub const U: f64 = 1.0 / 16_777_216.0;

/// The smallest normal `f32`: results below it may lose digits or be flushed to zero.
pub const TINY: f64 = f32::MIN_POSITIVE as f64;

/// How far a result may be from its reference.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// The kernel, the name of its method; or what else is compared.
    pub name: &'static str,
    /// Times the magnitude.
    pub rtol: f64,
    /// Whatever the magnitude.
    pub atol: f64,
    /// Why.
    pub reason: &'static str,
}

const fn exact(name: &'static str) -> Tolerance {
    Tolerance { name, rtol: 0.0, atol: 0.0, reason: "selects or compares, rounds nothing" }
}

const fn bits(name: &'static str) -> Tolerance {
    Tolerance { name, rtol: 0.0, atol: 0.0, reason: "integers, bit for bit those of TensorFlow Lite" }
}

const fn roundings(name: &'static str, n: f64, reason: &'static str) -> Tolerance {
    Tolerance { name, rtol: n * U, atol: TINY, reason }
}

/// Each of `n` additions is off by up to [`U`] of the sum so far, and they are independent: at three standard
/// deviations `√(3n)` of them, 12 for 50 terms and 16 for 85.
const SUM: &str = "sums of up to a few hundred products; their roundings partly cancel";

const RUNNING: &str = "the magnitude is the sum of all roundings on the way: running error analysis";

/// The tolerances of kernels: one row for every method of every kernel trait.
pub static KERNELS: &[Tolerance] = &[
    roundings("matmul", 12.0, SUM),
    roundings("matmul_nt", 12.0, SUM),
    roundings("matmul_tn", 8.0, SUM),
    roundings("matmul_flat", 12.0, SUM),
    roundings("matmul_nt_flat", 12.0, SUM),
    roundings("matmul_tn_flat", 8.0, SUM),
    roundings("linear", 12.0, SUM),
    roundings("linear_flat", 12.0, SUM),
    roundings("conv2d", 16.0, SUM),
    roundings("conv2d_fused", 16.0, SUM),
    roundings("conv2d_input_gradient", 16.0, SUM),
    roundings("conv2d_weight_gradient", 16.0, SUM),
    roundings("conv2d_bias_gradient", 16.0, SUM),
    roundings("conv2d_channel_input_gradient", 16.0, SUM),
    roundings("conv2d_channel_weight_gradient", 16.0, SUM),
    exact("max_pool2d"),
    roundings("max_pool2d_backward", 4.0, "a sum over the windows that share a maximum"),
    roundings("avg_pool2d", 8.0, "a sum over a window, and the rounding of one over its size"),
    roundings("avg_pool2d_backward", 8.0, "a sum over the windows that hold an element, and that of the scale"),
    roundings(
        "avg_pool2d_backward_through",
        6.0,
        "a product with the scale, the derivative from the value by two roundings or three, and their product",
    ),
    exact("relu"),
    exact("relu_masked"),
    exact("relu_backward"),
    roundings("sigmoid", 4.0, "an exponential, a sum and a quotient"),
    roundings("sigmoid_backward", 3.0, "a difference and two products, from the rounded value"),
    roundings("tanh", 4.0, "one or two units in the last place of the function"),
    roundings("tanh_backward", 3.0, "a square, a difference and a product"),
    roundings(
        "map",
        6.0,
        "an exponential or two, sums and quotients; a rounding of the argument counts as the slope says",
    ),
    roundings("map_backward", 10.0, "as map, with more steps"),
    roundings("gate", 6.0, "as map, and a product"),
    roundings("gate_backward", 10.0, "as map_backward, and a product"),
    roundings("add", 1.0, "one rounding"),
    roundings("add_scaled", 2.0, "a product and a sum"),
    roundings("scale", 1.0, "one rounding"),
    roundings("divide", 1.0, "one rounding"),
    roundings("add_gumbel", 4.0, "two logarithms and a sum; an error of the first counts relative to 1"),
    roundings("draw_gumbel", 4.0, "as add_gumbel"),
    roundings("lstm_gates", 4.0, "as sigmoid and tanh, whose arguments are sums, then products and a sum"),
    roundings("lstm_gates_backward", 5.0, "up to six products and differences, from rounded values"),
    roundings("gru_gates", 4.0, "as sigmoid and tanh, whose arguments are sums, then products and a sum"),
    roundings("gru_gates_backward", 5.0, "up to six products and differences, from rounded values"),
    roundings("sum", 4.0, SUM),
    exact("max"),
    roundings("dot", 4.0, SUM),
    exact("argmax"),
    exact("one_hot_max"),
    roundings(
        "softmax",
        4.0,
        "an exponential and a quotient; the rounding of its argument x - max counts |x - max| times",
    ),
    roundings("softmax_rows", 4.0, "as softmax"),
    roundings("softmax_backward", 4.0, "a sum of products, a difference and a product"),
    roundings("log_softmax", 4.0, "two differences, exponentials and a logarithm"),
    roundings("log_softmax_backward", 6.0, "an exponential, a sum, a product and a difference"),
    roundings("cross_entropy", 4.0, "as softmax"),
    roundings("cross_entropy_rows", 4.0, "as softmax"),
    roundings("deviations", 4.0, SUM),
    roundings("dot_deviations", 4.0, SUM),
    roundings("standardize", 3.0, "a difference, a product and a sum"),
    roundings("standardize_backward", 5.0, "three products and sums of three terms"),
    roundings("layer_norm", 4.0, "a difference, two products and a sum"),
    roundings("layer_norm_backward", 8.0, "sums over a row, products with them, and a sum of three terms"),
    roundings("layer_norm_rows", 6.0, "as layer_norm, and the roundings of mean and deviation"),
    roundings("layer_norm_rows_backward", 10.0, "as layer_norm_backward, and the roundings of mean and deviation"),
    roundings("sgd", 1.0, RUNNING),
    roundings("sgd_linear", 12.0, SUM),
    roundings("sgd_momentum", 1.0, RUNNING),
    roundings("adam", 1.0, RUNNING),
    roundings("adam_amsgrad", 1.0, RUNNING),
    roundings("nadam", 1.0, RUNNING),
    roundings("adamax", 1.0, RUNNING),
    roundings("rmsprop", 1.0, RUNNING),
    roundings("adagrad", 1.0, RUNNING),
    roundings("adadelta", 1.0, RUNNING),
    bits("linear_i8"),
    bits("conv2d_i8"),
    bits("depthwise_conv2d_i8"),
    bits("conv_transpose2d_i8"),
    bits("matmul_i8"),
    bits("matmul_i16"),
    bits("lstm_step_i8"),
    bits("lstm_step_i16"),
    bits("gru_step_i8"),
    bits("linear_i16"),
    bits("conv2d_i16"),
    bits("depthwise_conv2d_i16"),
    bits("conv_transpose2d_i16"),
    bits("avg_pool2d_i8"),
    bits("avg_pool2d_i16"),
    bits("max_pool2d_i8"),
    bits("max_pool2d_i16"),
    bits("softmax_i8"),
    bits("softmax_i16"),
    bits("add_i8"),
    bits("compact_add_i8"),
    bits("compact_add_i16"),
    bits("mul_i8"),
    bits("mul_i16"),
    bits("minimum_i8"),
    bits("minimum_i16"),
    bits("maximum_i8"),
    bits("maximum_i16"),
    bits("lookup_i8"),
    bits("rescale_i16"),
    bits("mean_i8"),
    bits("mean_i16"),
    bits("quantize_i8"),
    bits("quantize_i16"),
    bits("dequantize_i8"),
    bits("dequantize_i16"),
];

/// The tolerances of whole layers and networks.
pub static NETWORKS: &[Tolerance] = &[
    Tolerance {
        name: "forward",
        rtol: 40.0 * U,
        atol: 1e-6,
        reason: "several layers in single precision against double",
    },
    Tolerance {
        name: "gradient",
        rtol: 60.0 * U,
        atol: 2e-6,
        reason: "a backward pass in single precision against differences in double precision with \
                 h = 1e-5, whose own error is near 1e-9; relative to the largest gradient of a parameter",
    },
    Tolerance {
        name: "fused",
        rtol: 30.0 * U,
        atol: 1e-7,
        reason: "the same gradients added in another order, then a step",
    },
    Tolerance {
        name: "fused_adam",
        rtol: 30.0 * U,
        atol: 2e-5,
        reason: "as fused, but Adam divides by the root of the squared gradient: the sign of a gradient \
                 near zero, which is rounding noise, decides about a whole step",
    },
];

/// The tolerances of what prepares data and of metrics.
pub static DATA: &[Tolerance] = &[
    roundings("normalize", 8.0, "a mean and a variance of some hundred numbers, a root and a quotient"),
    roundings("color", 16.0, "sums of three weighted colours; a hue and back; relative to 1, the largest colour"),
    roundings("anchors", 6.0, "a root, two products and a sum; relative to the largest corner"),
    roundings("box_iou", 6.0, "differences of corners, products and a quotient; relative to 1"),
    roundings("offset", 40.0, "differences of centres, divided by sizes from a twentieth on, times ten"),
    roundings("metrics", 8.0, "a running mean of some hundred numbers"),
];

/// The row of this name.
///
/// # Panics
/// If there is none: every comparison needs a row.
#[must_use]
pub fn of(name: &str) -> &'static Tolerance {
    KERNELS
        .iter()
        .chain(NETWORKS)
        .chain(DATA)
        .find(|tolerance| tolerance.name == name)
        .unwrap_or_else(|| panic!("the tolerance table has no row `{name}`"))
}

impl Tolerance {
    /// Compares results with references: the worst error in units of what is allowed.
    ///
    /// NaN must meet NaN, an infinity the same infinity.
    ///
    /// # Errors
    /// What is wrong with the worst element, if it is worse than allowed.
    pub fn compare(&self, got: &[f32], reference: &[f64], magnitude: &[f64]) -> Result<f64, String> {
        if got.len() != reference.len() || got.len() != magnitude.len() {
            return Err(format!("{}: {} results, {} references", self.name, got.len(), reference.len()));
        }
        let mut worst = 0.0;
        for (i, ((&got, &reference), &magnitude)) in got.iter().zip(reference).zip(magnitude).enumerate() {
            let wide = f64::from(got);
            let error = (wide - reference).abs();
            let allowed = self.atol + self.rtol * magnitude.abs();
            let same = wide == reference || (wide.is_nan() && reference.is_nan());
            if same {
                continue;
            }
            // A result that single precision cannot hold is infinite.
            if wide.is_infinite() && reference.abs() > f64::from(f32::MAX) && (wide > 0.0) == (reference > 0.0) {
                continue;
            }
            if error.is_nan() || error > allowed {
                return Err(format!(
                    "{}: element {i} is {got:e}, the reference {reference:e}: wrong by {error:.2e}, allowed {allowed:.2e}",
                    self.name
                ));
            }
            worst = f64::max(worst, error / allowed);
        }
        Ok(worst)
    }
}
