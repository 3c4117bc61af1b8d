//! What the device or the library refuses: which error, what it says to do, and what is left as it was.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use libtest_mimic::{Completion, Failed, Trial};
use tensorlet::{
    Error, Image, Linear, Relu, Vector,
    loss::{CrossEntropyLoss, MseLoss},
    network,
    optim::{RmsProp, Sgd},
    quantized::DynamicFakeQuantize,
};
use tensorlet_host::gpu::{Gpu, Offload, OffloadError, Options, Settings};

use crate::compare::{drawn, gpu, labels, samples, weights};

type Small = (Linear<4, 8>, (Relu, Linear<8, 3>));
type SmallTraining = Offload<Vector<4>, Small, u8, CrossEntropyLoss, Sgd>;

/// The training of a small network on nine samples in batches of three.
fn planned(gpu: &Gpu) -> (Box<Small>, SmallTraining) {
    let net = drawn::<Small>(0);
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    let offload = Offload::new(gpu, &*net, &CrossEntropyLoss, Sgd::new(0.1), data, Settings::batch(3));
    (net, offload.expect("planned"))
}

/// The words of all parameters: NaN equals itself.
fn bits(net: &Small) -> Vec<u32> {
    weights(net).into_iter().flat_map(|(_, values)| values).map(f32::to_bits).collect()
}

/// Whether an error says these words.
#[track_caller]
fn says(error: &OffloadError, words: &[&str]) {
    let text = error.to_string();
    words.iter().for_each(|word| assert!(text.contains(word), "`{word}` is missing in: {text}"));
}

network! {
    /// A layer without kernels, inside of a network.
    pub struct Features: Image<2, 4, 4> {
        act: Relu,
        norm = tensorlet::LocalResponseNorm,
    }
}

network! {
    /// A layer without kernels, two networks deep.
    pub struct Nested: Image<2, 4, 4> {
        features = Features,
        flatten: Flatten,
        head: Linear(3),
    }
}

fn a_layer_that_is_not_covered() {
    let net = drawn::<Nested>(0);
    let data = (&samples::<Image<2, 4, 4>>(4, 1)[..], &labels(4, 3, 2)[..]);
    let error = Offload::new(&gpu(), &*net, &CrossEntropyLoss, Sgd::new(0.1), data, Settings::batch(2))
        .expect_err("not covered");
    let OffloadError::Unsupported { path, layer, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&**path, &**layer), ("features.norm", "LocalResponseNorm"));
    says(&error, &["features.norm", "LocalResponseNorm", "Train this network on the CPU"]);
}

fn a_layer_of_the_programs_own() {
    type Net = (Linear<4, 8>, (DynamicFakeQuantize, Linear<8, 3>));
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    let net = drawn::<Net>(0);
    let error = Offload::new(&gpu(), &*net, &CrossEntropyLoss, Sgd::new(0.1), data, Settings::batch(3))
        .expect_err("not covered");
    let OffloadError::Unsupported { path, layer, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&**path, &**layer), ("1.0", "DynamicFakeQuantize"));
    says(&error, &["layer `1.0` (DynamicFakeQuantize)", "Train this network on the CPU"]);
}

fn an_optimiser_without_a_rule() {
    let net = drawn::<Small>(0);
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    let error = Offload::new(&gpu(), &*net, &CrossEntropyLoss, RmsProp::new(0.1), data, Settings::batch(3));
    let error = error.expect_err("no rule");
    assert!(matches!(error, OffloadError::UnsupportedRule { .. }), "{error:?}");
    says(&error, &["optimiser", "Sgd, Adam, AdamW", "Train with it on the CPU"]);
}

/// A weight of 137 MB; a static takes no place on the stack.
static WIDE: Linear<8192, 4200> = Linear { weight: [[0.0; 4200]; 8192], bias: [0.0; 4200] };

