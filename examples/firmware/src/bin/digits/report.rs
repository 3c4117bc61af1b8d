//! What the program prints when the job is done.

use core::mem::size_of_val;

use embedded_hal::digital::StatefulOutputPin;
use firmware::board::Instructions;
use firmware::memory;
use tensorlet::optim::{Adam, Sgd};
use tensorlet::{Layer, Mode, Portable, Tensor};
use tensorlet_examples::digits::Digits;
use tensorlet_examples::digits::data::Picture;
use tensorlet_examples::digits::device_job::{Memory, Outcome, Record};

use crate::meter::{Meter, WORKS};

/// Bytes of statics that are not the network's: the logger's and the board's.
const OTHER_STATICS: usize = 32;

/// Bytes of stack that no call of the library may exceed: there are no buffers on it.
const STACK_LIMIT: usize = 2048;

/// A number that no computation gives: a NaN with a message.
const PAINT: f32 = f32::from_bits(0x7fc0_5eed);

/// The results beside those of the host.
pub fn results(record: &Record, expected: &Record) {
    outcome("fused", &record.fused, &expected.fused, record.held_out);
    outcome("accumulated", &record.accumulated, &expected.accumulated, record.held_out);
}

fn outcome(name: &str, here: &Outcome, host: &Outcome, held_out: usize) {
    defmt::println!("{=str}: {=usize} of {=usize} digits held out are read correctly", name, here.correct, held_out);
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
        defmt::println!(
            "  {=str}: mean {=u64}, most {=u64}, stack {=usize} bytes ({=u32} times)",
            name,
            tally.instructions / u64::from(tally.times.max(1)),
            tally.most,
            tally.stack,
            tally.times
        );
    }
}

/// Memory in use beside the library's constants. Whether they agree.
pub fn memory<P: StatefulOutputPin>(job: &mut Memory<'_>, meter: &Meter<P>) -> bool {
    let fused = Digits::training_bytes::<Sgd>(Mode::Fused, 1);
    let accumulated = Digits::training_bytes::<Adam>(Mode::Accumulate, 1);
    let (network, workspace, arena) = (size_of_val(job.network), size_of_val(job.workspace), size_of_val(job.arena));
    let statics = memory::static_ram();
    let touched = 4 * touched(job);

    let library = Digits::FLASH_BYTES + fused.max(accumulated) + Digits::INFERENCE_BYTES;
    defmt::println!("flash {=usize} bytes, static RAM {=usize} bytes", memory::flash(), statics);
    defmt::println!("statics: network {=usize}, workspace {=usize}, arena {=usize} bytes", network, workspace, arena);
    defmt::println!(
        "constants: FLASH_BYTES {=usize}, training_bytes {=usize} (accumulated Adam) and {=usize} (fused SGD), \
         INFERENCE_BYTES {=usize}, of which inference touched {=usize}",
        Digits::FLASH_BYTES,
        accumulated,
        fused,
        Digits::INFERENCE_BYTES,
        touched
    );
    defmt::println!("static RAM beside them: {=usize} bytes", statics.saturating_sub(library));
    defmt::println!(
        "stack: at most {=usize} of {=usize} bytes; a call of the library may take {=usize}",
        meter.stack_high_water(),
        memory::stack_available(),
        STACK_LIMIT
    );

    network == Digits::FLASH_BYTES
        && workspace == fused.max(accumulated)
        && arena == Digits::INFERENCE_BYTES
        && touched == Digits::INFERENCE_BYTES
        && (library..=library + OTHER_STATICS).contains(&statics)
        && meter.stack_high_water() < memory::stack_available()
        && WORKS.iter().all(|(work, _)| meter.tally(*work).stack <= STACK_LIMIT)
}

/// Words of the arena that inference writes: all of it is painted before.
fn touched(job: &mut Memory<'_>) -> usize {
    job.arena.fill(PAINT);
    Picture::in_words_mut(job.arena, 1)[0] = Picture::ZERO;
    if job.network.forward_in_arena(Portable, 1, job.arena).is_err() {
        return 0;
    }
    job.arena.iter().filter(|word| word.to_bits() != PAINT.to_bits()).count()
}
