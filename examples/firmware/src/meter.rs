//! Looks on while a job runs: counts instructions, watches the stack, blinks at every epoch.

use embedded_hal::digital::StatefulOutputPin;
use tensorlet_examples::digits::device_job::{Training, Watch, Work};

use crate::{board::Instructions, memory};

/// What a kind of work took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// How often it was done.
    pub times: u32,
    /// Instructions, all times together.
    pub instructions: u64,
    /// Instructions of the longest.
    pub most: u64,
    /// Bytes of stack below the caller.
    pub stack: usize,
}

/// The kinds of work, with a name for each.
pub const WORKS: [(Work, &str); 4] = [
    (Work::FusedStep, "training step on one digit, fused (forward, loss, backward, update)"),
    (Work::Accumulate, "training on one digit, accumulated (forward, loss, backward)"),
    (Work::Apply, "update of all trained weights"),
    (Work::Inference, "inference of one digit"),
];

/// Measures the job while it runs.
#[derive(Debug)]
pub struct Meter<P> {
    instructions: Instructions,
    led: P,
    tallies: [Tally; WORKS.len()],
    stack: usize,
}

impl<P: StatefulOutputPin> Meter<P> {
    /// A meter that has seen nothing; it shows epochs on any pin.
    pub fn new(instructions: Instructions, led: P) -> Self {
        Self { instructions, led, tallies: Default::default(), stack: 0 }
    }

    /// What a kind of work took.
    pub fn tally(&self, work: Work) -> Tally {
        self.tallies[work as usize]
    }

    /// Bytes of stack that the program has used at most so far.
    pub fn stack_high_water(&self) -> usize {
        self.stack.max(memory::stack_high_water())
    }
}

impl<P: StatefulOutputPin> Watch for Meter<P> {
    fn work<R>(&mut self, work: Work, body: impl FnOnce() -> R) -> R {
        self.stack = self.stack_high_water();
        let ((result, count), stack) = memory::stack_used(|| self.instructions.count(body));
        let tally = &mut self.tallies[work as usize];
        tally.times += 1;
        tally.instructions += count;
        tally.most = tally.most.max(count);
        tally.stack = tally.stack.max(stack);
        result
    }

    fn epoch(&mut self, training: &Training, epoch: usize, loss: f32) {
        defmt::println!(
            "{=str}: epoch {=usize}, loss {=f32} ({=u32:#010x})",
            training.name,
            epoch + 1,
            loss,
            loss.to_bits()
        );
        if self.led.toggle().is_err() {
            defmt::warn!("the LED does not answer");
        }
    }
}
