//! Cases computed by PyTorch: `cases/torch/README.md` tells their form.

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tensorlet::{Module, Parameter, Path, VisitorMut};

/// All cases of the directory.
macro_rules! cases {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../cases/torch/", $name, ".safetensors")))),+]
    };
}

/// Names and bytes of the cases.
pub(crate) static CASES: &[(&str, &[u8])] = cases![
    "avg_pool2d.global",
    "avg_pool2d.stride_gt_kernel",
    "conv2d.ch17_simd_tail",
    "conv2d.k1x1",
    "conv2d.pad_ge_kernel",
    "conv2d.resnet_stride2_1x1",
    "cross_entropy.NC_mean",
    "cross_entropy.perfect",
    "cross_entropy.unbatched",
    "linear.basic",
    "linear.one",
    "linear.vec",
    "linear.wide",
    "max_pool2d.all_negative_pad",
    "max_pool2d.k3s1",
    "max_pool2d.rect",
    "max_pool2d.stride_gt_kernel",
    "max_pool2d.ties",
    "optim_adam.betas",
    "optim_adam.betas_b",
    "optim_adam.default",
    "optim_adam.eps",
    "optim_adam.lr01",
    "optim_sgd.momentum",
    "optim_sgd.plain",
    "relu.extreme",
    "relu.rand_33",
    "relu.rand_3x5x7",
    "relu.rand_7",
    "relu.scalar_shape1",
    "sigmoid.grid",
    "sigmoid.rand_2x3x5x3",
    "sigmoid.rand_33",
    "softmax.equal",
    "softmax.large_offset",
    "softmax.masked_neginf",
    "softmax.wide_131",
    "tanh.extreme",
    "tanh.grid",
    "tanh.rand_3x5x7",
    "tanh.rand_7",
    "train_lenet.adam",
    "train_lenet.momentum",
    "train_lenet.sgd",
    "train_mlp_digits.adam",
    "train_mlp_digits.sgd",
];

/// One case.
pub(crate) struct Case {
    name: &'static str,
    tensors: SafeTensors<'static>,
    attributes: Value,
    tolerances: Value,
}

impl Case {
    /// The case of this name.
    pub(crate) fn open(name: &str) -> Self {
        let (name, bytes) = CASES.iter().find(|(case, _)| *case == name).expect("a case of this name");
        let (_, metadata) = SafeTensors::read_metadata(bytes).expect("the case is sound");
        let metadata = metadata.metadata().as_ref().expect("the case has metadata");
        let json = |key: &str| serde_json::from_str(&metadata[key]).expect("the metadata is JSON");
        let tensors = SafeTensors::deserialize(bytes).expect("the case is sound");
        Self { name, tensors, attributes: json("attrs"), tolerances: json("tol") }
    }

    /// Whether the case has this tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    /// A tensor of floats.
    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let tensor = self.tensors.tensor(name).unwrap_or_else(|_| panic!("{} has no {name}", self.name));
        assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
        tensor.data().as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
    }

    /// A tensor of class labels.
    pub(crate) fn labels(&self, name: &str) -> Vec<u8> {
        let tensor = self.tensors.tensor(name).expect("the case has labels");
        assert_eq!(tensor.dtype(), Dtype::I64, "{name}");
        let words = tensor.data().as_chunks().0.iter();
        words.map(|word| u8::try_from(i64::from_le_bytes(*word)).expect("a label")).collect()
    }

    /// A numeric attribute, or PyTorch's default.
    pub(crate) fn number(&self, key: &str, default: f64) -> f64 {
        self.attributes.get(key).map_or(default, |value| value.as_f64().expect("a number"))
    }

    /// The two factors of Adam's running means.
    pub(crate) fn betas(&self) -> [f64; 2] {
        let beta = |i: usize, default| {
            self.attributes.get("betas").map_or(default, |betas| betas[i].as_f64().expect("a number"))
        };
        [beta(0, 0.9), beta(1, 0.999)]
    }

    /// Compares with an expected tensor, within the tolerance that the file states.
    #[track_caller]
    pub(crate) fn compare(&self, name: &str, got: &[f32], on: &str) {
        let expected = self.floats(name);
        let number = |key: &str| self.tolerances[name][key].as_f64().expect("a tolerance");
        let (rtol, atol) = (number("rtol"), number("atol"));
        assert_eq!(got.len(), expected.len(), "{} on {on}: elements of {name}", self.name);
        for (i, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            let (got, expected) = (f64::from(got), f64::from(expected));
            let close = (got - expected).abs() <= atol + rtol * expected.abs();
            assert!(
                close || got == expected || (got.is_nan() && expected.is_nan()),
                "{} on {on}: {name}[{i}] is {got:e}, expected {expected:e} ± {atol:e} + {rtol:e} of it",
                self.name,
            );
        }
    }

    /// Sets the parameters of a network from the tensors `prefix + path`.
    pub(crate) fn load<M: Module>(&self, network: &mut M, prefix: &str) {
        network.parameters_mut(Path::ROOT, &mut Loader { case: self, prefix });
    }
}

struct Loader<'a> {
    case: &'a Case,
    prefix: &'a str,
}

impl VisitorMut for Loader<'_> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        let from = self.case.floats(&format!("{}{}", self.prefix, parameter.path));
        assert_eq!(from.len(), values.len(), "{}", parameter.path);
        for (i, from) in from.into_iter().enumerate() {
            values[parameter.position(i)] = from;
        }
    }
}

/// The values of all parameters, or of their gradients, by path and in PyTorch's order.
pub(crate) fn by_path<M: Module>(network: &M, gradients: Option<&[f32]>) -> Vec<(String, Vec<f32>)> {
    struct Collect<'a>(Option<&'a [f32]>, Vec<(String, Vec<f32>)>);
    impl tensorlet::Visitor for Collect<'_> {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            let mut from = values;
            if let Some(gradients) = &mut self.0 {
                (from, *gradients) = gradients.split_at(values.len());
            }
            let values = (0..from.len()).map(|i| from[parameter.position(i)]).collect();
            self.1.push((parameter.path.to_string(), values));
        }
    }
    let mut collect = Collect(gradients, Vec::new());
    network.parameters(Path::ROOT, &mut collect);
    collect.1
}

#[test]
fn every_case_of_the_directory_is_listed() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/torch");
    let mut found: Vec<String> = std::fs::read_dir(directory)
        .expect("the directory of cases")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .filter_map(|name| name.strip_suffix(".safetensors").map(str::to_owned))
        .collect();
    found.sort();
    let mut listed: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(found, listed);
}
