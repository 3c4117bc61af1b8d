//! Networks of several quantized layers that lay out their own memory.

/// Makes a [`Layer`](crate::Layer) of a struct whose fields are quantized layers: it is not trained, and a float head
/// can be trained on its output.
///
/// `Name { fields }: Input => Output, words of its arena, multiplications of a sample;` the struct has a method
/// `infer(&self, k, &Input, &mut [f32]) -> Result<&Output, Error>`. Generated networks call this.
#[macro_export]
macro_rules! quantized_network {
    ($name:ident { $($field:ident),* $(,)? }: $input:ty => $output:ty, $words:expr, $macs:expr) => {
        impl $crate::Module for $name {
            const ZERO: Self = Self { $($field: $crate::Module::ZERO),* };
            const PARAMETERS: usize = {
                const fn parameters<M: $crate::Module>(_: fn(&$name) -> &M) -> usize {
                    M::PARAMETERS
                }
                0 $(+ parameters(|network| &network.$field))*
            };
            const GRAD: usize = 0;

            fn init<Generator: $crate::__private::Rng>(&mut self, _: &mut Generator) {}

            fn parameters<V: $crate::Visitor>(&self, _: $crate::Path<'_>, _: &mut V) {}

            fn parameters_mut<V: $crate::VisitorMut>(&mut self, _: $crate::Path<'_>, _: &mut V) {}
        }

        impl $crate::quantized::QuantizedLayer<$input> for $name {
            type Out = $output;
            const DESCRIPTION: $crate::Description = $crate::Description::Layer($crate::description::LayerInfo {
                op: $crate::description::Op::Custom(stringify!($name)),
                input: <$input as $crate::Tensor>::SHAPE,
                output: <$output as $crate::Tensor>::SHAPE,
                parameters: &[],
                macs: $macs,
            });
            const SCRATCH: usize = $words;

            #[inline]
            fn apply<K: $crate::Kernels>(&self, k: K, x: &[$input], y: &mut [$output], scratch: &mut [f32]) {
                for (x, y) in x.iter().zip(y) {
                    if let Ok(output) = self.infer(k, x, scratch) {
                        *y = *output;
                    }
                }
            }
        }

        $crate::quantized_layer!([] $name, [] $input);
    };
}