fn too_large_a_buffer() {
    let gpu = gpu();
    let most = gpu.largest_binding();
    let too_large = |error: OffloadError, what_it_is: &str| {
        let OffloadError::TooLarge { what, bytes, most } = &error else { panic!("{error:?}") };
        assert_eq!(what, what_it_is);
        assert!(bytes > most, "{error}");
        says(&error, &[what_it_is, "Take a smaller batch"]);
    };
    // The batch's inputs, the output of a layer, the weights, the data set.
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    for batch in [most as usize / 16 + 1, usize::MAX] {
        let settings = Settings::batch(batch);
        let error = Offload::new(&gpu, &*drawn::<Small>(0), &CrossEntropyLoss, Sgd::new(0.1), data, settings);
        too_large(error.expect_err("too large"), "the inputs of a batch");
    }
    for batch in [most as usize / 400 + 1, 1 << 24] {
        let (x, targets) = (samples::<Vector<1>>(4, 1), samples::<Vector<100>>(4, 2));
        let net = drawn::<(Linear<1, 512>, Linear<512, 100>)>(0);
        let settings = Settings::batch(batch);
        let error = Offload::new(&gpu, &*net, &MseLoss, Sgd::new(0.1), (&x, &targets), settings).map(|_| ());
        let error = error.expect_err("too large");
        assert!(matches!(error, OffloadError::TooLarge { .. }), "{error:?}");
        says(&error, &["Take a smaller batch"]);
    }
    if most <= 1 << 27 {
        let (x, targets) = (samples::<Vector<8192>>(1, 1), samples::<Vector<4200>>(1, 2));
        let error = Offload::new(&gpu, &WIDE, &MseLoss, Sgd::new(0.1), (&x, &targets), Settings::batch(1));
        too_large(error.expect_err("too large"), "all parameters");
        let n = most as usize / 4096 + 1;
        let (x, targets, net) = (vec![[0.0; 1024]; n], vec![[0.0]; n], drawn::<Linear<1024, 1>>(0));
        let error = Offload::new(&gpu, &*net, &MseLoss, Sgd::new(0.1), (&x, &targets), Settings::batch(1));
        too_large(error.expect_err("too large"), "the data set's inputs");
    }
}

