//! The jobs of the microcontroller, run on the host.

use tensorlet::{Module, Portable};
use tensorlet_examples::digits::{
    Digits,
    device_job::{
        JobError, Memory, Outcome, Reader, Unwatched,
        head::{self, LEARNER, Learner},
        pictures,
        rows::{self, Rows},
    },
};

/// A job on this token.
type Job<N, const WAYS: usize> = fn(Portable, &mut Memory<'_, N>, &mut Unwatched) -> Result<[Outcome; WAYS], JobError>;

/// Runs a job with so many words of workspace and of arena, twice. It must repeat, learn in every epoch, and read this
/// share of the digits held out, in percent. Returns the network.
fn learns<N: Reader + Copy, const WAYS: usize>(network: N, words: [usize; 2], job: Job<N, WAYS>, percent: usize) -> N {
    let run = |mut network: N| {
        let [mut workspace, mut arena] = words.map(|words| vec![0.0; words]);
        let mut memory = Memory { network: &mut network, workspace: &mut workspace, arena: &mut arena };
        let outcomes = job(Portable, &mut memory, &mut Unwatched).expect("the job runs");
        (network, outcomes)
    };
    let (trained, outcomes) = run(network);
    for outcome in outcomes {
        assert!(outcome.losses.is_sorted_by(|earlier, later| earlier > later), "{outcome:?}");
        assert!(outcome.correct * 100 >= outcome.held_out * percent, "{outcome:?}");
    }
    assert_eq!(run(network).1, outcomes);
    trained
}

#[test]
fn both_ways_of_training_learn_and_repeat_bit_for_bit() {
    learns(Digits::ZERO, [pictures::WORKSPACE_WORDS, Digits::INFERENCE_WORDS], pictures::run, 90);
}

#[test]
fn a_recurrent_network_learns_and_repeats_bit_for_bit() {
    learns(Rows::ZERO, [rows::WORKSPACE_WORDS, Rows::INFERENCE_WORDS], rows::run, 80);
}

#[test]
fn a_head_learns_on_integers_that_stay_as_they_are_and_repeats_bit_for_bit() {
    let trained = learns(LEARNER, [head::WORKSPACE_WORDS, Learner::INFERENCE_WORDS], head::run, 80);
    assert_eq!(trained.backbone, LEARNER.backbone);
    assert_ne!(trained.head, LEARNER.head);
}
