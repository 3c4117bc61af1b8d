//! Every kernel on every instruction set against its float64 reference.
//!
//! Shapes are types, so they come from lists: odd sizes, vector tails, strides 1 to 3, paddings 0 to 2, rectangular
//! windows; of kernels on int8 also drawn, when the tests are built. Values and batch sizes come from `proptest`. Operands
//! lie in poisoned frames at odd addresses. Each test also fails if its tolerance is ten times what was needed.

mod conv;
mod elementwise;
mod extremes;
mod functions;
mod matmul;
mod mutants;
mod norm;
mod pool;
mod property;
mod quantized;
mod recurrent;
mod reduce;
mod shapes;
mod softmax;
mod special;
mod update;

use property::judge;
use quantized::{
    gru as quantized_gru, lstm as quantized_lstm, matmul as quantized_matmul, one as quantized_one,
    pool as quantized_pool, softmax as quantized_softmax, two as quantized_two, weighted as quantized_weighted,
};
use tensorlet_host::{on_every_instruction_set, tolerance};

/// One test for each kernel: `kernel in module` runs `module::kernel` on every instruction set.
macro_rules! kernels {
    ($($kernel:ident in $module:ident),+ $(,)?) => {
        $(
            #[test]
            fn $kernel() {
                judge(stringify!($kernel), on_every_instruction_set!($module::$kernel));
            }
        )+

        #[test]
        fn a_wrong_kernel_is_noticed() {
            $(mutants::expect_caught(stringify!($kernel), $module::$kernel(mutants::Spoiled));)+
        }

        /// The kernels that have a test.
        const TESTED: &[&str] = &[$(stringify!($kernel)),+];
    };
}

kernels! {
    matmul in matmul,
    matmul_nt in matmul,
    matmul_tn in matmul,
    matmul_flat in matmul,
    matmul_nt_flat in matmul,
    matmul_tn_flat in matmul,
    linear in matmul,
    linear_flat in matmul,
    conv2d in conv,
    conv2d_fused in conv,
    conv2d_input_gradient in conv,
    conv2d_weight_gradient in conv,
    conv2d_bias_gradient in conv,
    conv2d_channel_input_gradient in conv,
    conv2d_channel_weight_gradient in conv,
    max_pool2d in pool,
    max_pool2d_backward in pool,
    avg_pool2d in pool,
    avg_pool2d_backward in pool,
    avg_pool2d_backward_through in pool,
    relu in elementwise,
    relu_masked in elementwise,
    relu_backward in elementwise,
    sigmoid in elementwise,
    sigmoid_backward in elementwise,
    tanh in elementwise,
    tanh_backward in elementwise,
    map in functions,
    map_backward in functions,
    gate in functions,
    gate_backward in functions,
    add in elementwise,
    add_scaled in elementwise,
    scale in elementwise,
    divide in elementwise,
    add_gumbel in elementwise,
    draw_gumbel in elementwise,
    lstm_gates in recurrent,
    lstm_gates_backward in recurrent,
    gru_gates in recurrent,
    gru_gates_backward in recurrent,
    sum in reduce,
    max in reduce,
    dot in reduce,
    argmax in reduce,
    one_hot_max in reduce,
    softmax in softmax,
    softmax_rows in softmax,
    softmax_backward in softmax,
    log_softmax in softmax,
    log_softmax_backward in softmax,
    cross_entropy in softmax,
    cross_entropy_rows in softmax,
    deviations in norm,
    dot_deviations in norm,
    standardize in norm,
    standardize_backward in norm,
    layer_norm in norm,
    layer_norm_backward in norm,
    layer_norm_rows in norm,
    layer_norm_rows_backward in norm,
    sgd in update,
    sgd_linear in matmul,
    sgd_momentum in update,
    adam in update,
    adam_amsgrad in update,
    nadam in update,
    adamax in update,
    rmsprop in update,
    adagrad in update,
    adadelta in update,
    linear_i8 in quantized_weighted,
    conv2d_i8 in quantized_weighted,
    depthwise_conv2d_i8 in quantized_weighted,
    conv_transpose2d_i8 in quantized_weighted,
    matmul_i8 in quantized_matmul,
    matmul_i16 in quantized_matmul,
    lstm_step_i8 in quantized_lstm,
    lstm_step_i16 in quantized_lstm,
    gru_step_i8 in quantized_gru,
    linear_i16 in quantized_weighted,
    conv2d_i16 in quantized_weighted,
    depthwise_conv2d_i16 in quantized_weighted,
    conv_transpose2d_i16 in quantized_weighted,
    avg_pool2d_i8 in quantized_pool,
    avg_pool2d_i16 in quantized_pool,
    max_pool2d_i8 in quantized_pool,
    max_pool2d_i16 in quantized_pool,
    softmax_i8 in quantized_softmax,
    softmax_i16 in quantized_softmax,
    add_i8 in quantized_two,
    compact_add_i8 in quantized_two,
    compact_add_i16 in quantized_two,
    mul_i8 in quantized_two,
    mul_i16 in quantized_two,
    minimum_i8 in quantized_two,
    minimum_i16 in quantized_two,
    maximum_i8 in quantized_two,
    maximum_i16 in quantized_two,
    lookup_i8 in quantized_one,
    rescale_i16 in quantized_one,
    mean_i8 in quantized_one,
    mean_i16 in quantized_one,
    quantize_i8 in quantized_one,
    quantize_i16 in quantized_one,
    dequantize_i8 in quantized_one,
    dequantize_i16 in quantized_one,
}

/// The table of tolerances is the register of kernels: `tests/coverage.rs` compares it with core.
#[test]
fn every_row_of_the_table_has_a_test() {
    let rows: Vec<&str> = tolerance::KERNELS.iter().map(|row| row.name).collect();
    assert_eq!(rows, TESTED);
}