fn inputs_and_targets() {
    let gpu = gpu();
    let net = drawn::<Small>(0);
    let x = samples(3, 1);
    let refused = |x: &[Vector<4>], targets: &[u8], batch| {
        let settings = Settings::batch(batch);
        match Offload::new(&gpu, &*net, &CrossEntropyLoss, Sgd::new(0.1), (x, targets), settings) {
            Err(OffloadError::Network(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&x, &[0, 1, 7], 3), Error::LabelOutOfRange { index: 2, label: 7, classes: 3 });
    assert_eq!(refused(&x, &[0, 1], 3), Error::BatchMismatch { inputs: 3, targets: 2 });
    assert_eq!(refused(&[], &[], 3), Error::EmptyBatch);
    assert_eq!(refused(&x, &[0, 1, 2], 0), Error::EmptyBatch);
}

fn numbers_of_networks() {
    let gpu = gpu();
    let net = drawn::<Small>(0);
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    let sweep = |nets: &[Small], optimizers: &[Sgd]| {
        Offload::sweep(&gpu, nets, &CrossEntropyLoss, optimizers, data, Settings::batch(3)).map(|_| ())
    };
    let count = |what, given, needed| Err(OffloadError::Count { what, given, needed });
    assert_eq!(sweep(&[], &[]), count("networks", 0, 1));
    assert_eq!(sweep(&[*net, *net], &[Sgd::new(0.1)]), count("optimisers", 1, 2));

    let (mut net, mut offload) = planned(&gpu);
    assert_eq!(offload.read(1, &mut net), count("the number of a network", 1, 1));
    assert_eq!(offload.write(1, &net), count("the number of a network", 1, 1));
    assert!(matches!(offload.give_noise("0", &[0.5]), Err(OffloadError::Order(text)) if text.contains("given_noise")));
    offload.optimizers.clear();
    assert_eq!(offload.train(&[0, 1, 2]).map(|_| ()), count("optimisers", 0, 1));
}

fn orders() {
    let (mut net, mut offload) = planned(&gpu());
    let before = bits(&net);
    for (order, words) in [
        (&[][..], ["0 samples", "batches of 3"]),
        (&[0, 1, 2, 3], ["4 samples do not fill batches of 3", "leave out the rest"]),
        (&[0, 1, 2, 3, 4, 9], ["no sample 9", "the data set has 9"]),
    ] {
        let error = offload.train(order).expect_err("no order");
        assert!(matches!(error, OffloadError::Order(_)), "{error:?}");
        says(&error, &words);
    }
    offload.read(0, &mut net).expect("read back");
    assert_eq!(bits(&net), before, "nothing was trained");
    offload.train(&[0, 1, 2]).expect("a step");
}

fn a_loss_that_is_not_finite() {
    let gpu = gpu();
    let net = drawn::<Small>(0);
    let (mut x, targets) = (samples::<Vector<4>>(4, 1), labels(4, 3, 2));
    x[2][1] = f32::NAN;
    let plan = || {
        let settings = Settings { steps: 2, ..Settings::batch(1) };
        Offload::new(&gpu, &*net, &CrossEntropyLoss, Sgd::new(0.1), (&x, &targets), settings).expect("planned")
    };
    let mut two_steps = net.clone();
    let mut offload = plan();
    offload.train(&[0, 1]).expect("two steps");
    offload.read(0, &mut two_steps).expect("read back");

    // The third step's loss is NaN: its update does not happen, nor do those behind it.
    let (mut stopped, mut offload) = (net.clone(), plan());
    let error = offload.train(&[0, 1, 2, 3, 0]).expect_err("NaN");
    assert!(matches!(error, OffloadError::NonFiniteLoss { step: 2, copy: 0, loss } if loss.is_nan()), "{error:?}");
    says(&error, &["step 2", "Lower the learning rate", "NaN in the data"]);
    offload.read(0, &mut stopped).expect("read back");
    assert_eq!(bits(&stopped), bits(&two_steps));
    assert!(offload.train(&[0]).is_err(), "it goes on only with weights that are written");
    offload.write(0, &net).expect("written");
    offload.train(&[0, 1]).expect("two steps");
    offload.read(0, &mut stopped).expect("read back");
    assert_eq!(bits(&stopped), bits(&two_steps));
}

fn a_loss_of_one_network_of_a_sweep() {
    let gpu = gpu();
    let net = drawn::<Small>(0);
    let mut endless = net.clone();
    endless.1.1.weight[0][0] = f32::INFINITY;
    let (x, targets) = (samples::<Vector<4>>(9, 1), labels(9, 3, 2));
    let order = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    let train = |nets: &[Small]| {
        let optimizers = vec![Sgd::new(0.1); nets.len()];
        let data = (&x[..], &targets[..]);
        let offload = Offload::sweep(&gpu, nets, &CrossEntropyLoss, &optimizers, data, Settings::batch(3));
        let mut offload = offload.expect("planned");
        let outcome = offload.train(&order);
        let mut nets = nets.to_vec();
        nets.iter_mut().enumerate().for_each(|(copy, net)| offload.read(copy, net).expect("read back"));
        (outcome, nets)
    };
    let (outcome, alone) = train(&[*net]);
    outcome.expect("finite losses");
    let (outcome, three) = train(&[*net, *endless, *net]);
    let error = outcome.expect_err("a loss that is not finite");
    assert!(matches!(error, OffloadError::NonFiniteLoss { step: 0, copy: 1, .. }), "{error:?}");
    says(&error, &["network 1"]);
    assert_eq!(bits(&three[1]), bits(&endless), "it keeps its weights");
    for copy in [0, 2] {
        assert_eq!(bits(&three[copy]), bits(&alone[0]), "network {copy} goes on as if it were alone");
    }
}

fn a_device_that_is_lost() {
    let gpu = gpu();
    let (mut net, mut offload) = planned(&gpu);
    offload.train(&[0, 1, 2]).expect("a step");
    offload.read(0, &mut net).expect("read back");
    offload.train(&[3, 4, 5]).expect("a step");
    gpu.destroy();

    let before = bits(&net);
    let lost = |outcome: Result<(), OffloadError>| {
        let error = outcome.expect_err("lost");
        assert!(matches!(error, OffloadError::Lost { .. }), "{error:?}");
        says(&error, &["it was closed", "Open it anew and plan again", "last read back"]);
    };
    lost(offload.train(&[0, 1, 2]).map(|_| ()));
    lost(offload.read(0, &mut net));
    lost(offload.write(0, &net));
    lost(offload.write_settings(0, &net));
    lost(offload.gradients(0).map(|_| ()));
    lost(offload.forward(&samples(2, 1)).map(|_| ()));
    let data = (&samples::<Vector<4>>(9, 1)[..], &labels(9, 3, 2)[..]);
    lost(Offload::new(&gpu, &*net, &CrossEntropyLoss, Sgd::new(0.1), data, Settings::batch(3)).map(|_| ()));
    assert_eq!(bits(&net), before, "the network on the host is what was read back last");
}

crate::tests!(
    a_layer_that_is_not_covered,
    a_layer_of_the_programs_own,
    an_optimiser_without_a_rule,
    too_large_a_buffer,
    inputs_and_targets,
    numbers_of_networks,
    orders,
    a_loss_that_is_not_finite,
    a_loss_of_one_network_of_a_sweep,
    a_device_that_is_lost
);

/// The first argument of the process that only opens a GPU.
const CHILD: &str = "open-a-gpu";

/// Opens a GPU and says what came of it, if that is what this process is for.
pub(crate) fn child() -> Option<ExitCode> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(CHILD) {
        return None;
    }
    match Gpu::with(Options { software: arguments.next().as_deref() == Some("software") }) {
        Ok(gpu) => println!("{gpu}"),
        Err(error) => println!("{error:?}\n{error}"),
    }
    Some(ExitCode::SUCCESS)
}

/// What a process says that finds these drivers and no others.
fn with_drivers(drivers: &Path, wanted: &str) -> Result<String, Failed> {
    let mut command = Command::new(env::current_exe()?);
    command.args([CHILD, wanted]).env("VK_DRIVER_FILES", drivers);
    let output = command.env_remove("VK_ADD_DRIVER_FILES").env_remove("VK_ICD_FILENAMES").output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{}: {said}", output.status).into()) }
}

fn holds(said: &str, words: &[&str]) -> Result<(), Failed> {
    match words.iter().find(|word| !said.contains(**word)) {
        Some(word) => Err(format!("`{word}` is missing in: {said}").into()),
        None => Ok(()),
    }
}

fn no_driver() -> Result<(), Failed> {
    let empty = tempfile::tempdir()?;
    for drivers in [empty.path(), &empty.path().join("missing.json")] {
        for wanted in ["software", "hardware"] {
            let said = with_drivers(drivers, wanted)?;
            holds(&said, &["NoAdapter", "no GPU was found", "Install the driver", "mesa-vulkan-drivers", "`Trainer`"])?;
        }
    }
    Ok(())
}

/// The manifest of a driver in software.
fn software_driver() -> Option<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    files
        .map(|file| file.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("lvp")))
}

fn only_a_device_in_software() -> Result<Completion, Failed> {
    let Some(driver) = software_driver() else {
        return Ok(Completion::ignored_with(
            "there is no driver in software here: apt-get install mesa-vulkan-drivers",
        ));
    };
    holds(&with_drivers(&driver, "hardware")?, &["SoftwareAdapter", "llvmpipe", "slower", "`Options::software`"])?;
    holds(&with_drivers(&driver, "software")?, &["llvmpipe"])?;
    Ok(Completion::Completed)
}

/// The tests that need no device. Only Vulkan's loader can be told which drivers there are.
pub(crate) fn tests_without_a_device() -> Vec<Trial> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    vec![
        Trial::test("gpu/refused/no_driver", no_driver),
        Trial::ignorable_test("gpu/refused/only_a_device_in_software", only_a_device_in_software),
    ]
}
