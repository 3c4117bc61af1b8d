//! How a program ends.

use semihosting::process;

/// Why a program ends: its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is as it must be.
    Passed = 0,
    /// The results are not the host's.
    OtherResults = 1,
    /// The job stopped with an error.
    JobFailed = 2,
    /// Memory in use is not what the library's constants say.
    OtherMemory = 3,
    /// Something else has the board.
    BoardTaken = 4,
    /// A panic.
    Panicked = 101,
    /// A fault of the processor.
    Faulted = 102,
}

impl Exit {
    /// Ends the program.
    pub fn exit(self) -> ! {
        process::exit(self as i32)
    }
}

/// What a program with a log does at a panic or a fault: says so and ends. Stands once in such a program.
#[macro_export]
macro_rules! end_of_program {
    () => {
        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            defmt::error!("{}", defmt::Display2Format(info));
            $crate::Exit::Panicked.exit()
        }

        // SAFETY: the program ends here; nothing relies on state that the fault may have broken.
        #[cortex_m_rt::exception]
        unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
            defmt::error!("hard fault at {=u32:#010x}", frame.pc());
            $crate::Exit::Faulted.exit()
        }
    };
}
