//! The jobs of the microcontroller, run on the host.

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::{
    Digits,
    device_job::{
        JobError, Memory, Outcome, Unwatched,
        pictures::{self, Record},
        rows::{self, Rows},
    },
};

/// Words that are too many for a stack.
fn words<const N: usize>() -> Box<[f32; N]> {
    vec![0.0; N].try_into().expect("as many as asked for")
}

fn read_pictures() -> Result<Record, JobError> {
    let (mut network, mut workspace) = (Digits::ZERO, words::<{ pictures::WORKSPACE_WORDS }>());
    let mut arena = [0.0; Digits::INFERENCE_WORDS];
    let mut memory = Memory { network: &mut network, workspace: &mut *workspace, arena: &mut arena };
    pictures::run(Portable, &mut memory, &mut Unwatched)
}

fn read_rows() -> Result<Outcome, JobError> {
    let (mut network, mut workspace) = (Rows::ZERO, words::<{ rows::WORKSPACE_WORDS }>());
    let mut arena = [0.0; Rows::INFERENCE_WORDS];
    let mut memory = Memory { network: &mut network, workspace: &mut *workspace, arena: &mut arena };
    rows::run(Portable, &mut memory, &mut Unwatched)
}

/// It learns in every epoch and reads this share of the digits held out, in percent.
fn learns(outcome: Outcome, percent: usize) {
    assert!(outcome.losses.is_sorted_by(|earlier, later| earlier > later), "{outcome:?}");
    assert!(outcome.correct * 100 >= outcome.held_out * percent, "{outcome:?}");
}

#[test]
fn both_ways_of_training_learn_and_repeat_bit_for_bit() {
    let record = read_pictures().expect("the job runs");
    learns(record.fused, 90);
    learns(record.accumulated, 90);
    assert_eq!(read_pictures(), Ok(record));
}

#[test]
fn a_recurrent_network_learns_and_repeats_bit_for_bit() {
    let outcome = read_rows().expect("the job runs");
    learns(outcome, 80);
    assert_eq!(read_rows(), Ok(outcome));
}
