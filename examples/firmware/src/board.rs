//! The FPGA's block of registers on Arm's MPS2 and MPS3 boards: LEDs and a free-running counter.

use core::convert::Infallible;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering, compiler_fence};

use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};

/// The board's name, as QEMU calls the machine.
pub const NAME: &str = env!("BOARD");

#[cfg(board = "mps2-an505")]
const FPGAIO: usize = 0x5030_2000;
#[cfg(board = "mps3-an547")]
const FPGAIO: usize = 0x5930_2000;
#[cfg(not(any(board = "mps2-an505", board = "mps3-an547")))]
const FPGAIO: usize = 0x4002_8000;

/// Nanoseconds from one count of the FPGA's counter to the next: its clock is 20 MHz on the AN505 and the AN547, else
/// 25 MHz.
const TICK_NS: u64 = if cfg!(any(board = "mps2-an505", board = "mps3-an547")) { 50 } else { 40 };
/// Nanoseconds that QEMU lets pass for each instruction under `-icount shift=6`.
const INSTRUCTION_NS: u64 = 1 << 6;

const LEDS: *mut u32 = FPGAIO as *mut u32;
const COUNTER: *const u32 = (FPGAIO + 0x18) as *const u32;

/// What this program uses of the board.
#[derive(Debug)]
pub struct Board {
    /// The first of the two user LEDs.
    pub led: Led,
    /// Counts instructions when QEMU runs with `-icount shift=6,sleep=off`.
    pub instructions: Instructions,
}

impl Board {
    /// Hands out the board, once: `None` on every later call.
    pub fn take() -> Option<Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        critical_section(|| {
            if TAKEN.load(Ordering::Relaxed) {
                return None;
            }
            TAKEN.store(true, Ordering::Relaxed);
            Some(Self { led: Led { mask: 1 }, instructions: Instructions::calibrate() })
        })
    }
}

fn critical_section<R>(body: impl FnOnce() -> R) -> R {
    cortex_m::interrupt::free(|_| body())
}

/// One of the board's LEDs.
#[derive(Debug)]
pub struct Led {
    mask: u32,
}

impl Led {
    fn modify(&mut self, change: impl FnOnce(u32, u32) -> u32) {
        critical_section(|| {
            // SAFETY: LEDS is the address of a 32-bit read-write register without side effects on every board that
            // `build.rs` accepts, and the critical section keeps the other LED's bit from being lost.
            unsafe { LEDS.write_volatile(change(LEDS.read_volatile(), self.mask)) }
        });
    }

    fn lit(&self) -> bool {
        // SAFETY: as in `modify`.
        unsafe { LEDS.read_volatile() & self.mask != 0 }
    }
}

impl ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.modify(|leds, mask| leds & !mask);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.modify(|leds, mask| leds | mask);
        Ok(())
    }
}

impl StatefulOutputPin for Led {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.lit())
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.lit())
    }
}

/// Counts the instructions that a piece of code executes.
///
/// Under `-icount shift=6,sleep=off` QEMU's clock advances by 64 ns with every instruction, so the counter, which
/// counts a fixed number of nanoseconds, counts instructions. What an empty region takes is measured first and
/// subtracted. On a real board, or without `-icount`, the figures mean nothing.
#[derive(Debug)]
pub struct Instructions {
    empty: u32,
    /// The code that measures an empty region.
    empty_code: usize,
}

/// What a piece of code took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Instructions executed.
    pub instructions: u64,
    /// The address of the function that holds the code, with what reads the counter around it.
    pub code: usize,
}

impl Instructions {
    /// How the figures come about, for the line that prints them.
    pub const METHOD: &str = "FPGAIO counter under QEMU -icount shift=6,sleep=off, an empty region subtracted";

    fn calibrate() -> Self {
        fn empty() {}
        let raw = Self { empty: 0, empty_code: Self::address(&empty) };
        raw.ticks(empty);
        let ((), empty) = raw.ticks(empty);
        Self { empty, ..raw }
    }

    /// Runs `body` and counts its instructions. Wraps at about 2.6 thousand million.
    pub fn count<R>(&self, body: impl FnOnce() -> R) -> (R, u64) {
        let (result, Measured { instructions, .. }) = self.measure(body);
        (result, instructions)
    }

    /// The same, and says where the code is.
    pub fn measure<R, F: FnOnce() -> R>(&self, body: F) -> (R, Measured) {
        let code = Self::address(&body);
        let (result, ticks) = self.ticks(body);
        let instructions = u64::from(ticks.wrapping_sub(self.empty)) * TICK_NS / INSTRUCTION_NS;
        (result, Measured { instructions, code })
    }

    /// The function that holds the code that measures an empty region: what it takes is none of the code's.
    pub fn empty_code(&self) -> usize {
        self.empty_code
    }

    /// The function that runs this body between two looks at the counter.
    fn address<R, F: FnOnce() -> R>(_: &F) -> usize {
        let function: fn(&Self, F) -> (R, u32) = Self::ticks::<R, F>;
        function as usize
    }

    #[inline(never)]
    fn ticks<R, F: FnOnce() -> R>(&self, body: F) -> (R, u32) {
        let start = read_counter();
        compiler_fence(Ordering::SeqCst);
        let result = black_box(body());
        compiler_fence(Ordering::SeqCst);
        (result, read_counter().wrapping_sub(start))
    }
}

/// Reads the FPGA's counter. It is never inlined and keeps its name, by which a trace of the program finds where a counted
/// region begins and ends.
// SAFETY: no other symbol of a program has this name.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_counter() -> u32 {
    // SAFETY: COUNTER is the address of a 32-bit register, readable without side effects, on every board that
    // `build.rs` accepts.
    unsafe { COUNTER.read_volatile() }
}
