//! What is in a network.

use tensorlet::{Module, Parameter, Path, Visitor};

/// The values of all parameters by path, in PyTorch's order.
pub(crate) fn by_path<M: Module>(network: &M) -> Vec<(String, Vec<f32>)> {
    struct Collect(Vec<(String, Vec<f32>)>);
    impl Visitor for Collect {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            let values = (0..values.len()).map(|i| values[parameter.position(i)]).collect();
            self.0.push((parameter.path.to_string(), values));
        }
    }
    let mut collect = Collect(Vec::new());
    network.parameters(Path::ROOT, &mut collect);
    collect.0
}
