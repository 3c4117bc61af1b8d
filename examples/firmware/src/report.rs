//! What a program prints when its job is done.

use core::mem::size_of_val;

use embedded_hal::digital::StatefulOutputPin;
use tensorlet::Tensor;
use tensorlet_examples::digits::device_job::{Memory, Outcome, Reader};
use tensorlet_simd::NATIVE;

use crate::{
    board::Instructions,
    memory,
    meter::{Meter, WORKS},
};

/// Bytes of statics that are not the job's: the logger's and the board's.
const OTHER_STATICS: usize = 32;

/// Bytes of stack that no call of the library may exceed: there are no buffers on it.
const STACK_LIMIT: usize = 2048;

/// A number that no computation gives: a NaN with a message.
const PAINT: f32 = f32::from_bits(0x7fc0_5eed);

/// What the library's constants say of a job's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Constants {
    /// `FLASH_BYTES` of the network.
    pub network: usize,
    /// `training_bytes` of each way of training, and its name.
    pub training: &'static [(&'static str, usize)],
    /// `INFERENCE_BYTES`.
    pub inference: usize,
}

/// The results of one way of training beside those of the host.
pub fn outcome(here: &Outcome, host: &Outcome) {
    let name = here.name;
    defmt::println!(
        "{=str}: {=usize} of {=usize} digits held out are read correctly",
        name,
        here.correct,
        here.held_out
    );
    defmt::println!(
        "{=str}: losses and weights {=u32:#010x}, on the host {=u32:#010x}",
        name,
        here.fingerprint,
        host.fingerprint
    );
    for (epoch, (here, host)) in here.losses.iter().zip(&host.losses).enumerate() {
        if here.to_bits() != host.to_bits() {
            defmt::error!("{=str}: epoch {=usize} has loss {=f32}, on the host {=f32}", name, epoch + 1, *here, *host);
        }
    }
}

/// Instructions by kind of work.
pub fn instructions<P: StatefulOutputPin>(meter: &Meter<P>) {
    defmt::println!("instructions by {=str}:", Instructions::METHOD);
    for (work, name) in WORKS {
        let tally = meter.tally(work);
        if tally.times > 0 {
            defmt::println!(
                "  {=str}: mean {=u64}, most {=u64}, stack {=usize} bytes ({=u32} times)",
                name,
                tally.instructions / u64::from(tally.times),
                tally.most,
                tally.stack,
                tally.times
            );
        }
    }
}

/// Memory in use beside the library's constants. Whether they agree.
pub fn memory<N: Reader, P: StatefulOutputPin>(
    job: &mut Memory<'_, N>,
    constants: &Constants,
    meter: &Meter<P>,
) -> bool {
    let (network, workspace, arena) = (size_of_val(job.network), size_of_val(job.workspace), size_of_val(job.arena));
    let statics = memory::static_ram();
    let touched = 4 * touched(job);

    let training = constants.training.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
    let library = constants.network + training + constants.inference;
    defmt::println!("flash {=usize} bytes, static RAM {=usize} bytes", memory::flash(), statics);
    defmt::println!("statics: network {=usize}, workspace {=usize}, arena {=usize} bytes", network, workspace, arena);
    defmt::println!(
        "constants: FLASH_BYTES {=usize}, INFERENCE_BYTES {=usize}, of which inference touched {=usize}",
        constants.network,
        constants.inference,
        touched
    );
    for (name, bytes) in constants.training {
        defmt::println!("constants: training_bytes {=usize} ({=str})", *bytes, *name);
    }
    defmt::println!("static RAM beside them: {=usize} bytes", statics.saturating_sub(library));
    defmt::println!(
        "stack: at most {=usize} of {=usize} bytes; a call of the library may take {=usize}",
        meter.stack_high_water(),
        memory::stack_available(),
        STACK_LIMIT
    );

    network == constants.network
        && workspace == training
        && arena == constants.inference
        && touched == constants.inference
        && (library..=library + OTHER_STATICS).contains(&statics)
        && meter.stack_high_water() < memory::stack_available()
        && WORKS.iter().all(|(work, _)| meter.tally(*work).stack <= STACK_LIMIT)
}

/// Words of the arena that inference writes: all of it is painted before.
fn touched<N: Reader>(job: &mut Memory<'_, N>) -> usize {
    job.arena.fill(PAINT);
    N::Input::in_words_mut(job.arena, 1)[0] = N::Input::ZERO;
    if job.network.forward_in_arena(NATIVE, 1, job.arena).is_err() {
        return 0;
    }
    job.arena.iter().filter(|word| word.to_bits() != PAINT.to_bits()).count()
}
