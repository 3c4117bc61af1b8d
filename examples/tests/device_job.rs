//! The job of the microcontroller, run on the host.

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::device_job::{JobError, Memory, Record, Unwatched, WORKSPACE_WORDS, run};

fn job() -> Result<Record, JobError> {
    let (mut network, mut arena) = (Digits::ZERO, [0.0; Digits::INFERENCE_WORDS]);
    let mut words = vec![0.0; WORKSPACE_WORDS];
    let workspace = words.first_chunk_mut().expect("as long as it says");
    run(Portable, &mut Memory { network: &mut network, workspace, arena: &mut arena }, &mut Unwatched)
}

#[test]
fn both_ways_of_training_learn_and_repeat_bit_for_bit() {
    let record = job().expect("the job runs");
    for outcome in [record.fused, record.accumulated] {
        assert!(outcome.losses.is_sorted_by(|earlier, later| earlier > later), "{outcome:?}");
        assert!(outcome.correct * 10 >= record.held_out * 9, "{outcome:?} of {}", record.held_out);
    }
    assert_eq!(job(), Ok(record));
}
