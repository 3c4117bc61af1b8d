//! Convolutions.

macro_rules! conv_kernels {
    ($token:ty, $features:literal) => {
        const _: () = {
            use tensorlet::{
                Portable,
                kernel::{Conv2dDims, Conv2dShape, ConvKernels, Epilogue},
                math::lanes::Lanes,
            };
            use $crate::body::conv::{fits, is_depthwise};

            const LANES: usize = <$token as Lanes>::LANES;

            impl ConvKernels for $token {
                #[inline]
                fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
                    if const { !fits(G::DIMS) } || weight.len() < const { weights(G::DIMS) } {
                        Portable.conv2d::<G>(x, weight, bias, y);
                    } else if const { is_depthwise(G::DIMS, LANES) } {
                        let sizes = G::DIMS;
                        $crate::kernels::entry!($token, $features, conv::depthwise(
                            self, sizes: Conv2dDims, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) -> ())
                    } else {
                        $crate::kernels::sized!($token, $features, G: Conv2dShape, Conv2dDims,
                            conv::conv2d(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]))
                    }
                }

                /// As many samples at once as leave their outputs in the cache for the activation.
                #[inline]
                fn conv2d_fused<G: Conv2dShape>(
                    self,
                    x: &[f32],
                    weight: &[f32],
                    bias: &[f32],
                    then: Epilogue,
                    y: &mut [f32],
                ) {
                    const CACHED: usize = 1 << 14;
                    let [inputs, outputs] = const { [G::DIMS.in_len(), G::DIMS.out_len()] };
                    let samples = const { if G::DIMS.out_len() == 0 { 1 } else { CACHED / G::DIMS.out_len() + 1 } };
                    if inputs == 0 || outputs == 0 || matches!(then, Epilogue::Identity) {
                        self.conv2d::<G>(x, weight, bias, y);
                        return then.apply(self, y);
                    }
                    for (x, y) in x.chunks(samples * inputs).zip(y.chunks_mut(samples * outputs)) {
                        self.conv2d::<G>(x, weight, bias, y);
                        then.apply(self, y);
                    }
                }

                #[inline]
                fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
                    if const { !fits(G::DIMS) } || weight.len() < const { weights(G::DIMS) } {
                        Portable.conv2d_input_gradient::<G>(dy, weight, dx);
                    } else if const { is_depthwise(G::DIMS, LANES) } {
                        let sizes = G::DIMS;
                        $crate::kernels::entry!($token, $features, conv::depthwise_input_gradient(
                            self, sizes: Conv2dDims, dy: &[f32], weight: &[f32], dx: &mut [f32]) -> ())
                    } else {
                        $crate::kernels::sized!($token, $features, G: Conv2dShape, Conv2dDims,
                            conv::conv2d_input_gradient(self, dy: &[f32], weight: &[f32], dx: &mut [f32]))
                    }
                }

                #[inline]
                fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
                    if const { !fits(G::DIMS) } || dw.len() < const { weights(G::DIMS) } {
                        Portable.conv2d_weight_gradient::<G>(x, dy, dw, db);
                    } else {
                        let sizes = G::DIMS;
                        $crate::kernels::entry!($token, $features, conv::conv2d_weight_gradient(
                            self, sizes: Conv2dDims, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) -> ())
                    }
                }

                #[inline]
                fn conv2d_bias_gradient<G: Conv2dShape>(self, dy: &[f32], db: &mut [f32]) {
                    let sizes = G::DIMS;
                    $crate::kernels::entry!($token, $features, conv::conv2d_bias_gradient(
                        self, sizes: Conv2dDims, dy: &[f32], db: &mut [f32]) -> ())
                }

                #[inline]
                fn conv2d_channel_input_gradient<G: Conv2dShape>(
                    self,
                    channel: usize,
                    dy: &[f32],
                    weight: &[f32],
                    dx: &mut [f32],
                ) {
                    if const { !fits(G::DIMS) } || weight.len() < const { weights(G::DIMS) } {
                        Portable.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx);
                    } else {
                        let sizes = G::DIMS;
                        $crate::kernels::entry!($token, $features, conv::conv2d_channel_input_gradient(
                            self, sizes: Conv2dDims, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) -> ())
                    }
                }

                #[inline]
                fn conv2d_channel_weight_gradient<G: Conv2dShape>(
                    self,
                    channel: usize,
                    x: &[f32],
                    dy: &[f32],
                    dw: &mut [f32],
                ) {
                    if const { !fits(G::DIMS) } || dw.len() < const { weights(G::DIMS) / G::DIMS.in_channels } {
                        Portable.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw);
                    } else {
                        let sizes = G::DIMS;
                        $crate::kernels::entry!($token, $features, conv::conv2d_channel_weight_gradient(
                            self, sizes: Conv2dDims, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) -> ())
                    }
                }
            }

            /// The weights of these sizes; with fewer, kernels go the portable way.
            const fn weights(d: Conv2dDims) -> usize {
                d.groups * d.out_channels * d.filter_len()
            }
        };
    };
}
pub(crate) use conv_kernels;
