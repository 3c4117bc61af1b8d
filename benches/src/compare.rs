//! Whether two contestants computed the same.

use crate::{
    arrays::Arrays,
    case::{Case, Op},
    gumbel,
};

/// How far numbers may differ, as a part of the largest one of their array: sums of up to a thousand terms in
/// another order.
const TOLERANCE: f32 = 3e-5;
/// How far the changes that a training step makes may differ, as a part of them, in the mean square. The first step
/// of Adam divides each gradient by its own size, so that rounding shows where a gradient is nearly zero.
const TRAINING: f32 = 2e-2;
/// The same for means over random samples: four deviations of the share of a class that is drawn every tenth time.
const RANDOM: f32 = 0.25;

/// Compares an answer with the reference.
///
/// # Errors
/// How it differs.
pub fn compare(case: &Case, inputs: &Arrays, reference: &Arrays, answer: &Arrays) -> Result<(), String> {
    for (name, expected) in &reference.0 {
        let (expected, found) = (&expected.data, &answer[name]);
        if found.len() != expected.len() {
            return Err(format!("`{name}` has {} numbers in place of {}", found.len(), expected.len()));
        }
        let (difference, most) = match case.op {
            Op::Gumbel { .. } if name == "sample" => continue,
            Op::Gumbel { .. } => (apart(found, expected) / size(expected), RANDOM),
            Op::Train { .. } | Op::Threads { .. } => {
                let [found, expected] = [found, expected].map(|after| change(&inputs[name], after));
                (apart(&found, &expected) / size(&expected), TRAINING)
            }
            _ => (furthest(found, expected) / largest(expected), TOLERANCE),
        };
        // Also where it is not a number.
        if difference.is_nan() || difference > most {
            return Err(format!("`{name}` differs by {difference:.1e}, at most {most:.0e}"));
        }
    }
    match case.op {
        Op::Gumbel { width, hard, .. } => gumbel::check(answer, width, hard),
        _ => Ok(()),
    }
}

fn change(before: &[f32], after: &[f32]) -> Vec<f32> {
    before.iter().zip(after).map(|(before, after)| after - before).collect()
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, |most, x| if x > most || x.is_nan() { x } else { most })
}

fn largest(x: &[f32]) -> f32 {
    x.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()))
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

fn size(x: &[f32]) -> f32 {
    x.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
}
