//! Every case is implemented, computes the same on every instruction set, and would be found out if it did not.

use std::collections::BTreeSet;

use tensorlet_benches::{
    arrays::Arrays,
    case::{Case, Op},
    compare::compare,
    count, inputs,
    ours::{self, Token},
};
use tensorlet_simd::Isa;

/// The most floating-point operations of a case that is run here.
const MOST: f64 = 5e8;

fn all() -> Vec<Case> {
    Case::select(&[]).expect("the cases read")
}

fn case(name: &str) -> Case {
    all().into_iter().find(|case| case.name == name).expect("a case of that name")
}

#[test]
fn every_case_computes_the_same_on_every_instruction_set() {
    for case in all() {
        let inputs = inputs::of(&case);
        let answer = |token| {
            ours::contestant(&case, &inputs, token).unwrap_or_else(|| panic!("{} has no shape", case.name)).answer()
        };
        if case.flops().is_some_and(|flops| flops > MOST) || matches!(case.op, Op::Threads { .. }) {
            continue;
        }
        let mut isas = Isa::available();
        let reference = answer(Token::Chosen(isas.next().expect("the portable one"))).unwrap();
        for token in isas.map(Token::Chosen).chain([Token::Native]) {
            let same = compare(&case, &inputs, &reference, &answer(token).unwrap());
            assert_eq!(same, Ok(()), "{} on {token:?}", case.name);
        }
    }
}

#[test]
fn names_are_unique_and_those_that_are_counted_exist() {
    let names: BTreeSet<String> = all().into_iter().map(|case| case.name).collect();
    assert_eq!(names.len(), all().len());
    for name in count::CASES {
        assert!(names.contains(*name), "{name}");
    }
    assert!(Case::select(&["no such case".to_owned()]).is_err());
}

#[test]
fn planted_differences_are_found() {
    let case = case("matmul 4");
    let answer = |x: f32| Arrays::default().with("c", &[2], vec![1.0, x]);
    let compared = |x| compare(&case, &Arrays::default(), &answer(2.0), &answer(x)).is_ok();
    assert!(compared(2.0) && compared(2.00005));
    assert!(!compared(2.0001) && !compared(f32::NAN) && !compared(f32::INFINITY));
    assert!(compare(&case, &Arrays::default(), &answer(2.0), &Arrays::default()).is_err());
}

#[test]
fn a_training_step_that_does_nothing_is_found() {
    let case = case("MLP SGD step x32");
    let before = inputs::of(&case);
    let mut after = before.clone();
    after.0.retain(|name, _| name.contains('.'));
    let unchanged = after.clone();
    after.0.values_mut().for_each(|array| array.data[0] += 0.1);
    assert!(compare(&case, &before, &after, &after).is_ok());
    assert!(compare(&case, &before, &after, &unchanged).is_err());
}

#[test]
fn arrays_go_through_bytes() {
    let arrays = Arrays::default().with("x", &[2, 1], vec![1.5, -2.0]).with("y", &[0], vec![]);
    assert_eq!(Arrays::from_bytes(&arrays.to_bytes().unwrap()).unwrap(), arrays);
    assert!(Arrays::from_bytes(&[1, 2, 3]).is_err());
}
