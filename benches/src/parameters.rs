//! Parameters of networks to and from named arrays, in PyTorch's shapes.

use tensorlet::{Module, Parameter, Path, Visitor, VisitorMut};

use crate::arrays::Arrays;

/// Puts the parameters of a network to the arrays.
pub fn store<N: Module>(net: &N, arrays: &mut Arrays) {
    net.parameters(Path::ROOT, &mut Store(arrays));
}

/// Takes the parameters of a network from the arrays.
pub fn load<N: Module>(net: &mut N, arrays: &Arrays) {
    net.parameters_mut(Path::ROOT, &mut Load(arrays));
}

struct Store<'a>(&'a mut Arrays);

impl Visitor for Store<'_> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        let data = (0..values.len()).map(|i| values[parameter.position(i)]).collect();
        self.0.insert(&parameter.path.to_string(), parameter.info.shape.dims(), data);
    }
}

struct Load<'a>(&'a Arrays);

impl VisitorMut for Load<'_> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        let data = &self.0[parameter.path.to_string().as_str()];
        assert_eq!(data.len(), values.len(), "{} is there", parameter.path);
        for (i, &x) in data.iter().enumerate() {
            values[parameter.position(i)] = x;
        }
    }
}
