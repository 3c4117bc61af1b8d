//! Gates of recurrent cells.

macro_rules! recurrent_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::{Portable, kernel::RecurrentKernels};

            /// Rows whose lengths contradict each other go the portable way.
            impl RecurrentKernels for $token {
                #[inline]
                fn lstm_gates(self, gates: &mut [f32], side: &[f32], c: &mut [f32], h: &mut [f32]) {
                    let hidden = c.len();
                    let sides = side.is_empty() || side.len() >= 4 * hidden;
                    if gates.len() < 4 * hidden || !sides || h.len() < hidden {
                        return Portable.lstm_gates(gates, side, c, h);
                    }
                    $crate::kernels::entry!($token, $features, recurrent::lstm_gates(self, gates: &mut [f32],
                                side: &[f32], c: &mut [f32], h: &mut [f32]) -> ())
                }

                #[inline]
                fn lstm_gates_backward(
                    self,
                    gates: &mut [f32],
                    before: &[f32],
                    tanh_c: &[f32],
                    dh: &[f32],
                    dc: &mut [f32],
                ) {
                    let hidden = dc.len();
                    if gates.len() < 4 * hidden || before.len().min(tanh_c.len()).min(dh.len()) < hidden {
                        return Portable.lstm_gates_backward(gates, before, tanh_c, dh, dc);
                    }
                    $crate::kernels::entry!($token, $features, recurrent::lstm_gates_backward(self,
                                gates: &mut [f32], before: &[f32], tanh_c: &[f32], dh: &[f32], dc: &mut [f32]) -> ())
                }

                #[inline]
                fn gru_gates(self, gates: &mut [f32], side: &[f32], h: &mut [f32]) {
                    let hidden = h.len();
                    if gates.len().min(side.len()) < 3 * hidden {
                        return Portable.gru_gates(gates, side, h);
                    }
                    $crate::kernels::entry!($token, $features, recurrent::gru_gates(self, gates: &mut [f32],
                                side: &[f32], h: &mut [f32]) -> ())
                }

                #[inline]
                fn gru_gates_backward(self, gates: &mut [f32], side_new: &mut [f32], before: &[f32], dh: &mut [f32]) {
                    let hidden = dh.len();
                    if gates.len() < 3 * hidden || side_new.len().min(before.len()) < hidden {
                        return Portable.gru_gates_backward(gates, side_new, before, dh);
                    }
                    $crate::kernels::entry!($token, $features, recurrent::gru_gates_backward(self,
                                gates: &mut [f32], side_new: &mut [f32], before: &[f32], dh: &mut [f32]) -> ())
                }
            }
        };
    };
}
pub(crate) use recurrent_kernels;
