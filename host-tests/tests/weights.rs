//! Weights go into a file and come back; a file that does not fit changes nothing and says why.

use std::collections::HashMap;
use std::fs;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use tensorlet::{Image, Module, Shape, Vector, layer::Frozen, network, quantized::qas};
use tensorlet_host::weights::{self, WeightsError};

network! {
    struct Small: Vector<3> {
        fc1: Linear(4),
        relu: Relu,
        fc2: Frozen(Linear(2)),
    }
}

network! {
    /// The same names, one layer wider.
    struct Wider: Vector<3> {
        fc1: Linear(5),
        relu: Relu,
        fc2: Linear(2),
    }
}

fn drawn<M: Module>(seed: u64) -> M {
    let mut network = M::ZERO;
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
    network
}

/// A tensor to be written: type, shape, bytes.
type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// The tensors of a sound file, for a test to damage.
fn tensors(network: &Small) -> HashMap<String, Tensor> {
    let bytes = weights::to_bytes(network).expect("the weights are finite");
    let file = SafeTensors::deserialize(&bytes).expect("it was just written");
    file.iter().map(|(name, t)| (name.to_owned(), (t.dtype(), t.shape().to_vec(), t.data().to_vec()))).collect()
}

/// What loading these tensors answers; the network must be as it was.
#[track_caller]
fn refused(tensors: &HashMap<String, Tensor>) -> WeightsError {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).expect("the test builds sound tensors"))
    });
    bytes_refused(&serialize(views, None).expect("the test builds a sound file"))
}

#[track_caller]
fn bytes_refused(bytes: &[u8]) -> WeightsError {
    let before: Small = drawn(2);
    let mut network = before;
    let error = weights::from_bytes(&mut network, bytes).expect_err("the file does not fit");
    assert_eq!(network, before, "{error}");
    error
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn weights_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("small.safetensors");
    let network: Small = drawn(1);
    weights::save(&network, &path).expect("the folder can be written");
    weights::save(&network, &path).expect("the file can be replaced");

    let mut back = Small::ZERO;
    weights::load(&mut back, &path).expect("it was just written");
    assert_eq!(back, network);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1, "no temporary file is left");
}

#[test]
fn names_shapes_and_order_are_pytorchs() {
    let mut network = Small::ZERO;
    // Stored [in][out]; PyTorch has [out, in].
    network.fc1.weight = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]];
    let tensors = tensors(&network);
    let mut names: Vec<_> = tensors.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);

    let weight = [1.0, 5.0, 9.0, 2.0, 6.0, 10.0, 3.0, 7.0, 11.0, 4.0, 8.0, 12.0];
    assert_eq!(tensors["fc1.weight"], (Dtype::F32, vec![4, 3], floats(&weight)));
    assert_eq!(tensors["fc2.weight"].1, [2, 4]);
}

#[test]
fn a_damaged_file_is_refused_wherever_it_is_cut() {
    let bytes = weights::to_bytes(&drawn::<Small>(1)).expect("the weights are finite");
    for end in 0..bytes.len() {
        let error = bytes_refused(&bytes[..end]);
        assert!(matches!(error, WeightsError::Damaged(_)), "{end}: {error}");
    }
    let longer: Vec<_> = bytes.iter().copied().chain([0]).collect();
    assert!(matches!(bytes_refused(&longer), WeightsError::Damaged(_)));
    assert!(matches!(bytes_refused(b"PK\x03\x04 surely no weights"), WeightsError::Damaged(_)));
}

#[test]
fn a_file_of_another_network_names_the_parameter_and_both_shapes() {
    let bytes = weights::to_bytes(&drawn::<Wider>(1)).expect("the weights are finite");
    let error = bytes_refused(&bytes);
    assert_eq!(error.to_string(), "`fc1.weight` has the shape [5, 3] in the file, but [4, 3] in the network");
    let WeightsError::Shape { name, found, expected } = error else { panic!("{error}") };
    assert_eq!((name.as_str(), found, expected), ("fc1.weight", vec![5, 3], Shape::new(&[4, 3])));
}

#[test]
fn a_transposed_weight_is_refused() {
    let mut tensors = tensors(&drawn(1));
    tensors.insert("fc1.weight".to_owned(), (Dtype::F32, vec![3, 4], vec![0; 48]));
    assert!(matches!(refused(&tensors), WeightsError::Shape { .. }));
}

#[test]
fn missing_and_extra_tensors_are_refused() {
    let mut missing = tensors(&drawn(1));
    missing.remove("fc2.bias");
    let error = refused(&missing);
    assert_eq!(error.to_string(), "the file does not hold the network's parameter `fc2.bias` of shape [2]");
    assert!(matches!(error, WeightsError::Missing { name, .. } if name == "fc2.bias"));

    let mut extra = tensors(&drawn(1));
    extra.insert("fc3.bias".to_owned(), (Dtype::F32, vec![2], floats(&[0.0, 0.0])));
    let error = refused(&extra);
    assert_eq!(error.to_string(), "the file holds `fc3.bias` of shape [2], which the network does not have");
    assert!(matches!(error, WeightsError::Extra { name, shape } if name == "fc3.bias" && shape == [2]));
}

