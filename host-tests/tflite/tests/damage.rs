//! Damaged models: whatever is done to the bytes, there is an error or a network that passes every check.

mod support;

use std::{fs, path::PathBuf, sync::OnceLock, time::Duration, time::Instant};

use proptest::prelude::*;
use tensorlet_tflite::{Options, Rust, generate};

/// A change to the bytes: at this place, in parts of the whole.
#[derive(Clone, Debug)]
enum Change {
    /// These bytes instead.
    Replace(u16, Vec<u8>),
    /// This bit the other way.
    Flip(u16, u8),
    /// Nothing from here on.
    Cut(u16),
    /// A copy of the bytes at the second place.
    Copy(u16, u16, u8),
}

fn change() -> impl Strategy<Value = Change> {
    // Words as offsets and sizes have them.
    let word = prop_oneof![
        any::<u32>(),
        0..64_u32,
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(i32::MIN as u32),
        (0..9_u32).prop_map(|zeros| 1 << (3 * zeros)),
    ];
    prop_oneof![
        4 => (any::<u16>(), word).prop_map(|(at, word)| Change::Replace(at, word.to_le_bytes().to_vec())),
        4 => (any::<u16>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => any::<u16>().prop_map(Change::Cut),
        2 => (any::<u16>(), any::<u16>(), 1..64_u8).prop_map(|(to, from, len)| Change::Copy(to, from, len)),
    ]
}

fn damaged(sound: &[u8], changes: &[Change], aligned: bool) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for change in changes {
        let place = |part: u16| {
            let place = usize::from(part) * bytes.len() / 65_536;
            if aligned { place & !3 } else { place }
        };
        match change {
            Change::Replace(at, new) => {
                let at = place(*at);
                bytes.iter_mut().skip(at).zip(new).for_each(|(old, new)| *old = *new);
            }
            Change::Flip(at, bit) => {
                let at = place(*at);
                bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= 1 << bit);
            }
            Change::Cut(at) => bytes.truncate(place(*at)),
            Change::Copy(to, from, len) => {
                let (to, from) = (place(*to), place(*from));
                let copy: Vec<u8> = bytes.iter().skip(from).take((*len).into()).copied().collect();
                bytes.iter_mut().skip(to).zip(copy).for_each(|(old, new)| *old = new);
            }
        }
    }
    bytes
}

/// What the code says: the numbers in a call of a step, and how the sizes of its tensors come out.
fn check(rust: &Rust, bytes: usize) {
    let words = |tensor: &str| {
        let sizes = tensor.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let mut sizes: Vec<usize> = sizes.map(|size| size.parse().unwrap()).collect();
        // The first is the 8 of `i8`, or the 32 of `f32`.
        match sizes.remove(0) {
            8 => sizes.iter().product::<usize>().div_ceil(4),
            _ => sizes.iter().product(),
        }
    };
    let apart = |a: usize, a_words: usize, b: usize, b_words: usize| a + a_words <= b || b + b_words <= a;
    let inside = |at: usize, tensor: &str| assert!(at + words(tensor) <= rust.words, "{tensor} at {at}");
    let mut steps = 0;
    for line in rust.code.lines().filter_map(|line| line.trim().strip_prefix("arena.")) {
        let (call, rest) = line.split_once("::<").unwrap();
        let arguments: Vec<&str> = rest.split_once(">(").unwrap().0.split(", ").collect();
        let number = |i: usize| arguments[i].parse::<usize>().unwrap();
        match call {
            "step" => inside(number(0), arguments[3]),
            "layer" => inside(number(0), arguments[2]),
            "sum" => {
                let len = words(arguments[3]);
                (0..3).for_each(|i| inside(number(i), arguments[3]));
                assert!((0..2).all(|i| apart(number(i), len, number(2), len)), "{line}");
            }
            "step_onto" | "sum_onto" => {
                let len = words(arguments[2]);
                assert!(apart(number(0), len, number(1), len), "{line}");
                inside(number(0), arguments[2]);
                inside(number(1), arguments[2]);
            }
            "step2" => {
                inside(number(2), arguments[5]);
                assert!(apart(number(0), words(arguments[3]), number(2), words(arguments[5])), "{line}");
                assert!(apart(number(1), words(arguments[4]), number(2), words(arguments[5])), "{line}");
            }
            "into_ref" => continue,
            // Places of the parts and the output, types of these, three that are inferred.
            concat if concat.starts_with("concat") => {
                let parts = (arguments.len() - 3) / 2;
                for i in 0..parts {
                    inside(number(i), arguments[parts + i]);
                    let [own, made] = [parts + i, 2 * parts - 1].map(|place| words(arguments[place]));
                    assert!(i == parts - 1 || apart(number(i), own, number(parts - 1), made), "{line}");
                }
            }
            other => panic!("an unknown step {other}"),
        }
        steps += 1;
    }
    assert!(steps > 0, "a network without steps");
    assert!(rust.weights.len() <= 8 * bytes + 1024, "more weights than the file has");
}