#[test]
fn another_type_of_number_is_refused() {
    let mut tensors = tensors(&drawn(1));
    tensors.insert("fc1.bias".to_owned(), (Dtype::F16, vec![4], vec![0; 8]));
    let error = refused(&tensors);
    assert_eq!(error.to_string(), "`fc1.bias` is stored as F16, but the network holds F32");
    assert!(
        matches!(error, WeightsError::Type { name, found: Dtype::F16, expected: Dtype::F32 } if name == "fc1.bias")
    );
}

#[test]
fn values_that_are_not_finite_are_refused_both_ways() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut tensors = tensors(&drawn(1));
        tensors.insert("fc2.bias".to_owned(), (Dtype::F32, vec![2], floats(&[0.0, value])));
        let error = refused(&tensors);
        assert_eq!(error.to_string(), format!("`fc2.bias` holds {value} as element 1"));
        assert!(matches!(error, WeightsError::NotFinite { index: 1, .. }));

        let mut network: Small = drawn(1);
        network.fc1.weight[2][0] = value;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("small.safetensors");
        let error = weights::save(&network, &path).expect_err("no one could load that");
        assert!(matches!(error, WeightsError::NotFinite { index: 2, .. }), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("none/small.safetensors");
    let mut network: Small = drawn(1);
    let error = weights::load(&mut network, &path).expect_err("there is no such file");
    assert!(matches!(&error, WeightsError::Read { path: named, .. } if *named == path), "{error}");
    let error = weights::save(&network, &path).expect_err("there is no such folder");
    assert!(matches!(&error, WeightsError::Write { path: named, .. } if *named == path), "{error}");
}

network! {
    /// With running statistics.
    struct Normalised: Vector<3> {
        fc: Linear(4),
        norm = tensorlet::BatchNorm1d<4>,
    }
}

/// PyTorch counts batches beside its running statistics: loading passes over that, and nothing else.
#[test]
fn running_statistics_come_back_and_a_counter_is_no_stranger() {
    let mut network: Normalised = drawn(3);
    network.norm.running.mean = [1.0, 2.0, 3.0, 4.0];
    let bytes = weights::to_bytes(&network).expect("the weights are finite");
    let file = SafeTensors::deserialize(&bytes).expect("it was just written");
    let mut names: Vec<_> = file.names();
    names.sort_unstable();
    let norm = ["norm.bias", "norm.running_mean", "norm.running_var", "norm.weight"];
    assert_eq!(names, [&["fc.bias", "fc.weight"][..], &norm].concat());

    let mut tensors: Vec<(String, TensorView<'_>)> = file.tensors();
    let count = 17_i64.to_le_bytes();
    for (name, accepted) in [("norm.num_batches_tracked", true), ("fc.num_batches_tracked", false)] {
        tensors.push((name.to_owned(), TensorView::new(Dtype::I64, Vec::new(), &count).expect("a number")));
        let bytes = serialize(tensors.clone(), None).expect("a sound file");
        let mut loaded: Normalised = drawn(4);
        let result = weights::from_bytes(&mut loaded, &bytes);
        assert_eq!(result.is_ok(), accepted, "{name}: {result:?}");
        assert_eq!(loaded == network, accepted);
        tensors.truncate(6);
    }
}

network! {
    /// Weights of int8, one part of them frozen.
    struct Int8: Image<2, 3, 3> {
        conv = qas::Conv2d<2, 3, 2, 2, 2, 2>,
        flatten: Flatten,
        frozen = Frozen<qas::Linear<12, 4>>,
        fc = qas::Linear<4, 2>,
    }
}

#[test]
fn int8_weights_come_back_with_their_scales() {
    let network: Int8 = drawn(3);
    let bytes = weights::to_bytes(&network).expect("the weights are finite");
    let file = SafeTensors::deserialize(&bytes).expect("a sound file");
    let weight = file.tensor("fc.weight").expect("the weight");
    assert_eq!((weight.dtype(), weight.shape()), (Dtype::I8, &[2, 4][..]));
    // The first row is what makes the first output.
    let row: Vec<i8> = weight.data()[..4].iter().map(|byte| i8::from_ne_bytes([*byte])).collect();
    assert_eq!(row, network.fc.weight.map(|row| row[0]));
    assert_eq!(file.tensor("frozen.weight").expect("the weight").shape(), [4, 12]);
    assert_eq!(file.tensor("conv.scale").expect("the scales").shape(), [3]);

    let mut other: Int8 = drawn(4);
    weights::from_bytes(&mut other, &bytes).expect("a sound file");
    assert_eq!((other.conv.weight, other.conv.scale, other.conv.bias), {
        let conv = network.conv;
        (conv.weight, conv.scale, conv.bias)
    });
    assert_eq!((other.frozen.0.weight, other.fc.weight), (network.frozen.0.weight, network.fc.weight));

    // The weight of floats with the same name is none.
    let floats: Small = drawn(1);
    let tensors = tensors(&floats);
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name.replace("fc1", "fc"), TensorView::new(*dtype, shape.clone(), data).expect("a tensor"))
    });
    let mut linear = OneInt8::ZERO;
    let kept: Vec<_> = views.filter(|(name, _)| name.starts_with("fc.")).collect();
    let error = weights::from_bytes(&mut linear, &serialize(kept, None).expect("a file")).expect_err("floats");
    assert_eq!(error.to_string(), "`fc.weight` is stored as F32, but the network holds I8");
}

network! {
    struct OneInt8: Vector<3> {
        fc = qas::Linear<3, 4>,
    }
}