/// Damages a model and looks at what comes of it.
fn one(sound: &[u8], changes: &[Change], aligned: bool) {
    let bytes = damaged(sound, changes, aligned);
    let begin = Instant::now();
    if let Ok(rust) = generate(&bytes, &Options::NEW) {
        check(&rust, bytes.len());
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "it took {:?}", begin.elapsed());
}

/// The real models, where they are.
fn real() -> &'static [Vec<u8>] {
    static MODELS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let cases = std::env::var_os("TENSORLET_CASES").map(|cases| PathBuf::from(cases).join("../data/tflite"));
        let near = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tflite");
        let folder = cases.into_iter().chain([near]).find(|folder| folder.is_dir());
        let files = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        let models = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|kind| kind == "tflite"));
        let models: Vec<_> = models.filter_map(|path| fs::read(path).ok()).collect();
        if models.is_empty() {
            eprintln!("not tried: real models, since ../shared/data/tflite is not there");
        }
        models
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn small_models(changes in prop::collection::vec(change(), 1..5), aligned in any::<bool>()) {
        one(&support::residual().write(), &changes, aligned);
    }

    #[test]
    fn small_models_of_each_operator(which in any::<usize>(), changes in prop::collection::vec(change(), 1..5)) {
        let mut models = support::operators::operators();
        let which = which % models.len();
        one(&models.swap_remove(which).1.write(), &changes, true);
    }

    #[test]
    fn small_models_of_floats(which in any::<usize>(), changes in prop::collection::vec(change(), 1..5)) {
        let mut models = support::floats::models();
        let which = which % models.len();
        one(&models.swap_remove(which).1.write(), &changes, true);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut file = b"\x08\0\0\0TFL3".to_vec();
        file.extend(bytes);
        one(&file, &[], false);
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn real_models(which in any::<usize>(), changes in prop::collection::vec(change(), 1..40), aligned in any::<bool>()) {
        if let Some(model) = real().get(which.checked_rem(real().len()).unwrap_or_default()) {
            one(model, &changes, aligned);
        }
    }
}

/// Many operators that share what is large: more than is read, or done soon.
#[test]
fn what_is_shared_by_many_costs_little() {
    let name = "n".repeat(10_000);
    let (shape, scale) = ([1, 100, 100, 10], [0.5]);
    let activation = |_| support::tensor(&name, &shape, 0, &scale, 0, 0);
    let relu = |i: i32| support::operator(0, &[i], i + 1, 0, vec![]);
    let model = |operators: i32| {
        let tensors = (0..=operators).map(activation).collect();
        support::model(&[19], tensors, (0..operators).map(relu).collect(), [0, operators], vec![])
    };
    let begin = Instant::now();
    let made = generate(&model(4000), &Options::NEW).unwrap();
    assert_eq!(made.words, 2 * 25_000);
    check(&made, usize::MAX / 16);
    assert!(generate(&model(4096), &Options::NEW).unwrap_err().to_string().contains("more than 4096 are not read"));
    // Fully connected layers that all have one weight.
    let dense = |i: i32| support::operator(0, &[i, 0], i + 1, 8, vec![]);
    let mut tensors = vec![support::tensor("w", &[100, 100], 1, &scale, 0, 0)];
    tensors.extend((1..=2001).map(|_| support::tensor("a", &[1, 100], 0, &scale, 0, 0)));
    let shared = support::model(&[9], tensors, (1..=2000).map(dense).collect(), [1, 2001], vec![vec![1; 10_000]]);
    let error = generate(&shared, &Options::NEW).unwrap_err().to_string();
    assert!(error.contains("entries in all constants"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(60), "it took {:?}", begin.elapsed());
}

#[test]
fn every_bit_of_a_small_model() {
    let sound = support::residual().write();
    for place in 0..sound.len() {
        for bit in 0..8 {
            let mut bytes = sound.clone();
            bytes[place] ^= 1 << bit;
            if let Ok(rust) = generate(&bytes, &Options::NEW) {
                check(&rust, bytes.len());
            }
        }
    }
}
